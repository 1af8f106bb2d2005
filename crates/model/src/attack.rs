//! The analytic attack of Elhage et al. ("Toy models of superposition", 2022, "The relationship
//! between superposition and adversarial robustness"), which measures how much a small change of
//! the input can raise the loss.
//!
//! ```math
//! δ_{i,\pm} = \pm ε \frac{W_i}{\|W_i\|} , \qquad
//! \text{rise}(x) = \max_{i, \pm} \frac1{n_s} \sum_j \big(y_j(x + δ_{i,\pm}) - x_j\big)^2
//!   - \frac1{n_s} \sum_j \big(y_j(x) - x_j\big)^2
//! ```
//!
//! `W_i` is row i of `W = W_out W_in`, which is the gradient of output i with respect to the input
//! where the ReLU passes it. Of all changes of length ε, `±δ_i` moves that output the most, by
//! `ε ‖W_i‖`. ε is a fixed share of the mean length of an input. The gradient of the loss itself
//! would vanish where the outputs are off, and would give a weaker attack.

use nalgebra::DMatrix;
use toy_superposition_data::{Distribution, SampleRange, sample_dense};

use crate::{Autoencoder, Error, Estimate, Result, Scalar, check_memory};

/// The effect of the attack on a model. Losses are per feature.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Attack {
    /// Mean of `‖x‖` over the samples.
    pub norm: Estimate,
    /// ε, the length of the change.
    pub size: f64,
    /// Loss without the attack.
    pub clean: Estimate,
    /// Amount by which the worst of the changes raises the loss of a sample.
    pub rise: Estimate,
}

impl Attack {
    /// Returns `n_s rise/ε²`, the rise of the loss relative to that of a model without
    /// superposition, in which one output moves by ε and the others do not move. The result is NaN
    /// if no feature was on in any sample, since ε is then 0.
    pub fn vulnerability(&self, features: usize) -> f64 {
        features as f64 * self.rise.mean() / (self.size * self.size)
    }
}

/// The number of samples that are attacked at a time.
const BATCH: usize = 256;

/// Attacks a model on the samples of `range` by changes of length `ε = share · E‖x‖`. Elhage et al.
/// use a share of 0.1.
///
/// ```math
/// δ_{i,\pm} = \pm ε \frac{W_i}{\|W_i\|} , \qquad
/// \text{rise}(x) = \max_{i, \pm} \frac1{n_s} \sum_j \big(y_j(x + δ_{i,\pm}) - x_j\big)^2
///   - \frac1{n_s} \sum_j \big(y_j(x) - x_j\big)^2
/// ```
///
/// `W_i` is row i of `W = W_out W_in`. The worst of the 2 n_s changes counts for each sample, so
/// the time is `O(n_s²)` per sample. A row of zeros gives no change. The mean of `‖x‖` is taken
/// over the same samples.
///
/// ```
/// use nalgebra::{DMatrix, DVector};
/// use toy_superposition_data::{Features, Stream};
/// use toy_superposition_model::{Activation, Autoencoder, attack};
///
/// // Antipodal features that are practically never on together: one output moves by √2 ε, and
/// // the ReLU stops the other.
/// let pair = Autoencoder::tied(&DMatrix::from_row_slice(1, 2, &[1.0, -1.0]), &DVector::zeros(2), Activation::Relu)?;
/// let law = Features::paper(2, 1e-3)?;
/// let found = attack(&pair, &law, Stream::Evaluation.samples(0, 0..10_000), 0.1)?;
/// assert!((found.vulnerability(2) - 2.0).abs() < 0.01);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Attack`] unless `0 < share < ∞`; [`Error::EmptyBatch`] for no samples;
/// [`Error::Mismatch`] unless the law has as many features as the model; [`Error::Data`] if the
/// samples cannot be drawn; [`Error::TooLarge`] if there is no memory for two n_s × n_s matrices.
pub fn attack<T: Scalar, D: Distribution>(
    model: &Autoencoder<T>,
    distribution: &D,
    range: SampleRange,
    share: f64,
) -> Result<Attack> {
    if !(share > 0.0 && share.is_finite()) {
        return Err(Error::Attack { given: share });
    }
    if range.samples == 0 {
        return Err(Error::EmptyBatch);
    }
    let features = model.features();
    check_memory("the product of the weights, twice", 2 * 8 * (features as u128).pow(2))?;
    let parts = || (0..range.samples).step_by(BATCH).map(|at| range.part(at, BATCH.min(range.samples - at)));
    let mut norm = Estimate::default();
    for part in parts() {
        let x: DMatrix<T> = sample_dense(distribution, part)?;
        norm = norm.merge(&x.column_iter().map(|x| squares(x.iter().copied()).sqrt()).collect());
    }
    let size = share * norm.mean();
    // Column i holds the change of the preactivations when the input moves along row i.
    let product = model.product();
    let mut moves = DMatrix::zeros(features, features);
    for (row, mut column) in product.row_iter().zip(moves.column_iter_mut()) {
        let length = squares(row.iter().copied()).sqrt();
        if length > 0.0 {
            let factor = T::round_from(size / length);
            (&product * row.transpose() * factor).iter().zip(&mut column).for_each(|(from, to)| *to = *from);
        }
    }
    let (mut clean, mut rise) = (Estimate::default(), Estimate::default());
    let mut moved = vec![T::zero(); features];
    for part in parts() {
        let x = sample_dense(distribution, part)?;
        let z = model.preactivation(&x)?;
        for (x, z) in x.column_iter().zip(z.column_iter()) {
            let mut loss = |along: Option<(usize, T)>| {
                match along {
                    None => moved.iter_mut().zip(&z).for_each(|(to, z)| *to = *z),
                    Some((i, sign)) => {
                        let column = moves.column(i);
                        let steps = z.iter().zip(&column).map(|(&z, &step)| z + sign * step);
                        moved.iter_mut().zip(steps).for_each(|(to, z)| *to = z);
                    }
                }
                model.activation().apply(&mut moved);
                squares(moved.iter().zip(&x).map(|(&y, &x)| y - x)) / features as f64
            };
            let before = loss(None);
            let signs = [T::one(), -T::one()];
            let changes = (0..features).flat_map(|i| signs.map(|sign| Some((i, sign))));
            let worst = changes.map(&mut loss).fold(f64::NEG_INFINITY, f64::max);
            let one = |value: f64| [value].into_iter().collect();
            clean = clean.merge(&one(before));
            rise = rise.merge(&one(worst - before));
        }
    }
    Ok(Attack { norm, size, clean, rise })
}

/// Returns the sum of the squares, in double precision.
fn squares<T: Scalar>(values: impl Iterator<Item = T>) -> f64 {
    values.map(|value| value.to_f64() * value.to_f64()).sum()
}
