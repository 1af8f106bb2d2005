//! The circuit of a network's neurons: the products of embedding, stream and read-out.
//!
//! ```math
//! z_l = A_l x + \sum_{k < l} C_{lk} r_k + b_l, \qquad r_l = f_l(z_l), \qquad y = g\Bigl(G x + \sum_l B_l r_l + c\Bigr)
//! ```
//!
//! | | residual | plain | shape |
//! |---|---|---|---|
//! | `A_l` | `W^in_l W_E` | `W_1 W_E`, first layer only | width × features |
//! | `C_lk` | `W^in_l W^out_k` | `W_l`, `k = l − 1` only | width × width |
//! | `B_l` | `U W^out_l` | `U`, last layer only | outputs × width |
//! | `G` | `U W_E` | none | outputs × features |
//!
//! A batch needs no product with the n_d dimensions of the stream, which are summed over once per
//! step. `A` and `G` multiply x, which is sparse. Gradients are pulled back through the transposed
//! products.

use faer::MatRef;
use toy_superposition_model::Scalar;

use crate::network::input_block;
use crate::product::{product, slice};
use crate::{Architecture, Network, Readout, Stack};

/// Where each part of a circuit lies in a flat list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wiring {
    pub(crate) features: usize,
    pub(crate) outputs: usize,
    pub(crate) width: usize,
    pub(crate) layers: usize,
    /// Number of layers that read x (the first ones), which is also the number of layers that the
    /// outputs read (the last ones).
    pub(crate) reads: usize,
    /// `(l, k)` of each `C_lk`.
    pub(crate) pairs: Vec<(usize, usize)>,
    /// Whether a layer has a ReLU.
    pub(crate) rectified: Vec<bool>,
    pub(crate) output_relu: bool,
    /// Whether `G` is stored among the parts: not if it is constant, and not if there is none.
    pub(crate) own_direct: bool,
}

impl Wiring {
    /// Returns the size of all parts in bytes.
    pub(crate) fn bytes<T>(&self) -> u128 {
        let Self { features, outputs, width, .. } = *self;
        let product = |a: usize, b: usize| a as u128 * b as u128;
        let direct = if self.own_direct { product(outputs, features) } else { 0 };
        let read = self.reads as u128 * product(width, features);
        let between = self.pairs.len() as u128 * product(width, width);
        let sent = self.reads as u128 * product(outputs, width);
        (direct + read + between + sent) * size_of::<T>() as u128
    }

    pub(crate) fn new(architecture: &Architecture) -> Self {
        let &Architecture { features, outputs, width, layers, output_relu, .. } = architecture;
        let residual = architecture.stack == Stack::Residual;
        let all = || (0..layers).flat_map(|l| (0..l).map(move |k| (l, k)));
        let fixed = !architecture.learned_embedding && architecture.readout == Readout::Transpose;
        Self {
            features,
            outputs,
            width,
            layers,
            reads: if residual { layers } else { layers.min(1) },
            pairs: all().filter(|(l, k)| residual || k + 1 == *l).collect(),
            rectified: (0..layers).map(|l| !architecture.linear_layers.contains(&l)).collect(),
            output_relu,
            own_direct: architecture.has_stream() && !fixed,
        }
    }

    /// Range of `A`, all layers that read x on top of each other, (reads · width) × features, by
    /// columns.
    pub(crate) fn inputs(&self) -> std::ops::Range<usize> {
        0..self.reads * self.width * self.features
    }

    /// Range of the `C` of pair `pair`, width × width, by columns.
    pub(crate) fn between(&self, pair: usize) -> std::ops::Range<usize> {
        let size = self.width * self.width;
        slice(self.inputs().end + pair * size, size)
    }

    /// Range of `b`, of length layers · width.
    pub(crate) fn bias(&self) -> std::ops::Range<usize> {
        slice(self.between(self.pairs.len()).start, self.layers * self.width)
    }

    /// Range of `B`, outputs × (reads · width), by columns.
    pub(crate) fn sent(&self) -> std::ops::Range<usize> {
        slice(self.bias().end, self.outputs * self.reads * self.width)
    }

