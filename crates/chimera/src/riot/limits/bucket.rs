//! One limit with its windows: what has been sent, what others sent, and when the next request may go. Pure: the
//! time is an argument.

use std::{collections::VecDeque, time::Duration};

use chassis::Backoff;
use tokio::time::Instant;

use super::{FIRST_LIMITS, RateLimit, Restraint, headers::Counted};

/// What a window is made longer by, for the grain of clocks and timers.
const MARGIN: Duration = Duration::from_millis(50);
/// What is added to a `Retry-After`, which is in whole seconds.
const AFTER_REFUSAL: Duration = Duration::from_millis(500);
/// The pause after a refusal that names none; it doubles with each refusal in a row.
const PAUSES: Backoff =
    Backoff { base: Duration::from_secs(1), factor: 2.0, max: Duration::from_secs(60), jitter: 0.2 };
/// A request without an answer for so long no longer keeps others back. It still counts.
const LONGEST_HOLD: Duration = Duration::from_secs(1);
/// The same where its answer is what the others need to know.
const LONGEST_PROBE: Duration = Duration::from_secs(5);
/// Answers take about so long. More requests at once than use the limit up at this pace only make a refusal cost more.
const USUAL_LATENCY_SECONDS: f64 = 0.1;
/// A request that broke off may still arrive at Riot for so long.
const STRAGGLING: Duration = Duration::from_secs(2);

/// Names a request on its way.
pub(super) type Ticket = u64;

/// When a request may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    Now,
    /// Not before then.
    At(Instant),
    /// When one on its way is answered, and in any case to be asked again then.
    AfterAnswer(Instant),
}

impl Ready {
    /// Until when there is to be waited, as far as that is known.
    pub(super) fn until(&self) -> Option<Instant> {
        match self {
            Self::Now => None,
            Self::At(at) | Self::AfterAnswer(at) => Some(*at),
        }
    }
}

/// One application limit or one method limit.
#[derive(Debug)]
pub(super) struct Bucket {
    windows: Vec<Window>,
    /// Whether the limits are Riot's or ours for want of any.
    standing: Standing,
    /// When each answered request began to leave the windows, oldest first.
    answered: VecDeque<Instant>,
    on_the_way: Vec<(Ticket, Instant)>,
    closed_until: Option<Instant>,
    refusals_in_a_row: u32,
    restraint: Restraint,
}

#[derive(Debug)]
struct Window {
    limit: RateLimit,
    /// Requests of other processes: until when, how many; in order of time.
    of_others: VecDeque<(Instant, u32)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Nothing is known, or something was refused or changed: one at a time.
    Probing,
    /// Requests have been answered under these limits.
    Settled,
}

impl Bucket {
    pub(super) fn new(restraint: Restraint) -> Self {
        Self {
            windows: FIRST_LIMITS.map(Window::new).into(),
            standing: Standing::Probing,
            answered: VecDeque::new(),
            on_the_way: Vec::new(),
            closed_until: None,
            refusals_in_a_row: 0,
            restraint,
        }
    }

    /// When the next request may go.
    pub(super) fn ready(&self, now: Instant) -> Ready {
        if let Some(until) = self.closed_until.filter(|until| *until > now) {
            return Ready::At(until);
        }
        let full =
            self.windows.iter().filter_map(|window| self.free_at(window, now)).max_by_key(Ready::until);
        if let Some(at) = full {
            return at;
        }
        let hold = if self.standing == Standing::Probing { LONGEST_PROBE } else { LONGEST_HOLD };
        let mut holding = self.on_the_way.iter().map(|(_, sent)| *sent + hold).filter(|end| *end > now);
        let earliest = holding.clone().min();
        match earliest {
            Some(end) if holding.by_ref().count() >= self.at_once() as usize => Ready::AfterAnswer(end),
            _ => Ready::Now,
        }
    }

    pub(super) fn send(&mut self, ticket: Ticket, now: Instant) {
        self.on_the_way.push((ticket, now));
    }

    /// The answer to `ticket` began to arrive; `is_settling` when it is no refusal by any bucket.
    pub(super) fn answer(&mut self, ticket: Ticket, learnt: &Counted, is_settling: bool, now: Instant) {
        let sent = self.finish(ticket, now);
        // An answer to a request from before a refusal says nothing about the time after it.
        if is_settling && self.closed_until.is_none_or(|until| sent.is_some_and(|sent| sent >= until)) {
            self.refusals_in_a_row = 0;
            self.standing = Standing::Settled;
        }
        if !learnt.limits.is_empty() {
            self.learn_limits(&learnt.limits);
        }
        self.learn_counts(&learnt.counts, now);
    }

    /// The request `ticket` was not sent.
    pub(super) fn forget(&mut self, ticket: Ticket) {
        self.on_the_way.retain(|(known, _)| *known != ticket);
    }

    /// There will be no answer to `ticket`.
    pub(super) fn lose(&mut self, ticket: Ticket, now: Instant) {
        self.finish(ticket, now + STRAGGLING);
    }

    /// Riot refused a request on account of this bucket.
    pub(super) fn refuse(&mut self, retry_after: Option<Duration>, now: Instant, random: f64) {
        self.refusals_in_a_row = self.refusals_in_a_row.saturating_add(1);
        self.standing = Standing::Probing;
        let pause = match retry_after {
            Some(after) => after + AFTER_REFUSAL,
            None => PAUSES.delay(self.refusals_in_a_row, random),
        };
        self.closed_until = self.closed_until.max(Some(now + pause));
    }

