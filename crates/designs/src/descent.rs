//! Descent of the exact loss for weights whose columns differ in length by orders of magnitude.

use nalgebra::DMatrix;
use toy_superposition_model::{Activation, Autoencoder};
use toy_superposition_optim::{Lbfgs, LbfgsConfig, Minimum};
use toy_superposition_theory as theory;

use crate::{Error, Result};

/// The relative error of the loss along the descent.
const TOLERANCE: f64 = 1e-6;
/// The descent ends where no slope of the loss divided by p is larger than this.
const SLOPE: f64 = 1e-6;

/// Descends the exact loss from the weights of `model`, and returns the weights at which the
/// descent ends and how it ended.
///
/// ```math
/// W_{ij} = e^{\rho_j - \rho_i} \langle r_i, c_j \rangle, \qquad
///   \frac{\partial L}{\partial \rho_k} = \sum_i G_{ik} W_{ik} - \sum_j G_{kj} W_{kj}, \qquad
///   G = \frac{\partial L}{\partial W}
/// ```
///
/// The descent takes at most `iterations` steps of L-BFGS on the exact loss, for independent
/// features that are on with `probability` and have magnitudes `U[0, 1]`. Column j of the encoder
/// is $e^{\rho_j} c_j$ and row i of the decoder is $e^{-\rho_i} r_i$. So the parameters of a loud
/// feature and of a quiet one are of the same size, unlike their weights. When you start from a
/// [hierarchy](crate::hierarchy_of_factor), choose a small factor: at a large factor $M$ a turn of
/// a row by $1/M$ matters, and no descent gets far.
///
/// [`Minimum::loss`] is the loss per feature divided by p, as found along the descent, with a
/// relative error of about 1e-6.
///
/// ```
/// use toy_superposition_designs::{descend, hierarchy, hierarchy_of_factor};
/// use toy_superposition_theory::exact_loss;
///
/// // Four features in two dimensions: a finite factor between lengths is better.
/// let (model, found) = descend(&hierarchy_of_factor(4, 3.0)?, 0.2, 100)?;
/// let loss = exact_loss(&model.product(), model.bias().as_slice(), 0.2)?.loss;
/// assert!((loss / 0.2 / found.loss - 1.0).abs() < 1e-5);
/// let limit = hierarchy(4)?;
/// assert!(loss < exact_loss(&limit.product(), limit.bias().as_slice(), 0.2)?.loss);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Theory`] unless `0 < p ≤ 1`, for an output that is not ReLU, and for weights whose loss
/// is not finite in f64; [`Error::Optim`] if the minimiser fails.
pub fn descend(
    model: &Autoencoder<f64>,
    probability: f64,
    iterations: u64,
) -> Result<(Autoencoder<f64>, Minimum)> {
    if model.activation().simplified(model.features()) != Activation::Relu {
        return Err(theory::Error::Activation { given: model.activation().name() }.into());
    }
    let mut coordinates = Coordinates::of(model);
    let config =
        LbfgsConfig { max_iterations: iterations, gradient_tolerance: SLOPE, ..LbfgsConfig::default() };
    let shape = (model.features(), model.hidden());
    let mut x = coordinates.values.clone();
    let mut begun = false;
    let found = Lbfgs::new(config)?.minimise(&mut x, |x: &[f64], gradient: &mut [f64]| {
        coordinates.values.copy_from_slice(x);
        match coordinates.loss_and_gradient(probability, gradient) {
            // The line search turns back where the loss is not finite in f64.
            Err(Error::Theory(error)) if begun && beyond(&error) => Ok(f64::NAN),
            found => {
                begun = true;
                found
            }
        }
    })?;
    let at = Coordinates { values: x, features: shape.0, hidden: shape.1 };
    Ok((at.model()?, found))
}

/// Returns `true` for an error which says that the weights or their loss are not finite in f64.
fn beyond(error: &theory::Error) -> bool {
    error.non_finite_loss().is_some() || matches!(error, theory::Error::Entry { .. })
}

/// The coordinates: ρ (n_s numbers), then c and r (n_d × n_s each, column by column), then the
/// biases (n_s numbers).
struct Coordinates {
    values: Vec<f64>,
    features: usize,
    hidden: usize,
}

impl Coordinates {
    fn of(model: &Autoencoder<f64>) -> Self {
        let (encoder, rows) = (model.encoder(), model.decoder().transpose());
        let length = |norm: f64| if norm > 0.0 { norm } else { 1.0 };
        let lengths: Vec<f64> = encoder.column_iter().map(|column| length(column.norm())).collect();
        let mut values: Vec<f64> = lengths.iter().map(|length| length.ln()).collect();
        for (column, length) in encoder.column_iter().zip(&lengths) {
            values.extend(column.iter().map(|entry| entry / length));
        }
        for (row, length) in rows.column_iter().zip(&lengths) {
            values.extend(row.iter().map(|entry| entry * length));
        }
        values.extend(model.bias().iter());
        Self { values, features: model.features(), hidden: model.hidden() }
    }

    /// The parts ρ, c, r and b.
    fn split(&self) -> (&[f64], &[f64], &[f64], &[f64]) {
        let (lengths, rest) = self.values.split_at(self.features);
        let (columns, rest) = rest.split_at(self.features * self.hidden);
        let (rows, bias) = rest.split_at(self.features * self.hidden);
        (lengths, columns, rows, bias)
    }

