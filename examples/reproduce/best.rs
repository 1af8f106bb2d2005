//! The models beside the best known weights, to decide whether the paper's optimum is one.

use toy_superposition::designs::{Atlas, AtlasMixture, Error, Family};
use toy_superposition::sweep::{Model, Record};

use crate::compare::{number, trained};
use crate::report::Section;

/// Ratio to the trained models' loss that counts as far below.
const FAR: f64 = 0.85;
/// Greatest number of points listed; the others are counted.
const MOST_ROWS: usize = 150;
/// The p and r of the headline; the nearest point is taken.
const HEADLINE: (f64, f64) = (0.05, 0.25);

/// Mean, standard deviation and number of the losses of models that differ only in their seeds.
type Losses = (f64, f64, usize);

/// Returns the losses of one kind of model at the point of `here`.
fn losses(records: &[Record], here: &Record, kind: Model) -> Option<Losses> {
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

/// An n_s, n_d and p at which models were trained, and the losses there.
pub(crate) struct Point<'a> {
    record: &'a Record,
    trained: Losses,
    rug: Option<Losses>,
    ovoid: f64,
    graphs: f64,
    best: AtlasMixture,
}

/// Returns all points at which models were trained, in increasing order of p and r.
pub(crate) fn points(records: &[Record]) -> Result<Vec<Point<'_>>, Error> {
    let mut first: Vec<&Record> = Vec::new();
    for record in trained(records) {
        if !first.iter().any(|other| same(record, other)) {
            first.push(record);
        }
    }
    first.sort_by(|a, b| a.probability.total_cmp(&b.probability).then(a.ratio.total_cmp(&b.ratio)));
    let mut points = Vec::new();
    let mut atlas: Option<[Atlas; 3]> = None;
    for record in first {
        let (p, ratio) = (record.probability, record.ratio);
        if atlas.as_ref().is_none_or(|atlas| atlas[0].probability() != p) {
            let all = Atlas::new(p)?;
            let graphs = all.among(|entry| entry.family == Family::Graphs);
            let ovoid = all.among(|entry| entry.name.starts_with("ovoid"));
            atlas = Some([all, graphs, ovoid]);
        }
        let Some([all, graphs, ovoid]) = &atlas else { continue };
        let (best, graphs, ovoid) = (all.best(ratio)?, graphs.best(ratio)?.loss, ovoid.best(ratio)?.loss);
        let rug = losses(records, record, Model::Rug);
        let Some(trained) = losses(records, record, Model::Trained) else { continue };
        points.push(Point { record, trained, rug, ovoid, graphs, best });
    }
    Ok(points)
}

/// Returns the point with a rug that is nearest to the headline's, at the largest n_s.
pub(crate) fn nearest<'a>(points: &'a [Point<'a>]) -> Option<&'a Point<'a>> {
    let distance = |point: &Point<'_>| {
        (point.record.probability / HEADLINE.0).ln().abs() + (point.record.ratio / HEADLINE.1).ln().abs()
    };
    points
        .iter()
        .filter(|point| point.rug.is_some())
        .min_by(|a, b| distance(a).total_cmp(&distance(b)).then(b.record.features.cmp(&a.record.features)))
}

impl Point<'_> {
    pub(crate) fn probability(&self) -> f64 {
        self.record.probability
    }

    /// Returns the losses of the rug, the trained model and the best known weights, with the design
    /// of the latter.
    pub(crate) fn headline(&self) -> Option<String> {
        let (Record { probability, features, hidden, .. }, best) = (self.record, self.best.loss);
        let over_p = |loss: f64| format!("{} p", number(loss / probability, 4));
        let ((trained, _, _), (rug, _, _)) = (self.trained, self.rug?);
        let title = if best < trained.min(rug) {
            "A Persian rug with a random set S is not the optimum, and neither is what training finds"
        } else {
            "No weights are known that are better than the rug and what training finds here"
        };
        let parts = self.best.parts.iter();
        let parts =
            parts.map(|part| format!("{} ({:.0} % of the features)", part.entry.name, 100.0 * part.share));
        Some(format!(
            "**{title}.** At p = {} with {features} features in {hidden} dimensions, the rug loses {}, the trained model \
             {}, and the best known weights {} in the limit of many features. They are constructed, not trained: copies of \
             {}, where (n, d) stands for n features in d dimensions.",
            number(*probability, 4),
            over_p(rug),
            over_p(trained),
            over_p(best),
            parts.collect::<Vec<_>>().join(" and "),
        ))
    }

    fn row(&self) -> String {
        let Self { record, trained, rug, ovoid, graphs, best } = self;
        let over_p = |loss: f64| number(loss / record.probability, 4);
        let (mean, deviation, seeds) = *trained;
        let spread = if seeds > 1 { format!(" ± {}", over_p(deviation)) } else { String::new() };
        format!(
            "| {} | {} | {} | {} | {} | {}{spread} | {} | {} | {} | {} | {} | {} |\n",
            number(record.probability, 4),
            record.features,
            record.hidden,
            number(record.ratio, 3),
            seeds,
            over_p(mean),
            record.theory_loss.map(over_p).unwrap_or_default(),
            rug.map(|(rug, _, _)| over_p(rug)).unwrap_or_default(),
            over_p(*ovoid),
            over_p(*graphs),
            over_p(best.loss),
            number(best.loss / mean, 2),
        )
    }
}

/// Returns the section on whether the loss of the rug is the optimum, or `None` if no models were
/// trained.
pub(crate) fn section(points: &[Point<'_>]) -> Option<Section> {
    let all = points.len();
    let far = points.iter().filter(|point| point.best.loss <= FAR * point.trained.0).count();
    let below = |point: &&Point<'_>| point.record.theory_loss.is_some_and(|theory| point.best.loss < theory);
    let below = points.iter().filter(below).count();
    let mut numbers = String::new();
    if all <= MOST_ROWS {
        numbers.push_str(
            "Losses are divided by p. *Trained* is the mean over the seeds ± their standard deviation. The columns \
             of weights without training are for many features: *ovoid* uses blocks of 256 features in 51 dimensions beside dropped or \
             lossless features, *graphs* are sums of strongly regular graphs, and *best known* is the best of all.\n\n\
             | p | n_s | n_d | r | seeds | trained | theory | rug | ovoid | graphs | best known | best known/trained |\n\
             |---|---|---|---|---|---|---|---|---|---|---|---|\n",
        );
        numbers.extend(points.iter().map(Point::row));
    }
    (all > 0).then(|| Section {
        title: "Is the rug's loss the optimum?",
        paper: "All features come to be treated alike, and the Persian rug has the least loss of all weights that do so, \
                which makes it the symmetric optimum (§4.2).",
        finding: format!(
            "The best known weights are below the theory at {below} of {all} points, and at {far} of them they lose at \
             most {FAR} of what the trained models lose. {} `docs/designs.md` says how the weights are made. The phase \
             map shows where dropping some features is better than the theory even for Gaussian interference.",
            if below > 0 {
                "So the rug's loss is the optimum of weights that treat all features alike, for Gaussian interference, and \
                 not the optimum of the problem."
            } else {
                "Nothing here contradicts the paper."
            },
        ),
        figures: &["phase_map"],
        numbers,
    })
}
