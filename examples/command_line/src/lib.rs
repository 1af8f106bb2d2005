//! What the examples share: reading arguments, printing, exit codes and Ctrl-C. It is a crate so
//! that it is compiled once rather than once per example.
//!
//! An example ends with exit code 0 only if all of its output was written. A closed pipe is an
//! exception: after `… | head -n 1` the example continues silently, since it may have files to
//! write.

use std::any::TypeId;
use std::error::Error;
use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;

pub mod bar;
pub mod importance;
pub mod law;
pub mod progress;
pub mod table;

/// Prints a line on standard output. A failure is kept until the end, where it determines the exit
/// code, so that files can still be written.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => { $crate::print(format_args!($($text)*)) };
}

/// Parses a number in a closed interval, for clap. NaN is refused.
pub fn number(text: &str, allowed: std::ops::RangeInclusive<f64>) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if allowed.contains(&number) => Ok(number),
        Ok(number) => Err(format!("{number:?} is not in [{:?}, {:?}]", allowed.start(), allowed.end())),
        Err(error) => Err(format!("{error}")),
    }
}

/// Returns n_d/n_s for the theory, which needs n_d between 1 and n_s.
pub fn ratio(features: usize, hidden: usize) -> Result<f64, String> {
    if features == 0 {
        Err("0 features: at least 1 is needed".to_owned())
    } else if (1..=features).contains(&hidden) {
        Ok(hidden as f64 / features as f64)
    } else {
        Err(format!("{hidden} hidden dimensions for {features} features: 1 to {features} are allowed"))
    }
}

/// Parses a duration in seconds, up to 30 years, for clap.
pub fn seconds(text: &str) -> Result<Duration, String> {
    number(text, 0.0..=1e9).map(Duration::from_secs_f64)
}

/// Prints a line on standard error. Failures are ignored.
#[macro_export]
macro_rules! note {
    ($($text:tt)*) => { $crate::remark(format_args!($($text)*)) };
}

/// The first failure to write to standard output, except a closed pipe.
static FAILURE: Mutex<Option<io::Error>> = Mutex::new(None);

fn keep_failure(written: io::Result<()>) {
    if let (Err(error), Ok(mut failure)) = (written, FAILURE.lock())
        && error.kind() != ErrorKind::BrokenPipe
    {
        failure.get_or_insert(error);
    }
}

/// Implements [`say!`].
pub fn print(text: Arguments<'_>) {
    keep_failure(writeln!(io::stdout(), "{text}"));
}

/// Implements [`note!`].
pub fn remark(text: Arguments<'_>) {
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// Parses the arguments. Negative numbers are accepted as values, so that the program can say why
/// they are wrong.
fn arguments<A: Parser>() -> clap::error::Result<A> {
    let mut command = A::command().mut_args(|arg| {
        let number = arg.get_value_parser().type_id() == TypeId::of::<f64>();
        let value = arg.get_action().takes_values();
        // The first setting accepts -1, the second also -1e-3 and -inf.
        arg.allow_negative_numbers(value).allow_hyphen_values(value && number)
    });
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    A::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Runs an example: parses its arguments, calls `run` and returns the exit code. An error is
/// printed with its causes.
pub fn start<A: Parser>(run: impl FnOnce(&A) -> Result<(), Box<dyn Error>>) -> ExitCode {
    let result = match arguments::<A>() {
        Ok(arguments) => run(&arguments),
        Err(error) if error.use_stderr() => error.exit(),
        Err(help) => {
            keep_failure(help.print());
            Ok(())
        }
    };
    keep_failure(io::stdout().flush());
    let failure = FAILURE.lock().ok().and_then(|mut failure| failure.take());
    let failure = failure.map(|error| format!("standard output: {error}").into());
    match result.and(failure.map_or(Ok(()), Err)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            remark(format_args!("error: {}", chain(&*error)));
            ExitCode::FAILURE
        }
    }
}

/// Returns the texts of an error and its causes: `a: b: c`.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Returns a flag that Ctrl-C sets. A second Ctrl-C ends the program at once.
pub fn interrupt() -> Result<&'static AtomicBool, ctrlc::Error> {
    static INTERRUPTED: AtomicBool = AtomicBool::new(false);
    let mut first = None;
    ctrlc::set_handler(move || {
        // A scheduler and the script that it runs may both pass on the same signal.
        let first = *first.get_or_insert_with(Instant::now);
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            if first.elapsed() > Duration::from_secs(1) {
                std::process::exit(130);
            }
            return;
        }
        note!("\ninterrupted: finishing the step in progress (again: stop at once)");
    })?;
    Ok(&INTERRUPTED)
}
