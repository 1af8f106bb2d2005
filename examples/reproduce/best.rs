//! The models beside the best known weights: is what the paper calls the optimum one?

use std::fmt::Write;

use toy_superposition::designs::{Atlas, Family};
use toy_superposition::sweep::{Model, Record};

use crate::compare::number;
use crate::report::trained;

/// What counts as far below the trained models.
const FAR: f64 = 0.85;
/// More points are counted, not listed.
const MOST_ROWS: usize = 150;

/// The mean of the losses of one kind at the point of `here`, and their standard deviation over the
/// seeds.
fn mean(records: &[Record], here: &Record, kind: Model) -> Option<(f64, f64, usize)> {
    let of = |record: &&Record| record.kind == kind && same(record, here);
    let losses: Vec<f64> = records.iter().filter(of).map(|record| record.best_loss().0).collect();
    let count = losses.len();
    let mean = losses.iter().sum::<f64>() / count as f64;
    let squares: f64 = losses.iter().map(|loss| (loss - mean).powi(2)).sum();
    (count > 0).then(|| (mean, (squares / (count.max(2) - 1) as f64).sqrt(), count))
}

fn same(one: &Record, other: &Record) -> bool {
    (one.features, one.hidden) == (other.features, other.hidden) && one.probability == other.probability
}

/// The table of all points at which models were trained, and what it says.
pub(crate) fn section(
    text: &mut String,
    records: &[Record],
) -> Result<(), toy_superposition::designs::Error> {
    let mut points: Vec<&Record> = Vec::new();
    for record in trained(records) {
        if !points.iter().any(|other| same(record, other)) {
            points.push(record);
        }
    }
    points.sort_by(|a, b| a.probability.total_cmp(&b.probability).then(a.ratio.total_cmp(&b.ratio)));
    let (mut far, mut below, mut rows) = (0, 0, String::new());
    let mut atlas: Option<[Atlas; 3]> = None;
    for &point in &points {
        let (p, ratio) = (point.probability, point.ratio);
        if atlas.as_ref().is_none_or(|atlas| atlas[0].probability() != p) {
            let all = Atlas::new(p)?;
            let graphs = all.among(|entry| entry.family == Family::Graphs);
            let ovoid = all.among(|entry| entry.name.starts_with("ovoid"));
            atlas = Some([all, graphs, ovoid]);
        }
        let Some(atlas) = &atlas else { continue };
        let mut best = Vec::new();
        for atlas in atlas {
            best.push(atlas.best(ratio)?.loss);
        }
        let Some((loss, spread, seeds)) = mean(records, point, Model::Trained) else { continue };
        let spread = if seeds > 1 { format!(" ± {}", number(spread / p, 4)) } else { String::new() };
        far += usize::from(best[0] <= FAR * loss);
        below += usize::from(point.theory_loss.is_some_and(|theory| best[0] < theory));
        let rug = mean(records, point, Model::Rug).map(|rug| number(rug.0 / p, 4)).unwrap_or_default();
        let theory = point.theory_loss.map(|loss| number(loss / p, 4)).unwrap_or_default();
        let _ = writeln!(
            rows,
            "| {} | {} | {} | {} | {seeds} | {}{spread} | {theory} | {rug} | {} | {} | {} | {} |",
            number(p, 4),
            point.features,
            point.hidden,
            number(ratio, 3),
            number(loss / p, 4),
            number(best[2] / p, 4),
            number(best[1] / p, 4),
            number(best[0] / p, 4),
            number(best[0] / loss, 2),
        );
    }
    let all = points.len();
    let _ = write!(
        text,
        "\n## Is the rug's loss the optimum?\n\n\
         The paper argues that the loss of the rug is the optimum. The best known weights, sums of blocks in the limit of many \
         features, are below the symmetric optimum for Gaussian interference at {below} of {all} points, and at {far} of them \
         they lose at most {FAR} of what was trained: {}. Losses over p; trained: mean and standard deviation over the seeds; \
         ovoid: blocks (256, 51) of it beside dropped or lossless features; graphs: sums of strongly regular graphs.\n",
        if below > 0 {
            "it is the optimum of its theory, not of the problem"
        } else {
            "nothing here contradicts it"
        },
    );
    if all <= MOST_ROWS {
        let _ = write!(
            text,
            "\n| p | n_s | n_d | r | seeds | trained | theory | rug | ovoid | graphs | best known | best known/trained |\n\
             |---|---|---|---|---|---|---|---|---|---|---|---|\n{rows}"
        );
    }
    Ok(())
}
