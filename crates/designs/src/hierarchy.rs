//! Hierarchies of many features in two dimensions, where louder features silence quieter ones.

use std::sync::Arc;

use nalgebra::{DMatrix, DVector, Vector2};
use toy_superposition_model::{Activation, Autoencoder};

use crate::catalogue::{Entry, Family, each};
use crate::{Error, Learned, Result, optimise};

/// The numbers of features of the hierarchies that are blocks of sums.
const SIZES: [usize; 10] = [2, 4, 5, 6, 7, 8, 10, 12, 16, 24];
/// The largest number of features. Single precision does not hold the lengths of more.
const MOST: usize = 32;

/// The hierarchy of `features` features in two dimensions, or that of two features in one, with
/// gains 1 and biases 0.
///
/// ```math
/// W_{ii} = 1, \qquad W_{ij} \approx 0 \ \text{ for quieter } j, \qquad
/// W_{ij} \in \{0\} \cup (-\infty, -1] \ \text{ for louder } j
/// ```
///
/// The columns `e_1, e_2, …` of the encoder fall in length by a factor `M` from each to the next. A
/// row `d_i` of the decoder has `⟨d_i, e_i⟩ = 1`, so that quieter columns add terms of order `1/M`.
/// Louder columns must add nothing above 0, which is possible if and only if `e_i` lies outside the
/// cone of the louder columns. In the plane `n − 1` directions from 0 to π and one below have this
/// property, and each row is orthogonal to its louder neighbour (the last row to two columns). The
/// other louder columns silence the output when they are on, which costs `E u² = 1/3`:
/// ```math
/// L \to \frac p{3n} \sum_i \bigl(1 - (1-p)^{s_i}\bigr), \qquad s_i = 0, 0, 1, 2, \dots, n - 3, n - 3 .
/// ```
/// This is the limit of `M → ∞`. For small p it is `p² ((n−1)(n−2)/2 − 1)/(3n)`, about `p²/(3r)`
/// with `r = 2/n`. It lacks the logarithm of the loss with Gaussian interference, which is of order
/// `p² ln(1/p)/r`.
///
/// On a line there is room for two features, with `W_12 = −1/M` and `W_21 = −M`, and a finite
/// factor is best. With gains 1 and biases 0
/// ```math
/// L = \frac{p^2}2 \Bigl(\frac1{3 M^2} - \frac1{6 M^3} + \frac13 - \frac1{6 M}\Bigr) = \frac{25}{162} p^2 \text{ at } M = 3 ,
/// ```
/// where the slope `p² (M − 1)(M − 3)/(12 M⁴)` changes its sign. Equal partners, `M = 1`, lose
/// `p²/6`, which is 8 % more.
///
/// ```
/// use toy_superposition_designs::hierarchy;
/// use toy_superposition_theory::{exact_loss, optimum_at_ratio};
///
/// // Eight features in two dimensions: a third of what Gaussian interference would lose.
/// let model = hierarchy(8)?;
/// let loss = exact_loss(&model.product(), model.bias().as_slice(), 0.05)?.loss;
/// assert!(loss < 0.35 * optimum_at_ratio(0.05, 0.25)?.loss);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Hierarchy`] unless `n_s = 2` or `4 ≤ n_s ≤ 32`.
pub fn hierarchy(features: usize) -> Result<Autoencoder<f64>> {
    if features == 2 {
        let (encoder, decoder) = (DMatrix::from_row_slice(1, 2, &[3.0, -1.0]), [1.0 / 3.0, -1.0]);
        let decoder = DMatrix::from_column_slice(2, 1, &decoder);
        return Ok(Autoencoder::new(&encoder, &decoder, &DVector::zeros(2), Activation::Relu)?);
    }
    hierarchy_of_factor(features, 10.0_f64.powf((30.0 / (features as f64 - 1.0)).min(3.0)))
}

