//! What the ledger's rows say of backups reaches the tables, the snapshot, the metrics and `keeper status`.

use std::time::Duration;

use chassis::Clock;
use jiff::Timestamp;
use keeper::{
    scheduler::{BackupState, Keeper},
    state::Writer,
    store::backups,
};
use keeper_core::{
    freshness::{Level, Standing},
    ledger::Event,
};

use crate::home::{Home, clock};

const HOUR: Duration = Duration::from_secs(3_600);

/// A nightly backup of a folder into two stores.
pub(crate) const BACKUP: &str = "\n[[store]]\nname = \"local\"\nkind = \"local\"\nplace.folder = \"repository\"\n\
    password.env = \"NOBODY_SETS_THIS\"\n\
    \n[[store]]\nname = \"away\"\nkind = \"off-site\"\nplace.folder = \"elsewhere\"\n\
    password.env = \"NOBODY_SETS_THIS\"\ntolerance = \"6h\"\n\
    \n[[backup]]\nname = \"full\"\ntitle = \"每日全量备份\"\nsources = [{ folder = \"data\" }]\n\
    schedule = \"daily 02:00\"\nkeep.days = 30\nstores = [\"local\", \"away\"]\n";

pub(crate) fn taken(store: &str, snapshot: &str, taken_at: Timestamp, damage: Option<&str>) -> Event {
    Event::BackupTaken {
        backup: "p/full".to_owned(),
        store: store.to_owned(),
        snapshot: snapshot.to_owned(),
        taken_at,
        content: None,
        size_bytes: 3 << 30,
        added_bytes: 40 << 20,
        duration_ms: 61_000,
        damage: damage.map(str::to_owned),
    }
}

pub(crate) fn failed(store: &str, reason: &str) -> Event {
    Event::BackupFailed { backup: "p/full".to_owned(), store: store.to_owned(), reason: reason.to_owned() }
}

pub(crate) fn proof(store: &str, snapshot: &str, findings: &[&str], good: bool, age: u64) -> Event {
    Event::ProofMade {
        backup: "p/full".to_owned(),
        store: store.to_owned(),
        snapshot: snapshot.to_owned(),
        good,
        findings: findings.iter().map(|it| (*it).to_owned()).collect(),
        duration_ms: 4_200,
        age_seconds: age,
    }
}

fn pruned(store: &str, dropped: &[&str]) -> Event {
    let dropped: Vec<String> = dropped.iter().map(|it| (*it).to_owned()).collect();
    Event::Pruned { backup: "p/full".to_owned(), store: store.to_owned(), dropped, kept: 1 }
}

/// Writes rows as a keeper does that is gone afterwards.
pub(crate) async fn write(home: &Home, clock: &Clock, events: Vec<Event>) {
    let mut writer = Writer::take(&home.config.state, clock.clone()).await.unwrap();
    writer.append(clock.now(), events.into_iter().map(Into::into).collect()).await.unwrap();
    writer.release().await.unwrap();
}

fn state(keeper: &Keeper, store: &str) -> BackupState {
    let snapshot = keeper.subscribe().borrow().clone();
    snapshot.backups.iter().find(|state| state.store == store).unwrap().clone()
}

async fn standing(keeper: &Keeper, store: &str) -> Standing {
    backups::of(&keeper.state().database, "p/full", store).await.unwrap()
}

#[tokio::test]
async fn rows_become_verdicts_for_each_store() {
    let (home, clock) = (Home::new(BACKUP), clock());
    let mut keeper = home.keeper(&clock).await;
    keeper.tick().await.unwrap();
    for store in ["local", "away"] {
        assert_eq!((state(&keeper, store).verdict.level, state(&keeper, store).count), (Level::Amber, 0));
        assert_eq!(state(&keeper, store).says, ["none was taken yet"]);
    }
    drop(keeper);

    let at = clock.now();
    let rows = vec![
        taken("local", "a1", at, None),
        proof("local", "a1", &["bytes are equal", "12 rows are equal"], true, 60),
        failed("away", "403 Forbidden"),
        failed("away", "connection refused"),
    ];
    write(&home, &clock, rows).await;
    let mut keeper = home.keeper(&clock).await;
    keeper.tick().await.unwrap();
    let (local, away) = (state(&keeper, "local"), state(&keeper, "away"));
    assert_eq!((local.verdict.level, local.proved_age_seconds), (Level::Green, Some(0)));
    let proved = local.proved.unwrap().proof.unwrap();
    assert_eq!((proved.finding.as_str(), proved.duration_ms), ("bytes are equal; 12 rows are equal", 4_200));
    assert_eq!(away.verdict.level, Level::Amber);
    let failure = away.failure.unwrap();
    assert_eq!((failure.since, failure.times, failure.reason.as_str()), (Some(at), 2, "connection refused"));

    clock.advance(HOUR * 7);
    keeper.tick().await.unwrap();
    let away = state(&keeper, "away");
    assert_eq!(away.verdict.level, Level::Red);
    assert!(away.says[0].contains("connection refused; that is longer than 6h"), "{:?}", away.says);
    clock.advance(HOUR * 42);
    keeper.tick().await.unwrap();
    assert!(state(&keeper, "local").says[0].contains("older than 2d"), "{:?}", state(&keeper, "local").says);
}

#[tokio::test]
async fn what_is_dropped_is_gone_and_a_success_ends_failures() {
    let (home, clock) = (Home::new(BACKUP), clock());
    let at = clock.now();
    write(&home, &clock, vec![failed("local", "x"), taken("local", "a1", at, None)]).await;
    clock.advance(HOUR);
    let later = clock.now();
    let bad = proof("local", "a2", &["bytes differ"], false, 0);
    write(&home, &clock, vec![taken("local", "a2", later, Some("row 3 is missing")), bad]).await;
    // A proof of a backup that the ledger has never heard of.
    write(&home, &clock, vec![proof("away", "z9", &["equal"], true, 1_800)]).await;
    let keeper = home.keeper(&clock).await;
    let local = standing(&keeper, "local").await;
    assert_eq!((local.kept().len(), local.failure.as_ref().unwrap().since), (2, None));
    assert_eq!(local.newest().unwrap().damage.as_deref(), Some("row 3 is missing"));
    assert_eq!(local.refuted().unwrap().1.finding, "bytes differ");
    let away = standing(&keeper, "away").await;
    assert_eq!(away.newest().unwrap().taken_at, later - jiff::SignedDuration::from_mins(30));
    assert_eq!(
        backups::all(&keeper.state().database).await.unwrap()[&("p/full".into(), "local".into())],
        local
    );
    drop(keeper);

    write(&home, &clock, vec![pruned("local", &["a2", "unknown"])]).await;
    let restored = Event::Restored {
        backup: "p/full".to_owned(),
        store: "local".to_owned(),
        snapshot: "a1".to_owned(),
        target: "/tmp/x".to_owned(),
        overwrite: false,
        good: true,
        duration_ms: 900,
    };
    write(&home, &clock, vec![restored]).await;
    let keeper = home.keeper(&clock).await;
    let local = standing(&keeper, "local").await;
    assert_eq!(
        (local.newest().unwrap().snapshot.as_str(), local.restored.as_ref().unwrap().duration_ms),
        ("a1", 900)
    );
}
