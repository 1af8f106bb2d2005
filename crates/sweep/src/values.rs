//! The numbers along an axis of a grid: listed, or spaced evenly or geometrically between two ends.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor, value::SeqAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

/// The numbers along an axis, in a grid file `[0.1, 0.2]`, `{ linspace = [0.1, 0.5, 5] }` or
/// `{ logspace = [0.001, 1.0, 4] }`.
///
/// ```
/// use toy_superposition_sweep::Values;
///
/// let even = Values::Even { linspace: (0.0, 1.0, 3) };
/// assert_eq!(even.numbers().collect::<Vec<_>>(), [0.0, 0.5, 1.0]);
/// let ratios = Values::EvenRatios { logspace: (0.001, 1.0, 4) };
/// let found: Vec<f64> = ratios.numbers().collect();
/// assert_eq!((found[0], found[3]), (0.001, 1.0));
/// assert!((found[1] / 0.01 - 1.0).abs() < 1e-12 && (found[2] / 0.1 - 1.0).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Values {
    /// Numbers that are listed one by one.
    List(Vec<f64>),
    /// Evenly spaced numbers, both ends included.
    Even {
        /// First number, last number, count.
        linspace: (f64, f64, usize),
    },
    /// Geometrically spaced numbers, both ends included.
    EvenRatios {
        /// First number, last number, count.
        logspace: (f64, f64, usize),
    },
}

impl Default for Values {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl Values {
    /// Returns whether there are no numbers.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Returns how many numbers there are.
    pub fn count(&self) -> usize {
        match *self {
            Self::List(ref numbers) => numbers.len(),
            Self::Even { linspace: (.., count) } | Self::EvenRatios { logspace: (.., count) } => count,
        }
    }

    /// Returns the numbers in order, each computed when it is asked for.
    pub fn numbers(&self) -> impl Iterator<Item = f64> + '_ {
        let count = self.count();
        (0..count).map(move |k| {
            let fraction = k as f64 / (count.max(2) - 1) as f64;
            match *self {
                Self::List(ref numbers) => numbers[k],
                // The last number is exact.
                Self::Even { linspace: (_, last, _) } | Self::EvenRatios { logspace: (_, last, _) }
                    if k > 0 && k + 1 == count =>
                {
                    last
                }
                Self::Even { linspace: (first, last, _) } => first + (last - first) * fraction,
                Self::EvenRatios { logspace: (first, last, _) } => first * (last / first).powf(fraction),
            }
        })
    }
}

// The derived implementation for an untagged enum would accept unknown keys and both keys at once.
impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Axis;

        impl<'de> Visitor<'de> for Axis {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of numbers, { linspace = [first, last, count] } or { logspace = … }")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Values, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Values::List)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Values, A::Error> {
                const KEYS: &[&str] = &["linspace", "logspace"];
                let unknown = |key: &str| A::Error::unknown_field(key, KEYS);
                let key: String =
                    table.next_key()?.ok_or_else(|| A::Error::custom("neither linspace nor logspace"))?;
                let values = match key.as_str() {
                    "linspace" => Values::Even { linspace: table.next_value::<Three>()?.0 },
                    "logspace" => Values::EvenRatios { logspace: table.next_value::<Three>()?.0 },
                    _ => return Err(unknown(&key)),
                };
                match table.next_key::<String>()? {
                    None => Ok(values),
                    Some(more) if KEYS.contains(&more.as_str()) => {
                        Err(A::Error::custom(format_args!("both `{key}` and `{more}`: only one is allowed")))
                    }
                    Some(more) => Err(unknown(&more)),
                }
            }
        }

        deserializer.deserialize_any(Axis)
    }
}

/// First number, last number, count. The derived implementation for a tuple leaves it to the format
/// whether a fourth number is refused.
struct Three((f64, f64, usize));

impl<'de> Deserialize<'de> for Three {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;

        impl<'de> Visitor<'de> for Numbers {
            type Value = Three;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("[first, last, count]: three numbers, the count a whole one")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Three, A::Error> {
                let short = |length| A::Error::invalid_length(length, &Self);
                let first = list.next_element()?.ok_or_else(|| short(0))?;
                let last = list.next_element()?.ok_or_else(|| short(1))?;
                let count = list.next_element()?.ok_or_else(|| short(2))?;
                match list.next_element::<f64>()? {
                    None => Ok(Three((first, last, count))),
                    Some(_) => Err(A::Error::invalid_length(4, &Self)),
                }
            }
        }

        deserializer.deserialize_seq(Numbers)
    }
}
