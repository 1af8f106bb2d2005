//! Everything the squared error of one rectified output needs, for one law of the magnitude `u`.
//!
//! The output is `a Y₊` with `Y = c u + β + ν`, `ν ~ N(0, s²)` (equation 5: `c = 1`, `β` the shift, `s = σ`). Where
//! `z = (c u + β)/s ≤ 0` the rectifier mostly clips, and
//!
//! ```math
//! E (u - aY_+)^2 = u^2 - 2a\,u\,s\,g_1(-z) + 2a^2 s^2 g_2(-z);
//! ```
//!
//! where `z > 0` it mostly does not, and the error is that of the line less what clipping takes away:
//!
//! ```math
//! E (u - aY_+)^2 = (u - a(cu + \beta))^2 + a^2 s^2 - 2a\,u\,s\,g_1(z) - 2a^2s^2 g_2(z).
//! ```
//!
//! In each form what is subtracted is at most a fixed fraction (about 0.9) of the rest, so that nothing cancels
//! however small the loss. An interval of magnitudes is cut where `z = 0`.

use crate::gaussian::averages::{Averages, factor};
use crate::gaussian::channel::Channel;
use crate::gaussian::tail::Tail;

/// Sums, over magnitudes, of what the loss is made of: a linear functional of the law of `u`.
///
/// Start from [`Terms::new`] and add points and intervals; an [`Integrable`](crate::Integrable) magnitude does so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    channel: Channel,
    /// `E u²` where `z ≤ 0`.
    clipped_square: f64,
    /// `E[· ; Y > 0]` where `z ≤ 0`, times `exp(reference²/2)`.
    clipped: Parts,
    /// Where `z > 0`: the mass, the mean and variance of `u`, and the mean of the line.
    open_mass: f64,
    open_mean: f64,
    open_variance: f64,
    open_line: f64,
    /// What clipping changes where `z > 0`.
    cut: Parts,
    /// `E u φ(z)/s`, times `exp(reference²/2)`.
    edge: f64,
    /// `E φ(z)`, times `exp(reference²/2)`.
    density: f64,
}

/// The integrals of `u s g_1`, `2 s² g_2`, `s g_1`, `u² g_0`, `u g_0` and `g_0` over one side of `z = 0`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Parts {
    product: f64,
    square: f64,
    first: f64,
    power: f64,
    signal: f64,
    mass: f64,
}

impl Parts {
    fn add(&mut self, weight: f64, other: &Self) {
        self.product += weight * other.product;
        self.square += weight * other.square;
        self.first += weight * other.first;
        self.power += weight * other.power;
        self.signal += weight * other.signal;
        self.mass += weight * other.mass;
    }
}

/// A gain `a ≥ 0` and what is left of the slope, `1 − a c`, which may be known to more digits than `a` has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gain {
    pub(crate) value: f64,
    pub(crate) rest: f64,
}

/// The output `f = a Y + θ` where `Y > 0`, 0 elsewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) gain: Gain,
    /// `b = θ + aβ`, of `f = a (Y − β) + b`: it may be known to more digits than `θ` has.
    pub(crate) bias: f64,
    /// `θ`.
    pub(crate) jump: f64,
}

/// The part of an interval on one side of `z = 0`: `near` is its end nearer to it.
struct Side {
    near: f64,
    far: f64,
    y_near: f64,
    y_far: f64,
    h: f64,
    /// The mean of the line.
    middle: f64,
}

impl Terms {
    /// No magnitudes yet.
    pub fn new(channel: Channel) -> Self {
        Self {
            channel,
            clipped_square: 0.0,
            clipped: Parts::default(),
            open_mass: 0.0,
            open_mean: 0.0,
            open_variance: 0.0,
            open_line: 0.0,
            cut: Parts::default(),
            edge: 0.0,
            density: 0.0,
        }
    }

