//! The exact loss against oracles that share nothing with it: enumeration and inclusion–exclusion in 60 digits,
//! another inversion integral (`tools/golden/theory_exact.py`), closed forms, and samples.

use approx::assert_relative_eq;
use toy_superposition_theory::{Error, Probability, exact_row_loss};

const GOLDEN: &str = include_str!("golden/exact.txt");

/// One line of the golden file.
struct Case {
    name: &'static str,
    feature: usize,
    bias: f64,
    row: Vec<f64>,
    probabilities: Vec<f64>,
    loss: f64,
}

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map(|number| number.parse().unwrap()).collect()
}

fn cases() -> impl Iterator<Item = Case> {
    GOLDEN.lines().map(|line| {
        let fields: Vec<&'static str> = line.split(';').map(str::trim).collect();
        Case {
            name: fields[0],
            feature: fields[1].parse().unwrap(),
            bias: fields[2].parse().unwrap(),
            row: numbers(fields[3]),
            probabilities: numbers(fields[4]),
            loss: fields[5].parse().unwrap(),
        }
    })
}

/// Relative error at most 1e-9 everywhere, and within the error that is returned with it.
#[test]
fn goldens() {
    let mut count = 0;
    let mut bad = 0;
    for Case { name, feature, bias, row, probabilities, loss } in cases() {
        let exact = exact_row_loss(&row, feature, bias, &probabilities[..]).unwrap();
        let error = (exact.loss - loss).abs();
        eprintln!("{name:30} {loss:.6e} rel {:.1e} est {:.1e}", error / loss, exact.error / loss);
        if error > 1e-9 * loss || error > exact.error || exact.error > 1e-9 * loss { bad += 1; eprintln!("   BAD"); }
        count += 1;
    }
    assert_eq!((count, bad), (33, 0));
}
