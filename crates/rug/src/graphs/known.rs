//! The strongly regular graphs that this crate constructs, by name.

use std::collections::BTreeSet;
use std::fmt;

use super::{GraphError, MOST_VERTICES, Parameters, StronglyRegular};
use super::{blocks, cayley, pairs, quadrangles};
use crate::Result;
use crate::field::{Field, prime_power};

/// A strongly regular graph that this crate can construct. Its `Display` form is its name, such as
/// "Higman–Sims" or "GQ(3, 9)".
///
/// | graph | (v, k, λ, μ) |
/// |---|---|
/// | `Triangular(n)`, n ≥ 5 | (n(n − 1)/2, 2(n − 2), n − 2, 4) |
/// | `Kneser(n)`, n ≥ 5 | the complement of `Triangular(n)`; Petersen (10, 3, 0, 1) |
/// | `Lattice(n)`, n ≥ 2 | (n², 2(n − 1), n − 2, 2) |
/// | `Paley(q)`, q ≡ 1 (mod 4) | (q, (q − 1)/2, (q − 5)/4, (q − 1)/4); pentagon (5, 2, 0, 1) |
/// | `SymplecticQuadrangle(q)` | ((q + 1)(q² + 1), q(q + 1), q − 1, q + 1) |
/// | `EllipticQuadrangle(q)` | ((q + 1)(q³ + 1), q(q² + 1), q − 1, q² + 1) |
/// | `AffinePolar`, n = 2m | (q²ᵐ, (qᵐ + 1)(qᵐ⁻¹ − 1), q(qᵐ⁻¹ + 1)(qᵐ⁻² − 1) + q − 2, qᵐ⁻¹(qᵐ⁻¹ − 1)) |
/// | `Schlaefli` | (27, 16, 10, 8) |
/// | `HoffmanSingleton` | (50, 7, 0, 1) |
/// | `Gewirtz` | (56, 10, 0, 2) |
/// | `M22` | (77, 16, 0, 4) |
/// | `HigmanSims` | (100, 22, 0, 6) |
/// | `GoethalsSeidel` | (105, 32, 4, 12) |
/// | `Heptads { missed: 2 }` | (120, 42, 8, 18) |
/// | `U43` | (162, 56, 10, 24) |
/// | `Heptads { missed: 1 }` | (176, 70, 18, 34) |
/// | `BerlekampVanLintSeidel` | (243, 22, 1, 2) |
/// | `Delsarte` | (243, 110, 37, 60) |
/// | `Heptads { missed: 0 }` | (253, 112, 36, 60) |
/// | `McLaughlin` | (275, 112, 30, 56) |
/// | `Games` | (729, 112, 1, 20) |
///
/// q is any prime power. The seven known triangle-free graphs are the pentagon and those of
/// Petersen, Clebsch, Hoffman and Singleton, Gewirtz, M₂₂, and Higman and Sims.
///
/// ```
/// use toy_superposition_rug::{KnownGraph, Parameters};
/// assert_eq!(KnownGraph::HigmanSims.parameters()?, Parameters::new(100, 22, 0, 6));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KnownGraph {
    /// The pairs of n points. Neighbours have a point in common.
    Triangular(usize),
    /// The pairs of n points. Neighbours have no point in common. For n = 5 this is Petersen's
    /// graph.
    Kneser(usize),
    /// The squares of an n × n board. Neighbours are in one row or one column.
    Lattice(usize),
    /// The elements of GF(q). Neighbours differ by a square.
    Paley(usize),
    /// The points of the generalised quadrangle W(3, q). Neighbours are on one line.
    SymplecticQuadrangle(usize),
    /// The points of the generalised quadrangle Q⁻(5, q). Neighbours are on one line.
    EllipticQuadrangle(usize),
    /// The vectors of GF(q)ⁿ, n even. Neighbours differ by a zero of an elliptic quadratic form.
    /// GF(2)⁴ gives Clebsch's graph (the folded 5-cube), and GF(3)⁴ that of Brouwer and Haemers.
    AffinePolar {
        /// The order q of the field, a prime power.
        order: usize,
        /// The dimension n, even and at least 4.
        dimension: usize,
    },
    /// The complement of `EllipticQuadrangle(2)`.
    Schlaefli,
    /// Five pentagons and five pentagrams, with Robertson's edges between them.
    HoffmanSingleton,
    /// The hexads of S(3, 6, 22) that miss a given point. Neighbours are disjoint.
    Gewirtz,
    /// The hexads of S(3, 6, 22). Neighbours are disjoint.
    M22,
    /// The points and the hexads of S(3, 6, 22), and one more vertex.
    HigmanSims,
    /// The heptads of S(4, 7, 23) that miss some given points. Neighbours have one point in common.
    Heptads {
        /// The number of points that the heptads miss, at most 2.
        missed: usize,
    },
    /// The vertices of McLaughlin's graph that are not neighbours of one given vertex.
    U43,
    /// The vertices of the graph of U₄(3) that are not neighbours of one given vertex.
    GoethalsSeidel,
    /// The elements of GF(243). Neighbours differ by a 22nd root of 1.
    BerlekampVanLintSeidel,
    /// The elements of GF(243). Neighbours differ by a power of a generator whose exponent is not a
    /// square modulo 11.
    Delsarte,
    /// Points and heptads of S(4, 7, 23).
    McLaughlin,
    /// The elements of GF(729). Neighbours differ by an element of ± Hill's cap.
    Games,
}

