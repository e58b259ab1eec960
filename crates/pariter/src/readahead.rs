//! An iterator that is asked on a thread of its own.

use std::{
    collections::VecDeque,
    mem,
    sync::Arc,
    thread::Scope,
    time::{Duration, Instant},
};

use crate::{LOOK, MOST, PATIENCE, Shared, WORTH_WAKING};

/// The items of an iterator that is asked on another thread, in its order.
pub struct Readahead<T> {
    shared: Arc<Shared<Queue<T>>>,
    /// Taken together, and given one by one.
    taken: VecDeque<T>,
    size_hint: (usize, Option<usize>),
}

struct Queue<T> {
    items: VecDeque<T>,
    /// How long it took to come by these.
    took: Duration,
    /// Nobody gives any more.
    is_ended: bool,
    /// Because of a panic.
    has_panicked: bool,
    /// Nobody takes any more.
    is_left: bool,
    /// Whoever takes waits.
    is_taker_waiting: bool,
    /// It has waited in vain, and wants to be woken for the next item, however little it is.
    is_taker_idle: bool,
    /// Whoever gives waits.
    is_giver_waiting: bool,
}

/// Ends the queue, also when whoever gives panics.
struct Giver<T>(Arc<Shared<Queue<T>>>);

impl<T> Readahead<T> {
    pub(crate) fn start<'scope, 'env, I>(iterator: I, scope: &'scope Scope<'scope, 'env>) -> Self
    where
        I: Iterator<Item = T> + Send + 'scope,
        T: Send + 'scope,
    {
        let size_hint = iterator.size_hint();
        let shared = Arc::new(Shared::new(Queue {
            items: VecDeque::new(),
            took: Duration::ZERO,
            is_ended: false,
            has_panicked: false,
            is_left: false,
            is_taker_waiting: false,
            is_taker_idle: false,
            is_giver_waiting: false,
        }));
        let giver = Giver(Arc::clone(&shared));
        scope.spawn(move || giver.give_all(iterator));
        Self { shared, taken: VecDeque::new(), size_hint }
    }
}

impl<T> Giver<T> {
    /// Every item is asked for, also when nobody takes them: they may have effects.
    fn give_all(self, iterator: impl Iterator<Item = T>) {
        let mut began = Instant::now();
        for item in iterator {
            self.give(item, began.elapsed());
            began = Instant::now();
        }
    }

    fn give(&self, item: T, took: Duration) {
        let mut queue = self.0.lock();
        if queue.is_left {
            return;
        }
        queue.items.push_back(item);
        queue.took += took;
        let is_worth_it = queue.is_taker_idle || queue.took >= WORTH_WAKING || queue.items.len() >= MOST / 2;
        if queue.is_taker_waiting && is_worth_it {
            queue.is_taker_waiting = false;
            self.0.filled.notify_one();
        }
        while (queue.took >= PATIENCE || queue.items.len() >= MOST) && !queue.is_left {
            queue.is_giver_waiting = true;
            queue = Shared::wait(&self.0.emptied, queue, LOOK);
        }
        queue.is_giver_waiting = false;
    }
}

impl<T> Drop for Giver<T> {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        queue.is_ended = true;
        queue.has_panicked = std::thread::panicking();
        self.0.filled.notify_one();
    }
}

impl<T> Iterator for Readahead<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if let Some(item) = self.taken.pop_front() {
            return Some(item);
        }
        let mut queue = self.shared.lock();
        while queue.items.is_empty() && !queue.is_ended {
            let at_most = if queue.is_taker_idle { LOOK } else { PATIENCE };
            queue.is_taker_waiting = true;
            queue = Shared::wait(&self.shared.filled, queue, at_most);
            queue.is_taker_idle = true;
        }
        (queue.is_taker_waiting, queue.is_taker_idle) = (false, false);
        mem::swap(&mut queue.items, &mut self.taken);
        queue.took = Duration::ZERO;
        let (has_panicked, is_giver_waiting) = (queue.has_panicked, queue.is_giver_waiting);
        drop(queue);
        if is_giver_waiting {
            self.shared.emptied.notify_one();
        }
        let item = self.taken.pop_front();
        assert!(item.is_some() || !has_panicked, "the thread that is asked has panicked");
        item
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.size_hint
    }
}

impl<T> Drop for Readahead<T> {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.is_left = true;
        let items = mem::take(&mut queue.items);
        drop(queue);
        self.shared.emptied.notify_one();
        drop(items);
    }
}
