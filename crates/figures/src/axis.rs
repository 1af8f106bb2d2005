//! Axes, which map values to positions. An axis has a label, a range, a scale and ticks.
//!
//! A value v lies at the fraction `(g(v) − g(lo))/(g(hi) − g(lo))`, with g the identity or the
//! logarithm. A range may run downwards. Linear ticks are multiples of 1, 2 or 5 times a power of
//! ten. Logarithmic ticks are the powers of ten with unlabelled ticks between them, or 1, 2 and 5
//! times the powers of ten if the range is short.

/// The scale of an axis or of a colour bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// A linear scale: equal distances are equal differences.
    #[default]
    Linear,
    /// A logarithmic scale: equal distances are equal ratios. All values must be positive.
    Log,
}

impl Scale {
    /// The value itself or its logarithm, in which the scale is linear.
    pub(crate) fn even(self, v: f64) -> f64 {
        match self {
            Self::Linear => v,
            Self::Log => v.log10(),
        }
    }

    /// The inverse of [`even`](Self::even). The result is finite, and positive on a logarithmic
    /// scale, even if the exact value overflows or underflows `f64`.
    pub(crate) fn value(self, even: f64) -> f64 {
        const LEAST: f64 = f64::from_bits(1);
        match self {
            Self::Linear => even.clamp(-f64::MAX, f64::MAX),
            Self::Log => 10f64.powf(even).clamp(LEAST, f64::MAX),
        }
    }

    /// The range of the values, widened by the fraction `margin` at both ends. It is never empty,
    /// and it is (0, 1) if there are no values.
    pub(crate) fn around(self, values: impl IntoIterator<Item = f64>, margin: f64) -> (f64, f64) {
        let (mut lo, mut hi) = (f64::INFINITY, f64::NEG_INFINITY);
        for v in values {
            let even = self.even(v);
            if even.is_finite() {
                (lo, hi) = (lo.min(even), hi.max(even));
            }
        }
        if lo > hi {
            return (self.value(0.0), self.value(1.0));
        }
        let width = hi - lo;
        let pad = if width > 0.0 {
            margin * width
        } else {
            match self {
                Self::Linear if lo != 0.0 => lo.abs() / 2.0,
                _ => 0.5,
            }
        };
        (self.value(lo - pad), self.value(hi + pad))
    }
}

/// A tick. A tick without a label is drawn short.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub(crate) at: f64,
    pub(crate) label: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Axis {
    pub(crate) label: String,
    pub(crate) scale: Scale,
    pub(crate) lo: f64,
    pub(crate) hi: f64,
    pub(crate) ticks: Vec<Tick>,
}

impl Axis {
    /// An axis with at most about `most` labels.
    pub(crate) fn new(label: &str, scale: Scale, (lo, hi): (f64, f64), most: usize) -> Self {
        let ticks = match scale {
            Scale::Linear => linear_ticks(lo, hi, most),
            Scale::Log => log_ticks(lo, hi, most),
        };
        Self { label: label.to_owned(), scale, lo, hi, ticks }
    }

    /// An axis over the cells 0 … count − 1 of a matrix. Cell k reaches from k to k + 1 and has its
    /// tick in the middle.
    pub(crate) fn index(label: &str, count: usize, downward: bool) -> Self {
        let step = if count.is_power_of_two() && count >= 16 {
            count / 4
        } else {
            [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000]
                .into_iter()
                .find(|step| count.div_ceil(*step) <= 6)
                .unwrap_or(count.div_ceil(5))
        };
        let ticks = (0..count)
            .step_by(step)
            .map(|k| Tick { at: k as f64 + 0.5, label: Some(k.to_string()) })
            .collect();
        let (lo, hi) = if downward { (count as f64, 0.0) } else { (0.0, count as f64) };
        Self { label: label.to_owned(), scale: Scale::Linear, lo, hi, ticks }
    }

    /// A logarithmic axis with ticks at exactly the given values, which must increase. Labels that
    /// would overlap others are left out.
    pub(crate) fn listed(label: &str, values: &[f64], range: (f64, f64), most: usize) -> Self {
        let (from, to) = (Scale::Log.even(range.0), Scale::Log.even(range.1));
        let apart = (to - from) / most as f64;
        let mut last = f64::NEG_INFINITY;
        let ticks = values
            .iter()
            .map(|&at| {
                let free = at.log10() - last >= apart;
                if free {
                    last = at.log10();
                }
                Tick { at, label: free.then(|| format!("{at}")) }
            })
            .collect();
        Self { label: label.to_owned(), scale: Scale::Log, lo: range.0, hi: range.1, ticks }
    }