impl KnownGraph {
    /// Returns the graphs with at most `most` vertices, ordered by number of vertices and then by
    /// degree.
    ///
    /// A graph and its complement have the same two frames, so only one of them is listed. Of
    /// several graphs with the same parameters only one is listed. There are none above 2¹⁴
    /// vertices.
    pub fn up_to(most: usize) -> Vec<Self> {
        use KnownGraph::*;
        let mut all = vec![HoffmanSingleton, Gewirtz, M22, HigmanSims, GoethalsSeidel, U43, McLaughlin];
        all.extend([BerlekampVanLintSeidel, Delsarte, Games]);
        all.extend([0, 1, 2].map(|missed| Heptads { missed }));
        let indices = 2..=most.min(MOST_VERTICES);
        all.extend(indices.clone().map(EllipticQuadrangle));
        all.extend(indices.clone().map(SymplecticQuadrangle));
        for dimension in (4..=MOST_VERTICES.ilog2() as usize).step_by(2) {
            all.extend(indices.clone().map(|order| AffinePolar { order, dimension }));
        }
        all.extend(indices.clone().map(Kneser));
        all.extend(indices.clone().map(Paley));
        all.extend(indices.map(Lattice));
        let mut sized: Vec<(Parameters, Self)> = all
            .into_iter()
            .filter_map(|graph| Some((graph.parameters().ok()?, graph)))
            .filter(|(parameters, _)| parameters.v <= most)
            .collect();
        sized.sort_by_key(|&(parameters, _)| parameters);
        let mut seen = BTreeSet::new();
        sized.retain(|&(parameters, _)| {
            let complement = parameters.complement().unwrap_or(parameters);
            seen.insert(parameters.min(complement))
        });
        sized.into_iter().map(|(_, graph)| graph).collect()
    }

