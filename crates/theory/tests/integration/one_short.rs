//! n features in n − 1 dimensions: the closed forms against the exact loss of the weights that they
//! describe.

use approx::assert_relative_eq;
use nalgebra::DMatrix;
use toy_superposition_theory::{Error, Sacrifice, antipodal_above, one_short, weighted_exact_loss};

/// W and b of a sacrifice among n features.
fn weights(sacrifice: Sacrifice, features: usize, p: f64) -> (DMatrix<f64>, Vec<f64>) {
    let (mut w, mut bias) = (DMatrix::identity(features, features), vec![0.0; features]);
    match sacrifice {
        Sacrifice::Dropped(k) => (w[(k, k)], bias[k]) = (0.0, p / 2.0),
        Sacrifice::Antipodal(j, k) => (w[(j, k)], w[(k, j)]) = (-1.0, -1.0),
        _ => unreachable!(),
    }
    (w, bias)
}

#[test]
fn the_losses_are_the_exact_losses_of_their_weights() {
    for (p, importance) in
        [(0.07, vec![1.0, 0.3]), (0.4, vec![0.8, 1.5, 0.2]), (1.0, vec![0.5, 1.0, 2.0, 0.25])]
    {
        let n = importance.len();
        let ways = one_short(p, &importance).unwrap();
        assert_eq!(ways.len(), n + n * (n - 1) / 2);
        assert!(ways.windows(2).all(|pair| pair[0].1 <= pair[1].1));
        for (sacrifice, loss) in ways {
            let (w, bias) = weights(sacrifice, n, p);
            let exact = weighted_exact_loss(&w, &bias, p, &importance).unwrap().loss;
            assert_relative_eq!(loss, exact, epsilon = 0.0, max_relative = 1e-9);
        }
    }
}

/// Just below the boundary the further feature is dropped, just above it is antipodal; from p = 4/7
/// on never.
#[test]
fn the_boundary_is_where_the_least_loss_changes_hands() {
    for p in [0.01, 0.2, 0.5, 0.57] {
        let at = antipodal_above(p).unwrap().unwrap();
        assert!(at < 1.0);
        for others in [vec![1.0], vec![1.0, 1.0]] {
            let least = |iota: f64| one_short(p, &[&others[..], &[iota]].concat()).unwrap()[0].0;
            let last = others.len();
            assert_eq!(least(at * 0.999), Sacrifice::Dropped(last), "{p}");
            assert_eq!(least(at * 1.001), Sacrifice::Antipodal(0, last), "{p}");
        }
        let least = |iota: f64| one_short(p, &[1.0, iota]).unwrap()[0].0;
        assert_eq!(least(0.999 / at), Sacrifice::Antipodal(0, 1));
        assert_eq!(least(1.001 / at), Sacrifice::Dropped(0));
        assert_eq!(one_short(p, &[1.0, 1.0, 1.001]).unwrap()[0].0, Sacrifice::Antipodal(0, 1));
    }
    assert_eq!(antipodal_above(4.0 / 7.0), Ok(None));
    for iota in [0.999, 1.0, 1.001] {
        assert!(matches!(one_short(0.58, &[1.0, iota]).unwrap()[0].0, Sacrifice::Dropped(_)));
    }
}

#[test]
fn what_has_no_meaning_is_refused() {
    assert_eq!(one_short(0.0, &[1.0, 1.0]), Err(Error::Probability { given: 0.0 }));
    assert!(matches!(antipodal_above(f64::NAN), Err(Error::Probability { .. })));
    assert!(matches!(one_short(0.1, &[1.0]), Err(Error::SizeRange { given: 1, least: 2, .. })));
    let refused = one_short(0.1, &[1.0, -0.5]);
    assert_eq!(refused, Err(Error::OutOfRange { what: "importance", given: -0.5, allowed: "[0, ∞)" }));
}
