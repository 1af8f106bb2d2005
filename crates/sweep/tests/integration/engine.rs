//! A sweep from its user's side: it ends with the same bytes whatever interrupts it.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use toy_superposition_data::Law;
use toy_superposition_sweep::Error;
use toy_superposition_sweep::{
    Cell, Context, Counts, Effort, Experiment, Grid, Kind, Options, Outcome, Reason, Shard, Sweep, Values,
    Values::List,
};

/// An experiment that can succeed, fail or panic, and that uses a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Toy {
    /// Cells fail from this p on while `file` exists, and all have NaN while it holds "NaN".
    pub(crate) failing: f64,
    file: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum What {
    Drawn,
    Formula,
    /// Its name cannot be part of a file name.
    #[serde(rename = "../formula")]
    Path,
    /// It is written by the name of another.
    #[serde(rename(serialize = "drawn"))]
    Twin,
    /// It has no name, since serde makes a table of it.
    Level(u8),
}

impl Kind for What {
    fn is_random(self) -> bool {
        self == Self::Drawn
    }

    fn takes_laws(self) -> bool {
        self == Self::Drawn
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Found {
    id: String,
    value: f64,
    seed: Option<u64>,
}

impl Experiment for Toy {
    type Kind = What;
    type Record = Found;

    fn check(&self) -> Result<(), Reason> {
        if self.failing.is_finite() { Ok(()) } else { Err("failing is not finite".into()) }
    }

    fn effort(&self, cell: &Cell<What>) -> Effort {
        Effort::new(cell.features as f64, "evaluation").with_whole_machine(cell.features == 64)
    }

    fn evaluate(&self, cell: &Cell<What>, context: &Context<'_>) -> Result<Option<Found>, Reason> {
        // Half of the work, a checkpoint, and the other half.
        let half = (cell.probability * 1e3).sin();
        if !context.checkpoint().exists() {
            fs::write(context.checkpoint(), half.to_string())?;
            if context.interrupted() {
                return Ok(None);
            }
        }
        if cell.probability >= self.failing && Path::new(&self.file).exists() {
            if cell.features == 8 {
                panic!("the cell of {} features", cell.features);
            }
            let source = format!("p = {} is \"too large\",\nsay", cell.probability).into();
            return Err(Error::Settings { source }.into());
        }
        let half: f64 = fs::read_to_string(context.checkpoint())?.parse()?;
        let infected = fs::read(&self.file).is_ok_and(|text| text == b"NaN");
        let value = if infected { f64::NAN } else { half / 3.0 + cell.seed as f64 + cell.ratio() };
        fs::write(context.weights(), value.to_le_bytes())?;
        let seed = (cell.kind == What::Drawn).then_some(cell.seed);
        Ok(Some(Found { id: cell.id(), value, seed }))
    }
}

const GRID: &str = r#"
    [[block]]
    kinds = ["drawn", "formula"]
    features = [8, 16, 64]
    probabilities = { linspace = [0.05, 0.5, 10] }
    ratios = [0.25, 1]
    seeds = [3, 1]

    [[block]]
    name = "again, and more"
    kinds = ["drawn"]
    features = [16, 20]
    probabilities = [0.05, 0.07]
    hidden = [4, 5]
"#;

/// Returns a grid whose cells fail from p = 0.4 on while `file` exists.
fn grid(file: &Path) -> Grid<Toy> {
    let experiment = format!("[experiment]\nfailing = 0.4\nfile = {:?}\n", file.display().to_string());
    Grid::parse(&(experiment + GRID)).unwrap()
}

/// Returns a folder for a test, with the file that makes cells fail.
pub(crate) fn folder() -> (tempfile::TempDir, Grid<Toy>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fail");
    fs::write(&file, "").unwrap();
    let grid = grid(&file);
    (folder, grid)
}

fn tables(sweep: &Sweep<Toy>) -> (String, String) {
    let read = |name| fs::read_to_string(sweep.folder().join(name)).unwrap();
    (read("records.csv"), read("failures.csv"))
}

fn lines(sweep: &Sweep<Toy>) -> usize {
    fs::read_to_string(sweep.folder().join("journal.jsonl")).unwrap().lines().count()
}

fn checkpoints(sweep: &Sweep<Toy>) -> usize {
    let files = fs::read_dir(sweep.folder().join("cells")).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "checkpoint")).count()
}

fn run(sweep: &Sweep<Toy>, options: &Options<'_>) -> Counts {
    sweep.run(options, |_| {}).unwrap()
}

