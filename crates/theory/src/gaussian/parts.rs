//! The contribution of one magnitude, or of an interval of magnitudes, to the
//! [`Terms`](crate::Terms).

use crate::gaussian::averages::{Averages, factor};
use crate::gaussian::channel::Channel;
use crate::gaussian::tail::Tail;

/// The integrals of `u s g_1`, `2 s² g_2`, `s g_1`, `u² g_0`, `u g_0` and `g_0` over one side of
/// `z = 0`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Parts {
    pub(crate) product: f64,
    pub(crate) square: f64,
    pub(crate) first: f64,
    pub(crate) power: f64,
    pub(crate) signal: f64,
    pub(crate) mass: f64,
}

impl Parts {
    pub(crate) fn add(&mut self, weight: f64, other: &Self) {
        self.product += weight * other.product;
        self.square += weight * other.square;
        self.first += weight * other.first;
        self.power += weight * other.power;
        self.signal += weight * other.signal;
        self.mass += weight * other.mass;
    }
}

/// Magnitudes on which the line `c u + β` is positive.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Open {
    pub(crate) mass: f64,
    /// The mean of `u`.
    pub(crate) mean: f64,
    /// The variance of `u`.
    pub(crate) variance: f64,
    /// The mean of the line.
    pub(crate) line: f64,
}

impl Open {
    /// Merges two sets of magnitudes by sums of positive parts.
    pub(crate) fn add(&mut self, other: &Self) {
        let mass = self.mass + other.mass;
        if mass <= 0.0 {
            return;
        }
        let (share, rest) = (other.mass / mass, self.mass / mass);
        let distance = other.mean - self.mean;
        self.variance = rest * self.variance + share * other.variance + share * rest * distance * distance;
        self.mean = rest * self.mean + share * other.mean;
        self.line = rest * self.line + share * other.line;
        self.mass = mass;
    }
}

/// A point, or the part of an interval on one side of `z = 0`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    /// The mean and the variance of `u`.
    pub(crate) mean: f64,
    pub(crate) variance: f64,
    /// The mean of the line `c u + β`; its sign says on which side the piece lies.
    pub(crate) line: f64,
    pub(crate) parts: Parts,
    /// The average `E u φ(z)`.
    pub(crate) edge: f64,
    /// The average `E φ(z)`.
    pub(crate) density: f64,
}

/// The ends of a piece of an interval: `near` is the one nearer to `z = 0`.
pub(crate) struct Ends {
    pub(crate) near: f64,
    pub(crate) far: f64,
    /// `|z|` at the two ends, and `h`, the distance between them.
    pub(crate) y_near: f64,
    pub(crate) y_far: f64,
    pub(crate) h: f64,
    /// The mean of the line.
    pub(crate) middle: f64,
}

impl Piece {
    /// The piece whose magnitude is always `u`.
    pub(crate) fn point(channel: &Channel, u: f64) -> Self {
        let &Channel { noise: s, reference, .. } = channel;
        let (line, y) = (channel.line(u), channel.z(u).abs());
        let u = u * channel.unit;
        let f = factor(y, reference);
        let [phi, g0, g1, g2, _] = if f == 0.0 { [0.0; 5] } else { Tail::new(y).0.map(|r| r * f) };
        let parts = Parts {
            product: u * s * g1,
            square: 2.0 * s * s * g2,
            first: s * g1,
            power: u * u * g0,
            signal: u * g0,
            mass: g0,
        };
        Self { mean: u, variance: 0.0, line, parts, edge: u * phi, density: phi }
    }

    /// The piece that is uniform between two ends, between which `z` has one sign.
    pub(crate) fn between(channel: &Channel, ends: &Ends) -> Self {
        let &Channel { noise: s, reference, unit, .. } = channel;
        let &Ends { near, far, y_near, y_far, h, middle } = ends;
        let (near, far) = (near * unit, far * unit);
        let (mean, variance) = (0.5 * (near + far), (far - near) * (far - near) / 12.0);
        let mut piece =
            Self { mean, variance, line: middle, parts: Parts::default(), edge: 0.0, density: 0.0 };
        if s > 0.0 {
            let Averages { mean, ramp, square } = Averages::new(y_near, y_far, h, reference);
            let width = far - near;
            // ∫ u g_{k−1}
            let u = |k: usize| near * mean[k] + width * ramp[k];
            piece.parts = Parts {
                product: s * u(2),
                square: 2.0 * s * s * mean[3],
                first: s * mean[2],
                power: near * (near * mean[1] + 2.0 * width * ramp[1]) + width * width * square,
                signal: u(1),
                mass: mean[1],
            };
            (piece.edge, piece.density) = (u(0), mean[0]);
        }
        piece
    }
}
