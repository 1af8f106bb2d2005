//! Colours that colour-blind readers can distinguish.
//!
//! Series have the qualitative palette of Okabe and Ito without its yellow, which is hard to see on
//! white. The sequential map is viridis (van der Walt and Smith, CC0), interpolated linearly
//! between 17 of its colours. The diverging map goes from blue over near-white to orange, with the
//! same lightness on both sides. A map takes values from 0 to 1.

/// An opaque sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colour(pub(crate) [u8; 3]);

impl Colour {
    pub(crate) const fn hex(rgb: u32) -> Self {
        Self([(rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8])
    }

    /// Interpolates linearly from `self` at `t = 0` to `other` at `t = 1`.
    pub(crate) fn mix(self, other: Self, t: f64) -> Self {
        let channel = |k: usize| {
            let (a, b) = (f64::from(self.0[k]), f64::from(other.0[k]));
            (a + (b - a) * t).round() as u8
        };
        Self([channel(0), channel(1), channel(2)])
    }
}

pub(crate) const WHITE: Colour = Colour::hex(0xffffff);
/// The colour of text, frames and lines that belong to no series.
pub(crate) const INK: Colour = Colour::hex(0x1a1a1a);
/// The colour of captions and of legend marks that apply to all series.
pub(crate) const SLATE: Colour = Colour::hex(0x4d4d4d);
/// The colour of grid lines.
pub(crate) const MIST: Colour = Colour::hex(0xe4e4e4);
/// The colour behind the hatching of a cell without a value.
pub(crate) const BLANK: Colour = Colour::hex(0xeeeeee);
/// The colour of the hatching.
pub(crate) const HATCH: Colour = Colour::hex(0x9a9a9a);

/// The colours of series, one per series.
pub(crate) const SERIES: [Colour; 7] = [
    Colour::hex(0x0072b2),
    Colour::hex(0xd55e00),
    Colour::hex(0x009e73),
    Colour::hex(0xcc79a7),
    Colour::hex(0xe69f00),
    Colour::hex(0x56b4e9),
    Colour::hex(0x000000),
];

/// The colours of the regions of a map, which differ in lightness as well as hue. Black lines with
/// white rims are visible on all of them.
pub(crate) const REGIONS: [Colour; 6] = [
    Colour::hex(0x7fb4d6),
    Colour::hex(0xf2c36b),
    Colour::hex(0x5f6f8f),
    Colour::hex(0xe8a07a),
    Colour::hex(0xf4f0e6),
    Colour::hex(0x6fbfa4),
];

const VIRIDIS: [u32; 17] = [
    0x440154, 0x48186a, 0x472d7b, 0x424086, 0x3b528b, 0x33638d, 0x2c728e, 0x26828e, 0x21918c, 0x1fa088,
    0x28ae80, 0x3fbc73, 0x5ec962, 0x84d44b, 0xaddc30, 0xd8e219, 0xfde725,
];

const BLUE_ORANGE: [u32; 9] =
    [0x0b2f66, 0x1f5fa8, 0x5b9bd0, 0xafd0e8, 0xf7f7f5, 0xf7c999, 0xd97f30, 0xa0480a, 0x652804];

/// The colour of the sequential map at `t` in [0, 1].
pub(crate) fn sequential(t: f64) -> Colour {
    along(&VIRIDIS, t)
}

/// The colour of the diverging map at `t` in [0, 1], with the centre at `t = 1/2`.
pub(crate) fn diverging(t: f64) -> Colour {
    along(&BLUE_ORANGE, t)
}

fn along(anchors: &[u32], t: f64) -> Colour {
    let at = t.clamp(0.0, 1.0) * (anchors.len() - 1) as f64;
    let low = (at as usize).min(anchors.len() - 2);
    Colour::hex(anchors[low]).mix(Colour::hex(anchors[low + 1]), at - low as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance of sRGB (IEC 61966-2-1 with Rec. 709 weights).
    fn luminance(colour: Colour) -> f64 {
        let linear = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour.0[0]) + 0.7152 * linear(colour.0[1]) + 0.0722 * linear(colour.0[2])
    }

    #[test]
    fn sequential_grows_lighter_and_diverging_darkens_from_its_centre() {
        let mut last = -1.0;
        for k in 0..=64 {
            let now = luminance(sequential(f64::from(k) / 64.0));
            assert!(now > last, "step {k}");
            last = now;
        }
        for side in [-1.0, 1.0] {
            let mut last = f64::INFINITY;
            for k in 0..=32 {
                let now = luminance(diverging(0.5 + side * f64::from(k) / 64.0));
                assert!(now < last, "side {side} step {k}");
                last = now;
            }
        }
        assert_eq!(diverging(0.5), Colour::hex(0xf7f7f5));
        assert_eq!(sequential(7.0), sequential(1.0));
    }

    #[test]
    fn both_ends_of_the_diverging_map_are_equally_dark() {
        for k in 1..=8 {
            let t = f64::from(k) / 16.0;
            let ratio = (luminance(diverging(0.5 - t)) + 0.05) / (luminance(diverging(0.5 + t)) + 0.05);
            assert!((0.85..1.18).contains(&ratio), "t = {t}: contrast {ratio}");
        }
    }
}
