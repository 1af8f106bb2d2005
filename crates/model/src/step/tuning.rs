//! Sizes chosen by measurement on machines with AVX2 (Zen 3) and AVX-512 (Zen 4).

#[cfg(test)]
use pulp::Arch;

/// The number of features per cell (all features for an activation that is not element-wise). It is
/// a multiple of the 24 rows that faer's kernel for AVX2 takes at a time, and 96 = 64 + 32 rows
/// suit its kernel for AVX-512.
pub(crate) const ROWS: usize = 96;

/// The number of samples per cell.
pub(crate) const COLUMNS: usize = 512;

/// The fraction of non-zeros above which a dense product is faster than a sparse one.
pub(crate) const DENSE: f64 = 0.75;

/// The fraction of non-zeros below which copying a table to panels does not pay.
pub(crate) const DIRECT: f64 = 1.0 / 32.0;

/// The number of table rows that one list refers to, so that they stay in the first-level cache.
pub(crate) const PIECE: usize = ROWS;

/// The number of entries that a compression may write after those that are kept: at least the
/// number of rows of a piece.
pub(crate) const SLACK: usize = 128;

// Cuts of X begin where its cells begin. Rows of a piece are numbered in one byte, and samples of a
// block in two.
const _: () = assert!(ROWS.is_multiple_of(PIECE) && PIECE <= SLACK && SLACK <= 256 && COLUMNS <= 1 << 16);

/// The largest number of columns of a panel.
pub(crate) const WIDEST: usize = PANEL_BYTES / size_of::<f32>();

/// The number of bytes per row of the widest panel: eight registers of AVX2, or four of AVX-512,
/// for which eight were no faster.
pub(crate) const PANEL_BYTES: usize = 256;

/// Returns all instruction sets of this machine, the plainest first.
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
