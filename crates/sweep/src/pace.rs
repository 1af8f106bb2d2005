//! Estimates of the time left of a run.

use std::collections::BTreeMap;

use crate::Effort;

/// Totals in seconds over the cells of one [`Effort::way`].
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    /// Sum of the estimates of the remaining cells.
    to_come: f64,
    /// Sum of the estimates of the cells that have finished.
    done: f64,
    /// Time that the finished cells took, as time of the whole machine.
    taken: f64,
}

/// Ratio of the time that finished cells took to its estimate, by [`Effort::way`].
#[derive(Debug)]
pub(crate) struct Pace {
    ways: BTreeMap<&'static str, Way>,
    threads: f64,
}

impl Pace {
    /// Returns the pace without any cells, on `threads` threads.
    pub(crate) fn new(threads: usize) -> Self {
        Self { ways: BTreeMap::new(), threads: threads as f64 }
    }

    /// Adds a cell to the remaining ones.
    pub(crate) fn add(&mut self, effort: Effort) {
        self.ways.entry(effort.way).or_default().to_come += estimate(effort);
    }

    /// Counts the time of a finished cell.
    pub(crate) fn finished(&mut self, effort: Effort, seconds: f64) {
        let way = self.ways.entry(effort.way).or_default();
        way.done += estimate(effort);
        way.taken += if effort.whole_machine { seconds } else { seconds / self.threads };
    }

    /// Removes a cell from the remaining ones and, if it took `seconds`, counts its time. `None` is
    /// for a cell that failed, whose time says nothing about the others.
    pub(crate) fn done(&mut self, effort: Effort, seconds: Option<f64>) {
        let way = self.ways.entry(effort.way).or_default();
        way.to_come = (way.to_come - estimate(effort)).max(0.0);
        if let Some(seconds) = seconds {
            self.finished(effort, seconds);
        }
    }

    /// Returns the estimated time of the remaining cells at the pace of the finished cells of their
    /// way, or of all finished cells if there are none of that way. Returns `None` before the first
    /// cell.
    pub(crate) fn seconds_left(&self) -> Option<f64> {
        let ways = self.ways.values();
        let (done, taken) = ways.clone().fold((0.0, 0.0), |sum, way| (sum.0 + way.done, sum.1 + way.taken));
        let pace = |way: &Way| if way.done > 0.0 { way.taken / way.done } else { taken / done };
        (done > 0.0).then(|| ways.map(|way| way.to_come * pace(way)).sum())
    }
}

/// Returns the estimate, at least a small positive number.
fn estimate(effort: Effort) -> f64 {
    effort.seconds.max(1e-6)
}

#[cfg(test)]
mod tests {
    use super::Pace;
    use crate::Effort;

    /// Training takes twice its estimate and evaluation a tenth. The remaining cells of each way
    /// are estimated by its own pace, and those of a way without finished cells by the pace of all.
    #[test]
    fn each_way_has_its_own_pace() {
        let effort =
            |way, seconds, whole_machine| Effort::new(seconds, way).with_whole_machine(whole_machine);
        let training = effort("training", 10.0, true);
        let evaluation = effort("evaluation", 3.0, false);
        let other = effort("other", 2.0, false);
        let all = [training, training, evaluation, evaluation, other];
        let mut pace = Pace::new(4);
        all.into_iter().for_each(|effort| pace.add(effort));
        assert_eq!(pace.seconds_left(), None);
        pace.done(training, Some(20.0));
        assert_eq!(pace.seconds_left(), Some(2.0 * (10.0 + 6.0 + 2.0)));
        // Side by side on four threads: 1.2 s of one of them are 0.3 s of the machine.
        pace.done(evaluation, Some(1.2));
        let left = 20.0 + 0.3 + 2.0 * 20.3 / 13.0;
        assert!((pace.seconds_left().unwrap() - left).abs() < 1e-12);
        // One that fails is no longer to come, and changes no pace.
        pace.done(training, None);
        let left = 0.3 + 2.0 * 20.3 / 13.0;
        assert!((pace.seconds_left().unwrap() - left).abs() < 1e-12);
        pace.done(evaluation, Some(9.0));
        pace.done(other, None);
        assert_eq!(pace.seconds_left(), Some(0.0));
        // Cells of an earlier run count from the beginning.
        let mut later = Pace::new(2);
        later.finished(evaluation, 6.0);
        later.add(evaluation);
        assert_eq!(later.seconds_left(), Some(3.0));
    }
}
