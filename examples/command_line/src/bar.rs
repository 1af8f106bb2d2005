//! A progress bar for training.

use indicatif::{ProgressBar, ProgressStyle};
use toy_superposition_train::Step;

/// Returns a progress bar on standard error, with a length of `steps` if there is such a bound.
/// Nothing is drawn where standard error is not a terminal.
pub fn bar(label: &str, steps: Option<u64>) -> ProgressBar {
    let bar = steps.map_or_else(ProgressBar::no_length, ProgressBar::new);
    if let Ok(style) = ProgressStyle::with_template("{prefix} {wide_bar} step {pos} {msg} {per_sec}") {
        bar.set_style(style);
    }
    bar.set_prefix(label.to_owned());
    bar
}

/// Advances the bar by a step.
pub fn advance(bar: &ProgressBar, step: Step) {
    bar.set_position(step.index + 1);
    if step.index.is_multiple_of(32) {
        bar.set_message(format!("loss {:.4e}", step.loss));
    }
}
