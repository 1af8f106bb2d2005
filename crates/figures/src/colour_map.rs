//! Values to colours, with the axis of the colour bar that says which.

use crate::axis::{Axis, Scale};
use crate::colour::{self, Colour};

/// How a map's values become colours.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Colours {
    /// Viridis over the values' range.
    #[default]
    Linear,
    /// Viridis over the logarithms; all values must be positive.
    Log,
    /// Blue below the centre, near-white at it, orange above; the range is symmetric about the
    /// centre.
    Diverging {
        /// The value without a colour, such as 0 for differences or 1 for ratios.
        centre: f64,
        /// How far from the centre the colours reach; beyond it they saturate and the colour bar's
        /// ends are pointed. `None` reaches as far as the values do.
        reach: Option<f64>,
    },
}

#[derive(Debug)]
pub(crate) struct ColourMap {
    pub(crate) axis: Axis,
    diverging: bool,
    /// Values beyond the range exist and take the colour of its end.
    pub(crate) saturates: bool,
}

/// Labels along a bar.
const MOST: usize = 6;

impl ColourMap {
    /// The map of these values, all of them finite, and positive if logarithmic.
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

    /// `centre ± reach`; a reach of 0 becomes 1.
    pub(crate) fn symmetric(label: &str, centre: f64, reach: f64, saturates: bool) -> Self {
        let reach = if reach > 0.0 { reach } else { 1.0 };
        let axis = Axis::new(label, Scale::Linear, (centre - reach, centre + reach), MOST);
        Self { axis, diverging: true, saturates }
    }

    pub(crate) fn colour(&self, v: f64) -> Colour {
        self.shade(self.axis.fraction(v))
    }

    /// The colour at a fraction of the bar.
    pub(crate) fn shade(&self, t: f64) -> Colour {
        if self.diverging { colour::diverging(t) } else { colour::sequential(t) }
    }
}
