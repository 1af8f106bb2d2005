//! A sweep of real models: interrupted during training, checked against other measurements, drawn.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use toy_superposition_data::{Features, Stream};
use toy_superposition_model::{
    Activation, Autoencoder, Initialisation, Shape, Stochastic, Weights, sampled_loss,
};
use toy_superposition_sweep::{
    Cell, Context, Effort, Experiment, Grid, Model, Options, Reason, RecipeName, Record, Superposition,
    Sweep, figures,
};
use toy_superposition_theory as theory;
use toy_superposition_train::{Ended, Recipe, Run, Trainer, initial_model};

const GRID: &str = r#"
    [experiment]
    max_epochs = 10
    mean_field_steps = 40
    samples = 3000
    exact_rows = 20

    [[block]]
    kinds = ["trained", "rug", "linear", "theory"]
    features = [16, 32]
    probabilities = [0.07, 0.15, 0.6]
    ratios = [0.1, 0.25, 0.4, 0.5, 0.75]
    seeds = [3]

    [[block]]
    name = "more"
    kinds = ["trained", "mean-field", "rug"]
    features = [24]
    probabilities = [0.15]
    hidden = [6]
    seeds = [3, 4]

    [[block]]
    name = "larger than memory"
    kinds = ["rug"]
    features = [65536]
    probabilities = [0.15]
    hidden = [32768]
"#;

fn sweep<E: Experiment>(folder: &tempfile::TempDir) -> Sweep<E> {
    Sweep::create(folder.path(), Grid::parse(GRID).unwrap()).unwrap()
}

/// The same experiment, but the training of each cell is interrupted once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Interrupted(Superposition);

static INTERRUPT: AtomicBool = AtomicBool::new(false);

impl Interrupted {
    fn trainer(
        &self,
        cell: &Cell<Model>,
    ) -> Result<Trainer<Autoencoder<f32>, impl Stochastic<Autoencoder<f32>> + Send + use<>>, Reason> {
        let shape = Shape::new(cell.features, cell.hidden)?;
        let model = initial_model(shape, Initialisation::PyTorch, Activation::Relu, cell.seed)?;
        let data = Features::paper(cell.features, cell.probability)?;
        Ok(Trainer::on_fresh_batches(model, data, &self.0.recipe(shape)?, cell.seed)?)
    }

    /// Returns the step, of 300, after which a training is interrupted.
    fn steps(cell: &Cell<Model>) -> u64 {
        [1, 299, 100][cell.hidden % 3]
    }

    /// Leaves the checkpoint of a sweep that is interrupted after [`Self::steps`] steps.
    fn leave_checkpoint(&self, cell: &Cell<Model>, context: &Context<'_>) -> Result<(), Reason> {
        let stop = AtomicBool::new(false);
        let run = Run { checkpoint: Some(context.checkpoint()), interrupt: Some(&stop), ..Run::default() };
        let last = Self::steps(cell) - 1;
        let ended =
            self.trainer(cell)?.run(&run, |_, step| stop.store(step.index >= last, Ordering::Relaxed))?;
        assert_eq!(ended, Ended::Interrupted);
        Ok(())
    }
}

impl Experiment for Interrupted {
    type Kind = Model;
    type Record = Record;

    fn check(&self) -> Result<(), Reason> {
        self.0.check()
    }

    fn effort(&self, cell: &Cell<Model>) -> Effort {
        self.0.effort(cell)
    }

    fn evaluate(&self, cell: &Cell<Model>, context: &Context<'_>) -> Result<Option<Record>, Reason> {
        let mark = context.weights().with_extension("interrupted");
        if !matches!(cell.kind, Model::Trained | Model::MeanField) || mark.exists() {
            return self.0.evaluate(cell, context);
        }
        std::fs::write(mark, "")?;
        if cell.kind == Model::Trained {
            self.leave_checkpoint(cell, context)?;
        }
        INTERRUPT.store(true, Ordering::Relaxed);
        let found = self.0.evaluate(cell, context)?;
        assert!(found.is_none(), "{cell:?} heeds the interrupt");
        if cell.kind == Model::Trained {
            // It continued from the checkpoint and left another.
            let mut trainer = self.trainer(cell)?;
            assert!(trainer.resume(context.checkpoint())?);
            assert_eq!(trainer.steps(), Self::steps(cell));
        }
        Ok(None)
    }
}

