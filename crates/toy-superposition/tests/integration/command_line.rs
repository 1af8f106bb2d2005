//! Exit codes, messages, and what the examples leave behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::tempdir;
use toy_superposition::model::{Activation, Initialisation, Names, Shape, Weights};
use toy_superposition::train::initial_model;

use crate::{errors, example, json, refused, succeeds};

const MODEL: [&str; 6] = ["--features", "16", "--hidden", "4", "--probability", "0.1"];

fn train(more: &[&str]) -> Command {
    let mut command = example("train", &MODEL);
    command.args(["--steps", "3", "--samples", "64"]).args(more);
    command
}

fn weights(folder: &Path) -> PathBuf {
    let path = folder.join("weights.st");
    succeeds(train(&["--out"]).arg(&path));
    path
}

const GRID: &str = "
    [experiment]
    samples = 64
    [[block]]
    kinds = [\"rug\", \"theory\"]
    features = [16]
    probabilities = [0.1]
    ratios = [0.25, 0.5]
";

/// Every example with little work, in a folder of its own.
fn all(folder: &Path) -> Vec<Command> {
    let at = |name: &str| folder.join(name).into_os_string().into_string().unwrap();
    let (grid, sweep) = (at("grid.toml"), at("sweep"));
    fs::write(&grid, GRID).unwrap();
    succeeds(&mut example("sweep", &["--grid", &grid, "--out", &sweep]));
    vec![
        example("theory", &["--probability", "0.1", "--ratio", "0.25", "--json"]),
        example("decoders", &["--probability", "0.1", "--ratio", "0.25"]),
        train(&["--json"]),
        example("mean_field", &[&MODEL[..], &["--steps", "3"]].concat()),
        example("check", &[weights(folder).to_str().unwrap(), "--probability", "0.1", "--samples", "64"]),
        example("rug", &["--features", "16", "--hidden", "4", "--json"]),
        example("designs", &["--probability", "0.1", "--ratio", "0.5", "--features", "4", "--block", "4"]),
        example("sweep", &["--grid", &grid, "--out", &sweep]),
        example("reproduce", &["--from", &sweep, "--out", &at("report")]),
    ]
}

#[test]
fn a_number_below_zero_is_refused_for_what_it_is() {
    for (name, arguments) in [
        ("theory", ["--ratio", "0.25", "--probability"]),
        ("decoders", ["--probability", "0.1", "--ratio"]),
        ("designs", ["--ratio", "0.25", "--probability"]),
    ] {
        for given in ["-0.1", "-1e-3", "-inf"] {
            let message = refused(example(name, &arguments).arg(given));
            let number: f64 = given.parse().unwrap();
            assert!(message.contains(&number.to_string()), "{name}: {message}");
        }
    }
    let output = train(&["--seed", "-1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("invalid value '-1' for '--seed"), "{}", errors(&output));
}

#[test]
fn an_error_is_told_with_its_cause_and_each_once() {
    let folder = tempdir().unwrap();
    let missing = folder.path().join("missing.st");
    let check = |path: &Path| refused(example("check", &["--probability", "0.1"]).arg(path));
    let cause = fs::read(&missing).unwrap_err();
    assert_eq!(check(&missing), format!("error: cannot read {}: {cause}", missing.display()));

    let torn = folder.path().join("torn.st");
    fs::write(&torn, &fs::read(weights(folder.path())).unwrap()[..100]).unwrap();
    let message = check(&torn);
    let start = format!(
        "error: cannot use {}: not a valid safetensors file (of another format, cut off or damaged): ",
        torn.display()
    );
    assert!(message.starts_with(&start) && message.len() > start.len() + 5, "{message}");
    assert_eq!(message.matches("safetensors").count(), 1, "{message}");
}

#[test]
fn designs_know_other_laws() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("law.toml");
    let path = path.to_str().unwrap();
    let pairs = "features = 4\n[switches]\nkind = \"pairs\"\nprobability = 0.2\ncorrelation = ";
    let small = ["--ratio", "0.5", "--block", "4", "--draws", "1", "--law", path];
    fs::write(path, format!("{pairs}-0.25\n")).unwrap();
    let output = succeeds(example("designs", &small).arg("--json"));
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["law"]["switches"]["kind"], "pairs");
    assert!(object["linear_loss"].as_f64().unwrap() > 0.0);
    // Neighbours are never on together, and as antipodes they lose nothing.
    let loss_of = |name: &str| {
        let list = object["designs"].as_array().unwrap();
        let found = list.iter().find(|design| design["name"] == name);
        found.and_then(|design| design["loss"].as_f64()).unwrap()
    };
    assert!(loss_of("2 × antipodal pair, within groups").abs() < 1e-14);
    let loss = loss_of("2 × antipodal pair, across groups");
    assert!(loss > 0.9 * 0.04 / 6.0 && loss < 0.04 / 6.0, "{loss}");
    succeeds(&mut example("designs", &small));

    let own = "[magnitude]\nkind = \"custom\"\nname = \"mine\"\n";
    fs::write(path, format!("{pairs}0.5\n{own}")).unwrap();
    let message = refused(&mut example("designs", &small));
    assert!(message.contains("mine"), "{message}");
    fs::write(path, format!("{pairs}2.0\n")).unwrap();
    assert!(refused(&mut example("designs", &small)).contains("correlation"));
    for more in [["--probability", "0.1"], ["--features", "4"], ["--map", "out"], ["--polish", "3"]] {
        let output = example("designs", &small).args(more).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{more:?}: {}", errors(&output));
    }
    let output = example("designs", &["--law", path]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
}

/// Work that would take hours.
const ENDLESS: &str = "1000000000";

#[test]
fn a_path_that_cannot_be_written_is_refused_before_the_work() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).into_os_string().into_string().unwrap();
    fs::write(at("file"), "kept").unwrap();
    fs::write(at("grid.toml"), GRID).unwrap();
    fs::create_dir_all(at("taken/decoders.svg")).unwrap();
    for path in [at("missing/w.st"), at("file/w.st"), at("w.st/"), folder.path().display().to_string()] {
        for flag in ["--out", "--checkpoint"] {
            let message =
                refused(&mut example("train", &[&MODEL[..], &["--steps", ENDLESS, flag, &path]].concat()));
            assert!(message.contains(&path), "{message}");
        }
        let arguments = ["--steps", ENDLESS, "--out", &path];
        let message = refused(&mut example("mean_field", &[&MODEL[..], &arguments].concat()));
        assert!(message.contains(&path), "{message}");
    }
    let draws = ["--features", "1024", "--hidden", "100", "--draws", ENDLESS];
    for path in [at("missing/r"), at("file/r")] {
        let message = refused(&mut example("rug", &[&draws[..], &["--out", &path]].concat()));
        assert!(message.contains(&path), "{message}");
    }
    let grid = at("grid.toml");
    for path in [at("file"), at("file/folder")] {
        let map = ["--features", "65536", "--draws", "1000000", "--map"];
        for message in [
            refused(&mut example("decoders", &["--out", &path])),
            refused(example("designs", &map).arg(&path)),
            refused(&mut example("sweep", &["--grid", &grid, "--out", &path])),
            refused(&mut example("reproduce", &["--preset", "paper", "--out", &path])),
        ] {
            assert!(message.contains(&path), "{message}");
        }
    }
    let message = refused(&mut example("decoders", &["--out", &at("taken")]));
    assert!(message.contains("decoders.svg: it is a folder"), "{message}");
    assert_eq!(fs::read(at("file")).unwrap(), b"kept");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn a_rug_keeps_the_whole_of_its_name() {
    let folder = tempdir().unwrap();
    for name in ["r0.05", "r0.1", "r0.2.png", "r.svg"] {
        let out = folder.path().join(name);
        succeeds(example("rug", &["--features", "16", "--hidden", "4", "--out"]).arg(out));
    }
    let mut found: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    found.sort();
    let names = ["r.png", "r.svg", "r0.05.png", "r0.05.svg", "r0.1.png", "r0.1.svg", "r0.2.png", "r0.2.svg"];
    assert_eq!(found, names);
}

/// The weights of a rug have the loss that was printed, by the program that reads anyone's weights.
#[test]
fn the_weights_of_a_rug_are_written_where_asked_and_have_its_loss() {
    let folder = tempdir().unwrap();
    let weights = folder.path().join("rug.safetensors");
    let mut rug =
        example("rug", &["--features", "32", "--hidden", "12", "--seed", "3", "--probability", "0.1"]);
    let told = json(&succeeds(rug.arg("--json").arg("--save-weights").arg(&weights)));
    let checked = json(&succeeds(example("check", &["--probability", "0.1", "--json"]).arg(&weights)));
    let loss = |of: &serde_json::Value, key: &str| of[key].as_f64().unwrap();
    let (told, checked) = (loss(&told, "loss"), loss(&checked, "exact_loss"));
    assert!((told / checked - 1.0).abs() < 1e-6, "{told} {checked}");
    // The flag of the programs that read weights: it must not be taken for one that writes.
    let before = fs::read(&weights).unwrap();
    let refused = rug.arg("--weights").arg(&weights).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", errors(&refused));
    assert_eq!(fs::read(&weights).unwrap(), before);
}

#[test]
fn a_size_beyond_memory_is_refused_with_its_bytes() {
    let too_large = |name: &str, arguments: &[&str]| {
        let message = refused(&mut example(name, arguments));
        assert!(
            message.contains("bytes, more than this machine has to give"),
            "{name} {arguments:?}: {message}"
        );
    };
    // 2⁶³ bytes and more, which no machine has.
    for hidden in ["4000000000", "400000000"] {
        let model = ["--features", "4000000000", "--hidden", hidden, "--probability", "0.1"];
        too_large("train", &model);
        too_large("mean_field", &model);
    }
    let folder = tempdir().unwrap();
    let map = ["--cells", "4294967295", "--map", folder.path().to_str().unwrap()];
    too_large("designs", &map);
    if !memory_is_less_than(40_000_000_000) {
        return;
    }
    // 51 GB, 103 GB and 69 GB.
    let model = ["--features", "4294967295", "--hidden", "1", "--probability", "0.1"];
    too_large("train", &model);
    too_large("mean_field", &model);
    too_large("rug", &["--features", "2147483648", "--hidden", "1000000"]);
    // A file of 6 MB whose product would take 2 TB.
    let wide = folder.path().join("wide.st");
    let model =
        initial_model::<f32>(Shape::new(500_000, 1).unwrap(), Initialisation::PyTorch, Activation::Relu, 1)
            .unwrap();
    Weights::new(model).save(&wide, Names::Own).unwrap();
    let wide = wide.to_str().unwrap();
    too_large("check", &[wide, "--probability", "1e-5", "--samples", "2"]);
    let model = ["--features", "500000", "--hidden", "1", "--probability", "1e-5", "--start", wide];
    too_large("mean_field", &model);
}

/// Whether the machine has less memory than that, and grants no single request for more than it
/// has.
fn memory_is_less_than(bytes: u64) -> bool {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let text = read("/proc/meminfo");
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.strip_suffix("kB"));
    let kilobytes = total.and_then(|total| total.trim().parse::<u64>().ok());
    let strict = read("/proc/sys/vm/overcommit_memory").trim() != "1";
    strict && kilobytes.is_some_and(|kilobytes| 1024 * kilobytes < bytes)
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{FileTypeExt, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_socket_stays_and_a_link_is_followed() {
        let folder = tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let _listener = UnixListener::bind(at("socket")).unwrap();
        for out in ["/dev/null".into(), at("socket")] {
            let message = refused(train(&["--out"]).arg(&out));
            assert!(message.contains("not a regular file"), "{message}");
        }
        assert!(fs::symlink_metadata(at("socket")).unwrap().file_type().is_socket());
        assert!(fs::symlink_metadata("/dev/null").unwrap().file_type().is_char_device());

        fs::create_dir(at("real")).unwrap();
        fs::write(at("real/w.st"), "old").unwrap();
        symlink("real/w.st", at("link")).unwrap();
        succeeds(train(&["--out"]).arg(at("link")));
        assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
        assert!(fs::metadata(at("real/w.st")).unwrap().len() > 100);
    }
}

/// Devices and file names that Linux has.
#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsStr;
    use std::fs::{File, OpenOptions};
    use std::io::Write;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Stdio;

    use super::*;

    fn full() -> File {
        OpenOptions::new().write(true).open("/dev/full").unwrap()
    }

    #[test]
    fn output_that_cannot_be_written_is_an_error_and_a_closed_pipe_is_none() {
        let folder = tempdir().unwrap();
        for mut command in all(folder.path()) {
            let message = command
                .stdout(full())
                .output()
                .map(|output| (output.status.code(), errors(&output)))
                .unwrap();
            assert_eq!(message.0, Some(1), "{command:?}: {}", message.1);
            assert!(
                message.1.contains("error: standard output: No space left"),
                "{command:?}: {}",
                message.1
            );

            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            drop(child.stdout.take());
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{command:?}: {}", errors(&output));
            assert!(!errors(&output).contains("error"), "{command:?}: {}", errors(&output));
        }
        let output = example("theory", &["--help"]).stdout(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
        // What was to be saved is saved nonetheless.
        let out = folder.path().join("saved.st");
        assert_eq!(train(&["--out"]).arg(&out).stdout(full()).output().unwrap().status.code(), Some(1));
        assert!(out.exists());
    }

    #[test]
    fn remarks_that_cannot_be_written_are_dropped() {
        let folder = tempdir().unwrap();
        for mut command in all(folder.path()) {
            let status = command.stderr(full()).stdout(Stdio::null()).status().unwrap();
            assert_eq!(status.code(), Some(0), "{command:?}");
        }
        let status = train(&["--warmup", "99"]).stderr(full()).stdout(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(0));
        let status =
            example("theory", &["--ratio", "2", "--probability", "0.1"]).stderr(full()).status().unwrap();
        assert_eq!(status.code(), Some(1));
    }

    #[test]
    fn results_are_printed_before_they_are_saved() {
        let folder = tempdir().unwrap();
        let (out, pipe) = (folder.path().join("w.st"), folder.path().join("pipe"));
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let start = fs::read(weights(folder.path())).unwrap();
        let mut command = example("mean_field", &[&MODEL[..], &["--steps", "3"]].concat());
        command.arg("--start").arg(&pipe).arg("--out").arg(&out);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Opens once the example reads its first weights, when it has tried the path.
        let mut pipe = OpenOptions::new().write(true).open(&pipe).unwrap();
        fs::create_dir(&out).unwrap();
        pipe.write_all(&start).unwrap();
        drop(pipe);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
        assert!(String::from_utf8(output.stdout).unwrap().contains("loss/p"));
    }

    #[test]
    fn a_path_that_is_no_text_is_written_and_told_as_text() {
        let folder = tempdir().unwrap();
        let at = |name: &[u8]| folder.path().join(OsStr::from_bytes(name));
        let (grid, sweep) = (at(b"grid.toml"), at(b"sweep\xff"));
        fs::write(&grid, GRID).unwrap();
        let out = at(b"w\xff.st");
        succeeds(train(&["--json", "--out"]).arg(&out));
        assert!(out.exists());
        succeeds(example("check", &["--probability", "0.1", "--samples", "64", "--json"]).arg(&out));
        succeeds(
            example("rug", &["--features", "16", "--hidden", "4", "--json", "--out"]).arg(at(b"r\xff.1")),
        );
        assert!(at(b"r\xff.1.svg").exists());
        for mut command in [
            {
                let mut command = example("sweep", &["--json", "--grid"]);
                command.arg(&grid).arg("--out").arg(&sweep);
                command
            },
            {
                let mut command = example("reproduce", &["--json", "--from"]);
                command.arg(&sweep);
                command
            },
        ] {
            let output = succeeds(&mut command);
            let text = String::from_utf8(output.stdout).unwrap();
            let object: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
            assert!(object["out"].as_str().unwrap().ends_with("sweep\u{fffd}"), "{object}");
        }
        let message = refused(example("check", &["--probability", "0.1"]).arg(at(b"none\xff")));
        assert!(message.contains("none\u{fffd}"), "{message}");
    }
}

/// A search that was killed after a stage ends where one that was not does; a checkpoint of another
/// search is refused.
#[test]
fn a_search_goes_on_from_its_checkpoint() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("search.json");
    let search = |seed: &str| {
        let mut command =
            example("rug", &["--set", "search", "--features", "128", "--hidden", "32", "--json"]);
        command.args(["--probability", "0.1", "--swaps", "100000", "--seed", seed]);
        command
    };
    let whole = json(&succeeds(&mut search("1")));
    let mut running = search("1").arg("--checkpoint").arg(&path).stdout(Stdio::null()).spawn().unwrap();
    while !path.exists() && running.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let _ = running.kill();
    running.wait().unwrap();
    if path.exists() {
        let other = refused(search("2").arg("--checkpoint").arg(&path));
        assert!(other.contains("the checkpoint of another search"), "{other}");
    }
    let resumed = json(&succeeds(search("1").arg("--checkpoint").arg(&path)));
    assert_eq!(resumed["loss"], whole["loss"]);
    assert!(!path.exists());
    fs::write(&path, "{").unwrap();
    let torn = refused(search("1").arg("--checkpoint").arg(&path));
    assert!(torn.contains("search.json"), "{torn}");
}

