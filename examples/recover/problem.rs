//! An encoder, samples, and the results of a decoder on them.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::time::Instant;

use clap::ValueEnum;
use command_line::note;
use nalgebra::DMatrix;
use rand::RngExt;
use rand_distr::StandardNormal;
use toy_superposition::data::{Distribution, LawSpec, Stream, SwitchesSpec, sample_dense};
use toy_superposition::model::{Weights, check_memory};
use toy_superposition::recovery::{
    Amp, BasisPursuit, BatchOmp, Decoder, Dense, HardThresholding, Lasso, Limits, LinearOperator, Oamp, Omp,
    RugOperator, SparsePrior,
};
use toy_superposition::rug::{Frame, PersianRug};

use crate::Arguments;

/// The decoders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    Oamp,
    Amp,
    Omp,
    BatchOmp,
    Cosamp,
    Iht,
    Htp,
    Lasso,
    /// Nonnegative basis pursuit.
    L1,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().as_ref().map_or("", |value| value.get_name()))
    }
}

/// An encoder and samples to be decoded.
pub(crate) struct Problem {
    pub(crate) operator: Box<dyn LinearOperator<f64>>,
    /// Short description of the encoder.
    pub(crate) description: String,
    pub(crate) prior: SparsePrior,
    pub(crate) x: DMatrix<f64>,
    pub(crate) y: DMatrix<f64>,
    pub(crate) seed: u64,
}

/// The results of a decoder.
pub(crate) struct Found {
    pub(crate) name: Name,
    pub(crate) loss: f64,
    pub(crate) standard_error: f64,
    pub(crate) iterations: f64,
    pub(crate) success: f64,
    pub(crate) stopped: BTreeMap<String, usize>,
    pub(crate) seconds: f64,
}

/// A sample is recovered if its error is at most this fraction of its norm.
const RECOVERED: f64 = 1e-3;

impl Problem {
    pub(crate) fn new(arguments: &Arguments) -> Result<Self, Box<dyn Error>> {
        let size = |given: Option<usize>, name: &str| given.ok_or_else(|| format!("give --{name}"));
        let drawn = ["rug", "gaussian", "haar"].contains(&arguments.operator.as_str());
        if !drawn {
            let weights = Weights::<f64>::load(&arguments.operator)?;
            if arguments.features.is_some() || arguments.hidden.is_some() {
                return Err("--features and --hidden are those of the weight file".into());
            }
            let encoder = weights.model.encoder().into_owned();
            let other = weights.metadata.get(LawSpec::METADATA_KEY).map(String::as_str);
            let law = arguments.law.spec(encoder.ncols(), other)?;
            let description = format!("the encoder of {}", arguments.operator);
            return Self::of(
                Box::new(Dense::new(encoder)?),
                description,
                &law,
                arguments.samples(),
                arguments.seed,
            );
        }
        let (features, hidden) = (size(arguments.features, "features")?, size(arguments.hidden, "hidden")?);
        let law = arguments.law.spec(features, None)?;
        let operator = operator(&arguments.operator, features, hidden, arguments.seed)?;
        let description = match arguments.operator.as_str() {
            "rug" => "a random rug",
            "gaussian" => "independent Gaussian entries",
            _ => "a random subspace",
        };
        Self::of(operator, description.to_owned(), &law, arguments.samples(), arguments.seed)
    }

    /// Builds the problem from samples `0..samples` of the evaluation stream.
    pub(crate) fn of(
        operator: Box<dyn LinearOperator<f64>>,
        description: String,
        law: &LawSpec,
        samples: usize,
        seed: u64,
    ) -> Result<Self, Box<dyn Error>> {
        if !matches!(law.switches, SwitchesSpec::Independent { .. }) {
            note!(
                "note: the decoders and their limits take the features for independent, which this law does not"
            );
        }
        let law = law.build()?;
        let prior = SparsePrior::of_law(&law)?;
        let (hidden, features) = operator.shape();
        check_memory("the samples", 8 * 6 * features as u128 * samples as u128)?;
        let x = draw(&law, samples, seed)?;
        let mut y = DMatrix::zeros(hidden, samples);
        operator.apply_into(&x, &mut y)?;
        Ok(Self { operator, description, prior, x, y, seed })
    }

    pub(crate) fn ratio(&self) -> f64 {
        self.y.nrows() as f64 / self.x.nrows() as f64
    }

