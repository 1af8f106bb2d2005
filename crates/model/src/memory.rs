//! A check that memory is available before it is allocated.

use crate::{Error, Result};

/// Returns an error if the system does not grant `bytes` of memory. None of the memory is touched
/// or kept.
///
/// A failed allocation ends the process, so this function is called before an allocation whose size
/// comes from the caller. A system that grants more memory than it has (Linux grants any single
/// request below its total memory) may still run out later.
///
/// # Errors
/// [`Error::TooLarge`] with `what` and `bytes`.
pub fn check_memory(what: &'static str, bytes: u128) -> Result<()> {
    let mut memory = Vec::<u8>::new();
    let granted = usize::try_from(bytes).is_ok_and(|bytes| memory.try_reserve_exact(bytes).is_ok());
    // Without this line the compiler could remove the request.
    std::hint::black_box(&memory);
    if granted { Ok(()) } else { Err(Error::TooLarge { what, bytes }) }
}