/// The weights of the atlas have the loss that it says, and what is not better than the hull is not
/// added to a store.
#[test]
fn the_atlas_writes_weights_and_refuses_worse_ones() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let weights = at("atlas.safetensors");
    let mut atlas =
        example("atlas", &["--probability", "0.4", "--ratio", "0.25", "--features", "12", "--json"]);
    let told = json(&succeeds(atlas.arg("--out").arg(&weights)));
    let (sum, limit) = (told["sum"]["loss"].as_f64().unwrap(), told["loss"].as_f64().unwrap());
    assert!(limit <= sum && limit < told["gaussian_loss"].as_f64().unwrap(), "{told}");
    let number = |block: &serde_json::Value, key: &str| block[key].as_f64().unwrap();
    let over = |key: &str| -> f64 {
        let blocks = told["blocks"].as_array().unwrap();
        blocks
            .iter()
            .map(|block| number(block, "count") * number(block, "features") * number(block, key))
            .sum()
    };
    assert!((over("loss") / 12.0 / sum - 1.0).abs() < 1e-9, "{told}");
    let hidden = told["blocks"].as_array().unwrap().iter();
    assert_eq!(hidden.map(|block| number(block, "count") * number(block, "hidden")).sum::<f64>(), 3.0);
    assert!(told.get("trained_loss").is_none(), "{told}");
    let check =
        example("check", &["--probability", "0.4", "--samples", "1000", "--json"]).arg(&weights).output();
    let exact = json(&check.unwrap())["exact_loss"].as_f64().unwrap();
    assert!((exact / sum - 1.0).abs() < 1e-5, "{exact} {sum}");
    let store = at("store.safetensors");
    let add = example("atlas", &["--probability", "0.4", "--add"])
        .arg(&weights)
        .arg("--store")
        .arg(&store)
        .output();
    let add = add.unwrap();
    assert_eq!(add.status.code(), Some(1));
    assert!(errors(&add).contains("not below the hull"), "{}", errors(&add));
    assert!(!store.exists());
}

