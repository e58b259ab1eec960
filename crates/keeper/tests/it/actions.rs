//! The built-in actions on real servers, files and databases.

use std::{fs, path::Path, process::Command as Process};

use chassis::Clock;
use keeper::{
    actions::{Surroundings, carry_out},
    progress::Gauge,
    report::{Report, Verdict},
};
use keeper_core::plan::{self, Plan, command::Command};
use storage::{Database, DatabaseSettings, params};
use testkit::{TempDb, free_port};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_util::sync::CancellationToken;

use crate::home::{Home, clock};

fn plan_of(service: &str) -> Plan {
    let text = format!("[plan]\nname = \"p\"\ntitle = \"P\"\nzone = \"UTC\"\n[service.app]\n{service}");
    plan::parse(&text, "p.toml").unwrap()
}

async fn act(plan: &Plan, clock: &Clock, line: &str) -> anyhow::Result<Report> {
    let around = Surroundings {
        plan,
        state: None,
        rows: None,
        scratch: Path::new("scratch"),
        progress: &Gauge::default(),
        clock,
        stop: CancellationToken::new(),
    };
    carry_out(&around, &Command::parse(line).unwrap()).await
}

/// A server that answers every request with this status; gives its port.
async fn server(status: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request).await;
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    port
}

#[tokio::test]
async fn health_is_asked_for_and_told() {
    let (good, bad, closed) = (server("200 OK").await, server("503 Busy").await, free_port().unwrap());
    let check = async |service: String, expected: Verdict, found: &str| {
        let report = act(&plan_of(&service), &clock(), "health app --timeout 2s").await.unwrap();
        let about = report.text.lines().any(|line| line.starts_with("app") && line.contains(found));
        assert!(about, "{found}: {}", report.text);
        // The machine that tests run on may be full; only what the service is to blame for is judged.
        let blamed = report.text.lines().any(|line| line.starts_with("app") && line.contains("BAD"));
        assert_eq!(blamed, expected == Verdict::Bad, "{}", report.text);
    };
    check(format!("health_url = \"http://127.0.0.1:{good}/health\""), Verdict::Good, "200 in").await;
    check(format!("health_url = \"http://127.0.0.1:{bad}/health\""), Verdict::Bad, "503 in").await;
    check(format!("health_url = \"http://127.0.0.1:{closed}/\""), Verdict::Bad, "no connection").await;
    check(format!("tcp = [\"127.0.0.1:{good}\"]"), Verdict::Good, "accepts connections").await;
    check(format!("tcp = [\"127.0.0.1:{closed}\"]"), Verdict::Bad, "refused").await;
    check("processes = [\"no-such-process\"]".to_owned(), Verdict::Bad, "does not run").await;
    let text = act(&plan_of(""), &clock(), "health app").await.unwrap().text;
    assert!(text.contains("memory") && text.contains("disk of .") && text.contains("processor"), "{text}");
    assert!(act(&plan_of(""), &clock(), "health other").await.is_err());
}

/// A table of many rows, and a slow statement that reads all of it.
async fn slow_database(url: &str) -> Database {
    let database = Database::open(&DatabaseSettings::at(url), clock()).await.unwrap();
    storage::migrate::up(&database, &[&storage::MIGRATIONS]).await.unwrap();
    database.execute("CREATE TABLE visits (id BIGINT, owner TEXT)", &params![]).await.unwrap();
    let sql = "INSERT INTO slow_queries (query, duration, timestamp) VALUES ($1, $2, $3)";
    for (query, duration, at) in [
        ("SELECT * FROM visits WHERE owner = $1", 300.0, "2026-03-01 00:00:00.000"),
        ("SELECT * FROM visits WHERE owner = $1", 500.0, "2026-03-01 00:00:01.000"),
        ("SELECT 1; DROP TABLE visits", 400.0, "2026-03-01 00:00:00.000"),
        ("SELECT * FROM gone WHERE x = $1", 20.0, "2026-03-01 00:00:00.000"),
        ("SELECT 'long ago'", 900.0, "2020-01-01 00:00:00.000"),
    ] {
        database.execute(sql, &params![query, duration, at]).await.unwrap();
    }
    database
}

