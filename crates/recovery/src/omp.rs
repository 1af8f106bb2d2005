//! Orthogonal matching pursuit: in each step the feature that fits the residual best is chosen, and
//! then the least squares on all chosen features are solved.
//!
//! ```math
//! j_t = \arg\max_j \frac{\langle a_j, \rho_t \rangle}{\lVert a_j \rVert}, \qquad S_{t+1} = S_t \cup \{j_t\}, \qquad
//! x_{t+1} = \arg\min_{\operatorname{supp} x \subseteq S_{t+1}} \lVert y - A x \rVert, \qquad \rho_{t+1} = y - A x_{t+1}.
//! ```
//!
//! For features of any sign the modulus of the product is compared. The least squares are Cholesky
//! updates ([`active`](crate::active)), in O(k²) operations per feature. [`Omp`] forms the residual
//! and asks the operator for `Aᵀρ` of all samples at once. [`BatchOmp`] does not: it stores the
//! Gram matrix `G = AᵀA`, so that `Aᵀρ = Aᵀy − G_S c` and `‖ρ‖² = ‖y‖² − ‖z‖²`.
//!
//! (Pati, Rezaiifar and Krishnaprasad, 1993; Rubinstein, Zibulevsky and Elad, "Efficient
//! implementation of the K-SVD algorithm using batch orthogonal matching pursuit", 2008.)

use nalgebra::DMatrix;
use toy_superposition_data::parallel::for_each;
use toy_superposition_model::Scalar;

use crate::active::ActiveSet;
use crate::decoder::{add_columns, check_measured, in_parts, norm, norms, residuals, subtract_from};
use crate::error::{check_length, check_positive};
use crate::{Decoder, Error, LinearOperator, Outcome, Recovery, Result, Sign, StopReason};

/// The limits of a pursuit, and the sign of the features that it may choose.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pursuit {
    most: Option<usize>,
    tolerance: f64,
    sign: Sign,
}

impl Pursuit {
    fn new(tolerance: f64) -> Result<Self> {
        check_positive("the tolerance", tolerance)?;
        Ok(Self { most: None, tolerance, sign: Sign::Nonnegative })
    }

    /// The largest number of features for a matrix of `hidden` rows.
    fn most(&self, hidden: usize) -> Result<usize> {
        let most = self.most.unwrap_or(hidden);
        if (1..=hidden).contains(&most) {
            Ok(most)
        } else {
            Err(Error::Support { given: most, least: 1, most: hidden })
        }
    }
}

/// Orthogonal matching pursuit by the products of the operator.
///
/// ```math
/// j_t = \arg\max_j \frac{\langle a_j, \rho_t \rangle}{\lVert a_j \rVert}, \qquad S_{t+1} = S_t \cup \{j_t\}, \qquad
/// x_{t+1} = \arg\min_{\operatorname{supp} x \subseteq S_{t+1}} \lVert y - A x \rVert, \qquad \rho_{t+1} = y - A x_{t+1}.
/// ```
///
/// It ends once `‖ρ‖ ≤ tolerance · ‖y‖`, or with the largest number of features that is allowed.
/// Under [`Sign::Nonnegative`] only features whose product with the residual is positive are
/// chosen, and coefficients that the least squares make negative are returned as 0. For features of
/// any sign the modulus of the product is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Omp(Pursuit);

/// Orthogonal matching pursuit by the Gram matrix `G = AᵀA` of one operator, which it stores (n_s²
/// numbers). It chooses the features of [`Omp`] with `Aᵀρ = Aᵀy − G_S c`, without forming the
/// residual.
#[derive(Debug, Clone)]
pub struct BatchOmp {
    pursuit: Pursuit,
    gram: DMatrix<f64>,
}

impl Omp {
    /// The pursuit of nonnegative features, with up to n_d of them, until the norm of the residual
    /// is at most `tolerance` times that of `y`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] unless the tolerance is positive and finite.
    pub fn new(tolerance: f64) -> Result<Self> {
        Ok(Self(Pursuit::new(tolerance)?))
    }

    /// This decoder with at most `features` features in an estimate. Decoding returns
    /// [`Error::Support`] for 0 and for more than n_d.
    #[must_use]
    pub fn with_most(self, features: usize) -> Self {
        Self(Pursuit { most: Some(features), ..self.0 })
    }

    /// This decoder for features of the given sign.
    #[must_use]
    pub fn with_sign(self, sign: Sign) -> Self {
        Self(Pursuit { sign, ..self.0 })
    }
}

