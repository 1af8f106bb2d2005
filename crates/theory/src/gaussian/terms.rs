//! The integrals that the squared error of one rectified output is made of, for one law of the
//! magnitude `u`.

use crate::gaussian::averages::factor;
use crate::gaussian::channel::Channel;
use crate::gaussian::line::Gain;
use crate::gaussian::parts::{Ends, Open, Parts, Piece};

/// The integrals over the magnitude `u` that the squared error of one rectified output is made of.
/// They are linear in the law of `u`.
///
/// The output is `a Y₊` with `Y = c u + β + ν`, `ν ~ N(0, s²)` (equation 5: `c = 1`, `β` the shift,
/// `s = σ`). Where `z = (c u + β)/s ≤ 0` the rectifier mostly clips, and
///
/// ```math
/// E (u - aY_+)^2 = u^2 - 2a\,u\,s\,g_1(-z) + 2a^2 s^2 g_2(-z);
/// ```
///
/// where `z > 0` it mostly does not, and the error is that of the line less what clipping saves:
///
/// ```math
/// E (u - aY_+)^2 = (u - a(cu + \beta))^2 + a^2 s^2 - 2a\,u\,s\,g_1(z) - 2a^2s^2 g_2(z).
/// ```
///
/// The functions `g_k` are those of [`RectifiedMoments`](crate::RectifiedMoments). In each form the
/// terms that are subtracted are at most a fixed fraction (about 0.9) of the others, so that
/// nothing cancels however small the loss is. An interval of magnitudes is cut where `z = 0`.
///
/// An [`Integrable`](crate::Integrable) magnitude fills them: it adds points and intervals to
/// [`Terms::new`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    pub(crate) channel: Channel,
    /// `E u²` where `z ≤ 0`.
    pub(crate) clipped_square: f64,
    /// `E[· ; Y > 0]` where `z ≤ 0`, times `exp(reference²/2)`.
    pub(crate) clipped: Parts,
    /// The magnitudes where `z > 0`.
    pub(crate) open: Open,
    /// The change by clipping where `z > 0`, times `exp(reference²/2)`.
    pub(crate) cut: Parts,
    /// `E u φ(z)/s`, times `exp(reference²/2)`.
    edge: f64,
    /// `E φ(z)`, times `exp(reference²/2)`.
    pub(crate) density: f64,
}

impl Terms {
    /// The terms of a channel before any magnitude is added.
    pub fn new(channel: Channel) -> Self {
        Self {
            channel,
            clipped_square: 0.0,
            clipped: Parts::default(),
            open: Open::default(),
            cut: Parts::default(),
            edge: 0.0,
            density: 0.0,
        }
    }

    /// Adds a magnitude that is always `u`, with a weight `≥ 0`.
    pub fn add_point(&mut self, weight: f64, u: f64) {
        self.add_piece(weight, &Piece::point(&self.channel, u));
    }

    /// Adds a magnitude uniform on `[low, high]`, `low < high`, with a weight `≥ 0`.
    pub fn add_interval(&mut self, weight: f64, low: f64, high: f64) {
        let channel = self.channel;
        let (from, to) = (channel.line(low), channel.line(high));
        if from.min(to) < 0.0 && from.max(to) > 0.0 {
            let near = -channel.shift / channel.slope;
            let length = from.abs() + to.abs();
            for (far, line) in [(low, from), (high, to)] {
                let y_far = channel.z(far).abs();
                let ends = Ends { near, far, y_near: 0.0, y_far, h: y_far, middle: 0.5 * line };
                self.add_piece(weight * (line.abs() / length), &Piece::between(&channel, &ends));
            }
        } else {
            let (near, far) = if from.abs() <= to.abs() { (low, high) } else { (high, low) };
            let (y_near, y_far) = (channel.z(near).abs(), channel.z(far).abs());
            let h = (channel.slope * (high - low)).abs() / channel.noise;
            let middle = channel.line(0.5 * (low + high));
            let ends = Ends { near, far, y_near, y_far, h, middle };
            self.add_piece(weight, &Piece::between(&channel, &ends));
        }
    }

