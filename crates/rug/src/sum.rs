//! Direct sums: several designs, each in its own dimensions, including dropped and lossless
//! features.

use nalgebra::DMatrix;

use crate::design::{Class, Design};
use crate::{Error, Frame, PersianRug, Result};

/// Any design, boxed.
pub type BoxedDesign = Box<dyn Design + Send + Sync>;

/// The direct sum of several designs.
///
/// ```math
/// R = R_1 \oplus R_2 \oplus \dots, \qquad n_s = \sum_k n_s^{(k)}, \quad n_d = \sum_k n_d^{(k)}
/// ```
///
/// Features of different parts do not interfere, so the loss is the mean of the parts' losses,
/// weighted by their numbers of features. A block design therefore has the loss of its block, for
/// every n_s, and mixtures reach every point of the lower convex envelope of the losses of designs
/// over r.
///
/// ```
/// use toy_superposition_rug::{Design, DirectSum, Frame};
/// // Four copies of a triangle: 12 features in 8 dimensions.
/// let triangles = DirectSum::new(vec![(4, Box::new(Frame::simplex(3)?))])?;
/// assert_eq!((triangles.features(), triangles.hidden()), (12, 8));
/// # Ok::<(), toy_superposition_rug::Error>(())
/// ```
#[derive(Debug)]
pub struct DirectSum {
    parts: Vec<(usize, BoxedDesign)>,
    /// One place per copy, in the order of the features.
    places: Vec<Place>,
    features: usize,
    hidden: usize,
}

/// The start of a copy of a part.
#[derive(Debug, Clone, Copy)]
struct Place {
    part: usize,
    feature: usize,
    hidden: usize,
    class: usize,
}

impl DirectSum {
    /// Returns the sum of the given number of copies of each part. The copies of a part share its
    /// settings.
    ///
    /// # Errors
    /// [`Error::Length`] for no parts, for a part with no copies, or for a part without features.
    pub fn new(parts: Vec<(usize, BoxedDesign)>) -> Result<Self> {
        let empty = |what| Err(Error::Length { what, given: 0, expected: 1 });
        if parts.is_empty() {
            return empty("parts of a direct sum");
        }
        let (mut places, mut next) = (Vec::new(), Place { part: 0, feature: 0, hidden: 0, class: 0 });
        for (part, (copies, design)) in parts.iter().enumerate() {
            if *copies == 0 || design.features() == 0 {
                return empty("copies or features of a part");
            }
            next.part = part;
            for _ in 0..*copies {
                places.push(next);
                next.feature += design.features();
                next.hidden += design.hidden();
            }
            next.class += design.classes().len();
        }
        Ok(Self { parts, places, features: next.feature, hidden: next.hidden })
    }

    /// Returns `R = ⊕ [[1, −1], [−1, 1]]`, with r = 1/2. For the paper's data its loss is p²/6 with
    /// a = 1, b = 0.
    ///
    /// # Errors
    /// [`Error::Length`] for no pairs.
    pub fn antipodal_pairs(pairs: usize) -> Result<Self> {
        Self::new(vec![(pairs, Box::new(Frame::simplex(2)?))])
    }

    /// Returns the given number of copies of one random rug of `block` features.
    ///
    /// # Errors
    /// Returns the errors of [`PersianRug::random`], and [`Error::Length`] for no copies.
    pub fn block_rugs<R: rand::Rng + ?Sized>(
        copies: usize,
        block: usize,
        hidden: usize,
        rng: &mut R,
    ) -> Result<Self> {
        Self::new(vec![(copies, Box::new(PersianRug::random(block, hidden, rng)?))])
    }

    fn place(&self, feature: usize) -> (Place, &dyn Design) {
        let after = self.places.partition_point(|place| place.feature <= feature);
        let place = self.places[after.saturating_sub(1)];
        (place, self.parts[place.part].1.as_ref())
    }

    /// Returns a matrix of zeros with a block of each copy on its diagonal.
    fn blocks(
        &self,
        (rows, columns): (usize, usize),
        block: impl Fn(&dyn Design) -> DMatrix<f64>,
    ) -> DMatrix<f64> {
        let blocks: Vec<_> = self.parts.iter().map(|part| block(part.1.as_ref())).collect();
        let mut matrix = DMatrix::zeros(rows, columns);
        for place in &self.places {
            let block = &blocks[place.part];
            let first = if rows == self.features {
                (place.feature, place.hidden)
            } else {
                (place.hidden, place.feature)
            };
            matrix.view_mut(first, block.shape()).copy_from(block);
        }
        matrix
    }
}

impl Design for DirectSum {
    fn name(&self) -> String {
        let name = |(copies, part): &(usize, BoxedDesign)| match copies {
            1 => part.name(),
            copies => format!("{copies} × {}", part.name()),
        };
        self.parts.iter().map(name).collect::<Vec<_>>().join(" + ")
    }

    fn features(&self) -> usize {
        self.features
    }

    fn hidden(&self) -> usize {
        self.hidden
    }

    fn encoder(&self) -> DMatrix<f64> {
        self.blocks((self.hidden, self.features), |part| part.encoder())
    }

    fn decoder(&self) -> DMatrix<f64> {
        self.blocks((self.features, self.hidden), |part| part.decoder())
    }

    fn write_row(&self, i: usize, row: &mut [f64]) {
        let (place, part) = self.place(i);
        row.fill(0.0);
        part.write_row(i - place.feature, &mut row[place.feature..place.feature + part.features()]);
    }

    fn classes(&self) -> Vec<Class> {
        let mut classes = Vec::new();
        for (k, (copies, part)) in self.parts.iter().enumerate() {
            let first = self.places.iter().find(|place| place.part == k).map_or(0, |place| place.feature);
            classes.extend(part.classes().into_iter().map(|class| Class {
                members: class.members * copies,
                rows: class.rows.into_iter().map(|(row, count)| (first + row, count * copies)).collect(),
            }));
        }
        classes
    }

    fn class_of(&self, feature: usize) -> usize {
        let (place, part) = self.place(feature);
        place.class + part.class_of(feature - place.feature)
    }
}

/// Features that are dropped, with no dimension and with rows and columns of zeros. The best bias
/// is `E x`, which gives the loss `Var x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropped(pub usize);

/// Features that have one dimension each, `R = 1`, and no loss with a = 1, b = 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lossless(pub usize);

impl Design for Dropped {
    fn name(&self) -> String {
        format!("{} dropped", self.0)
    }

    fn features(&self) -> usize {
        self.0
    }

    fn hidden(&self) -> usize {
        0
    }

    fn encoder(&self) -> DMatrix<f64> {
        DMatrix::zeros(0, self.0)
    }

    fn write_row(&self, _: usize, row: &mut [f64]) {
        row.fill(0.0);
    }

    fn classes(&self) -> Vec<Class> {
        vec![Class { members: self.0, rows: vec![(0, self.0)] }]
    }
}

impl Design for Lossless {
    fn name(&self) -> String {
        format!("{} lossless", self.0)
    }

    fn features(&self) -> usize {
        self.0
    }

    fn hidden(&self) -> usize {
        self.0
    }

    fn encoder(&self) -> DMatrix<f64> {
        DMatrix::identity(self.0, self.0)
    }

    fn write_row(&self, i: usize, row: &mut [f64]) {
        row.fill(0.0);
        row[i] = 1.0;
    }

    fn classes(&self) -> Vec<Class> {
        vec![Class { members: self.0, rows: vec![(0, self.0)] }]
    }
}
