//! What the examples share: how they end, and how Ctrl-C reaches them.

use std::error::Error;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Prints a line. That nobody reads any more, say `head`, is no error.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

/// A number of an interval, for clap; NaN is in none.
#[allow(dead_code, reason = "not every example takes such numbers")]
pub(crate) fn number(text: &str, allowed: std::ops::RangeInclusive<f64>) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if allowed.contains(&number) => Ok(number),
        Ok(number) => Err(format!("{number:?} is not in [{:?}, {:?}]", allowed.start(), allowed.end())),
        Err(error) => Err(format!("{error}")),
    }
}

/// Seconds, for clap: up to 30 years.
#[allow(dead_code, reason = "not every example takes such numbers")]
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    number(text, 0.0..=1e9).map(Duration::from_secs_f64)
}

/// Prints an error as a sentence, not as a struct.
pub(crate) fn finish(result: Result<(), Box<dyn Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A flag that Ctrl-C sets; a second Ctrl-C ends the program at once.
#[allow(dead_code, reason = "not every example runs for long")]
pub(crate) fn interrupt() -> Result<&'static AtomicBool, ctrlc::Error> {
    static INTERRUPTED: AtomicBool = AtomicBool::new(false);
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("\ninterrupted: finishing the step in progress (again: stop at once)");
    })?;
    Ok(&INTERRUPTED)
}