impl BatchOmp {
    /// The pursuit for one operator, whose Gram matrix is computed here. The settings are those of
    /// [`Omp::new`].
    ///
    /// # Errors
    /// [`Error::OutOfRange`] unless the tolerance is positive and finite.
    pub fn new<T: Scalar>(operator: &dyn LinearOperator<T>, tolerance: f64) -> Result<Self> {
        /// The number of columns that are computed together.
        const BLOCK: usize = 512;
        let (pursuit, features) = (Pursuit::new(tolerance)?, operator.shape().1);
        let mut gram = DMatrix::zeros(features, features);
        for first in (0..features).step_by(BLOCK) {
            let block = operator.gram(first..features.min(first + BLOCK));
            gram.columns_mut(first, block.ncols()).copy_from(&block);
        }
        Ok(Self { pursuit, gram })
    }

    /// This decoder with at most `features` features in an estimate, as in [`Omp::with_most`].
    #[must_use]
    pub fn with_most(self, features: usize) -> Self {
        Self { pursuit: Pursuit { most: Some(features), ..self.pursuit }, ..self }
    }

    /// This decoder for features of the given sign, as in [`Omp::with_sign`].
    #[must_use]
    pub fn with_sign(self, sign: Sign) -> Self {
        Self { pursuit: Pursuit { sign, ..self.pursuit }, ..self }
    }
}

/// The pursuit of one sample.
struct Sample {
    set: ActiveSet,
    scale: f64,
    stopped: Option<StopReason>,
}

impl Sample {
    fn start(y: &[impl Scalar]) -> Self {
        let scale = norm(y);
        let stopped = (scale == 0.0).then_some(StopReason::Converged);
        Self { set: ActiveSet::default(), scale, stopped }
    }

    /// Chooses the next feature by its product with the residual, and adds it.
    fn choose<T: Scalar, V: Scalar>(
        &mut self,
        gram: &impl Fn(usize, &[usize], &mut [f64]),
        sign: Sign,
        correlations: &mut [V],
        scales: &[f64],
        products: &[T],
    ) {
        // Chosen features have no product with the residual, up to rounding.
        self.set.support().iter().for_each(|&j| correlations[j] = V::zero());
        loop {
            let mut best = (0, 0.0);
            for (j, (value, scale)) in correlations.iter().zip(scales).enumerate() {
                let size = sign.size(value.to_f64()) * scale;
                if size > best.1 {
                    best = (j, size);
                }
            }
            if best.1 == 0.0 {
                self.stopped = Some(StopReason::Support);
                return;
            }
            if self.set.add(gram, best.0, products[best.0].to_f64()) {
                return;
            }
            correlations[best.0] = V::zero();
        }
    }

    /// Stops the sample if the norm of its residual or the number of its features has reached a
    /// limit.
    fn check(&mut self, residual: f64, tolerance: f64, most: usize) {
        if residual <= tolerance * self.scale {
            self.stopped = Some(StopReason::Converged);
        } else if !residual.is_finite() {
            self.stopped = Some(StopReason::Diverged);
        } else if self.set.support().len() >= most {
            self.stopped = Some(StopReason::Support);
        }
    }
}

/// The factors `1/‖a_j‖` of all columns.
fn scales<T: Scalar>(operator: &dyn LinearOperator<T>) -> Vec<f64> {
    let mut one = [0.0];
    let scale = |j| {
        operator.gram_into(j, &[j], &mut one);
        one[0].sqrt().recip()
    };
    (0..operator.shape().1).map(scale).collect()
}

/// The estimates of all samples, with coefficients of the wrong sign set to 0.
fn finish<T: Scalar>(
    operator: &dyn LinearOperator<T>,
    y: &DMatrix<T>,
    samples: Vec<Sample>,
    sign: Sign,
) -> Result<Recovery<T>> {
    let mut estimate = DMatrix::zeros(operator.shape().1, y.ncols());
    for (mut column, sample) in estimate.column_iter_mut().zip(&samples) {
        for (&j, c) in sample.set.support().iter().zip(sample.set.coefficients()) {
            column[j] = T::round_from(sign.part(c));
        }
    }
    let residuals = residuals(operator, &estimate, y)?;
    let outcomes = samples.iter().zip(residuals).map(|(sample, residual)| Outcome {
        iterations: sample.set.support().len(),
        residual,
        stopped: sample.stopped.unwrap_or(StopReason::Support),
    });
    let outcomes = outcomes.collect();
    Ok(Recovery { estimate, outcomes })
}

impl<T: Scalar> Decoder<T> for Omp {
    fn decode(&self, operator: &dyn LinearOperator<T>, y: &DMatrix<T>) -> Result<Recovery<T>> {
        check_measured(operator, y)?;
        let (most, scales) = (self.0.most(operator.shape().0)?, scales(operator));
        in_parts(operator, y, |y| self.decode_part(operator, y, most, &scales))
    }
}

