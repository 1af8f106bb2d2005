//! The loss of one output as a function of the offset that is added to its own feature.
//!
//! For `y = ReLU(c x + t)`, where `x = u ~ U[0, 1]` with probability p and 0 otherwise, the loss
//! given `t` is
//! ```text
//! g(t) = (1 − p) t₊² + p ∫₀¹ (u − (c u + t)₊)² du ,
//! ```
//! which is piecewise cubic with kinks at `t = 0` and `t = −c`. The loss is computed as a sum of
//! squares on each piece, so that nothing cancels where it is small beside `p/3`.
//!
//! Here `c` is the output's own weight W_ii, `t` is the bias plus the interference, and `p` is the
//! probability of the output's own feature (sections 2 and 4.2 of the paper).

/// `g`, its slope in `t` and its slope in `c`, in this order.
pub(super) type Jet = [f64; 3];

/// The loss of one output given its offset.
pub(super) trait Given {
    /// `g(t)`, `g′(t)` and `∂g/∂c`.
    fn at(&self, t: f64) -> Jet;

    /// `E_u g(m + w u)` and its slopes in `m`, `c` and `w`: the loss while a single other feature
    /// is on.
    fn along(&self, m: f64, w: f64) -> [f64; 4];
}

impl Given for Piecewise {
    fn at(&self, t: f64) -> Jet {
        self.at(t)
    }

    fn along(&self, m: f64, w: f64) -> [f64; 4] {
        self.along(m, w)
    }
}

/// The loss of one output given its offset `t`, for magnitudes `U[0, 1]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piecewise {
    pub(super) probability: f64,
    pub(super) own: f64,
}

impl Piecewise {
    /// `g(t)`, `g′(t)` and `∂g/∂c`.
    pub(super) fn at(&self, t: f64) -> Jet {
        let (p, c) = (self.probability, self.own);
        // The part of u ∈ [0, 1] on which c u + t > 0.
        let root = -t / c;
        let (from, to) = match (t > 0.0, c + t > 0.0) {
            (true, true) => (0.0, 1.0),
            (false, false) => (0.0, 0.0),
            (false, true) => (root.clamp(0.0, 1.0), 1.0),
            (true, false) => (0.0, root.clamp(0.0, 1.0)),
        };
        let length = to - from;
        // The residual u − c u − t is linear between these two ends.
        let (start, end) = (from * (1.0 - c) - t, to * (1.0 - c) - t);
        let silent = if from > 0.0 { from * from * from } else { 1.0 - to * to * to };
        let silent = if length > 0.0 { silent } else { 1.0 };
        let positive = t.max(0.0);
        let square = length * (start * start + start * end + end * end) / 3.0;
        let mean = length * (start + end) / 2.0;
        let with_u = length * (2.0 * from * start + from * end + to * start + 2.0 * to * end) / 6.0;
        [
            (1.0 - p) * positive * positive + p * (silent / 3.0 + square),
            2.0 * (1.0 - p) * positive - 2.0 * p * mean,
            -2.0 * p * with_u,
        ]
    }

    /// `∫₀¹ g(m + w u) du` and its slopes in `m`, `c` and `w`: the loss while a single other
    /// feature is on.
    ///
    /// The path is cut at the kinks. On each piece the degree is at most 3, so that two-point
    /// Gauss–Legendre quadrature is exact.
    pub(super) fn along(&self, m: f64, w: f64) -> [f64; 4] {
        if w == 0.0 {
            let [value, slope, own] = self.at(m);
            return [value, slope, own, slope / 2.0];
        }
        let mut cuts = [0.0, (-m / w).clamp(0.0, 1.0), ((-self.own - m) / w).clamp(0.0, 1.0), 1.0];
        if cuts[1] > cuts[2] {
            cuts.swap(1, 2);
        }
        let mut total = [0.0; 4];
        for piece in cuts.windows(2) {
            let (half, middle) = ((piece[1] - piece[0]) / 2.0, (piece[1] + piece[0]) / 2.0);
            if half > 0.0 {
                for u in [middle - half * GAUSS_2, middle + half * GAUSS_2] {
                    let [value, slope, own] = self.at(m + w * u);
                    total[0] += half * value;
                    total[1] += half * slope;
                    total[2] += half * own;
                    total[3] += half * slope * u;
                }
            }
        }
        total
    }
}

/// The abscissa `1/√3` of the two-point Gauss–Legendre rule on [−1, 1].
const GAUSS_2: f64 = 0.577_350_269_189_625_8;

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::Piecewise;

    /// The plain definition of `g` by midpoint sums.
    fn sum(loss: &Piecewise, t: f64) -> f64 {
        let steps = 40_000;
        let on: f64 = (0..steps)
            .map(|k| {
                let u = (f64::from(k) + 0.5) / f64::from(steps);
                (u - (loss.own * u + t).max(0.0)).powi(2)
            })
            .sum();
        (1.0 - loss.probability) * t.max(0.0).powi(2) + loss.probability * on / f64::from(steps)
    }

    #[test]
    fn pieces_agree_with_their_definition() {
        for own in [0.9, 1.3, 0.2, -0.7, 0.0, 1e-9] {
            for t in [-1.7, -0.5, -0.1, -1e-10, 0.0, 0.3, 0.8, 2.0] {
                let loss = Piecewise { probability: 0.3, own };
                assert_relative_eq!(loss.at(t)[0], sum(&loss, t), epsilon = 0.0, max_relative = 2e-8);
                let (below, above) = (loss.at(t - 1e-6)[0], loss.at(t + 1e-6)[0]);
                if t.abs() > 1e-5 && (t + own).abs() > 1e-5 {
                    assert_relative_eq!(
                        loss.at(t)[1],
                        (above - below) / 2e-6,
                        epsilon = 1e-9,
                        max_relative = 1e-8
                    );
                }
                if own.abs() > 1e-5 && (t + own).abs() > 1e-5 {
                    let slope = (Piecewise { own: own + 1e-6, ..loss }.at(t)[0]
                        - Piecewise { own: own - 1e-6, ..loss }.at(t)[0])
                        / 2e-6;
                    assert_relative_eq!(loss.at(t)[2], slope, epsilon = 1e-9, max_relative = 1e-8);
                }
            }
        }
    }

    #[test]
    fn average_along_a_path_is_exact() {
        for (own, m, w) in
            [(0.9, -1.3, 2.0), (0.9, 0.4, -1.9), (-0.5, 0.2, 0.7), (0.0, -0.2, 0.5), (0.8, 0.1, 1e-9)]
        {
            let loss = Piecewise { probability: 0.2, own };
            let steps = 20_000;
            let mut plain = [0.0; 4];
            for k in 0..steps {
                let u = (f64::from(k) + 0.5) / f64::from(steps);
                let [value, slope, own] = loss.at(m + w * u);
                for (sum, term) in plain.iter_mut().zip([value, slope, own, slope * u]) {
                    *sum += term / f64::from(steps);
                }
            }
            for (exact, plain) in loss.along(m, w).into_iter().zip(plain) {
                assert_relative_eq!(exact, plain, epsilon = 1e-9, max_relative = 1e-7);
            }
        }
    }
}