/// A checkpoint that cannot be used, here of garbage, is as good as none.
#[test]
fn a_cell_with_a_useless_checkpoint_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let grid = r#"
        [experiment]
        max_epochs = 2
        samples = 1000
        mean_field_steps = 30
        keep_weights = false

        [[block]]
        kinds = ["trained", "mean-field"]
        features = [16]
        probabilities = [0.1]
        hidden = [4]
    "#;
    let sweep = |name: &str| {
        Sweep::<Superposition>::create(folder.path().join(name), Grid::parse(grid).unwrap()).unwrap()
    };
    let [good, spoilt] = [sweep("good"), sweep("spoilt")];
    for cell in spoilt.cells() {
        let path = spoilt.weights(cell).with_extension("checkpoint");
        std::fs::write(path, "no checkpoint").unwrap();
    }
    for sweep in [&good, &spoilt] {
        assert_eq!(sweep.run(&Options::default(), |_| {}).unwrap().finished, 2);
    }
    assert_eq!(good.records().unwrap(), spoilt.records().unwrap());
    assert_eq!(std::fs::read_dir(spoilt.folder().join("cells")).unwrap().count(), 0);
}

#[test]
fn features_of_any_law_are_trained_and_measured() {
    let folder = tempfile::tempdir().unwrap();
    let grid = r#"
        [experiment]
        max_epochs = 3
        samples = 20000
        exact_rows = 12

        [[block]]
        name = "by its law and by its probability"
        kinds = ["trained", "linear"]
        hidden = [4]
        seeds = [3]
        [[block.laws]]
        features = 16
        switches = { kind = "independent", probability = 0.15 }
        [[block.laws]]
        features = 16
        switches = { kind = "pairs", probability = 0.15, correlation = 0.6 }
        [[block.laws]]
        features = 16
        switches = { kind = "pairs", probability = 0.15, correlation = 0.6 }
        magnitude = { kind = "exponential", rate = 1.5 }

        [[block]]
        kinds = ["trained", "linear"]
        features = [16]
        probabilities = [0.15]
        hidden = [4]
        seeds = [3]
    "#;
    let sweep = Sweep::<Superposition>::create(folder.path(), Grid::parse(grid).unwrap()).unwrap();
    sweep.run(&Options::default(), |_| {}).unwrap();
    let records = sweep.records().unwrap();
    let [own, linear, pairs, pairs_linear, odd, odd_linear, paper, paper_linear] = &records[..] else {
        panic!("{} records", records.len())
    };
    // The data and the model agree to the bit, and the exact losses are of the same rows.
    assert_eq!((own.loss, own.standard_error, own.steps), (paper.loss, paper.standard_error, paper.steps));
    let same = |a: Option<f64>, b: Option<f64>| {
        let (a, b) = (a.unwrap(), b.unwrap());
        assert!((a / b - 1.0).abs() < 1e-9, "{a} {b}");
    };
    same(own.exact_loss, paper.exact_loss);
    same(own.exact_standard_error, paper.exact_standard_error);
    same(own.gaussian_loss, paper.gaussian_loss);
    same(own.edgeworth_loss, paper.edgeworth_loss);
    same(own.theory_loss, paper.theory_loss);
    same(Some(linear.linear_loss), Some(paper_linear.linear_loss));
    assert_eq!((own.bias_variance, own.lyapunov), (paper.bias_variance, paper.lyapunov));
    assert_eq!((own.envelope_loss, paper.law.as_deref()), (None, None));
    assert_eq!(linear.loss, linear.linear_loss);
    // Correlation lowers the loss, and the exact loss, from 12 of the 16 rows, agrees with the
    // measured one within five standard errors.
    assert!(pairs_linear.linear_loss < 0.95 * linear.linear_loss);
    let error = pairs.standard_error.hypot(pairs.exact_standard_error.unwrap());
    assert!((pairs.loss - pairs.exact_loss.unwrap()).abs() < 5.0 * error, "{pairs:?}");
    assert!(pairs.law.as_ref().unwrap().contains("\"correlation\":0.6"));
    // The optimum is defined for magnitudes U[0, 1]; the exponential law has the linear model
    // alone.
    assert!(pairs.theory_loss.is_some() && odd.theory_loss.is_none());
    assert!(odd.relative_to_theory().0.is_nan() && odd_linear.loss > 0.0);
    // A weight file holds its law.
    let weights = Weights::<f32>::load(sweep.weights(&sweep.cells()[2])).unwrap();
    assert_eq!(weights.metadata["law"], *pairs.law.as_ref().unwrap());
}

