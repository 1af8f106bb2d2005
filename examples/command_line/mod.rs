//! What the examples share: how they end, and how Ctrl-C reaches them.

use std::error::Error;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

/// Prints a line. That nobody reads any more, say `head`, is no error.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
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