/// The atlas says what training finds where that was measured, and the leaderboard has the
/// hierarchies that the ratio allows.
#[test]
fn hierarchies_are_below_what_training_finds() {
    let mut atlas = example("atlas", &["--probability", "0.05", "--ratio", "0.25", "--json"]);
    let told = json(&succeeds(&mut atlas));
    let (loss, trained) = (told["loss"].as_f64().unwrap(), told["trained_loss"].as_f64().unwrap());
    assert!(loss < 0.85 * trained && trained < told["gaussian_loss"].as_f64().unwrap(), "{told}");
    let mut designs = example("designs", &["--probability", "0.05", "--ratio", "0.25", "--json"]);
    designs.args(["--features", "40", "--block", "12", "--draws", "1"]);
    let told = json(&succeeds(&mut designs));
    let best = &told["designs"][0];
    assert_eq!(
        (best["family"].as_str(), best["name"].as_str()),
        (Some("hierarchies"), Some("5 × hierarchy (8, 2)"))
    );
    assert_eq!(told["best_loss"], best["loss"]);
    assert!(best["loss"].as_f64().unwrap() < 0.04 * 0.05, "{best}");
}

/// A descent starts from a design at its best, which is a stationary point unless there is noise; a
/// name that there is not is told those that there are.
#[test]
fn a_descent_starts_from_a_design() {
    let start = |name: &str, more: &[&str]| {
        let mut command =
            example("mean_field", &["--features", "16", "--hidden", "5", "--probability", "0.1"]);
        command.args(["--objective", "exact", "--json", "--start", name]).args(more);
        command
    };
    let loss = |more: &[&str]| -> f64 {
        json(&succeeds(&mut start("design:clebsch", more)))["exact_loss"].as_f64().unwrap()
    };
    let clebsch = loss(&["--steps", "0"]);
    assert!((clebsch / 0.1 - 0.08471).abs() < 1e-5, "{clebsch}");
    let still = loss(&["--steps", "0", "--polish", "3"]);
    assert!((still / clebsch - 1.0).abs() < 1e-6, "{still} {clebsch}");
    let descended = loss(&["--steps", "0", "--noise", "0.02", "--seed", "3", "--polish", "20"]);
    assert!(descended < 0.999 * clebsch, "{descended} {clebsch}");
    let message = refused(&mut start("design:Brouwer", &[]));
    assert!(message.contains("Clebsch"), "{message}");
    let folder = tempdir().unwrap();
    let path = weights(folder.path());
    let mut command =
        example("mean_field", &[&MODEL[..], &["--steps", "0", "--start", path.to_str().unwrap()]].concat());
    succeeds(&mut command);
}

