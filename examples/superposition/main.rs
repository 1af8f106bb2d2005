//! The experiments of Elhage et al., "Toy models of superposition" (2022), and learning
//! coefficients, singly or all.

mod adversarial;
mod correlated;
mod dynamics;
mod features;
mod geometry;
mod learning_coefficients;
mod options;
mod phases;
mod polygons;
mod solve;
mod trained;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use command_line::say;
use options::Options;
use serde_json::{Map, Value};

/// Repeats the experiments of Elhage et al., "Toy models of superposition" (2022).
///
/// The models are y = ReLU(WᵀW x + b). Features are on with probability p (a sparsity of S = 1 − p)
/// and then have magnitudes U[0, 1]. Small models descend the exact expected loss from several
/// random starts, without samples; large ones are trained on samples. Without a COMMAND, all
/// experiments of Elhage et al. run in turn. The results are described in docs/superposition.md.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: Options,
}

#[derive(Subcommand, Clone, Copy)]
enum Command {
    /// Which features are represented, by importance and sparsity: W and b of 20 features in 5
    /// dimensions.
    Features,
    /// Dimensions taken up by each of 400 features in 30 dimensions, and on average, against 1/(1 −
    /// S).
    Geometry,
    /// Features in the plane: pentagons, pairs and other polygons.
    Polygons,
    /// Whether a feature is not represented, superposed or has a dimension of its own, over
    /// importance and p, for 2 features in 1 dimension and 3 in 2.
    Phases,
    /// Dimensionalities of features during training, and the paths of their vectors.
    Dynamics,
    /// Correlated and anticorrelated features: antipodes, octahedra, the mean of a pair.
    Correlated,
    /// Effect of a small change of the input, against the number of features per dimension.
    Adversarial,
    /// Degeneracy of minima: local learning coefficients of polygons and designs, by Langevin
    /// dynamics on the exact loss, beside known ones.
    LearningCoefficients,
    /// All experiments of Elhage et al., which is the default.
    All,
}

impl Command {
    /// The experiments of Elhage et al.
    const EACH: [Self; 7] = [
        Self::Features,
        Self::Geometry,
        Self::Polygons,
        Self::Phases,
        Self::Dynamics,
        Self::Correlated,
        Self::Adversarial,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Features => "features",
            Self::Geometry => "geometry",
            Self::Polygons => "polygons",
            Self::Phases => "phases",
            Self::Dynamics => "dynamics",
            Self::Correlated => "correlated",
            Self::Adversarial => "adversarial",
            Self::LearningCoefficients => "learning_coefficients",
            Self::All => "all",
        }
    }

    /// Returns the names of the figures that the experiment draws.
    fn figures(self) -> &'static [&'static str] {
        match self {
            Self::Features => features::FIGURES,
            Self::Geometry => geometry::FIGURES,
            Self::Polygons => polygons::FIGURES,
            Self::Phases => phases::FIGURES,
            Self::Dynamics => dynamics::FIGURES,
            Self::Correlated => correlated::FIGURES,
            Self::Adversarial => adversarial::FIGURES,
            Self::LearningCoefficients => learning_coefficients::FIGURES,
            Self::All => &[],
        }
    }

    fn run(self, options: &Options) -> Result<Value, Box<dyn Error>> {
        match self {
            Self::Features => features::run(options),
            Self::Geometry => geometry::run(options),
            Self::Polygons => polygons::run(options),
            Self::Phases => phases::run(options),
            Self::Dynamics => dynamics::run(options),
            Self::Correlated => correlated::run(options),
            Self::Adversarial => adversarial::run(options),
            Self::LearningCoefficients => learning_coefficients::run(options),
            Self::All => Ok(Value::Null),
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let options = &arguments.options;
    let (asked, one) = match arguments.command {
        None | Some(Command::All) => (Command::EACH.to_vec(), false),
        Some(command) => (vec![command], true),
    };
    options.prepare(asked.iter().flat_map(|command| command.figures()))?;
    let mut found = Map::new();
    for (k, command) in asked.iter().enumerate() {
        if !one && !options.json {
            say!("{}{}", if k > 0 { "\n" } else { "" }, command.name().to_uppercase());
        }
        found.insert(command.name().to_owned(), command.run(options)?);
    }
    if options.json {
        let only = found.values().next().filter(|_| one).cloned();
        say!("{}", only.unwrap_or(Value::Object(found)));
    }
    Ok(())
}

fn main() -> ExitCode {
    command_line::start(run)
}
