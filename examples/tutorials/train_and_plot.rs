//! Trains three small models on the paper's data and draws their losses beside the theory.

use std::error::Error;

use toy_superposition::data::{Features, Stream};
use toy_superposition::figures::{LossCurves, LossPoint, LossSeries, Scale, loss_curves};
use toy_superposition::model::{Shape, sampled_loss};
use toy_superposition::theory::{linear_loss, optimum_at_ratio};
use toy_superposition::train::{Recipe, Run, Trainer};

fn main() -> Result<(), Box<dyn Error>> {
    let (features, probability, seed) = (64, 0.05, 1);
    let mut series = LossSeries { probability, ..LossSeries::default() };

    for hidden in [8, 16, 32] {
        let shape = Shape::new(features, hidden)?;
        let recipe = Recipe::fast(shape, Some(300))?;
        let data = || Features::paper(features, probability);

        // The same seed gives the same weights to the bit, on any number of threads.
        let mut trainer =
            Trainer::on_fresh_batches(recipe.initial_model::<f32>(shape, seed)?, data()?, &recipe, seed)?;
        trainer.run(&Run::default(), |_, _| {})?;

        // The loss is measured on samples that training never draws.
        let fresh = Stream::Evaluation.samples(seed, 0..20_000);
        let loss = sampled_loss(trainer.model(), &data()?, fresh)?;
        let ratio = hidden as f64 / features as f64;
        let theory = optimum_at_ratio(probability, ratio)?.loss;
        println!(
            "n_d/n_s = {ratio}: trained {:.5} ± {:.5}, theory {theory:.5}",
            loss.mean(),
            loss.standard_error()
        );

        let point = |loss, error| LossPoint { ratio, loss, error };
        series.trained.push(point(loss.mean(), loss.standard_error()));
        series.theory.push(point(theory, 0.0));
        series.linear.push(point(linear_loss(probability, ratio)?, 0.0));
    }

    let figure = LossCurves {
        series: vec![series],
        loss_scale: Scale::Linear,
        ratio_scale: Scale::Linear,
        ratios: None,
        losses: None,
        caption: format!(
            "Trained with $n_s = {features}$ features, seed {seed}; bars are one standard error."
        ),
    };
    let written = loss_curves(&figure, std::env::temp_dir().join("train_and_plot"))?;
    println!("drawn: {}", written.png.display());
    Ok(())
}
