//! Degeneracy of minima: local learning coefficients of polygons and designs, beside those of
//! reduced-rank regression, which are known.

use std::error::Error;

use nalgebra::DMatrix;
use serde_json::{Value, json};
use toy_superposition::data::{Exactly, Features, UnitUniform};
use toy_superposition::designs::optimise;
use toy_superposition::model::{Activation, Autoencoder, Model, Objective, Parameters, Shape};
use toy_superposition::optim::{Lbfgs, LbfgsConfig, SgldConfig};
use toy_superposition::rug::{BoxedDesign, DirectSum, Dropped, Frame, Lossless};
use toy_superposition::theory::{ExactObjective, FeatureLaw};
use toy_superposition::train::{
    LearningCoefficient, LearningCoefficientConfig, ReducedRank, descend, learning_coefficient,
};

use crate::options::Options;

pub(crate) const FIGURES: &[&str] = &[];

/// Localisation γ about A = B = 0, and about a minimum.
const WIDE: f64 = 1.0;
const NEAR: f64 = 100.0;
/// Number of features of the polygons and designs.
const FEATURES: usize = 6;

pub(crate) fn run(options: &Options) -> Result<Value, Box<dyn Error>> {
    let known = yardsticks(options)?;
    let law = Features::new(Exactly::new(FEATURES, 1)?, UnitUniform);
    let minimum = |(name, design)| Ok((name, least(&design, (&law).into())?));
    let mut flat: Vec<(String, Autoencoder<f64>)> =
        polygons()?.into_iter().map(minimum).collect::<Result<_, Box<dyn Error>>>()?;
    flat.insert(2, ("5-gon, 6th dead".to_owned(), dead(&flat[1].1)?));
    let polygons = minima(options, "in 2 dimensions", &law, flat)?;
    let solid = designs()?.into_iter().map(minimum).collect::<Result<_, Box<dyn Error>>>()?;
    let designs = minima(options, "in 3 dimensions", &law, solid)?;
    Ok(json!({ "reduced_rank": known, "polygons": polygons, "designs": designs }))
}

/// Reduced-rank regression, whose coefficients are known.
fn yardsticks(options: &Options) -> Result<Vec<Value>, Box<dyn Error>> {
    let inverse_temperature = 5e3;
    options.tell(format_args!(
        "Reduced-rank regression m → h → n about 0, nβ = {inverse_temperature:.0}, γ = {WIDE}:\n{:>12}{:>9}{:>20}{:>8}",
        "m, h, n", "λ", "estimate", "R̂"
    ));
    let mut list = Vec::new();
    for (inputs, hidden, outputs) in [(3, 1, 1), (4, 1, 2), (2, 2, 2), (4, 2, 2), (4, 3, 1)] {
        let model = ReducedRank::new(inputs, hidden, outputs)?;
        let sampler = SgldConfig { inverse_temperature, localisation: WIDE, step: 1.0 / inverse_temperature };
        let mut config = LearningCoefficientConfig::new(sampler);
        config.steps = options.size(200_000, 50_000);
        config.burn_in = config.steps / 10;
        let found = learning_coefficient(&model, &model.objective(), &config, options.seed)?;
        let exact = model.learning_coefficient();
        options.tell(format_args!(
            "{:>12}{:>9.3}{:>12.4} ± {:.4}{:>9.4}",
            format!("{inputs}, {hidden}, {outputs}"),
            exact.lambda,
            found.estimate,
            found.standard_error,
            found.r_hat
        ));
        let mut value = report(&found, &config);
        value["inputs"] = json!(inputs);
        value["hidden"] = json!(hidden);
        value["outputs"] = json!(outputs);
        value["exact"] = json!(exact.lambda);
        value["multiplicity"] = json!(exact.multiplicity);
        list.push(value);
    }
    Ok(list)
}

/// Returns regular polygons with dropped features.
fn polygons() -> Result<Vec<(String, DirectSum)>, Box<dyn Error>> {
    let sum = |corners: usize| -> Result<_, Box<dyn Error>> {
        let mut parts: Vec<(usize, BoxedDesign)> = vec![(1, Box::new(Frame::harmonic(corners, &[1])?))];
        if corners < FEATURES {
            parts.push((1, Box::new(Dropped(FEATURES - corners))));
        }
        Ok((format!("{corners}-gon"), DirectSum::new(parts)?))
    };
    [4, 5, 6].into_iter().map(sum).collect()
}

/// Returns designs of six features in three dimensions.
fn designs() -> Result<Vec<(String, DirectSum)>, Box<dyn Error>> {
    let alone = |design| DirectSum::new(vec![(1, design)]);
    Ok(vec![
        ("three pairs".to_owned(), DirectSum::antipodal_pairs(3)?),
        ("icosahedron".to_owned(), alone(Box::new(Frame::paley(6)?))?),
        (
            "tetrahedron".to_owned(),
            DirectSum::new(vec![(1, Box::new(Frame::simplex(4)?)), (1, Box::new(Dropped(2)))])?,
        ),
        (
            "three lossless".to_owned(),
            DirectSum::new(vec![(1, Box::new(Lossless(3))), (1, Box::new(Dropped(3)))])?,
        ),
    ])
}

/// Returns the same weights with the last bias so negative that the last output is 0 nearby
/// whatever its vector, so that the loss is constant in three directions.
fn dead(model: &Autoencoder<f64>) -> Result<Autoencoder<f64>, Box<dyn Error>> {
    let mut parameters = model.parameters().clone();
    parameters.encoder_mut().column_mut(FEATURES - 1).fill(0.0);
    parameters.bias_mut()[FEATURES - 1] = -1.0;
    Ok(Autoencoder::from_parameters(parameters, Activation::Relu))
}