    /// How many may be on the way at once: as many as use the limit up, one where we do not know what to expect.
    fn at_once(&self) -> u32 {
        if self.standing == Standing::Probing {
            return 1;
        }
        let rate = |window: &Window| f64::from(self.part(window)) / window.limit.window.as_secs_f64();
        let slowest = self.windows.iter().map(rate).fold(f64::INFINITY, f64::min);
        // The cast saturates; one is always let through, as a window that is full holds it back itself.
        let enough = (slowest * USUAL_LATENCY_SECONDS).ceil() as u32;
        enough.min(self.restraint.most_at_once.unwrap_or(u32::MAX)).max(1)
    }

    /// What we may use of a window ourselves. A limit of nothing would keep us out for good, so it is one: that shows
    /// when the limit is over.
    fn part(&self, window: &Window) -> u32 {
        (window.limit.requests / self.restraint.key_users.max(1)).max(1)
    }

    /// `None` when the window has room, otherwise when it will have some: for us in our part of it, and for all who
    /// use the key in the whole.
    fn free_at(&self, window: &Window, now: Instant) -> Option<Ready> {
        let length = window.limit.window + MARGIN;
        let first = self.answered.partition_point(|answered| *answered + length <= now);
        let ours = || self.answered.iter().skip(first).map(|answered| (*answered + length, 1));
        let others = || window.of_others.iter().copied().filter(|(end, _)| *end > now);
        let used = self.on_the_way.len() as u64 + (self.answered.len() - first) as u64;
        let used_by_all = used + others().map(|(_, places)| u64::from(places)).sum::<u64>();
        let in_our_part = wait(used, self.part(window), ours(), now);
        let in_all = wait(used_by_all, window.limit.requests.max(1), in_order(ours(), others()), now);
        in_our_part.into_iter().chain(in_all).max_by_key(Ready::until)
    }

    /// Gives back when it was sent.
    fn finish(&mut self, ticket: Ticket, at: Instant) -> Option<Instant> {
        let index = self.on_the_way.iter().position(|(known, _)| *known == ticket)?;
        let (_, sent) = self.on_the_way.swap_remove(index);
        let index = self.answered.partition_point(|answered| *answered <= at);
        self.answered.insert(index, at);
        let longest =
            self.windows.iter().map(|window| window.limit.window).max().unwrap_or_default() + MARGIN;
        while self.answered.front().is_some_and(|answered| *answered + longest <= at) {
            self.answered.pop_front();
        }
        Some(sent)
    }

    fn learn_limits(&mut self, limits: &[RateLimit]) {
        let same = self.windows.len() == limits.len()
            && self.windows.iter().zip(limits).all(|(window, limit)| window.limit == *limit);
        if same {
            return;
        }
        let mut before = std::mem::take(&mut self.windows);
        let renew = |limit: &RateLimit| {
            let known = before.iter().position(|window| window.limit.window == limit.window);
            let of_others = known.map(|index| before.swap_remove(index).of_others).unwrap_or_default();
            Window { limit: *limit, of_others }
        };
        self.windows = limits.iter().map(renew).collect();
    }

    /// Where Riot counts more than we sent, others use the key too.
    fn learn_counts(&mut self, counts: &[RateLimit], now: Instant) {
        let on_the_way = self.on_the_way.len() as u64;
        for window in &mut self.windows {
            let length = window.limit.window + MARGIN;
            window.of_others.retain(|(end, _)| *end > now);
            let Some(count) = counts.iter().find(|count| count.window == window.limit.window) else {
                continue;
            };
            let ours =
                self.answered.len() - self.answered.partition_point(|answered| *answered + length <= now);
            let others: u64 = window.of_others.iter().map(|(_, n)| u64::from(*n)).sum();
            let known = ours as u64 + others + on_the_way;
            let unknown =
                u64::from(count.requests).saturating_sub(known).min(u64::from(window.limit.requests));
            if let Ok(unknown @ 1..) = u32::try_from(unknown) {
                window.of_others.push_back((now + length, unknown));
            }
        }
    }
}

/// When one more has room beside `used`, of which those in `ends` hold their places until then, in order. The rest of
/// them is on its way. Looks through `ends` only where there is no room.
fn wait(used: u64, limit: u32, ends: impl Iterator<Item = (Instant, u32)>, now: Instant) -> Option<Ready> {
    let mut too_many = (used + 1).checked_sub(u64::from(limit)).filter(|too_many| *too_many > 0)?;
    for (end, places) in ends {
        match too_many.checked_sub(u64::from(places)) {
            None | Some(0) => return Some(Ready::At(end)),
            Some(left) => too_many = left,
        }
    }
    // Only requests on their way are left; nobody knows when they are answered.
    Some(Ready::AfterAnswer(now + LONGEST_HOLD))
}

/// Two lists in order as one.
fn in_order(
    left: impl Iterator<Item = (Instant, u32)>,
    right: impl Iterator<Item = (Instant, u32)>,
) -> impl Iterator<Item = (Instant, u32)> {
    let (mut left, mut right) = (left.peekable(), right.peekable());
    std::iter::from_fn(move || match (left.peek(), right.peek()) {
        (Some(first), Some(second)) if second.0 < first.0 => right.next(),
        (Some(_), _) => left.next(),
        (None, _) => right.next(),
    })
}

impl Window {
    fn new(limit: RateLimit) -> Self {
        Self { limit, of_others: VecDeque::new() }
    }
}

#[cfg(test)]
mod tests;
