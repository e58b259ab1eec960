//! Runs handlers: claims jobs, keeps their leases, times them, and settles what comes of them.
//!
//! Each kind has its own lane with its own slots and its own claims, so that a slow kind takes nothing from another.
//! A worker that cannot reach the backend waits and tries again; jobs under way go on.

mod lane;
mod running;
mod slot;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::JobsError;
use crate::inspect::KindStats;
use crate::job::{Job, check_kind};
use crate::observe;
use crate::queue::Queue;
use crate::retry::Failure;

pub use running::Running;

const COUNT_EVERY: Duration = Duration::from_secs(10);
/// Time to give leases back once the drain is over.
const GIVE_BACK_LIMIT: Duration = Duration::from_secs(5);

/// What does the work. A function `async fn(Running) -> Result<(), Failure>` is one; a type of its own can also tell
/// the user when a job is given up.
pub trait Handler: Send + Sync + 'static {
    /// Does the job. It may be done more than once: see [`Running::complete_in`]. A panic counts as a failure worth
    /// another attempt. When the time limit or the drain is over the future is dropped where it stands.
    fn run(&self, running: Running) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Told before a job becomes a dead letter, at least once, for 30 s at most; it becomes one whatever happens here.
    fn on_dead(&self, dead: DeadJob) -> impl Future<Output = ()> + Send {
        let _ = dead;
        async {}
    }
}

impl<F, R> Handler for F
where
    F: Fn(Running) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), Failure>> + Send,
{
    fn run(&self, running: Running) -> impl Future<Output = Result<(), Failure>> + Send {
        self(running)
    }
}

/// A job that is given up.
#[derive(Clone, Debug)]
pub struct DeadJob {
    /// The job with its payload.
    pub job: Job,
    /// Why its last attempt failed.
    pub reason: String,
}

/// How a worker works.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// Who it is in the tables and logs: host and process, for example.
    pub name: String,
    /// The kinds it serves, each on its own lane.
    pub kinds: Vec<KindSettings>,
    /// A job whose worker is not heard of for this long goes to another. Extended every third of it. Far above the
    /// difference of any two machines' clocks.
    pub lease: Duration,
    /// How often an idle lane looks for jobs that other processes enqueued.
    pub poll: Duration,
    /// How long jobs under way may go on once stopping was asked for.
    pub drain: Duration,
}

/// How a kind is served.
#[derive(Clone, Debug)]
pub struct KindSettings {
    /// The kind.
    pub kind: String,
    /// Jobs of it at the same time in this process.
    pub concurrency: u32,
    /// An attempt that takes longer has failed.
    pub time_limit: Duration,
}

impl WorkerSettings {
    /// No kinds yet; leases of 60 s, a look every 250 ms, 25 s to drain.
    pub fn new(name: impl Into<String>) -> Self {
        WorkerSettings {
            name: name.into(),
            kinds: Vec::new(),
            lease: Duration::from_secs(60),
            poll: Duration::from_millis(250),
            drain: Duration::from_secs(25),
        }
    }

    /// Serves this kind too, five minutes a job at most.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>, concurrency: u32) -> Self {
        self.kinds.push(KindSettings {
            kind: kind.into(),
            concurrency,
            time_limit: Duration::from_secs(300),
        });
        self
    }

    fn check(&self) -> Result<(), JobsError> {
        let refuse = |key, reason: String| Err(JobsError::Setting { key, reason });
        if self.lease < Duration::from_millis(100) {
            return refuse("lease", format!("{:?} is too short to be kept alive", self.lease));
        }
        if self.poll.is_zero() {
            return refuse("poll", "0 would look for jobs without a pause".to_owned());
        }
        for kind in &self.kinds {
            check_kind(&kind.kind)?;
            if kind.concurrency == 0 {
                return refuse(
                    "concurrency",
                    format!("0 would never serve {}: leave the kind out", kind.kind),
                );
            }
        }
        Ok(())
    }
}

/// How a worker stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Jobs that were cut off at the end of the drain and whose leases were given back.
    pub given_back: u64,
}

/// What every lane and slot of one worker shares.
struct Shop<H> {
    queue: Queue,
    settings: WorkerSettings,
    handler: H,
    /// Stop claiming.
    stopping: CancellationToken,
    /// Stop working.
    deadline: CancellationToken,
    slots: TaskTracker,
    given_back: AtomicU64,
}

/// Serves jobs until `shutdown` is cancelled, then claims no more, lets those under way end within the drain, cuts off
/// the rest and gives their leases back. What the backend does meanwhile is waited out, not returned.
///
/// # Errors
/// When a setting cannot work; nothing was started then.
pub async fn run<H: Handler>(
    queue: Queue,
    settings: WorkerSettings,
    handler: H,
    shutdown: CancellationToken,
) -> Result<Drained, JobsError> {
    settings.check()?;
    let drain = settings.drain;
    let stopping = shutdown.child_token();
    // Lanes are tasks of their own: they stop as well when the caller drops this future.
    let _stop_lanes = stopping.clone().drop_guard();
    let shop = Arc::new(Shop {
        queue,
        settings,
        handler,
        stopping,
        deadline: CancellationToken::new(),
        slots: TaskTracker::new(),
        given_back: AtomicU64::new(0),
    });
    let lanes = TaskTracker::new();
    for kind in &shop.settings.kinds {
        lanes.spawn(lane::serve(shop.clone(), kind.clone()));
    }
    let served = shop.settings.kinds.iter().map(|kind| kind.kind.clone()).collect();
    lanes.spawn(count(shop.queue.clone(), served, shop.stopping.clone()));
    lanes.close();
    shop.stopping.cancelled().await;
    // A claim under way may hang with the backend: the drain counts from here all the same.
    let ended = async {
        lanes.wait().await;
        shop.slots.close();
        shop.slots.wait().await;
    };
    if timeout(drain, ended).await.is_err() {
        tracing::warn!(jobs = shop.slots.len(), "the drain is over: jobs are cut off and given back");
        shop.deadline.cancel();
        shop.slots.close();
        if timeout(GIVE_BACK_LIMIT, shop.slots.wait()).await.is_err() {
            tracing::warn!(
                jobs = shop.slots.len(),
                "jobs were not given back: they wait for their lease's end"
            );
        }
    }
    Ok(Drained { given_back: shop.given_back.load(Ordering::Acquire) })
}

/// Keeps the gauges of the queue up to date; kinds of which nothing is left go to zero.
async fn count(queue: Queue, mut known: BTreeSet<String>, stopping: CancellationToken) {
    let mut ticks = interval(COUNT_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = ticks.tick() => {}
        }
        match queue.stats().await {
            Ok(mut stats) => {
                let counted: BTreeSet<String> = stats.iter().map(|kind| kind.kind.clone()).collect();
                stats.extend(known.difference(&counted).cloned().map(KindStats::none));
                observe::counted(&stats);
                known.extend(counted);
            }
            Err(error) => tracing::debug!(%error, "the queue was not counted"),
        }
    }
}