    /// Returns the parameters from the formulas of the table, without constructing the graph.
    ///
    /// # Errors
    /// [`Error::Graph`](crate::Error::Graph) with [`GraphError::NoSuchGraph`] for an index that the
    /// family does not have, or with [`GraphError::TooManyVertices`] for a graph of more than 2¹⁴
    /// vertices. A number of vertices that overflows is given as `usize::MAX`.
    pub fn parameters(&self) -> Result<Parameters> {
        let sized = |v: usize| match v {
            0..=MOST_VERTICES => Ok(v),
            given => Err(GraphError::TooManyVertices { given, most: MOST_VERTICES }),
        };
        let refuse = |family, given, needs| Err(GraphError::NoSuchGraph { family, given, needs }.into());
        let times = usize::saturating_mul;
        Ok(match *self {
            Self::Triangular(n) | Self::Kneser(n) => {
                if n < 5 {
                    return refuse("pairs of points", n, "at least 5 points");
                }
                let v = sized(times(n, n - 1) / 2)?;
                let pairs = |n: usize| n * (n - 1) / 2;
                match self {
                    Self::Triangular(_) => Parameters::new(v, 2 * (n - 2), n - 2, 4),
                    _ => Parameters::new(v, pairs(n - 2), pairs(n - 4), pairs(n - 3)),
                }
            }
            Self::Lattice(n) if n < 2 => return refuse("lattice graph", n, "at least 2 rows"),
            Self::Lattice(n) => Parameters::new(sized(times(n, n))?, 2 * (n - 1), n - 2, 2),
            Self::Paley(q) => {
                if sized(q)? % 4 != 1 || prime_power(q).is_none() {
                    return refuse("Paley graph", q, "a prime power, 1 modulo 4");
                }
                Parameters::new(q, (q - 1) / 2, (q - 1) / 4 - 1, (q - 1) / 4)
            }
            Self::SymplecticQuadrangle(q) | Self::EllipticQuadrangle(q) => {
                // The number of lines through a point, minus 1.
                let t = if matches!(self, Self::SymplecticQuadrangle(_)) { q } else { times(q, q) };
                let v = sized(times(q.saturating_add(1), times(q, t).saturating_add(1)))?;
                if prime_power(q).is_none() {
                    return refuse("generalised quadrangle", q, "a prime power");
                }
                Parameters::new(v, q * (t + 1), q - 1, t + 1)
            }
            Self::AffinePolar { order: q, dimension: n } => {
                if n % 2 != 0 || n < 4 {
                    return refuse("affine polar graph", n, "an even dimension, at least 4");
                }
                let v = sized(q.saturating_pow(u32::try_from(n).unwrap_or(u32::MAX)))?;
                if prime_power(q).is_none() {
                    return refuse("affine polar graph", q, "a prime power for the order of the field");
                }
                // qᵐ⁻² and qᵐ⁻¹; n is below log₂ of the most vertices, since q is at least 2.
                let lower = q.pow(n as u32 / 2 - 2);
                let upper = q * lower;
                let lambda = q * (upper + 1) * (lower - 1) + q - 2;
                Parameters::new(v, (q * upper + 1) * (upper - 1), lambda, upper * (upper - 1))
            }
            Self::Schlaefli => Parameters::new(27, 16, 10, 8),
            Self::HoffmanSingleton => Parameters::new(50, 7, 0, 1),
            Self::Gewirtz => Parameters::new(56, 10, 0, 2),
            Self::M22 => Parameters::new(77, 16, 0, 4),
            Self::HigmanSims => Parameters::new(100, 22, 0, 6),
            Self::Heptads { missed: 2 } => Parameters::new(120, 42, 8, 18),
            Self::U43 => Parameters::new(162, 56, 10, 24),
            Self::Heptads { missed: 1 } => Parameters::new(176, 70, 18, 34),
            Self::GoethalsSeidel => Parameters::new(105, 32, 4, 12),
            Self::Delsarte => Parameters::new(243, 110, 37, 60),
            Self::BerlekampVanLintSeidel => Parameters::new(243, 22, 1, 2),
            Self::Heptads { missed: 0 } => Parameters::new(253, 112, 36, 60),
            Self::Heptads { missed } => return refuse("heptads", missed, "at most 2 points that are missed"),
            Self::McLaughlin => Parameters::new(275, 112, 30, 56),
            Self::Games => Parameters::new(729, 112, 1, 20),
        })
    }

