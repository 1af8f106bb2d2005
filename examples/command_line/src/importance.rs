//! Arguments for the importance of the features.

use std::error::Error;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

#[derive(Debug, Args)]
#[allow(missing_docs, reason = "clap would take it for what the program does")]
pub struct ImportanceArguments {
    /// Weight of the squared error of each feature: a ratio r in (0, 1], for 1, r, r², …, or a file
    /// of n_s numbers separated by white space.
    #[arg(long, value_name = "RATIO|FILE")]
    importance: Option<Importance>,
}

#[derive(Debug, Clone)]
enum Importance {
    /// `ι_i = ratioⁱ`.
    Geometric(f64),
    File(PathBuf),
}

impl FromStr for Importance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<f64>() {
            Ok(ratio) if ratio > 0.0 && ratio <= 1.0 => Ok(Self::Geometric(ratio)),
            Ok(ratio) => Err(format!("the ratio {ratio:?} is not in (0, 1]")),
            Err(_) => Ok(Self::File(text.into())),
        }
    }
}

impl ImportanceArguments {
    /// Returns the importance of each of `features` features, or `None` if it is not given.
    pub fn list(&self, features: usize) -> Result<Option<Vec<f64>>, Box<dyn Error>> {
        let path = match &self.importance {
            None => return Ok(None),
            Some(Importance::Geometric(ratio)) => {
                return Ok(Some((0..features).map(|i| ratio.powf(i as f64)).collect()));
            }
            Some(Importance::File(path)) => path,
        };
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let number = |word: &str| {
            word.parse().map_err(|_| format!("{}: {word:?} is not a number", path.display()).into())
        };
        let list: Vec<f64> = text.split_whitespace().map(number).collect::<Result<_, Box<dyn Error>>>()?;
        if list.len() != features {
            return Err(format!("{}: {} numbers, for {features} features", path.display(), list.len()).into());
        }
        Ok(Some(list))
    }
}
