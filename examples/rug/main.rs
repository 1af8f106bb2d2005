//! A Persian rug: its statistics, its best gain and bias, its exact loss, and its picture.

mod search;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use command_line::note;
use command_line::table::{line, print};
use toy_superposition::data::{LawSpec, Moments, Stream};
use toy_superposition::designs::{RugLosses, SearchConfig, optimise};
use toy_superposition::figures;
use toy_superposition::files::check_writable;
use toy_superposition::model::{Names, Weights};
use toy_superposition::rug::{self, Cumulants, Design, MatrixFreeRug, PersianRug, welch_coherence};
use toy_superposition::theory;

/// Measures the Persian rug R = n_d⁻¹ Σ_{k ∈ S} H_ik H_kj without forming its matrix, for n_s up to
/// 2²⁰ and more, and draws it (the paper's Fig. 1).
#[derive(Parser)]
struct Arguments {
    /// Number of features n_s, a power of two.
    #[arg(long, default_value_t = 256)]
    features: usize,
    /// Number of hidden dimensions n_d, which is the size of S [default: 40]. For some sets, such
    /// as cubes and ovoid, it follows from the number of features, and a given value must agree.
    #[arg(long)]
    hidden: Option<usize>,
    /// Construction of S.
    #[arg(long, value_enum, default_value_t = Set::Random)]
    set: Set,
    /// Number of random sets to choose from: the best by exact loss if a probability is given,
    /// otherwise by coherence. For a search, the number of annealings, which run side by side.
    #[arg(long, default_value_t = 1)]
    draws: usize,
    /// Number of swaps that each annealing of a search tries.
    #[arg(long, default_value_t = SWAPS)]
    swaps: u64,
    /// Search among sets that are invariant under a group of this order, which must divide n_s − 1;
    /// n_d must be a multiple of it or one more.
    #[arg(long, default_value_t = 1)]
    symmetry: usize,
    /// Keep a checkpoint of a search in this file, and continue from it if it exists.
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    /// Seed of S.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Probability p that a feature is on; with it, gain and bias are computed by the theory and by
    /// the exact loss.
    #[arg(long)]
    probability: Option<f64>,
    /// Write the weights at the gain and bias of the least exact loss to this file (safetensors),
    /// for example to start a descent from (`mean_field --start FILE`). Needs a probability.
    #[arg(long, value_name = "FILE", requires = "probability")]
    save_weights: Option<PathBuf>,
    /// Draw the rug as OUT.png and OUT.svg; an extension .png or .svg of OUT is ignored.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print one JSON object instead of a table. Without interference (n_d = n_s), lyapunov,
    /// skewness and excess_kurtosis are omitted.
    #[arg(long)]
    json: bool,
}

const SWAPS: u64 = 200_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Set {
    /// Any set, drawn at random.
    Random,
    /// The shift of least skewness of a random set.
    LeastSkewed,
    /// A difference set (n_s = 4ᵏ, n_d = n_s/2 ± √n_s/2): equiangular.
    Difference,
    /// Simplices side by side (n_d = n_s (1 − 1/2ᵗ)); t = 1: antipodal pairs.
    Simplices,
    /// The graph of the cube over GF(2ᵏ) (n_s = 4ᵏ, n_d = 2ᵏ): low coherence.
    Cubes,
    /// An ovoid over GF(q), q = 2ᵉ (n_s = q⁴, n_d = (q² + 1)(q − 1)): few large negative entries
    /// and many small positive ones.
    Ovoid,
    /// The set of least exact loss that simulated annealing finds (needs a probability; n_s up to
    /// 4096, with --symmetry up to 32768).
    Search,
    /// A set of odd rows (n_d ≤ n_s/2), drawn at random: no two add up to a third, and the skewness
    /// is least.
    SumFree,
}

impl Set {
    /// Returns whether there are many sets of this kind and shape, so that one has to be drawn.
    fn drawn(self) -> bool {
        matches!(self, Self::Random | Self::LeastSkewed | Self::SumFree | Self::Search)
    }
}

/// Returns the gain and the (raw) bias of the theory for Gaussian interference.
fn theoretical(rug: &PersianRug, p: f64) -> Result<(f64, f64), Box<dyn Error>> {
    let optimum = theory::optimum_at_ratio(p, rug.ratio())?;
    Ok((optimum.a, rug.raw_bias(optimum.a, optimum.effective_bias, &Moments::uniform(p)?)))
}

/// Returns the exact loss; all rows are alike.
fn exact_loss(rug: &PersianRug, a: f64, bias: f64, p: f64) -> Result<f64, Box<dyn Error>> {
    Ok(MatrixFreeRug::<f64>::new(rug.clone(), a, bias)?.exact_loss(p)?.loss)
}

