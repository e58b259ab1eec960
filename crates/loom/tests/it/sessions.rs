//! Sessions: create, list, change, delete, and what the maintenance plan asks of their rows.

use serde_json::json;
use testkit::temp_db::TempDb;

use crate::world::World;

#[tokio::test]
async fn sessions_are_listed_by_pages_the_last_played_first() {
    for database in TempDb::each().await {
        let world = World::start(Some(database), |_| {}).await;
        let mut ids = Vec::new();
        for n in 0..5 {
            let session = world.post("/api/v1/sessions", &json!({ "name": format!("story {n}") })).await.ok();
            ids.push(session["id"].as_str().unwrap().to_owned());
        }
        world.say(&format!("/api/v1/sessions/{}", ids[1]), "I come back.").await;
        let first = world.get("/api/v1/sessions?limit=3").await.ok();
        let cursor = first["next_cursor"].as_str().unwrap().replace(' ', "%20").replace('|', "%7C");
        let rest = world.get(&format!("/api/v1/sessions?limit=3&cursor={cursor}")).await.ok();
        let listed: Vec<&str> = [&first, &rest]
            .iter()
            .flat_map(|page| page["items"].as_array().unwrap())
            .map(|session| session["id"].as_str().unwrap())
            .collect();
        assert_eq!(listed, [&ids[1], &ids[4], &ids[3], &ids[2], &ids[0]]);
        assert_eq!(rest["next_cursor"], json!(null));
    }
}

#[tokio::test]
async fn a_session_is_renamed_archived_and_taken_out_again() {
    let world = World::offline().await;
    let session = world.session().await;
    world.say(&session, "I wait.").await;
    let renamed = world.patch(&session, &json!({ "name": "雾港之夜" })).await.ok();
    assert_eq!((renamed["name"].as_str(), renamed["turn_count"].as_i64()), (Some("雾港之夜"), Some(1)));
    world.patch(&session, &json!({ "archived": true })).await.ok();
    assert_eq!(world.get("/api/v1/sessions").await.ok()["items"].as_array().unwrap().len(), 0);
    assert_eq!(world.get("/api/v1/sessions?archived=true").await.ok()["items"].as_array().unwrap().len(), 1);
    let turn = json!({ "key": "k", "input": "I go on." });
    world.post(&format!("{session}/turns"), &turn).await.problem(409, "session_archived");
    world.patch(&session, &json!({ "archived": false })).await.ok();
    world.post(&format!("{session}/turns"), &turn).await.ok();
}

/// The original lost every turn of a session when the session was saved again.
#[tokio::test]
async fn saving_a_session_a_hundred_times_keeps_its_turns() {
    for database in TempDb::each().await {
        let world = World::start(Some(database), |_| {}).await;
        let session = world.session().await;
        for n in 0..3 {
            world.say(&session, &format!("step {n}")).await;
        }
        for n in 0..100 {
            world.patch(&session, &json!({ "name": format!("name {n}") })).await.ok();
        }
        assert_eq!(world.rows("turns").await, 3);
    }
}

const CHILDREN: [&str; 5] = ["turns", "branches", "states", "interventions", "citations"];

#[tokio::test]
async fn deleting_a_session_leaves_no_orphans_and_no_other_session_loses_anything() {
    for database in TempDb::each().await {
        let world = World::start(Some(database), |_| {}).await;
        let (gone, kept) = (world.session().await, world.session().await);
        for session in [&gone, &kept] {
            world.say(session, "[EDIT: the door: it is red] I look at the door.").await;
        }
        let mut before = Vec::new();
        for table in CHILDREN {
            before.push(world.rows(table).await);
        }
        assert!(before.iter().all(|rows| *rows > 0), "{before:?}");
        assert_eq!(world.delete(&gone).await.status.as_u16(), 204);
        world.get(&gone).await.problem(404, "session_not_found");
        for (table, rows) in CHILDREN.iter().zip(before) {
            assert_eq!(world.rows(table).await, rows / 2, "{table}");
        }
        assert!(
            world.audit().iter().any(|line| line["action"] == "session.delete" && line["outcome"] == "ok")
        );
    }
}

/// The maintenance plan's own lines, run with the plain client, whose foreign keys are off.
#[tokio::test]
async fn the_maintenance_plans_sqlite_lines_work_as_they_stand() {
    let world = World::start(None, |_| {}).await;
    let (old, young) = (world.session().await, world.session().await);
    for session in [&old, &young] {
        world.say(session, "[EDIT: the door: it is red] I look at the door.").await;
    }
    let id = old.rsplit('/').next().unwrap();
    let client = |sql: &str| {
        let output = std::process::Command::new("sqlite3")
            .arg(world.folder.path().join("data/loom.db"))
            .arg(sql)
            .output()
            .expect("the Debian package sqlite3 is needed for this test");
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    client(&format!("UPDATE sessions SET created_at = datetime('now', '-91 days') WHERE id = '{id}';"));
    assert_eq!(client("SELECT COUNT(*) FROM sessions;"), "2");
    client("SELECT query, duration FROM slow_queries WHERE timestamp > datetime('now', '-7 days');");
    client("DELETE FROM sessions WHERE created_at < datetime('now', '-90 days');");
    assert_eq!(client("SELECT COUNT(*) FROM sessions;"), "1");
    for table in CHILDREN {
        let orphans = client(&format!(
            "SELECT COUNT(*) FROM {table} WHERE session_id NOT IN (SELECT id FROM sessions);"
        ));
        assert_eq!(orphans, "0", "{table}");
        assert_ne!(client(&format!("SELECT COUNT(*) FROM {table};")), "0", "{table}");
    }
    let plan = client("EXPLAIN QUERY PLAN SELECT * FROM sessions WHERE user_id = 'x';");
    assert!(plan.contains("idx_sessions_user"), "{plan}");
    client("CREATE INDEX IF NOT EXISTS idx_sessions_user ON sessions(user_id);");
    for maintenance in ["VACUUM;", "ANALYZE;", "REINDEX;"] {
        client(maintenance);
    }
    assert_eq!(client("PRAGMA integrity_check;"), "ok");
    world.say(&young, "I go on.").await;
}
