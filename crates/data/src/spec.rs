//! Laws as data, as grid files, weight files and checkpoints hold them.

use crate::{
    AnyLaw, AnyMagnitude, AnySwitches, Constant, Edge, Error, Exactly, Exponential, Features, Graph, Groups,
    Independent, Interval, Pairs, Points, Result, UnitUniform,
};

/// A law of features as data.
///
/// With the feature `serde` it can be read from and written to any serde format. In TOML:
///
/// ```toml
/// features = 6
/// [switches]
/// kind = "groups"
/// probability = 0.3
/// size = 3
/// [magnitude]
/// kind = "uniform"
/// ```
///
/// | `switches.kind` | keys |
/// |---|---|
/// | `independent` | `probability`: one number, or a list with one per feature |
/// | `exactly` | `on`: the number of features that are on |
/// | `pairs` | `probability`, `correlation` |
/// | `groups` | `size` or `groups = [[0, 1], [2]]`; `probability` (one number, or a list with one per group) or `of`, the law of the switches of the groups |
/// | `graph` | `sources` (one number, or a list with one per feature), `edges = [{ from = 0, to = 1, transmission = 0.5 }]` |
/// | `custom` | `name`: a user-defined law, which cannot be built from its description |
///
/// | `magnitude.kind` | keys |
/// |---|---|
/// | `uniform` (the default) | none: `U[0, 1]` |
/// | `interval` | `low`, `high` |
/// | `constant` | `value` |
/// | `exponential` | `rate` |
/// | `points` | `values`, `weights` |
/// | `custom` | `name`, `moments` |
///
/// Any other key is an error that names the key. The keys are part of the public interface:
/// renaming a Rust field must not rename a key.
///
/// ```
/// use toy_superposition_data::{Features, Law, LawSpec};
/// let spec = LawSpec::paper(6, 0.3);
/// let law = spec.build()?;
/// assert_eq!(law.spec(), spec);
/// assert_eq!(law.moments(0), Features::paper(6, 0.3)?.moments(0));
/// # Ok::<(), toy_superposition_data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct LawSpec {
    /// The number of features n_s.
    pub features: usize,
    /// Which features are on.
    pub switches: SwitchesSpec,
    /// The magnitudes of the features that are on.
    #[cfg_attr(feature = "serde", serde(default))]
    pub magnitude: MagnitudeSpec,
}

/// A law of switches as data. The number of features is not part of it: it is
/// [`LawSpec::features`].
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum SwitchesSpec {
    /// [`Independent`].
    Independent {
        /// One probability for all features, or one per feature.
        probability: PerFeature,
    },
    /// [`Exactly`].
    Exactly {
        /// How many features are on.
        on: usize,
    },
    /// [`Pairs`], for an even number of features.
    Pairs {
        /// The probability of each switch.
        probability: f64,
        /// The correlation within a pair.
        correlation: f64,
    },
    /// [`Groups`]: either `size` or `groups`, and either `probability` or `of`.
    Groups {
        /// The size of each group, for groups of equal size: features 0 to `size − 1` are the first
        /// group, the next `size` features are the second, and so on.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        size: Option<usize>,
        /// The members of each group.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        groups: Option<Vec<Vec<u32>>>,
        /// The probability of each group, if groups are independent.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        probability: Option<PerFeature>,
        /// The law of the group switches, if groups are not independent.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        of: Option<Box<SwitchesSpec>>,
    },
    /// [`Graph`].
    Graph {
        /// The probabilities that the sources fire.
        sources: PerFeature,
        /// The edges.
        #[cfg_attr(feature = "serde", serde(default))]
        edges: Vec<Edge>,
    },
    /// User-defined switches, which are described by a name and cannot be built from it.
    Custom {
        /// The name, which tells these switches from any others.
        name: String,
    },
}

