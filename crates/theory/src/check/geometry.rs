//! The geometry of features in superposition (Elhage et al., "Toy models of superposition", 2022),
//! from `W = W_out W_in`.
//!
//! With tied weights, `W_ij = w_i · w_j` for the columns `w_i` of the encoder, and all of Elhage's
//! statistics are statistics of W:
//!
//! ```math
//! \|w_i\|^2 = W_{ii}, \qquad
//! D_i = \frac{\|w_i\|^2}{\sum_j (\hat w_i \cdot w_j)^2} = \frac{W_{ii}^2}{\sum_j |W_{ij} W_{ji}|}, \qquad
//! D^* = \frac{n_d}{\|W_{in}\|_F^2} = \frac{n_d}{\operatorname{tr} W}, \qquad
//! \cos^2 θ_{ij} = \frac{|W_{ij} W_{ji}|}{W_{ii} W_{jj}} .
//! ```
//!
//! The right-hand sides do not change if a hidden dimension or a feature is scaled up in the
//! encoder and down in the decoder. So they are also the definitions for weights that are not tied.
//! The sign of `cos θ` is that of `W_ij + W_ji`. A feature with `W_ii ≤ 0` has no direction, and
//! its `D_i` is 0.

use std::fmt;

use crate::error::{Error, Result};
use crate::product::Product;

/// A feature whose `W_ii` is below this number, so that its norm is below one half, is not
/// represented.
const REPRESENTED: f64 = 0.25;
/// Two features whose `|cos θ|` is above this number share a subspace.
const SHARED: f64 = 0.1;
/// Two features whose `cos θ` is below this number are antipodes.
const ANTIPODAL: f64 = -0.9;

/// How a feature is represented: by a direction in the hidden space that it has to itself, by one
/// that it shares, or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Representation {
    /// Not represented: `W_ii < 1/4`, so that the norm of its vector is below one half.
    Absent,
    /// Represented, and within `|cos θ| ≤ 0.1` of orthogonal to every other represented feature.
    Dedicated,
    /// Represented, and not orthogonal to every other represented feature.
    Superposed,
}

/// A regular arrangement of k vectors in d dimensions, in which every feature has `D_i = d/k`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Polytope {
    /// One feature with a dimension of its own: D = 1.
    Line,
    /// k vectors in k − 1 dimensions, any two at the same angle: the antipodal pair (D = 1/2), the
    /// triangle (2/3), the tetrahedron (3/4), …
    Simplex(usize),
    /// k ≥ 4 vectors in the plane: the square (1/2), the pentagon (2/5), the hexagon (1/3), …
    Polygon(usize),
    /// Eight vectors in three dimensions: D = 3/8.
    SquareAntiprism,
}

impl Polytope {
    /// The number k of vectors.
    pub fn features(self) -> usize {
        match self {
            Self::Line => 1,
            Self::Simplex(k) | Self::Polygon(k) => k,
            Self::SquareAntiprism => 8,
        }
    }

    /// The number d of dimensions that the vectors span.
    pub fn dimensions(self) -> usize {
        match self {
            Self::Line => 1,
            Self::Simplex(k) => k - 1,
            Self::Polygon(_) => 2,
            Self::SquareAntiprism => 3,
        }
    }

    /// The dimensionality `D = d/k` of each of the k features.
    pub fn dimensionality(self) -> f64 {
        self.dimensions() as f64 / self.features() as f64
    }

    /// The arrangement of `dimensionalities.len()` features from whose `D` all dimensionalities
    /// differ by at most `tolerance`; `None` if there is none.
    fn of(dimensionalities: impl ExactSizeIterator<Item = f64> + Clone, tolerance: f64) -> Option<Self> {
        let k = dimensionalities.len();
        let candidates = match k {
            0 => return None,
            1 => vec![Self::Line],
            2 | 3 => vec![Self::Simplex(k)],
            8 => vec![Self::Simplex(k), Self::Polygon(k), Self::SquareAntiprism],
            _ => vec![Self::Simplex(k), Self::Polygon(k)],
        };
        candidates.into_iter().find(|polytope| {
            dimensionalities.clone().all(|d| (d - polytope.dimensionality()).abs() <= tolerance)
        })
    }
}

