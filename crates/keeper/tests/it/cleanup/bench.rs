//! Loom's tables with sessions in them, and proofs of backups that hold some.

use std::{fs, os::unix::fs::PermissionsExt};

use chassis::clock::utc_text;
use jiff::{SignedDuration, Timestamp};
use keeper::{
    state::Writer,
    store::{foreign::sessions, proved_sessions},
};
use keeper_core::{
    ledger::Event,
    plan::{self, Plan, value::ServiceName},
};
use storage::{Database, DatabaseSettings, Migration, MigrationSet, params};
use testkit::TempDb;

use crate::home::{START, clock};

const LOOM: MigrationSet = MigrationSet {
    name: "loom",
    migrations: &[Migration {
        version: 1,
        name: "story",
        up: include_str!("../../../../loom/migrations/0001_story.up.sql"),
        down: "",
        sqlite_up: include_str!("../../../../loom/migrations/0001_story.sqlite.up.sql"),
        sqlite_down: "",
        postgres_up: "",
        postgres_down: "",
    }],
};

pub(super) fn ago(days: i64) -> Timestamp {
    START.parse::<Timestamp>().unwrap().saturating_sub(SignedDuration::from_hours(days * 24)).unwrap()
}

pub(super) async fn loom(url: &str) -> Database {
    let database = Database::open(&DatabaseSettings::at(url), clock()).await.unwrap();
    storage::migrate::up(&database, &[&LOOM]).await.unwrap();
    database
}

/// A session with two turns, a branch and a state; days ago for its beginning, its last turn, its last change.
pub(super) async fn session(database: &Database, id: &str, created: i64, played: i64, changed: i64) {
    let mut transaction = database.begin().await.unwrap();
    let sql = "INSERT INTO sessions (id, user_id, name, canon, settings, active_branch, created_at, updated_at, \
               last_activity) VALUES ($1, 'u', 'n', 'c', '{}', 'main', $2, $3, $4)";
    let times = [created, changed, played].map(|days| utc_text(ago(days)));
    let [created, changed, played] = &times;
    transaction.execute(sql, &params![id, created, changed, played]).await.unwrap();
    for number in 0..2_u32 {
        let sql = "INSERT INTO turns (id, session_id, number, turn_key, kind, role, input, story, reply, notes, \
                   provider, model, canon_hash, outline, input_tokens, output_tokens, usage_exact, cost_microusd, \
                   latency_ms, created_at) VALUES ($1, $2, $3, $1, '', '', '', '', '', '', '', '', '', '', 0, 0, 0, \
                   0, 0, $4)";
        let turn = format!("{id}-{number}");
        transaction.execute(sql, &params![turn, id, number, played]).await.unwrap();
    }
    let sql =
        "INSERT INTO branches (id, session_id, name, created_at, updated_at) VALUES ($1, $1, 'main', $2, $2)";
    transaction.execute(sql, &params![id, created]).await.unwrap();
    let sql = "INSERT INTO states (id, session_id, turn_id, distance, changes) VALUES ($1, $1, $1, 0, '')";
    transaction.execute(sql, &params![id]).await.unwrap();
    transaction.commit().await.unwrap();
}

/// The sessions that are left; what hangs on them must be there, and nothing else.
pub(super) async fn left(database: &Database) -> Vec<String> {
    let left = sessions::ids(database).await.unwrap().unwrap();
    for (table, each) in [("turns", 2), ("branches", 1), ("states", 1)] {
        let sql = format!("SELECT COUNT(*) AS found FROM {table}");
        let found: u64 = database.fetch_one(&sql, &[]).await.unwrap().get("found").unwrap();
        assert_eq!(found, left.len() as u64 * each, "{table}");
    }
    left
}

/// Writes that a backup was taken and proved, and what was in it.
pub(super) async fn proved(writer: &mut Writer, snapshot: &str, days_ago: i64, good: bool, ids: &[&str]) {
    let (backup, store) = ("p/full".to_owned(), "local".to_owned());
    let made = Event::ProofMade {
        backup: backup.clone(),
        store: store.clone(),
        snapshot: snapshot.to_owned(),
        good,
        findings: Vec::new(),
        duration_ms: 1,
        age_seconds: 1,
    };
    let proof = writer.append(ago(0), vec![made.into()]).await.unwrap()[0];
    let proved = proved_sessions::Proved {
        service: ServiceName::parse("app").unwrap(),
        backup,
        store,
        snapshot: snapshot.to_owned(),
        taken_at: ago(days_ago),
        proof,
    };
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    proved_sessions::put(&writer.state().database, &proved, &ids).await.unwrap();
}

pub(super) fn plan_of(place: &str) -> Plan {
    let text = format!("[plan]\nname = \"p\"\ntitle = \"P\"\nzone = \"UTC\"\n[service.app]\n{place}");
    plan::parse(&text, "p.toml").unwrap()
}

/// The database in a plan; the password of a throw-away server goes into a file.
pub(super) fn place(temporary: &TempDb, folder: &std::path::Path) -> String {
    if let Some(path) = temporary.path() {
        return format!("database.sqlite = \"{}\"", path.display());
    }
    let (scheme, rest) = temporary.url.split_once("://").unwrap();
    let (user, host) = rest.split_once('@').unwrap();
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let file = folder.join("password");
    fs::write(&file, password).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    format!(
        "[service.app.database.postgres]\nurl = \"{scheme}://{user}@{host}\"\npassword.file = \"{}\"",
        file.display()
    )
}
