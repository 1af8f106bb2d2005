//! Features of a user-defined law: groups that switch together, with a triangular magnitude.

use std::error::Error;

use toy_superposition::data::{
    Features, Groups, Independent, Law, Magnitude, MagnitudeSpec, SampleMagnitude, Stream, sample_dense,
};
use toy_superposition::model::{Activation, Initialisation, Shape, sampled_loss};
use toy_superposition::theory::check_law;
use toy_superposition::train::initial_model;

/// `u = 1 − √v` with `v ~ U[0, 1]`: density `2 (1 − u)` on [0, 1].
struct Triangular;

impl Magnitude for Triangular {
    fn raw_moments(&self) -> [f64; 4] {
        [1.0 / 3.0, 1.0 / 6.0, 1.0 / 10.0, 1.0 / 15.0]
    }

    // With a smooth density on a bounded support, exact losses are computed by quadrature.
    fn support(&self) -> (f64, f64) {
        (0.0, 1.0)
    }

    fn density(&self, u: f64) -> Option<f64> {
        Some(if (0.0..=1.0).contains(&u) { 2.0 * (1.0 - u) } else { 0.0 })
    }

    fn spec(&self) -> MagnitudeSpec {
        MagnitudeSpec::Custom { name: "triangular".to_owned(), moments: Some(self.raw_moments()) }
    }
}

impl SampleMagnitude for Triangular {
    fn sample<R: toy_superposition::rand::Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        1.0 - toy_superposition::rand::RngExt::random::<f64>(rng).sqrt()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let law = Features::new(Groups::equal(3, Independent::new(4, 0.1)?)?, Triangular);
    println!("E x = {:.5}, Cov(x_0, x_1) = {:.5}", law.moments(0).mean, law.covariance(0, 1));
    let x = sample_dense::<f64, _>(&law, Stream::Evaluation.samples(1, 0..4))?;
    println!("four samples, one per column: {x:.2}");

    // Any weights may be used; these are random.
    let shape = Shape::new(12, 6)?;
    let model = initial_model::<f64>(shape, Initialisation::UnitNorm, Activation::Relu, 1)?;
    let check = check_law(&model, &law, &(0..12).collect::<Vec<_>>())?;
    let sampled = sampled_loss(&model, &law, Stream::Evaluation.samples(1, 0..100_000))?;
    println!(
        "exact loss {:.6}, sampled {:.6} ± {:.6}",
        check.exact?.loss,
        sampled.mean(),
        sampled.standard_error()
    );
    Ok(())
}
