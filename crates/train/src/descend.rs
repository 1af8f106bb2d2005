//! Deterministic minimisation: L-BFGS on an objective that is the same at every evaluation.

use toy_superposition_model::{Model, Objective};
use toy_superposition_optim::{Lbfgs, Minimum};

use crate::{Error, Result};

/// Minimises an objective that is the same at every evaluation, starting from `model`. The model is
/// left at the last iterate. The returned [`Minimum`] says why the minimiser stopped there and how
/// large the gradient is.
///
/// [`Trainer::new`](crate::Trainer::new) minimises the same objective with Adam.
///
/// ```
/// use toy_superposition_model::Model;
/// use toy_superposition_optim::Lbfgs;
/// use toy_superposition_train::{ReducedRank, descend};
///
/// let mut model = ReducedRank::new(3, 2, 2)?.with_rank(2)?;
/// let mut objective = model.objective();
/// model.as_mut_slice().iter_mut().for_each(|weight| *weight += 0.1);
/// let minimum = descend(&mut model, &mut objective, &Lbfgs::default())?;
/// assert!(minimum.loss < 1e-12, "{minimum:?}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// An objective that is drawn anew for every step is rejected by the compiler:
///
/// ```compile_fail,E0277
/// # use toy_superposition_data::{Features, Independent};
/// # use toy_superposition_model::{Autoencoder, MinibatchLoss, Shape};
/// # use toy_superposition_optim::Lbfgs;
/// # use toy_superposition_train::{FreshBatches, descend};
/// fn descended(model: &mut Autoencoder<f64>, mut drawn: FreshBatches<f64, Features<Independent>>) {
///     descend(model, &mut drawn, &Lbfgs::default());
/// }
/// ```
///
/// # Errors
/// [`Error::Objective`] with the number of the evaluation if the objective fails. A loss that is
/// not finite counts as a failure at the first evaluation only; later the line search tries a
/// shorter step. The model is left at the last iterate.
pub fn descend<M: Model + Clone, O: Objective<M>>(
    model: &mut M,
    objective: &mut O,
    lbfgs: &Lbfgs,
) -> Result<Minimum> {
    let (mut trial, mut slopes) = (model.clone(), model.zero_gradient()?);
    let mut evaluations = 0;
    lbfgs.minimise(model.as_mut_slice(), |parameters, gradient| {
        trial.as_mut_slice().copy_from_slice(parameters);
        let loss = match objective.loss_and_gradient(&trial, &mut slopes) {
            Ok(loss) => loss,
            Err(source) => match O::not_finite(&source) {
                // The line search will try a shorter step.
                Some(loss) if evaluations > 0 => loss,
                _ => return Err(Error::Objective { step: evaluations, source: Box::new(source) }),
            },
        };
        evaluations += 1;
        gradient.copy_from_slice(slopes.as_ref());
        Ok::<_, Error>(loss)
    })
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;
    use toy_superposition_data::{Features, Sampler, SparseBatch, Stream};
    use toy_superposition_model::{
        Activation, Autoencoder, BatchObjective, Error as ModelError, Initialisation, MinibatchLoss,
        Objective, Parameters, Shape,
    };
    use toy_superposition_optim::{Lbfgs, LbfgsConfig, Outcome};

    use super::descend;
    use crate::{Error, initial_model};

    fn batch(features: usize) -> SparseBatch<f64> {
        let mut batch = SparseBatch::new(features).unwrap();
        let data = Features::paper(features, 0.4).unwrap();
        Sampler::new().sample_into(&data, Stream::Training.samples(3, 0..50), &mut batch).unwrap();
        batch
    }

    /// A linear autoencoder retains the first n_d principal components of its batch. With the
    /// eigenvalues λ_1 ≥ λ_2 ≥ … of the batch's covariance, its smallest loss is Σ_{k > n_d} λ_k /
    /// n_s (Baldi and Hornik 1989: there is no other local minimum).
    #[test]
    fn a_linear_model_ends_at_the_principal_components() {
        let (features, hidden) = (6, 3);
        let batch = batch(features);
        let x: DMatrix<f64> = batch.to_dense();
        let centred =
            DMatrix::from_columns(&x.column_iter().map(|c| c - x.column_mean()).collect::<Vec<_>>());
        let covariance = &centred * centred.transpose() / x.ncols() as f64;
        let mut spectrum = covariance.symmetric_eigenvalues().as_slice().to_vec();
        spectrum.sort_by(f64::total_cmp);
        let least = spectrum[..features - hidden].iter().sum::<f64>() / features as f64;

        let mut objective = BatchObjective::new(batch, MinibatchLoss::new()).unwrap();
        let start = initial_model::<f64>(
            Shape::new(features, hidden).unwrap(),
            Initialisation::PyTorch,
            Activation::Relu,
            2,
        )
        .unwrap();
        let mut model = Autoencoder::from_parameters(start.parameters().clone(), Activation::Identity);
        assert!(objective.loss(&model).unwrap() > 2.0 * least);
        let config = LbfgsConfig { max_iterations: 2000, ..LbfgsConfig::default() };
        let minimum = descend(&mut model, &mut objective, &Lbfgs::new(config).unwrap()).unwrap();
        assert_eq!(minimum.outcome, Outcome::GradientTolerance, "{minimum:?}");
        // The error of the loss is the squared gradient over the smallest curvature.
        approx::assert_relative_eq!(minimum.loss, least, epsilon = 0.0, max_relative = 1e-9);
        assert_eq!(objective.loss(&model).unwrap(), minimum.loss);

        let mut other =
            initial_model::<f64>(Shape::new(5, 3).unwrap(), Initialisation::PyTorch, Activation::Relu, 2)
                .unwrap();
        let refused = descend(&mut other, &mut objective, &Lbfgs::default());
        assert!(matches!(refused, Err(Error::Objective { step: 0, .. })), "{refused:?}");
    }

    /// The loss b_1 − ln b_1, refused as not finite unless b_1 > 0. The first step from 50 leaves
    /// that range.
    #[derive(Clone, Copy)]
    struct Edge;

    impl Objective<Autoencoder<f64>> for Edge {
        type Error = ModelError;

        fn not_finite(error: &ModelError) -> Option<f64> {
            error.non_finite_loss()
        }

        fn loss(&mut self, model: &Autoencoder<f64>) -> Result<f64, ModelError> {
            self.loss_and_gradient(model, &mut Parameters::zeros(model.shape())?)
        }

        fn loss_and_gradient(
            &mut self,
            model: &Autoencoder<f64>,
            gradient: &mut Parameters<f64>,
        ) -> Result<f64, ModelError> {
            let (values, bias) = (gradient.as_mut_slice(), model.bias()[0]);
            values.fill(0.0);
            values[2] = 1.0 - 1.0 / bias;
            let loss = bias - bias.ln();
            let refused = ModelError::NotFinite { what: "loss", index: Vec::new(), given: loss };
            if loss.is_finite() { Ok(loss) } else { Err(refused) }
        }
    }

    #[test]
    fn a_loss_that_is_not_finite_shortens_the_step() {
        let at = |bias: f64| {
            let values = vec![1.0, 1.0, bias];
            let parameters = Parameters::from_values(Shape::new(1, 1).unwrap(), values).unwrap();
            Autoencoder::from_parameters(parameters, Activation::Relu)
        };
        let mut model = at(1e-3);
        let minimum = descend(&mut model, &mut Edge, &Lbfgs::default()).unwrap();
        assert!(minimum.outcome.converged() && (model.bias()[0] - 1.0).abs() < 1e-7, "{minimum:?}");
        let mut model = at(50.0);
        assert!(descend(&mut model, &mut Edge, &Lbfgs::default()).unwrap().outcome.converged());
        let refused = descend(&mut at(-1.0), &mut Edge, &Lbfgs::default());
        assert!(matches!(refused, Err(Error::Objective { step: 0, .. })), "{refused:?}");
    }
}
