//! The examples `sweep` and `reproduce`: output that nobody reads, folders that several processes
//! begin at once, odd names and odd numbers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::{TempDir, tempdir};

use crate::{errors, example, json, succeeds};

/// A folder with a grid of one block in `grid.toml`.
fn folder(block: &str) -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let grid = folder.path().join("grid.toml");
    fs::write(&grid, format!("[experiment]\nmax_epochs = 2\nsamples = 500\n[[block]]\n{block}")).unwrap();
    (folder, grid)
}

fn sweep(grid: &Path, out: &Path) -> Command {
    let mut command = example("sweep", &[]);
    command.arg("--grid").arg(grid).arg("--out").arg(out);
    command
}

const FORMULAS: &str = "kinds = [\"theory\", \"rug\"]
    features = [8, 12]
    probabilities = [0.1, 0.2]
    ratios = [0.5]";

#[test]
#[cfg(unix)]
fn progress_that_nobody_reads_is_dropped_and_the_work_goes_on() {
    let (folder, grid) = folder(FORMULAS);
    let expected = folder.path().join("read");
    let output = succeeds(&mut sweep(&grid, &expected));
    // There is no rug of 12 features, which is progress too.
    assert!(errors(&output).contains("rug-n12-d6-p0.2-s0 failed: "), "{}", errors(&output));
    let (reader, closed) = std::io::pipe().unwrap();
    drop(reader);
    let mut outputs = vec![("closed", Stdio::from(closed))];
    if let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") {
        outputs.push(("full", Stdio::from(full)));
    }
    for (name, stderr) in outputs {
        let out = folder.path().join(name);
        let status = sweep(&grid, &out).stderr(stderr).stdout(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(0), "{name}");
        for table in ["records.csv", "failures.csv"] {
            assert!(fs::read(out.join(table)).unwrap() == fs::read(expected.join(table)).unwrap(), "{name}");
        }
    }
}

#[test]
fn of_two_grids_begun_at_once_in_a_new_folder_one_is_refused() {
    let (folder, grid) = folder(FORMULAS);
    let other = folder.path().join("other.toml");
    fs::write(&other, fs::read_to_string(&grid).unwrap().replace("0.2", "0.3")).unwrap();
    let begin = |grid: &Path, out: &Path, shard: &str| -> Child {
        let mut command = sweep(grid, out);
        command.args(["--shard", shard]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for (second, expected) in [(&other, 1), (&grid, 2)] {
        for trial in 0..8 {
            let out = folder.path().join(format!("{expected} of {trial}"));
            let begun = [begin(&grid, &out, "1/2"), begin(second, &out, "2/2")];
            let ended = begun.map(|child| child.wait_with_output().unwrap());
            let (good, refused): (Vec<_>, Vec<_>) = ended.iter().partition(|output| output.status.success());
            assert_eq!(good.len(), expected, "trial {trial}");
            for output in refused {
                assert!(errors(output).contains("a sweep of another grid"), "{}", errors(output));
            }
        }
    }
}

#[test]
fn a_loss_of_0_and_a_figure_that_cannot_be_written_cost_no_report() {
    let (folder, grid) = folder(
        "kinds = [\"trained\", \"rug\"]
        features = [1]
        probabilities = [1e-12, 0.5]
        ratios = [1.0]",
    );
    let (out, report) = (folder.path().join("sweep"), folder.path().join("report"));
    succeeds(&mut sweep(&grid, &out));
    let mut reproduce = example("reproduce", &[]);
    reproduce.arg("--from").arg(&out).arg("--out").arg(&report).arg("--json");
    let output = json(&succeeds(&mut reproduce));
    let losses: Vec<f64> =
        output["records"].as_array().unwrap().iter().map(|record| record["loss"].as_f64().unwrap()).collect();
    assert!(losses.contains(&0.0) && losses.iter().any(|&loss| loss > 0.0), "{losses:?}");
    let read = || fs::read_to_string(report.join("report.md")).unwrap();
    assert!(read().contains("1 value that is 0, negative or not finite has no place on the scale."));
    assert!(!read().contains("NaN") && !read().contains("inf"), "{}", read());
    assert!(report.join("predictions.svg").is_file());

    // A folder is in the way of one figure; the others, and the report, are written.
    for name in ["predictions.png", "phase_map.png", "report.md"] {
        fs::remove_file(report.join(name)).unwrap();
    }
    fs::create_dir(report.join("predictions.png")).unwrap();
    let ended = reproduce.output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(errors(&ended).contains("could not draw predictions: cannot write"), "{}", errors(&ended));
    assert_eq!(json(&ended)["failed_figures"], serde_json::json!(["predictions"]));
    assert!(report.join("phase_map.png").is_file());
    assert!(read().contains("`predictions` could not be drawn: cannot write"));
}

/// A report is like the results of a paper: the headline, then each claim with what the paper says,
/// what was found, its figures and its numbers; each picture is there and is shown once.
#[test]
fn a_report_begins_with_its_headline_and_shows_each_figure_once() {
    let (folder, grid) = folder(
        "kinds = [\"trained\", \"rug\", \"linear\", \"theory\"]
        features = [16, 32]
        probabilities = [0.1]
        ratios = [0.25, 0.5]
        seeds = [0, 1]",
    );
    let (out, report) = (folder.path().join("sweep"), folder.path().join("report"));
    succeeds(&mut sweep(&grid, &out));
    succeeds(example("reproduce", &[]).arg("--from").arg(&out).arg("--out").arg(&report));
    let text = fs::read_to_string(report.join("report.md")).unwrap();
    let titles: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(titles.first(), Some(&"In short"), "{titles:?}");
    let run = titles.iter().position(|&title| title == "What was run").unwrap();
    assert!(run >= 3 && titles.contains(&"Every model"), "{titles:?}");
    for title in &titles[1..run] {
        let (_, section) = text.split_once(&format!("## {title}\n")).unwrap();
        let section = section.split("\n## ").next().unwrap();
        let paper = section.find("**The paper.** ").unwrap_or_else(|| panic!("{title}: {section}"));
        assert!(section.find("**This run.** ").is_some_and(|run| run > paper), "{title}: {section}");
    }
    let mut shown: Vec<&str> = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|to| to.ends_with(".png"))
        .collect();
    let count = shown.len();
    shown.sort_unstable();
    shown.dedup();
    assert!(count > 0 && shown.len() == count, "{shown:?}");
    for name in shown {
        assert!(report.join(name).is_file(), "{name}");
    }
    let drawn = fs::read_dir(&report)
        .unwrap()
        .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "png"));
    assert_eq!(drawn.count(), count);
}

