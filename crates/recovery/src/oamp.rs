//! Orthogonal approximate message passing (OAMP, also called VAMP), as a network of layers.

use nalgebra::DMatrix;
use toy_superposition_model::Scalar;

use crate::decoder::{check_measured, in_parts, norm, norms, subtract_from};
use crate::layers::{Best, Denoiser, Settings, Track};
use crate::{Decoder, Limits, LinearOperator, Prior, Recovery, Result};

/// OAMP with the posterior mean of a [`Prior`].
///
/// ```math
/// r_t = \hat x_t + \frac1\rho A^+ (y - A \hat x_t), \qquad v_t = \frac{\lVert A^+(y - A\hat x_t)\rVert^2}{n_d}, \qquad
/// \tau_t^2 = v_t \frac{1-\rho}{\rho}, \qquad \rho = \frac{n_d}{n_s},
/// ```
/// ```math
/// x^{(t)} = \eta(r_t; \tau_t), \qquad \alpha_t = \langle \eta'(r_t; \tau_t) \rangle, \qquad
/// \hat x_{t+1} = \frac{x^{(t)} - \alpha_t r_t}{1 - \alpha_t}.
/// ```
///
/// `x^{(t)}` is the answer of layer t, and `x̂_{t+1}` is the start of the next layer. The error of
/// that start is orthogonal to the error of `r_t`; without this the second layer would not follow
/// state evolution. With `m_t = τ_t² α_t` and `1/v_{t+1} = 1/m_t − 1/τ_t²` the last equation is
/// `v_{t+1} (x^{(t)}/m_t − r_t/τ_t²)`. `η` is the posterior mean of a [`Prior`]. Layer 1 starts at
/// `E x` and is Bayes's decoder of the Welch channel.
///
/// `A` may be any matrix of full rank, since `A⁺A` is a projector. Orthogonal rows of one norm need
/// no inverse.
///
/// (Ma and Ping, "Orthogonal AMP", IEEE Access 5, 2017; Rangan, Schniter and Fletcher, "Vector
/// AMP", IEEE Trans. Inf. Theory 65, 2019.)
///
/// The noise level of a layer is measured from the residual rather than predicted. Where the
/// residual grows, as it may at small n_s without damping, the damping of that sample is halved.
/// The estimate with the least residual is returned.
///
/// ```
/// use nalgebra::DMatrix;
/// use toy_superposition_data::{Features, Stream, sample_dense};
/// use toy_superposition_recovery::{Decoder, LinearOperator, Oamp, RugOperator, SparsePrior};
/// use toy_superposition_rug::PersianRug;
///
/// let rug = RugOperator::new(PersianRug::random(1024, 512, &mut Stream::Draws.rng(1, 0))?);
/// let x: DMatrix<f64> = sample_dense(&Features::paper(1024, 0.05)?, Stream::Evaluation.samples(1, 0..4))?;
/// let mut y = DMatrix::zeros(512, 4);
/// rug.apply_into(&x, &mut y)?;
/// let prior = SparsePrior::paper(0.05)?;
/// let found = Oamp::new(&prior).decode(&rug, &y)?;
/// assert!((found.estimate - x).amax() < 1e-4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Oamp<'a>(Settings<'a>);

impl<'a> Oamp<'a> {
    /// OAMP with this prior and the default [`Limits`], undamped until the residual of a sample
    /// grows.
    pub fn new(prior: &'a dyn Prior) -> Self {
        Self(Settings::new(prior))
    }

    /// This decoder with `limits` for its iterations and its tolerance.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self(Settings { limits, ..self.0 })
    }

    /// This decoder with a step `x̂ ← d x̂_{new} + (1 − d) x̂`, `d = damping`, from the first
    /// layer on.
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) unless `0 < damping ≤ 1`; 1 is no damping.
    pub fn with_damping(self, damping: f64) -> Result<Self> {
        Ok(Self(self.0.with_damping(damping)?))
    }

    /// Runs the network of this number of layers, and calls `observe` with the number (1, 2, …) and
    /// the answer (n_s × B) of each layer. There is no damping, no early end and no safeguard: this
    /// is the iteration that state evolution describes.
    ///
    /// # Errors
    /// The errors of [`decode`](Decoder::decode).
    pub fn unrolled<T: Scalar>(
        &self,
        operator: &dyn LinearOperator<T>,
        y: &DMatrix<T>,
        layers: usize,
        mut observe: impl FnMut(usize, &DMatrix<T>),
    ) -> Result<()> {
        check_measured(operator, y)?;
        let denoiser = Denoiser::new(self.0.prior);
        let mut state = State::new(&denoiser, self.0.prior.before().mean, operator, y, 1.0);
        for layer in 1..=layers {
            state.project(operator)?;
            state.denoise();
            observe(layer, &state.answer);
            state.advance();
        }
        Ok(())
    }
}

/// The state of one layer, for the columns that are still decoded.
struct State<'a, 'b, T: Scalar> {
    denoiser: &'a Denoiser<'b>,
    ratio: f64,
    y: DMatrix<T>,
    /// The start `x̂_t`.
    start: DMatrix<T>,
    /// The residual `y − A x̂_t`.
    rest: DMatrix<T>,
    /// The residual of the layer before.
    rest_before: DMatrix<T>,
    /// First `A⁺(y − A x̂_t)`, then `r_t`.
    seen: DMatrix<T>,
    /// The answer `x^{(t)}`.
    answer: DMatrix<T>,
    /// For each column, `v_t`, `α_t` and the damping.
    spread: Vec<f64>,
    alpha: Vec<f64>,
    damping: Vec<f64>,
}

