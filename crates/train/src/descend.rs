//! Descent without noise: L-BFGS on an objective that draws nothing.

use toy_superposition_model::{Autoencoder, Objective, Parameters, Scalar};
use toy_superposition_optim::{Lbfgs, Minimum, Real};

use crate::{Error, Result};

/// Minimises a deterministic objective from where `model` is; the model ends at the last iterate.
///
/// For Adam on the same objective, see [`Trainer::new`](crate::Trainer::new).
///
/// # Errors
/// [`Error::Objective`] with the number of the evaluation if the objective fails (the model is then the last
/// iterate), and [`Error::Optim`] if the loss is not finite at the start.
pub fn descend<T: Scalar + Real, O: Objective<T>>(
    model: &mut Autoencoder<T>,
    objective: &mut O,
    lbfgs: &Lbfgs,
) -> Result<Minimum> {
    let (mut trial, mut slopes) = (model.clone(), Parameters::zeros(model.shape())?);
    let mut evaluations = 0;
    lbfgs.minimise(model.parameters_mut().as_mut_slice(), |parameters, gradient| {
        trial.parameters_mut().as_mut_slice().copy_from_slice(parameters);
        let loss = objective
            .loss_and_gradient(&trial, &mut slopes)
            .map_err(|source| Error::Objective { step: evaluations, source: Box::new(source) })?;
        evaluations += 1;
        gradient.copy_from_slice(slopes.as_slice());
        Ok::<_, Error>(loss)
    })
}

#[cfg(test)]
mod tests {
    use toy_superposition_data::{Features, Sampler, SparseBatch};
    use toy_superposition_model::{BatchObjective, MinibatchLoss, Objective, Shape};
    use toy_superposition_optim::{Lbfgs, LbfgsConfig};

    use super::descend;
    use crate::{Error, initial_model};

    #[test]
    fn the_model_ends_where_the_gradient_is_small() {
        let mut batch = SparseBatch::new(6).unwrap();
        Sampler::new().sample_into(&Features::paper(6, 0.4).unwrap(), 3, 0, 50, &mut batch).unwrap();
        let mut objective = BatchObjective::new(batch, MinibatchLoss::new());
        let mut model = initial_model::<f64>(Shape::new(6, 3, false).unwrap(), 2).unwrap();
        let before = objective.loss(&model).unwrap();
        let config = LbfgsConfig { max_iterations: 2000, gradient_tolerance: 1e-6, ..LbfgsConfig::default() };
        let minimum = descend(&mut model, &mut objective, &Lbfgs::new(config).unwrap()).unwrap();
        assert!(minimum.outcome.converged() && minimum.loss < 0.8 * before, "{minimum:?} from {before}");
        assert_eq!(objective.loss(&model).unwrap(), minimum.loss);

        let mut other = initial_model::<f64>(Shape::new(5, 3, false).unwrap(), 2).unwrap();
        let refused = descend(&mut other, &mut objective, &Lbfgs::default());
        assert!(matches!(refused, Err(Error::Objective { step: 0, .. })), "{refused:?}");
    }
}
