//! Compares weights from PyTorch with the theory. The arguments are a weight file and the p that
//! the model was trained for, as in `… --example pytorch_weights -- weights.safetensors 0.1`;
//! without arguments an untrained model is used. In PyTorch such a file is saved by
//!
//! ```python
//! from safetensors.torch import save_file
//! weights = {"encoder": model.W_in, "decoder": model.W_out, "bias": model.b}
//! save_file({name: tensor.contiguous() for name, tensor in weights.items()}, "weights.safetensors")
//! ```
//!
//! with an encoder of n_d × n_s, a decoder of n_s × n_d and a bias of n_s; of an `nn.Linear`, its
//! `weight`. `Weights::load_named` accepts any names.

use std::error::Error;

use toy_superposition::data::{Features, Stream};
use toy_superposition::model::{Names, Shape, Weights, sampled_loss};
use toy_superposition::theory::check;
use toy_superposition::train::Recipe;

fn main() {
    if let Err(error) = run() {
        eprint!("error: {error}");
        std::iter::successors(error.source(), |&error| error.source()).for_each(|error| eprint!(": {error}"));
        eprintln!();
        std::process::exit(1);
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let path = arguments.next();
    let probability = arguments.next().map_or(Ok(0.1), |given| given.to_string_lossy().parse())?;
    let path = match path {
        Some(path) => path.into(),
        None => {
            let shape = Shape::new(64, 16)?;
            let path = std::env::temp_dir().join("pytorch_weights.safetensors");
            let model = Recipe::code(64)?.initial_model::<f32>(shape, 1)?;
            Weights::new(model).save(&path, Names::ReleasedCode)?;
            path
        }
    };
    let model = Weights::<f64>::load(&path)?.model;
    let check = check(&model, probability)?;
    println!("{}: n_s = {}, n_d = {}", path.display(), model.features(), model.hidden());
    println!("exact loss       {:.5} p", check.exact_loss / probability);
    println!(
        "theory           {:.5} p (symmetric optimum for Gaussian interference)",
        check.optimum.loss / probability
    );
    println!("dropped          {} of {} features", check.statistics.dropped, model.features());

    let law = Features::paper(model.features(), probability)?;
    let sampled = sampled_loss(&model, &law, Stream::Evaluation.samples(1, 0..20_000))?;
    let (mean, error) = (sampled.mean() / probability, sampled.standard_error() / probability);
    println!("sampled loss     {mean:.5} ± {error:.5} p");
    Ok(())
}
