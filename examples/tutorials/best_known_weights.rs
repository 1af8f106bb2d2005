//! The best known weights at a ratio, from the atlas, beside the theory and trained models.

use std::error::Error;

use toy_superposition::designs::{Atlas, Trained};
use toy_superposition::theory::{exact_loss, optimum_at_ratio};

fn main() -> Result<(), Box<dyn Error>> {
    let (p, ratio, features) = (0.2, 0.25, 64);
    let atlas = Atlas::new(p)?;
    let best = atlas.best(ratio)?;
    println!("best known for many features: {:.5} p", best.loss / p);
    let trained = Trained::builtin()?;
    let trained = Trained::at(&trained, p, ratio).ok_or("nothing was trained there")?;
    println!("trained, 512 features:        {:.5} p", trained.mean() / p);
    println!("Gaussian theory:              {:.5} p", optimum_at_ratio(p, ratio)?.loss / p);

    // Weights of this size as an autoencoder, whose loss is integrated, not sampled.
    let model = atlas.weights(ratio, features)?;
    let exact = exact_loss(&model.product(), model.bias().as_slice(), p)?;
    println!("{features} features in {} dimensions: {:.5} p", model.hidden(), exact.loss / p);
    Ok(())
}
