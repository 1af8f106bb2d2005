//! Losses of a gain or a line, and the best of each, from the [`Terms`] of a channel.

use crate::gaussian::channel::Channel;
use crate::gaussian::parts::Parts;
use crate::gaussian::terms::Terms;

/// A gain `a ≥ 0` with `rest = 1 − a c`, which may be known to more digits than `a` has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gain {
    pub(crate) value: f64,
    pub(crate) rest: f64,
}

/// The output `f = a Y + θ` where `Y > 0`, and 0 elsewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) gain: Gain,
    /// The bias `b = θ + aβ` of `f = a (Y − β) + b`, which may be known to more digits than `θ`
    /// has.
    pub(crate) bias: f64,
    /// The jump `θ` at `Y = 0`.
    pub(crate) jump: f64,
}

impl Terms {
    /// The squared error `E (u − a Y₊)²` for a gain `a ≥ 0`.
    pub fn loss(&self, gain: f64) -> f64 {
        self.loss_at(self.plain(gain))
    }

    pub(crate) fn plain(&self, gain: f64) -> Gain {
        Gain { value: gain, rest: 1.0 - gain * self.channel.gain() }
    }

    /// The gain of least loss, `N/D`; it is 0 if `Y₊` is always 0. For a channel of slope 1 the
    /// rest `1 − N/D` is computed as `E[(Y − u) Y; Y > 0]/D` where it is small.
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

    /// The [`loss`](Self::loss) for a gain `a` whose rest `1 − ac` is given and not computed from
    /// `a`.
    pub(crate) fn loss_at(&self, Gain { value: gain, rest }: Gain) -> f64 {
        let Channel { shift, noise, .. } = self.channel;
        let bias = rest * self.open.mean - gain * shift;
        let line = rest * rest * self.open.variance + bias * bias + gain * gain * noise * noise;
        let open = self.open.mass * line - 2.0 * gain * self.cut.product - gain * gain * self.cut.square;
        let clipped = gain * (gain * self.clipped.square - 2.0 * self.clipped.product);
        open + (self.clipped_square + self.unscale() * clipped)
    }

    /// `E (u − a Y₊)²` less its value at `u = 0`, where these are the terms of `U[0, 1]` with
    /// weight 1.
    ///
    /// The derivative of the error in `u` is `2[u P[Y < 0] + (1 − ac)(u P[Y > 0] − a E Y₊)]`, and
    /// its average up to a uniform `u` has the factor `1 − u`:
    ///
    /// ```math
    /// 2A + 2(1 - ac)(B - aC), \quad A = \int_0^1 (1-u)\,u\,P[Y<0]\,du,\quad B = \int_0^1 (1-u)\,u\,P[Y>0]\,du,\quad
    /// C = \int_0^1 (1-u)\,E\,Y_+\,du .
    /// ```
    ///
    /// Also returns the size of the numbers that cancel, `2|1 − ac| (B + aC)`.
    pub(crate) fn rise_over_unit(&self, gain: f64) -> (f64, f64) {
        let channel = &self.channel;
        // The part of [0, 1] on which the line is positive, and the rest of it.
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

    /// The squared error `E (u − f)²` of a line `f` of gain `a ≥ 0`. It has the two parts of
    /// [`loss`](Self::loss), and again at most 0.9 of each is subtracted if `θ ≥ 0`.
    pub(crate) fn line_loss(&self, line: &Line) -> f64 {
        let &Line { gain: Gain { value: gain, rest }, bias, jump } = line;
        let (noise, bias) = (self.channel.noise, rest * self.open.mean - bias);
        let line = rest * rest * self.open.variance + bias * bias + gain * gain * noise * noise;
        let Parts { product, square, first, signal, mass, .. } = self.cut;
        let cut = gain * (gain * square + 2.0 * product) - 2.0 * jump * (gain * first + signal)
            + jump * jump * mass;
        let Parts { product, square, first, signal, mass, .. } = self.clipped;
        let clipped = gain * (gain * square - 2.0 * product)
            + 2.0 * jump * (gain * first - signal)
            + jump * jump * mass;
        (self.open.mass * line - cut) + (self.clipped_square + self.unscale() * clipped)
    }

    /// The line of least loss, for a channel of slope 1: the regression of `u` on `Y` where
    /// `Y > 0`.
    ///
    /// There `u = Y − β − ν`, and by Stein's lemma `E[ν; Y > 0] = s E φ(z)` and
    /// `E[ν Y; Y > 0] = s² P[Y > 0]`. With bars for means over `Y > 0`,
    ///
    /// ```math
    /// 1 - a = \frac{s^2 - s\bar\varphi\,\bar Y}{\overline{Y^2} - \bar Y^2}, \qquad
    /// \theta + \beta = (1 - a)\,\bar Y - s\bar\varphi .
    /// ```
    ///
    /// So neither the rest `1 − a` nor the distance of `θ` from the cut `−β` is a difference of
    /// numbers near 1. Where the gain is far from 1 it is computed as the covariance divided by the
    /// variance.
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
}

/// Simpson's rule, exact for a cubic.
fn cubic((low, high): (f64, f64), f: impl Fn(f64) -> f64) -> f64 {
    (high - low) / 6.0 * (f(low) + 4.0 * f(0.5 * (low + high)) + f(high))
}