/// A law of magnitudes as data.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum MagnitudeSpec {
    /// [`UnitUniform`].
    // The braces make serde refuse unknown keys beside the tag, which it does not do for a unit
    // variant.
    Uniform {},
    /// [`Interval`].
    Interval {
        /// The least magnitude.
        low: f64,
        /// The greatest magnitude.
        high: f64,
    },
    /// [`Constant`].
    Constant {
        /// The magnitude.
        value: f64,
    },
    /// [`Exponential`].
    Exponential {
        /// The rate `λ`.
        rate: f64,
    },
    /// [`Points`].
    Points {
        /// The values.
        values: Vec<f64>,
        /// Their probabilities, up to a common factor.
        weights: Vec<f64>,
    },
    /// A user-defined magnitude, which is described by a name and cannot be built from it.
    Custom {
        /// The name, which tells this magnitude from any other.
        name: String,
        /// `E u` to `E u⁴`, if they are known.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        moments: Option<[f64; 4]>,
    },
}

impl Default for MagnitudeSpec {
    /// The paper's magnitude, [`MagnitudeSpec::Uniform`].
    fn default() -> Self {
        Self::Uniform {}
    }
}

/// One number for all features, or one number per feature.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(untagged))]
pub enum PerFeature {
    /// The same number for all features.
    Same(f64),
    /// One number per feature.
    Each(Vec<f64>),
}

impl PerFeature {
    /// The numbers as a list with one entry per feature.
    fn list(&self, features: usize, what: &'static str) -> Result<Vec<f64>> {
        match self {
            Self::Same(value) => {
                let mut list = Vec::new();
                let bytes = features.saturating_mul(size_of::<f64>());
                list.try_reserve_exact(features).map_err(|_| Error::Memory { what, bytes })?;
                list.resize(features, *value);
                Ok(list)
            }
            Self::Each(list) if list.len() == features => Ok(list.clone()),
            Self::Each(list) => Err(Error::Length { what, given: list.len(), expected: features }),
        }
    }
}

impl LawSpec {
    /// The key under which weight files and checkpoints keep the law in their metadata.
    pub const METADATA_KEY: &str = "law";

    /// The data of the paper: independent features with one probability and magnitudes `U[0, 1]`.
    pub fn paper(features: usize, probability: f64) -> Self {
        let switches = SwitchesSpec::Independent { probability: PerFeature::Same(probability) };
        Self { features, switches, magnitude: MagnitudeSpec::default() }
    }

    /// The probability p if this is [the law of the paper](Self::paper), `None` for any other law.
    pub fn paper_probability(&self) -> Option<f64> {
        match (&self.switches, &self.magnitude) {
            (
                SwitchesSpec::Independent { probability: PerFeature::Same(probability) },
                MagnitudeSpec::Uniform {},
            ) => Some(*probability),
            _ => None,
        }
    }

    /// The description of a user-defined law, which `name` tells from any other law.
    pub fn custom(features: usize, name: impl Into<String>) -> Self {
        let name = name.into();
        let magnitude = MagnitudeSpec::Custom { name: name.clone(), moments: None };
        Self { features, switches: SwitchesSpec::Custom { name }, magnitude }
    }

    /// The law that this describes. Its samples are those of the same law built from its own type.
    ///
    /// # Errors
    /// [`Error::Custom`] for a user-defined law; [`Error::Length`] for a list that is not as long
    /// as there are features or groups; [`Error::Odd`]; [`Error::Size`]; [`Error::Keys`] for groups
    /// that do not have one of `size` and `groups` and one of `probability` and `of`; and the
    /// errors of the constructors of the law.
    pub fn build(&self) -> Result<AnyLaw> {
        Ok(Features::new(self.switches.build(self.features)?, self.magnitude.build()?))
    }
}

