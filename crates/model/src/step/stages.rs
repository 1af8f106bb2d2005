//! Where the time of a step goes.

use std::time::{Duration, Instant};

/// A stop-watch.
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

    /// Names the work since the last lap, or since the start.
    pub(crate) fn lap(&mut self, name: &'static str) {
        let now = Instant::now();
        self.laps.extend(self.since.replace(now).map(|since| (name, now - since)));
    }

    /// (name, wall time) of each lap, in order.
    pub(crate) fn laps(&self) -> &[(&'static str, Duration)] {
        &self.laps
    }
}
