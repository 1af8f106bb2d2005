//! Maps from values to colours, with the axis of the colour bar.

use crate::axis::{Axis, Scale};
use crate::colour::{self, Colour};

/// The colour map of a figure's values.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Colours {
    /// Viridis over the range of the values.
    #[default]
    Linear,
    /// Viridis over the range of the logarithms. All values must be positive.
    Log,
    /// Blue below the centre, near-white at the centre and orange above it, over a range that is
    /// symmetric about the centre.
    Diverging {
        /// The value that is near-white, such as 0 for differences or 1 for ratios.
        centre: f64,
        /// The distance from the centre at which colours saturate. If values lie beyond it, the
        /// ends of the colour bar are pointed. `None` uses the largest distance of the values.
        reach: Option<f64>,
    },
}

#[derive(Debug)]
pub(crate) struct ColourMap {
    pub(crate) axis: Axis,
    diverging: bool,
    /// True if some values are beyond the range and have the colour of its end.
    pub(crate) saturates: bool,
}

/// The greatest number of labels along a colour bar.
const MOST: usize = 6;

impl ColourMap {
    /// The map of these values, which must be finite and, for a logarithmic map, positive.
    pub(crate) fn new(label: &str, colours: Colours, values: impl Iterator<Item = f64> + Clone) -> Self {
        match colours {
            Colours::Linear => Self::sequential(label, Scale::Linear, values),
            Colours::Log => Self::sequential(label, Scale::Log, values),
            Colours::Diverging { centre, reach } => {
                let farthest = values.map(|v| (v - centre).abs()).fold(0.0, f64::max);
                let reach = reach.unwrap_or(farthest);
                Self::symmetric(label, centre, reach, farthest > reach)
            }
        }
    }

    fn sequential(label: &str, scale: Scale, values: impl Iterator<Item = f64>) -> Self {
        let axis = Axis::new(label, scale, scale.around(values, 0.0), MOST);
        Self { axis, diverging: false, saturates: false }
    }

    /// A diverging map over `centre ± reach`, where a reach of 0 is replaced by 1.
    pub(crate) fn symmetric(label: &str, centre: f64, reach: f64, saturates: bool) -> Self {
        let reach = if reach > 0.0 { reach } else { 1.0 };
        let axis = Axis::new(label, Scale::Linear, (centre - reach, centre + reach), MOST);
        Self { axis, diverging: true, saturates }
    }

    pub(crate) fn colour(&self, v: f64) -> Colour {
        self.shade(self.axis.fraction(v))
    }

    /// The colour at the fraction `t` of the bar.
    pub(crate) fn shade(&self, t: f64) -> Colour {
        if self.diverging { colour::diverging(t) } else { colour::sequential(t) }
    }
}