    fn add_piece(&mut self, weight: f64, piece: &Piece) {
        let &Piece { mean, variance, line, ref parts, edge, density } = piece;
        self.density += weight * density;
        if self.channel.noise > 0.0 {
            self.edge += weight * edge / self.channel.noise;
        }
        if line > 0.0 {
            self.cut.add(weight, parts);
            self.open.add(&Open { mass: weight, mean, variance, line });
        } else {
            self.clipped.add(weight, parts);
            self.clipped_square += weight * (mean * mean + variance);
        }
    }

    /// Adds `weight ≥ 0` times other terms of the same channel.
    pub fn add(&mut self, weight: f64, other: &Self) {
        debug_assert_eq!(self.channel, other.channel);
        self.clipped_square += weight * other.clipped_square;
        self.clipped.add(weight, &other.clipped);
        self.cut.add(weight, &other.cut);
        self.edge += weight * other.edge;
        self.density += weight * other.density;
        self.open.add(&Open { mass: weight * other.open.mass, ..other.open });
    }

    /// The channel the terms belong to.
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// The factor `exp(−reference²/2)`, which undoes the factor `exp(reference²/2)` of the
    /// integrals that the other methods return.
    pub(crate) fn unscale(&self) -> f64 {
        factor(self.channel.reference, 0.0)
    }

    /// `E u Y₊`, times `exp(reference²/2)`.
    pub(crate) fn product(&self) -> f64 {
        let line = self.channel.gain() * self.open.variance + self.open.mean * self.open.line;
        self.clipped.product + self.open.mass * line + self.cut.product
    }

    /// `E Y₊²`, times `exp(reference²/2)`.
    pub(crate) fn square(&self) -> f64 {
        let (slope, noise) = (self.channel.gain(), self.channel.noise);
        let line = slope * slope * self.open.variance + self.open.line * self.open.line + noise * noise;
        self.clipped.square + (self.open.mass * line - self.cut.square)
    }

    /// `E Y₊`, times `exp(reference²/2)`.
    pub(crate) fn first(&self) -> f64 {
        self.clipped.first + self.open.mass * self.open.line + self.cut.first
    }

    /// `P[Y > 0]`, times `exp(reference²/2)`.
    pub(crate) fn mass(&self) -> f64 {
        self.clipped.mass + (self.open.mass - self.cut.mass)
    }

    /// `E u φ(z)/s = E u δ(Y)`, times `exp(reference²/2)`: the mean of `u` at the rectifier's edge,
    /// times the density of `Y` there.
    pub(crate) fn edge(&self) -> f64 {
        self.edge
    }

    /// `E [(u − a Y); Y > 0]` for the gain `a`, times `exp(reference²/2)`.
    pub(crate) fn residual(&self, gain: f64) -> f64 {
        self.residual_at(self.plain(gain))
    }

    /// `E [(u − a Y); Y > 0]`, times `exp(reference²/2)`, for a gain `a` whose rest `1 − ac` is
    /// given and not computed from `a`.
    pub(crate) fn residual_at(&self, Gain { value: gain, rest }: Gain) -> f64 {
        let open = self.open.mass * (rest * self.open.mean - gain * self.channel.shift);
        (open - self.cut.signal - gain * self.cut.first) + (self.clipped.signal - gain * self.clipped.first)
    }

    /// `E [(u − Y) u; Y > 0]`, times `exp(reference²/2)`.
    pub(crate) fn residual_signal(&self) -> f64 {
        let (slope, shift) = (self.channel.gain(), self.channel.shift);
        let square = self.open.mean * self.open.mean + self.open.variance;
        let open = self.open.mass * ((1.0 - slope) * square - shift * self.open.mean);
        (open - self.cut.power - self.cut.product) + (self.clipped.power - self.clipped.product)
    }

    /// `E [(u − a Y) Y; Y > 0]` for the gain `a`, times `exp(reference²/2)`.
    pub(crate) fn residual_product(&self, gain: f64) -> f64 {
        let Channel { shift, noise, .. } = self.channel;
        let slope = self.channel.gain();
        let rest = 1.0 - gain * slope;
        let line = rest * slope * self.open.variance
            + (rest * self.open.mean - gain * shift) * self.open.line
            - gain * noise * noise;
        self.open.mass * line
            + (self.cut.product + gain * self.cut.square)
            + (self.clipped.product - gain * self.clipped.square)
    }
}
