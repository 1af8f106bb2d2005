//! The parts that AMP and OAMP share: the element-wise step, and the progress of each sample.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use nalgebra::DMatrix;
use pulp::{Arch, Simd, WithSimd};
use toy_superposition_data::parallel::for_each;
use toy_superposition_model::Scalar;

use crate::decoder::{Limits, residuals};
use crate::error::check_share;
use crate::table::{TOGETHER, Table, level, noise};
use crate::{LinearOperator, Outcome, Prior, Recovery, Result, StopReason};

/// The settings of AMP and OAMP.
#[derive(Clone, Copy)]
pub(crate) struct Settings<'a> {
    pub(crate) prior: &'a dyn Prior,
    pub(crate) limits: Limits,
    /// The damping in (0, 1], where 1 is no damping.
    pub(crate) damping: f64,
}

/// The least damping to which a sample is halved.
const LEAST_DAMPING: f64 = 0.125;

impl<'a> Settings<'a> {
    pub(crate) fn new(prior: &'a dyn Prior) -> Self {
        Self { prior, limits: Limits::default(), damping: 1.0 }
    }

    pub(crate) fn with_damping(self, damping: f64) -> Result<Self> {
        check_share("the damping", damping)?;
        Ok(Self { damping, ..self })
    }

    /// The damping after the residual of a sample has grown.
    pub(crate) fn halved(&self, damping: f64) -> f64 {
        (0.5 * damping).max(LEAST_DAMPING.min(self.damping))
    }
}

impl std::fmt::Debug for Settings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("limits", &self.limits)
            .field("damping", &self.damping)
            .finish_non_exhaustive()
    }
}

/// The number of entries that a thread takes at a time.
const CHUNK: usize = 8192;

/// The element-wise step, with the tables of all noise levels so far. The threads share it.
pub(crate) struct Denoiser<'a> {
    prior: &'a dyn Prior,
    tables: RwLock<BTreeMap<i32, Arc<Table<'a>>>>,
}

/// A piece of one column.
struct Piece<'a, 'b, T> {
    table: &'a Table<'b>,
    start: &'a [T],
    seen: &'a mut [T],
    answer: &'a mut [T],
    slope: f64,
}

impl<'a> Denoiser<'a> {
    pub(crate) fn new(prior: &'a dyn Prior) -> Self {
        Self { prior, tables: RwLock::default() }
    }

    /// Writes `r = start + step · seen` to `seen` and `η(r)` to `answer`, and returns `⟨η'(r)⟩` of
    /// each column. `noise` is the noise of each column.
    pub(crate) fn apply<T: Scalar>(
        &self,
        noise: &[f64],
        start: &DMatrix<T>,
        step: T,
        seen: &mut DMatrix<T>,
        answer: &mut DMatrix<T>,
    ) -> Vec<f64> {
        let features = start.nrows();
        let mut levels: Vec<(i32, Option<Arc<Table<'a>>>)> =
            noise.iter().map(|&noise| (level(noise.max(SILENT)), None)).collect();
        for_each(&mut levels, |_, (level, table)| *table = Some(self.table(*level)));
        let mut pieces = Vec::new();
        let columns = start.as_slice().chunks(features);
        let outputs =
            seen.as_mut_slice().chunks_mut(features).zip(answer.as_mut_slice().chunks_mut(features));
        let tables = levels.iter().filter_map(|(_, table)| table.as_deref());
        for ((table, start), (seen, answer)) in tables.zip(columns).zip(outputs) {
            let parts = start.chunks(CHUNK).zip(seen.chunks_mut(CHUNK).zip(answer.chunks_mut(CHUNK)));
            pieces.extend(parts.map(|(start, (seen, answer))| Piece {
                table,
                start,
                seen,
                answer,
                slope: 0.0,
            }));
        }
        let arch = Arch::new();
        for_each(&mut pieces, |_, piece| arch.dispatch(Run(piece, step)));
        let each = features.div_ceil(CHUNK);
        pieces
            .chunks(each)
            .map(|pieces| pieces.iter().map(|piece| piece.slope).sum::<f64>() / features as f64)
            .collect()
    }

    /// The table of a level, which is made if it is not there. Two threads may make the same table.
    fn table(&self, level: i32) -> Arc<Table<'a>> {
        let known = self.tables.read().ok().and_then(|tables| tables.get(&level).cloned());
        known.unwrap_or_else(|| {
            let table = Arc::new(Table::new(self.prior, noise(level)));
            if let Ok(mut tables) = self.tables.write() {
                tables.insert(level, Arc::clone(&table));
            }
            table
        })
    }
}

/// The least standard deviation of the noise; a smaller one is replaced by this.
const SILENT: f64 = 1e-100;

/// A piece with the factor of `seen`, computed with the widest vectors of the machine. The result
/// has the same bits with any of them.
struct Run<'a, 'b, 'c, T>(&'c mut Piece<'a, 'b, T>, T);

impl<T: Scalar> WithSimd for Run<'_, '_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self(Piece { table, start, seen, answer, slope }, step) = self;
        for (seen, &start) in seen.iter_mut().zip(*start) {
            *seen = start + step * *seen;
        }
        let (inputs, last_inputs) = seen.as_chunks::<TOGETHER>();
        let (outputs, last_outputs) = answer.as_chunks_mut::<TOGETHER>();
        *slope = 0.0;
        for (seen, answer) in inputs.iter().zip(outputs) {
            *slope += table.apply(seen, answer);
        }
        for (seen, answer) in last_inputs.iter().zip(last_outputs) {
            let (mean, rise) = table.at(seen.to_f64());
            *answer = T::round_from(mean);
            *slope += rise;
        }
    }
}

