//! Decoders that are told how many features are on: CoSaMP, iterative hard thresholding and hard
//! thresholding pursuit.

use nalgebra::DMatrix;
use toy_superposition_data::parallel::for_each;
use toy_superposition_model::Scalar;

use crate::active::{ActiveSet, largest};
use crate::decoder::{check_measured, in_parts, norm, norms, subtract_from};
use crate::layers::{Best, Track};
use crate::{Decoder, Error, Limits, LinearOperator, Recovery, Result, Sign};

/// The rule by which the next estimate is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    CoSaMp,
    Iht,
    Htp,
}

/// The decoder CoSaMP, IHT or HTP, which is told the number k of features that are on.
///
/// With `g = Aᵀ(y − A x)`, `H_k` the k largest entries and `LS(S)` the least squares on a support
/// S:
///
/// | decoder | next x |
/// |---|---|
/// | CoSaMP (Needell and Tropp, 2009) | `H_k(LS(supp x ∪ supp H_{2k}(g)))` |
/// | IHT (Blumensath and Davies, 2010) | `H_k(x + μ g)`, `μ = ‖g_S‖²/‖A g_S‖²` on the support S of x |
/// | HTP (Foucart, 2011) | `LS(supp H_k(x + μ g))` |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HardThresholding {
    rule: Rule,
    sparsity: usize,
    limits: Limits,
    sign: Sign,
}

impl HardThresholding {
    fn new(rule: Rule, sparsity: usize) -> Self {
        Self { rule, sparsity, limits: Limits::default(), sign: Sign::Nonnegative }
    }

    /// Compressive sampling matching pursuit (CoSaMP) for `sparsity` features. Decoding returns
    /// [`Error::Support`] for 0 features and for more than a third of n_d, for which its least
    /// squares would have no unique solution.
    pub fn cosamp(sparsity: usize) -> Self {
        Self::new(Rule::CoSaMp, sparsity)
    }

    /// Normalised iterative hard thresholding (IHT) for `sparsity` features. Decoding returns
    /// [`Error::Support`] for 0 features and for more than n_d.
    pub fn iht(sparsity: usize) -> Self {
        Self::new(Rule::Iht, sparsity)
    }

    /// Hard thresholding pursuit (HTP) for `sparsity` features. Decoding returns [`Error::Support`]
    /// for 0 features and for more than n_d.
    pub fn htp(sparsity: usize) -> Self {
        Self::new(Rule::Htp, sparsity)
    }

    /// This decoder with `limits` for its iterations and its tolerance.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// This decoder for features of the given sign.
    #[must_use]
    pub fn with_sign(self, sign: Sign) -> Self {
        Self { sign, ..self }
    }

    /// Overwrites the estimate of one sample with the next. `gradient` is `g`, and `products` is
    /// `Aᵀy`.
    fn advance<T: Scalar>(&self, operator: &dyn LinearOperator<T>, item: &mut Item<'_, T>) {
        let (k, size) = (self.sparsity, |value: f64| self.sign.size(value));
        let support = match self.rule {
            Rule::CoSaMp => {
                let mut merged = largest(item.gradient, 2 * k, size);
                merged.extend(largest(item.x, k, f64::abs));
                merged.sort_unstable();
                merged.dedup();
                merged
            }
            Rule::Iht | Rule::Htp => {
                for (x, &g) in item.x.iter_mut().zip(item.gradient) {
                    *x += item.step * g;
                }
                largest(item.x, k, size)
            }
        };
        if self.rule != Rule::Iht {
            ActiveSet::of(operator, &support, item.products).write(item.x);
        }
        let kept: Vec<(usize, T)> = largest(item.x, k, size).into_iter().map(|j| (j, item.x[j])).collect();
        item.x.fill(T::zero());
        kept.into_iter().for_each(|(j, value)| item.x[j] = value);
    }
}

/// The vectors of one sample.
struct Item<'a, T> {
    x: &'a mut [T],
    gradient: &'a [T],
    products: &'a [T],
    step: T,
}