    /// Range of `c`, of length outputs.
    pub(crate) fn output_bias(&self) -> std::ops::Range<usize> {
        slice(self.sent().end, self.outputs)
    }

    /// Range of `G`, outputs × features, by columns; empty if it is not among the parts.
    pub(crate) fn direct(&self) -> std::ops::Range<usize> {
        let size = if self.own_direct { self.outputs * self.features } else { 0 };
        slice(self.output_bias().end, size)
    }

    /// Returns the length of the list.
    pub(crate) fn len(&self) -> usize {
        self.direct().end
    }

    /// Returns the number of neurons of all layers.
    pub(crate) fn neurons(&self) -> usize {
        self.layers * self.width
    }
}

/// The matrices of a network, as views of its parameters.
struct Parts<'a, T> {
    /// `W_E`, hidden × features.
    embedding: MatRef<'a, T>,
    /// `U`, outputs × (hidden or width).
    readout: MatRef<'a, T>,
    /// `W^in` or `W_1` of each layer that reads x, width × hidden.
    inputs: Vec<MatRef<'a, T>>,
    /// `W^out` of all layers side by side, hidden × (layers · width); empty for plain layers.
    output: MatRef<'a, T>,
}

fn parts<'a, T: Scalar>(network: &'a Network<T>, wiring: &Wiring) -> Parts<'a, T> {
    let architecture = network.architecture();
    let &Architecture { features, hidden, outputs, width, .. } = architecture;
    let embedding = MatRef::from_column_major_slice(network.embedding_slice(), hidden, features);
    let readout = network.block("readout");
    let inputs = network.block(input_block(architecture.stack));
    let output = network.block("output");
    Parts {
        embedding,
        readout: match architecture.readout {
            Readout::Transpose => embedding.transpose(),
            Readout::Learned => MatRef::from_column_major_slice(readout, outputs, readout.len() / outputs),
        },
        inputs: (0..wiring.reads)
            .map(|l| {
                let size = width * hidden;
                MatRef::from_column_major_slice(&inputs[l * size..][..size], width, hidden)
            })
            .collect(),
        output: MatRef::from_column_major_slice(output, hidden, output.len() / hidden),
    }
}

/// Writes the circuit of a network into `circuit`, of length [`Wiring::len`], overwriting it.
pub(crate) fn compose<T: Scalar>(network: &Network<T>, wiring: &Wiring, circuit: &mut [T]) {
    let &Wiring { outputs, width, reads, .. } = wiring;
    let Parts { embedding, readout, inputs, output } = parts(network, wiring);
    let rows = reads * width;
    if rows > 0 {
        let stacked: Vec<_> = inputs.iter().enumerate().map(|(l, &input)| (l * width, input)).collect();
        product(&mut circuit[wiring.inputs()], rows, false, &stacked, embedding);
    }
    let middle = network.block("middle");
    for (pair, &(l, k)) in wiring.pairs.iter().enumerate() {
        let out = &mut circuit[wiring.between(pair)];
        if output.ncols() > 0 {
            product(out, width, false, &[(0, inputs[l])], output.subcols(k * width, width));
        } else {
            out.copy_from_slice(&middle[k * width * width..][..width * width]);
        }
    }
    copy_or_zero(&mut circuit[wiring.bias()], network.block("bias"));
    if output.ncols() > 0 {
        product(&mut circuit[wiring.sent()], outputs, false, &[(0, readout)], output);
    } else if wiring.layers > 0 {
        circuit[wiring.sent()].copy_from_slice(network.block("readout"));
    }
    copy_or_zero(&mut circuit[wiring.output_bias()], network.block("output_bias"));
    if wiring.own_direct {
        product(&mut circuit[wiring.direct()], outputs, false, &[(0, readout)], embedding);
    }
}

fn copy_or_zero<T: Scalar>(out: &mut [T], from: &[T]) {
    if from.is_empty() { out.fill(T::zero()) } else { out.copy_from_slice(from) }
}

