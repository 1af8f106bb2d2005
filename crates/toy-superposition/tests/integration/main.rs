//! The examples as a shell sees them, in one binary, since linking takes longer than most of the
//! tests.
//!
//! `cargo test` builds the examples before this. After `cargo test --test integration`, which does
//! not, they are as old as they were: run `cargo build --examples` first.
#![allow(clippy::unwrap_used, clippy::panic)]

mod check;
mod command_line;
mod importance;
mod laws;
mod plateau;
mod superposition;
mod sweep;

use std::path::Path;
use std::process::{Command, Output};

fn example(name: &str, arguments: &[&str]) -> Command {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap().join("examples");
    let program = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(program.exists(), "{} is missing: cargo build --examples", program.display());
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn succeeds(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{command:?}: {}", errors(&output));
    output
}

/// The message of an example that ends with an error of its own, not a panic.
fn refused(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = errors(&output);
    assert_eq!(output.status.code(), Some(1), "{command:?}: {errors}");
    let error = errors.lines().last().unwrap();
    assert!(error.starts_with("error: ") && !errors.contains("panicked"), "{command:?}: {errors}");
    error.to_owned()
}

/// The JSON object on the last line.
fn json(output: &Output) -> serde_json::Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.lines().last().unwrap_or_default()).unwrap()
}
