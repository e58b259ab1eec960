//! One attempt at one job: the handler beside its heartbeat, and what comes of it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chassis::backoff::Backoff;
use futures::FutureExt;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::{DeadJob, Handler, Running, Shop};
use crate::error::JobsError;
use crate::job::{Claimed, Lease};
use crate::observe;
use crate::queue::Queue;
use crate::retry::{Failure, Verdict, decide};

const ON_DEAD_LIMIT: Duration = Duration::from_secs(30);
/// What came of an attempt is written this often before it is left to the lease's end.
const SETTLE_TRIES: u32 = 6;
const SETTLE: Backoff =
    Backoff { base: Duration::from_millis(100), factor: 2.0, max: Duration::from_secs(2), jitter: 0.5 };

/// How an attempt ended.
enum Ended {
    Done,
    Failed(Failure),
    /// The drain was over first.
    CutOff,
}

pub(super) async fn work<H: Handler>(shop: &Shop<H>, claim: Claimed, time_limit: Duration) {
    let Claimed { job, lease } = claim;
    let span = tracing::info_span!("job", job.id = %job.id, job.kind = job.kind, job.attempt = job.attempt);
    let running = Running {
        job,
        lease,
        queue: shop.queue.clone(),
        lost: CancellationToken::new(),
        stopping: shop.stopping.clone(),
        has_completed: Arc::new(AtomicBool::new(false)),
    };
    // Ends with this scope however that is left: a lease that nobody works under must run out.
    let heart =
        keep_alive(shop.queue.clone(), running.lease.clone(), shop.settings.lease, running.lost.clone());
    let _heart = AbortOnDropHandle::new(tokio::spawn(heart.instrument(span.clone())));
    attempt(shop, &running, time_limit).instrument(span).await;
}

async fn attempt<H: Handler>(shop: &Shop<H>, running: &Running, time_limit: Duration) {
    let job = &running.job;
    let ended = if job.is_exhausted() {
        let reason = format!("its {} attempts ended with the death of their worker", job.max_attempts);
        Ended::Failed(Failure::permanent(reason))
    } else {
        if job.attempt == 1 {
            let waited_ms = shop.queue.clock_now().as_millisecond() - job.enqueued_at.as_millisecond();
            observe::waited(&job.kind, Duration::from_millis(u64::try_from(waited_ms).unwrap_or(0)));
        }
        let started = Instant::now();
        let ended = handle(shop, running, time_limit).await;
        observe::ran(&job.kind, started.elapsed());
        ended
    };
    let outcome = match settle(shop, running, ended).await {
        Ok(outcome) => outcome,
        Err(JobsError::LeaseLost { .. }) => {
            running.lost.cancel();
            tracing::warn!("the lease was lost before the job was settled: this attempt does not count");
            "lease_lost"
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "what came of the job was not written: it is done again after its lease");
            "lease_lost"
        }
    };
    observe::finished(&job.kind, outcome);
}

/// Runs the handler within its time, and not beyond the drain.
async fn handle<H: Handler>(shop: &Shop<H>, running: &Running, time_limit: Duration) -> Ended {
    let work = AssertUnwindSafe(shop.handler.run(running.clone())).catch_unwind();
    tokio::select! {
        result = work => match result {
            Ok(Ok(())) => Ended::Done,
            Ok(Err(failure)) => Ended::Failed(failure),
            Err(_panic) => Ended::Failed(Failure::retry("the handler panicked")),
        },
        () = sleep(time_limit) => {
            Ended::Failed(Failure::retry(format!("the attempt took longer than {} s", time_limit.as_secs_f64())))
        }
        () = shop.deadline.cancelled() => Ended::CutOff,
    }
}