/// Overwrites `gradient` (one number per parameter) with the gradient with respect to the
/// parameters, given `slopes`, the gradient with respect to the circuit.
pub(crate) fn pull_back<T: Scalar>(network: &Network<T>, wiring: &Wiring, slopes: &[T], gradient: &mut [T]) {
    let architecture = network.architecture();
    let &Architecture { features, hidden, outputs, width, .. } = architecture;
    let Parts { embedding, readout, inputs, output } = parts(network, wiring);
    let (residual, rows) = (output.ncols() > 0, wiring.reads * width);
    let of_inputs = MatRef::from_column_major_slice(&slopes[wiring.inputs()], rows, features);
    let of_input = |l: usize| of_inputs.subrows(l * width, width);
    let between = |pair: usize| MatRef::from_column_major_slice(&slopes[wiring.between(pair)], width, width);
    let sent = &slopes[wiring.sent()];
    let sent = MatRef::from_column_major_slice(sent, outputs, sent.len() / outputs);
    let direct = &slopes[wiring.direct()];
    let direct = MatRef::from_column_major_slice(direct, outputs, direct.len() / outputs);

    // ∂/∂W^in_l = ∂A_l W_Eᵀ + Σ_k ∂C_lk W^out_kᵀ
    let start = architecture.range(input_block(architecture.stack)).start;
    for l in 0..wiring.reads {
        let out = &mut gradient[slice(start + l * width * hidden, width * hidden)];
        product(out, width, false, &[(0, of_input(l))], embedding.transpose());
        for (pair, &(_, k)) in wiring.pairs.iter().enumerate().filter(|(_, pair)| residual && pair.0 == l) {
            product(out, width, true, &[(0, between(pair))], output.subcols(k * width, width).transpose());
        }
    }
    if residual {
        // ∂/∂W^out_k = Uᵀ ∂B_k + Σ_l W^in_lᵀ ∂C_lk
        let out = &mut gradient[architecture.range("output")];
        product(out, hidden, false, &[(0, readout.transpose())], sent);
        for (pair, &(l, k)) in wiring.pairs.iter().enumerate() {
            let out = &mut out[k * hidden * width..][..hidden * width];
            product(out, hidden, true, &[(0, inputs[l].transpose())], between(pair));
        }
    } else {
        let middle = architecture.range("middle");
        gradient[middle].copy_from_slice(&slopes[wiring.between(0).start..wiring.bias().start]);
    }
    if architecture.bias {
        let range = architecture.range("bias");
        gradient[range].copy_from_slice(&slopes[wiring.bias()]);
    }
    if architecture.output_bias {
        gradient[architecture.range("output_bias")].copy_from_slice(&slopes[wiring.output_bias()]);
    }
    if architecture.readout == Readout::Learned {
        // ∂/∂U = ∂B W^outᵀ + ∂G W_Eᵀ, or ∂B
        let out = &mut gradient[architecture.range("readout")];
        if !architecture.has_stream() {
            out.copy_from_slice(&slopes[wiring.sent()]);
        } else {
            product(out, outputs, false, &[(0, direct)], embedding.transpose());
            if residual {
                product(out, outputs, true, &[(0, sent)], output.transpose());
            }
        }
    }
    if architecture.learned_embedding {
        // ∂/∂W_E = Σ_l W^in_lᵀ ∂A_l + Uᵀ ∂G, and for U = W_Eᵀ also W^out ∂Bᵀ + W_E ∂Gᵀ
        let out = &mut gradient[architecture.range("embedding")];
        out.fill(T::zero());
        for (l, input) in inputs.iter().enumerate() {
            product(out, hidden, true, &[(0, input.transpose())], of_input(l));
        }
        if wiring.own_direct {
            product(out, hidden, true, &[(0, readout.transpose())], direct);
        }
        if architecture.readout == Readout::Transpose {
            product(out, hidden, true, &[(0, embedding)], direct.transpose());
            if residual {
                product(out, hidden, true, &[(0, output)], sent.transpose());
            }
        }
    }
}
