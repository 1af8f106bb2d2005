//! Whether memory can be had, asked before it is needed.

use crate::{Error, Result};

/// Refuses an amount of memory that the system does not grant. None of it is touched or kept.
///
/// An allocation that fails ends the process, so sizes that come from outside are asked about
/// first. A system that grants more than it has (Linux grants any one request below its total
/// memory) may still run out later.
///
/// # Errors
/// [`Error::TooLarge`] with `what` and `bytes`.
pub fn check_memory(what: &'static str, bytes: u128) -> Result<()> {
    let mut memory = Vec::<u8>::new();
    let granted = usize::try_from(bytes).is_ok_and(|bytes| memory.try_reserve_exact(bytes).is_ok());
    // Unseen, the request could be optimised away.
    std::hint::black_box(&memory);
    if granted { Ok(()) } else { Err(Error::TooLarge { what, bytes }) }
}
