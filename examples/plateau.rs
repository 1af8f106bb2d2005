//! Follows models while they are trained: do they stay at the symmetric solution, and for how long?

use std::error::Error;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use clap::builder::RangedU64ValueParser;
use command_line::{bar, note, say};
use serde::{Deserialize, Serialize};
use serde_json::json;
use toy_superposition::data::{Features, Independent, Stream};
use toy_superposition::figures::{Chart, ChartMark, ChartPoint, ChartSeries, Scale, chart, check_writable};
use toy_superposition::files::{create_folder, write_atomically};
use toy_superposition::model::{Autoencoder, Shape, sampled_loss};
use toy_superposition::optim::Stopper;
use toy_superposition::theory::{Feature, Statistics, optimum_at_ratio};
use toy_superposition::train::{Error as TrainError, Recipe, RecipeName, Trainer};

/// A loss below this multiple of the theory's is told in the table.
const BELOW: f64 = 0.97;
/// So is a mean Λ above this multiple of its first value.
const STIRRED: f64 = 1.25;

/// Follows models while they are trained: their loss on fresh samples, dropped features, diagonal
/// and Lyapunov ratio, at some ten steps per decade.
///
/// Large models come to the symmetric solution of the theory, stay there for a while, since it is a
/// plateau of the loss, and leave it. The table has the first step that was looked at with a mean Λ
/// a quarter above its first value, and the first with a loss more than 3 % below the theory's, each
/// with the sum of the learning rates of all steps before it. Small models pass that loss without
/// staying. Each run is one file of the folder, with one JSON object per line. A run that is there is
/// not repeated; one that was cut off continues from its checkpoint, to the same lines; one whose
/// file was deleted begins anew.
#[derive(Parser)]
struct Arguments {
    /// The runs, as N_S,N_D,P,RECIPE,SEED,STEPS. The recipe is `text` or `code`, those of the paper,
    /// which are continued past the step at which their rule would stop them, or `fast`, scaled to
    /// the number of steps. With 0 steps, `text` and `code` end where their rules say.
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<Spec>,
    /// Folder of the runs.
    #[arg(long)]
    out: PathBuf,
    /// Draw the runs into files whose names begin with this: loss, share of dropped features,
    /// standard deviation of the diagonal and largest Λ_i (equation 3), against steps.
    #[arg(long, value_name = "STEM")]
    figures: Option<PathBuf>,
    /// Number of fresh samples that each loss is measured on. A run that has ended keeps its own.
    #[arg(long, default_value_t = 10_240, value_parser = RangedU64ValueParser::<usize>::new().range(2..=1_000_000_000))]
    samples: usize,
    /// Seconds between two checkpoints.
    #[arg(long, default_value = "120", value_parser = command_line::seconds)]
    checkpoint_every: Duration,
    /// Print one JSON object per run instead of the table.
    #[arg(long)]
    json: bool,
}

/// A run: the model, its data, its recipe, its seed, and its number of steps, if it is fixed.
#[derive(Clone, PartialEq)]
struct Spec {
    features: usize,
    hidden: usize,
    probability: f64,
    recipe: RecipeName,
    seed: u64,
    steps: Option<u64>,
}

impl FromStr for Spec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        fn number<T: FromStr<Err: fmt::Display>>(name: &str, text: &str) -> Result<T, String> {
            text.parse().map_err(|error| format!("{name} `{text}`: {error}"))
        }
        let parts: Vec<&str> = text.split(',').collect();
        let &[features, hidden, probability, recipe, seed, steps] = &parts[..] else {
            return Err(format!("{} parts, not the 6 of N_S,N_D,P,RECIPE,SEED,STEPS", parts.len()));
        };
        let spec = Self {
            features: number("N_S", features)?,
            hidden: number("N_D", hidden)?,
            probability: number("P", probability)?,
            recipe: recipe.parse().map_err(|error: TrainError| error.to_string())?,
            seed: number("SEED", seed)?,
            steps: Some(number("STEPS", steps)?).filter(|&steps| steps > 0),
        };
        if (spec.recipe, spec.steps) == (RecipeName::Fast, None) {
            return Err("the recipe `fast` needs a number of steps".to_owned());
        }
        Ok(spec)
    }
}

/// Writes the name of the run's files.
impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { features, hidden, probability, recipe, seed, .. } = self;
        write!(f, "n{features}-d{hidden}-p{probability}-{recipe}-s{seed}-t{}", self.steps.unwrap_or(0))
    }
}

