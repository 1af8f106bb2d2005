//! The start of a descent: weights from a file, or a design at its best gain and bias.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use rand::RngExt;
use toy_superposition::data::{LawSpec, Stream};
use toy_superposition::designs::{Atlas, Candidate, Entry, blocks, whole};
use toy_superposition::model::{Autoencoder, Weights};

/// The value of `--start`.
#[derive(Debug, Clone)]
pub(crate) enum Start {
    /// `design:NAME`.
    Design(String),
    /// The path of a weight file.
    File(PathBuf),
}

impl FromStr for Start {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.strip_prefix("design:") {
            Some(name) => Self::Design(name.to_owned()),
            None => Self::File(text.into()),
        })
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Design(name) => f.write_str(name),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl Start {
    /// Returns the weights. A design has `features` features in `hidden` dimensions, and its best
    /// gain and bias for the law.
    pub(crate) fn model(
        &self,
        law: &LawSpec,
        features: usize,
        hidden: usize,
    ) -> Result<Autoencoder<f64>, Box<dyn Error>> {
        let name = match self {
            Self::File(path) => return Ok(untied(Weights::<f64>::load(path)?.model)?),
            Self::Design(name) => name,
        };
        let p = law.paper_probability().ok_or("a design to start from is for the paper's law")?;
        let entry = match plain(name).as_str() {
            "atlas" => Atlas::new(p)?.sum(features, hidden)?,
            _ => named(name, features, hidden, p)?,
        };
        Ok(entry.design.autoencoder(&entry.best.settings)?)
    }
}

/// Returns the same model with a decoder of its own.
fn untied(model: Autoencoder<f64>) -> toy_superposition::model::Result<Autoencoder<f64>> {
    let encoder = model.encoder().into_owned();
    Autoencoder::new(&encoder, &model.decoder(), &model.bias().into_owned(), model.activation())
}

/// Returns a model with noise of `size` times the root mean square of its encoder added to every
/// weight, since a symmetric design is a stationary point.
pub(crate) fn disturbed(mut model: Autoencoder<f64>, size: f64, seed: u64) -> Autoencoder<f64> {
    let unit = (model.encoder().norm_squared() / model.encoder().len() as f64).sqrt();
    let mut rng = Stream::Perturbation.rng(seed, 0);
    for weight in model.parameters_mut().as_mut() {
        *weight += size * unit * (2.0 * rng.random::<f64>() - 1.0);
    }
    model
}

/// Returns the letters and digits of a name, in lower case.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Returns the design of least loss among those of this shape whose name begins with `name`, from
/// the catalogue or else from the atlas.
fn named(name: &str, features: usize, hidden: usize, p: f64) -> Result<Entry, Box<dyn Error>> {
    const DRAWS: usize = 8;
    let begins = |other: &str| plain(other).starts_with(&plain(name));
    let of_shape = |candidate: &Candidate| {
        let mut designs = candidate.designs();
        designs.next().is_some_and(|design| (design.features(), design.hidden()) == (features, hidden))
    };
    let mut candidates = whole(features, hidden, DRAWS, 0)?;
    candidates.extend(blocks(features, 0)?.into_iter().filter(of_shape));
    let mut names: Vec<String> = candidates.iter().map(|candidate| candidate.name().to_owned()).collect();
    let found = candidates.iter().filter(|candidate| begins(candidate.name()));
    let mut found = found.map(|candidate| candidate.best(p)).collect::<Result<Vec<_>, _>>()?;
    if found.is_empty() {
        let atlas = Atlas::new(p)?;
        let entries = atlas.entries().iter();
        let of_shape =
            entries.filter(|entry| (entry.design.features(), entry.design.hidden()) == (features, hidden));
        let of_shape: Vec<&Entry> = of_shape.collect();
        names.extend(of_shape.iter().map(|entry| entry.name.clone()));
        found.extend(of_shape.into_iter().filter(|entry| begins(&entry.name)).cloned());
    }
    names.push("atlas".to_owned());
    names.sort();
    names.dedup();
    found.into_iter().min_by(|a, b| a.best.loss.total_cmp(&b.best.loss)).ok_or_else(|| {
        let names = names.join("; ");
        format!("no design {name:?} of {features} features in {hidden} dimensions; there are: {names}").into()
    })
}
