//! How well losses are predicted from the weights.

use std::fmt::Write;

use toy_superposition::sweep::Record;

use crate::compare::{number, quantiles, trained};
use crate::report::Section;

/// Returns the section that compares exact, Edgeworth and Gaussian losses with measured ones.
/// Returns `None` if no model has any.
pub(crate) fn section(records: &[Record]) -> Option<Section> {
    let (mut finding, mut numbers) = (String::new(), String::new());
    for (name, of) in [
        ("Gaussian", (|r: &Record| r.gaussian_loss) as fn(&Record) -> Option<f64>),
        ("Edgeworth", |r: &Record| r.edgeworth_loss),
    ] {
        let relative = trained(records).filter_map(|r| Some((of(r)? / r.best_loss().0 - 1.0).abs()));
        let Some([_, median, largest]) = quantiles(relative) else { continue };
        let (median, largest) = (number(100.0 * median, 2), number(100.0 * largest, 1));
        let _ = match name {
            "Gaussian" => write!(
                finding,
                "Taking the interference of a model's own weights for Gaussian gives a loss that is off by {median} % in \
                 the median and by {largest} % at most."
            ),
            _ => write!(
                finding,
                "{}With the third and fourth cumulants (Edgeworth) it is off by {median} % in the median and by {largest} % at \
                 most.",
                if finding.is_empty() { "" } else { " " }
            ),
        };
    }
    let scores = trained(records).filter(|record| record.exact_standard_error == Some(0.0));
    let scores = scores.filter_map(|r| Some((r.loss - r.exact_loss?) / r.standard_error));
    // Where no feature is on in any sample, there is no standard error.
    let scores = scores.filter(|score| score.is_finite());
    if let Some([least, _, largest]) = quantiles(scores.clone()) {
        let squares: f64 = scores.clone().map(|score| score * score).sum();
        let _ = writeln!(
            numbers,
            "The exact loss of the weights is what was measured: the differences are {least:+.1} … {largest:+.1} standard \
             errors, with a root mean square of {:.2} over {} models. Models of one seed and n_s share their samples.",
            (squares / scores.clone().count() as f64).sqrt(),
            scores.count()
        );
    }
    (!finding.is_empty()).then_some(Section {
        title: "Do mean and variance of the interference fix the loss?",
        paper: "Interference is a sum of many terms and becomes Gaussian, so that the sum and the sum of squares of a \
                row are all that matters (§4.1).",
        finding,
        figures: &["predictions"],
        numbers,
    })
}