/// What was seen at one step: one line of a run's file.
#[derive(Clone, Serialize, Deserialize)]
struct Look {
    /// Number of steps taken.
    step: u64,
    /// Whether the rule of the paper's recipe would have stopped the run by this step; false for
    /// the fast recipe.
    rule_stopped: bool,
    /// Whether the run has ended.
    last: bool,
    /// Loss per feature on fresh samples, its standard error, and the number of samples.
    loss: f64,
    loss_standard_error: f64,
    samples: usize,
    /// Mean and standard deviation of W_ii.
    diagonal: f64,
    diagonal_sd: f64,
    /// Mean of b_i.
    bias: f64,
    /// Number of features with |W_ii| ≤ 0.01 max_j |W_jj|.
    dropped: usize,
    /// Largest and mean Λ_i (equation 3).
    lyapunov_max: f64,
    lyapunov_mean: f64,
}

impl Spec {
    fn path(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{self}.jsonl"))
    }

    /// Returns what was seen of the run so far; nothing if it has not begun.
    fn kept(&self, folder: &Path, samples: usize) -> Result<Vec<Look>, Box<dyn Error>> {
        let path = self.path(folder);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            text => text.map_err(|error| format!("{}: {error}", path.display()))?,
        };
        let look = |(k, line)| {
            serde_json::from_str(line).map_err(|error| {
                format!(
                    "{}, line {}, is damaged ({error}); delete the file to begin anew",
                    path.display(),
                    k + 1
                )
            })
        };
        let looks: Vec<Look> = text.lines().enumerate().map(look).collect::<Result<_, _>>()?;
        match looks.last() {
            Some(look) if !look.last && look.samples != samples => {
                let (path, given) = (path.display(), look.samples);
                Err(format!(
                    "{path} was begun with {given} samples; give --samples {given} or another folder"
                )
                .into())
            }
            _ => Ok(looks),
        }
    }

    fn recipe(&self) -> Result<Recipe, Box<dyn Error>> {
        Ok(self.recipe.recipe(Shape::new(self.features, self.hidden)?, self.steps)?)
    }

    /// Returns the loss of the symmetric optimum, after a check of all that the run needs.
    fn theory(&self) -> Result<f64, Box<dyn Error>> {
        let ratio = command_line::ratio(self.features, self.hidden)?;
        if self.hidden == self.features {
            return Err(
                format!("{self}: n_d < n_s is needed, since the theory loses nothing at n_d = n_s").into()
            );
        }
        self.data()?;
        self.recipe()?;
        Ok(optimum_at_ratio(self.probability, ratio)?.loss)
    }

    fn data(&self) -> Result<Features<Independent>, Box<dyn Error>> {
        Ok(Features::paper(self.features, self.probability)?)
    }

    /// Measures a model after `step` steps.
    fn look(&self, model: &Autoencoder<f32>, step: u64, samples: usize) -> Result<Look, Box<dyn Error>> {
        let fresh = Stream::Evaluation.samples(self.seed, 0..samples as u64);
        let loss = sampled_loss(model, &self.data()?, fresh)?;
        let moments = vec![Feature::uniform(self.probability)?.moments(); self.features];
        let found = Statistics::of_model(model, &moments)?;
        Ok(Look {
            step,
            rule_stopped: false,
            last: false,
            loss: loss.mean(),
            loss_standard_error: loss.standard_error(),
            samples,
            diagonal: found.diagonal.mean,
            diagonal_sd: found.diagonal.variance.sqrt(),
            bias: found.bias.mean,
            dropped: found.dropped,
            lyapunov_max: found.lyapunov_max,
            lyapunov_mean: found.lyapunov_mean,
        })
    }

    /// Trains the model, or continues, and returns what was seen.
    fn follow(&self, arguments: &Arguments, interrupt: &AtomicBool) -> Result<Vec<Look>, Box<dyn Error>> {
        let Arguments { out: folder, samples, .. } = arguments;
        let mut looks = self.kept(folder, *samples)?;
        if looks.last().is_some_and(|look| look.last) {
            return Ok(looks);
        }
        let (shape, recipe) = (Shape::new(self.features, self.hidden)?, self.recipe()?);
        let begin = || -> Result<_, Box<dyn Error>> {
            let model = recipe.initial_model::<f32>(shape, self.seed)?;
            Ok(Trainer::on_fresh_batches(model, self.data()?, &recipe, self.seed)?)
        };
        let due = |looks: &[Look]| looks.last().map_or(30, |look| (look.step + 30).max(look.step * 5 / 4));
        let mut trainer = begin()?;
        let checkpoint = folder.join(format!("{self}.checkpoint"));
        if trainer.resume(&checkpoint)? {
            if trainer.steps() < due(&looks) {
                note!("{self}: resumed after step {}", trainer.steps());
            } else {
                note!("{self}: begun anew, since its file lacks steps before the checkpoint");
                trainer = begin()?;
            }
        }
        // What was seen after the checkpoint is not looked at again: the steps are the same to the
        // bit. The rule reads all losses again, so that it needs no place in the checkpoint.
        let mut rule = Stopper::new(self.recipe.recipe(shape, None)?.stop)?;
        for &loss in trainer.losses() {
            rule.observe(loss)?;
        }

        let bar = bar::bar(&self.to_string(), recipe.most_steps());
        let mut saved = Instant::now();
        while !trainer.stopped() {
            let interrupted = interrupt.load(Ordering::Relaxed);
            if interrupted || saved.elapsed() >= arguments.checkpoint_every {
                trainer.save(&checkpoint)?;
                saved = Instant::now();
            }
            if interrupted {
                return Err(format!("interrupted after step {} of {self}", trainer.steps()).into());
            }
            let step = trainer.step()?;
            bar::advance(&bar, step);
            rule.observe(step.loss)?;
            let taken = step.index + 1;
            if taken >= due(&looks) || step.stopped {
                let rule_stopped = self.recipe != RecipeName::Fast && rule.stopped().is_some();
                let look = self.look(trainer.model(), taken, *samples)?;
                looks.push(Look { rule_stopped, last: step.stopped, ..look });
                self.keep(folder, &looks)?;
            }
        }
        bar.finish_and_clear();
        remove(&checkpoint)?;
        Ok(looks)
    }

    fn keep(&self, folder: &Path, looks: &[Look]) -> Result<(), Box<dyn Error>> {
        let mut text = String::new();
        for look in looks {
            text += &format!("{}\n", serde_json::to_string(look)?);
        }
        Ok(write_atomically(self.path(folder), text.as_bytes())?)
    }
}

