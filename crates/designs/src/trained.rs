//! Exact losses of models that were trained by the recipe of the paper's code, with which the atlas
//! is compared.
//!
//! The table is `records.csv` of the sweep `examples/grids/ten_points.toml`.

use crate::{Error, Result};

/// Exact losses of models of one shape, trained for one p from several seeds by the recipe of the
/// paper's code, and of random rugs of that shape.
///
/// ```
/// use toy_superposition_designs::Trained;
///
/// let trained = Trained::builtin()?;
/// let here = Trained::at(&trained, 0.05, 0.25).ok_or("measured")?;
/// assert!(here.mean() < 0.1 * 0.05 && here.losses.len() == 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Trained {
    /// The probability p.
    pub probability: f64,
    /// The number of features n_s.
    pub features: usize,
    /// The number of hidden dimensions n_d.
    pub hidden: usize,
    /// The exact losses per feature of the trained models, one per seed.
    pub losses: Vec<f64>,
    /// The exact losses per feature of random rugs with the gain and the bias of the theory, one
    /// per seed.
    pub rugs: Vec<f64>,
}

impl Trained {
    /// The table that comes with this crate, of models with n_s = 512: at each of ten points (p, r)
    /// two trained models and two rugs.
    ///
    /// # Errors
    /// [`Error::Trained`], which does not occur for the table that comes with this crate.
    pub fn builtin() -> Result<Vec<Self>> {
        Self::from_csv(include_str!("../atlas/trained.csv"))
    }

    /// Reads the trained models and rugs from the text of `records.csv` of a sweep, in the order of
    /// their points. No field may contain a comma.
    ///
    /// # Errors
    /// [`Error::Trained`] for a table without the columns kind, features, hidden, probability, law
    /// and exact_loss, and for a line from which they cannot be read.
    pub fn from_csv(text: &str) -> Result<Vec<Self>> {
        let mut lines = text.lines();
        let heads: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
        let place = |head: &str| {
            let found = heads.iter().position(|other| *other == head);
            found.ok_or_else(|| Error::Trained { line: 1 })
        };
        let kind = place("kind")?;
        let columns = (place("features")?, place("hidden")?, place("probability")?, place("exact_loss")?);
        let law = place("law")?;
        let mut points: Vec<Self> = Vec::new();
        for (number, line) in lines.enumerate() {
            let strange = || Error::Trained { line: number + 2 };
            let fields: Vec<&str> = line.split(',').collect();
            let field = |place: usize| fields.get(place).copied().ok_or_else(strange);
            let (kind, law) = (field(kind)?, field(law)?);
            if !["trained", "rug"].contains(&kind) || !law.is_empty() {
                continue;
            }
            let features = field(columns.0)?.parse().map_err(|_| strange())?;
            let hidden = field(columns.1)?.parse().map_err(|_| strange())?;
            let probability = field(columns.2)?.parse().map_err(|_| strange())?;
            let loss: f64 = field(columns.3)?.parse().map_err(|_| strange())?;
            let here = |point: &Self| {
                (point.features, point.hidden, point.probability) == (features, hidden, probability)
            };
            let at = points.iter().position(here).unwrap_or_else(|| {
                points.push(Self { probability, features, hidden, losses: Vec::new(), rugs: Vec::new() });
                points.len() - 1
            });
            let list = if kind == "rug" { &mut points[at].rugs } else { &mut points[at].losses };
            list.push(loss);
        }
        Ok(points)
    }

    /// The entry of a list with this p whose n_d is `ratio · n_s`, rounded to an integer; `None` if
    /// there is none with trained models.
    pub fn at(list: &[Self], probability: f64, ratio: f64) -> Option<&Self> {
        let here = |point: &&Self| {
            let hidden = (ratio * point.features as f64).round();
            point.probability == probability && hidden == point.hidden as f64 && !point.losses.is_empty()
        };
        list.iter().find(here)
    }

    /// The mean loss per feature of the trained models; NaN if there are none.
    pub fn mean(&self) -> f64 {
        self.losses.iter().sum::<f64>() / self.losses.len() as f64
    }

    /// The ratio n_d/n_s.
    pub fn ratio(&self) -> f64 {
        self.hidden as f64 / self.features as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "kind,features,hidden,probability,law,seed,loss,exact_loss\n\
        trained,512,51,0.2,,0,9,0.25\n\
        rug,512,51,0.2,,0,9,0.5\n\
        trained,512,51,0.2,,1,9,0.75\n\
        theory,512,51,0.2,,0,9,\n\
        trained,512,51,0.1,,0,9,0.125\n\
        trained,512,51,0.2,a law,0,9,3\n";

    #[test]
    fn seeds_of_one_point_are_together() {
        let points = Trained::from_csv(TABLE).unwrap();
        assert_eq!(points.len(), 2, "{points:?}");
        assert_eq!((points[0].losses.as_slice(), points[0].rugs.as_slice()), (&[0.25, 0.75][..], &[0.5][..]));
        assert_eq!((points[0].mean(), points[1].mean()), (0.5, 0.125));
        assert_eq!(Trained::at(&points, 0.1, 0.1), Some(&points[1]));
        assert_eq!(Trained::at(&points, 0.1, 0.11), None);
        assert_eq!(Trained::at(&points, 0.3, 0.1), None);
        for line in [1, 3] {
            let cut: Vec<&str> =
                TABLE.lines().enumerate().map(|(k, l)| if k + 1 == line { "rug,5" } else { l }).collect();
            let error = Trained::from_csv(&cut.join("\n"));
            assert!(matches!(error, Err(Error::Trained { line: found }) if found == line), "{error:?}");
        }
    }

    /// All ten points are within the range in which the atlas is compared.
    #[test]
    fn ten_points_were_measured() {
        let points = Trained::builtin().unwrap();
        assert_eq!(points.len(), 10);
        for point in points {
            assert!((0.02..=0.2).contains(&point.probability) && (0.095..=0.45).contains(&point.ratio()));
            assert!(point.features == 512 && point.rugs.len() == 2 && point.losses.len() == 2, "{point:?}");
        }
    }
}
