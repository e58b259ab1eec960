//! Canons: listed, checked, edited, reloaded, versioned, and played on when their files are gone.

use serde_json::{Value, json};
use testkit::temp_db::TempDb;

use crate::world::{SMALL_CANON, World};

#[tokio::test]
async fn a_canon_changes_under_a_running_story_and_each_turn_keeps_its_version() {
    for database in TempDb::each().await {
        let world = World::start(Some(database), |_| {}).await;
        let session = world.session().await;
        let before = world.say(&session, "I wait.").await["turn"].clone();
        let path = world.folder.path().join("canon/small/canon.md");
        std::fs::write(&path, SMALL_CANON.replace("One room, one door", "Two rooms, two doors")).unwrap();
        world.app.canons.refresh().await;
        let after = world.say(&session, "I wait again.").await["turn"].clone();
        assert_ne!(before["canon_hash"], after["canon_hash"]);
        let versions = world.get("/api/v1/canons/small/history").await.ok();
        assert_eq!(versions.as_array().unwrap().len(), 2);
        let id = before["id"].as_str().unwrap();
        let explained = world.get(&format!("{session}/turns/{id}/explain")).await.ok();
        assert_eq!(explained["faithful"], json!(true), "explained with the version it was played under");
        assert!(explained["parts"].to_string().contains("One room, one door"));
        let from = before["canon_hash"].as_str().unwrap();
        let diff = world.get(&format!("/api/v1/canons/small/diff?from={from}")).await.ok();
        assert_eq!((diff[0]["kind"].as_str(), diff[0]["title"].as_str()), (Some("changed"), Some("World")));
        assert!(diff[0]["unified"].as_str().unwrap().contains("+Two rooms"), "{diff}");
    }
}

#[tokio::test]
async fn a_canon_that_breaks_or_vanishes_does_not_stop_its_stories() {
    let world = World::offline().await;
    let session = world.session().await;
    let hash = world.say(&session, "I wait.").await["turn"]["canon_hash"].clone();
    let path = world.folder.path().join("canon/small/canon.md");
    std::fs::write(&path, "---\nname: [broken\n---\n# Wor").unwrap();
    world.app.canons.refresh().await;
    let listed = world.get("/api/v1/canons/small").await.ok();
    assert_eq!(listed["stale"], json!(true));
    assert!(listed["problems"][0]["line"].as_u64().is_some_and(|line| (1..=4).contains(&line)), "{listed}");
    assert_eq!(
        world.say(&session, "I wait.").await["turn"]["canon_hash"],
        hash,
        "the last good version is played"
    );
    let health = world.get("/health").await.ok();
    assert_eq!(health["status"], "degraded");
    std::fs::remove_dir_all(world.folder.path().join("canon/small")).unwrap();
    world.app.canons.refresh().await;
    assert_eq!(world.say(&session, "I wait.").await["turn"]["canon_hash"], hash);
    std::fs::create_dir(world.folder.path().join("canon/small")).unwrap();
    std::fs::write(&path, SMALL_CANON).unwrap();
    world.app.canons.refresh().await;
    assert_eq!(world.get("/api/v1/canons/small").await.ok()["stale"], json!(false));
}

#[tokio::test]
async fn a_file_is_saved_whole_or_not_at_all_and_never_over_another_change() {
    let world = World::offline().await;
    let read = |answer: Value| answer["hash"].as_str().unwrap().to_owned();
    let hash = read(world.get("/api/v1/canons/small/file?path=canon.md").await.ok());
    let path = world.folder.path().join("canon/small/canon.md");
    let save = |text: String, hash: Option<String>| {
        let body = json!({ "path": "canon.md", "text": text, "expected_hash": hash });
        world.send(world.request(reqwest::Method::PUT, "/api/v1/canons/small/file").json(&body))
    };
    let broken =
        save("---\nname: [x\n---\n".to_owned(), Some(hash.clone())).await.problem(422, "canon_unplayable");
    assert!(broken["problems"][0]["line"].as_u64().unwrap() >= 1);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), SMALL_CANON, "left as it was");
    let saved = save(SMALL_CANON.replace("Plain.", "Plain and dry."), Some(hash.clone())).await.ok();
    assert!(std::fs::read_to_string(&path).unwrap().contains("Plain and dry."));
    let conflict =
        save(SMALL_CANON.replace("Plain.", "Lush."), Some(hash)).await.problem(409, "file_changed");
    assert_eq!(conflict["current_hash"], saved["hash"]);
    assert!(std::fs::read_to_string(&path).unwrap().contains("Plain and dry."));
    let left: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "no draft stays behind: {left:?}");
}

#[tokio::test]
async fn no_path_leaves_the_canon() {
    let world = World::offline().await;
    std::fs::write(world.folder.path().join("secret.md"), "# World\n\nsecret\n").unwrap();
    std::os::unix::fs::symlink("../../secret.md", world.folder.path().join("canon/small/link.md")).unwrap();
    for path in
        ["../../secret.md", "/etc/passwd", "..\\x.md", "a/../../x.md", ".hidden.md", "x.txt", "a\u{0}b.md"]
    {
        let body = json!({ "path": path, "text": "# World\n\nx\n" });
        world.put("/api/v1/canons/small/file", &body).await.problem(422, "canon_path");
    }
    for target in ["../../secret.md", "/etc/passwd", "link.md"] {
        let text = format!("{SMALL_CANON}\n@include {target}\n");
        std::fs::write(world.folder.path().join("canon/small/canon.md"), text).unwrap();
        world.app.canons.refresh().await;
        let shown = world.get("/api/v1/canons/small").await.ok();
        assert!(!shown["sections"].to_string().contains("secret"), "{target}: {shown}");
        let line = SMALL_CANON.lines().count() as u64 + 2;
        assert!(
            shown["problems"].as_array().unwrap().iter().any(|it| it["line"] == json!(line)),
            "the problem names the include's line {line}: {shown}"
        );
    }
    for key in ["..", "small/../..", "%2e%2e", "nothing"] {
        let status = world.get(&format!("/api/v1/canons/{key}")).await.status.as_u16();
        assert_eq!(status, 404, "{key}");
    }
}

#[tokio::test]
async fn only_those_the_canon_names_may_edit_it() {
    let world = World::offline().await;
    let hash = world.get("/api/v1/canons/small/file?path=canon.md").await.ok()["hash"].clone();
    let user = world.app.auth.add_user("ann", loom_core::access::Role::Player).await.unwrap();
    let (_, token) = world.app.auth.add_token(&user.id, "test").await.unwrap();
    let body = json!({ "path": "canon.md", "text": SMALL_CANON, "expected_hash": hash });
    let request =
        world.request(reqwest::Method::PUT, "/api/v1/canons/small/file").bearer_auth(token).json(&body);
    world.send(request).await.problem(403, "forbidden");
    assert!(world.audit().iter().any(|line| line["action"] == "canon.save" && line["outcome"] == "denied"));
}

#[tokio::test]
async fn a_draft_is_checked_without_being_saved() {
    let world = World::offline().await;
    let draft = json!({ "files": { "canon.md": "# Tone\n\nDry.\n\n:::rule x\nno end\n" } });
    let checked = world.post("/api/v1/canons/small/validate", &draft).await.ok();
    assert_eq!(checked["playable"], json!(false));
    assert!(checked["problems"].as_array().unwrap().iter().any(|it| it["line"] == json!(5)), "{checked}");
    assert_eq!(world.get("/api/v1/canons/small").await.ok()["stale"], json!(false));
}