#[test]
fn cells_are_the_grids_in_its_order_and_none_comes_twice() {
    let (_folder, grid) = folder();
    let cells = grid.cells().unwrap();
    let ids: Vec<String> = cells.iter().map(Cell::id).collect();
    assert_eq!(
        ids[..4],
        ["drawn-n8-d2-p0.05-s3", "drawn-n8-d2-p0.05-s1", "formula-n8-d2-p0.05-s0", "drawn-n8-d8-p0.05-s3"]
    );
    // 3 sizes, 10 p, 2 ratios, 2 seeds and a formula; then 2 sizes, 2 p and 2 hidden with seed 0,
    // none of which is in the first block.
    assert_eq!(cells.len(), 180 + 8);
    assert_eq!(
        (cells[187].features, cells[187].hidden, cells[187].probability, cells[187].block),
        (20, 5, 0.07, 1)
    );
    let numbers: Vec<f64> = Values::EvenRatios { logspace: (1e-3, 1.0, 4) }.numbers().collect();
    assert_eq!(numbers.len(), 4);
    assert!(numbers.iter().zip([1e-3, 1e-2, 1e-1, 1.0]).all(|(a, b)| (a / b - 1.0).abs() < 1e-14));
    let mut twice = grid.clone();
    twice.blocks.push(twice.blocks[0].clone());
    assert_eq!(twice.cells().unwrap(), cells);
}

#[test]
fn a_manifest_that_cannot_be_read_is_told_from_one_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Sweep::<Toy>::open(folder.path()), Err(Error::NotASweep { .. })));
    let manifest = folder.path().join("manifest.json");
    fs::create_dir(&manifest).unwrap();
    let refused = Sweep::<Toy>::open(folder.path());
    assert!(matches!(&refused, Err(Error::File { path, .. }) if *path == manifest), "{refused:?}");
}

/// A kind that says nothing of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Silent {
    Only,
}

impl Kind for Silent {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Seeds {}

impl Experiment for Seeds {
    type Kind = Silent;
    type Record = (u64,);

