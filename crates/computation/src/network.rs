//! A network: an architecture, its embedding and its parameters.

use std::sync::Arc;

use nalgebra::DMatrix;
use rand::{Rng, RngExt};
use toy_superposition_model::{Model, Scalar, check_memory};

use crate::{Architecture, Readout, Result, Stack};

/// A fixed embedding with the products that depend on it alone.
#[derive(Debug, PartialEq)]
struct Fixed<T> {
    /// `W_E`, hidden × features.
    matrix: DMatrix<T>,
    /// `W_Eᵀ W_E` if features reach the outputs through it, otherwise empty.
    gram: DMatrix<T>,
}

/// A network: an [`Architecture`], its embedding and its parameters.
///
/// ```
/// use toy_superposition_computation::{Architecture, EmbeddingKind, Network};
/// use toy_superposition_data::Stream;
///
/// // Braun et al. (2025): 100 features in 1000 dimensions, one residual layer of 50 neurons.
/// let embedding = EmbeddingKind::Random.matrix(100, 1000, &mut Stream::Draws.rng(1, 0))?;
/// let architecture = Architecture::residual(100, 1000).with_layers(1).with_width(50);
/// let network = Network::<f32>::random(architecture, &embedding, &mut Stream::Weights.rng(1, 0))?;
/// assert_eq!(network.architecture().parameters(), 2 * 1000 * 50);
/// # Ok::<(), toy_superposition_computation::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Network<T> {
    architecture: Architecture,
    fixed: Option<Arc<Fixed<T>>>,
    values: Vec<T>,
}

impl<T: Scalar> Network<T> {
    /// Returns a network whose parameters are all 0, except for a learned embedding, which is
    /// initialised with `embedding` (hidden × features).
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size), [`Error::Transpose`](crate::Error::Transpose) or
    /// [`Error::Layer`](crate::Error::Layer) for an invalid architecture;
    /// [`Error::Model`](crate::Error::Model), with `Mismatch` for an embedding of another shape,
    /// `NotFinite` for a NaN or an infinity in it, and `TooLarge` if there is not enough memory.
    pub fn zeros(architecture: Architecture, embedding: &DMatrix<f64>) -> Result<Self> {
        architecture.check()?;
        let (features, hidden) = (architecture.features, architecture.hidden);
        if embedding.shape() != (hidden, features) {
            let (given, expected) = (embedding.shape(), (hidden, features));
            return Err(
                toy_superposition_model::Error::Mismatch { what: "the embedding", given, expected }.into()
            );
        }
        if let Some(position) = embedding.iter().position(|entry| !T::round_from(*entry).is_finite()) {
            let (row, column) = embedding.vector_to_matrix_index(position);
            let (what, index, given) = ("the embedding", vec![row, column], embedding[position]);
            return Err(toy_superposition_model::Error::NotFinite { what, index, given }.into());
        }
        check_memory("the parameters", architecture.parameters().saturating_mul(size_of::<T>() as u128))?;
        let matrix = embedding.map(T::round_from);
        let mut values = vec![T::zero(); architecture.parameters() as usize];
        let fixed = if architecture.learned_embedding {
            values[architecture.range("embedding")].copy_from_slice(matrix.as_slice());
            None
        } else {
            let reaches = architecture.readout == Readout::Transpose;
            if reaches {
                check_memory("the Gram matrix of the embedding", 16 * (features as u128).pow(2))?;
            }
            // Computed from the rounded embedding, which is what a file holds.
            let exact = matrix.map(T::to_f64);
            let gram = if reaches { exact.tr_mul(&exact) } else { DMatrix::zeros(0, 0) };
            Some(Arc::new(Fixed { matrix, gram: gram.map(T::round_from) }))
        };
        Ok(Self { architecture, fixed, values })
    }

    /// Returns a network with the random weights of PyTorch's `nn.Linear`, `U(±1/√k)` for `k`
    /// inputs, but with biases of 0. A learned embedding is initialised with `embedding`.
    ///
    /// # Errors
    /// The errors of [`zeros`](Self::zeros).
    pub fn random<R: Rng + ?Sized>(
        architecture: Architecture,
        embedding: &DMatrix<f64>,
        rng: &mut R,
    ) -> Result<Self> {
        let mut network = Self::zeros(architecture, embedding)?;
        let Architecture { hidden, width, .. } = network.architecture;
        let read = if network.architecture.has_stream() { hidden } else { width };
        for (name, inputs) in
            [("input", hidden), ("output", width), ("first", hidden), ("middle", width), ("readout", read)]
        {
            let bound = (inputs as f64).sqrt().recip();
            let range = network.architecture.range(name);
            for value in &mut network.values[range] {
                *value = T::round_from(bound * (2.0 * rng.random::<f64>() - 1.0));
            }
        }
        Ok(network)
    }

    /// Returns the architecture.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Returns a copy of `W_E`, hidden × features.
    pub fn embedding(&self) -> DMatrix<T> {
        let Architecture { hidden, features, .. } = self.architecture;
        DMatrix::from_column_slice(hidden, features, self.embedding_slice())
    }

    /// Returns `W_E` by columns.
    pub(crate) fn embedding_slice(&self) -> &[T] {
        match &self.fixed {
            Some(fixed) => fixed.matrix.as_slice(),
            None => self.block("embedding"),
        }
    }

    /// Returns `W_Eᵀ W_E`, features × features, if it is constant.
    pub(crate) fn gram(&self) -> Option<&[T]> {
        let fixed = self.fixed.as_ref()?;
        (self.architecture.readout == Readout::Transpose).then_some(fixed.gram.as_slice())
    }

    /// Returns a block of the parameters, empty if there is no block of that name.
    pub(crate) fn block(&self, name: &str) -> &[T] {
        &self.values[self.architecture.range(name)]
    }

    /// Returns a copy of part `part` of the block `name` as a matrix `rows × columns`. The blocks
    /// `input`, `output`, `bias` and `middle` have one part per layer.
    pub(crate) fn matrix(&self, name: &str, part: usize, rows: usize, columns: usize) -> DMatrix<T> {
        DMatrix::from_column_slice(
            rows,
            columns,
            &self.block(name)[part * rows * columns..][..rows * columns],
        )
    }

    /// Returns the network in another precision, with each number rounded to the nearest.
    ///
    /// # Errors
    /// The errors of [`zeros`](Self::zeros), for numbers that are too large for `U`.
    pub fn cast<U: Scalar>(&self) -> Result<Network<U>> {
        let mut network = Network::zeros(self.architecture.clone(), &self.embedding().map(T::to_f64))?;
        let pairs = network.values.iter_mut().zip(&self.values);
        pairs.for_each(|(to, from)| *to = U::round_from(from.to_f64()));
        Ok(network)
    }
}

