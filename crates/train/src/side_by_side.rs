//! Many small models side by side, one thread each, if they are too small to use all threads alone.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Returns the number of threads to use if `wanted` are asked for: one per core if it is `None`, and
/// at most eight per core, since more would only wait for each other.
pub fn threads(wanted: Option<NonZeroUsize>) -> NonZeroUsize {
    const PER_CORE: NonZeroUsize = NonZeroUsize::new(8).unwrap();
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    wanted.map_or(cores, |wanted| wanted.min(cores.saturating_mul(PER_CORE)))
}

/// Applies `work` to each item, in the given order, and returns the results in the order of the
/// items. Each of [`threads(wanted)`](threads) threads processes one item at a time.
///
/// Within `work`, the parallel parts of this workspace use a pool of one thread. The bits do not
/// depend on the number of threads.
///
/// ```
/// use toy_superposition_train::side_by_side;
///
/// assert_eq!(side_by_side(&[1, 2, 3], None, |n| n * n)?, [1, 4, 9]);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Returns an error if the threads cannot be started.
pub fn side_by_side<I: Sync, R: Send>(
    items: &[I],
    wanted: Option<NonZeroUsize>,
    work: impl Fn(&I) -> R + Sync,
) -> io::Result<Vec<R>> {
    let count = threads(wanted).get().min(items.len().max(1));
    let pools = (0..count)
        .map(|_| rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(io::Error::other))
        .collect::<io::Result<Vec<_>>>()?;
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    std::thread::scope(|scope| {
        for pool in &pools {
            scope.spawn(|| {
                while let Some((index, item)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    items.get(index).map(|item| (index, item))
                } {
                    let result = pool.install(|| work(item));
                    results.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    results.sort_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::side_by_side;

    #[test]
    fn every_item_once_in_order_on_one_thread_each() {
        let items: Vec<usize> = (0..50).collect();
        for threads in [1, 3, 80] {
            let results = side_by_side(&items, std::num::NonZeroUsize::new(threads), |&item| {
                (item * item, rayon::current_num_threads())
            })
            .unwrap();
            assert_eq!(results, items.iter().map(|i| (i * i, 1)).collect::<Vec<_>>());
        }
        let items: Vec<usize> = (0..5000).collect();
        let threads =
            side_by_side(&items, Some(std::num::NonZeroUsize::MAX), |_| std::thread::current().id());
        let threads: std::collections::HashSet<_> = threads.unwrap().into_iter().collect();
        assert!(threads.len() <= 8 * std::thread::available_parallelism().unwrap().get());
        assert!(side_by_side(&[] as &[u8], None, |_| ()).unwrap().is_empty());
    }
}