/// A law in a file takes the place of the preset's features and probabilities: its models are in
/// the report and its figure, and their weights say it.
#[test]
fn the_paper_can_be_reproduced_for_another_law() {
    let folder = tempdir().unwrap();
    let (law, out) = (folder.path().join("law.toml"), folder.path().join("out"));
    let text = "features = 16\n[switches]\nkind = \"pairs\"\nprobability = 0.1\ncorrelation = 0.5\n";
    fs::write(&law, text).unwrap();
    let reproduce = |arguments: &[&str]| {
        let mut command = example("reproduce", &[]);
        command.args(["--preset", "smoke", "--json", "--law"]).arg(&law).arg("--out").arg(&out);
        command.args(arguments);
        command
    };
    let told = json(&succeeds(&mut reproduce(&[])));
    assert_eq!((&told["failed"], &told["left"]), (&0.into(), &0.into()));
    let records = told["records"].as_array().unwrap();
    let trained: Vec<_> = records.iter().filter(|record| record["kind"] == "trained").collect();
    assert!(trained.len() >= 5 && records.len() > trained.len());
    for record in &trained {
        assert!(record["law"].as_str().unwrap().contains("\"correlation\":0.5"), "{record}");
        let number = |key: &str| record[key].as_f64().unwrap();
        let (loss, error, exact) = (number("loss"), number("standard_error"), number("exact_loss"));
        assert!((loss - exact).abs() < 5.0 * error, "{record}");
    }
    assert_eq!(told["figures"].as_array().unwrap().len(), 1);
    assert!(out.join("law_1.png").is_file());
    let report = fs::read_to_string(out.join("report.md")).unwrap();
    assert!(report.contains("## Features of another law") && !report.contains("NaN"), "{report}");
    // The folder holds the sweep of this law.
    fs::write(&law, text.replace("0.5", "0.4")).unwrap();
    let refused = reproduce(&[]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(errors(&refused).contains("a sweep of another grid"), "{}", errors(&refused));
    fs::write(&law, text.replace("0.5", "1.5")).unwrap();
    let refused = reproduce(&[]).output().unwrap();
    assert!(errors(&refused).contains("law 1 is refused"), "{}", errors(&refused));
    let refused = reproduce(&["--from", "nowhere"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", errors(&refused));
}

#[test]
fn a_probability_of_any_size_makes_a_file_name() {
    let (folder, grid) = folder(
        "kinds = [\"trained\"]
        features = [4]
        probabilities = [1e-225, 0.05]
        ratios = [0.5]",
    );
    let out = folder.path().join("sweep");
    let output = succeeds(sweep(&grid, &out).arg("--json"));
    assert_eq!((&json(&output)["finished"], &json(&output)["failed"]), (&2.into(), &0.into()));
    for id in ["trained-n4-d2-p1e-225-s0", "trained-n4-d2-p0.05-s0"] {
        assert!(out.join("cells").join(format!("{id}.safetensors")).is_file(), "{id}");
    }
}

// The other systems have no such names.
#[test]
#[cfg(all(unix, not(target_vendor = "apple")))]
fn a_path_that_is_no_text_is_told_as_far_as_it_is() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let (folder, grid) = folder(FORMULAS);
    let out = folder.path().join(OsStr::from_bytes(b"sweep\xff"));
    let report = folder.path().join(OsStr::from_bytes(b"report\xff"));
    let told = json(&succeeds(sweep(&grid, &out).arg("--json")));
    assert_eq!(told["out"], out.to_string_lossy().as_ref());
    assert_eq!(told["finished"], 6);
    let mut reproduce = example("reproduce", &[]);
    let told = json(&succeeds(reproduce.arg("--from").arg(&out).arg("--out").arg(&report).arg("--json")));
    assert_eq!(told["out"], report.to_string_lossy().as_ref());
    let figure = report.join("phase_map.png").to_string_lossy().into_owned();
    assert!(told["figures"].as_array().unwrap().contains(&figure.into()), "{told}");
}

#[test]
fn a_setting_that_does_nothing_is_refused() {
    for (name, arguments) in [
        ("decoders", "--out nowhere/decoders --json"),
        ("designs", "--probability 0.1 --ratio 0.5 --cells 4"),
        ("train", "--features 8 --hidden 2 --probability 0.1 --steps 1 --checkpoint-every 5"),
        ("mean_field", "--features 8 --hidden 2 --probability 0.1 --start nowhere.st --seed 3"),
        ("mean_field", "--features 8 --hidden 2 --probability 0.1 --objective exact --tolerance 0.1"),
        ("mean_field", "--features 8 --hidden 2 --probability 0.1 --steps 0 --polish 1 --rate 0.1"),
        ("rug", "--features 16 --hidden 4 --set cubes --draws 5"),
        ("rug", "--features 16 --hidden 4 --set cubes --seed 5"),
        ("reproduce", "--from nowhere --seed 1"),
    ] {
        let output = example(name, &[]).args(arguments.split(' ')).output().unwrap();
        let (code, errors) = (output.status.code(), errors(&output));
        let own = ["exact", "--rate", "--start"];
        let by_the_example = name == "rug" || own.iter().any(|setting| arguments.contains(setting));
        assert_eq!(code, Some(if by_the_example { 1 } else { 2 }), "{name} {arguments}: {errors}");
        let setting = arguments.split(' ').rfind(|word| word.starts_with("--")).unwrap();
        assert!(!by_the_example || errors.contains(setting), "{name} {arguments}: {errors}");
    }
}

#[test]
fn what_merging_does_not_heed_is_refused() {
    let (folder, grid) = folder(FORMULAS);
    let out = folder.path().join("sweep");
    succeeds(&mut sweep(&grid, &out));
    let merge = |more: &[&str]| {
        let mut command = example("sweep", &[]);
        command.arg("--out").arg(folder.path().join("merged")).args(more).arg("--merge").arg(&out);
        command
    };
    for more in [
        &["--shard", "1/2"][..],
        &["--threads", "2"],
        &["--retry-failed"],
        &["--checkpoint-every", "10"],
        &["--grid", "grid.toml"],
    ] {
        let output = merge(more).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(errors(&output).contains(more[0]), "{}", errors(&output));
    }
    succeeds(&mut merge(&[]));
}