#[test]
fn models_are_the_same_however_often_training_is_interrupted() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (whole, cut) = (sweep::<Superposition>(&folders[0]), sweep::<Interrupted>(&folders[1]));
    let counts = whole.run(&Options::default(), |_| {}).unwrap();
    // There is no rug of 24 features (twice) and none larger than the memory.
    assert_eq!((counts.failed, counts.left), (3, 0));
    let mut rounds = 0;
    loop {
        INTERRUPT.store(false, Ordering::Relaxed);
        let options = Options {
            threads: NonZeroUsize::new(1 + rounds % 3),
            interrupt: Some(&INTERRUPT),
            checkpoint_every: Duration::from_millis(20),
            ..Options::default()
        };
        rounds += 1;
        if cut.run(&options, |_| {}).unwrap().left == 0 {
            break;
        }
    }
    // 32 trained models and 2 mean-field ones are each interrupted once, at most three of them in a
    // round.
    assert!(rounds > 34 / 3, "{rounds}");
    for table in ["records.csv", "failures.csv"] {
        let read = |folder: &tempfile::TempDir| std::fs::read_to_string(folder.path().join(table)).unwrap();
        assert!(read(&folders[0]) == read(&folders[1]), "{table}");
    }
    for cell in whole.cells().iter().filter(|cell| matches!(cell.kind, Model::Trained | Model::MeanField)) {
        assert!(std::fs::read(whole.weights(cell)).unwrap() == std::fs::read(cut.weights(cell)).unwrap());
    }
    let failures = std::fs::read_to_string(whole.folder().join("failures.csv")).unwrap();
    assert!(failures.contains("rug-n24-d6-p0.15-s4,24 is not a power of two"), "{failures}");
    assert!(failures.contains("rug-n65536-d32768-p0.15-s0,a model of 65536 × 32768 weights"), "{failures}");

    let records = whole.records().unwrap();
    let mut table = csv::Reader::from_path(whole.folder().join("records.csv")).unwrap();
    let read: Vec<Record> = table.deserialize().map(Result::unwrap).collect();
    assert_eq!(read, records);
    records.iter().for_each(|record| measured(&whole, record));
    draw(&whole);
}

/// Checks that a record's numbers are those of the weights beside it. At fixed seeds, one of some
/// 80 sampled and exact losses is off by five standard errors with a probability of α = 5e-5.
fn measured(sweep: &Sweep<Superposition>, record: &Record) {
    let name = (record.kind, record.features, record.hidden, record.probability, record.seed);
    let cell =
        sweep.cells().iter().find(|c| (c.kind, c.features, c.hidden, c.probability, c.seed) == name).unwrap();
    let (p, ratio) = (cell.probability, cell.ratio());
    assert_eq!(record.ratio, ratio);
    assert_eq!(record.theory_loss, Some(theory::optimum_at_ratio(p, ratio).unwrap().loss));
    assert_eq!(record.envelope_loss, Some(theory::envelope(p, ratio).unwrap().loss));
    let off = |exact: f64| (exact - record.loss).abs() / record.standard_error;
    match cell.kind {
        Model::Linear => assert_eq!(record.loss, theory::linear_loss(p, ratio).unwrap()),
        Model::Theory => assert_eq!(Some(record.loss), record.theory_loss),
        Model::Rug => {
            assert!(off(record.exact_loss.unwrap()) < 5.0);
            assert!((record.gaussian_loss.unwrap() / record.theory_loss.unwrap() - 1.0).abs() < 1e-9);
            let optimum = theory::optimum_at_ratio(p, ratio).unwrap();
            assert!((record.effective_bias_mean.unwrap() - optimum.effective_bias).abs() < 1e-12);
        }
        _ => {
            let weights = Weights::<f64>::load(sweep.weights(cell)).unwrap();
            assert_eq!(weights.metadata["steps"], record.steps.unwrap().to_string());
            let model = weights.model;
            let check = theory::check(&model, p).unwrap();
            assert_eq!(record.dropped, Some(check.statistics.dropped));
            assert_eq!(record.diagonal_variance, Some(check.statistics.diagonal.variance));
            assert_eq!(record.bias_variance, Some(check.statistics.bias.variance));
            assert_eq!(record.delta_variance, Some(check.statistics.sigma_squared.variance));
            assert_eq!(record.lyapunov, Some(check.statistics.lyapunov_max));
            assert_eq!(record.gaussian_loss, Some(check.gaussian_loss));
            let rows: Vec<usize> = (0..cell.features).collect();
            let exact = theory::exact_model_loss(&model, &rows, p).unwrap().loss;
            let (found, error) = (record.exact_loss.unwrap(), record.exact_standard_error.unwrap());
            assert!((found - exact).abs() <= 5.0 * error + 1e-9 * exact, "{found} ± {error}, {exact}");
            assert_eq!(error == 0.0, cell.features <= 20);
            assert!(off(exact) < 5.0);
            let data = Features::paper(cell.features, p).unwrap();
            let sampled =
                sampled_loss(&model, &data, Stream::Evaluation.samples(cell.seed, 0..3000)).unwrap();
            // Trained in single precision, measured again in double precision.
            assert!((sampled.mean() / record.loss - 1.0).abs() < 1e-4);
        }
    }
}

