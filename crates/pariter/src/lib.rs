//! Iterators on several threads, as `rustic_core` uses them: a stand-in for the crate of this name.
//!
//! Interface, order and results are those of that crate, as far as `rustic_core` asks for them. The difference is what
//! an item costs that is done with at once, such as a file that has not changed: that crate wakes a thread for every
//! step of every item, which takes longer than the work. Here threads look for what has come meanwhile, and items
//! that come quickly wait for each other, for some tenths of a millisecond. An item that takes longer to come by goes on alone
//! and at once, so that no more large ones are in memory than there were.

mod map;
mod readahead;

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread::Scope,
    time::Duration,
};

pub use map::ParallelMap;
pub use readahead::Readahead;

/// Items are kept, or asked for in advance, as long as it has taken no longer than this to come by all of them.
const PATIENCE: Duration = Duration::from_micros(300);
/// Whoever waits is woken for items that took so long.
const WORTH_WAKING: Duration = Duration::from_micros(150);
/// So many items are kept at most, however quickly they came.
const MOST: usize = 64;
/// Whoever was not woken looks again after this.
const LOOK: Duration = Duration::from_millis(10);

/// Iterators that work on several threads.
pub trait IteratorExt: Iterator + Sized {
    /// Asks this iterator on a thread of its own.
    fn readahead_scoped<'scope, 'env>(self, scope: &'scope Scope<'scope, 'env>) -> Readahead<Self::Item>
    where
        Self: Send + 'scope + 'env,
        Self::Item: Send + 'scope + 'env,
    {
        Readahead::start(self, scope)
    }

    /// Does something with each item, on as many threads as the machine has processors; the results come in the order
    /// of the items.
    fn parallel_map_scoped<'scope, 'env, F, O>(
        self,
        scope: &'scope Scope<'scope, 'env>,
        f: F,
    ) -> ParallelMap<Self, O>
    where
        F: FnMut(Self::Item) -> O + Clone + Send + 'env,
        Self::Item: Send + 'env,
        O: Send + 'env,
    {
        ParallelMap::start(self, scope, f)
    }
}

impl<I: Iterator> IteratorExt for I {}

/// What threads share. A panic while it is held leaves it as it was: nothing of others runs inside.
struct Shared<T> {
    state: Mutex<T>,
    /// There is something for whoever takes.
    filled: Condvar,
    /// There is room for whoever gives.
    emptied: Condvar,
}

impl<T> Shared<T> {
    fn new(state: T) -> Self {
        Self { state: Mutex::new(state), filled: Condvar::new(), emptied: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for so long at most. All waits end: nobody is woken for everything that comes.
    fn wait<'a>(condvar: &Condvar, held: MutexGuard<'a, T>, at_most: Duration) -> MutexGuard<'a, T> {
        condvar.wait_timeout(held, at_most).unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(test)]
mod tests {
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        sync::atomic::{AtomicUsize, Ordering::SeqCst},
        thread,
        time::Instant,
    };

    use proptest::prelude::*;

    use super::*;

    /// Takes this long, and the processor with it.
    fn work(micros: u64) {
        let began = Instant::now();
        while began.elapsed() < Duration::from_micros(micros) {
            std::hint::spin_loop();
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        /// As the library chains them, with steps that take nothing and steps that take longer than anybody waits.
        #[test]
        fn every_item_arrives_in_order(
            times in proptest::collection::vec((0_usize..4, 0_usize..4, 0_usize..4), 0..300),
        ) {
            let times_us = |at: usize| [0, 10, 200, 500][at];
            let expected: Vec<usize> = (0..times.len()).collect();
            let arrived: Vec<usize> = thread::scope(|scope| {
                let given = times.iter().enumerate().inspect(|(_, (source, _, _))| work(times_us(*source)));
                let mapped = given.readahead_scoped(scope).parallel_map_scoped(scope, |(number, (_, map, sink))| {
                    work(times_us(*map));
                    (number, *sink)
                });
                mapped
                    .readahead_scoped(scope)
                    .map(|(number, sink)| {
                        work(times_us(sink));
                        number
                    })
                    .collect()
            });
            prop_assert_eq!(arrived, expected);
        }
    }

    #[test]
    fn items_that_take_long_are_not_kept() {
        let workers = thread::available_parallelism().unwrap().get();
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let items = || {
            (0..60).inspect(|_| {
                work(400);
                most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
            })
        };
        thread::scope(|scope| {
            for _ in items().parallel_map_scoped(scope, |item| item) {
                work(1_000);
                now.fetch_sub(1, SeqCst);
            }
        });
        assert!(most.load(SeqCst) <= 2 * workers + 1, "{most:?}");
        most.store(0, SeqCst);
        thread::scope(|scope| {
            for _ in items().readahead_scoped(scope) {
                work(1_000);
                now.fetch_sub(1, SeqCst);
            }
        });
        // One that is worked on, one that waits, and one that comes.
        assert!(most.load(SeqCst) <= 3, "{most:?}");
    }

    #[test]
    fn whoever_takes_no_more_ends_the_others() {
        thread::scope(|scope| {
            let mut squares = (0_u64..).parallel_map_scoped(scope, |number| number * number);
            assert_eq!(squares.by_ref().take(4).collect::<Vec<_>>(), [0, 1, 4, 9]);
        });
        let asked = AtomicUsize::new(0);
        thread::scope(|scope| {
            let items = (0..5_000).inspect(|_| {
                asked.fetch_add(1, SeqCst);
            });
            assert_eq!(items.readahead_scoped(scope).next(), Some(0));
        });
        // It may have effects, and is asked to its end.
        assert_eq!(asked.into_inner(), 5_000);
    }

    #[test]
    fn a_panic_goes_on_where_the_results_are_taken() {
        let mapped = catch_unwind(AssertUnwindSafe(|| {
            thread::scope(|scope| {
                (0..100).parallel_map_scoped(scope, |number| assert_ne!(number, 50)).count()
            })
        }));
        assert!(mapped.is_err());
        let read = catch_unwind(AssertUnwindSafe(|| {
            thread::scope(|scope| {
                (0..100).inspect(|number| assert_ne!(*number, 50)).readahead_scoped(scope).count()
            })
        }));
        assert!(read.is_err());
    }

    #[test]
    fn a_source_that_stops_for_long_in_the_middle_loses_nothing() {
        // Longer than anybody waits without looking.
        let items = (0..40).inspect(|number| {
            if *number == 20 {
                work(30_000);
            }
        });
        let arrived: Vec<u32> = thread::scope(|scope| {
            let mapped = items.readahead_scoped(scope).parallel_map_scoped(scope, |number| number);
            mapped.readahead_scoped(scope).collect()
        });
        assert_eq!(arrived, (0..40).collect::<Vec<_>>());
    }
}