#[tokio::test]
async fn databases_are_kept_up_and_advised_on() {
    for temporary in TempDb::each().await {
        let database = slow_database(&temporary.url).await;
        // The password of a throw-away server is in its URL, where no plan could have it.
        let (url, password) = without_password(&temporary.url);
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), password).unwrap();
        let place = match temporary.path() {
            Some(path) => format!("database.sqlite = \"{}\"", path.display()),
            None => format!(
                "[service.app.database.postgres]\nurl = \"{url}\"\npassword.file = \"{}\"",
                file.path().display()
            ),
        };
        let plan = plan_of(&place);
        let report = act(&plan, &clock(), "db maintain app").await.unwrap();
        assert!(report.summary.starts_with("1 database(s) kept up"), "{}", report.summary);
        assert_eq!(report.text.matches(" ms").count(), 3, "{}", report.text);

        let report = act(&plan, &clock(), "db slow app --since 7d").await.unwrap();
        let first = report.text.lines().nth(1).unwrap();
        assert!(first.contains("400 ms  500 ms  800 ms") && first.contains("visits"), "{}", report.text);
        assert!(!report.text.contains("long ago"), "{}", report.text);

        let report = act(&plan, &clock(), "db advise app --apply").await.unwrap();
        if temporary.is_postgres() {
            assert_eq!(report.summary, "0 piece(s) of advice, 0 applied");
        } else {
            let index = "CREATE INDEX IF NOT EXISTS keeper_visits_owner ON visits (owner)";
            assert!(report.text.contains(index), "{}", report.text);
            let again = act(&plan, &clock(), "db advise app").await.unwrap();
            assert_eq!(again.summary, "0 piece(s) of advice, 0 applied", "the index is used");
        }
        database.fetch_all("SELECT * FROM visits", &[]).await.unwrap();
        database.close().await;
    }
    let absent = plan_of("database.sqlite = \"no/such.db\"");
    let refused = act(&absent, &clock(), "db slow app").await.unwrap_err().to_string();
    assert_eq!(refused, "there is no database at no/such.db");
    assert_eq!(act(&plan_of(""), &clock(), "db slow app").await.unwrap().verdict, Verdict::Skipped);
}

fn without_password(url: &str) -> (String, String) {
    let parts = url.split_once("://").and_then(|(scheme, rest)| {
        let (user, host) = rest.split_once('@')?;
        let (user, password) = user.split_once(':')?;
        Some((format!("{scheme}://{user}@{host}"), password.to_owned()))
    });
    parts.unwrap_or_else(|| (url.to_owned(), String::new()))
}

#[tokio::test]
async fn logs_are_scanned_and_rotated() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("app.log");
    let text =
        "2026-03-02 00:10:00 ERROR lost 1\n2026-03-02 00:11:00 ERROR lost 2\n2026-03-02 00:12:00 INFO ok\n";
    fs::write(&log, text).unwrap();
    let plan = plan_of(&format!(
        "directory = \"{}\"\nlogs = [{{ path = \"app.log\", kind = \"application\" }}]",
        folder.path().display()
    ));
    let clock = clock();
    let scanned = act(&plan, &clock, "logs scan app --since 1h --last 1").await.unwrap();
    assert_eq!(scanned.summary, "2 line(s) of 1 shape(s), 1 of them new, in 1 file(s)");
    assert!(scanned.text.ends_with("ERROR lost 2\n"), "{}", scanned.text);
    let other = act(&plan, &clock, "logs scan app --since 1h --pattern nothing|ok").await.unwrap();
    assert!(other.summary.starts_with("1 line(s)"), "{}", other.summary);
    assert_eq!(act(&plan, &clock, "logs scan app --kind audit").await.unwrap().verdict, Verdict::Skipped);
    let rotated = act(&plan, &clock, "logs rotate app").await.unwrap();
    assert_eq!(rotated.summary, "1 renamed, 0 packed, 0 deleted, 0 left as they are");
    let scanned = act(&plan, &clock, "logs scan app --since 1h").await.unwrap();
    assert!(scanned.summary.starts_with("2 line(s)"), "copies are read too: {}", scanned.summary);
    let rotated = act(&plan, &clock, "logs rotate app --compress-after 0s").await.unwrap();
    assert_eq!(rotated.summary, "0 renamed, 1 packed, 0 deleted, 0 left as they are");
    let scanned = act(&plan, &clock, "logs scan app --since 1h").await.unwrap();
    assert!(scanned.summary.starts_with("2 line(s)"), "packed ones too: {}", scanned.summary);
}

#[tokio::test]
async fn stats_say_what_there_is() {
    let own = fs::read_to_string("/proc/self/comm").unwrap();
    let service = format!("processes = [\"{}\"]\ncontainer = \"no-such-container\"", own.trim());
    let report = act(&plan_of(&service), &clock(), "stats app").await.unwrap();
    assert!(report.text.contains(&std::process::id().to_string()), "{}", report.text);
    assert!(report.text.contains("docker: "), "{}", report.text);
}

#[test]
fn actions_are_commands_with_exit_codes() {
    let home = Home::new("[service.app]\nprocesses = [\"no-such-process\"]\n");
    let keeper = |arguments: &[&str]| {
        let mut command = Process::new(env!("CARGO_BIN_EXE_keeper"));
        let output = command.args(arguments).current_dir(home.folder.path()).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code().unwrap(), said)
    };
    let (code, said) = keeper(&["health", "app", "--plan", "plan.toml"]);
    assert!(code == 1 && said.contains("does not run"), "{said}");
    let (code, said) = keeper(&["logs", "scan", "--plan", "plan.toml", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &json[0]["report"]["verdict"]), (3, &"skipped".into()), "{said}");
    let (code, said) = keeper(&["db", "slow", "other", "--plan", "plan.toml"]);
    assert!(code == 1 && said.contains("no plan has a service other"), "{said}");
    let (code, said) = keeper(&["logs", "scan", "--since", "soon", "--plan", "plan.toml"]);
    assert!(code == 1 && said.contains("`soon` is no value of --since"), "{said}");
}