    /// Adds a magnitude that is always `u`, with a weight `≥ 0`.
    pub fn add_point(&mut self, weight: f64, u: f64) {
        let Channel { noise: s, reference, .. } = self.channel;
        let (line, z) = (self.channel.line(u), self.channel.z(u));
        let u = u * self.channel.unit;
        let f = factor(z.abs(), reference);
        let [phi, g0, g1, g2, _] = if f == 0.0 { [0.0; 5] } else { Tail::new(z.abs()).0.map(|r| r * f) };
        let parts = Parts {
            product: u * s * g1,
            square: 2.0 * s * s * g2,
            first: s * g1,
            power: u * u * g0,
            signal: u * g0,
            mass: g0,
        };
        self.density += weight * phi;
        if s > 0.0 {
            self.edge += weight * u * phi / s;
        }
        if line > 0.0 {
            self.cut.add(weight, &parts);
            self.add_open(weight, u, 0.0, line);
        } else {
            self.clipped.add(weight, &parts);
            self.clipped_square += weight * u * u;
        }
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
                let side = Side { near, far, y_near: 0.0, y_far, h: y_far, middle: 0.5 * line };
                self.add_side(weight * (line.abs() / length), &side);
            }
        } else {
            let (near, far) = if from.abs() <= to.abs() { (low, high) } else { (high, low) };
            let (y_near, y_far) = (channel.z(near).abs(), channel.z(far).abs());
            let h = (channel.slope * (high - low)).abs() / channel.noise;
            let middle = channel.line(0.5 * (low + high));
            self.add_side(weight, &Side { near, far, y_near, y_far, h, middle });
        }
    }

    fn add_side(&mut self, weight: f64, side: &Side) {
        let Channel { noise: s, reference, .. } = self.channel;
        let &Side { near, far, y_near, y_far, h, middle } = side;
        let (near, far) = (near * self.channel.unit, far * self.channel.unit);
        let mut parts = Parts::default();
        if s > 0.0 {
            let Averages { mean, ramp, square } = Averages::new(y_near, y_far, h, reference);
            let width = far - near;
            // ∫ u g_{k−1}
            let u = |k: usize| near * mean[k] + width * ramp[k];
            parts = Parts {
                product: s * u(2),
                square: 2.0 * s * s * mean[3],
                first: s * mean[2],
                power: near * (near * mean[1] + 2.0 * width * ramp[1]) + width * width * square,
                signal: u(1),
                mass: mean[1],
            };
            self.density += weight * mean[0];
            self.edge += weight * u(0) / s;
        }
        let (mean, variance) = (0.5 * (near + far), (far - near) * (far - near) / 12.0);
        if middle > 0.0 {
            self.cut.add(weight, &parts);
            self.add_open(weight, mean, variance, middle);
        } else {
            self.clipped.add(weight, &parts);
            self.clipped_square += weight * (mean * mean + variance);
        }
    }

    /// Merges a mass with a mean and a variance into the open side's: sums of positive parts.
    fn add_open(&mut self, mass: f64, mean: f64, variance: f64, line: f64) {
        let total = self.open_mass + mass;
        if total <= 0.0 {
            return;
        }
        let (share, rest) = (mass / total, self.open_mass / total);
        let distance = mean - self.open_mean;
        self.open_variance =
            rest * self.open_variance + share * variance + share * rest * distance * distance;
        self.open_mean = rest * self.open_mean + share * mean;
        self.open_line = rest * self.open_line + share * line;
        self.open_mass = total;
    }

    /// Adds `weight ≥ 0` times other terms of the same channel.
    pub fn add(&mut self, weight: f64, other: &Self) {
        debug_assert_eq!(self.channel, other.channel);
        self.clipped_square += weight * other.clipped_square;
        self.clipped.add(weight, &other.clipped);
        self.cut.add(weight, &other.cut);
        self.edge += weight * other.edge;
        self.density += weight * other.density;
        self.add_open(weight * other.open_mass, other.open_mean, other.open_variance, other.open_line);
    }

    /// The channel the terms belong to.
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// `E (u − a Y₊)²` for a gain `a ≥ 0`.
    pub fn loss(&self, gain: f64) -> f64 {
        self.loss_at(self.plain(gain))
    }

    fn plain(&self, gain: f64) -> Gain {
        Gain { value: gain, rest: 1.0 - gain * self.channel.gain() }
    }

    /// The gain of least loss `N/D`; for a channel of slope 1, `1 − N/D = E[(Y − u) Y; Y > 0]/D` where that is small.
    /// 0 if `Y₊` is always 0.
    pub(crate) fn best_gain(&self) -> Gain {
        let square = self.square();
        if square <= 0.0 {
            return Gain { value: 0.0, rest: 1.0 };
        }
        let value = self.product() / square;
        let rest = if self.channel.gain() == 1.0 && (value - 1.0).abs() < 0.25 {
            -self.residual_product(1.0) / square
        } else {
            1.0 - value * self.channel.gain()
        };
        Gain { value, rest }
    }

    /// [`loss`](Self::loss) for a gain whose rest is known apart.
    pub(crate) fn loss_at(&self, Gain { value: gain, rest }: Gain) -> f64 {
        let Channel { shift, noise, .. } = self.channel;
        let bias = rest * self.open_mean - gain * shift;
        let line = rest * rest * self.open_variance + bias * bias + gain * gain * noise * noise;
        let open = self.open_mass * line - 2.0 * gain * self.cut.product - gain * gain * self.cut.square;
        let clipped = gain * (gain * self.clipped.square - 2.0 * self.clipped.product);
        open + (self.clipped_square + self.unscale() * clipped)
    }

    /// `E (u − a Y₊)²` less its value at `u = 0`, for these terms of `U[0, 1]` with weight 1.
    ///
    /// The derivative of the error in `u` is `2[u P[Y < 0] + (1 − ac)(u P[Y > 0] − a E Y₊)]`, and its average up to a
    /// uniform `u` has the factor `1 − u`:
    ///
    /// ```math
    /// 2A + 2(1 - ac)(B - aC), \quad A = \int_0^1 (1-u)\,u\,P[Y<0]\,du,\quad B = \int_0^1 (1-u)\,u\,P[Y>0]\,du,\quad
    /// C = \int_0^1 (1-u)\,E\,Y_+\,du .
    /// ```
    ///
    /// With it the size of what cancels, `|1 − ac|` times `B` and `aC`.
    pub(crate) fn rise_over_unit(&self, gain: f64) -> (f64, f64) {
        let channel = &self.channel;
        // The part of [0, 1] on which the line is positive, and the others.
        let edge = (-channel.shift / channel.slope).clamp(0.0, 1.0);
        let (open, shut) = match (channel.line(0.0) > 0.0, channel.line(1.0) > 0.0) {
            (false, true) => ((edge, 1.0), (0.0, edge)),
            (true, false) => ((0.0, edge), (edge, 1.0)),
            (true, true) => ((0.0, 1.0), (0.0, 0.0)),
            (false, false) => ((0.0, 0.0), (0.0, 1.0)),
        };
        let scale = self.unscale();
        let (cut, clipped) =
            (scale * (self.cut.signal - self.cut.power), scale * (self.clipped.signal - self.clipped.power));
        let below = cubic(shut, |u| (1.0 - u) * u) - clipped + cut;
        let above = cubic(open, |u| (1.0 - u) * u) - cut + clipped;
        let first = (self.clipped.first - self.clipped.product) + (self.cut.first - self.cut.product);
        let mean = cubic(open, |u| (1.0 - u) * channel.line(u).max(0.0)) + scale * first;
        let rest = 1.0 - gain * channel.slope;
        (2.0 * (below + rest * (above - gain * mean)), 2.0 * rest.abs() * (above + gain * mean))
    }

    /// `E (u − f)²` for a line `f` of gain `a ≥ 0`: each part as for [`loss`](Self::loss), of which again at most 0.9 is
    /// subtracted if `θ ≥ 0`.
    pub(crate) fn line_loss(&self, line: &Line) -> f64 {
        let &Line { gain: Gain { value: gain, rest }, bias, jump } = line;
        let (noise, bias) = (self.channel.noise, rest * self.open_mean - bias);
        let line = rest * rest * self.open_variance + bias * bias + gain * gain * noise * noise;
        let Parts { product, square, first, signal, mass, .. } = self.cut;
        let cut = gain * (gain * square + 2.0 * product) - 2.0 * jump * (gain * first + signal)
            + jump * jump * mass;
        let Parts { product, square, first, signal, mass, .. } = self.clipped;
        let clipped = gain * (gain * square - 2.0 * product)
            + 2.0 * jump * (gain * first - signal)
            + jump * jump * mass;
        (self.open_mass * line - cut) + (self.clipped_square + self.unscale() * clipped)
    }

    /// The line of least loss, for a channel of slope 1: the regression of `u` on `Y` where `Y > 0`.
    ///
    /// There `u = Y − β − ν`, and by Stein's lemma `E[ν; Y > 0] = s E φ(z)`, `E[ν Y; Y > 0] = s² P[Y > 0]`. With bars for
    /// means where `Y > 0`,
    ///
    /// ```math
    /// 1 - a = \frac{s^2 - s\bar\varphi\,\bar Y}{\overline{Y^2} - \bar Y^2}, \qquad
    /// \theta + \beta = (1 - a)\,\bar Y - s\bar\varphi .
    /// ```
    ///
    /// So neither what is left of the slope nor the distance of `θ` from the cut `−β` is a difference of numbers near 1.
    /// Where the slope is far from 1 it is the covariance over the variance.
    pub(crate) fn best_line(&self) -> Line {
        let Channel { shift, noise, .. } = self.channel;
        let mass = self.mass();
        let (mean, square, density) = (self.first() / mass, self.square() / mass, self.density / mass);
        let variance = square - mean * mean;
        let rest = noise * (noise - density * mean) / variance;
        let offset = rest * mean - noise * density;
        if rest < 0.75 {
            let gain = Gain { value: 1.0 - rest, rest };
            return Line { gain, bias: offset - rest * shift, jump: offset - shift };
        }
        let signal = self.residual(0.0) / mass;
        let value = (self.product() / mass - mean * signal) / variance;
        let jump = signal - value * mean;
        Line { gain: Gain { value, rest }, bias: jump + value * shift, jump }
    }

    /// What turns the integrals below into themselves: `exp(−reference²/2)`.
    pub(crate) fn unscale(&self) -> f64 {
        factor(self.channel.reference, 0.0)
    }

    /// `E u Y₊`, times `exp(reference²/2)` as all that follow.
    pub(crate) fn product(&self) -> f64 {
        let line = self.channel.gain() * self.open_variance + self.open_mean * self.open_line;
        self.clipped.product + self.open_mass * line + self.cut.product
    }

    /// `E Y₊²`.
    pub(crate) fn square(&self) -> f64 {
        let (slope, noise) = (self.channel.gain(), self.channel.noise);
        let line = slope * slope * self.open_variance + self.open_line * self.open_line + noise * noise;
        self.clipped.square + (self.open_mass * line - self.cut.square)
    }

    /// `E Y₊`.
    pub(crate) fn first(&self) -> f64 {
        self.clipped.first + self.open_mass * self.open_line + self.cut.first
    }

    /// `P[Y > 0]`.
    pub(crate) fn mass(&self) -> f64 {
        self.clipped.mass + (self.open_mass - self.cut.mass)
    }

    /// `E u φ(z)/s`, the mean of `u` at the rectifier's edge.
    pub(crate) fn edge(&self) -> f64 {
        self.edge
    }

    /// `E [(u − a Y); Y > 0]`.
    pub(crate) fn residual(&self, gain: f64) -> f64 {
        self.residual_at(self.plain(gain))
    }

    /// The same for a gain whose rest is known apart.
    pub(crate) fn residual_at(&self, Gain { value: gain, rest }: Gain) -> f64 {
        let open = self.open_mass * (rest * self.open_mean - gain * self.channel.shift);
        (open - self.cut.signal - gain * self.cut.first) + (self.clipped.signal - gain * self.clipped.first)
    }

    /// `E [(u − Y) u; Y > 0]`.
    pub(crate) fn residual_signal(&self) -> f64 {
        let (slope, shift) = (self.channel.gain(), self.channel.shift);
        let square = self.open_mean * self.open_mean + self.open_variance;
        let open = self.open_mass * ((1.0 - slope) * square - shift * self.open_mean);
        (open - self.cut.power - self.cut.product) + (self.clipped.power - self.clipped.product)
    }

    /// `E [(u − a Y) Y; Y > 0]`.
    pub(crate) fn residual_product(&self, gain: f64) -> f64 {
        let Channel { shift, noise, .. } = self.channel;
        let slope = self.channel.gain();
        let rest = 1.0 - gain * slope;
        let line = rest * slope * self.open_variance
            + (rest * self.open_mean - gain * shift) * self.open_line
            - gain * noise * noise;
        self.open_mass * line
            + (self.cut.product + gain * self.cut.square)
            + (self.clipped.product - gain * self.clipped.square)
    }
}

/// Simpson's rule, exact for a cubic.
fn cubic((low, high): (f64, f64), f: impl Fn(f64) -> f64) -> f64 {
    (high - low) / 6.0 * (f(low) + 4.0 * f(0.5 * (low + high)) + f(high))
}
