//! A test of whether a series still falls: a straight line is fitted to the means of its blocks,
//! and Student's test is applied to its slope.
//!
//! The last w losses are divided into B = 20 blocks of ⌊w/B⌋ losses, whose means are $y_1, …, y_B$.
//! With $x_i = i - (B+1)/2$ and $S = Σ_i x_i^2$, least squares give
//!
//! ```math
//! \hat β = \frac1S Σ_i x_i y_i, \qquad s^2 = \frac{1}{(B-2)\,S} Σ_i (y_i - \bar y - \hat β x_i)^2.
//! ```
//!
//! $\hat β$ is the slope per block and s its standard error, estimated from the scatter of the
//! means, so that correlations between losses within a block are taken into account. If the means
//! scatter independently and normally about a line of slope β, $(\hat β - β)/s$ has Student's
//! distribution with B − 2 degrees of freedom.

/// The number B of blocks, which [`upper_tail`] requires to be even.
pub(crate) const BLOCKS: usize = 20;
const FREEDOM: usize = BLOCKS - 2;

/// The probability of a descent as slow as that of `losses` (at least [`BLOCKS`] of them), or
/// slower, if the expected loss falls in a straight line by at least f = `fall` times its mean
/// within w losses: the p-value of the hypothesis $β ≤ -f \bar y ⌊w/B⌋/w$. It is 0 for losses that
/// are all equal.
pub(crate) fn probability_of_so_slow_a_descent(
    losses: impl ExactSizeIterator<Item = f64> + DoubleEndedIterator,
    fall: f64,
) -> f64 {
    let (read, block) = (losses.len(), losses.len() / BLOCKS);
    let mut means = [0.0; BLOCKS];
    for (k, loss) in losses.rev().take(block * BLOCKS).enumerate() {
        means[BLOCKS - 1 - k / block] += loss / block as f64;
    }
    let mean = means.iter().sum::<f64>() / BLOCKS as f64;
    let place = |i: usize| i as f64 - 0.5 * (BLOCKS - 1) as f64;
    let squares: f64 = (0..BLOCKS).map(|i| place(i).powi(2)).sum();
    let slope = (0..BLOCKS).map(|i| place(i) * (means[i] - mean)).sum::<f64>() / squares;
    let scatter: f64 = (0..BLOCKS).map(|i| (means[i] - mean - slope * place(i)).powi(2)).sum();
    let error = (scatter / (FREEDOM as f64 * squares)).sqrt();
    let excess = slope + fall * mean.abs() * block as f64 / read as f64;
    if error > 0.0 { upper_tail(excess / error) } else { f64::from(u8::from(excess < 0.0)) }
}

/// `P(T > t)` for Student's distribution with ν = [`FREEDOM`] degrees of freedom. For even ν it is
/// a finite sum (Abramowitz and Stegun 26.7.4): with $θ = \arctan(t/\sqrt ν)$, $½ - ½ \sin θ \,(1 +
/// ½ \cos^2 θ + \frac{1·3}{2·4} \cos^4 θ + … )$, up to $\cos^{ν-2} θ$.
fn upper_tail(t: f64) -> f64 {
    let nu = FREEDOM as f64;
    let (sine, square) = (t / (nu + t * t).sqrt(), nu / (nu + t * t));
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..FREEDOM / 2 {
        term *= square * (2 * k - 1) as f64 / (2 * k) as f64;
        sum += term;
    }
    0.5 - 0.5 * sine * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values are from `tools/golden/optim_student.py`. The sum is of order 1, with rounding
    /// errors of a few 1e-16.
    #[test]
    fn the_tail_is_students() {
        let golden = [
            (0.0, 0.5),
            (-1.0, 0.8347175343609079),
            (1.5, 0.07547522609213371),
            (2.875, 0.005037226452263869),
            (6.0, 5.634985553003934e-06),
        ];
        for (t, expected) in golden {
            approx::assert_abs_diff_eq!(upper_tail(t), expected, epsilon = 1e-15);
        }
    }

    #[test]
    fn equal_losses_cannot_fall() {
        let flat = || std::iter::repeat_n(0.25, 47);
        assert_eq!(probability_of_so_slow_a_descent(flat(), 1e-9), 0.0);
        let falling = |rate: f64| (0..40i32).map(move |k| 1.0 - rate * f64::from(k));
        assert!(probability_of_so_slow_a_descent(falling(0.001), 0.1) < 1e-9);
        assert!(probability_of_so_slow_a_descent(falling(0.01), 0.1) > 1.0 - 1e-9);
    }

    /// The losses fall by 5.2 % of their mean within w, where 20 does not divide w.
    #[test]
    fn the_fall_is_that_within_all_losses() {
        for losses in [39, 50, 47] {
            let rate = 0.052 / f64::from(losses);
            let falling = || (0..losses).map(|k| 1.0 + rate * (0.5 * f64::from(losses - 1) - f64::from(k)));
            // A loss that falls as fast as required, or faster, is not found too slow.
            assert!(probability_of_so_slow_a_descent(falling(), 0.05) > 0.5, "{losses}");
            assert!(probability_of_so_slow_a_descent(falling(), 0.055) < 1e-9, "{losses}");
        }
    }
}