    fn evaluate(&self, cell: &Cell<Silent>, _: &Context<'_>) -> Result<Option<(u64,)>, Reason> {
        Ok(Some((cell.seed,)))
    }
}

#[test]
fn a_kind_that_says_nothing_of_itself_has_a_cell_per_seed_and_takes_no_laws() {
    let with = |data: &str| {
        let block = format!("[[block]]\nkinds = [\"only\"]\nhidden = [2]\nseeds = [5, 6]\n{data}");
        Grid::<Seeds>::parse(&format!("[experiment]\n{block}")).unwrap().cells()
    };
    let cells = with("features = [4]\nprobabilities = [0.1]").unwrap();
    assert_eq!(cells.iter().map(|cell| cell.seed).collect::<Vec<_>>(), [5, 6]);
    let laws = "[[block.laws]]\nfeatures = 4\nswitches = { kind = \"independent\", probability = 0.1 }";
    let refused = with(laws).unwrap_err();
    assert!(matches!(&refused, Error::GridLawKind { kind, .. } if kind == "only"), "{refused:?}");
}

#[test]
fn a_key_that_does_nothing_is_refused_by_name_at_any_depth() {
    let settings = "[experiment]\nfailing = 1\nfile = \"\"\n";
    let good = format!("{settings}{GRID}");
    let parsed = Grid::<Toy>::parse(&good).unwrap();
    assert_eq!(parsed.blocks[0].probabilities, Values::Even { linspace: (0.05, 0.5, 10) });
    assert_eq!(parsed.blocks[0].ratios, List(vec![0.25, 1.0]));
    for (old, new, name) in [
        ("[experiment]", "[experiment]\nfile_name = 1", "`file_name`"),
        ("[experiment]", "[experiments]\n[experiment]", "`experiments`"),
        ("seeds", "seed", "`seed`"),
        ("\"formula\"", "\"magic\"", "`magic`"),
        ("0.5, 10] }", "0.5, 10], num = 5 }", "`num`"),
        ("0.5, 10] }", "0.5, 10], logspace = [0.1, 0.2, 2] }", "`linspace` and `logspace`"),
        ("{ linspace", "{ linespace", "`linespace`"),
        ("{ linspace", "{ num = 5, linspace", "`num`"),
        ("0.5, 10] }", "0.5, 10, 7] }", "invalid length 4"),
        ("0.5, 10] }", "0.5] }", "invalid length 2"),
        ("0.5, 10] }", "0.5, 1e1] }", "usize"),
        ("0.5, 10] }", "0.5, -10] }", "usize"),
        ("ratios = [0.25, 1]", "ratios = {}", "neither linspace nor logspace"),
        ("ratios = [0.25, 1]", "ratios = 0.25", "list of numbers"),
        ("ratios = [0.25, 1]", "ratios = [0.25, \"1\"]", "f64"),
    ] {
        assert!(good.contains(old), "{old}");
        match Grid::<Toy>::parse(&good.replacen(old, new, 1)) {
            Err(Error::GridSyntax { source, .. }) => {
                let text = source.to_string();
                assert!(text.contains(name) && text.contains("line "), "{new}: {text}");
            }
            other => panic!("{new}: {other:?}"),
        }
    }
    // A manifest is read by the same rules.
    let json = serde_json::to_string(&parsed).unwrap();
    assert_eq!(serde_json::from_str::<Grid<Toy>>(&json).unwrap(), parsed);
    let more = json.replacen("{\"linspace\":[0.05,0.5,10]}", "{\"linspace\":[0.05,0.5,10],\"num\":5}", 1);
    assert!(more != json && serde_json::from_str::<Grid<Toy>>(&more).is_err());
}

#[test]
fn laws_are_an_axis_of_a_block_and_refusals_name_the_block() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let with = |block: &str| {
        let experiment = format!("[experiment]\nfailing = 0.4\nfile = {:?}\n", file.path());
        Grid::<Toy>::parse(&format!("{experiment}[[block]]\nname = \"odd\"\n{block}")).unwrap()
    };
    let laws = r#"
        ratios = [0.25, 0.5]
        seeds = [7, 8]
        [[block.laws]]
        features = 8
        switches = { kind = "pairs", probability = 0.1, correlation = 0.5 }
        [[block.laws]]
        features = 4
        switches = { kind = "independent", probability = [0.1, 0.2, 0.3, 0.4] }
        magnitude = { kind = "constant", value = 2.0 }
    "#;
    let cells = with(&format!("kinds = [\"drawn\"]\n{laws}")).cells().unwrap();
    let found: Vec<_> = cells.iter().map(|cell| (cell.features, cell.hidden, cell.seed)).collect();
    let expected = [(8, 2, 7), (8, 2, 8), (8, 4, 7), (8, 4, 8), (4, 1, 7), (4, 1, 8), (4, 2, 7), (4, 2, 8)];
    assert_eq!(found, expected);
    assert_eq!((cells[0].probability, cells[4].probability), (0.1, 0.25));
    assert_eq!(cells[0].law().build().unwrap().spec(), cells[0].law());
    // The name of a law in file names must not change between releases.
    assert_eq!(cells[4].id(), "drawn-n4-d1-lawcd5093630f5625e6-s7");
    let ids: std::collections::HashSet<String> = cells.iter().map(Cell::id).collect();
    assert_eq!(ids.len(), cells.len());

    let error = |block: &str| with(block).cells().unwrap_err();
    let both = format!("kinds = [\"drawn\"]\nfeatures = [8]\n{laws}");
    assert!(matches!(error(&both), Error::GridLaws { block } if block == "1 (odd)"));
    let kind = error(&format!("kinds = [\"drawn\", \"formula\"]\n{laws}"));
    assert!(matches!(&kind, Error::GridLawKind { block, kind } if block == "1 (odd)" && kind == "formula"));
    let refused = error(&format!("kinds = [\"drawn\"]\n{}", laws.replace("0.5 }", "1.5 }")));
    assert!(matches!(&refused, Error::GridLaw { law: 1, .. }), "{refused:?}");
    let none = laws.replace("features = 4", "features = 0");
    let none = error(&format!("kinds = [\"drawn\"]\n{none}"));
    assert!(matches!(&none, Error::GridValue { what: "features", given: 0.0, .. }), "{none:?}");
    let wide = laws.replace("ratios = [0.25, 0.5]", "hidden = [6]");
    let wide = error(&format!("kinds = [\"drawn\"]\n{wide}"));
    assert!(matches!(&wide, Error::GridValue { what: "hidden", most: 4.0, .. }), "{wide:?}");
    // The error names a file that cannot be read.
    fs::write(file.path(), "[experiment").unwrap();
    let unreadable = Grid::<Toy>::read(file.path()).unwrap_err();
    assert!(unreadable.to_string().contains(file.path().to_str().unwrap()), "{unreadable}");
}

