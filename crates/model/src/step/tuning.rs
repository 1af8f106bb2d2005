//! Sizes that were found by measuring on a machine with AVX2. Those for AVX-512 follow from its registers: as many bytes of
//! a table stay in the fastest cache.

use pulp::Arch;

/// Features of a cell (all features for an activation that is not element-wise): a multiple of the 24 and of the 48 rows
/// that faer's kernels for AVX2 and AVX-512 take at a time.
pub(crate) const ROWS: usize = 96;

/// Samples of a cell.
pub(crate) const COLUMNS: usize = 512;

/// The fraction of non-zeros from which a dense product is faster than a sparse one.
pub(crate) const DENSE: f64 = 0.65;

/// The fraction of non-zeros below which it does not pay to bring a table into panels.
pub(crate) const DIRECT: f64 = 1.0 / 32.0;

/// Rows of a table that one list refers to, so that they stay in the fastest cache: 48 or 96.
pub(crate) fn piece(arch: Arch) -> usize {
    if has_32_registers(arch) { 48 } else { 96 }
}

/// The widest panel: as many numbers as eight registers hold, in a lane of the kernel's own.
pub(crate) fn widest_panel<T>(arch: Arch) -> usize {
    let bytes = if has_32_registers(arch) { 512 } else { 256 };
    bytes / size_of::<T>()
}

fn has_32_registers(arch: Arch) -> bool {
    #[cfg(target_arch = "x86_64")]
    return matches!(arch, Arch::V4(_));
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = arch;
        false
    }
}

/// All that this machine has, the plainest first.
#[cfg(test)]
pub(crate) fn architectures() -> Vec<Arch> {
    let mut all = vec![Arch::Scalar];
    #[cfg(target_arch = "x86_64")]
    {
        use pulp::x86::{V3, V4};
        all.extend(V3::try_new().map(Arch::V3));
        all.extend(V4::try_new().map(Arch::V4));
    }
    all
}