    /// The position of the value, which is 0 at `lo` and 1 at `hi`.
    pub(crate) fn fraction(&self, v: f64) -> f64 {
        // The values are halved, because the difference of the ends may overflow.
        let [lo, hi, v] = [self.lo, self.hi, v].map(|v| self.scale.even(v) / 2.0);
        (v - lo) / (hi - lo)
    }

    pub(crate) fn holds(&self, v: f64) -> bool {
        (-1e-9..=1.0 + 1e-9).contains(&self.fraction(v))
    }
}

fn linear_ticks(lo: f64, hi: f64, most: usize) -> Vec<Tick> {
    // A short range may not contain two multiples of the first step; then finer steps are tried.
    let tries = [most, 2 * most, 4 * most].map(|most| even_ticks(lo, hi, most));
    tries.into_iter().find(|ticks| ticks.len() > 1).unwrap_or_default()
}

fn even_ticks(lo: f64, hi: f64, most: usize) -> Vec<Tick> {
    let raw = (hi - lo) / most.max(1) as f64;
    let magnitude = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * magnitude).into_iter().find(|&s| s >= raw * (1.0 - 1e-9));
    let Some(step) = step.filter(|s| s.is_normal()) else { return Vec::new() };
    let (first, last) = ((lo / step - 1e-9).ceil(), (hi / step + 1e-9).floor());
    if !(0.0..=100.0).contains(&(last - first)) {
        return Vec::new();
    }
    let decimals = (-(step.log10() + 1e-9).floor()).max(0.0) as usize;
    let largest = lo.abs().max(hi.abs());
    (0..=(last - first) as usize)
        .map(|k| {
            let at = (first + k as f64) * step;
            let plain = (1e-3..1e5).contains(&largest);
            let label = if at == 0.0 {
                "0".to_owned()
            } else if plain {
                signed(&format!("{at:.decimals$}"))
            } else {
                format!("${}$", scientific(at))
            };
            Tick { at, label: Some(label) }
        })
        .collect()
}

fn log_ticks(lo: f64, hi: f64, most: usize) -> Vec<Tick> {
    let (from, to) = (lo.log10(), hi.log10());
    let (first, last) = (from.floor(), to.ceil());
    if !(0.0..=700.0).contains(&(last - first)) {
        return Vec::new();
    }
    let inside = |v: f64| v >= lo * (1.0 - 1e-9) && v <= hi * (1.0 + 1e-9);
    let powers = (0..=(last - first) as i32).map(|k| first as i32 + k).collect::<Vec<_>>();
    let whole = powers.iter().filter(|&&k| inside(10f64.powi(k))).count();
    if whole < 2 {
        // In a range of less than a decade or two, the ticks are the multiples that fit, or equal
        // steps.
        let multiples = |of: &[u32]| {
            let all = powers.iter().flat_map(|&k| of.iter().map(move |&m| f64::from(m) * 10f64.powi(k)));
            all.filter(|&v| inside(v)).collect::<Vec<_>>()
        };
        let all = multiples(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let labelled = [&[1, 2, 3, 5][..], &[1, 2, 5], &[1, 3], &[1, 2, 3, 4, 5, 6, 7, 8, 9]]
            .into_iter()
            .map(multiples)
            .find(|list| (2..=most.max(2)).contains(&list.len()))
            .unwrap_or_default();
        if labelled.len() < 2 {
            return linear_ticks(lo, hi, most);
        }
        let tick = |at: f64| Tick { at, label: labelled.contains(&at).then(|| label(at)) };
        return all.into_iter().map(tick).collect();
    }
    let stride = whole.div_ceil(most.max(1)) as i32;
    // All labels have the same form: 10⁻⁴, 10⁻³, 10⁻² instead of 10⁻⁴, 0.001, 0.01.
    let plain = powers.iter().filter(|&&k| inside(10f64.powi(k))).all(|k| (-3..=4).contains(k));
    let power = |k: i32, at| if plain { label(at) } else { format!("$10^{{{}}}$", signed(&k.to_string())) };
    let mut ticks = Vec::new();
    for &k in &powers {
        for m in 1..10 {
            let at = f64::from(m) * 10f64.powi(k);
            if !inside(at) || (m > 1 && stride > 1) {
                continue;
            }
            let label = (m == 1 && k.rem_euclid(stride) == 0).then(|| power(k, at));
            ticks.push(Tick { at, label });
        }
    }
    ticks
}

/// Formats a value as markup: `0.002` or `$2×10^{−5}$`.
fn label(v: f64) -> String {
    let text = mathematics(v);
    if text.contains('^') { format!("${text}$") } else { text }
}

/// Formats a value with three digits, for use between `$` signs: `0.002` or `2×10^{−5}`.
pub(crate) fn mathematics(v: f64) -> String {
    if v == 0.0 {
        return "0".to_owned();
    }
    if !(1e-3 * (1.0 - 1e-9)..1e5).contains(&v.abs()) {
        return scientific(v);
    }
    let decimals = (2.0 - v.abs().log10().floor()).max(0.0) as usize;
    let text = format!("{v:.decimals$}");
    signed(if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text })
}

