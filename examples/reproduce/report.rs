//! `report.md`: every number with its error, and in words where the paper's claim holds and where it does not.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::cell::Outcome;
use crate::family::Family;

/// Standard errors from which a difference counts.
const SIGNIFICANT: f64 = 3.0;

/// The report, and the sentences that matter most.
pub(crate) struct Report {
    pub(crate) text: String,
    pub(crate) summary: String,
}

/// How one kind of loss compares with the theory over some cells.
struct Comparison {
    below: usize,
    within: usize,
    above: usize,
    lowest: f64,
    highest: f64,
    mean: f64,
}

fn compare<'a>(cells: impl Iterator<Item = &'a Outcome>, of: fn(&Outcome) -> (f64, f64)) -> Comparison {
    let (mut below, mut within, mut above) = (0, 0, 0);
    let (mut lowest, mut highest, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
    for cell in cells {
        let (loss, error) = of(cell);
        match (loss - cell.theory_loss) / error {
            z if z < -SIGNIFICANT => below += 1,
            z if z > SIGNIFICANT => above += 1,
            _ => within += 1,
        }
        let relative = loss / cell.theory_loss - 1.0;
        lowest = relative.min(lowest);
        highest = relative.max(highest);
        sum += relative;
    }
    let mean = sum / (below + within + above) as f64;
    Comparison { below, within, above, lowest, highest, mean }
}

impl Comparison {
    fn sentence(&self, what: &str) -> String {
        let Self { below, within, above, lowest, highest, mean } = self;
        format!(
            "{what}: {below} of {} below the theory, {within} within {SIGNIFICANT} standard errors of it, {above} above; \
             relative difference {:+.1} % … {:+.1} %, mean {:+.1} %.",
            below + within + above,
            100.0 * lowest,
            100.0 * highest,
            100.0 * mean
        )
    }
}

fn trained(cell: &Outcome) -> (f64, f64) {
    (cell.trained_loss, cell.trained_standard_error)
}

fn rug(cell: &Outcome) -> (f64, f64) {
    (cell.rug_loss, cell.rug_standard_error)
}

pub(crate) fn write(
    family: &Family,
    outcomes: &[Outcome],
    seed: u64,
    figures: &[(String, PathBuf)],
) -> Report {
    let mut summary = String::new();
    for &features in &family.features {
        let cells = || outcomes.iter().filter(move |cell| cell.features == features);
        let _ = writeln!(summary, "n_s = {features}");
        let _ = writeln!(summary, "  {}", compare(cells(), trained).sentence("trained"));
        let _ = writeln!(summary, "  {}", compare(cells(), rug).sentence("Persian rug"));
    }

    let mut text = format!(
        "# Trained models, Persian rugs, linear models and theory\n\n\
         Preset `{}`, seed {seed}. Models are trained by the recipe of the paper's released code (at most {} epochs of \
         30 steps) and measured on {} fresh samples, as are the rugs (random S, and a and b from the theory). `±` is one \
         standard error of that measurement: it does not hold how much another seed would differ. The theory is the \
         symmetric optimum for Gaussian interference at the Welch bound; the linear model is exact. All losses are per \
         feature, divided by p.\n\n## In short\n\n",
        family.name, family.max_epochs, family.samples
    );
    for &features in &family.features {
        let cells = || outcomes.iter().filter(move |cell| cell.features == features);
        let _ = writeln!(text, "- n_s = {features}, {}", compare(cells(), trained).sentence("trained"));
        let _ = writeln!(text, "- n_s = {features}, {}", compare(cells(), rug).sentence("Persian rug"));
    }
    text.push('\n');
    text.push_str(&verdict(outcomes));
    for (caption, path) in figures {
        let name = path.file_name().map(Path::new).unwrap_or(path).display();
        let _ = write!(text, "\n![{caption}]({name})\n\n*{caption}*\n");
    }
    let _ = write!(text, "\n## Every model\n");
    for &features in &family.features {
        let _ = write!(
            text,
            "\n### n_s = {features}\n\n\
             | p | n_d | r | steps | trained | rug | theory | linear | (trained − theory)/theory | in standard errors |\n\
             |---|---|---|---|---|---|---|---|---|---|\n"
        );
        let mut cells: Vec<_> = outcomes.iter().filter(|cell| cell.features == features).collect();
        cells.sort_by(|a, b| a.probability.total_cmp(&b.probability).then(a.hidden.cmp(&b.hidden)));
        for cell in cells {
            let p = cell.probability;
            let _ = writeln!(
                text,
                "| {p:.4} | {} | {:.4} | {} | {:.5} ± {:.5} | {:.5} ± {:.5} | {:.5} | {:.5} | {:+.1} % | {:+.1} |",
                cell.hidden,
                cell.ratio,
                cell.steps,
                cell.trained_loss / p,
                cell.trained_standard_error / p,
                cell.rug_loss / p,
                cell.rug_standard_error / p,
                cell.theory_loss / p,
                cell.linear_loss / p,
                100.0 * (cell.trained_loss / cell.theory_loss - 1.0),
                (cell.trained_loss - cell.theory_loss) / cell.trained_standard_error,
            );
        }
    }
    Report { text, summary: summary.trim_end().to_owned() }
}

/// What the numbers say of the paper's claim that trained models, rugs and theory agree.
fn verdict(outcomes: &[Outcome]) -> String {
    let all = compare(outcomes.iter(), trained);
    let rugs = compare(outcomes.iter(), rug);
    let beaten = outcomes.iter().filter(|cell| {
        let error = cell.trained_standard_error.hypot(cell.rug_standard_error);
        cell.rug_loss - cell.trained_loss > SIGNIFICANT * error
    });
    let nonlinear = outcomes
        .iter()
        .filter(|cell| cell.linear_loss - cell.trained_loss > SIGNIFICANT * cell.trained_standard_error);
    let off_by = |cell: &&Outcome| (cell.trained_loss - cell.theory_loss) / cell.trained_standard_error;
    let below = outcomes.iter().filter(|cell| off_by(cell) < -SIGNIFICANT);
    // Were these rows' interference Gaussian, they would do worse than they do.
    let heavy_tailed = below
        .filter(|cell| cell.gaussian_loss - cell.trained_loss > SIGNIFICANT * cell.trained_standard_error);
    let above = outcomes.iter().filter(|cell| off_by(cell) > SIGNIFICANT);
    let dropping = above.filter(|cell| cell.dropped > 0);
    let agree = if all.within == outcomes.len() { "agree" } else { "do not agree" };
    format!(
        "At these sizes trained models and the Gaussian theory **{agree}** within {SIGNIFICANT} standard errors.\n\n\
         - {} of {} models are **below** the theory. In {} of these, Gaussian interference with the mean and variance of \
         the model's own rows would give a higher loss than was measured: their gain comes from interference that is not \
         Gaussian, which the theory does not cover.\n\
         - {} are **above** it; {} of these have dropped features (`dropped` in results.csv).\n\
         - {} models beat the rug, {} beat the optimal linear model.\n\
         - The rugs are within {SIGNIFICANT} standard errors of the theory in {} cells, below it in {}, above in {}: at \
         finite n_s their interference is not quite Gaussian either.\n",
        all.below,
        outcomes.len(),
        heavy_tailed.count(),
        all.above,
        dropping.count(),
        beaten.count(),
        nonlinear.count(),
        rugs.within,
        rugs.below,
        rugs.above,
    )
}
