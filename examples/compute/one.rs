//! Training and measurement of one network.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use command_line::{bar, note, say};
use serde_json::json;
use toy_superposition::computation::{
    Architecture, Elementwise, ElementwiseBaselines, Function, NetworkLoss, Stack, trainer,
};
use toy_superposition::data::{Law, LawSpec, Stream};
use toy_superposition::figures::{Chart, ChartMark, ChartPoint, ChartSeries, Scale, chart};
use toy_superposition::train::{Ended, Run};

use crate::Arguments;
use crate::setting::Setting;

/// Number of points of the curve.
const POINTS: usize = 100;

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let Setting { law, target, elementwise, network, training } = Setting::new(arguments)?;
    let (recipe, drawn) = (training.recipe()?, law.build()?);
    let probability = drawn.moments(0).probability;
    let mut run = trainer(network, law.build()?, target.clone(), &recipe, arguments.seed)?;
    let interrupt = Run { interrupt: Some(command_line::interrupt()?), ..Run::default() };
    let bar = bar::bar("training", recipe.most_steps());
    let (start, mut last, mut times) = (Instant::now(), Instant::now(), Vec::new());
    let ended = run.run(&interrupt, |_, step| {
        bar::advance(&bar, step);
        times.push(last.elapsed().as_secs_f64() * 1e3);
        last = Instant::now();
    })?;
    bar.finish_and_clear();
    let seconds = start.elapsed().as_secs_f64();
    if ended == Ended::Interrupted {
        return Err(format!("interrupted after step {}", run.steps()).into());
    }
    times.sort_by(f64::total_cmp);
    let median = times[times.len() / 2];
    let fresh = Stream::Evaluation.samples(arguments.seed, 0..arguments.samples as u64);
    let found = NetworkLoss::new(target.clone()).sampled(run.model(), &drawn, fresh)?;

    let weighted = match &training.importance {
        None => None,
        Some(importance) => {
            let mut loss = NetworkLoss::with_importance(target.clone(), importance)?;
            Some(loss.sampled(run.model(), &drawn, fresh)?)
        }
    };

    let architecture = run.model().architecture();
    let [naive, best_linear, scalar_bayes] = match elementwise {
        Some(target) => baselines(target, &drawn, architecture),
        None => [None; 3],
    };
    if arguments.json {
        let mut object = json!({
            "target": target.describe(), "law": law, "features": architecture.features, "hidden": architecture.hidden,
            "outputs": architecture.outputs, "width": architecture.width, "layers": architecture.layers,
            "embedding": arguments.embedding, "parameters": architecture.parameters() as u64, "seed": arguments.seed,
            "loss": found.mean(), "loss_over_p": found.mean() / probability, "standard_error": found.standard_error(),
            "naive": naive, "best_linear": best_linear, "scalar_bayes": scalar_bayes,
            "steps": run.steps(), "seconds": seconds, "milliseconds_per_step": median,
        });
        if let Some(weighted) = weighted {
            object["weighted_loss"] = json!(weighted.mean());
            object["weighted_loss_standard_error"] = json!(weighted.standard_error());
        }
        say!("{object}");
    } else {
        say!("target          {}", target.describe());
        say!("steps           {} in {seconds:.1} s, median {median:.3} ms", run.steps());
        say!("loss per output {:.6e} ± {:.1e}", found.mean(), found.standard_error());
        say!(
            "loss/p          {:.5} ± {:.5}",
            found.mean() / probability,
            found.standard_error() / probability
        );
        for (name, loss, what) in [
            (
                "naive",
                naive,
                "as many outputs as the neurons can compute from the features themselves, not through n_d numbers",
            ),
            ("best linear", best_linear, "the best linear map through n_d numbers"),
            ("scalar Bayes", scalar_bayes, "the best function of each feature's own read-out"),
        ] {
            if let Some(loss) = loss {
                say!("{name:<15} {:.5} (loss/p): {what}", loss / probability);
            }
        }
        if let Some(weighted) = weighted {
            say!("weighted loss   {:.6e} ± {:.1e}", weighted.mean(), weighted.standard_error());
        }
    }
    if let Some(path) = &arguments.out {
        let losses = run.losses();
        let size = losses.len().div_ceil(POINTS);
        let points = losses.chunks(size).enumerate().map(|(k, part)| ChartPoint {
            x: (k * size) as f64 + part.len() as f64 / 2.0,
            y: part.iter().sum::<f64>() / part.len() as f64 / probability,
            error: 0.0,
        });
        let figure = Chart {
            x_label: "step".to_owned(),
            y_label: "loss$/p$".to_owned(),
            x_scale: Scale::Linear,
            y_scale: Scale::Log,
            series: vec![ChartSeries {
                name: "training".to_owned(),
                points: points.filter(|point| point.y > 0.0).collect(),
                mark: ChartMark::Line,
            }],
            caption: format!(
                "{} of {} features in {} dimensions ({}), {} layers of {} neurons, $p = {probability}$, seed {}; means over {size} steps.",
                target.describe(),
                arguments.features,
                run.model().architecture().hidden,
                arguments.embedding,
                arguments.layers,
                arguments.width,
                arguments.seed
            ),
        };
        let written = chart(&figure, path.with_extension(""))?;
        note!("wrote {} and {}", written.png.display(), written.svg.display());
    }
    if let Some(path) = &arguments.save_weights {
        let metadata = BTreeMap::from([
            (LawSpec::METADATA_KEY.to_owned(), law.to_string()),
            ("target".to_owned(), target.describe()),
            ("seed".to_owned(), arguments.seed.to_string()),
            ("steps".to_owned(), run.steps().to_string()),
        ]);
        run.model().save(path, &metadata)?;
    }
    Ok(())
}

/// Returns the losses of the naive solution, of the best map through n_d dimensions (affine if the
/// outputs have biases, otherwise linear), and of the best function of each feature's read-out at
/// the Welch bound. A loss is `None` if it is not known: that of the naive solution for iterated
/// functions, and all for features that are not identically distributed.
///
/// The naive solution computes as many outputs as its neurons allow and is 0 elsewhere. If a stream
/// carries x past the neurons, these only have to add ReLU(x) to it.
fn baselines(target: Elementwise, law: &dyn Law, architecture: &Architecture) -> [Option<f64>; 3] {
    let Architecture { features, hidden, width, layers, .. } = *architecture;
    let rank = hidden.min(features);
    let signed = law.parts().is_some_and(|(_, magnitude)| magnitude.support().0 < 0.0);
    let naive = match target.function() {
        (Function::IdentityPlusRelu, 1) if architecture.stack == Stack::Residual => Some(Function::Relu),
        (function, 1) => Some(function),
        _ => None,
    };
    let naive = naive.and_then(|function| {
        let computed = if layers == 0 { 0 } else { (width / function.neurons(signed)).min(features) };
        ElementwiseBaselines::of_law(law, |x| function.at(x)).ok()?.naive(features, computed).ok()
    });
    let baselines = ElementwiseBaselines::of_law(law, |x| target.at(x)).ok();
    let linear = |baselines: &ElementwiseBaselines<_>| match architecture.output_bias {
        true => baselines.affine(features, rank).ok(),
        false => baselines.linear(features, rank).ok(),
    };
    let bayes =
        |baselines: &ElementwiseBaselines<_>| baselines.bayes_at_ratio(rank as f64 / features as f64).ok();
    [naive, baselines.as_ref().and_then(linear), baselines.as_ref().and_then(bayes)]
}