#[test]
fn ids_are_file_names_and_no_two_cells_share_one() {
    let id = |probability: f64| {
        let (kind, features, hidden) = (What::Drawn, 1 << 31, 1 << 31);
        Cell { kind, features, hidden, probability, law: None, seed: u64::MAX, block: 0 }.id()
    };
    for (probability, expected) in [
        (1.0, "p1"),
        (0.05, "p0.05"),
        (0.012_345_678_901_234_567, "p0.012345678901234567"),
        (1e-10, "p0.0000000001"),
        (1e-10_f64.next_down(), "p9.999999999999999e-11"),
        (1e-225, "p1e-225"),
        (f64::from_bits(1), "p5e-324"),
    ] {
        let name = id(probability);
        assert!(name.contains(&format!("-{expected}-")), "{name}");
        assert!(name.len() < 200 && id(probability.next_up()) != name, "{name}");
        let text = name.split("-p").nth(1).unwrap().rsplit_once("-s").unwrap().0;
        assert_eq!(text.parse(), Ok(probability), "{name}");
    }
}

#[test]
fn of_two_grids_begun_at_once_in_a_new_folder_one_is_refused() {
    let (folder, grid) = folder();
    let mut other = grid.clone();
    other.experiment.failing = 0.3;
    for (second, expected) in [(&other, 1), (&grid, 2)] {
        for trial in 0..100 {
            let path = folder.path().join(format!("{expected} of {trial}"));
            let start = Barrier::new(2);
            let create = |grid: &Grid<Toy>| {
                start.wait();
                Sweep::create(&path, grid.clone())
            };
            let begun = thread::scope(|scope| {
                let first = scope.spawn(|| create(&grid));
                [create(second), first.join().unwrap()]
            });
            assert_eq!(begun.iter().filter(|sweep| sweep.is_ok()).count(), expected, "{begun:?}");
            for sweep in &begun {
                match sweep {
                    Ok(sweep) => assert_eq!(Sweep::<Toy>::open(&path).unwrap().grid(), sweep.grid()),
                    Err(error) => assert!(matches!(error, Error::OtherSweep { what: "grid", .. }), "{error}"),
                }
            }
            // The manifest and the folder of cells; no temporary file is left.
            assert_eq!(fs::read_dir(&path).unwrap().count(), 2);
        }
    }
}

#[test]
fn one_run_a_cut_one_any_threads_and_merged_shards_write_the_same_bytes() {
    let (folder, grid) = folder();
    let sweep = |name: &str| Sweep::create(folder.path().join(name), grid.clone()).unwrap();
    let whole = sweep("whole");
    let threads = |threads| Options { threads: NonZeroUsize::new(threads), ..Options::default() };
    let counts = run(&whole, &threads(1));
    // Of 10 p, 0.4, 0.45 and 0.5 fail: 3 sizes, 2 ratios and 3 cells each.
    assert_eq!(counts, Counts { finished: 188 - 54, failed: 54, left: 0 });
    let expected = tables(&whole);
    assert_eq!(expected.0.lines().count(), 1 + 134);
    let csv: Vec<Found> =
        csv::Reader::from_reader(expected.0.as_bytes()).into_deserialize().map(Result::unwrap).collect();
    assert_eq!(csv, whole.records().unwrap());
    let blocks = whole.records_by_block().unwrap();
    assert_eq!(blocks.concat(), csv);
    let ids: Vec<String> = whole.cells().iter().map(Cell::id).collect();
    assert!(csv.iter().all(|found| ids.contains(&found.id)));
    // Cells that failed keep their checkpoint, and no others do.
    assert_eq!(checkpoints(&whole), 54);

    for count in [2, 5] {
        let sweep = sweep(&format!("threads {count}"));
        run(&sweep, &threads(count));
        assert!(tables(&sweep) == expected);
    }

    // Interrupted repeatedly, after a few cells each time.
    let cut = sweep("cut");
    let mut rounds = 0;
    loop {
        let (flag, ended) = (AtomicBool::new(false), AtomicUsize::new(0));
        let options = Options { interrupt: Some(&flag), ..threads(2) };
        let counts =
            cut.run(&options, |_| flag.store(ended.fetch_add(1, Ordering::Relaxed) > 40, Ordering::Relaxed));
        rounds += 1;
        if counts.unwrap().left == 0 {
            break;
        }
    }
    assert!(rounds >= 4, "{rounds}");
    assert!(tables(&cut) == expected);
    assert_eq!(lines(&cut), 188);

    // Shards in one folder, followed by a run without a shard, and shards in folders of their own,
    // merged in any order.
    let shared = sweep("shared");
    let parts: Vec<_> =
        (1..=3).map(|index| (Shard::new(index, 3).unwrap(), sweep(&format!("part {index}")))).collect();
    for (shard, part) in &parts {
        let options = Options { shard: Some(*shard), ..threads(2) };
        let counts = run(part, &options);
        assert!((62..=63).contains(&(counts.finished + counts.failed)), "{counts:?}");
        assert_eq!(run(&shared, &options), counts);
        assert!(!shared.folder().join("records.csv").exists());
    }
    run(&shared, &threads(1));
    assert!(tables(&shared) == expected);
    assert_eq!(lines(&shared), 0);
    let merged = folder.path().join("merged");
    let order = [2, 0, 1].map(|k| parts[k].1.folder());
    Sweep::<Toy>::merge(&merged, &order[..2]).unwrap();
    let merged = Sweep::<Toy>::merge(&merged, &order).unwrap();
    assert!(tables(&merged) == expected);
    assert_eq!(lines(&merged), 188);
    let finished = |cell: &&Cell<What>| whole.weights(cell).exists();
    for cell in whole.cells().iter().filter(finished) {
        assert_eq!(fs::read(merged.weights(cell)).unwrap(), fs::read(whole.weights(cell)).unwrap());
    }
    assert_eq!(whole.cells().iter().filter(finished).count(), 134);
}

