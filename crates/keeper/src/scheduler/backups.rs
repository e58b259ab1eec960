//! How far each backup of the plans can be relied on in each of its stores, as the page, `keeper status`, the metrics
//! and the health of keeper show it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use keeper_core::{
    freshness::{Aim, Failure, Level, Restore, Standing, Taken, Verdict, age, judge},
    plan::{
        Plan,
        backup::{Backup, Store, StoreKind},
        set::{PlanSet, TaskId},
        value::Period,
    },
    schedule::history::{History, TaskHistory},
};
use serde::Serialize;

use super::Keeper;
use crate::{metric_names, store::backups as rows};

/// A backup of a plan in one of its stores.
#[derive(Debug, Clone, Serialize)]
pub struct BackupState {
    /// `PLAN/NAME`.
    pub backup: String,
    /// What people call it.
    pub title: Option<String>,
    /// The store.
    pub store: String,
    /// How far away that is.
    pub kind: StoreKind,
    /// Role that answers for it.
    pub owner: Option<String>,
    /// Its schedule as written.
    pub schedule: String,
    /// Whether it can be relied on.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The reasons in words.
    pub says: Vec<String>,
    /// Age of the newest proved one; none when there is none.
    pub proved_age_seconds: Option<u64>,
    /// That may be so much; none when nothing says how often it is due.
    pub oldest_good_seconds: Option<u32>,
    /// How many lie in the store.
    pub count: usize,
    /// The newest, whatever it is worth.
    pub newest: Option<Taken>,
    /// The newest that was proved good, with what the proof found and how long its restore took.
    pub proved: Option<Taken>,
    /// The newest failure, with whether it was made good since.
    pub failure: Option<Failure>,
    /// The newest restore that people asked for.
    pub restored: Option<Restore>,
}

impl BackupState {
    /// Backup and store, as a sentence names them.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} in {}", self.backup, self.store)
    }
}

/// What of it is the same for as long as its plan is.
#[derive(Debug, Clone)]
pub(super) struct BackupOutline {
    task: TaskId,
    tolerance: Period,
    limit: Option<Period>,
    state: BackupState,
}

/// The outlines of all backups and stores. The limit takes a look at a hundred times of the schedule, so it is found
/// once for each plan.
pub(super) fn outlines(plans: &PlanSet) -> Vec<BackupOutline> {
    let of_plan = |plan: &Plan| {
        let of_backup = |backup: &Backup| {
            let limit = backup.oldest_good_age(&plan.head.zone);
            let stores =
                backup.stores.iter().filter_map(|name| plan.store.iter().find(|it| it.name == *name));
            stores.map(|store| outline(plan, backup, store, limit)).collect::<Vec<_>>()
        };
        plan.backup.iter().flat_map(of_backup).collect::<Vec<_>>()
    };
    plans.plans().iter().flat_map(of_plan).collect()
}

fn outline(plan: &Plan, backup: &Backup, store: &Store, limit: Option<Period>) -> BackupOutline {
    let plan_name = plan.head.name.as_str();
    BackupOutline {
        task: TaskId::new(plan_name, &format!("backup/{}", backup.name)),
        tolerance: store.tolerance,
        limit,
        state: BackupState {
            backup: format!("{plan_name}/{}", backup.name),
            title: backup.title.clone(),
            store: store.name.to_string(),
            kind: store.kind,
            owner: backup.owner.as_ref().map(ToString::to_string),
            schedule: backup.schedule.to_string(),
            verdict: Verdict { level: Level::Green, reasons: Vec::new() },
            says: Vec::new(),
            proved_age_seconds: None,
            oldest_good_seconds: limit.map(Period::as_seconds),
            count: 0,
            newest: None,
            proved: None,
            failure: None,
            restored: None,
        },
    }
}

/// The state of every backup of the plans in every store of its own.
#[must_use]
pub fn backups(
    plans: &PlanSet,
    history: &History,
    standings: &BTreeMap<rows::Pair, Standing>,
    now: Timestamp,
) -> Vec<BackupState> {
    filled(&outlines(plans), history, standings, now)
}

fn filled(
    outlines: &[BackupOutline],
    history: &History,
    standings: &BTreeMap<rows::Pair, Standing>,
    now: Timestamp,
) -> Vec<BackupState> {
    let nothing = Standing::default();
    let state = |outline: &BackupOutline| {
        let pair = (outline.state.backup.clone(), outline.state.store.clone());
        let standing = standings.get(&pair).unwrap_or(&nothing);
        let own = history.task(&outline.task).filter(|own| !own.is_retired());
        let since = own.map(TaskHistory::planned_since);
        let aim = Aim { limit: outline.limit, tolerance: outline.tolerance, since };
        let verdict = judge(standing, &aim, now);
        let proved = standing.proved().cloned();
        let proved_age = proved.as_ref().map(|proved| age(proved.taken_at, now).unsigned_abs().as_secs());
        BackupState {
            says: verdict.reasons.iter().map(ToString::to_string).collect(),
            verdict,
            proved_age_seconds: proved_age,
            count: standing.kept().len(),
            newest: standing.newest().cloned(),
            proved,
            failure: standing.failure.clone(),
            restored: standing.restored.clone(),
            ..outline.state.clone()
        }
    };
    outlines.iter().map(state).collect()
}

impl Keeper {
    /// Reads again what lies in the stores, if a row has said something of it.
    pub(super) async fn look_at_backups(&mut self) -> anyhow::Result<()> {
        let rows_now = self.writer.backup_rows();
        if rows_now != self.standings_of {
            self.standings = rows::all(&self.state().database).await?;
            self.standings_of = rows_now;
        }
        Ok(())
    }

    pub(super) fn backup_states(&self, now: Timestamp) -> Vec<BackupState> {
        filled(&self.backup_outlines, self.writer.history(), &self.standings, now)
    }

    /// Takes the backups of changed plans over; what is in no plan any more is no longer measured.
    pub(super) fn take_backups_over(&mut self, plans: &PlanSet) {
        let new = outlines(plans);
        let is_gone = |old: &&BackupOutline| !new.iter().any(|it| it.state.name() == old.state.name());
        for gone in self.backup_outlines.iter().filter(is_gone) {
            metric_names::forget_backup(&gone.state.backup, &gone.state.store);
        }
        self.backup_outlines = new;
    }
}
