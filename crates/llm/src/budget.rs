//! Spending limits that hold before the call: reserve what a call may cost, settle what it did cost.
//!
//! Spent = what the database says (all replicas, re-read every few seconds) + what this process settled and has not
//! yet seen in the database + what running calls have reserved. An entry may be counted twice for a few seconds
//! between its commit and the next look, never not at all: the error is towards refusing early.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use storage::{Database, StorageError};
use tokio::time::Instant;

use crate::LlmError;
use crate::ledger::{self, LedgerEntry, Scope};
use crate::observe;
use crate::request::Owner;
use crate::settings::BudgetSettings;

/// How long a sum read from the database is used.
const REFRESH: Duration = Duration::from_secs(3);
/// An entry that its caller has not stored after this time is stored by the gateway.
const CALLER_STORES_WITHIN: Duration = Duration::from_secs(60);
/// Entries looked up in one statement.
const LOOKUP: usize = 200;

/// The running account of this process.
#[derive(Clone)]
pub(crate) struct Budget {
    settings: Arc<BudgetSettings>,
    database: Database,
    state: Arc<Mutex<State>>,
    looking: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Default)]
struct State {
    /// Sums as read from the database.
    stored: HashMap<Scope, (i64, Instant)>,
    /// Goes up whenever `stored` was emptied, so that a sum read before that is not put back after it.
    generation: u64,
    /// Settled here, not yet seen in the database, by entry id.
    settled: HashMap<String, Settled>,
    /// Promised to running calls.
    reserved: HashMap<u64, (Vec<Scope>, i64)>,
    next_reservation: u64,
    last_look: Option<Instant>,
    warned: HashSet<Scope>,
}

#[derive(Debug)]
struct Settled {
    entry: LedgerEntry,
    at: Instant,
    caller_stores: bool,
}

/// The promised cost of one running call; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    state: Arc<Mutex<State>>,
    id: u64,
}

struct Limit {
    name: &'static str,
    scope: Scope,
    microusd: i64,
}

impl Budget {
    pub(crate) fn new(settings: &BudgetSettings, database: Database) -> Budget {
        Budget {
            settings: Arc::new(settings.clone()),
            database,
            state: Arc::default(),
            looking: Arc::default(),
        }
    }

    /// Promises `microusd` to a call of `owner`, or says which limit that would pass. Free calls always may.
    pub(crate) async fn reserve(
        &self,
        owner: &Owner,
        month: &str,
        microusd: i64,
    ) -> Result<Reservation, LlmError> {
        let limits = if microusd > 0 { self.limits(owner, month) } else { Vec::new() };
        self.look_when_due().await;
        loop {
            for limit in &limits {
                self.read_stored(&limit.scope).await?;
            }
            if let Some(result) = self.try_reserve(&limits, microusd) {
                return result;
            }
        }
    }

    /// Check and promise in one step. `None` when a look emptied the sums since they were read.
    fn try_reserve(&self, limits: &[Limit], microusd: i64) -> Option<Result<Reservation, LlmError>> {
        let mut state = self.lock();
        if limits.iter().any(|limit| !state.stored.contains_key(&limit.scope)) {
            return None;
        }
        for limit in limits {
            let spent = state.spent(&limit.scope);
            if spent.saturating_add(microusd) > limit.microusd {
                observe::budget_refusal(limit.name);
                return Some(Err(LlmError::BudgetExhausted {
                    scope: limit.name,
                    limit_usd: usd(limit.microusd),
                    spent_usd: usd(spent),
                }));
            }
        }
        for limit in limits {
            let spent = state.spent(&limit.scope).saturating_add(microusd);
            self.warn_once(&mut state, limit, spent);
        }
        let id = state.next_reservation;
        state.next_reservation += 1;
        state.reserved.insert(id, (limits.iter().map(|limit| limit.scope.clone()).collect(), microusd));
        Some(Ok(Reservation { state: Arc::clone(&self.state), id }))
    }

    /// Turns a promise into a settled entry, which the caller is expected to store.
    pub(crate) fn settle(&self, reservation: Reservation, entry: &LedgerEntry) {
        let settled = Settled { entry: entry.clone(), at: Instant::now(), caller_stores: true };
        self.lock().settled.insert(entry.id.clone(), settled);
        drop(reservation);
    }

    /// Books an entry that no caller will store, and stores it. When the database refuses now, it is tried again
    /// with the next look.
    pub(crate) async fn book(&self, entry: LedgerEntry) {
        let settled = Settled { entry: entry.clone(), at: Instant::now(), caller_stores: false };
        self.lock().settled.insert(entry.id.clone(), settled);
        if let Err(error) = ledger::insert_alone(&self.database, &entry).await {
            tracing::warn!(%error, entry.id, "a model call could not be booked yet");
        }
    }