fn scientific(v: f64) -> String {
    let text = format!("{v:.4e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let mantissa = signed(mantissa.trim_end_matches('0').trim_end_matches('.'));
    let exponent = signed(exponent);
    match mantissa.as_str() {
        "1" => format!("10^{{{exponent}}}"),
        _ => format!("{mantissa}×10^{{{exponent}}}"),
    }
}

fn signed(number: &str) -> String {
    number.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks.iter().filter_map(|t| t.label.clone()).collect()
    }

    #[test]
    fn linear_ticks_are_round() {
        let axis = Axis::new("", Scale::Linear, (-0.013, 0.81), 5);
        assert_eq!(labels(&axis), ["0", "0.2", "0.4", "0.6", "0.8"]);
        let axis = Axis::new("", Scale::Linear, (-0.25, 0.1), 4);
        assert_eq!(labels(&axis), ["−0.2", "−0.1", "0", "0.1"]);
        let axis = Axis::new("", Scale::Linear, (0.0, 3.1e-5), 3);
        assert_eq!(labels(&axis), ["0", "$2×10^{−5}$"]);
    }

    #[test]
    fn an_axis_holds_both_of_its_ends_and_nothing_beyond() {
        for scale in [Scale::Linear, Scale::Log] {
            let axis = Axis::new("", scale, (0.1, 10.0), 5);
            assert_eq!([0.1, 10.0, 0.0999, 10.01].map(|v| axis.holds(v)), [true, true, false, false]);
        }
    }

    #[test]
    fn log_ticks_are_powers_or_short_multiples() {
        let axis = Axis::new("", Scale::Log, (4e-5, 0.3), 8);
        assert_eq!(labels(&axis), ["$10^{−4}$", "$10^{−3}$", "$10^{−2}$", "$10^{−1}$"]);
        assert!(axis.ticks.iter().any(|t| t.label.is_none()));
        let axis = Axis::new("", Scale::Log, (1e-9, 1.0), 4);
        assert_eq!(labels(&axis), ["$10^{−9}$", "$10^{−6}$", "$10^{−3}$", "$10^{0}$"]);
        let axis = Axis::new("", Scale::Log, (0.018, 0.12), 4);
        assert_eq!(labels(&axis), ["0.02", "0.03", "0.05", "0.1"]);
        let axis = Axis::new("", Scale::Log, (0.0301, 0.0388), 3);
        assert_eq!(labels(&axis), ["0.032", "0.034", "0.036", "0.038"]);
    }

    #[test]
    fn every_label_stands_for_its_value() {
        for (lo, hi) in [(3e-7, 2e-3), (0.002, 0.8), (1.0, 9e4), (0.11, 0.19), (5e5, 3e6)] {
            for tick in Axis::new("", Scale::Log, (lo, hi), 5).ticks {
                let Some(label) = tick.label else { continue };
                let text = label.replace('−', "-").replace(['$', '{', '}'], "");
                let text = if text.starts_with("10^") { format!("1×{text}") } else { text };
                let read: f64 = text.replace("×10^", "e").parse().unwrap();
                assert!((read - tick.at).abs() <= 1e-9 * tick.at, "{label} at {}", tick.at);
            }
        }
    }

    #[test]
    fn no_range_of_finite_values_is_too_odd() {
        let odd = [-1e308, -1.0, 0.0, f64::MIN_POSITIVE / 8.0, 1e-300, 1.0, 1.0 + f64::EPSILON, 1e308];
        for scale in [Scale::Linear, Scale::Log] {
            for a in odd {
                for b in odd {
                    let values = [a, b].map(|v| if scale == Scale::Log { v.abs() + 1e-320 } else { v });
                    let axis = Axis::new("", scale, scale.around(values, 0.05), 5);
                    assert!(axis.ticks.len() < 10_000, "{scale:?} {a} {b}");
                    let placed = |v: f64| (-1e-9..=1.0 + 1e-9).contains(&axis.fraction(v));
                    assert!(values.into_iter().all(placed), "{scale:?} {a} {b}: {axis:?}");
                }
            }
        }
    }

    #[test]
    fn fractions_run_along_the_range() {
        let axis = Axis::new("", Scale::Log, (0.01, 100.0), 5);
        assert!((axis.fraction(1.0) - 0.5).abs() < 1e-12);
        let axis = Axis::index("", 30, true);
        assert!((axis.fraction(0.0) - 1.0).abs() < 1e-12);
        assert_eq!(labels(&axis), ["0", "5", "10", "15", "20", "25"]);
        assert_eq!(labels(&Axis::index("", 256, false)), ["0", "64", "128", "192"]);
    }
}