fn choose(arguments: &Arguments) -> Result<PersianRug, Box<dyn Error>> {
    const HIDDEN: usize = 40;
    let &Arguments { features, set, draws, seed, probability, .. } = arguments;
    let hidden = arguments.hidden.unwrap_or(HIDDEN);
    let cost = |rug: &PersianRug| -> Result<f64, Box<dyn Error>> {
        let Some(p) = probability else { return Ok(rug.statistics().coherence) };
        let (a, bias) = theoretical(rug, p)?;
        exact_loss(rug, a, bias, p)
    };
    let rng = &mut Stream::Draws.rng(seed, 0);
    let mut draw = || match set {
        Set::SumFree => PersianRug::sum_free(features, hidden, rng),
        Set::LeastSkewed => Ok(PersianRug::random(features, hidden, rng)?.least_skewed()),
        _ => PersianRug::random(features, hidden, rng),
    };
    let rug = match set {
        Set::Difference => PersianRug::difference_set(features, hidden, false)?,
        Set::Simplices => PersianRug::simplices(features, features / features.saturating_sub(hidden).max(1))?,
        Set::Cubes => PersianRug::cubes(features)?,
        Set::Ovoid => PersianRug::ovoid(features)?,
        Set::Search => {
            let p =
                probability.ok_or("--set search needs a --probability: it looks for the least exact loss")?;
            let mut config = SearchConfig::new(features, hidden, p);
            config.symmetry = arguments.symmetry;
            (config.seed, config.restarts, config.swaps) = (seed, draws, arguments.swaps);
            search::search(config, arguments.checkpoint.as_deref(), command_line::interrupt()?)?
        }
        _ if draws == 1 => draw()?,
        _ => PersianRug::best_of(draws, draw, |rug| cost(rug).unwrap_or(f64::NAN))?,
    };
    match arguments.hidden.unwrap_or_else(|| rug.hidden()) {
        given if given != rug.hidden() => {
            let what = "hidden dimensions of this set";
            Err(rug::Error::Length { what, given, expected: rug.hidden() }.into())
        }
        _ => Ok(rug),
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    /// Greatest number of features of a picture, which has a point for each entry of R.
    const DRAWN: usize = 4096;
    let &Arguments { features, seed, set, .. } = arguments;
    if let Some(out) = &arguments.out {
        if features > DRAWN {
            return Err(format!("--out draws rugs of up to {DRAWN} features, not of {features}").into());
        }
        figures::check_writable(out)?;
    }
    for path in [&arguments.checkpoint, &arguments.save_weights].into_iter().flatten() {
        check_writable(path)?;
    }
    let of_search = arguments.symmetry != 1 || arguments.swaps != SWAPS || arguments.checkpoint.is_some();
    if set != Set::Search && of_search {
        return Err("--swaps, --symmetry and --checkpoint are for --set search".into());
    }
    if !set.drawn() && (arguments.draws, seed) != (1, 0) {
        return Err("--draws and --seed are for random sets: of this kind there is one".into());
    }
    let rug = choose(arguments)?;
    let hidden = rug.hidden();
    let start = Instant::now();
    let statistics = rug.statistics();
    let seconds = start.elapsed().as_secs_f64();
    let span = rug.span();
    if let Some(warning) = span.warning() {
        note!("warning: {warning}");
    }
    let has_zero = rug.rows()[0] == 0;
    let mut lines = vec![
        line("features", features, "n_s"),
        line("hidden", hidden, "n_d"),
        line("seed", seed, "of the set S, if it is drawn"),
        line("probability", arguments.probability, "p"),
        line("holds_zero", has_zero, "whether S holds 0, the row of ones"),
        line("rank", span.rank, "dimension of the span of S"),
        line("aliases", span.aliases(), "number of features that share each column of the encoder"),
        line("antipodal", span.antipodal, "whether features come in pairs with opposite columns"),
        line(
            "off_diagonal_sum",
            statistics.sum,
            "Σ_{j≠i} R_ij: n_s/n_d − 1 if S holds 0, the row of ones, else −1",
        ),
        line("squares", statistics.squares, "Σ_{j≠i} R_ij²: n_s/n_d − 1, the least there is"),
        line("coherence", statistics.coherence, "max |R_ij|, i ≠ j"),
        line("welch_coherence", welch_coherence(features, hidden), "the least there is"),
        line("lyapunov", statistics.lyapunov(), "Λ (eq. 3)"),
        line("seconds", seconds, "for these statistics"),
    ];
    if let Some(p) = arguments.probability {
        let interference = statistics.interference(&Cumulants::uniform(p)?);
        let optimum = theory::optimum_at_ratio(p, rug.ratio())?;
        let (a, bias) = theoretical(&rug, p)?;
        let best = optimise(&rug, p, true)?;
        if let Some(path) = &arguments.save_weights {
            let mut weights = Weights::new(rug.autoencoder(&best.settings)?);
            let law = LawSpec::paper(features, p).to_string();
            weights.metadata.insert(LawSpec::METADATA_KEY.to_owned(), law);
            weights.save(path, Names::Own)?;
        }
        lines.extend([
            line("skewness", interference.skewness(), "of the interference"),
            line("excess_kurtosis", interference.excess_kurtosis(), "of the interference"),
            line("theory_a", a, "gain of the Gaussian optimum"),
            line("theory_b", bias, "its bias to be added"),
            line("theory_loss", optimum.loss, "Gaussian optimum"),
            line("loss_at_theory", exact_loss(&rug, a, bias, p)?, "exact loss at that gain and bias"),
            line("a", best.settings[0].a, "gain of the least exact loss"),
            line("b", best.settings[0].bias, "its bias"),
            line("ones", best.settings[0].ones, "its coefficient of the all-ones direction, if S holds 0"),
            line("loss", best.loss, "least exact loss"),
        ]);
    }
    print(arguments.json, &lines);
    if let Some(out) = &arguments.out {
        let chosen =
            set.to_possible_value().map(|value| value.get_name().replace('-', " ")).unwrap_or_default();
        let figure = figures::Rug {
            features,
            values: rug.to_matrix::<f64>().transpose().as_slice().to_vec(),
            limit: None,
            caption: format!("Persian rug: $n_s = {features}$, $n_d = {hidden}$, $S$ {chosen}, seed {seed}."),
        };
        let written = figures::rug(&figure, out)?;
        note!("wrote {} and {}", written.png.display(), written.svg.display());
    }
    Ok(())
}

fn main() -> ExitCode {
    command_line::start(run)
}
