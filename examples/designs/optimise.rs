//! The settings of a design that minimise its exact loss: a gain and a bias for each class of features and, where the
//! design has it, the coefficient of the all-ones direction.

use toy_superposition::data::Moments;
use toy_superposition::optim::{Lbfgs, LbfgsConfig};
use toy_superposition::rug::{Class, Design, Setting, mean_over_rows};
use toy_superposition::theory;

use crate::AnyError;

/// A design at its best.
pub(crate) struct Optimised {
    pub(crate) settings: Vec<Setting>,
    /// The exact loss per feature, and its standard error where rows were sampled.
    pub(crate) loss: f64,
    pub(crate) standard_error: f64,
}

/// Minimises the exact loss of `design`; `ones` frees the coefficient of the all-ones direction too.
pub(crate) fn optimise(design: &dyn Design, p: f64, ones: bool) -> Result<Optimised, AnyError> {
    let ones = ones && design.all_ones().is_some();
    let settings = design
        .classes()
        .iter()
        .map(|class| Rows::new(design, class, p).setting(ones))
        .collect::<Result<Vec<_>, _>>()?;
    let mean = mean_over_rows(design, &settings, |row, i, bias| -> Result<f64, AnyError> {
        Ok(theory::exact_row_loss(row, i, bias, p)?.loss)
    })?;
    Ok(Optimised { settings, loss: mean.mean, standard_error: mean.standard_error })
}

/// The rows of one class.
struct Rows {
    p: f64,
    /// Each with its feature and its share.
    rows: Vec<(Vec<f64>, usize, f64)>,
}

impl Rows {
    fn new(design: &dyn Design, class: &Class, p: f64) -> Self {
        let counted = class.rows.iter().map(|row| row.1).sum::<usize>() as f64;
        let row = |&(i, count): &(usize, usize)| {
            let mut row = vec![0.0; design.features()];
            design.write_row(i, &mut row);
            (row, i, count as f64 / counted)
        };
        Self { p, rows: class.rows.iter().map(row).collect() }
    }

    /// The loss over p at (a, b, c) with its gradient.
    fn loss(&self, x: &[f64], gradient: &mut [f64]) -> Result<f64, AnyError> {
        gradient.fill(0.0);
        let (mut loss, mut slopes) = (0.0, Vec::new());
        for (row, i, share) in &self.rows {
            let ones = x.get(2).map_or(0.0, |c| c / row.len() as f64);
            let weights: Vec<f64> = row.iter().map(|entry| x[0] * entry + ones).collect();
            slopes.resize(row.len(), 0.0);
            let at = theory::exact_row_gradient(&weights, *i, x[1], self.p, &mut slopes)?;
            let share = share / self.p;
            loss += share * at.value.loss;
            gradient[0] += share * slopes.iter().zip(row).map(|(slope, entry)| slope * entry).sum::<f64>();
            gradient[1] += share * at.bias;
            if let Some(ones) = gradient.get_mut(2) {
                *ones += share * slopes.iter().sum::<f64>() / row.len() as f64;
            }
        }
        Ok(loss)
    }

    /// From the better ones of several starting points: the Gaussian optimum for the mean σ, and weights that reproduce
    /// a feature that is on alone, with a bias that takes out none, half or all of the largest interference.
    fn setting(&self, ones: bool) -> Result<Setting, AnyError> {
        let (row, i, _) = &self.rows[0];
        let off = |of: fn(f64) -> f64| -> f64 {
            let sum = |(row, i, share): &(Vec<f64>, usize, f64)| {
                share * (row.iter().map(|&entry| of(entry)).sum::<f64>() - of(row[*i]))
            };
            self.rows.iter().map(sum).sum()
        };
        let moments = Moments::uniform(self.p)?;
        if row[*i] == 0.0 {
            return Ok(Setting { a: 1.0, bias: moments.mean, ones: 0.0 });
        }
        let squares = off(|entry| entry * entry);
        if squares < 1e-18 {
            return Ok(Setting { a: 1.0, bias: 0.0, ones: 0.0 });
        }
        let gaussian = theory::optimum(self.p, (moments.variance() * squares).sqrt())?;
        let largest = (0..row.len()).filter(|j| j != i).fold(0.0, |most: f64, j| most.max(row[j]));
        let mut starts = vec![[gaussian.a, gaussian.b - gaussian.a * moments.mean * off(|entry| entry), 0.0]];
        starts.extend([0.0, 0.5, 1.0].map(|share| [1.0, -share * largest, 0.0]));
        starts.push([0.5, 0.0, 0.0]);
        let dimensions = if ones { 3 } else { 2 };
        let mut rated = Vec::new();
        for start in starts {
            rated.push((self.loss(&start[..dimensions], &mut [0.0; 3][..dimensions])?, start));
        }
        rated.sort_by(|a, b| a.0.total_cmp(&b.0));
        let config = LbfgsConfig {
            max_iterations: 60,
            gradient_tolerance: 1e-8,
            step_tolerance: 1e-10,
            ..LbfgsConfig::default()
        };
        let lbfgs = Lbfgs::new(config)?;
        // The best constant is always to be had.
        let mut best = (moments.variance() / self.p, [0.0, moments.mean, 0.0]);
        for &(_, mut x) in rated.iter().take(2) {
            let minimum = lbfgs
                .minimise(&mut x[..dimensions], |x: &[f64], gradient: &mut [f64]| self.loss(x, gradient))?;
            if minimum.loss < best.0 {
                best = (minimum.loss, x);
            }
        }
        let [a, bias, ones] = best.1;
        Ok(Setting { a, bias, ones })
    }
}