impl Omp {
    fn decode_part<T: Scalar>(
        &self,
        operator: &dyn LinearOperator<T>,
        y: &DMatrix<T>,
        most: usize,
        scales: &[f64],
    ) -> Result<Recovery<T>> {
        struct Item<'a, T> {
            sample: &'a mut Sample,
            correlations: &'a mut [T],
            products: &'a [T],
            x: &'a mut [T],
        }
        let features = operator.shape().1;
        let gram = |column: usize, rows: &[usize], out: &mut [f64]| operator.gram_into(column, rows, out);
        let mut samples: Vec<Sample> = y.column_iter().map(|y| Sample::start(y.as_slice())).collect();
        let mut left: Vec<usize> = (0..y.ncols()).filter(|&k| samples[k].stopped.is_none()).collect();
        let (mut y_left, mut rest) = (y.select_columns(&left), y.select_columns(&left));
        let mut products = DMatrix::zeros(features, left.len());
        operator.adjoint_into(&rest, &mut products)?;
        let mut correlations = products.clone();
        let mut x = products.clone();
        while !left.is_empty() {
            operator.adjoint_into(&rest, &mut correlations)?;
            let mut open = samples.iter_mut().filter(|sample| sample.stopped.is_none());
            let columns = correlations.as_mut_slice().chunks_mut(features);
            let columns = columns.zip(products.as_slice().chunks(features));
            let columns = columns.zip(x.as_mut_slice().chunks_mut(features));
            let items = columns.map_while(|((correlations, products), x)| {
                Some(Item { sample: open.next()?, correlations, products, x })
            });
            for_each(&mut items.collect::<Vec<_>>(), |_, item| {
                item.sample.choose(&gram, self.0.sign, item.correlations, scales, item.products);
                item.sample.set.write(item.x);
            });
            operator.apply_sparse_into(&x, &mut rest)?;
            subtract_from(&y_left, &mut rest);
            for (&k, residual) in left.iter().zip(norms(&rest)) {
                if samples[k].stopped.is_none() {
                    samples[k].check(residual, self.0.tolerance, most);
                }
            }
            let keep: Vec<usize> = (0..left.len()).filter(|&i| samples[left[i]].stopped.is_none()).collect();
            if keep.len() < left.len() {
                left = keep.iter().map(|&i| left[i]).collect();
                for matrix in [&mut y_left, &mut rest, &mut products, &mut correlations, &mut x] {
                    *matrix = matrix.select_columns(&keep);
                }
            }
        }
        finish(operator, y, samples, self.0.sign)
    }
}

impl<T: Scalar> Decoder<T> for BatchOmp {
    fn decode(&self, operator: &dyn LinearOperator<T>, y: &DMatrix<T>) -> Result<Recovery<T>> {
        check_measured(operator, y)?;
        let (hidden, features) = operator.shape();
        check_length("features of the Gram matrix", self.gram.nrows(), features)?;
        let (Pursuit { tolerance, sign, .. }, most) = (self.pursuit, self.pursuit.most(hidden)?);
        let column = |j: usize| &self.gram.as_slice()[j * features..(j + 1) * features];
        let entries = |j: usize, rows: &[usize], out: &mut [f64]| {
            out.iter_mut().zip(rows).for_each(|(out, &row)| *out = column(j)[row]);
        };
        let scales: Vec<f64> = (0..features).map(|j| column(j)[j].sqrt().recip()).collect();
        let mut products = DMatrix::zeros(features, y.ncols());
        operator.adjoint_into(y, &mut products)?;
        let mut samples: Vec<Sample> = y.column_iter().map(|y| Sample::start(y.as_slice())).collect();
        for_each(&mut samples, |k, sample| {
            let products = &products.as_slice()[k * features..(k + 1) * features];
            let start: Vec<f64> = products.iter().map(|product| product.to_f64()).collect();
            let mut correlations = start.clone();
            while sample.stopped.is_none() {
                sample.choose(&entries, sign, &mut correlations, &scales, products);
                if sample.stopped.is_some() {
                    break;
                }
                let rest = (sample.scale * sample.scale - sample.set.explained()).max(0.0).sqrt();
                sample.check(rest, tolerance, most);
                let terms = sample.set.support().iter().zip(sample.set.coefficients());
                let terms: Vec<(&[f64], f64)> = terms.map(|(&j, c)| (column(j), -c)).collect();
                correlations.copy_from_slice(&start);
                add_columns(&terms, &mut correlations);
            }
        });
        finish(operator, y, samples, sign)
    }
}
