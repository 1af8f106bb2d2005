//! A sweep of real models: interrupted in mid-training, measured as elsewhere, drawn.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use toy_superposition_data::{Features, Stream};
use toy_superposition_model::{Weights, sampled_loss};
use toy_superposition_sweep::{Grid, Model, Options, Record, Superposition, Sweep, figures};
use toy_superposition_theory as theory;

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

fn sweep(folder: &tempfile::TempDir) -> Sweep<Superposition> {
    Sweep::create(folder.path(), Grid::parse(GRID).unwrap()).unwrap()
}

#[test]
fn models_are_the_same_however_often_training_is_interrupted() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (whole, cut) = (sweep(&folders[0]), sweep(&folders[1]));
    let counts = whole.run(&Options::default(), |_| {}).unwrap();
    // There is no rug of 24 features, twice, and none larger than memory.
    assert_eq!((counts.failed, counts.left), (3, 0));
    let (flag, mut rounds) = (AtomicBool::new(false), 0);
    loop {
        flag.store(false, Ordering::Relaxed);
        let left = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(150));
                flag.store(true, Ordering::Relaxed);
            });
            let options = Options {
                threads: NonZeroUsize::new(1 + rounds % 3),
                interrupt: Some(&flag),
                checkpoint_every: Duration::from_millis(20),
                ..Options::default()
            };
            cut.run(&options, |_| {}).unwrap().left
        });
        rounds += 1;
        if left == 0 {
            break;
        }
    }
    assert!(rounds > 2, "{rounds}");
    for table in ["records.csv", "failures.csv"] {
        let read = |sweep: &Sweep<_>| std::fs::read_to_string(sweep.folder().join(table)).unwrap();
        assert!(read(&whole) == read(&cut), "{table}");
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

/// A record's numbers are those of the weights beside it.
fn measured(sweep: &Sweep<Superposition>, record: &Record) {
    let name = (record.kind, record.features, record.hidden, record.probability, record.seed);
    let cell =
        sweep.cells().iter().find(|c| (c.kind, c.features, c.hidden, c.probability, c.seed) == name).unwrap();
    let (p, ratio) = (cell.probability, cell.ratio());
    assert_eq!(record.ratio, ratio);
    assert_eq!(record.theory_loss, theory::optimum_at_ratio(p, ratio).unwrap().loss);
    assert_eq!(record.envelope_loss, theory::envelope(p, ratio).unwrap().loss);
    let off = |exact: f64| (exact - record.loss).abs() / record.standard_error;
    match cell.kind {
        Model::Linear => assert_eq!(record.loss, theory::linear_loss(p, ratio).unwrap()),
        Model::Theory => assert_eq!(record.loss, record.theory_loss),
        Model::Rug => {
            assert!(off(record.exact_loss.unwrap()) < 5.0);
            assert!((record.gaussian_loss.unwrap() / record.theory_loss - 1.0).abs() < 1e-9);
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
            // Trained in single precision, measured again in double.
            assert!((sampled.mean() / record.loss - 1.0).abs() < 1e-4);
        }
    }
}

/// Every figure, of a sweep with enough cells for each.
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
    for drawing in drawings.ready {
        assert!(drawing.caption().contains("seed"), "{}", drawing.name);
        let written = drawing.draw(sweep.folder()).unwrap();
        assert!(written.png.is_file() && written.svg.is_file());
    }
}