#[test]
fn a_torn_record_is_cut_off_and_its_cell_made_again() {
    let (folder, grid) = folder();
    let sweep = Sweep::create(folder.path().join("sweep"), grid).unwrap();
    run(&sweep, &Options::default());
    let (expected, journal) = (tables(&sweep), sweep.folder().join("journal.jsonl"));
    let whole = fs::read(&journal).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
    for length in [whole.len() - 1, whole.len() - 4, last + 1, last] {
        fs::write(&journal, &whole[..length]).unwrap();
        let mut told = Vec::new();
        let counts = sweep.counts().unwrap();
        assert_eq!(counts.left, 1);
        let seen = std::sync::Mutex::new(&mut told);
        sweep
            .run(&Options::default(), |progress| {
                seen.lock().unwrap().extend(progress.cell.map(str::to_owned))
            })
            .unwrap();
        assert_eq!(told.len(), 1, "one cell is made again, not {told:?}");
        assert!(tables(&sweep) == expected);
        assert_eq!(lines(&sweep), 188);
    }
    let broken = String::from_utf8(whole).unwrap().replacen("\"outcome\"", "\"outcome", 1);
    fs::write(&journal, broken).unwrap();
    assert!(matches!(sweep.run(&Options::default(), |_| {}), Err(Error::Journal { line: 1, .. })));
}

#[test]
fn a_failed_cell_is_written_down_and_tried_again_only_when_told_to() {
    let (folder, grid) = folder();
    let sweep = Sweep::create(folder.path().join("sweep"), grid.clone()).unwrap();
    let start = Instant::now();
    assert_eq!(run(&sweep, &Options::default()).failed, 54);
    let most = start.elapsed().as_secs_f64();
    let reason = |features: usize| {
        let outcomes = sweep.outcomes().unwrap().into_iter();
        let found = outcomes.filter(move |(cell, _)| cell.features == features && cell.probability == 0.5);
        found.map(|(_, outcome)| match outcome {
            Outcome::Failed(reason) => reason,
            Outcome::Record(found) => panic!("{found:?}"),
        })
    };
    // The error and its cause.
    let told = "grid: the settings under [experiment] are refused: p = 0.5 is \"too large\",\nsay";
    assert!(reason(16).all(|reason| reason == told));
    assert!(reason(8).all(|reason| reason == "panicked: the cell of 8 features"));
    assert!(tables(&sweep).1.contains(&format!("\"{}\"", told.replace('"', "\"\""))));

    let finished: Vec<String> = sweep.records().unwrap().into_iter().map(|found| found.id).collect();
    let seconds = sweep.seconds().unwrap();
    assert!(seconds.iter().map(|(cell, _)| cell.id()).eq(finished));
    assert!(seconds.iter().all(|&(_, seconds)| seconds > 0.0 && seconds <= most));

    fs::remove_file(&grid.experiment.file).unwrap();
    run(&sweep, &Options::default());
    assert_eq!((sweep.counts().unwrap().failed, lines(&sweep)), (54, 188));
    let counts = run(&sweep, &Options { retry_failed: true, ..Options::default() });
    assert_eq!((counts, lines(&sweep)), (Counts { finished: 188, failed: 0, left: 0 }, 188 + 54));
    assert_eq!(checkpoints(&sweep), 0);

    // The files are the same as if nothing had ever failed.
    let other = Sweep::create(folder.path().join("other"), grid).unwrap();
    run(&other, &Options::default());
    assert!(tables(&other) == tables(&sweep));
}

