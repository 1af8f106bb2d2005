//! Designs whose places are taken by the features of a law. Where features depend on each other it
//! matters which of them interfere.

use std::fmt;

use nalgebra::DMatrix;
use toy_superposition_data::Law;
use toy_superposition_rug::{Class, Design};
use toy_superposition_theory::{self as theory, FeatureLaw};

use crate::alike::{Kinds, moments};
use crate::{Error, Result};

/// The order in which the features of a law take the places of a design. The features come in lists
/// of features that depend on each other, the list of the largest mean variance first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Arrangement {
    /// Feature `i` takes place `i`.
    #[default]
    Given,
    /// One list follows the other, so that neighbours in the design depend on each other.
    Within,
    /// The first feature of each list comes first, then the second of each, so that neighbours in
    /// the design are independent.
    Across,
}

impl fmt::Display for Arrangement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Given => "as given",
            Self::Within => "within groups",
            Self::Across => "across groups",
        })
    }
}

impl Arrangement {
    /// The feature at each place, a permutation of `0..features`. It is the identity for a law that
    /// treats all features alike.
    ///
    /// # Errors
    /// The errors of [`Arranged::new`].
    pub fn order<'a>(self, law: impl Into<FeatureLaw<'a>>, features: usize) -> Result<Vec<usize>> {
        let law = law.into();
        match Kinds::of(law, features)? {
            Some(kinds) => self.of(&kinds, law, features),
            None => Ok((0..features).collect()),
        }
    }

    fn of(self, kinds: &Kinds, law: FeatureLaw<'_>, features: usize) -> Result<Vec<usize>> {
        if self == Self::Given {
            return Ok((0..features).collect());
        }
        let mut lists = Vec::new();
        for list in kinds.dependent() {
            let mut variance = 0.0;
            for &j in &list {
                variance += moments(law, j)?.variance() / list.len() as f64;
            }
            lists.push((variance, list));
        }
        lists.sort_by(|a, b| b.0.total_cmp(&a.0));
        let longest = lists.iter().map(|list| list.1.len()).max().unwrap_or_default();
        let members = lists.iter().map(|list| &list.1);
        Ok(match self {
            Self::Across => (0..longest)
                .flat_map(|k| members.clone().filter_map(move |list| list.get(k)))
                .copied()
                .collect(),
            _ => members.flatten().copied().collect(),
        })
    }
}

/// A design whose places are taken by the features of a law. Each kind of row that the law tells
/// apart is a class of its own, so that rows that are not alike do not share a gain and a bias.
///
/// ```
/// use toy_superposition_data::{Features, Pairs, UnitUniform};
/// use toy_superposition_designs::{Arranged, Arrangement, optimise};
/// use toy_superposition_rug::{Design, DirectSum};
///
/// // Antipodes that are never on together lose nothing, if partners are neighbours.
/// let law = Features::new(Pairs::new(2, 0.2, -0.25)?, UnitUniform);
/// let pairs = Arranged::new(DirectSum::antipodal_pairs(2)?, &law, Arrangement::Within)?;
/// let best = optimise(&pairs, &law, false)?;
/// assert!(best.loss < 1e-15);
/// let model = pairs.autoencoder(&best.settings)?;
/// assert_eq!((model.features(), model.hidden()), (4, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Arranged<D> {
    design: D,
    /// The place of each feature.
    place: Vec<usize>,
    /// The classes that the law tells apart, and the class of each feature; `None` if the classes
    /// are those of the design.
    classes: Option<(Vec<Class>, Vec<usize>)>,
}

impl<D: Design> Arranged<D> {
    /// The design with the features of `law` in its places. The design is unchanged by a law that
    /// treats all features alike.
    ///
    /// # Errors
    /// [`Error::Features`] for a law of another number of features; [`Error::Large`] for a law of
    /// more than 1024 features that are not alike; [`Error::Theory`] for a law that has no exact
    /// loss.
    pub fn new<'a>(design: D, law: impl Into<FeatureLaw<'a>>, arrangement: Arrangement) -> Result<Self> {
        let (law, features) = (law.into(), design.features());
        let mut arranged = Self { design, place: (0..features).collect(), classes: None };
        if let Some(kinds) = Kinds::of(law, features)? {
            for (place, feature) in arrangement.of(&kinds, law, features)?.into_iter().enumerate() {
                arranged.place[feature] = place;
            }
            arranged.classes = Some(kinds.classes(&arranged));
        }
        Ok(arranged)
    }
}

