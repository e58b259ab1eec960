//! `chimera migrate` and `chimera profile` as an operator uses them, on every database we support.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use chassis::clock::Clock;
use storage::{Database, DatabaseSettings, params};
use testkit::TempDb;

/// An operator in an empty folder, with one database.
struct Operator {
    folder: tempfile::TempDir,
    place: TempDb,
}

impl Operator {
    async fn each() -> Vec<Self> {
        let places = TempDb::each().await.into_iter();
        places.map(|place| Self { folder: tempfile::tempdir().unwrap(), place }).collect()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        chimera(self.folder.path(), arguments, &[("DATABASE_URL", &self.place.url)])
    }

    /// What a command prints that has to succeed.
    #[track_caller]
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = text(&output);
        assert!(output.status.success(), "{arguments:?}: {text}");
        text
    }

    /// What a command prints that has to fail.
    #[track_caller]
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = text(&output);
        assert!(!output.status.success(), "{arguments:?}: {text}");
        text
    }

    async fn database(&self) -> Database {
        Database::open(&DatabaseSettings::at(&self.place.url), Clock::system()).await.unwrap()
    }

    async fn add_profiles(&self, count: usize) {
        let database = self.database().await;
        for number in 0..count {
            let sql = "INSERT INTO user_profiles VALUES ($1, $2, $3, $4, $4)";
            let profile = "{\"name\":\"忽略以上指令 \\\"quoted\\\"\"}";
            let user = format!("user-{number}");
            database.execute(sql, &params![user, "p", profile, "2026-01-31 20:00:00.000"]).await.unwrap();
        }
        database.close().await;
    }
}

fn chimera(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chimera"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    let both = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    both.concat()
}

#[tokio::test]
async fn up_down_up_and_verify() {
    for operator in Operator::each().await {
        assert_eq!(operator.ok(&["migrate", "current"]), "base\n");
        assert!(operator.refused(&["migrate", "verify"]).contains("table user_profiles is missing"));
        let all = operator.ok(&["migrate", "upgrade", "head"]);
        assert!(all.contains("applied: chimera 0002 user_profiles"), "{all}");
        assert_eq!(operator.ok(&["migrate", "upgrade", "head"]), "nothing to do\n");
        assert_eq!(operator.ok(&["migrate", "current"]), "0002 user_profiles (head)\n");
        assert_eq!(operator.ok(&["migrate", "downgrade", "-1"]), "taken back: chimera 0002 user_profiles\n");
        assert_eq!(operator.ok(&["migrate", "current"]), "0001 reviews\n");
        assert!(operator.ok(&["migrate", "history"]).contains("pending"));
        operator.ok(&["migrate", "upgrade", "+1"]);
        let verified = operator.ok(&["migrate", "verify"]);
        for line in [
            "ok    table user_profiles\n",
            "ok    index idx_user_profiles_puuid\n",
            "ok    index idx_user_profiles_last_updated\n",
            "ok    profile saved, loaded and deleted\n",
        ] {
            assert!(verified.contains(line), "{line} is missing in {verified}");
        }
        let database = operator.database().await;
        let left = database.fetch_one("SELECT count(*) AS n FROM user_profiles", &[]).await.unwrap();
        assert_eq!(left.get::<i64>("n").unwrap(), 0, "verify left a row behind");
        database.close().await;
        operator.ok(&["migrate", "downgrade", "base"]);
        assert_eq!(operator.ok(&["migrate", "current"]), "base\n");
        operator.ok(&["migrate", "upgrade", "0001"]);
        assert!(operator.refused(&["migrate", "downgrade", "0002"]).contains("only at 0001_reviews"));
        assert!(operator.refused(&["migrate", "upgrade", "9"]).contains("there is no revision `9`"));
    }
}

#[tokio::test]
async fn a_downgrade_over_profiles_refuses_then_saves_them_and_they_come_back() {
    for operator in Operator::each().await {
        operator.ok(&["migrate", "upgrade", "head"]);
        operator.add_profiles(1203).await;
        let refusal = operator.refused(&["migrate", "downgrade", "-1"]);
        assert!(refusal.contains("user_profiles: 1203") && refusal.contains("--snapshot FILE"), "{refusal}");
        assert_eq!(operator.ok(&["migrate", "current"]), "0002 user_profiles (head)\n");

        let taken = operator.folder.path().join("taken");
        fs::write(&taken, "mine").unwrap();
        operator.refused(&["migrate", "downgrade", "-1", "--snapshot", "taken"]);
        assert_eq!(fs::read_to_string(&taken).unwrap(), "mine");
        assert_eq!(operator.ok(&["migrate", "current"]), "0002 user_profiles (head)\n");

        let done = operator.ok(&["migrate", "downgrade", "-1", "--snapshot", "rows"]);
        assert!(done.contains("user_profiles: 1203 saved in rows"), "{done}");
        assert_eq!(operator.ok(&["migrate", "current"]), "0001 reviews\n");
        assert!(operator.ok(&["profile", "writes"]).contains("not written since"));

        operator.ok(&["migrate", "upgrade", "head"]);
        assert!(operator.ok(&["migrate", "verify"]).contains("chimera profile writes on"));
        assert_eq!(operator.ok(&["profile", "import", "rows"]), "1203 of 1203 profile(s) restored\n");
        assert_eq!(operator.ok(&["profile", "import", "rows"]), "0 of 1203 profile(s) restored\n");
        let shown = operator.ok(&["profile", "show", "user-7"]);
        assert!(shown.contains("忽略以上指令 \\\"quoted\\\""), "{shown}");
        assert!(shown.contains("\"last_updated\": \"2026-01-31 20:00:00.000\""), "{shown}");
        assert_eq!(operator.ok(&["profile", "forget", "user-7"]), "forgotten\n");
        operator.refused(&["profile", "show", "user-7"]);
        assert_eq!(operator.ok(&["profile", "writes", "on"]), "profiles are written\n");
    }
}

#[test]
fn a_revision_is_two_files_in_a_checkout_and_a_refusal_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let refused = chimera(folder.path(), &["migrate", "revision", "-m", "add x"], &[]);
    assert!(!refused.status.success() && text(&refused).contains("crates/chimera/migrations"));
    let migrations = folder.path().join("crates/chimera/migrations");
    fs::create_dir_all(&migrations).unwrap();
    fs::write(migrations.join("0002_a.up.sql"), "").unwrap();
    let inside = folder.path().join("crates/chimera");
    let written = chimera(&inside, &["migrate", "revision", "-m", "Add x"], &[]);
    assert!(written.status.success(), "{}", text(&written));
    assert!(text(&written).contains("migration!(\"0003\", \"add_x\")"));
    assert_eq!(fs::read_to_string(migrations.join("0003_add_x.up.sql")).unwrap(), "-- Add x\n");
    assert!(migrations.join("0003_add_x.down.sql").exists());
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let url = "postgres://ann:hunter2@127.0.0.1:1/none";
    let output = chimera(folder.path(), &["migrate", "current"], &[("DATABASE_URL", url)]);
    let said = text(&output);
    assert!(!output.status.success() && said.contains("127.0.0.1:1") && !said.contains("hunter2"), "{said}");
}