/// Writes the name of the arrangement, such as `pentagon`.
impl fmt::Display for Polytope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Line => f.write_str("dimension of its own"),
            Self::Simplex(2) => f.write_str("antipodal pair"),
            Self::Simplex(3) => f.write_str("triangle"),
            Self::Simplex(4) => f.write_str("tetrahedron"),
            Self::Simplex(k) => write!(f, "simplex of {k}"),
            Self::Polygon(4) => f.write_str("square"),
            Self::Polygon(5) => f.write_str("pentagon"),
            Self::Polygon(6) => f.write_str("hexagon"),
            Self::Polygon(k) => write!(f, "{k}-gon"),
            Self::SquareAntiprism => f.write_str("square antiprism"),
        }
    }
}

/// Represented features that share a subspace: any two of them are connected by a chain of features
/// with `|cos θ| > 0.1` between neighbours.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Cluster {
    /// The features of the cluster, in rising order.
    pub features: Vec<usize>,
    /// The sum `Σ D_i` over its features, which is the number of dimensions that it takes up if its
    /// frame is tight.
    pub dimensions: f64,
    /// The regular arrangement whose `D` all `D_i` of the cluster have within the tolerance, if
    /// there is one.
    pub polytope: Option<Polytope>,
}

/// How the features of a model share its hidden dimensions (Elhage et al., 2022), from
/// `W = W_out W_in`.
///
/// With tied weights `W_ij = w_i · w_j` for the columns `w_i` of the encoder, and the definitions
/// below are Elhage's. For weights that are not tied they do not depend on the scale of a hidden
/// dimension or of a feature. Two represented features have `cos² θ = |W_ij W_ji|/(W_ii W_jj)`, and
/// the sign of `cos θ` is that of `W_ij + W_ji`.
///
/// ```
/// use nalgebra::DMatrix;
/// use toy_superposition_theory::{Geometry, Product};
///
/// // Five unit vectors in the plane.
/// let turn = std::f64::consts::TAU / 5.0;
/// let w = DMatrix::from_fn(5, 5, |i, j| (turn * (i as f64 - j as f64)).cos());
/// let geometry = Geometry::of_product(&Product::from_matrix(&w, &[0.0; 5])?, 2, 0.01)?;
/// assert_eq!(geometry.clusters[0].polytope.unwrap().to_string(), "pentagon");
/// assert!((geometry.dimensionality[0] - 0.4).abs() < 1e-12);
/// assert!((geometry.dimensions_per_feature.unwrap() - 0.4).abs() < 1e-12);
/// # Ok::<(), toy_superposition_theory::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Geometry {
    /// The dimensions per feature, `D* = n_d/tr W`, which with tied weights is `n_d/‖W_in‖_F²`.
    /// `None` unless `tr W > 0`.
    pub dimensions_per_feature: Option<f64>,
    /// The dimensionality `D_i = W_ii²/Σ_j |W_ij W_ji|` of each feature, in [0, 1]. With tied
    /// weights it is `‖w_i‖²/Σ_j (ŵ_i · w_j)²`. It is 0 where `W_ii ≤ 0`.
    pub dimensionality: Vec<f64>,
    /// The norm `√W_ii` of the vector of each feature; 0 where `W_ii ≤ 0`.
    pub norm: Vec<f64>,
    /// How each feature is represented (n_s values).
    pub representation: Vec<Representation>,
    /// For each represented feature, the number of other represented features with `|cos θ| > 0.1`;
    /// 0 for features that are not represented. Features with many neighbours are
    /// [hubs](Self::hubs).
    pub neighbours: Vec<usize>,
    /// The pairs `i < j` of represented features with `cos θ < −0.9`.
    pub antipodes: Vec<(usize, usize)>,
    /// The clusters of the represented features. The largest come first, and clusters of equal size
    /// are ordered by their first feature.
    pub clusters: Vec<Cluster>,
}

impl Geometry {
    /// The tolerance with which [`check`](crate::check) names clusters.
    pub const TOLERANCE: f64 = 0.02;

