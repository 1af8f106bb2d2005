//! The reference implementation of [`NetworkLoss`](crate::NetworkLoss): the definition of the
//! network in dense products, layer by layer, with all intermediate values.
//!
//! Samples are columns. See [`Architecture`] for the formula.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};
use toy_superposition_model::Scalar;

use crate::error::check_length;
use crate::{Architecture, Error, Network, Readout, Result, Stack, Target, evaluate_dense};

/// The intermediate values and outputs of a network on a batch. Samples are columns.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Trace<T> {
    /// `h_0, …, h_L`: hidden × samples, or width × samples from `h_1` on for plain layers.
    pub streams: Vec<DMatrix<T>>,
    /// `f_l(z_l)` of each layer, width × samples.
    pub activations: Vec<DMatrix<T>>,
    /// `y`, outputs × samples.
    pub outputs: DMatrix<T>,
}

/// Returns all intermediate values of a network for `x`, features × samples, by the definition in
/// [`Architecture`].
///
/// # Errors
/// [`Error::Length`] for another number of features.
pub fn trace<T: Scalar>(network: &Network<T>, x: &DMatrix<T>) -> Result<Trace<T>> {
    let architecture = network.architecture();
    check_length("features of the samples", x.nrows(), architecture.features)?;
    let mut streams = vec![network.embedding() * x];
    let mut activations = Vec::new();
    layers(network, 0..architecture.layers, &mut streams, &mut activations);
    let outputs = read(network, &streams[streams.len() - 1]);
    Ok(Trace { streams, activations, outputs })
}

/// Returns the outputs of a network whose stream is `stream` before layer `layer`, counted from 0.
/// The stream is hidden × samples, or width × samples before a plain layer other than the first.
/// For `layer = L` the outputs are read from `stream` directly.
///
/// # Errors
/// [`Error::Layer`] for a layer above L, and [`Error::Length`] for a stream with another number of
/// rows.
pub fn continue_from<T: Scalar>(
    network: &Network<T>,
    layer: usize,
    stream: &DMatrix<T>,
) -> Result<DMatrix<T>> {
    let &Architecture { layers: count, hidden, width, stack, .. } = network.architecture();
    if layer > count {
        return Err(Error::Layer { given: layer, layers: count + 1 });
    }
    let expected = if stack == Stack::Residual || layer == 0 { hidden } else { width };
    check_length("rows of the stream", stream.nrows(), expected)?;
    let mut streams = vec![stream.clone()];
    layers(network, layer..count, &mut streams, &mut Vec::new());
    Ok(read(network, &streams[streams.len() - 1]))
}

/// Returns the loss by its definition, the mean over samples and outputs of `ι (y − F)²`, where `x`
/// is features × samples.
///
/// # Errors
/// [`Error::Length`] for sizes that do not match, and for an importance without one number per
/// output.
pub fn loss(
    network: &Network<f64>,
    target: &dyn Target,
    x: &DMatrix<f64>,
    importance: Option<&DVector<f64>>,
) -> Result<f64> {
    let outputs = trace(network, x)?.outputs;
    check_length("outputs of the target", target.outputs(), outputs.nrows())?;
    let mut difference = outputs - evaluate_dense(target, x)?;
    difference.apply(|value| *value *= *value);
    if let Some(importance) = importance {
        check_length("importance", importance.len(), difference.nrows())?;
        difference.column_iter_mut().for_each(|mut column| column.component_mul_assign(importance));
    }
    Ok(difference.mean())
}

fn layers<T: Scalar>(
    network: &Network<T>,
    which: Range<usize>,
    streams: &mut Vec<DMatrix<T>>,
    activations: &mut Vec<DMatrix<T>>,
) {
    let architecture = network.architecture();
    let &Architecture { hidden, width, stack, bias, .. } = architecture;
    for layer in which {
        let before = &streams[streams.len() - 1];
        let weights = match (stack, layer) {
            (Stack::Residual, _) => network.matrix("input", layer, width, hidden),
            (Stack::Plain, 0) => network.matrix("first", 0, width, hidden),
            (Stack::Plain, _) => network.matrix("middle", layer - 1, width, width),
        };
        let mut z = weights * before;
        if bias {
            add_to_columns(&mut z, &network.matrix("bias", layer, width, 1));
        }
        if !architecture.linear_layers.contains(&layer) {
            z.apply(|z| *z = rectified(*z));
        }
        streams.push(match stack {
            Stack::Residual => before + network.matrix("output", layer, hidden, width) * &z,
            Stack::Plain => z.clone(),
        });
        activations.push(z);
    }
}

/// Returns `max(z, 0)`, or NaN for NaN.
pub(crate) fn rectified<T: Scalar>(z: T) -> T {
    if z <= T::zero() { T::zero() } else { z }
}

fn read<T: Scalar>(network: &Network<T>, stream: &DMatrix<T>) -> DMatrix<T> {
    let architecture = network.architecture();
    let mut y = match architecture.readout {
        Readout::Transpose => network.embedding().transpose() * stream,
        Readout::Learned => network.matrix("readout", 0, architecture.outputs, stream.nrows()) * stream,
    };
    if architecture.output_bias {
        add_to_columns(&mut y, &network.matrix("output_bias", 0, architecture.outputs, 1));
    }
    if architecture.output_relu {
        y.apply(|y| *y = rectified(*y));
    }
    y
}

fn add_to_columns<T: Scalar>(matrix: &mut DMatrix<T>, vector: &DMatrix<T>) {
    matrix.column_iter_mut().for_each(|mut column| column += vector.column(0));
}
