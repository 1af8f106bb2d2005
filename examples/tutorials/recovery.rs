//! What more than one layer recovers from the same measurements `y = A x`.

use std::error::Error;

use toy_superposition::data::{Features, Stream, sample_dense};
use toy_superposition::nalgebra::DMatrix;
use toy_superposition::recovery::{Decoder, Evolution, LinearOperator, Oamp, Omp, RugOperator, SparsePrior};
use toy_superposition::rug::PersianRug;
use toy_superposition::theory::optimum_at_ratio;

fn main() -> Result<(), Box<dyn Error>> {
    let (features, hidden, p, samples) = (1024, 256, 0.05, 16);
    let rug = RugOperator::new(PersianRug::random(features, hidden, &mut Stream::Draws.rng(1, 0))?);
    let x: DMatrix<f64> =
        sample_dense(&Features::paper(features, p)?, Stream::Evaluation.samples(1, 0..samples))?;
    let mut y = DMatrix::zeros(hidden, x.ncols());
    rug.apply_into(&x, &mut y)?;

    let ratio = hidden as f64 / features as f64;
    println!("best ReLU after one linear map: {:.5} p", optimum_at_ratio(p, ratio)?.loss / p);
    let prior = SparsePrior::paper(p)?;
    for (layer, loss) in Evolution::Orthogonal.losses(&prior, ratio, 5)?.iter().enumerate() {
        println!("layer {} in the limit: {:.2e} p", layer + 1, loss / p);
    }

    let decoders: [(&str, Box<dyn Decoder<f64>>); 2] =
        [("OAMP", Box::new(Oamp::new(&prior))), ("OMP", Box::new(Omp::new(1e-6)?))];
    for (name, decoder) in decoders {
        let found = decoder.decode(&rug, &y)?;
        let loss = (&found.estimate - &x).norm_squared() / x.len() as f64;
        let stopped = &found.outcomes[0];
        println!(
            "{name}: {:.2e} p; sample 0 {:?} after {} iterations",
            loss / p,
            stopped.stopped,
            stopped.iterations
        );
    }
    Ok(())
}
