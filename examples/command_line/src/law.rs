//! Arguments for the law of the features.

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::Args;
use toy_superposition_data::LawSpec;

use crate::note;

/// Reads the law in a TOML file.
pub fn read(path: &Path) -> Result<LawSpec, Box<dyn Error + Send + Sync>> {
    let unreadable = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(&error))?;
    Ok(toml::from_str(&text).map_err(|error| unreadable(&error))?)
}

#[derive(Debug, Args)]
#[allow(missing_docs, reason = "clap would take it for what the program does")]
pub struct LawArguments {
    /// Probability p that a feature is on: independent features, magnitudes U[0, 1].
    #[arg(long, conflicts_with = "law")]
    probability: Option<f64>,
    /// Law of the features, from a TOML file: features, [switches], [magnitude] (see the README of
    /// crates/data; examples/laws has some).
    #[arg(long, value_name = "FILE.toml")]
    law: Option<PathBuf>,
}

impl LawArguments {
    /// Returns the law of `features` features. `recorded` is the law in the weight file, which is
    /// used if no argument is given. If an argument gives another law, standard error says so.
    pub fn spec(&self, features: usize, recorded: Option<&str>) -> Result<LawSpec, Box<dyn Error>> {
        let given = match (self.probability, &self.law) {
            (Some(probability), _) => Some((LawSpec::paper(features, probability), String::new())),
            (None, Some(path)) => {
                let spec = read(path).map_err(|error| error as Box<dyn Error>)?;
                Some((spec, path.display().to_string()))
            }
            (None, None) => None,
        };
        let (spec, from) = match (given, recorded.map(str::parse::<LawSpec>)) {
            (Some(given), recorded) => {
                if let Some(Ok(other)) = recorded
                    && other != given.0
                {
                    note!("note: the weight file records another law, {other}");
                }
                given
            }
            (None, Some(Ok(spec))) => (spec, "the weight file".to_owned()),
            (None, Some(Err(error))) => {
                return Err(format!("the law in the metadata of the weight file: {error}").into());
            }
            (None, None) => return Err("give --probability, or --law FILE.toml".into()),
        };
        if spec.features != features {
            let given = spec.features;
            return Err(format!("{from}: a law of {given} features, for weights of {features}").into());
        }
        Ok(spec)
    }
}