/// The blocks are those of the [`Architecture`]. The matrix `W` of a product `W h` is stored by
/// columns, which is `Wᵀ` by rows, and the latter is the shape written to a file.
impl<T: Scalar> Model for Network<T> {
    type Scalar = T;
    type Gradient = Vec<T>;

    fn blocks(&self) -> Vec<(&'static str, Vec<usize>)> {
        self.architecture.blocks()
    }

    fn describe(&self) -> Vec<(&'static str, String)> {
        let architecture = serde_json::to_string(&self.architecture).unwrap_or_default();
        let hash = |fixed: &Arc<Fixed<T>>| {
            let bits = fixed.matrix.iter().flat_map(|entry| entry.to_f64().to_bits().to_le_bytes());
            format!("{:016x}", toy_superposition_files::fingerprint(bits))
        };
        let embedding = self.fixed.as_ref().map_or_else(|| "learned".to_owned(), hash);
        vec![("architecture", architecture), ("embedding", embedding)]
    }

    fn as_slice(&self) -> &[T] {
        &self.values
    }

    fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.values
    }

    fn zero_gradient(&self) -> toy_superposition_model::Result<Vec<T>> {
        check_memory("the gradient", self.values.len() as u128 * size_of::<T>() as u128)?;
        Ok(vec![T::zero(); self.values.len()])
    }
}

/// Returns the name of the block with `W_l` or `W^in_l` of the layers that read the embedding.
pub(crate) fn input_block(stack: Stack) -> &'static str {
    if stack == Stack::Residual { "input" } else { "first" }
}