    /// Returns L/p and writes its gradient in the coordinates.
    fn loss_and_gradient(&self, p: f64, gradient: &mut [f64]) -> Result<f64> {
        let (n, d) = (self.features, self.hidden);
        let (lengths, columns, rows, bias) = self.split();
        let scale = |i: usize, j: usize| (lengths[j] - lengths[i]).exp();
        let product = DMatrix::from_fn(n, n, |i, j| {
            let (row, column) = (&rows[i * d..][..d], &columns[j * d..][..d]);
            scale(i, j) * row.iter().zip(column).map(|(a, b)| a * b).sum::<f64>()
        });
        let mut by_product = DMatrix::zeros(n, n);
        let (parts, by_bias) = gradient.split_at_mut(n + 2 * n * d);
        let found = theory::exact_gradient(&product, bias, p, TOLERANCE, &mut by_product, by_bias)?;
        by_bias.iter_mut().for_each(|slope| *slope /= p);
        parts.fill(0.0);
        let (by_length, parts) = parts.split_at_mut(n);
        let (by_column, by_row) = parts.split_at_mut(n * d);
        for j in 0..n {
            for i in 0..n {
                let slope = by_product[(i, j)] / p;
                let by_size = slope * product[(i, j)];
                by_length[j] += by_size;
                by_length[i] -= by_size;
                let slope = slope * scale(i, j);
                for k in 0..d {
                    by_column[j * d + k] += slope * rows[i * d + k];
                    by_row[i * d + k] += slope * columns[j * d + k];
                }
            }
        }
        Ok(found.loss / p)
    }

    /// The weights, scaled such that the longest column is above 1 by the same factor by which the
    /// shortest is below.
    fn model(&self) -> Result<Autoencoder<f64>> {
        let (n, d) = (self.features, self.hidden);
        let (lengths, columns, rows, bias) = self.split();
        let least = lengths.iter().copied().fold(f64::INFINITY, f64::min);
        let most = lengths.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let length = |j: usize| (lengths[j] - (least + most) / 2.0).exp();
        let encoder = DMatrix::from_fn(d, n, |k, j| length(j) * columns[j * d + k]);
        let decoder = DMatrix::from_fn(n, d, |i, k| rows[i * d + k] / length(i));
        let bias = nalgebra::DVector::from_column_slice(bias);
        Ok(Autoencoder::new(&encoder, &decoder, &bias, Activation::Relu)?)
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// For lengths over two decades every slope agrees with the difference quotient of the exact
    /// loss of the weights, and the coordinates are those of the weights.
    #[test]
    fn the_gradient_is_the_difference_quotient() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let (n, d, p) = (5, 2, 0.15);
        let encoder = DMatrix::from_fn(d, n, |_, j| 3.0_f64.powi(2 - j as i32) * rng.random_range(-1.0..1.0));
        let decoder = DMatrix::from_fn(n, d, |i, k| 0.4 * encoder[(k, i)] / encoder.column(i).norm_squared());
        let bias = nalgebra::DVector::from_fn(n, |i, _| 0.02 * i as f64 - 0.05);
        let model = Autoencoder::new(&encoder, &decoder, &bias, Activation::Relu).unwrap();
        let at = Coordinates::of(&model);
        let of = |values: &[f64]| {
            let model = Coordinates { values: values.to_vec(), ..at }.model().unwrap();
            theory::exact_loss(&model.product(), model.bias().as_slice(), p).unwrap().loss / p
        };
        let mut gradient = vec![f64::NAN; at.values.len()];
        let loss = at.loss_and_gradient(p, &mut gradient).unwrap();
        let whole = theory::exact_loss(&model.product(), model.bias().as_slice(), p).unwrap().loss / p;
        assert!((loss / whole - 1.0).abs() < 1e-6, "{loss} {whole}");
        for (k, slope) in gradient.iter().enumerate() {
            let moved = |step: f64| {
                let mut values = at.values.clone();
                values[k] += step;
                of(&values)
            };
            let quotient = (moved(1e-4) - moved(-1e-4)) / 2e-4;
            assert!((slope - quotient).abs() < 2e-5 * (1.0 + slope.abs()), "{k}: {slope} {quotient}");
        }
        assert!(gradient.iter().filter(|slope| slope.abs() > 1e-3).count() > 15, "{gradient:?}");
    }

    /// A descent from a hierarchy of a small factor ends below the hierarchy of a large factor.
    #[test]
    fn a_descent_ends_lower() {
        let loss = |model: &Autoencoder<f64>, p: f64| {
            theory::exact_loss(&model.product(), model.bias().as_slice(), p).unwrap().loss / p
        };
        let start = crate::hierarchy_of_factor(4, 3.0).unwrap();
        let (model, found) = descend(&start, 0.2, 100).unwrap();
        let limit = loss(&crate::hierarchy(4).unwrap(), 0.2);
        assert!(found.loss < limit && found.loss < loss(&start, 0.2), "{found:?} {limit}");
        assert!((loss(&model, 0.2) / found.loss - 1.0).abs() < 1e-5, "{found:?}");
        // The unequal pair has gains 1 and biases 0, and the best settings are only a little
        // better.
        let (_, pair) = descend(&crate::hierarchy(2).unwrap(), 0.1, 200).unwrap();
        let closed = 25.0 / 162.0 * 0.1;
        assert!(pair.loss < closed && pair.loss > 0.95 * closed, "{pair:?}");
        let linear = Autoencoder::tied(
            &DMatrix::from_element(1, 2, 1.0),
            &nalgebra::DVector::zeros(2),
            Activation::Identity,
        );
        assert!(matches!(descend(&linear.unwrap(), 0.1, 1), Err(Error::Theory(_))));
        assert!(matches!(descend(&start, 0.0, 1), Err(Error::Theory(_))));
    }
}
