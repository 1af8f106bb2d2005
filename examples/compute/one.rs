//! One network, trained and measured.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use serde_json::{Value, json};
use toy_superposition::computation::{NetworkLoss, trainer};
use toy_superposition::data::{Law, LawSpec, Stream};
use toy_superposition::figures::{Chart, ChartMark, ChartPoint, ChartSeries, Scale, chart};
use toy_superposition::train::{Ended, Run};

use crate::setting::Setting;
use crate::{Arguments, bar, command_line};

/// Points of the drawn curve.
const POINTS: usize = 100;

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let Setting { law, target, network, training } = Setting::new(arguments)?;
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

    // The call site of the baselines in closed form.
    let (naive, best_linear, scalar_bayes) = (Value::Null, Value::Null, Value::Null);
    if arguments.json {
        let architecture = run.model().architecture();
        say!(
            "{}",
            json!({
                "target": target.describe(), "law": law, "features": architecture.features, "hidden": architecture.hidden,
                "outputs": architecture.outputs, "width": architecture.width, "layers": architecture.layers,
                "embedding": arguments.embedding, "parameters": architecture.parameters() as u64, "seed": arguments.seed,
                "loss": found.mean(), "loss_over_p": found.mean() / probability, "standard_error": found.standard_error(),
                "naive": naive, "best_linear": best_linear, "scalar_bayes": scalar_bayes,
                "steps": run.steps(), "seconds": seconds, "milliseconds_per_step": median,
            })
        );
    } else {
        say!("target          {}", target.describe());
        say!("steps           {} in {seconds:.1} s, median {median:.3} ms", run.steps());
        say!("loss per output {:.6e} ± {:.1e}", found.mean(), found.standard_error());
        say!(
            "loss/p          {:.5} ± {:.5}",
            found.mean() / probability,
            found.standard_error() / probability
        );
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
    if let Some(path) = &arguments.weights {
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