impl<D: Design> Design for Arranged<D> {
    fn name(&self) -> String {
        self.design.name()
    }

    fn features(&self) -> usize {
        self.design.features()
    }

    fn hidden(&self) -> usize {
        self.design.hidden()
    }

    fn encoder(&self) -> DMatrix<f64> {
        self.design.encoder().select_columns(&self.place)
    }

    fn decoder(&self) -> DMatrix<f64> {
        self.design.decoder().select_rows(&self.place)
    }

    fn write_row(&self, i: usize, row: &mut [f64]) {
        let mut entries = vec![0.0; row.len()];
        self.design.write_row(self.place[i], &mut entries);
        row.iter_mut().zip(&self.place).for_each(|(to, &place)| *to = entries[place]);
    }

    fn classes(&self) -> Vec<Class> {
        self.classes.as_ref().map_or_else(|| self.design.classes(), |found| found.0.clone())
    }

    fn class_of(&self, feature: usize) -> usize {
        match &self.classes {
            Some((_, class_of)) => class_of[feature],
            None => self.design.class_of(self.place[feature]),
        }
    }

    fn all_ones(&self) -> Option<f64> {
        self.design.all_ones()
    }
}

/// The projector onto the principal components of a law, with its rows divided by the diagonal.
/// With the right gains and biases it is the best affine model of its rank; here its outputs are
/// read by a ReLU. Features that are in none of the components are dropped. All features are in one
/// class, since no component is distinguished under a law that treats all features alike.
#[derive(Debug)]
pub struct PrincipalComponents {
    /// The components as orthonormal rows, n_d × n_s.
    encoder: DMatrix<f64>,
}

impl PrincipalComponents {
    /// The components of the `hidden` largest eigenvalues of the covariance.
    ///
    /// # Errors
    /// [`Error::Shape`] unless `1 ≤ hidden ≤ n_s`; [`Error::Theory`] for a covariance whose
    /// eigenvalues are not found.
    pub fn new(law: &dyn Law, hidden: usize) -> Result<Self> {
        let features = law.features();
        if !(1..=features).contains(&hidden) {
            return Err(Error::Shape { features, hidden });
        }
        Ok(Self { encoder: theory::principal_components(law, hidden)? })
    }

    /// The factor `1/P_ii` of row `i`, and 0 for a feature that is dropped.
    fn scale(&self, i: usize) -> f64 {
        let square = self.encoder.column(i).norm_squared();
        if square > 1e-12 { 1.0 / square } else { 0.0 }
    }
}

impl Design for PrincipalComponents {
    fn name(&self) -> String {
        "principal components".to_owned()
    }

    fn features(&self) -> usize {
        self.encoder.ncols()
    }

    fn hidden(&self) -> usize {
        self.encoder.nrows()
    }

    fn encoder(&self) -> DMatrix<f64> {
        self.encoder.clone()
    }

    fn decoder(&self) -> DMatrix<f64> {
        let mut decoder = self.encoder.transpose();
        decoder.row_iter_mut().enumerate().for_each(|(i, mut row)| row *= self.scale(i));
        decoder
    }

    fn write_row(&self, i: usize, row: &mut [f64]) {
        let (own, scale) = (self.encoder.column(i), self.scale(i));
        let columns = self.encoder.column_iter();
        row.iter_mut().zip(columns).for_each(|(entry, column)| *entry = scale * own.dot(&column));
        row[i] = if scale > 0.0 { 1.0 } else { 0.0 };
    }

    fn classes(&self) -> Vec<Class> {
        vec![Class { members: self.features(), rows: (0..self.features()).map(|i| (i, 1)).collect() }]
    }
}
