//! Integrals of functions that change on the scale of the noise near a few points, and slowly
//! elsewhere.

/// The positive nodes of the 8-point Gauss–Legendre rule on [−1, 1], with their weights.
const RULE: [(f64, f64); 4] = [
    (0.183_434_642_495_649_8, 0.362_683_783_378_362),
    (0.525_532_409_916_329, 0.313_706_645_877_887_3),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_48),
    (0.960_289_856_497_536_3, 0.101_228_536_290_376_26),
];

/// The integral of `f` over one panel.
fn panel((low, high): (f64, f64), f: &dyn Fn(f64) -> f64) -> f64 {
    let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
    half * RULE.iter().map(|&(x, w)| w * (f(middle - half * x) + f(middle + half * x))).sum::<f64>()
}

/// The integral of `f` over an interval by `count` equal panels.
pub(crate) fn gauss((low, high): (f64, f64), count: u32, f: impl Fn(f64) -> f64) -> f64 {
    let at = |k: u32| low + (high - low) * f64::from(k) / f64::from(count);
    (0..count).map(|k| panel((at(k), at(k + 1)), &f)).sum()
}

/// The nodes of `count` equal panels with their weights, in increasing order.
pub(crate) fn nodes((low, high): (f64, f64), count: u32) -> impl Iterator<Item = (f64, f64)> {
    let half = 0.5 * (high - low) / f64::from(count);
    let signed = RULE.iter().rev().map(|&(x, w)| (-x, w)).chain(RULE);
    (0..count).flat_map(move |k| {
        let middle = low + half * (2.0 * f64::from(k) + 1.0);
        signed.clone().map(move |(x, w)| (middle + half * x, half * w))
    })
}

/// Panels that are short near the bends and grow with the distance from them.
pub(crate) struct Panels<'a> {
    /// The interval.
    pub(crate) ends: (f64, f64),
    /// The bends in increasing order.
    pub(crate) bends: &'a [f64],
    /// The length of a panel near a bend.
    pub(crate) width: f64,
    /// The distance from a bend up to which panels have that length.
    pub(crate) near: f64,
    /// The largest length of a panel, unless `width` is larger.
    pub(crate) longest: f64,
}

impl Panels<'_> {
    /// The integral of `f`.
    pub(crate) fn integrate(&self, f: impl Fn(f64) -> f64) -> f64 {
        let &Panels { ends: (low, high), bends, width, near, longest } = self;
        let mut stops: Vec<f64> = bends.iter().copied().filter(|&b| b > low && b < high).collect();
        stops.insert(0, low);
        stops.push(high);
        let distance = |at: f64| bends.iter().map(|b| (at - b).abs()).fold(f64::INFINITY, f64::min);
        let mut sum = 0.0;
        for pair in stops.windows(2) {
            let mut at = pair[0];
            while at < pair[1] {
                // A panel takes a fixed share of the distance to the nearest region of short
                // panels, so that lengths grow and shrink geometrically.
                let room = 0.4 * (distance(at) - near);
                let next = (at + room.clamp(width, longest.max(width))).min(pair[1]);
                sum += panel((at, next), &f);
                at = next;
            }
        }
        sum
    }
}
