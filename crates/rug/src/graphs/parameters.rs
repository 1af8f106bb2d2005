//! The parameters (v, k, λ, μ) of a strongly regular graph, and the spectrum that follows from
//! them.

use std::fmt;

/// The parameters of a strongly regular graph.
///
/// | symbol | here | |
/// |---|---|---|
/// | v | `v` | number of vertices |
/// | k | `k` | number of neighbours of each vertex |
/// | λ | `lambda` | number of common neighbours of two neighbours |
/// | μ | `mu` | number of common neighbours of two vertices that are not neighbours |
///
/// The adjacency matrix has the eigenvalue k at the vector of ones and two others, r ≥ 0 > s, with
/// the multiplicities f and g:
///
/// ```math
/// r, s = \tfrac12 \bigl(\lambda - \mu \pm \sqrt\Delta\bigr), \quad
/// \Delta = (\lambda - \mu)^2 + 4 (k - \mu), \qquad
/// f, g = \tfrac12 \Bigl(v - 1 \mp \frac{2k + (v - 1)(\lambda - \mu)}{\sqrt\Delta}\Bigr)
/// ```
///
/// Either `Δ` is a square, and r and s are integers, or `f = g` (a conference graph,
/// `2k + (v − 1)(λ − μ) = 0`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Parameters {
    /// The number of vertices v.
    pub v: usize,
    /// The degree k.
    pub k: usize,
    /// The number λ of common neighbours of two neighbours.
    pub lambda: usize,
    /// The number μ of common neighbours of two vertices that are not neighbours.
    pub mu: usize,
}

/// One of the two eigenspaces of the adjacency matrix that are orthogonal to the vector of ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Eigenspace {
    /// The eigenspace of the second largest eigenvalue r ≥ 0.
    Second,
    /// The eigenspace of the least eigenvalue s < 0.
    Least,
}

impl Eigenspace {
    /// Both eigenspaces.
    pub const ALL: [Self; 2] = [Self::Second, Self::Least];
}

/// An eigenvalue of the adjacency matrix and the dimension of its eigenspace.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Eigenvalue {
    /// The eigenvalue. It is an integer unless the graph is a conference graph.
    pub value: f64,
    /// Its multiplicity.
    pub multiplicity: usize,
}

/// The two eigenvalues other than k of a strongly regular graph.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Spectrum {
    /// The second largest eigenvalue r.
    pub second: Eigenvalue,
    /// The least eigenvalue s.
    pub least: Eigenvalue,
}

impl Spectrum {
    /// Returns the eigenvalue of an eigenspace.
    pub fn of(&self, eigenspace: Eigenspace) -> Eigenvalue {
        match eigenspace {
            Eigenspace::Second => self.second,
            Eigenspace::Least => self.least,
        }
    }
}

impl Parameters {
    /// Returns the parameters (v, k, λ, μ), given in the usual order.
    pub const fn new(v: usize, k: usize, lambda: usize, mu: usize) -> Self {
        Self { v, k, lambda, mu }
    }

    /// Returns the parameters of the complement, `(v, v − k − 1, v − 2 − 2k + μ, v − 2k + λ)`, or
    /// `None` if one of them is negative, which does not occur for a graph.
    pub fn complement(&self) -> Option<Self> {
        let Self { v, k, lambda, mu } = *self;
        Some(Self {
            v,
            k: v.checked_sub(k.checked_add(1)?)?,
            lambda: v.checked_add(mu)?.checked_sub(k.checked_mul(2)?.checked_add(2)?)?,
            mu: v.checked_add(lambda)?.checked_sub(k.checked_mul(2)?)?,
        })
    }