    /// What a scope has spent by now, without running calls.
    pub(crate) async fn spent(&self, scope: &Scope) -> Result<i64, LlmError> {
        let only_one = self.looking.lock().await;
        self.look().await?;
        drop(only_one);
        loop {
            self.read_stored(scope).await?;
            let state = self.lock();
            if state.stored.contains_key(scope) {
                return Ok(state.stored_microusd(scope).saturating_add(state.settled_microusd(scope)));
            }
        }
    }

    /// Stores every entry that the database does not hold yet; for the end of the program.
    pub(crate) async fn flush(&self) -> Result<(), LlmError> {
        let _only_one = self.looking.lock().await;
        self.lock().settled.values_mut().for_each(|settled| settled.caller_stores = false);
        self.look().await?;
        Ok(())
    }

    /// The limits that apply to a call.
    fn limits(&self, owner: &Owner, month: &str) -> Vec<Limit> {
        let settings = &self.settings;
        let user = owner.user_id.clone().map(|user_id| Scope::User { month: month.to_owned(), user_id });
        let all = [
            ("monthly", settings.monthly_usd, Some(Scope::Month(month.to_owned()))),
            ("user", settings.per_user_monthly_usd, user),
            ("session", settings.per_session_usd, owner.session_id.clone().map(Scope::Session)),
        ];
        let limit = |(name, limit_usd, scope): (&'static str, f64, Option<Scope>)| {
            let microusd = (limit_usd * 1_000_000.0) as i64;
            scope.filter(|_| limit_usd > 0.0).map(|scope| Limit { name, scope, microusd })
        };
        all.into_iter().filter_map(limit).collect()
    }

    /// Looks every few seconds. A look that fails only means that entries are counted twice for longer.
    async fn look_when_due(&self) {
        let is_due = self.lock().last_look.is_none_or(|at| at.elapsed() >= REFRESH);
        if is_due
            && let Ok(_only_one) = self.looking.try_lock()
            && let Err(error) = self.look().await
        {
            self.lock().last_look = Some(Instant::now());
            tracing::warn!(%error, "the model ledger could not be read");
        }
    }

    /// Drops settled entries that the database holds by now, stores those that their caller forgot, and lets all
    /// sums be read anew.
    async fn look(&self) -> Result<(), StorageError> {
        let settled: Vec<String> = self.lock().settled.keys().cloned().collect();
        let mut present = Vec::new();
        for ids in settled.chunks(LOOKUP) {
            present.extend(ledger::present(&self.database, ids).await?);
        }
        let forgotten = {
            let mut state = self.lock();
            for id in &present {
                state.settled.remove(id);
            }
            state.stored.clear();
            state.generation += 1;
            state.last_look = Some(Instant::now());
            state.forgotten()
        };
        for entry in forgotten {
            tracing::debug!(entry.id, "storing a ledger entry that its caller did not store");
            ledger::insert_alone(&self.database, &entry).await?;
        }
        Ok(())
    }

    async fn read_stored(&self, scope: &Scope) -> Result<(), StorageError> {
        loop {
            let generation = {
                let state = self.lock();
                if state.stored.get(scope).is_some_and(|(_, at)| at.elapsed() < REFRESH) {
                    return Ok(());
                }
                state.generation
            };
            let microusd = ledger::cost_microusd(&self.database, scope).await?;
            let mut state = self.lock();
            if state.generation == generation {
                state.stored.insert(scope.clone(), (microusd, Instant::now()));
                return Ok(());
            }
        }
    }

    fn warn_once(&self, state: &mut State, limit: &Limit, spent: i64) {
        let share = spent as f64 / limit.microusd.max(1) as f64;
        if share >= self.settings.alert_share && state.warned.insert(limit.scope.clone()) {
            tracing::warn!(
                budget = limit.name,
                spent_usd = usd(spent),
                limit_usd = usd(limit.microusd),
                "a model budget is nearly used up"
            );
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn spent(&self, scope: &Scope) -> i64 {
        let reserved = self
            .reserved
            .values()
            .filter(|(scopes, _)| scopes.contains(scope))
            .fold(0_i64, |sum, (_, microusd)| sum.saturating_add(*microusd));
        self.stored_microusd(scope).saturating_add(self.settled_microusd(scope)).saturating_add(reserved)
    }

    fn stored_microusd(&self, scope: &Scope) -> i64 {
        self.stored.get(scope).map_or(0, |(microusd, _)| *microusd)
    }

    fn settled_microusd(&self, scope: &Scope) -> i64 {
        let covered = self.settled.values().filter(|settled| scope.covers(&settled.entry));
        covered.fold(0_i64, |sum, settled| sum.saturating_add(settled.entry.cost_microusd))
    }

    fn forgotten(&self) -> Vec<LedgerEntry> {
        let is_forgotten =
            |settled: &&Settled| !settled.caller_stores || settled.at.elapsed() >= CALLER_STORES_WITHIN;
        self.settled.values().filter(is_forgotten).map(|settled| settled.entry.clone()).collect()
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Budget").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).reserved.remove(&self.id);
    }
}

fn usd(microusd: i64) -> f64 {
    microusd as f64 / 1_000_000.0
}
