//! The Gram matrix `G = AᵀA` in strips of rows, so that a strip stays in a cache while the samples
//! of a batch use it one after the other.

use nalgebra::DMatrix;
use toy_superposition_data::parallel::for_each;
use toy_superposition_model::Scalar;

use crate::LinearOperator;

/// Rows of a strip: those of 8192 features are 8 MiB.
const STRIP: usize = 128;

/// `G`, n_s × n_s.
#[derive(Debug, Clone)]
pub(crate) struct Gram {
    /// n_s.
    pub(crate) features: usize,
    /// `1/√G_jj`.
    pub(crate) scales: Vec<f64>,
    /// Of `STRIP` rows each, but the last.
    strips: Vec<DMatrix<f64>>,
}

/// What one strip is for.
struct Part<'a> {
    strip: &'a DMatrix<f64>,
    samples: Vec<Piece<'a>>,
}

/// The rows of a strip of one sample.
struct Piece<'a> {
    terms: &'a [(usize, f64)],
    from: &'a [f64],
    to: &'a mut [f64],
}

impl Gram {
    pub(crate) fn of<T: Scalar>(operator: &dyn LinearOperator<T>) -> Self {
        let features = operator.shape().1;
        let rows = (0..features).step_by(STRIP).map(|start| start..features.min(start + STRIP));
        let mut gram =
            Self { features, scales: Vec::new(), strips: rows.map(|rows| operator.gram(rows)).collect() };
        let mut square = [0.0];
        for j in 0..features {
            gram.entries(j, &[j], &mut square);
            gram.scales.push(square[0].sqrt().recip());
        }
        gram
    }

    /// `G_ij` for each `i` of `rows` and `j = column`.
    pub(crate) fn entries(&self, column: usize, rows: &[usize], out: &mut [f64]) {
        // By symmetry from one strip.
        let strip = &self.strips[column / STRIP];
        out.iter_mut().zip(rows).for_each(|(out, &row)| *out = strip[(column % STRIP, row)]);
    }

    /// `to = from − G x` for each sample, n_s × B, with `x` by its terms (feature, value). A sample
    /// without terms is passed over.
    pub(crate) fn subtract(&self, terms: &[Vec<(usize, f64)>], from: &DMatrix<f64>, to: &mut DMatrix<f64>) {
        let mut parts: Vec<Part<'_>> =
            self.strips.iter().map(|strip| Part { strip, samples: Vec::new() }).collect();
        let columns = from.as_slice().chunks(self.features).zip(to.as_mut_slice().chunks_mut(self.features));
        for (terms, (from, to)) in terms.iter().zip(columns).filter(|(terms, _)| !terms.is_empty()) {
            let pieces = from.chunks(STRIP).zip(to.chunks_mut(STRIP));
            for (part, (from, to)) in parts.iter_mut().zip(pieces) {
                part.samples.push(Piece { terms, from, to });
            }
        }
        for_each(&mut parts, |_, part| {
            let height = part.strip.nrows();
            let column = |j: usize| &part.strip.as_slice()[j * height..(j + 1) * height];
            for Piece { terms, from, to } in &mut part.samples {
                to.copy_from_slice(from);
                let (fours, rest) = terms.as_chunks::<4>();
                for &[(a, s), (b, t), (c, u), (d, v)] in fours {
                    let columns = column(a).iter().zip(column(b)).zip(column(c)).zip(column(d));
                    for (to, (((&a, &b), &c), &d)) in to.iter_mut().zip(columns) {
                        *to = *to - a * s - b * t - c * u - d * v;
                    }
                }
                for &(a, s) in rest {
                    to.iter_mut().zip(column(a)).for_each(|(to, &a)| *to -= a * s);
                }
            }
        });
    }
}