    /// Returns the eigenvalues other than k with their multiplicities. The eigenvalues are the
    /// roots of `x² − (λ − μ)x − (k − μ)`.
    ///
    /// The result is `None` if no graph has these parameters because
    /// `k(k − λ − 1) ≠ (v − k − 1) μ`, because the multiplicities are not positive integers, or
    /// because the degree is not in `1..=v − 2`.
    pub fn spectrum(&self) -> Option<Spectrum> {
        let signed = |n: usize| u32::try_from(n).ok().map(i128::from);
        let (v, k) = (signed(self.v)?, signed(self.k)?);
        let (lambda, mu) = (signed(self.lambda)?, signed(self.mu)?);
        if !(1..=v - 2).contains(&k) || mu > k || k * (k - lambda - 1) != (v - k - 1) * mu {
            return None;
        }
        let difference = lambda - mu;
        let discriminant = difference * difference + 4 * (k - mu);
        let root = discriminant.isqrt();
        let imbalance = 2 * k + (v - 1) * difference;
        let shift = if root * root == discriminant {
            (root > 0 && imbalance % root == 0).then(|| imbalance / root)?
        } else {
            (imbalance == 0).then_some(0)?
        };
        let twice = [v - 1 - shift, v - 1 + shift];
        if twice.iter().any(|&twice| twice < 2 || twice % 2 != 0) {
            return None;
        }
        let root = (discriminant as f64).sqrt();
        let [second, least] = [(root, twice[0]), (-root, twice[1])].map(|(root, twice)| Eigenvalue {
            value: 0.5 * (difference as f64 + root),
            multiplicity: (twice / 2) as usize,
        });
        Some(Spectrum { second, least })
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { v, k, lambda, mu } = self;
        write!(f, "({v}, {k}, {lambda}, {mu})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spectrum(v: usize, k: usize, lambda: usize, mu: usize) -> Option<(f64, usize, f64, usize)> {
        let Spectrum { second, least } = Parameters::new(v, k, lambda, mu).spectrum()?;
        Some((second.value, second.multiplicity, least.value, least.multiplicity))
    }

    /// The values are from A. E. Brouwer's tables.
    #[test]
    fn spectra_are_the_known_ones() {
        assert_eq!(spectrum(10, 3, 0, 1), Some((1.0, 5, -2.0, 4)));
        assert_eq!(spectrum(50, 7, 0, 1), Some((2.0, 28, -3.0, 21)));
        assert_eq!(spectrum(100, 22, 0, 6), Some((2.0, 77, -8.0, 22)));
        assert_eq!(spectrum(275, 112, 30, 56), Some((2.0, 252, -28.0, 22)));
        assert_eq!(spectrum(4, 2, 0, 2), Some((0.0, 2, -2.0, 1)));
        let (r, f, s, g) = spectrum(13, 6, 2, 3).unwrap();
        assert!((r - 0.5 * (13_f64.sqrt() - 1.0)).abs() < 1e-15, "{r}");
        assert!((s + 0.5 * (13_f64.sqrt() + 1.0)).abs() < 1e-15, "{s}");
        assert_eq!((f, g), (6, 6));
    }

    #[test]
    fn parameters_of_no_graph_have_no_spectrum() {
        // These are wrong numbers of paths of two edges, the Moore graphs of degrees 5 and 4, which
        // do not exist, complete and empty graphs, and numbers that are too large.
        for [v, k, lambda, mu] in [
            [10, 3, 0, 2],
            [26, 5, 0, 1],
            [17, 4, 0, 1],
            [5, 4, 3, 0],
            [5, 0, 0, 0],
            [0, 0, 0, 0],
            [1, 1, 0, 0],
            [usize::MAX, 3, 0, 1],
        ] {
            assert_eq!(spectrum(v, k, lambda, mu), None, "{v} {k} {lambda} {mu}");
        }
        assert_eq!(Parameters::new(5, 4, 3, 0).complement(), None);
        assert_eq!(Parameters::new(3, usize::MAX, 3, 0).complement(), None);
    }

    #[test]
    fn a_complement_has_the_same_eigenspaces() {
        let higman_sims = Parameters::new(100, 22, 0, 6);
        let complement = higman_sims.complement().unwrap();
        assert_eq!(complement, Parameters::new(100, 77, 60, 56));
        assert_eq!(complement.complement(), Some(higman_sims));
        let (spectrum, other) = (higman_sims.spectrum().unwrap(), complement.spectrum().unwrap());
        assert_eq!(other.second.value, -1.0 - spectrum.least.value);
        assert_eq!(other.least.value, -1.0 - spectrum.second.value);
        assert_eq!(other.second.multiplicity, spectrum.least.multiplicity);
        assert_eq!(complement.to_string(), "(100, 77, 60, 56)");
    }
}
