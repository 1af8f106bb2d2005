//! Loops that run on all threads, or on one thread without the feature `parallel`.
//!
//! The work is divided into pieces of a fixed size, and no sum is split among threads, so that the
//! results do not depend on the number of threads.

/// Runs `work(k, chunk)` on the `k`-th chunk of `size` entries (the last may be shorter), in
/// parallel.
///
/// # Panics
/// If `size` is 0.
pub fn for_each_chunk<T: Send>(values: &mut [T], size: usize, work: impl Fn(usize, &mut [T]) + Send + Sync) {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        let chunks = values.par_chunks_mut(size).enumerate().with_max_len(1);
        chunks.for_each(|(k, chunk)| work(k, chunk));
    }
    #[cfg(not(feature = "parallel"))]
    for (k, chunk) in values.chunks_mut(size).enumerate() {
        work(k, chunk);
    }
}

/// Runs `work` on a thread of the pool and returns its result. The parallel loops inside `work`
/// then start on that thread, and none of them has to wake the pool.
pub fn in_pool<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    #[cfg(feature = "parallel")]
    return rayon::scope(|_| work());
    #[cfg(not(feature = "parallel"))]
    work()
}

/// Runs `work(k, item)` on each item, in parallel.
pub fn for_each<T: Send>(items: &mut [T], work: impl Fn(usize, &mut T) + Send + Sync) {
    for_each_chunk(items, 1, |k, item| work(k, &mut item[0]));
}

/// Runs `work(k, column)` on the `k`-th column of `height` consecutive entries, in parallel. A
/// thread takes `together` columns at a time. Entries after the last full column are skipped.
///
/// # Panics
/// If `height` or `together` is 0.
pub fn for_each_column<T: Send>(
    values: &mut [T],
    height: usize,
    together: usize,
    work: impl Fn(usize, &mut [T]) + Send + Sync,
) {
    for_each_chunk(values, height * together, |chunk, columns| {
        for (k, column) in columns.chunks_exact_mut(height).enumerate() {
            work(chunk * together + k, column);
        }
    });
}
