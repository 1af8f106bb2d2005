//! The losses of trained models beside those of the rug, the theory and the linear model.

use std::fmt::Write;

use toy_superposition::model::Shape;
use toy_superposition::sweep::{Model, Record, Superposition};

use crate::compare::{
    KINDS, SIGNIFICANT, Side, TOLERANCE, beside, compare, percent, quantiles, side, trained,
};
use crate::report::Section;

/// Returns the losses of each kind of model relative to the theory, by n_s.
pub(crate) fn summary(records: &[Record]) -> String {
    let mut text = String::new();
    let records: Vec<&Record> = records.iter().filter(|record| record.law.is_none()).collect();
    let mut sizes: Vec<usize> = records.iter().map(|record| record.features).collect();
    sizes.sort_unstable();
    sizes.dedup();
    for features in sizes {
        let records: Vec<&Record> =
            records.iter().copied().filter(|record| record.features == features).collect();
        let sentences = KINDS.into_iter().filter_map(|kind| compare(&records, kind));
        text.extend(sentences.map(|sentence| format!("- n_s = {features}, {sentence}\n")));
    }
    text
}

fn on(records: &[Record], wanted: Side) -> impl Iterator<Item = &Record> + Clone {
    trained(records).filter(move |record| side(record) == Some(wanted))
}

/// Returns the finding on trained models in a sentence or two.
pub(crate) fn headline(records: &[Record], settings: &Superposition) -> String {
    let relative = trained(records).map(|record| record.relative_to_theory().0);
    let range = quantiles(relative)
        .map(|[least, _, most]| format!("; the differences are {} to {}", percent(least), percent(most)));
    let short = match (settings.max_epochs, settings.steps) {
        (Some(most), _) => {
            let bound = |record: &Record| {
                settings.recipe(Shape::new(record.features, record.hidden).ok()?).ok()?.most_steps()
            };
            match trained(records).filter(|record| record.steps == bound(record)).count() {
                0 => String::new(),
                cut => format!(
                    " Training was cut off after {most} epochs in {cut} of them. These show that everything runs, and \
                     not what training finds."
                ),
            }
        }
        (None, Some(steps)) => format!(" Each was trained for {steps} steps."),
        (None, None) => String::new(),
    };
    format!(
        "**What trained models do.** Of {} models, {} have the loss of the theory, {} a lower one and {} a higher one{}. In {} \
         models some features were dropped.{short}",
        trained(records).count(),
        on(records, Side::Within).count(),
        on(records, Side::Below).count(),
        on(records, Side::Above).count(),
        range.unwrap_or_default(),
        trained(records).filter(|record| record.dropped > Some(0)).count(),
    )
}

/// Returns the section on whether trained models have the loss of the theory, or `None` if no
/// models were trained.
pub(crate) fn section(records: &[Record]) -> Option<Section> {
    let all = trained(records).count();
    let differs = |difference: f64, error: f64| difference > SIGNIFICANT * error;
    let pairs = trained(records).filter_map(|record| Some((record, beside(records, record, Model::Rug)?)));
    let beaten = pairs.clone().filter(|(record, rug)| {
        let ((loss, error), (rug, rug_error)) = (record.best_loss(), rug.best_loss());
        differs(rug - loss, error.hypot(rug_error))
    });
    let nonlinear = trained(records).filter(|record| {
        let (loss, error) = record.best_loss();
        differs(record.linear_loss - loss, error)
    });
    let mut finding = format!(
        "{} of {} trained models beat the rug beside them, and {} of {all} beat the best linear model.",
        beaten.count(),
        pairs.count(),
        nonlinear.count(),
    );
    let below = on(records, Side::Below);
    if below.clone().next().is_some() {
        // With Gaussian interference of the same variance, these rows would have a larger loss.
        let heavy_tailed = below.clone().filter(|record| {
            let (loss, error) = record.best_loss();
            record.gaussian_loss.is_some_and(|gaussian| differs(gaussian - loss, error))
        });
        let better_dropped = below.clone().filter(|record| record.envelope_dropped > Some(0.0));
        let _ = write!(
            finding,
            " {} models are below the theory. In {} of these, Gaussian interference of the same mean and variance would \
             give a higher loss: at least part of their gain comes from interference that is not Gaussian, which \
             the theory does not cover. For {} the theory itself says that it is better to drop some features.",
            below.count(),
            heavy_tailed.count(),
            better_dropped.count(),
        );
    }
    let above = on(records, Side::Above);
    if above.clone().next().is_some() {
        let dropping = above.clone().filter(|record| record.dropped > Some(0)).count();
        let _ = write!(
            finding,
            " {} models are above the theory, and {dropping} of these dropped features.",
            above.count()
        );
    }
    (all > 0).then(|| Section {
        title: "Do trained models have the rug's loss?",
        paper: "Trained models have the loss of the Persian rug, which is that of the theory, and beat the best linear \
                model almost up to r = 1 (§3.1 and §3.3, Fig. 2).",
        finding,
        figures: &["figure2", "map_distance"],
        numbers: format!(
            "A loss is *at* the theory if it differs from it by at most {} % or {SIGNIFICANT} standard errors, whichever \
             is more. Differences are relative to the theory.\n\n{}",
            100.0 * TOLERANCE,
            summary(records)
        ),
    })
}
