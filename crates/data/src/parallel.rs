//! Loops on all threads, or on one without the feature `parallel`.
//!
//! Threads share out pieces of fixed size; no sum is ever split among them, so the bits do not
//! depend on the threads.

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

/// Runs `work` on a thread of the pool, so that the parallel loops in it begin there, without
/// waking one each.
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

/// Runs `work(k, column)` on the `k`-th run of `height` entries, in parallel; a thread takes
/// `together` columns at a time. Entries that fill no column are passed over.
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