/// A record that cannot be kept fails its cell, which keeps its checkpoint like any failed cell.
#[test]
fn a_record_with_nan_is_a_failure_that_keeps_its_checkpoint() {
    let (folder, grid) = folder();
    fs::write(&grid.experiment.file, "NaN").unwrap();
    let sweep = Sweep::create(folder.path().join("sweep"), grid).unwrap();
    assert_eq!(run(&sweep, &Options::default()), Counts { finished: 0, failed: 188, left: 0 });
    assert_eq!(checkpoints(&sweep), 188);
}

#[test]
fn a_folder_holds_one_sweep() {
    let (folder, grid) = folder();
    let path = folder.path().join("sweep");
    assert!(matches!(Sweep::<Toy>::open(&path), Err(Error::NotASweep { .. })));
    let sweep = Sweep::create(&path, grid.clone()).unwrap();
    let counts = run(&sweep, &Options::default());
    assert_eq!(Sweep::<Toy>::open(&path).unwrap().counts().unwrap(), counts);

    let mut other = grid.clone();
    other.blocks[1].seeds = vec![1];
    assert!(matches!(Sweep::create(&path, other.clone()), Err(Error::OtherSweep { what: "grid", .. })));
    let mut settings = grid.clone();
    settings.experiment.failing = 0.3;
    assert!(matches!(Sweep::create(&path, settings), Err(Error::OtherSweep { what: "grid", .. })));
    let elsewhere = folder.path().join("elsewhere");
    Sweep::create(&elsewhere, other.clone()).unwrap();
    let merged = Sweep::<Toy>::merge(folder.path().join("merged"), &[&path, &elsewhere]);
    assert!(matches!(merged, Err(Error::OtherSweep { what: "grid", .. })), "{merged:?}");
    let none = Sweep::<Toy>::merge(folder.path().join("merged"), &[] as &[&Path]);
    assert!(matches!(none, Err(Error::NoParts)), "{none:?}");
    // A merge that is refused leaves nothing.
    assert!(!folder.path().join("merged").exists());

    // A part whose record of a cell differs.
    let differing = folder.path().join("differing");
    let copy = Sweep::create(&differing, grid.clone()).unwrap();
    let text =
        fs::read_to_string(path.join("journal.jsonl")).unwrap().replacen("\"value\":", "\"value\":1", 1);
    fs::write(differing.join("journal.jsonl"), text).unwrap();
    assert_eq!(copy.counts().unwrap(), counts);
    let merged = Sweep::<Toy>::merge(folder.path().join("conflict"), &[&path, &differing]);
    assert!(matches!(merged, Err(Error::Conflict { .. })), "{merged:?}");
    // A record that the folder already holds conflicts as well.
    let merged = Sweep::<Toy>::merge(&differing, &[&path]);
    assert!(matches!(merged, Err(Error::Conflict { .. })), "{merged:?}");

    let many = Options { threads: NonZeroUsize::new(usize::MAX), ..Options::default() };
    assert_eq!(run(&Sweep::create(&elsewhere, other).unwrap(), &many).left, 0);

    // Two cells at a time.
    let begun = AtomicUsize::new(0);
    let again = Sweep::create(folder.path().join("busy"), grid.clone()).unwrap();
    again
        .run(&Options::default(), |_| {
            if begun.fetch_add(1, Ordering::Relaxed) == 0 {
                let second = again.run(&Options::default(), |_| {});
                assert!(matches!(second, Err(Error::Busy { .. })), "{second:?}");
            }
        })
        .unwrap();

    let manifest = path.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    fs::write(&manifest, text.replace(&version, "\"version\": \"0.0.9\"")).unwrap();
    assert!(matches!(Sweep::create(&path, grid), Err(Error::OtherSweep { what: "version", .. })));
    fs::write(&manifest, &text[..text.len() / 2]).unwrap();
    assert!(matches!(Sweep::<Toy>::open(&path), Err(Error::Manifest { .. })));
}