impl<'a, 'b, T: Scalar> State<'a, 'b, T> {
    fn new(
        denoiser: &'a Denoiser<'b>,
        mean: f64,
        operator: &dyn LinearOperator<T>,
        y: &DMatrix<T>,
        damping: f64,
    ) -> Self {
        let ((hidden, features), samples) = (operator.shape(), y.ncols());
        let zeros = DMatrix::zeros(features, samples);
        Self {
            denoiser,
            ratio: hidden as f64 / features as f64,
            y: y.clone(),
            start: DMatrix::from_element(features, samples, T::round_from(mean)),
            rest: y.clone(),
            rest_before: y.clone(),
            seen: zeros.clone(),
            answer: zeros,
            spread: vec![0.0; samples],
            alpha: vec![0.0; samples],
            damping: vec![damping; samples],
        }
    }

    /// Computes `y − A x̂`, `A⁺` of it, and `v`.
    fn project(&mut self, operator: &dyn LinearOperator<T>) -> Result<()> {
        std::mem::swap(&mut self.rest, &mut self.rest_before);
        operator.apply_into(&self.start, &mut self.rest)?;
        subtract_from(&self.y, &mut self.rest);
        operator.pseudo_inverse_into(&self.rest, &mut self.seen)?;
        let hidden = self.y.nrows() as f64;
        self.spread = norms(&self.seen).into_iter().map(|norm| norm * norm / hidden).collect();
        Ok(())
    }

    /// Computes `r`, the answer and `α`.
    fn denoise(&mut self) {
        let noise: Vec<f64> =
            self.spread.iter().map(|v| (v * (1.0 - self.ratio) / self.ratio).sqrt()).collect();
        let step = T::round_from(self.ratio.recip());
        let slopes = self.denoiser.apply(&noise, &self.start, step, &mut self.seen, &mut self.answer);
        self.alpha = slopes.into_iter().map(|slope| slope.min(STEEPEST)).collect();
    }

    /// Computes `x̂_{t+1}` with damping.
    fn advance(&mut self) {
        let Self { alpha, damping, .. } = self;
        let keep: Vec<[T; 3]> = alpha
            .iter()
            .zip(damping)
            .map(|(&alpha, &mut damping)| {
                let scale = damping / (1.0 - alpha);
                [scale, -scale * alpha, 1.0 - damping].map(T::round_from)
            })
            .collect();
        crate::layers::combine(&keep, &self.answer, &self.seen, &mut self.start);
    }

    /// The residual `‖y − A x^{(t)}‖` of the answer of the layer before, from the residuals of its
    /// start and of the start of this layer: the answer is
    /// `((1 − α)/d) (x̂_{t+1} − (1 − d) x̂_t) + α r_t`, and `y − A r_t = (1 − 1/ρ)(y − A x̂_t)`.
    fn residual(&self, column: usize) -> f64 {
        let (alpha, damping) = (self.alpha[column], self.damping[column]);
        let scale = (1.0 - alpha) / damping;
        let old = alpha * (1.0 - self.ratio.recip()) - scale * (1.0 - damping);
        let (now, before) = (self.rest.column(column), self.rest_before.column(column));
        let pairs = now.as_slice().iter().zip(before.as_slice());
        norm(&pairs.map(|(&now, &before)| scale * now.to_f64() + old * before.to_f64()).collect::<Vec<_>>())
    }

    /// Keeps only the columns whose numbers are in `keep`.
    fn select(&mut self, keep: &[usize]) {
        for matrix in [
            &mut self.y,
            &mut self.start,
            &mut self.rest,
            &mut self.rest_before,
            &mut self.seen,
            &mut self.answer,
        ] {
            *matrix = matrix.select_columns(keep);
        }
        for list in [&mut self.spread, &mut self.alpha, &mut self.damping] {
            *list = keep.iter().map(|&k| list[k]).collect();
        }
    }
}

impl<T: Scalar> Decoder<T> for Oamp<'_> {
    fn decode(&self, operator: &dyn LinearOperator<T>, y: &DMatrix<T>) -> Result<Recovery<T>> {
        check_measured(operator, y)?;
        self.0.limits.check()?;
        let denoiser = Denoiser::new(self.0.prior);
        in_parts(operator, y, |y| self.decode_part(&denoiser, operator, y))
    }
}

impl Oamp<'_> {
    fn decode_part<T: Scalar>(
        &self,
        denoiser: &Denoiser<'_>,
        operator: &dyn LinearOperator<T>,
        y: &DMatrix<T>,
    ) -> Result<Recovery<T>> {
        let mut best = Best::new(operator.shape().1, y);
        let mut state = State::new(denoiser, self.0.prior.before().mean, operator, y, self.0.damping);
        let mut tracks: Vec<Track> = norms(y).into_iter().enumerate().map(Track::new).collect();
        state.project(operator)?;
        for iteration in 1..=self.0.limits.iterations {
            if tracks.is_empty() {
                break;
            }
            state.denoise();
            let spread = state.spread.clone();
            state.advance();
            state.project(operator)?;
            let mut keep = Vec::new();
            for (k, track) in tracks.iter_mut().enumerate() {
                let residual = state.residual(k);
                let improved = track.record(iteration, residual);
                if improved {
                    best.keep(track.column, &state.answer, k);
                }
                if state.spread[k] > spread[k] || !improved {
                    state.damping[k] = self.0.halved(state.damping[k]);
                }
                match track.end(&self.0.limits) {
                    None => keep.push(k),
                    Some(stopped) => best.end(track.column, iteration, stopped),
                }
            }
            if keep.len() < tracks.len() {
                tracks = keep.iter().map(|&k| tracks[k]).collect();
                state.select(&keep);
            }
        }
        best.finish(operator, y, self.0.limits.iterations)
    }
}

/// The largest `α`. In state evolution `α = m/τ² < 1`; a sample with a larger slope is far from it.
const STEEPEST: f64 = 0.999;