    /// Constructs the graph, and checks that it is strongly regular and has its
    /// [`parameters`](Self::parameters).
    ///
    /// # Errors
    /// Returns the errors of [`parameters`](Self::parameters), and
    /// [`Error::Model`](crate::Error::Model) if there is no memory for v² bits.
    pub fn graph(&self) -> Result<StronglyRegular> {
        let (expected, name) = (self.parameters()?, &self.to_string());
        let field = |order: usize| {
            let needs = "a prime power";
            Field::new(order).ok_or(GraphError::NoSuchGraph { family: "finite field", given: order, needs })
        };
        match *self {
            Self::Triangular(n) => pairs::pairs(name, n, true),
            Self::Kneser(n) => pairs::pairs(name, n, false),
            Self::Lattice(n) => pairs::lattice(name, n),
            Self::Paley(q) => cayley::paley(name, &field(q)?),
            Self::SymplecticQuadrangle(q) => quadrangles::symplectic(name, &field(q)?),
            Self::EllipticQuadrangle(q) => quadrangles::elliptic(name, &field(q)?),
            Self::AffinePolar { order, dimension } => {
                cayley::affine_polar(name, &field(order)?, dimension as u32)
            }
            Self::Schlaefli => {
                let quadrangle = quadrangles::elliptic(name, &field(2)?)?;
                quadrangle.complement().map(|graph| graph.named(name))
            }
            Self::HoffmanSingleton => pairs::hoffman_singleton(name),
            Self::Gewirtz => blocks::gewirtz(name),
            Self::M22 => blocks::m22(name),
            Self::HigmanSims => blocks::higman_sims(name),
            Self::Heptads { missed } => blocks::heptads(name, missed),
            Self::U43 => blocks::u43(name),
            Self::GoethalsSeidel => blocks::goethals_seidel(name),
            Self::Delsarte => cayley::delsarte(name, &field(243)?),
            Self::BerlekampVanLintSeidel => cayley::berlekamp_van_lint_seidel(name, &field(243)?),
            Self::McLaughlin => blocks::mclaughlin(name),
            Self::Games => cayley::games(name, &field(729)?),
        }?
        .expect(expected)
    }
}

impl fmt::Display for KnownGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Triangular(n) => write!(f, "triangular T({n})"),
            Self::Kneser(5) => f.write_str("Petersen"),
            Self::Kneser(n) => write!(f, "Kneser K({n}, 2)"),
            Self::Lattice(n) => write!(f, "lattice L₂({n})"),
            Self::Paley(5) => f.write_str("pentagon"),
            Self::Paley(q) => write!(f, "Paley({q})"),
            Self::SymplecticQuadrangle(q) => write!(f, "GQ({q}, {q})"),
            Self::EllipticQuadrangle(q) => write!(f, "GQ({q}, {})", q.saturating_mul(q)),
            Self::AffinePolar { order: 2, dimension: 4 } => f.write_str("Clebsch"),
            Self::AffinePolar { order: 3, dimension: 4 } => f.write_str("Brouwer–Haemers"),
            Self::AffinePolar { order, dimension } => write!(f, "VO⁻({dimension}, {order})"),
            Self::Schlaefli => f.write_str("Schläfli"),
            Self::HoffmanSingleton => f.write_str("Hoffman–Singleton"),
            Self::Gewirtz => f.write_str("Gewirtz"),
            Self::M22 => f.write_str("M₂₂"),
            Self::HigmanSims => f.write_str("Higman–Sims"),
            Self::Heptads { missed: 0 } => f.write_str("heptads of S(4, 7, 23)"),
            Self::Heptads { missed } => write!(f, "heptads of S(4, 7, 23) that miss {missed}"),
            Self::U43 => f.write_str("U₄(3)"),
            Self::GoethalsSeidel => f.write_str("Goethals–Seidel"),
            Self::Delsarte => f.write_str("Delsarte"),
            Self::BerlekampVanLintSeidel => f.write_str("Berlekamp–van Lint–Seidel"),
            Self::McLaughlin => f.write_str("McLaughlin"),
            Self::Games => f.write_str("Games"),
        }
    }
}
