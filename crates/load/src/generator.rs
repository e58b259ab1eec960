//! The open loop: arrivals fixed in advance, each started when due and as soon as there is room.

use std::{borrow::Cow, collections::VecDeque, future::Future, time::Duration};

use tokio::{
    task::{JoinError, JoinSet},
    time::{Instant, sleep_until},
};

use crate::{
    report::{Mode, Report},
    tally::{Tally, Timing},
};

/// However short the run, the backlog has this long to finish after the last arrival.
const SHORTEST_GRACE: Duration = Duration::from_secs(10);

/// What to offer, and for how long.
///
/// Arrivals are evenly spaced. A rate that is not a positive number offers nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Requests offered in each second.
    pub rate_per_second: f64,
    /// How long requests are offered and measured.
    pub duration: Duration,
    /// Requests under way at once; more have to wait, and are counted as late. 0 is taken as 1.
    pub max_in_flight: usize,
    /// How long requests are offered at the same rate before that, and not measured.
    pub warm_up: Duration,
}

/// How one request went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The kind of error, a short word by which the report counts; `None` is success.
    pub error: Option<Cow<'static, str>>,
    /// What was transferred, in whatever sense the caller reports.
    pub bytes: u64,
}

/// One request of the plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) index: u64,
    pub(crate) due: Instant,
    pub(crate) is_measured: bool,
}

impl Outcome {
    /// A request that succeeded.
    pub fn ok(bytes: u64) -> Self {
        Self { error: None, bytes }
    }

    /// A request that failed, under a kind such as `timeout` or `http_503`. Keep the number of kinds small: each is
    /// a line of the report.
    pub fn error(kind: impl Into<Cow<'static, str>>) -> Self {
        Self { error: Some(kind.into()), bytes: 0 }
    }
}

impl Plan {
    /// How many requests are offered, those of the warm-up included.
    pub fn arrivals(&self) -> u64 {
        let all = self.rate_per_second * (self.warm_up + self.duration).as_secs_f64();
        // The last instant is outside; a hair of rounding must not lose a whole request.
        if all.is_finite() && all > 0.0 { (all - 1e-6).ceil().max(0.0) as u64 } else { 0 }
    }

    fn due_after(&self, index: u64) -> Duration {
        Duration::from_secs_f64(index as f64 / self.rate_per_second)
    }
}

/// Offers the plan's requests and reports. `request` is called with the number of the request, counted from 0.
///
/// Must run on a Tokio runtime; requests are tasks of their own. The timer's grain of 1 ms shows in the report as
/// start lag. After the last arrival the backlog has as long again as the run, and at least 10 s, to finish; what
/// has not finished then is dropped and counted as unfinished, with the time it had waited as its latency. A
/// request that panics is an error of the kind `panic`.
pub async fn run<F, Fut>(plan: Plan, mut request: F) -> Report
where
    F: FnMut(u64) -> Fut,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    let start = Instant::now();
    let measured_from = start + plan.warm_up;
    let last_moment = measured_from + plan.duration + plan.duration.max(SHORTEST_GRACE);
    let mut tally = Tally::new(measured_from);
    let mut flight = Flight::new(plan.max_in_flight.max(1));
    let mut waiting: VecDeque<Arrival> = VecDeque::new();
    let mut upcoming = (0..plan.arrivals())
        .map(|index| {
            let due = start + plan.due_after(index);
            Arrival { index, due, is_measured: due >= measured_from }
        })
        .peekable();

    loop {
        flight.collect_finished(&mut tally);
        while flight.has_room()
            && let Some(arrival) = waiting.pop_front()
        {
            flight.start(arrival, &mut request);
        }
        let now = Instant::now();
        while let Some(arrival) = upcoming.next_if(|arrival| arrival.due <= now) {
            if flight.has_room() && waiting.is_empty() {
                flight.start(arrival, &mut request);
            } else {
                tally.count_late(&arrival);
                waiting.push_back(arrival);
            }
        }
        let next = upcoming.peek().map(|arrival| arrival.due);
        if next.is_none() && waiting.is_empty() && flight.is_empty() {
            break;
        }
        tokio::select! {
            () = sleep_until(next.unwrap_or(last_moment)) => {
                if next.is_none() {
                    waiting.iter().chain(flight.arrivals()).for_each(|arrival| tally.count_unfinished(arrival, last_moment));
                    break;
                }
            }
            () = flight.collect_one(&mut tally) => {}
        }
    }
    let mode = Mode::Open { rate_per_second: plan.rate_per_second, max_in_flight: flight.most };
    tally.into_report(mode, plan.duration)
}

/// The requests under way.
pub(crate) struct Flight {
    tasks: JoinSet<(Timing, Outcome)>,
    started: std::collections::HashMap<tokio::task::Id, Arrival>,
    most: usize,
}

impl Flight {
    pub(crate) fn new(most: usize) -> Self {
        Self { tasks: JoinSet::new(), started: std::collections::HashMap::new(), most }
    }