/// Removes a file that may be missing.
fn remove(path: &Path) -> Result<(), Box<dyn Error>> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(format!("cannot remove {}: {error}", path.display()).into())
        }
        _ => Ok(()),
    }
}

/// A run that has ended, and the loss of the symmetric solution for it.
struct Followed<'a> {
    spec: &'a Spec,
    looks: Vec<Look>,
    theory: f64,
}

impl Followed<'_> {
    /// Returns the first step that was looked at with a loss more than 3 % below the theory's.
    fn below(&self) -> Option<u64> {
        self.looks.iter().find(|look| look.loss < BELOW * self.theory).map(|look| look.step)
    }

    /// Returns the first step that was looked at with a mean Λ a quarter above its first value.
    fn stirred(&self) -> Option<u64> {
        let first = self.looks.first()?.lyapunov_mean;
        self.looks.iter().find(|look| look.lyapunov_mean > STIRRED * first).map(|look| look.step)
    }

    fn name(&self) -> String {
        let Spec { features, hidden, probability, recipe, seed, steps } = self.spec;
        let steps = steps.map_or(String::new(), |steps| format!(" {steps}"));
        format!("$({features}, {hidden}, {probability})$ {recipe}{steps}, seed {seed}")
    }

    fn print(&self, json: bool) -> Result<(), Box<dyn Error>> {
        let Self { spec, looks, theory } = self;
        let last = looks.last().ok_or("a run without steps")?;
        let rule = looks.iter().find(|look| look.rule_stopped).map(|look| look.step);
        let schedule = spec.recipe()?.schedule;
        let rates = |step| (0..step).map(|step| schedule.learning_rate(step)).sum::<f64>();
        if json {
            let mut object = json!({"run": spec.to_string(), "theory_loss": theory, "end": last});
            for (key, step) in [("stirred", self.stirred()), ("below", self.below())] {
                if let Some(step) = step {
                    object[key] = json!({"step": step, "rates": rates(step)});
                }
            }
            if let Some(step) = rule {
                object["rule_stops"] = json!(step);
            }
            say!("{object}");
            return Ok(());
        }
        let step = |step: Option<u64>| step.map_or("–".to_owned(), |step| step.to_string());
        let way =
            |step: Option<u64>| step.map_or("–".to_owned(), |step| format!("{step} ({:.2})", rates(step)));
        say!(
            "| {spec} | {} | {:.5} ± {:.5} | {:+.1} % | {} | {} | {} | {} | {:.3} ± {:.3} | {:.2} |",
            last.step,
            last.loss / spec.probability,
            last.loss_standard_error / spec.probability,
            100.0 * (last.loss / theory - 1.0),
            way(self.stirred()),
            way(self.below()),
            step(rule),
            last.dropped,
            last.diagonal,
            last.diagonal_sd,
            last.lyapunov_max
        );
        Ok(())
    }
}

