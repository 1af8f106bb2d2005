//! The phase map: which regime is optimal, and where dropping features pays.

use toy_superposition_figures::{Boundary, PhaseMap, Scale};
use toy_superposition_theory::{self as theory, Envelope, Feature, Regime};

use crate::Values;

/// Returns the regimes of the symmetric optimum over (p, r), with the tangent points of the lower
/// convex envelope: below one ratio it is better to drop some features, above another it is better
/// to keep some apart. The map needs no records.
///
/// # Errors
/// The theory does not fail at the p and r of the map.
pub fn phase_map() -> theory::Result<PhaseMap> {
    let probabilities = Values::EvenRatios { logspace: (1e-3, 1.0, 91) }.numbers().collect::<Vec<_>>();
    let ratios = Values::Even { linspace: (0.005, 0.995, 100) }.numbers().collect::<Vec<_>>();
    let optima = theory::phase_map(&probabilities, &ratios)?;
    // The third regime, off, needs a smaller p or r.
    let regime = |optimum: &theory::Optimum| match optimum.regime {
        Regime::Rectified => Some(0),
        Regime::Linear => Some(1),
        Regime::Off => None,
    };
    let (mut dropping, mut separating) = (Vec::new(), Vec::new());
    for &p in &probabilities {
        let envelope = Envelope::new(Feature::uniform(p)?)?;
        dropping.push((p, envelope.dropping_below()));
        if envelope.separating_above() < 1.0 {
            separating.push((p, envelope.separating_above()));
        }
    }
    let boundary = |name: &str, points| Boundary { name: name.to_owned(), points };
    Ok(PhaseMap {
        names: ["rectified", "linear"].map(str::to_owned).to_vec(),
        regimes: optima.iter().map(regime).collect(),
        boundaries: vec![
            boundary("below: drop features", dropping),
            boundary("above: keep features apart", separating),
        ],
        probability_scale: Scale::Log,
        ratio_scale: Scale::Linear,
        ratio_label: None,
        caption: "The symmetric optimum for Gaussian interference at the Welch bound, and where the lower convex \
                  envelope in $r$ lies below it: mixtures that drop some features, or give some a dimension each, \
                  are better there. Closed form; no seed."
            .to_owned(),
        probabilities,
        ratios,
    })
}
