//! The exact loss of one output by convolution on a grid: a plain twin in real space.

/// Cells of the grid, at least.
const CELLS: f64 = 6000.0;

/// `E (x_i − ReLU(Σ_j w_j x_j + b))²` for independent features, on with probability p, then
/// `U[0, 1]`.
///
/// ```text
/// F_0(t) = (1 − p) t₊² + p E_u (u − (w_i u + t)₊)² ,   F_j(t) = (1 − p) F_{j−1}(t) + p E_u F_{j−1}(t + w_j u) ,
/// ```
/// over all j ≠ i, and the loss is the last of them at `t = b`. Below `−w_i − Σ_{w>0} w` each is
/// the constant p/3, so that the grid need not reach down to weights that shut the output.
pub(crate) fn loss(row: &[f64], feature: usize, bias: f64, p: f64) -> f64 {
    let own = row[feature];
    let mut others: Vec<f64> =
        row.iter().enumerate().filter(|(j, w)| *j != feature && **w != 0.0).map(|(_, w)| *w).collect();
    others.sort_by(|a, b| b.abs().total_cmp(&a.abs()));
    let above = others.iter().map(|w| w.max(0.0)).sum::<f64>();
    let (low, high) = (-own.max(0.0) - above - bias.abs(), bias.abs() + above);
    // The kinks at 0 and at −w_i are on the grid.
    let cells = (own.abs() * CELLS / (high - low)).ceil().max(1.0);
    let step = if own.abs() > 0.05 * (high - low) { own.abs() / cells } else { (high - low) / CELLS };
    let first = (low / step).floor() as i64 - 8;
    let last = (high / step).ceil() as i64 + 8 + 4 * others.len() as i64;
    let mut values: Vec<f64> = (first..=last).map(|k| given(own, k as f64 * step, p)).collect();
    for &weight in &others {
        let grid = Grid::new(&values, first, step);
        values = (first..=last)
            .zip(&values)
            .map(|(k, value)| (1.0 - p) * value + p * grid.mean(k as f64 * step, weight))
            .collect();
    }
    Grid::new(&values, first, step).at(bias)
}

/// The loss of an output given the interference and the bias `t`.
fn given(own: f64, t: f64, p: f64) -> f64 {
    let off = t.max(0.0).powi(2);
    // Where the output is open.
    let edge = if own == 0.0 { 0.0 } else { (-t / own).clamp(0.0, 1.0) };
    let (from, to) = match () {
        () if own > 0.0 => (edge, 1.0),
        () if own < 0.0 => (0.0, edge),
        () if t > 0.0 => (0.0, 1.0),
        () => (0.0, 0.0),
    };
    let cube = |u: f64| u.powi(3) / 3.0;
    let residual = |u: f64| {
        let c = 1.0 - own;
        c * c * cube(u) - c * t * u * u + t * t * u
    };
    (1.0 - p) * off + p * (cube(1.0) - cube(to) + cube(from) + residual(to) - residual(from))
}

/// A function on a grid: cubic between its points, constant below the first and above the last.
struct Grid<'a> {
    values: &'a [f64],
    /// The integral from the first point to each.
    integrals: Vec<f64>,
    first: i64,
    step: f64,
}

impl<'a> Grid<'a> {
    fn new(values: &'a [f64], first: i64, step: f64) -> Self {
        let mut grid = Self { values, integrals: vec![0.0], first, step };
        for k in 1..values.len() {
            let cell = grid.gauss(k as f64 - 1.0, k as f64);
            grid.integrals.push(grid.integrals[k - 1] + cell);
        }
        grid
    }

    /// At a place in steps from the first point.
    fn value(&self, x: f64) -> f64 {
        let count = self.values.len();
        let x = x.clamp(0.0, (count - 1) as f64);
        // No cubic crosses the kink at t = 0.
        let zero = -self.first as usize;
        let k = if x >= zero as f64 { (x as usize).max(zero + 1) } else { (x as usize).min(zero - 2) };
        let k = k.clamp(1, count - 3);
        let [a, b, c, d] = [self.values[k - 1], self.values[k], self.values[k + 1], self.values[k + 2]];
        let s = x - k as f64;
        let (below, above, far) = (s + 1.0, s - 1.0, s - 2.0);
        -a * s * above * far / 6.0 + b * below * above * far / 2.0 - c * below * s * far / 2.0
            + d * below * s * above / 6.0
    }

    /// `∫` between two places of one cell, in steps.
    fn gauss(&self, from: f64, to: f64) -> f64 {
        let (middle, half) = ((from + to) / 2.0, (to - from) / 2.0);
        let offset = half / 3.0_f64.sqrt();
        half * (self.value(middle - offset) + self.value(middle + offset))
    }

    /// The integral from the first point to a place, in steps.
    fn integral(&self, x: f64) -> f64 {
        let last = (self.values.len() - 1) as f64;
        if x <= 0.0 {
            return x * self.values[0];
        }
        let k = x.min(last).floor();
        self.integrals[k as usize] + self.gauss(k, x.min(last))
    }

    fn at(&self, t: f64) -> f64 {
        self.value(t / self.step - self.first as f64)
    }

    /// `E_u` of the value at `t + w u`.
    fn mean(&self, t: f64, weight: f64) -> f64 {
        let (x, width) = (t / self.step - self.first as f64, weight / self.step);
        if width.abs() >= 2.0 {
            return (self.integral(x + width) - self.integral(x)) / width;
        }
        // Two points on either side of the kink, in units of the width: it may be below rounding.
        let kink = ((-self.first as f64 - x) / width).clamp(0.0, 1.0);
        let side = |from: f64, to: f64| {
            let (middle, offset) = ((from + to) / 2.0, (to - from) / 12.0_f64.sqrt());
            let at = |share: f64| self.value(x + share * width);
            (to - from) / 2.0 * (at(middle - offset) + at(middle + offset))
        };
        side(0.0, kink) + side(kink, 1.0)
    }
}
