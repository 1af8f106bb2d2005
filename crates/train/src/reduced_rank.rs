//! Reduced-rank regression: two matrices whose product should be a given matrix. Its learning
//! coefficient is known exactly.
//!
//! ```math
//! y = B A x + ξ, \qquad L(A, B) = \tfrac12 \lVert B A - T \rVert_F^2
//! ```
//!
//! A is h × m, B is n × h and T is n × m of rank s; x ~ N(0, 1) in m dimensions and ξ ~ N(0, 1) in
//! n. L is the expected negative log likelihood minus its smallest value.
//! [`ReducedRank::learning_coefficient`] has the table of the exact values.

use nalgebra::{DMatrix, DMatrixView};
use toy_superposition_model::{Model, Objective, check_memory};

use crate::{Error, Result};

/// A known learning coefficient: `Vol{L < t} ~ t^λ (ln 1/t)^(m − 1)`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ExactCoefficient {
    /// λ.
    pub lambda: f64,
    /// The multiplicity m, 1 or more. If it is above 1, an estimate approaches λ only with the
    /// logarithm of the inverse temperature.
    pub multiplicity: u32,
}

/// The matrices A (hidden × inputs) and B (outputs × hidden) of reduced-rank regression, in that
/// order, each row by row.
///
/// ```math
/// y = B A x + ξ, \qquad L(A, B) = \tfrac12 \lVert B A - T \rVert_F^2
/// ```
///
/// Its exact [learning coefficient](Self::learning_coefficient) tests the estimate of
/// [`learning_coefficient`](crate::learning_coefficient()): the model is singular at any number of
/// parameters, and differs from a linear autoencoder only in its targets.
///
/// ```
/// use toy_superposition_model::{Model, Objective};
/// use toy_superposition_train::ReducedRank;
///
/// // 3 inputs, 2 hidden dimensions, 4 outputs, and a target of rank 1, the product itself.
/// let mut model = ReducedRank::new(3, 2, 4)?.with_rank(1)?;
/// let mut objective = model.objective();
/// assert_eq!((model.as_slice().len(), objective.loss(&model)?), (2 * 3 + 4 * 2, 0.0));
/// // BA has a 3 where the target has a 1.
/// model.as_mut_slice()[0] = 3.0;
/// assert_eq!(objective.loss(&model)?, 2.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ReducedRank {
    inputs: usize,
    hidden: usize,
    outputs: usize,
    values: Vec<f64>,
}

impl ReducedRank {
    /// Returns `A = 0` and `B = 0` for m inputs, h hidden dimensions and n outputs. For the target
    /// 0 the exact learning coefficient holds at this point.
    ///
    /// # Errors
    /// [`Error::Count`] for a size of 0, [`Error::Model`] if there is no memory for them.
    pub fn new(inputs: usize, hidden: usize, outputs: usize) -> Result<Self> {
        for (what, given) in [("inputs", inputs), ("hidden dimensions", hidden), ("outputs", outputs)] {
            if given == 0 {
                return Err(Error::Count { what, given: 0, least: 1 });
            }
        }
        let count = hidden as u128 * (inputs as u128 + outputs as u128);
        check_memory("the parameters", count * 8)?;
        Ok(Self { inputs, hidden, outputs, values: vec![0.0; count as usize] })
    }

    /// Returns a point of `BA = T` for the target T of rank s with ones on the first s places of
    /// its diagonal: the first s entries on the diagonals of A and of B are 1, all others zero.
    ///
    /// # Errors
    /// [`Error::Count`] for a rank above any of the sizes.
    pub fn with_rank(mut self, rank: usize) -> Result<Self> {
        let least_size = self.inputs.min(self.hidden).min(self.outputs);
        if rank > least_size {
            let (given, least) = (least_size as u64, rank as u64);
            return Err(Error::Count { what: "dimensions for a product of that rank", given, least });
        }
        self.values.fill(0.0);
        for k in 0..rank {
            self.values[k * self.inputs + k] = 1.0;
            self.values[self.hidden * self.inputs + k * self.hidden + k] = 1.0;
        }
        Ok(self)
    }

    /// Returns the objective `½‖BA − T‖²` whose target T is the product of these matrices, so that
    /// they are a minimum.
    pub fn objective(&self) -> ReducedRankLoss {
        ReducedRankLoss { target: self.product() }
    }