impl<T: Scalar> Decoder<T> for HardThresholding {
    fn decode(&self, operator: &dyn LinearOperator<T>, y: &DMatrix<T>) -> Result<Recovery<T>> {
        check_measured(operator, y)?;
        self.limits.check()?;
        let hidden = operator.shape().0;
        let most = if self.rule == Rule::CoSaMp { hidden / 3 } else { hidden };
        if !(1..=most).contains(&self.sparsity) {
            return Err(Error::Support { given: self.sparsity, least: 1, most });
        }
        in_parts(operator, y, |y| self.decode_part(operator, y))
    }
}

impl HardThresholding {
    fn decode_part<T: Scalar>(
        &self,
        operator: &dyn LinearOperator<T>,
        y: &DMatrix<T>,
    ) -> Result<Recovery<T>> {
        let features = operator.shape().1;
        let mut best = Best::new(features, y);
        let mut tracks: Vec<Track> = norms(y).into_iter().enumerate().map(Track::new).collect();
        let (mut y_left, mut rest) = (y.clone(), y.clone());
        let mut products = DMatrix::zeros(features, y.ncols());
        operator.adjoint_into(y, &mut products)?;
        let (mut x, mut gradient) = (DMatrix::zeros(features, y.ncols()), products.clone());
        let (mut masked, mut image) = (x.clone(), y.clone());
        // The step of a sample is halved when its residual does not fall.
        let mut caution = vec![1.0; y.ncols()];
        for iteration in 1..=self.limits.iterations {
            if tracks.is_empty() {
                break;
            }
            operator.adjoint_into(&rest, &mut gradient)?;
            let mut steps = vec![T::one(); tracks.len()];
            if self.rule != Rule::CoSaMp {
                self.mask(&x, &gradient, &mut masked);
                operator.apply_sparse_into(&masked, &mut image)?;
                for (k, step) in steps.iter_mut().enumerate() {
                    let (g, ag) = (norm(masked.column(k).as_slice()), norm(image.column(k).as_slice()));
                    *step = T::round_from(if ag > 0.0 { caution[k] * (g / ag) * (g / ag) } else { 0.0 });
                }
            }
            let columns = x.as_mut_slice().chunks_mut(features).zip(gradient.as_slice().chunks(features));
            let columns = columns.zip(products.as_slice().chunks(features)).zip(steps);
            let items = columns.map(|(((x, gradient), products), step)| Item { x, gradient, products, step });
            for_each(&mut items.collect::<Vec<_>>(), |_, item| self.advance(operator, item));
            operator.apply_sparse_into(&x, &mut rest)?;
            subtract_from(&y_left, &mut rest);
            let mut keep = Vec::new();
            for (k, (track, residual)) in tracks.iter_mut().zip(norms(&rest)).enumerate() {
                if track.record(iteration, residual) {
                    best.keep(track.column, &x, k);
                } else {
                    caution[k] = (0.5 * caution[k]).max(1e-3);
                }
                match track.end(&self.limits) {
                    None => keep.push(k),
                    Some(stopped) => best.end(track.column, iteration, stopped),
                }
            }
            if keep.len() < tracks.len() {
                tracks = keep.iter().map(|&k| tracks[k]).collect();
                caution = keep.iter().map(|&k| caution[k]).collect();
                for matrix in
                    [&mut y_left, &mut rest, &mut products, &mut x, &mut gradient, &mut masked, &mut image]
                {
                    *matrix = matrix.select_columns(&keep);
                }
            }
        }
        best.finish(operator, y, self.limits.iterations)
    }

    /// Writes `g` on the support of x, and 0 elsewhere. If x is 0, the support is that of the k
    /// largest entries of `g`.
    fn mask<T: Scalar>(&self, x: &DMatrix<T>, gradient: &DMatrix<T>, masked: &mut DMatrix<T>) {
        let features = x.nrows();
        let columns = x.as_slice().chunks(features).zip(gradient.as_slice().chunks(features));
        for ((x, g), masked) in columns.zip(masked.as_mut_slice().chunks_mut(features)) {
            masked.fill(T::zero());
            let mut support = largest(x, self.sparsity, f64::abs);
            if support.is_empty() {
                support = largest(g, self.sparsity, |value| self.sign.size(value));
            }
            support.into_iter().for_each(|j| masked[j] = g[j]);
        }
    }
}