/// A quantity against steps.
struct Quantity {
    /// End of the names of its files.
    end: &'static str,
    label: &'static str,
    scale: Scale,
    /// Returns the value and its standard error, which is 0 where nothing is sampled.
    of: fn(&Followed<'_>, &Look) -> [f64; 2],
    /// Values above this are left out.
    most: f64,
    caption: &'static str,
}

const QUANTITIES: [Quantity; 4] = [
    Quantity {
        end: "loss",
        label: "loss / loss of the symmetric optimum",
        scale: Scale::Linear,
        of: |run, look| [look.loss / run.theory, look.loss_standard_error / run.theory],
        most: 1.25,
        caption: "Loss on fresh samples, with bars of one standard error, once it is below 1.25 times that of the symmetric optimum \
                  of the Gaussian theory.",
    },
    Quantity {
        end: "dropped",
        label: "share of dropped features",
        scale: Scale::Linear,
        of: |run, look| [look.dropped as f64 / run.spec.features as f64, 0.0],
        most: f64::INFINITY,
        caption: "A feature is dropped if $|W_{ii}|$ is at most 1 % of the largest.",
    },
    Quantity {
        end: "diagonal",
        label: "standard deviation of $W_{ii}$",
        scale: Scale::Log,
        of: |_, look| [look.diagonal_sd, 0.0],
        most: f64::INFINITY,
        caption: "Standard deviation over the features.",
    },
    Quantity {
        end: "lyapunov",
        label: "largest Λ",
        scale: Scale::Log,
        of: |_, look| [look.lyapunov_max, 0.0],
        most: f64::INFINITY,
        caption: "Λ of a row is near 0 if many features interfere with it alike, and 1 if one does (equation 3).",
    },
];

impl Quantity {
    fn stem(&self, stem: &Path) -> PathBuf {
        let mut file = stem.as_os_str().to_owned();
        file.push(format!("_{}", self.end));
        PathBuf::from(file)
    }

    fn draw(&self, runs: &[Followed<'_>], stem: &Path) -> Result<(), Box<dyn Error>> {
        let points = |run: &Followed<'_>| {
            let point = |look: &Look| {
                let [y, error] = (self.of)(run, look);
                ChartPoint { x: look.step as f64, y, error }
            };
            let shown =
                |point: &ChartPoint| (self.scale == Scale::Linear || point.y > 0.0) && point.y <= self.most;
            run.looks.iter().map(point).filter(shown).collect()
        };
        let series =
            |run| ChartSeries { name: Followed::name(run), points: points(run), mark: ChartMark::Joined };
        let mut series: Vec<ChartSeries> = runs.iter().map(series).collect();
        series.retain(|series| !series.points.is_empty());
        if self.end == "loss" {
            let points = vec![ChartPoint { y: 1.0, ..ChartPoint::default() }];
            series.push(ChartSeries { name: "symmetric optimum".to_owned(), points, mark: ChartMark::Level });
        }
        let caption = match self.end {
            "loss" => format!("{} {} samples per loss.", self.caption, samples(runs)),
            _ => self.caption.to_owned(),
        };
        let figure = Chart {
            x_label: "steps".to_owned(),
            y_label: self.label.to_owned(),
            x_scale: Scale::Log,
            y_scale: self.scale,
            series,
            caption: format!(
                "Models $(n_s, n_d, p)$ during training from random weights, by the recipe of the paper's text (text), of its released \
                 code (code) or the fast one (fast), whose schedule is made for the number of steps. {caption}"
            ),
        };
        let written = chart(&figure, self.stem(stem))?;
        note!("wrote {} and {}", written.png.display(), written.svg.display());
        Ok(())
    }
}

/// Returns the numbers of samples of all losses, as text.
fn samples(runs: &[Followed<'_>]) -> String {
    let all = || runs.iter().flat_map(|run| &run.looks).map(|look| look.samples);
    match (all().min(), all().max()) {
        (Some(least), Some(most)) if least < most => format!("{least} to {most}"),
        (least, _) => least.unwrap_or(0).to_string(),
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    // All is checked before hours of training.
    let theories = arguments.runs.iter().map(Spec::theory).collect::<Result<Vec<_>, _>>()?;
    create_folder(&arguments.out)?;
    for spec in &arguments.runs {
        spec.kept(&arguments.out, arguments.samples)?;
    }
    if let Some(stem) = &arguments.figures {
        for quantity in &QUANTITIES {
            check_writable(quantity.stem(stem))?;
        }
    }
    let interrupt = command_line::interrupt()?;
    if !arguments.json {
        say!(
            "| run | steps | loss / p | to the theory | Λ risen by step (Σ rates) | 3 % below by step (Σ rates) | \
             rule stops by step | dropped | W_ii | largest Λ |"
        );
        say!("|---|---|---|---|---|---|---|---|---|---|");
    }
    let mut runs = Vec::new();
    for (spec, theory) in arguments.runs.iter().zip(theories) {
        let looks = spec.follow(arguments, interrupt)?;
        let followed = Followed { spec, looks, theory };
        followed.print(arguments.json)?;
        runs.push(followed);
    }
    if let Some(stem) = &arguments.figures {
        for quantity in &QUANTITIES {
            quantity.draw(&runs, stem)?;
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    command_line::start(run)
}