/// Prints and returns the coefficients of weights at a minimum of the exact loss.
fn minima<'a>(
    options: &Options,
    heading: &str,
    law: impl Into<FeatureLaw<'a>>,
    models: Vec<(String, Autoencoder<f64>)>,
) -> Result<Vec<Value>, Box<dyn Error>> {
    let law = law.into();
    let objective = ExactObjective::new(law)?.with_tolerance(1e-5)?;
    let inverse_temperatures = options.size(vec![1e4, 1e5, 1e6], vec![1e6]);
    options.tell(format_args!(
        "\n{FEATURES} features {heading}, exactly one on at a time, tied weights, γ = {NEAR}:\n{:<17}{:>12}{:>10}{:>10}{:>9}{:>18}{:>9}{:>9}",
        "weights", "loss", "rank/2", "negative", "nβ", "estimate", "R̂", "accepted"
    ));
    let mut list = Vec::new();
    for (name, model) in models {
        let curvature = Curvature::at(&model, &mut ExactObjective::new(law)?.with_tolerance(1e-9)?)?;
        for &inverse_temperature in &inverse_temperatures {
            let step = 1.0 / (inverse_temperature * curvature.largest + NEAR);
            let mut config =
                LearningCoefficientConfig::new(SgldConfig { inverse_temperature, localisation: NEAR, step });
            config.steps = options.size(20_000, 4_000);
            config.burn_in = config.steps / 10;
            let found = learning_coefficient(&model, &objective, &config, options.seed)?;
            let escaped = found.least_loss < found.loss - 1e-3 / inverse_temperature;
            let estimate = if escaped {
                format!("none: the chains leave it for losses down to {:.6}", found.least_loss)
            } else {
                format!(
                    "{:>9.3} ± {:.3}{:>9.4}{:>9.3}",
                    found.estimate, found.standard_error, found.r_hat, found.acceptance
                )
            };
            options.tell(format_args!(
                "{name:<17}{:>12.6}{:>10}{:>10}{inverse_temperature:>9.0e} {estimate}",
                found.loss,
                curvature.positive as f64 / 2.0,
                curvature.negative,
            ));
            let mut value = report(&found, &config);
            value["escaped"] = json!(escaped);
            value["weights"] = json!(name);
            value["parameters"] = json!(model.as_slice().len());
            value["half_rank"] = json!(curvature.positive as f64 / 2.0);
            value["negative_curvatures"] = json!(curvature.negative);
            list.push(value);
        }
    }
    Ok(list)
}

fn report(found: &LearningCoefficient, config: &LearningCoefficientConfig) -> Value {
    json!({
        "inverse_temperature": config.sampler.inverse_temperature,
        "localisation": config.sampler.localisation,
        "step": config.sampler.step,
        "steps": config.steps,
        "loss": found.loss,
        "least_loss": found.least_loss,
        "estimate": found.estimate,
        "standard_error": found.standard_error,
        "chains": found.chains,
        "r_hat": found.r_hat,
        "acceptance": found.acceptance,
    })
}

/// Returns a direct sum with tied weights at a stationary point of the exact loss, found by L-BFGS
/// from its best gains and biases.
fn least(design: &DirectSum, law: FeatureLaw<'_>) -> Result<Autoencoder<f64>, Box<dyn Error>> {
    use toy_superposition::rug::Design;
    let settings = optimise(design, law, false)?.settings;
    let mut parameters = Parameters::zeros(Shape::tied(design.features(), design.hidden())?)?;
    for (j, column) in design.encoder().column_iter().enumerate() {
        let setting = settings[design.class_of(j)];
        parameters.encoder_mut().set_column(j, &(column * setting.a.max(0.0).sqrt()));
        parameters.bias_mut()[j] = setting.bias;
    }
    let mut model = Autoencoder::from_parameters(parameters, Activation::Relu);
    let mut objective = ExactObjective::new(law)?.with_tolerance(1e-9)?;
    let lbfgs = Lbfgs::new(LbfgsConfig { gradient_tolerance: 1e-9, ..LbfgsConfig::default() })?;
    descend(&mut model, &mut objective, &lbfgs)?;
    Ok(model)
}

/// The curvatures of a loss at a point.
struct Curvature {
    largest: f64,
    /// Numbers of eigenvalues above a ten-thousandth of the largest, and below minus that.
    positive: usize,
    negative: usize,
}

impl Curvature {
    /// Computes the curvatures by central differences of the gradient.
    fn at(model: &Autoencoder<f64>, objective: &mut ExactObjective) -> Result<Self, Box<dyn Error>> {
        const SHIFT: f64 = 1e-4;
        let count = model.as_slice().len();
        let mut hessian = DMatrix::zeros(count, count);
        let (mut moved, mut gradient) = (model.clone(), model.zero_gradient()?);
        for k in 0..count {
            for sign in [1.0, -1.0] {
                moved.as_mut_slice()[k] = model.as_slice()[k] + sign * SHIFT;
                objective.loss_and_gradient(&moved, &mut gradient)?;
                for (entry, slope) in hessian.column_mut(k).iter_mut().zip(gradient.as_slice()) {
                    *entry += sign * slope / (2.0 * SHIFT);
                }
            }
            moved.as_mut_slice()[k] = model.as_slice()[k];
        }
        let all = ((&hessian + hessian.transpose()) * 0.5).symmetric_eigenvalues();
        let largest = all.amax();
        let above = |sign: f64| all.iter().filter(|&&value| sign * value > 1e-4 * largest).count();
        Ok(Self { largest, positive: above(1.0), negative: above(-1.0) })
    }
}
