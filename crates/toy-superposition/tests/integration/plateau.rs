//! Runs that are followed, cut off and drawn.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use tempfile::tempdir;

use crate::{errors, example, json, refused, succeeds};

/// A run that was killed continues to the same lines; one that has ended is not repeated.
#[test]
fn a_run_that_is_followed_goes_on_from_its_checkpoint() {
    const RUN: &str = "16,4,0.1,code,1,4000";
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let follow = |out: &Path| {
        let mut command =
            example("plateau", &[RUN, "--samples", "256", "--checkpoint-every", "0.02", "--json"]);
        command.arg("--out").arg(out);
        command
    };
    let lines = |out: &Path| fs::read_to_string(out.join("n16-d4-p0.1-code-s1-t4000.jsonl"));
    let (whole, cut) = (at("whole"), at("cut"));
    let told = json(&succeeds(&mut follow(&whole)));
    assert_eq!((told["end"]["step"].as_u64(), told["end"]["last"].as_bool()), (Some(4000), Some(true)));
    // The rule needs the losses before the checkpoint too.
    assert!(told["rule_stops"].as_u64().is_some_and(|step| (1000..3500).contains(&step)), "{told}");

    // Each mark is the first line that fulfils it; the learning rate is constant, 3e-3/√n_s.
    let looks: Vec<serde_json::Value> =
        lines(&whole).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let number = |object: &serde_json::Value, key: &str| object[key].as_f64().unwrap();
    let below = |look: &serde_json::Value| number(look, "loss") < 0.97 * number(&told, "theory_loss");
    let first = number(&looks[0], "lyapunov_mean");
    let stirred = |look: &serde_json::Value| number(look, "lyapunov_mean") > 1.25 * first;
    for (key, look) in [
        ("below", looks.iter().find(|look| below(look))),
        ("stirred", looks.iter().find(|look| stirred(look))),
    ] {
        assert_eq!(told[key]["step"].as_u64(), look.map(|look| look["step"].as_u64().unwrap()), "{key}");
        if let Some(look) = look {
            let rates = number(&told[key], "rates") / number(look, "step");
            assert!((rates / (3e-3 / 4.0) - 1.0).abs() < 1e-12, "{key}");
        }
    }
    assert!(told["below"].is_object());
    // By the fast recipe the rate rises to 2.2/√(64 · 16) in 30 steps, of which k have k (k + 1)/60 of
    // it, and falls to 0 in 570.
    let run = ["64,16,0.05,fast,1,600", "64,16,0.1,text,1,0", "--samples", "256", "--json"];
    let fast = succeeds(example("plateau", &run).arg("--out").arg(at("fast")));
    let text = String::from_utf8(fast.stdout).unwrap();
    let [fast, by_text] = [0, 1].map(|line| text.lines().nth(line).unwrap());
    let fast: serde_json::Value = serde_json::from_str(fast).unwrap();
    let step = number(&fast["below"], "step");
    let fallen = |k: f64| 0.5 * (1.0 + (std::f64::consts::PI * k / 570.0).cos());
    let rates = 15.5 + (0..step as u64 - 30).map(|k| fallen(k as f64)).sum::<f64>();
    assert!((number(&fast["below"], "rates") / (rates * 2.2 / 32.0) - 1.0).abs() < 1e-9, "{fast}, {rates}");
    assert!(fast.get("rule_stops").is_none());
    // The rule of the paper's text ends the run, and no other.
    let by_text: serde_json::Value = serde_json::from_str(by_text).unwrap();
    assert_eq!(by_text["rule_stops"], by_text["end"]["step"]);

    // First with its file deleted, which begins the run anew, then with its file.
    for (deleted, note) in [(true, "begun anew"), (false, "resumed after step")] {
        let mut running = follow(&cut).stdout(Stdio::null()).spawn().unwrap();
        while lines(&cut).map_or(0, |text| text.lines().count()) < 17 && running.try_wait().unwrap().is_none()
        {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let _ = running.kill();
        running.wait().unwrap();
        let file = cut.join("n16-d4-p0.1-code-s1-t4000.jsonl");
        if deleted {
            fs::remove_file(&file).unwrap();
        }
        let output = succeeds(&mut follow(&cut));
        assert!(errors(&output).contains(note), "{}", errors(&output));
        assert_eq!(lines(&cut).unwrap(), lines(&whole).unwrap());
        assert_eq!(json(&output), told);
        if deleted {
            fs::remove_file(&file).unwrap();
        }
    }
    // What has ended is not trained again.
    assert_eq!(json(&succeeds(&mut follow(&cut))), told);
    assert_eq!(lines(&cut).unwrap(), lines(&whole).unwrap());
    let other = json(&succeeds(example("plateau", &[RUN, "--samples", "300", "--json", "--out"]).arg(&cut)));
    assert_eq!(other["end"]["samples"], 256);
    let begun = at("begun");
    fs::create_dir(&begun).unwrap();
    let first = lines(&cut).unwrap().lines().next().unwrap().to_owned();
    fs::write(begun.join("n16-d4-p0.1-code-s1-t4000.jsonl"), first + "\n").unwrap();
    let other = refused(example("plateau", &[RUN, "--samples", "300", "--out"]).arg(&begun));
    assert!(other.contains("begun with 256 samples"), "{other}");
    assert!(!cut.join("n16-d4-p0.1-code-s1-t4000.checkpoint").exists());

    let mut draw = follow(&cut);
    succeeds(draw.arg("--figures").arg(at("figure")));
    for quantity in ["loss", "dropped", "diagonal", "lyapunov"] {
        assert!(at(&format!("figure_{quantity}.png")).exists(), "{quantity}");
    }
    fs::write(cut.join("n16-d4-p0.1-code-s1-t4000.jsonl"), "{\"step\":30").unwrap();
    let torn = refused(&mut follow(&cut));
    assert!(torn.contains("s1-t4000.jsonl, line 1, is damaged"), "{torn}");
    // Every run is checked before the first is trained.
    for (second, told) in [
        ("16,17,0.1,code,1,30", "1 to 16 are allowed"),
        ("16,16,0.1,code,1,30", "n_d < n_s"),
        ("16,4,2,code,1,30", "2"),
        ("0,0,0.1,code,1,30", "at least 1 is needed"),
    ] {
        let out = at("none");
        let message = refused(example("plateau", &["16,4,0.1,code,1,30", second, "--out"]).arg(&out));
        assert!(message.contains(told) && !out.exists(), "{message}");
    }
    for (given, told) in [
        ("64,16,0.2,code,1", "5 parts"),
        ("64,16,0.2,slow,1,9", "recipe \"slow\"; allowed are text, code and fast"),
        ("64,16,x,code,1,9", "P `x`"),
        ("64,16,0.2,fast,1,0", "needs a number of steps"),
    ] {
        let output = example("plateau", &[given, "--out", "none"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(errors(&output).contains(told), "{}", errors(&output));
    }
}
