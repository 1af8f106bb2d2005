//! What training finds: exact losses of models trained by the recipe of the paper's code, beside
//! which the atlas is put.
//!
//! The table is `records.csv` of the sweep `examples/grids/ten_points.toml`.

use crate::{Error, Result};

/// Models of one shape, trained for one p from several seeds, and random rugs of this shape.
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
    /// p.
    pub probability: f64,
    /// n_s.
    pub features: usize,
    /// n_d.
    pub hidden: usize,
    /// The exact loss per feature, one for each seed.
    pub losses: Vec<f64>,
    /// That of a random rug, with gain and bias from the theory, one for each seed.
    pub rugs: Vec<f64>,
}

impl Trained {
    /// The models that come with this crate: n_s = 512, two seeds at each of ten points (p, r), and
    /// two rugs.
    ///
    /// # Errors
    /// None that is known.
    pub fn builtin() -> Result<Vec<Self>> {
        Self::from_csv(include_str!("../atlas/trained.csv"))
    }

    /// The trained models and rugs in `records.csv` of a sweep, by the order of their points. No
    /// field has a comma in it.
    ///
    /// # Errors
    /// [`Error::Trained`] for a table without the columns kind, features, hidden, probability, law
    /// and exact_loss, and for a line that they cannot be read from.
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

    /// The one of a list at this p, and at the ratio to which the number of its dimensions was
    /// rounded.
    pub fn at(list: &[Self], probability: f64, ratio: f64) -> Option<&Self> {
        let here = |point: &&Self| {
            let hidden = (ratio * point.features as f64).round();
            point.probability == probability && hidden == point.hidden as f64 && !point.losses.is_empty()
        };
        list.iter().find(here)
    }

    /// The mean loss of the trained models; none of no models is NaN.
    pub fn mean(&self) -> f64 {
        self.losses.iter().sum::<f64>() / self.losses.len() as f64
    }

    /// n_d/n_s.
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

    /// All of the ten points are within the range that the atlas is compared in.
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
