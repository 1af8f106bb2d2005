//! Sizes that were found by measuring, on machines with AVX2 (Zen 3) and AVX-512 (Zen 4).

#[cfg(test)]
use pulp::Arch;

/// Features of a cell (all features for an activation that is not element-wise): a multiple of the
/// 24 rows that faer's kernel for AVX2 takes at a time, and the 64 and 32 of those for AVX-512.
pub(crate) const ROWS: usize = 96;

/// Samples of a cell.
pub(crate) const COLUMNS: usize = 512;

/// The fraction of non-zeros from which a dense product is faster than a sparse one.
pub(crate) const DENSE: f64 = 0.75;

/// The fraction of non-zeros below which it does not pay to bring a table into panels.
pub(crate) const DIRECT: f64 = 1.0 / 32.0;

/// Rows of a table that one list refers to, so that they stay in the fastest cache.
pub(crate) const PIECE: usize = ROWS;

/// What is written beyond the entries that are kept in a compression: as many as a piece has rows,
/// or fewer.
pub(crate) const SLACK: usize = 128;

// Cuts of X begin where its cells do; rows of a piece are numbered in a byte, samples of a block in
// two.
const _: () = assert!(ROWS.is_multiple_of(PIECE) && PIECE <= SLACK && SLACK <= 256 && COLUMNS <= 1 << 16);

/// The most numbers of a row of a panel.
pub(crate) const WIDEST: usize = PANEL_BYTES / size_of::<f32>();

/// Bytes of a row of the widest panel: eight registers of AVX2, four of AVX-512, which was as fast
/// with eight.
pub(crate) const PANEL_BYTES: usize = 256;

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
