//! A function on several threads, its results in the order of the items.

use std::{
    collections::{BTreeMap, VecDeque},
    num::NonZero,
    sync::Arc,
    thread::{self, Scope},
    time::{Duration, Instant},
};

use crate::{LOOK, MOST, PATIENCE, Shared, WORTH_WAKING};

/// The results of a function that is carried out on several threads.
pub struct ParallelMap<I: Iterator, O> {
    iterator: I,
    is_exhausted: bool,
    shared: Arc<Shared<Tasks<I::Item, O>>>,
    /// How long it took to come by each item that is under way, and all together.
    under_way: VecDeque<Duration>,
    took: Duration,
    /// Number of the next item.
    given: usize,
    /// Results that are next, taken together.
    taken: VecDeque<O>,
    /// However long they took, so many items are under way.
    at_least: usize,
}

struct Tasks<T, O> {
    waiting: VecDeque<(usize, T)>,
    done: BTreeMap<usize, O>,
    /// Number of the next result that is wanted.
    wanted: usize,
    /// Workers that wait for an item.
    idle: usize,
    /// Whoever wants results waits for the next one.
    is_wanting: bool,
    /// There will be no more items.
    is_ended: bool,
    has_panicked: bool,
}

/// One thread. When its function panics, whoever wants results hears of it.
struct Worker<T, O>(Arc<Shared<Tasks<T, O>>>);

impl<I: Iterator, O> ParallelMap<I, O> {
    pub(crate) fn start<'scope, 'env, F>(iterator: I, scope: &'scope Scope<'scope, 'env>, f: F) -> Self
    where
        F: FnMut(I::Item) -> O + Clone + Send + 'env,
        I::Item: Send + 'env,
        O: Send + 'env,
    {
        let shared = Arc::new(Shared::new(Tasks {
            waiting: VecDeque::new(),
            done: BTreeMap::new(),
            wanted: 0,
            idle: 0,
            is_wanting: false,
            is_ended: false,
            has_panicked: false,
        }));
        let workers = thread::available_parallelism().map_or(1, NonZero::get);
        for _ in 0..workers {
            let (worker, f) = (Worker(Arc::clone(&shared)), f.clone());
            scope.spawn(move || worker.work(f));
        }
        Self {
            iterator,
            is_exhausted: false,
            shared,
            under_way: VecDeque::new(),
            took: Duration::ZERO,
            given: 0,
            taken: VecDeque::new(),
            at_least: workers * 2,
        }
    }

    /// Gives items to the workers: some at least, and more where they come quickly.
    fn give(&mut self) {
        // Many at once, where they are small: each time, somebody has to be woken.
        let is_low = self.under_way.len() <= MOST / 2 && self.took <= WORTH_WAKING;
        if self.is_exhausted || !(is_low || self.under_way.len() < self.at_least) {
            return;
        }
        while self.under_way.len() < self.at_least || (self.under_way.len() < MOST && self.took < PATIENCE) {
            let began = Instant::now();
            let Some(item) = self.iterator.next() else {
                self.is_exhausted = true;
                break;
            };
            let took = began.elapsed();
            self.under_way.push_back(took);
            self.took += took;
            let mut tasks = self.shared.lock();
            tasks.waiting.push_back((self.given, item));
            drop(tasks);
            self.given += 1;
            if took >= WORTH_WAKING {
                self.wake();
            }
        }
        self.wake();
    }

    /// Wakes as many workers as there are items for.
    fn wake(&self) {
        let mut tasks = self.shared.lock();
        tasks.is_ended = self.is_exhausted;
        let woken = if tasks.is_ended { tasks.idle } else { tasks.idle.min(tasks.waiting.len()) };
        drop(tasks);
        (0..woken).for_each(|_| self.shared.emptied.notify_one());
    }

    /// Takes the results that are next, of which there is one at least.
    fn take(&mut self) {
        let mut next = self.given - self.under_way.len();
        let mut tasks = self.shared.lock();
        tasks.wanted = next;
        while !tasks.done.contains_key(&next) && !tasks.has_panicked {
            tasks.is_wanting = true;
            tasks = Shared::wait(&self.shared.filled, tasks, LOOK);
        }
        tasks.is_wanting = false;
        while let Some(result) = tasks.done.remove(&next) {
            self.taken.push_back(result);
            next += 1;
        }
        assert!(!self.taken.is_empty(), "a thread that works on the items has panicked");
    }
}

impl<I: Iterator, O> Iterator for ParallelMap<I, O> {
    type Item = O;

    fn next(&mut self) -> Option<O> {
        self.give();
        if self.taken.is_empty() {
            if self.under_way.is_empty() {
                return None;
            }
            self.take();
        }
        self.took -= self.under_way.pop_front().unwrap_or_default();
        self.taken.pop_front()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.iterator.size_hint()
    }
}

impl<I: Iterator, O> Drop for ParallelMap<I, O> {
    fn drop(&mut self) {
        self.shared.lock().is_ended = true;
        self.shared.emptied.notify_all();
    }
}

impl<T, O> Worker<T, O> {
    fn work(self, mut f: impl FnMut(T) -> O) {
        while let Some((number, item)) = self.next() {
            let began = Instant::now();
            let result = f(item);
            let is_long = began.elapsed() >= WORTH_WAKING;
            let mut tasks = self.0.lock();
            tasks.done.insert(number, result);
            // Small ones are taken together.
            let is_worth_it = is_long || tasks.waiting.is_empty() || tasks.done.len() >= MOST / 4;
            if tasks.is_wanting && is_worth_it && tasks.done.contains_key(&tasks.wanted) {
                tasks.is_wanting = false;
                self.0.filled.notify_one();
            }
        }
    }

    fn next(&self) -> Option<(usize, T)> {
        let mut tasks = self.0.lock();
        loop {
            if let Some(item) = tasks.waiting.pop_front() {
                return Some(item);
            }
            if tasks.is_ended {
                return None;
            }
            tasks.idle += 1;
            tasks = Shared::wait(&self.0.emptied, tasks, LOOK);
            tasks.idle -= 1;
        }
    }
}

impl<T, O> Drop for Worker<T, O> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.lock().has_panicked = true;
            self.0.filled.notify_one();
        }
    }
}