/// What `recover` prints, on a drawn encoder and on a trained one, and what it refuses.
#[test]
fn recover_says_how_well_and_refuses_what_it_cannot() {
    let recover = |arguments: &str| example("recover", &arguments.split(' ').collect::<Vec<_>>());
    let shape = "--features 256 --hidden 128 --probability 0.05 --samples 4 --json";
    let found = json(&succeeds(&mut recover(shape)));
    assert_eq!(found["success_fraction"], 1.0);
    assert!(found["loss"].as_f64().unwrap() < 1e-10 && found["limit_over_p"] == 0.0);
    let layers = found["state_evolution"].as_array().unwrap();
    assert!((layers[0].as_f64().unwrap() - 0.03126).abs() < 1e-5 && layers.len() > 3);
    for key in ["loss_over_p", "standard_error", "iterations", "seconds"] {
        assert!(found[key].is_number(), "{key}");
    }
    let found = json(&succeeds(&mut recover("--threshold --probability 0.05 --json")));
    assert!((found["delta_star"].as_f64().unwrap() - 0.112_227_063).abs() < 1e-8);
    assert!((found["donoho_tanner"].as_f64().unwrap() - 0.1671).abs() < 1e-4);

    let folder = tempdir().unwrap();
    let trained = weights(folder.path());
    let found = json(&succeeds(example("recover", &["--samples", "8", "--json", "--weights"]).arg(&trained)));
    assert_eq!(found["decoders"].as_array().unwrap().len(), 10);
    assert!(found["decoders_fault"].as_f64().unwrap() <= 1.0);

    let wide = "--features 64 --hidden 65 --probability 0.1";
    assert!(refused(&mut recover(wide)).contains("65 hidden dimensions for 64 features"));
    assert!(refused(&mut recover("--features 60 --hidden 20 --probability 0.1")).contains("power of two"));
    assert!(refused(&mut recover("--features 64 --hidden 20")).contains("--probability"));
    assert!(refused(&mut recover("--features 64 --probability 0.1")).contains("--hidden"));
    assert!(refused(&mut recover("--features 64 --hidden 20 --probability 1.5")).contains("1.5"));
}