/// Computes `start ← a · answer + b · seen + c · start` with the weights `[a, b, c]` of each
/// column.
pub(crate) fn combine<T: Scalar>(
    weights: &[[T; 3]],
    answer: &DMatrix<T>,
    seen: &DMatrix<T>,
    start: &mut DMatrix<T>,
) {
    struct Piece<'a, T> {
        weights: [T; 3],
        from: [&'a [T]; 2],
        to: &'a mut [T],
    }
    let features = start.nrows();
    let columns = answer.as_slice().chunks(features).zip(seen.as_slice().chunks(features));
    let mut pieces = Vec::new();
    for ((weights, to), (answer, seen)) in
        weights.iter().zip(start.as_mut_slice().chunks_mut(features)).zip(columns)
    {
        let parts = to.chunks_mut(CHUNK).zip(answer.chunks(CHUNK).zip(seen.chunks(CHUNK)));
        pieces.extend(parts.map(|(to, (answer, seen))| Piece {
            weights: *weights,
            from: [answer, seen],
            to,
        }));
    }
    for_each(&mut pieces, |_, Piece { weights: [a, b, c], from: [answer, seen], to }| {
        for ((to, &answer), &seen) in to.iter_mut().zip(*answer).zip(*seen) {
            *to = *a * answer + *b * seen + *c * *to;
        }
    });
}

/// The progress of one sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Track {
    /// The column of the sample in `y`.
    pub(crate) column: usize,
    /// The norm `‖y‖`.
    scale: f64,
    least: f64,
    last: f64,
    /// The iteration in which the residual was last clearly smaller than before.
    moved: usize,
    iteration: usize,
    mark: f64,
}

/// A sample ends after this number of iterations in which its residual has not fallen by a
/// thousandth.
const PATIENCE: usize = 12;

impl Track {
    pub(crate) fn new((column, scale): (usize, f64)) -> Self {
        let infinity = f64::INFINITY;
        Self { column, scale, least: infinity, last: infinity, moved: 0, iteration: 0, mark: infinity }
    }

    /// Records the residual of the answer of an iteration, and returns whether it is the least so
    /// far.
    pub(crate) fn record(&mut self, iteration: usize, residual: f64) -> bool {
        (self.iteration, self.last) = (iteration, residual);
        let improved = residual < self.least;
        if improved {
            self.least = residual;
        }
        if residual < self.mark * (1.0 - 1e-3) {
            (self.mark, self.moved) = (residual, iteration);
        }
        improved
    }

    /// The reason why the sample is at its end; `None` if it is not.
    pub(crate) fn end(&self, limits: &Limits) -> Option<StopReason> {
        if self.least <= limits.tolerance * self.scale {
            Some(StopReason::Converged)
        } else if !self.last.is_finite() {
            Some(StopReason::Diverged)
        } else if self.iteration >= self.moved + PATIENCE {
            Some(if self.last > 2.0 * self.least { StopReason::Diverged } else { StopReason::Stuck })
        } else {
            None
        }
    }
}

/// The best answers of all samples so far.
pub(crate) struct Best<T: Scalar> {
    estimate: DMatrix<T>,
    ends: Vec<Option<(usize, StopReason)>>,
}

impl<T: Scalar> Best<T> {
    pub(crate) fn new(features: usize, y: &DMatrix<T>) -> Self {
        Self { estimate: DMatrix::zeros(features, y.ncols()), ends: vec![None; y.ncols()] }
    }

    /// Keeps column `k` of `answer` as the best answer so far for sample `column`.
    pub(crate) fn keep(&mut self, column: usize, answer: &DMatrix<T>, k: usize) {
        self.estimate.column_mut(column).copy_from(&answer.column(k));
    }

    pub(crate) fn end(&mut self, column: usize, iteration: usize, stopped: StopReason) {
        self.ends[column] = Some((iteration, stopped));
    }

    /// Returns the best answers with their residuals. Samples without an end took all iterations.
    pub(crate) fn finish(
        self,
        operator: &dyn LinearOperator<T>,
        y: &DMatrix<T>,
        iterations: usize,
    ) -> Result<Recovery<T>> {
        let residuals = residuals(operator, &self.estimate, y)?;
        let outcomes = self.ends.into_iter().zip(residuals).map(|(end, residual)| {
            let (iterations, stopped) = end.unwrap_or((iterations, StopReason::Iterations));
            Outcome { iterations, residual, stopped }
        });
        Ok(Recovery { estimate: self.estimate, outcomes: outcomes.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SparsePrior;

    #[test]
    fn damping_is_halved_down_to_an_eighth_or_to_what_was_set() {
        let prior = SparsePrior::paper(0.1).unwrap();
        let settings = Settings::new(&prior);
        assert_eq!([1.0, 0.5, 0.25, 0.125].map(|d| settings.halved(d)), [0.5, 0.25, 0.125, 0.125]);
        let low = settings.with_damping(0.1).unwrap();
        assert_eq!(low.halved(0.1), 0.1);
    }
}