    pub(crate) fn has_room(&self) -> bool {
        self.tasks.len() < self.most
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    pub(crate) fn arrivals(&self) -> impl Iterator<Item = &Arrival> {
        self.started.values()
    }

    pub(crate) fn start<F, Fut>(&mut self, arrival: Arrival, request: &mut F)
    where
        F: FnMut(u64) -> Fut,
        Fut: Future<Output = Outcome> + Send + 'static,
    {
        let work = request(arrival.index);
        let handle = self.tasks.spawn(async move {
            let started = Instant::now();
            let outcome = work.await;
            let finished = Instant::now();
            (Timing { started, finished }, outcome)
        });
        self.started.insert(handle.id(), arrival);
    }

    /// Counts what has finished, without waiting.
    pub(crate) fn collect_finished(&mut self, tally: &mut Tally) {
        while let Some(finished) = self.tasks.try_join_next_with_id() {
            self.count(finished, tally);
        }
    }

    /// Waits for one to finish and counts it; waits for ever when none is under way.
    pub(crate) async fn collect_one(&mut self, tally: &mut Tally) {
        match self.tasks.join_next_with_id().await {
            Some(finished) => self.count(finished, tally),
            None => std::future::pending().await,
        }
    }

    fn count(
        &mut self,
        finished: Result<(tokio::task::Id, (Timing, Outcome)), JoinError>,
        tally: &mut Tally,
    ) {
        let (id, timing, outcome) = match finished {
            Ok((id, (timing, outcome))) => (id, Some(timing), outcome),
            Err(error) => (error.id(), None, Outcome::error("panic")),
        };
        if let Some(arrival) = self.started.remove(&id) {
            let now = Instant::now();
            let timing = timing.unwrap_or(Timing { started: arrival.due, finished: now });
            tally.count(&arrival, timing, &outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::time::sleep;

    use super::*;

    const fn plan(rate_per_second: f64, duration_ms: u64, max_in_flight: usize, warm_up_ms: u64) -> Plan {
        Plan {
            rate_per_second,
            duration: Duration::from_millis(duration_ms),
            max_in_flight,
            warm_up: Duration::from_millis(warm_up_ms),
        }
    }

    #[test]
    fn arrivals_fill_the_time_and_leave_its_end_out() {
        let check = |rate: f64, duration_ms: u64, warm_up_ms: u64, expected: u64| {
            assert_eq!(
                plan(rate, duration_ms, 1, warm_up_ms).arrivals(),
                expected,
                "{rate}/s for {duration_ms} ms"
            );
        };
        check(100.0, 1_000, 0, 100);
        check(100.0, 1_000, 500, 150);
        check(0.5, 1_000, 0, 1);
        check(3.0, 100, 0, 1);
        check(0.1, 30_000, 0, 3);
        check(0.0, 1_000, 0, 0);
        check(-4.0, 1_000, 0, 0);
        check(f64::NAN, 1_000, 0, 0);
        check(f64::INFINITY, 1_000, 0, 0);
        check(100.0, 0, 0, 0);
    }

    proptest! {
        #[test]
        fn every_arrival_is_due_before_the_end(rate in 0.01_f64..5_000.0, duration_ms in 1_u64..20_000) {
            let plan = plan(rate, duration_ms, 1, 0);
            let count = plan.arrivals();
            prop_assert!(count >= 1);
            prop_assert!(plan.due_after(count - 1) <= plan.duration);
            prop_assert!(plan.due_after(count) + Duration::from_millis(1) >= plan.duration);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_steady_system_achieves_what_is_offered() {
        let report = run(plan(100.0, 2_000, 50, 1_000), |_| async {
            sleep(Duration::from_millis(5)).await;
            Outcome::ok(10)
        })
        .await;
        assert_eq!((report.planned, report.completed, report.late, report.unfinished), (200, 200, 0, 0));
        assert_eq!(report.bytes, 2_000);
        assert!((report.achieved_per_second - 100.0).abs() < 1.0, "{}", report.achieved_per_second);
        assert!((5_000..=6_100).contains(&report.latency.p50_us), "{:?}", report.latency);
    }

    /// One request stalls for a second while another is due every 10 ms: the hundred behind it all waited, and the
    /// report must show that. A generator that counts from the actual start would report a median of nothing.
    #[tokio::test(start_paused = true)]
    async fn a_stall_is_charged_to_everybody_who_waited() {
        let report = run(plan(100.0, 2_000, 1, 0), |index| async move {
            sleep(Duration::from_millis(if index == 50 { 1_000 } else { 1 })).await;
            Outcome::ok(0)
        })
        .await;
        assert_eq!((report.planned, report.completed), (200, 200));
        assert!((95..=140).contains(&report.late), "{} late", report.late);
        assert!(report.latency.p99_us > 900_000, "{:?}", report.latency);
        assert!(report.latency.p50_us > 50_000, "{:?}", report.latency);
        assert!(report.service_time.p50_us < 3_000, "{:?}", report.service_time);
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_finishes_is_counted_and_ends_the_run() {
        let report = run(plan(10.0, 1_000, 2, 0), |_| std::future::pending::<Outcome>()).await;
        assert_eq!((report.planned, report.completed, report.unfinished, report.late), (10, 0, 10, 8));
        assert!(report.latency.p50_us > 10_000_000, "{:?}", report.latency);
        assert!(report.achieved_per_second.abs() < f64::EPSILON);
    }

    #[tokio::test(start_paused = true)]
    async fn errors_are_counted_by_kind_and_keep_their_own_latency() {
        let report = run(plan(100.0, 300, 10, 0), |index| async move {
            match index % 3 {
                0 => Outcome::ok(1),
                1 => {
                    sleep(Duration::from_millis(500)).await;
                    Outcome::error("timeout")
                }
                _ => panic!("a bug in the caller's closure"),
            }
        })
        .await;
        let kinds: Vec<(&str, u64)> =
            report.errors.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        assert_eq!(kinds, [("panic", 10), ("timeout", 10)]);
        assert!(report.latency_of_errors.max_us >= 500_000 && report.latency.max_us < 5_000, "{report:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_offered_is_an_empty_report() {
        let report = run(plan(0.0, 1_000, 0, 0), |_| async { Outcome::ok(0) }).await;
        assert_eq!((report.planned, report.completed, report.latency.max_us), (0, 0, 0));
    }
}