impl SwitchesSpec {
    /// The switches of `features` features that this describes.
    ///
    /// # Errors
    /// As [`LawSpec::build`].
    pub fn build(&self, features: usize) -> Result<AnySwitches> {
        Ok(match self {
            Self::Independent { probability } => AnySwitches::Independent(match probability {
                PerFeature::Same(probability) => Independent::new(features, *probability)?,
                each => Independent::per_feature(&each.list(features, "probabilities")?)?,
            }),
            Self::Exactly { on } => AnySwitches::Exactly(Exactly::new(features, *on)?),
            Self::Pairs { .. } if features % 2 == 1 => return Err(Error::Odd { features }),
            Self::Pairs { probability, correlation } => {
                AnySwitches::Pairs(Pairs::new(features / 2, *probability, *correlation)?)
            }
            Self::Groups { size, groups, probability, of } => {
                let count = match (size, groups) {
                    (Some(0), None) => return Err(Error::Size { size: 0, features }),
                    (Some(size), None) if features.is_multiple_of(*size) => features / size,
                    (Some(size), None) => return Err(Error::Size { size: *size, features }),
                    (None, Some(groups)) => groups.len(),
                    _ => return Err(Error::Keys { one: "size", other: "groups" }),
                };
                let switches = match (probability, of) {
                    (Some(probability), None) => {
                        Self::Independent { probability: probability.clone() }.build(count)?
                    }
                    (None, Some(of)) => of.build(count)?,
                    _ => return Err(Error::Keys { one: "probability", other: "of" }),
                };
                let groups = match (size, groups) {
                    (Some(size), _) => Groups::equal(*size, switches)?,
                    (None, groups) => Groups::new(groups.as_deref().unwrap_or_default(), switches)?,
                };
                if crate::Switches::features(&groups) != features {
                    let given = crate::Switches::features(&groups);
                    return Err(Error::Length { what: "members of the groups", given, expected: features });
                }
                AnySwitches::Groups(Box::new(groups))
            }
            Self::Graph { sources, edges } => {
                AnySwitches::Graph(Graph::new(&sources.list(features, "sources")?, edges)?)
            }
            Self::Custom { name } => return Err(Error::Custom { name: name.clone() }),
        })
    }
}

impl MagnitudeSpec {
    /// The magnitude that this describes.
    ///
    /// # Errors
    /// [`Error::Custom`] for a user-defined magnitude, and the errors of the constructors.
    pub fn build(&self) -> Result<AnyMagnitude> {
        Ok(match self {
            Self::Uniform {} => AnyMagnitude::Uniform(UnitUniform),
            Self::Interval { low, high } => AnyMagnitude::Interval(Interval::new(*low, *high)?),
            Self::Constant { value } => AnyMagnitude::Constant(Constant::new(*value)?),
            Self::Exponential { rate } => AnyMagnitude::Exponential(Exponential::new(*rate)?),
            Self::Points { values, weights } => AnyMagnitude::Points(Points::new(values, weights)?),
            Self::Custom { name, .. } => return Err(Error::Custom { name: name.clone() }),
        })
    }
}

#[cfg(feature = "serde")]
mod text {
    //! The law as one line of JSON, and [`PerFeature`] as a number or a list.

    use std::fmt;
    use std::str::FromStr;

    use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

    use super::{LawSpec, PerFeature};
    use crate::Error;

    /// Writes the law as one line of JSON with its keys in a fixed order. Weight files and
    /// checkpoints keep this line in their metadata.
    impl fmt::Display for LawSpec {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
        }
    }

    /// Reads the JSON that `Display` writes.
    impl FromStr for LawSpec {
        type Err = Error;

        fn from_str(text: &str) -> Result<Self, Error> {
            serde_json::from_str(text).map_err(|error| Error::Syntax { message: error.to_string() })
        }
    }

    impl<'de> Deserialize<'de> for PerFeature {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct NumberOrList;

            impl<'de> Visitor<'de> for NumberOrList {
                type Value = PerFeature;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a number, or a list with one number per feature or group")
                }

                fn visit_f64<E>(self, value: f64) -> Result<PerFeature, E> {
                    Ok(PerFeature::Same(value))
                }

                fn visit_i64<E>(self, value: i64) -> Result<PerFeature, E> {
                    Ok(PerFeature::Same(value as f64))
                }

                fn visit_u64<E>(self, value: u64) -> Result<PerFeature, E> {
                    Ok(PerFeature::Same(value as f64))
                }

                fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<PerFeature, A::Error> {
                    let mut values = Vec::new();
                    while let Some(value) = list.next_element()? {
                        values.push(value);
                    }
                    Ok(PerFeature::Each(values))
                }
            }

            deserializer.deserialize_any(NumberOrList)
        }
    }
}