    /// Returns λ and its multiplicity for these sizes and a target T of rank s, the rank of this
    /// product, at the most singular of the points with `BA = T` (for T = 0, at A = B = 0).
    /// Singular values of up to 1e-9 of the largest count as 0. λ is NaN if an entry of the product is not
    /// finite.
    /// For m inputs, h hidden dimensions and n outputs:
    ///
    /// | condition | λ | multiplicity |
    /// |---|---|---|
    /// | m + h < n + s | (mh − hs + ns)/2 | 1 |
    /// | n + h < m + s | (hn − hs + ms)/2 | 1 |
    /// | m + n < h + s | mn/2 | 1 |
    /// | otherwise, m + n + h + s even | (−(h+s)² − m² − n² + 2(h+s)m + 2(h+s)n + 2mn)/8 | 1 |
    /// | otherwise, m + n + h + s odd | 1/8 more | 2 |
    ///
    /// Aoyagi and Watanabe, "Stochastic complexities of reduced rank regression in Bayesian
    /// estimation", Neural Networks 18, 2005.
    ///
    /// ```
    /// # use toy_superposition_train::ReducedRank;
    /// assert_eq!(ReducedRank::new(2, 2, 2)?.learning_coefficient().lambda, 1.5);
    /// assert_eq!(ReducedRank::new(2, 2, 2)?.with_rank(2)?.learning_coefficient().lambda, 2.0);
    /// # Ok::<(), toy_superposition_train::Error>(())
    /// ```
    pub fn learning_coefficient(&self) -> ExactCoefficient {
        let product = self.product();
        if !product.iter().all(|value| value.is_finite()) {
            return ExactCoefficient { lambda: f64::NAN, multiplicity: 1 };
        }
        let singular = product.singular_values();
        let rank = singular.iter().filter(|&&value| value > 1e-9 * singular.max()).count();
        let [m, h, n, s] = [self.inputs, self.hidden, self.outputs, rank].map(|size| size as f64);
        let half = |twice: f64| ExactCoefficient { lambda: twice / 2.0, multiplicity: 1 };
        if m + h < n + s {
            return half(m * h - h * s + n * s);
        }
        if n + h < m + s {
            return half(h * n - h * s + m * s);
        }
        if m + n < h + s {
            return half(m * n);
        }
        let k = h + s;
        let eight = 2.0 * (k * m + k * n + m * n) - k * k - m * m - n * n;
        let odd = (self.inputs + self.hidden + self.outputs + rank) % 2;
        ExactCoefficient { lambda: (eight + odd as f64) / 8.0, multiplicity: 1 + odd as u32 }
    }

    /// Returns Aᵀ (m × h) and Bᵀ (h × n): a matrix stored row by row is its transpose stored column
    /// by column.
    fn transposed(&self) -> (DMatrixView<'_, f64>, DMatrixView<'_, f64>) {
        let (a, b) = self.values.split_at(self.hidden * self.inputs);
        (
            DMatrixView::from_slice(a, self.inputs, self.hidden),
            DMatrixView::from_slice(b, self.hidden, self.outputs),
        )
    }

    /// Returns `(BA)ᵀ`, m × n.
    fn product(&self) -> DMatrix<f64> {
        let (a, b) = self.transposed();
        a * b
    }
}

/// The blocks are `first` (A, hidden × inputs) and `second` (B, outputs × hidden).
impl Model for ReducedRank {
    type Scalar = f64;
    type Gradient = Vec<f64>;

    fn blocks(&self) -> Vec<(&'static str, Vec<usize>)> {
        vec![("first", vec![self.hidden, self.inputs]), ("second", vec![self.outputs, self.hidden])]
    }

    fn as_slice(&self) -> &[f64] {
        &self.values
    }

    fn as_mut_slice(&mut self) -> &mut [f64] {
        &mut self.values
    }

    fn zero_gradient(&self) -> toy_superposition_model::Result<Vec<f64>> {
        check_memory("the gradient", self.values.len() as u128 * 8)?;
        Ok(vec![0.0; self.values.len()])
    }
}

/// The loss `L = ½‖BA − T‖²` of a [`ReducedRank`], returned by [`ReducedRank::objective`].
#[derive(Debug, Clone, PartialEq)]
pub struct ReducedRankLoss {
    /// `Tᵀ`, m × n.
    target: DMatrix<f64>,
}

impl ReducedRankLoss {
    /// Returns `(BA − T)ᵀ`, m × n.
    fn error(&self, model: &ReducedRank) -> Result<DMatrix<f64>> {
        for (what, given, expected) in
            [("inputs", model.inputs, self.target.nrows()), ("outputs", model.outputs, self.target.ncols())]
        {
            if given != expected {
                return Err(Error::Length { what, given, expected });
            }
        }
        Ok(model.product() - &self.target)
    }
}

impl Objective<ReducedRank> for ReducedRankLoss {
    type Error = Error;

    fn loss(&mut self, model: &ReducedRank) -> Result<f64> {
        Ok(0.5 * self.error(model)?.norm_squared())
    }

    fn loss_and_gradient(&mut self, model: &ReducedRank, gradient: &mut Vec<f64>) -> Result<f64> {
        if gradient.len() != model.values.len() {
            let (given, expected) = (gradient.len(), model.values.len());
            return Err(Error::Length { what: "gradient", given, expected });
        }
        let error = self.error(model)?;
        let (a, b) = model.transposed();
        // ∂L/∂Aᵀ = Eᵀ B and ∂L/∂Bᵀ = A Eᵀ for E = BA − T.
        let (by_a, by_b) = gradient.split_at_mut(model.hidden * model.inputs);
        by_a.copy_from_slice((&error * b.transpose()).as_slice());
        by_b.copy_from_slice((a.transpose() * &error).as_slice());
        Ok(0.5 * error.norm_squared())
    }
}
