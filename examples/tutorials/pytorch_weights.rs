//! Compares weights from PyTorch with the theory. The arguments are a weight file and the p that
//! the model was trained for; without arguments an untrained model is used.
//!
//! ```sh
//! cargo run --release --example pytorch_weights -- weights.safetensors 0.1
//! ```
//!
//! In PyTorch such a file is saved by
//!
//! ```python
//! from safetensors.torch import save_file
//! weights = {"encoder": model.W_in, "decoder": model.W_out, "bias": model.b}
//! save_file({name: tensor.contiguous() for name, tensor in weights.items()}, "weights.safetensors")
//! ```
//!
//! with an encoder of n_d × n_s, a decoder of n_s × n_d and a bias of n_s. They must be tensors: of
//! an `nn.Linear`, its `weight`. A file saved by `save_file(model.state_dict(), …)` is accepted as
//! well if it has the names of the paper's code or of Elhage et al. (`W`, `b_final`);
//! `Weights::load_named` accepts any names.

use std::error::Error;

use toy_superposition::data::Features;
use toy_superposition::model::{Names, Shape, Weights, sampled_loss};
use toy_superposition::theory::check;
use toy_superposition::{data::Stream, train::Recipe};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let path = arguments.next();
    let probability = arguments.next().map_or(Ok(0.1), |given| given.to_string_lossy().parse())?;
    let path = match path {
        Some(path) => path.into(),
        None => {
            let shape = Shape::new(64, 16)?;
            let path = std::env::temp_dir().join("pytorch_weights.safetensors");
            Weights::new(Recipe::code(64)?.initial_model::<f32>(shape, 1)?)
                .save(&path, Names::ReleasedCode)?;
            path
        }
    };
    let model = Weights::<f64>::load(&path)?.model;
    let check = check(&model, probability)?;
    println!("{}: n_s = {}, n_d = {}", path.display(), model.features(), model.hidden());
    println!("exact loss       {:.5} p", check.exact_loss / probability);
    println!("best of its kind {:.5} p (symmetric optimum)", check.optimum.loss / probability);
    println!("dropped          {} of {} features", check.statistics.dropped, model.features());

    let law = Features::paper(model.features(), probability)?;
    let sampled = sampled_loss(&model, &law, Stream::Evaluation.samples(1, 0..20_000))?;
    println!(
        "sampled loss     {:.5} ± {:.5} p",
        sampled.mean() / probability,
        sampled.standard_error() / probability
    );
    Ok(())
}