    /// Decodes, with at most `iterations` iterations if given, and compares the result with the
    /// samples.
    pub(crate) fn measure(&self, name: Name, iterations: Option<usize>) -> Result<Found, Box<dyn Error>> {
        let most = self.x.column_iter().map(|x| x.iter().filter(|&&x| x != 0.0).count()).max();
        // At most n_d features can be told apart.
        let most = most.unwrap_or(0).clamp(1, self.y.nrows());
        let chosen = iterations.unwrap_or(usize::MAX).min(self.y.nrows());
        let limits = |usual: usize| Limits::new(iterations.unwrap_or(usual), 1e-6);
        // The time includes the preparation of the decoder.
        let start = Instant::now();
        let decoder: Box<dyn Decoder<f64> + '_> = match name {
            Name::Oamp => Box::new(Oamp::new(&self.prior).with_limits(limits(200)?)),
            Name::Amp => Box::new(Amp::new(&self.prior).with_limits(limits(200)?)),
            Name::Omp => Box::new(Omp::new(1e-6)?.with_most(chosen)),
            Name::BatchOmp => Box::new(BatchOmp::new(&*self.operator, 1e-6)?.with_most(chosen)),
            // CoSaMP fits three times as many entries, which must not exceed the number of
            // equations.
            Name::Cosamp => {
                let most = most.min((self.y.nrows() / 3).max(1));
                Box::new(HardThresholding::cosamp(most).with_limits(limits(200)?))
            }
            Name::Iht => Box::new(HardThresholding::iht(most).with_limits(limits(200)?)),
            Name::Htp => Box::new(HardThresholding::htp(most).with_limits(limits(200)?)),
            Name::Lasso => {
                Box::new(Lasso::new(1e-3)?.with_limits(Limits::new(iterations.unwrap_or(10_000), 1e-8)?))
            }
            Name::L1 => Box::new(BasisPursuit::default().with_limits(limits(20_000)?)),
        };
        let found = decoder.decode(&*self.operator, &self.y)?;
        let seconds = start.elapsed().as_secs_f64();
        let errors = &found.estimate - &self.x;
        let losses: Vec<f64> =
            errors.column_iter().map(|error| error.norm_squared() / error.len() as f64).collect();
        let (loss, standard_error) = mean(&losses);
        let recovered = errors
            .column_iter()
            .zip(self.x.column_iter())
            .filter(|(error, x)| error.norm() <= RECOVERED * x.norm());
        let mut stopped = BTreeMap::new();
        for outcome in &found.outcomes {
            *stopped.entry(format!("{:?}", outcome.stopped).to_lowercase()).or_default() += 1;
        }
        let iterations: usize = found.outcomes.iter().map(|outcome| outcome.iterations).sum();
        let samples = losses.len() as f64;
        Ok(Found {
            name,
            loss,
            standard_error,
            iterations: iterations as f64 / samples,
            success: recovered.count() as f64 / samples,
            stopped,
            seconds,
        })
    }

    /// Returns the loss per feature of layers 1, 2, … of the unrolled OAMP, each with its standard
    /// error.
    pub(crate) fn layers(&self, layers: usize) -> Result<Vec<(f64, f64)>, Box<dyn Error>> {
        let mut losses = Vec::with_capacity(layers);
        Oamp::new(&self.prior).unrolled(&*self.operator, &self.y, layers, |_, answer| {
            let each: Vec<f64> = answer
                .column_iter()
                .zip(self.x.column_iter())
                .map(|(answer, x)| (answer - x).norm_squared() / x.len() as f64)
                .collect();
            losses.push(mean(&each));
        })?;
        Ok(losses)
    }
}

/// Returns a mean and its standard error.
fn mean(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (count - 1.0);
    (mean, (square / count).sqrt())
}

fn draw<D: Distribution>(law: &D, samples: usize, seed: u64) -> Result<DMatrix<f64>, Box<dyn Error>> {
    Ok(sample_dense(law, Stream::Evaluation.samples(seed, 0..samples as u64))?)
}

/// Returns an encoder drawn at random.
pub(crate) fn operator(
    kind: &str,
    features: usize,
    hidden: usize,
    seed: u64,
) -> Result<Box<dyn LinearOperator<f64>>, Box<dyn Error>> {
    let mut rng = Stream::Draws.rng(seed, 0);
    if hidden > features {
        return Err(format!(
            "{hidden} hidden dimensions for {features} features: at most as many are allowed"
        )
        .into());
    }
    if kind == "rug" {
        return Ok(Box::new(RugOperator::new(PersianRug::random(features, hidden, &mut rng)?)));
    }
    check_memory("the encoder", 8 * 4 * features as u128 * hidden as u128)?;
    let matrix = if kind == "haar" { None } else { Some((hidden as f64).sqrt().recip()) };
    Ok(Box::new(match matrix {
        Some(scale) => Dense::new(DMatrix::from_fn(hidden, features, |_, _| {
            scale * rng.sample::<f64, _>(StandardNormal)
        }))?,
        None => Dense::of_design(&Frame::haar(features, hidden, &mut rng)?)?,
    }))
}