/// Half as many neurons as features compute half of the ReLUs, which is worth as much as the best
/// linear map of signed features: p/12. Without biases, without superposition (n_d = n_s), Bayes's
/// read-out loses nothing.
#[test]
fn compute_prints_the_losses_that_need_no_training() {
    let arguments =
        ["--target", "relu", "--features", "20", "--width", "10", "--probability", "0.1", "--signed"];
    let small = ["--no-bias", "--steps", "2", "--batch", "16", "--samples", "200", "--json"];
    let found = json(&succeeds(&mut example("compute", &[&arguments[..], &small].concat())));
    let number = |key: &str| found[key].as_f64().unwrap();
    assert!((number("naive") - 0.1 / 12.0).abs() < 1e-12);
    assert!((number("best_linear") - 0.1 / 12.0).abs() < 1e-9);
    assert_eq!(number("scalar_bayes"), 0.0);
    assert_eq!(number("steps"), 2.0);
    for key in ["loss", "loss_over_p", "standard_error", "seconds"] {
        assert!(number(key) > 0.0, "{key}");
    }
    let pairs = ["--target", "and", "--features", "4", "--probability", "0.1"];
    let small = ["--steps", "2", "--batch", "16", "--samples", "200", "--json"];
    let found = json(&succeeds(&mut example("compute", &[&pairs[..], &small].concat())));
    assert!(found["naive"].is_null() && found["scalar_bayes"].is_null());
}