/// Draws every figure, from a sweep with enough cells for each.
fn draw(sweep: &Sweep<Superposition>) {
    let drawings = figures::drawings(sweep).unwrap();
    let names: Vec<&str> = drawings.ready.iter().map(|drawing| drawing.name.as_str()).collect();
    let expected = [
        "figure1_rug",
        "figure2a_loss_16",
        "figure2b_drop_16",
        "figure2a_loss_32",
        "figure2b_drop_32",
        "figure3_weights",
        "figure4_diagonal",
        "figure5_bias",
        "figure6_interference",
        "figure7_lyapunov",
        "map_distance",
        "map_dropped",
        "finite_size",
        "predictions",
        "phase_map",
    ];
    assert_eq!(names, expected);
    // n_s = 24 has a single ratio.
    assert_eq!(drawings.absent, ["figure2a_loss_24", "figure2b_drop_24"]);
    assert!(drawings.failed.is_empty(), "{:?}", drawings.failed);
    for drawing in &drawings.ready {
        assert!(drawing.caption().contains("seed"), "{}", drawing.name);
        let written = drawing.draw(sweep.folder()).unwrap();
        assert!(written.png.is_file() && written.svg.is_file());
    }

    // If weights are unreadable, only their figure is missing.
    let weights = std::fs::read_dir(sweep.folder().join("cells")).unwrap().map(|file| file.unwrap().path());
    weights.for_each(|path| std::fs::write(path, "torn").unwrap());
    let torn = figures::drawings(sweep).unwrap();
    assert_eq!(torn.failed.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["figure3_weights"]);
    assert_eq!(torn.ready.len(), drawings.ready.len() - 1);
}

/// An epoch of the code's recipe has 30 batches.
#[test]
fn a_training_on_as_many_samples_is_estimated_to_take_as_long_by_either_recipe() {
    let (kind, features, hidden) = (Model::Trained, 64, 16);
    let cell = Cell { kind, features, hidden, probability: 0.1, law: None, seed: 0, block: 0 };
    let code = Superposition { max_epochs: Some(100), ..Superposition::default() };
    let fast = Superposition { recipe: RecipeName::Fast, steps: Some(100 * 30), ..Superposition::default() };
    let (code, fast) = (code.effort(&cell).seconds, fast.effort(&cell).seconds);
    assert!((code / fast - 1.0).abs() < 0.05, "{code} {fast}");
}

#[test]
fn a_mean_field_descent_stops_before_its_last_step_where_it_has_the_least_loss() {
    let folder = tempfile::tempdir().unwrap();
    let grid = "[experiment]\nsamples = 512\nmean_field_steps = 5000\n[[block]]\nkinds = [\"mean-field\"]\n\
                features = [32]\nprobabilities = [0.05]\nhidden = [8]\nseeds = [1]\n";
    let sweep = Sweep::<Superposition>::create(folder.path(), Grid::parse(grid).unwrap()).unwrap();
    sweep.run(&Options::default(), |_| {}).unwrap();
    let record = sweep.records().unwrap().remove(0);
    assert!(record.steps.unwrap() < 5000, "{record:?}");
    let gap = record.gaussian_loss.unwrap() / record.envelope_loss.unwrap() - 1.0;
    assert!(gap.abs() < 1e-9, "{gap:e}");
}

/// A grid with the fast recipe trains by it: the given number of steps, from weights without
/// biases.
#[test]
fn the_fast_recipe_takes_the_steps_it_is_given() {
    let grid = |settings: &str| {
        format!(
            "[experiment]\nsamples = 512\n{settings}\n[[block]]\nkinds = [\"trained\"]\nfeatures = [24]\n\
             probabilities = [0.1]\nhidden = [9]\nseeds = [4]\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let fast = Grid::<Superposition>::parse(&grid("recipe = \"fast\"\nsteps = 37")).unwrap();
    let sweep = Sweep::create(folder.path(), fast).unwrap();
    sweep.run(&Options::default(), |_| {}).unwrap();
    let record = sweep.records().unwrap().remove(0);
    assert_eq!(record.steps, Some(37));
    let shape = Shape::new(24, 9).unwrap();
    let recipe = Recipe::fast(shape, Some(37)).unwrap();
    let data = Features::paper(24, 0.1).unwrap();
    let model = recipe.initial_model::<f32>(shape, 4).unwrap();
    let mut trainer = Trainer::on_fresh_batches(model, data, &recipe, 4).unwrap();
    trainer.run(&Run::default(), |_, _| {}).unwrap();
    let bias = f64::from(trainer.model().bias().mean());
    assert!((record.bias_mean.unwrap() - bias).abs() < 1e-6, "{record:?} {bias}");
    for refused in ["steps = 37", "recipe = \"fast\"\nsteps = 0", "recipe = \"fast\"\nmax_epochs = 3"] {
        assert!(Grid::<Superposition>::parse(&grid(refused)).unwrap().cells().is_err(), "{refused}");
    }
}
