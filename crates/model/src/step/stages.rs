//! The wall times of the stages of a step.

use std::time::{Duration, Instant};

/// A stopwatch.
#[derive(Debug, Default)]
pub(crate) struct Stages {
    since: Option<Instant>,
    laps: Vec<(&'static str, Duration)>,
}

impl Stages {
    pub(crate) fn start(&mut self) {
        self.laps.clear();
        self.since = Some(Instant::now());
    }

    /// Ends a lap, which began at the last lap or at the start, and gives it a name.
    pub(crate) fn lap(&mut self, name: &'static str) {
        let now = Instant::now();
        self.laps.extend(self.since.replace(now).map(|since| (name, now - since)));
    }

    /// Returns the name and the wall time of each lap, in order.
    pub(crate) fn laps(&self) -> &[(&'static str, Duration)] {
        &self.laps
    }
}
