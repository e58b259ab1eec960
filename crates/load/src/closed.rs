//! The closed loop: a fixed number of clients, each asking again as soon as it has its answer.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, sleep_until};

use crate::{
    generator::{Arrival, Flight, Outcome},
    report::{Mode, Report},
    tally::Tally,
};

/// How many clients, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedPlan {
    /// Requests always under way. 0 is taken as 1.
    pub concurrency: usize,
    /// How long requests are started and measured.
    pub duration: Duration,
    /// How long requests are made before that, and not measured.
    pub warm_up: Duration,
}

/// Keeps the plan's number of requests under way and reports the throughput.
///
/// Latency counts from the actual start, so a stall of the system is charged to the requests under way and not to
/// those that would have come: read the throughput, not the percentiles. Requests under way at the end have as long
/// again, and at least a second, to finish.
pub async fn run_closed<F, Fut>(plan: ClosedPlan, mut request: F) -> Report
where
    F: FnMut(u64) -> Fut,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    let measured_from = Instant::now() + plan.warm_up;
    let end = measured_from + plan.duration;
    let last_moment = end + plan.duration.max(Duration::from_secs(1));
    let concurrency = plan.concurrency.max(1);
    let mut tally = Tally::new(measured_from);
    let mut flight = Flight::new(concurrency);
    let mut indexes = 0..;

    loop {
        flight.collect_finished(&mut tally);
        let now = Instant::now();
        while now < end
            && flight.has_room()
            && let Some(index) = indexes.next()
        {
            flight.start(Arrival { index, due: now, is_measured: now >= measured_from }, &mut request);
        }
        if flight.is_empty() {
            break;
        }
        tokio::select! {
            () = flight.collect_one(&mut tally) => {}
            () = sleep_until(last_moment) => {
                flight.arrivals().for_each(|arrival| tally.count_unfinished(arrival, last_moment));
                break;
            }
        }
    }
    tally.into_report(Mode::Closed { concurrency }, plan.duration)
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    fn plan(concurrency: usize, duration_ms: u64, warm_up_ms: u64) -> ClosedPlan {
        ClosedPlan {
            concurrency,
            duration: Duration::from_millis(duration_ms),
            warm_up: Duration::from_millis(warm_up_ms),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn throughput_is_concurrency_over_service_time() {
        let check = async |concurrency: usize, expected: f64| {
            let report = run_closed(plan(concurrency, 2_000, 500), |_| async {
                sleep(Duration::from_millis(10)).await;
                Outcome::ok(0)
            })
            .await;
            let achieved = report.achieved_per_second;
            assert!((achieved - expected).abs() < expected * 0.03, "{concurrency} clients: {achieved}/s");
            assert_eq!((report.late, report.unfinished), (0, 0));
        };
        check(1, 100.0).await;
        check(8, 800.0).await;
        check(0, 100.0).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_hanging_request_is_counted_and_ends_the_run() {
        let report = run_closed(plan(2, 1_000, 0), |index| async move {
            if index == 3 {
                std::future::pending::<()>().await;
            }
            sleep(Duration::from_millis(100)).await;
            Outcome::ok(0)
        })
        .await;
        assert_eq!(report.unfinished, 1);
        assert!(report.completed >= 10, "{report:?}");
        assert!(report.latency.max_us > 1_000_000, "{:?}", report.latency);
    }
}