    /// The geometry of a product of rank at most `hidden` = n_d. A cluster is named after a
    /// polytope if each of its `D_i` lies within `tolerance` of the `D` of the polytope;
    /// [`TOLERANCE`](Self::TOLERANCE) suits trained weights.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a tolerance that is negative or not finite.
    pub fn of_product(product: &Product, hidden: usize, tolerance: f64) -> Result<Self> {
        if !(tolerance >= 0.0 && tolerance.is_finite()) {
            return Err(Error::OutOfRange { what: "tolerance", given: tolerance, allowed: "[0, ∞)" });
        }
        let features = product.features();
        let square: Vec<f64> = product.diagonal().map(|w| w.max(0.0)).collect();
        let trace: f64 = product.diagonal().sum();
        // The sums Σ_j |W_ij W_ji|/W_ii², without overflow.
        let mut others = vec![1.0; features];
        let there = |i: usize| square[i] >= REPRESENTED;
        let mut neighbours = vec![0; features];
        let mut antipodes = Vec::new();
        let mut forest = Forest::new(features);
        for i in 0..features {
            for j in i + 1..features {
                let (one, other) = (product.row(i)[j], product.row(j)[i]);
                for k in [i, j] {
                    others[k] += (one / square[k] * (other / square[k])).abs();
                }
                if !(there(i) && there(j)) {
                    continue;
                }
                let cosine = cosine(one, other, square[i] * square[j]);
                if cosine.abs() > SHARED {
                    neighbours[i] += 1;
                    neighbours[j] += 1;
                    forest.join(i, j);
                }
                if cosine < ANTIPODAL {
                    antipodes.push((i, j));
                }
            }
        }
        let dimensionality: Vec<f64> =
            square.iter().zip(others).map(|(&own, sum)| if own > 0.0 { sum.recip() } else { 0.0 }).collect();
        let representation = (0..features)
            .map(|i| match (there(i), neighbours[i]) {
                (false, _) => Representation::Absent,
                (true, 0) => Representation::Dedicated,
                (true, _) => Representation::Superposed,
            })
            .collect();
        let cluster = |features: Vec<usize>| {
            let dimensionalities = features.iter().map(|&i| dimensionality[i]);
            Cluster {
                dimensions: dimensionalities.clone().sum(),
                polytope: Polytope::of(dimensionalities, tolerance),
                features,
            }
        };
        let mut clusters: Vec<_> = forest.trees((0..features).filter(|&i| there(i))).map(cluster).collect();
        clusters.sort_by_key(|cluster| (std::cmp::Reverse(cluster.features.len()), cluster.features[0]));
        Ok(Self {
            dimensions_per_feature: (trace > 0.0).then(|| hidden as f64 / trace),
            dimensionality,
            norm: square.iter().map(|square| square.sqrt()).collect(),
            representation,
            neighbours,
            antipodes,
            clusters,
        })
    }

    /// The `most` features with the most [neighbours](Self::neighbours), in falling order, without
    /// those that have none.
    pub fn hubs(&self, most: usize) -> Vec<usize> {
        let mut hubs: Vec<usize> = (0..self.neighbours.len()).filter(|&i| self.neighbours[i] > 0).collect();
        hubs.sort_by_key(|&i| std::cmp::Reverse(self.neighbours[i]));
        hubs.truncate(most);
        hubs
    }
}

/// The cosine `cos θ` from `W_ij`, `W_ji` and `W_ii W_jj`.
fn cosine(one: f64, other: f64, squares: f64) -> f64 {
    ((one * other).abs() / squares).sqrt().copysign(one + other)
}

/// Disjoint sets of numbers, which are joined pair by pair.
struct Forest(Vec<usize>);

impl Forest {
    fn new(size: usize) -> Self {
        Self((0..size).collect())
    }

    fn root(&mut self, mut i: usize) -> usize {
        while self.0[i] != i {
            self.0[i] = self.0[self.0[i]];
            i = self.0[i];
        }
        i
    }

    /// Joins the sets of two numbers. The smaller root becomes that of both, so that a root is the
    /// first of its set.
    fn join(&mut self, i: usize, j: usize) {
        let (i, j) = (self.root(i), self.root(j));
        self.0[i.max(j)] = i.min(j);
    }

    /// The sets of `members`, each in rising order.
    fn trees(mut self, members: impl Iterator<Item = usize>) -> impl Iterator<Item = Vec<usize>> {
        let mut trees = std::collections::BTreeMap::<usize, Vec<usize>>::new();
        for i in members {
            trees.entry(self.root(i)).or_default().push(i);
        }
        trees.into_values()
    }
}
