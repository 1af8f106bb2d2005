//! Approximate message passing (AMP), for a matrix of independent entries.

use nalgebra::DMatrix;
use toy_superposition_model::Scalar;

use crate::decoder::{check_measured, in_parts, norms, subtract_from};
use crate::layers::{Best, Denoiser, Settings, Track, combine};
use crate::{Decoder, Limits, LinearOperator, Prior, Recovery, Result};

/// AMP with the posterior mean of a [`Prior`].
///
/// ```math
/// z_t = y - A \hat x_t + \frac{\alpha_{t-1}}{\delta} z_{t-1}, \qquad r_t = \hat x_t + \frac1c A^\top z_t, \qquad
/// \tau_t^2 = \frac{\lVert z_t \rVert^2}{c\,n_d}, \qquad \hat x_{t+1} = \eta(r_t; \tau_t), \qquad
/// \alpha_t = \langle \eta'(r_t; \tau_t) \rangle,
/// ```
///
/// with `δ = n_d/n_s`, `c` the mean squared norm of a column, and `x̂_0 = E x`. The term with `α`
/// is Onsager's correction, which removes from `z` the part that the last estimate contributed. Its
/// factor is right for independent entries. For orthogonal rows, such as those of a rug, use
/// [`Oamp`](crate::Oamp), which also needs fewer steps.
///
/// (Donoho, Maleki and Montanari, "Message-passing algorithms for compressed sensing", PNAS 106,
/// 2009.)
///
/// As in [`Oamp`](crate::Oamp), the noise is measured from the residual, a sample whose residual
/// grows is damped, and the estimate of least residual is returned.
#[derive(Debug, Clone)]
pub struct Amp<'a>(Settings<'a>);

impl<'a> Amp<'a> {
    /// AMP with this prior and the default [`Limits`], undamped until the residual of a sample
    /// grows.
    pub fn new(prior: &'a dyn Prior) -> Self {
        Self(Settings::new(prior))
    }

    /// This decoder with `limits` for its iterations and its tolerance.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self(Settings { limits, ..self.0 })
    }

    /// This decoder with steps `d = damping` times as long, for estimates and residuals alike.
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) unless `0 < damping ≤ 1`; 1 is no damping.
    pub fn with_damping(self, damping: f64) -> Result<Self> {
        Ok(Self(self.0.with_damping(damping)?))
    }
}

impl<T: Scalar> Decoder<T> for Amp<'_> {
    fn decode(&self, operator: &dyn LinearOperator<T>, y: &DMatrix<T>) -> Result<Recovery<T>> {
        check_measured(operator, y)?;
        self.0.limits.check()?;
        let denoiser = Denoiser::new(self.0.prior);
        in_parts(operator, y, |y| self.decode_part(&denoiser, operator, y))
    }
}

impl Amp<'_> {
    fn decode_part<T: Scalar>(
        &self,
        denoiser: &Denoiser<'_>,
        operator: &dyn LinearOperator<T>,
        y: &DMatrix<T>,
    ) -> Result<Recovery<T>> {
        let (hidden, features) = operator.shape();
        let (ratio, square) = (hidden as f64 / features as f64, operator.mean_square());
        let step = T::round_from(square.recip());
        let mut best = Best::new(features, y);
        let mut tracks: Vec<Track> = norms(y).into_iter().enumerate().map(Track::new).collect();
        let mut y_left = y.clone();
        let mut x = DMatrix::from_element(features, y.ncols(), T::round_from(self.0.prior.before().mean));
        let (mut seen, mut answer) = (x.clone(), x.clone());
        let mut damping = vec![self.0.damping; y.ncols()];
        // z_0 = y − A E x.
        let mut z = y.clone();
        operator.apply_into(&x, &mut z)?;
        subtract_from(y, &mut z);
        let mut rest = z.clone();
        for iteration in 1..=self.0.limits.iterations {
            if tracks.is_empty() {
                break;
            }
            operator.adjoint_into(&z, &mut seen)?;
            let noise: Vec<f64> =
                norms(&z).into_iter().map(|norm| norm / (square * hidden as f64).sqrt()).collect();
            let alpha = denoiser.apply(&noise, &x, step, &mut seen, &mut answer);
            let weights: Vec<[T; 3]> =
                damping.iter().map(|&d| [d, 0.0, 1.0 - d].map(T::round_from)).collect();
            combine(&weights, &answer, &seen, &mut x);
            operator.apply_into(&x, &mut rest)?;
            subtract_from(&y_left, &mut rest);
            let mut keep = Vec::new();
            for (k, (track, residual)) in tracks.iter_mut().zip(norms(&rest)).enumerate() {
                let improved = track.record(iteration, residual);
                if improved {
                    best.keep(track.column, &x, k);
                } else {
                    damping[k] = self.0.halved(damping[k]);
                }
                match track.end(&self.0.limits) {
                    None => keep.push(k),
                    Some(stopped) => best.end(track.column, iteration, stopped),
                }
            }
            for (k, mut column) in z.column_iter_mut().enumerate() {
                let onsager = T::round_from(alpha[k] / ratio);
                let d = T::round_from(damping[k]);
                column
                    .iter_mut()
                    .zip(rest.column(k).iter())
                    .for_each(|(z, &rest)| *z = d * (rest + onsager * *z) + (T::one() - d) * *z);
            }
            if keep.len() < tracks.len() {
                tracks = keep.iter().map(|&k| tracks[k]).collect();
                damping = keep.iter().map(|&k| damping[k]).collect();
                for matrix in [&mut y_left, &mut x, &mut seen, &mut answer, &mut z, &mut rest] {
                    *matrix = matrix.select_columns(&keep);
                }
            }
        }
        best.finish(operator, y, self.0.limits.iterations)
    }
}