/// The [hierarchy] of `features` features in two dimensions whose columns fall in length by
/// `factor` = M from each to the next. The loss at a small factor is larger, by terms of order
/// $p^2/M$ and $p/M^2$, but a [descent](crate::descend) from there leads to better weights.
///
/// # Errors
/// [`Error::Hierarchy`] unless `4 ≤ n_s ≤ 32`; [`Error::Factor`] unless `M > 1` and
/// `M^{n_s} ≤ 10^{35}`, so that all lengths are within single precision.
pub fn hierarchy_of_factor(features: usize, factor: f64) -> Result<Autoencoder<f64>> {
    if !(4..=MOST).contains(&features) {
        return Err(Error::Hierarchy { given: features, most: MOST });
    }
    let most = 10.0_f64.powf(35.0 / features as f64);
    if !(factor > 1.0 && factor <= most) {
        return Err(Error::Factor { given: factor, most });
    }
    let last = features - 1;
    let direction = |k: usize| {
        // Directions are exact where orthogonality to a far louder column depends on them.
        match k {
            0 => Vector2::new(1.0, 0.0),
            k if k == last => Vector2::new(0.0, -1.0),
            k if k == last - 1 => Vector2::new(-1.0, 0.0),
            k => {
                let (sin, cos) = (std::f64::consts::PI * k as f64 / (last - 1) as f64).sin_cos();
                Vector2::new(cos, sin)
            }
        }
    };
    let length = |k: usize| factor.powf((last - k) as f64 - last as f64 / 2.0);
    let row = |k: usize| {
        let own = direction(k);
        let normal = match k {
            0 => Vector2::new(1.0, 0.0),
            k if k == last => own,
            k => {
                let louder = direction(k - 1);
                Vector2::new(-louder.y, louder.x)
            }
        };
        normal / (normal.dot(&own) * length(k))
    };
    let columns: Vec<Vector2<f64>> = (0..features).map(|k| direction(k) * length(k)).collect();
    let rows: Vec<Vector2<f64>> = (0..features).map(row).collect();
    let encoder = DMatrix::from_fn(2, features, |i, k| columns[k][i]);
    let decoder = DMatrix::from_fn(features, 2, |k, i| rows[k][i]);
    Ok(Autoencoder::new(&encoder, &decoder, &DVector::zeros(features), Activation::Relu)?)
}

/// The [hierarchies](hierarchy) of 2, 4, 5, 6, 7, 8, 10, 12, 16 and 24 features that have at most
/// `most` features, with their exact losses. Gains of 1 and biases of 0 are best in the limit of
/// large factors; those of the pair are optimised.
///
/// # Errors
/// [`Error::Theory`] unless `0 < p ≤ 1`.
pub fn hierarchies(most: usize, probability: f64) -> Result<Vec<Entry>> {
    let sizes: Vec<usize> = SIZES.into_iter().filter(|&features| features <= most).collect();
    each(&sizes, |&features| {
        let model = hierarchy(features)?;
        if features > 2 {
            let name = format!("hierarchy ({features}, {})", model.hidden());
            return Entry::learned(Family::Hierarchies, &name, &model, probability);
        }
        let (family, name) = (Family::Hierarchies, "unequal pair".to_owned());
        let design = Learned::new(name.clone(), &model)?;
        let best = optimise(&design, probability, false)?;
        Ok(Entry { family, name, best, design: Arc::new(design) })
    })
}

#[cfg(test)]
mod tests {
    use toy_superposition_theory as theory;

    use super::*;

    /// The exact loss is that of the limit, plus terms of order p/M² and p²/M from the finite
    /// factor.
    #[test]
    fn hierarchies_lose_what_the_louder_silence() {
        for features in [4, 5, 8, 16] {
            let model = hierarchy(features).unwrap();
            for p in [0.01_f64, 0.2, 1.0] {
                let silencers = (0..features - 1).map(|k| k.saturating_sub(1)).chain([features - 3]);
                let lost = |s: usize| (1.0 - (1.0 - p).powi(s as i32)) * p / 3.0;
                let limit = silencers.map(lost).sum::<f64>() / features as f64;
                let found = theory::exact_loss(&model.product(), model.bias().as_slice(), p).unwrap().loss;
                let factor = 10.0_f64.powf((30.0 / (features - 1) as f64).min(3.0));
                let allowed = p * (4.0 / factor.powi(2) + 4.0 * p / factor);
                assert!((found - limit).abs() < allowed, "{features} {p}: {found} {limit} {allowed}");
            }
        }
        for p in [0.01_f64, 0.3, 1.0] {
            let model = hierarchy(2).unwrap();
            let found = theory::exact_loss(&model.product(), model.bias().as_slice(), p).unwrap().loss;
            assert!((found / (25.0 / 162.0 * p * p) - 1.0).abs() < 1e-9, "{p}: {found}");
            // With its best gains and biases it loses less, by a term of the next order in p, and
            // much less where both features are always on.
            let gained = 1.0 - hierarchies(2, p).unwrap()[0].best.loss / found;
            assert!(gained > 0.0 && (gained < 0.05 * p || p == 1.0), "{p}: {gained}");
        }
        assert!(matches!(hierarchy_of_factor(8, 1.0), Err(Error::Factor { .. })));
        assert!(matches!(hierarchy_of_factor(8, 1e5), Err(Error::Factor { .. })));
        assert!(matches!(hierarchy(3), Err(Error::Hierarchy { given: 3, most: 32 })));
        assert!(matches!(hierarchy(33), Err(Error::Hierarchy { .. })));
    }
}