async fn settle<H: Handler>(
    shop: &Shop<H>,
    running: &Running,
    ended: Ended,
) -> Result<&'static str, JobsError> {
    let Running { job, lease, queue, .. } = running;
    let has_completed = running.has_completed.load(Ordering::Acquire);
    if has_completed && patiently(|| queue.is_done_by(lease)).await? {
        // Whatever the handler says: what it committed stands.
        patiently(|| queue.complete(lease)).await?;
        return Ok("done");
    }
    match ended {
        Ended::Done if has_completed => {
            // The transaction that was to complete it was not kept.
            let failure = Failure::retry("the handler returned without the commit that completes the job");
            give_up_or_retry(shop, running, failure).await
        }
        Ended::Done => {
            patiently(|| queue.complete(lease)).await?;
            Ok("done")
        }
        Ended::CutOff => {
            patiently(|| queue.give_back(lease)).await?;
            shop.given_back.fetch_add(1, Ordering::AcqRel);
            tracing::info!(job.id = %job.id, "the job was cut off and given back");
            Ok("given_back")
        }
        Ended::Failed(failure) => give_up_or_retry(shop, running, failure).await,
    }
}

async fn give_up_or_retry<H: Handler>(
    shop: &Shop<H>,
    running: &Running,
    failure: Failure,
) -> Result<&'static str, JobsError> {
    let Running { job, lease, queue, .. } = running;
    let backoff = &queue.settings().backoff;
    match decide(failure, job.attempt, job.max_attempts, backoff, fastrand::f64()) {
        Verdict::Again { after, reason, counts: false } => {
            tracing::debug!(reason, after_ms = after.as_millis() as u64, "the job is put off");
            patiently(|| queue.postpone(lease, after, &reason)).await?;
            Ok("postponed")
        }
        Verdict::Again { after, reason, counts: true } => {
            tracing::info!(
                reason,
                after_ms = after.as_millis() as u64,
                "the attempt failed and is made again"
            );
            patiently(|| queue.retry(lease, after, &reason)).await?;
            Ok("retried")
        }
        Verdict::Dead { reason } => {
            if running.lost.is_cancelled() {
                return Err(JobsError::LeaseLost { id: lease.id.clone() });
            }
            tracing::warn!(reason, "the job is given up");
            tell(shop, running, &reason).await;
            patiently(|| queue.bury(lease, &reason)).await?;
            Ok("dead")
        }
    }
}

async fn tell<H: Handler>(shop: &Shop<H>, running: &Running, reason: &str) {
    let dead = DeadJob { job: running.job.clone(), reason: reason.to_owned() };
    let told = AssertUnwindSafe(shop.handler.on_dead(dead)).catch_unwind();
    if !matches!(timeout(ON_DEAD_LIMIT, told).await, Ok(Ok(()))) {
        tracing::error!("nobody could be told that the job is given up");
    }
}

/// Tries again while the database is busy or away; the heartbeat goes on beside it.
async fn patiently<T, F>(mut call: impl FnMut() -> F) -> Result<T, JobsError>
where
    F: Future<Output = Result<T, JobsError>>,
{
    let mut tries: u32 = 1;
    loop {
        match call().await {
            Err(error) if error.is_retryable() && tries < SETTLE_TRIES => {
                sleep(SETTLE.delay(tries, fastrand::f64())).await;
                tries += 1;
            }
            other => return other,
        }
    }
}

/// Extends the lease every third of it. Gives it up for lost when the row says so, or when nothing was heard of the
/// row for a whole lease.
async fn keep_alive(queue: Queue, lease: Lease, length: Duration, lost: CancellationToken) {
    let mut extended = Instant::now();
    loop {
        sleep(length / 3).await;
        match timeout(length, queue.heartbeat(&lease, length)).await {
            Ok(Ok(true)) => extended = Instant::now(),
            // Completed by the handler's own transaction: nothing is left to keep.
            Ok(Ok(false)) if matches!(queue.is_done_by(&lease).await, Ok(true)) => return,
            Ok(Ok(false)) => break,
            Ok(Err(error)) => tracing::debug!(%error, "the lease was not extended this time"),
            Err(_elapsed) => {}
        }
        if extended.elapsed() >= length {
            break;
        }
    }
    lost.cancel();
}
