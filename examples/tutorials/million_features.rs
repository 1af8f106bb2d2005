//! A Persian rug of a million features in a quarter of a million dimensions. Its matrices would
//! take 4 TiB.

use std::error::Error;

use toy_superposition::data::{Features, Moments, Sampler, SparseBatch, Stream};
use toy_superposition::rug::{MatrixFreeRug, PersianRug};
use toy_superposition::theory::optimum_at_ratio;

fn main() -> Result<(), Box<dyn Error>> {
    let (features, hidden, p, seed) = (1 << 20, 1 << 18, 0.05, 1);
    let rug = PersianRug::random(features, hidden, &mut Stream::Draws.rng(seed, 0))?;

    // The best gain and bias for Gaussian interference.
    let best = optimum_at_ratio(p, hidden as f64 / features as f64)?;
    let bias = rug.raw_bias(best.a, best.effective_bias, &Moments::uniform(p)?);
    let model = MatrixFreeRug::<f64>::new(rug, best.a, bias)?;

    // Four samples, encoded and decoded by fast Walsh–Hadamard transforms.
    let mut batch = SparseBatch::new(features)?;
    let law = Features::paper(features, p)?;
    Sampler::new().sample_into(&law, Stream::Evaluation.samples(seed, 0..4), &mut batch)?;
    let y = model.forward_sparse(&batch)?;

    let mut squares = y.norm_squared();
    for sample in 0..batch.samples() {
        let (on, values) = batch.sample(sample);
        // The sum of (x − y)² − y² over the x that are not 0.
        squares += on.iter().zip(values).map(|(&i, x)| x * (x - 2.0 * y[(i as usize, sample)])).sum::<f64>();
    }
    let loss = squares / (features * batch.samples()) as f64;
    println!("loss per feature {:.5} p on four samples, theory {:.5} p", loss / p, best.loss / p);
    Ok(())
}
