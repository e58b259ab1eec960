//! Old sessions are deleted only when nobody plays them and a proved backup holds them: on loom's own tables.

mod bench;

use std::{
    fs,
    path::Path,
    process::{Command as Process, Stdio},
    time::{Duration, Instant},
};

use chassis::{Clock, clock::utc_text};
use keeper::{
    actions::{Surroundings, carry_out},
    backup::{
        freeze::{self, Staging},
        proof,
        record::{Item, Kind},
    },
    progress::Gauge,
    report::Report,
    state::{Rows, State, Writer},
    store::{foreign::sessions, ledger_rows, proved_sessions},
};
use keeper_core::{
    ledger::Event,
    plan::{self, Plan, command::Command, service::Postgres, value::ServiceName},
};
use storage::{Database, DatabaseSettings, params};
use testkit::TempDb;
use tokio_util::sync::CancellationToken;

use crate::home::{Home, clock, events, task, told};
use bench::{ago, left, loom, place, plan_of, proved, session};

const LINE: &str = "db clean-up app --older-than 90d --inactive-for 90d --batch 2";

async fn show(plan: &Plan, state: &State, clock: &Clock) -> Report {
    let stop = CancellationToken::new();
    let around = Surroundings {
        plan,
        state: Some(state),
        rows: None,
        scratch: Path::new("scratch"),
        progress: &Gauge::default(),
        clock,
        stop,
    };
    carry_out(&around, &Command::parse(LINE).unwrap()).await.unwrap()
}

/// Carries it out, and writes its rows.
async fn act(
    plan: &Plan,
    writer: &mut Writer,
    clock: &Clock,
    stop: CancellationToken,
) -> anyhow::Result<Report> {
    let (rows, mut wanted) = Rows::channel();
    let state = writer.state().clone();
    let command = Command::parse(LINE).unwrap();
    let acting = async {
        let around = Surroundings {
            plan,
            state: Some(&state),
            rows: Some(&rows),
            scratch: Path::new("scratch"),
            progress: &Gauge::default(),
            clock,
            stop,
        };
        carry_out(&around, &command).await
    };
    let mut acting = std::pin::pin!(acting);
    loop {
        tokio::select! {
            report = &mut acting => return report,
            Some(wanted) = wanted.recv() => {
                let numbers = writer.append(clock.now(), vec![wanted.event.clone().into()]).await.unwrap();
                wanted.answer(Ok(numbers[0]));
            }
        }
    }
}

async fn last_events(writer: &Writer, count: u32) -> Vec<Event> {
    let rows = ledger_rows::newest(&writer.state().database, count).await.unwrap();
    rows.iter().map(|row| row.event().unwrap()).collect()
}

#[tokio::test]
async fn only_old_inactive_and_held_sessions_go() {
    for temporary in TempDb::each().await {
        let database = loom(&temporary.url).await;
        for (id, created, played, changed) in [
            ("old-1", 300, 200, 200),
            ("old-2", 300, 150, 150),
            ("old-3", 200, 91, 91),
            ("played", 300, 3, 3),
            ("renamed", 300, 200, 5),
            ("absent", 300, 200, 200),
            ("young", 89, 89, 89),
        ] {
            session(&database, id, created, played, changed).await;
        }
        let home = Home::new("");
        let clock = clock();
        let mut writer = Writer::take(&home.config.state, clock.clone()).await.unwrap();
        let plan = plan_of(&place(&temporary, home.folder.path()));
        let nothing = show(&plan, &writer.state().clone(), &clock).await;
        assert_eq!(
            nothing.summary,
            "app: 0 session(s) would be deleted, 6 kept (4 no proved backup, 2 played since)"
        );

        let held = ["old-1", "old-2", "old-3", "played", "renamed", "young"];
        proved(&mut writer, "s1", 1, true, &held).await;
        let shown = show(&plan, &writer.state().clone(), &clock).await;
        let expected =
            "app: 3 session(s) would be deleted, 3 kept (1 in no proved backup, 2 played since), 1 younger";
        assert!(shown.text.starts_with(expected), "{}", shown.text);
        assert!(shown.text.contains("held by p/full s1 in local\n"), "{}", shown.text);
        assert_eq!(left(&database).await.len(), 7, "showing deletes nothing");

        let report = act(&plan, &mut writer, &clock, CancellationToken::new()).await.unwrap();
        assert_eq!(
            report.summary,
            "app: 3 session(s) deleted, 3 kept (1 in no proved backup, 2 played since)"
        );
        assert_eq!(left(&database).await, ["absent", "played", "renamed", "young"]);
        let rows = last_events(&writer, 2).await;
        let cleaned = Event::CleanedUp {
            service: "app".to_owned(),
            deleted: 3,
            kept: 3,
            backup: "p/full s1 in local".to_owned(),
        };
        assert_eq!(rows[0], cleaned);
        let intent = "deletes up to 3 sessions that p/full s1 in local holds".to_owned();
        assert_eq!(rows[1], Event::Note { subject: "clean-up of app".to_owned(), text: intent });
        database.close().await;
        writer.release().await.unwrap();
    }
}

#[tokio::test]
async fn a_proof_counts_only_while_it_stands() {
    let temporary = TempDb::sqlite();
    let database = loom(&temporary.url).await;
    session(&database, "old", 300, 200, 200).await;
    let home = Home::new("");
    let clock = clock();
    let mut writer = Writer::take(&home.config.state, clock.clone()).await.unwrap();
    let state = writer.state().clone();
    let plan = plan_of(&place(&temporary, home.folder.path()));
    let check = async |expected: &str| {
        let shown = show(&plan, &state, &clock).await;
        assert_eq!(shown.summary, format!("app: {expected}"));
    };
    let none = "0 session(s) would be deleted, 1 kept (1 no proved backup)";
    proved(&mut writer, "s1", 1, false, &["old"]).await;
    check(none).await;
    proved(&mut writer, "s2", 1, true, &["old"]).await;
    check("1 session(s) would be deleted, 0 kept").await;
    let dropped = vec!["s0".to_owned(), "s2".to_owned()];
    let pruned = Event::Pruned { backup: "p/full".to_owned(), store: "local".to_owned(), dropped, kept: 1 };
    writer.append(clock.now(), vec![pruned.into()]).await.unwrap();
    check(none).await;
    proved(&mut writer, "s3", 250, true, &["old"]).await;
    check("0 session(s) would be deleted, 1 kept (1 proved backups are older)").await;
    // Another plan's service of the same name is another service.
    let other = plan::parse(
        &format!(
            "[plan]\nname = \"q\"\ntitle = \"Q\"\nzone = \"UTC\"\n[service.app]\n{}",
            place(&temporary, home.folder.path())
        ),
        "q.toml",
    );
    let shown = show(&other.unwrap(), &state, &clock).await;
    assert_eq!(shown.summary, format!("app: {none}"));
    writer.release().await.unwrap();
}

#[tokio::test]
async fn an_older_proof_does_not_replace_a_newer_one() {
    let home = Home::new("");
    let mut writer = Writer::take(&home.config.state, clock()).await.unwrap();
    let many: Vec<String> = (0..25_000).map(|number| format!("session-{number}")).collect();
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    proved(&mut writer, "new", 1, true, &names).await;
    let database = writer.state().database.clone();
    let service = ServiceName::parse("app").unwrap();
    let known = proved_sessions::newest(&database, &service).await.unwrap();
    let older = proved_sessions::Proved { proof: known[0].proof - 1, ..known[0].clone() };
    proved_sessions::put(&database, &older, &[]).await.unwrap();
    assert_eq!(proved_sessions::newest(&database, &service).await.unwrap(), known);
    let wanted = ["session-0", "session-24999", "session-25000"].into();
    let held = proved_sessions::held(&database, &known[0], &wanted).await.unwrap();
    assert_eq!(held.into_iter().collect::<Vec<_>>(), ["session-0", "session-24999"]);
    assert!(proved_sessions::held(&database, &older, &wanted).await.unwrap().is_empty());
    proved(&mut writer, "empty", 1, true, &[]).await;
    let known = proved_sessions::newest(&database, &service).await.unwrap();
    assert_eq!(known[0].snapshot, "empty");
    assert!(proved_sessions::held(&database, &known[0], &wanted).await.unwrap().is_empty());
    writer.release().await.unwrap();
}

#[tokio::test]
async fn a_session_that_is_played_meanwhile_stays() {
    for temporary in TempDb::each().await {
        let database = loom(&temporary.url).await;
        session(&database, "a", 300, 200, 200).await;
        session(&database, "b", 300, 200, 200).await;
        let shape = sessions::shape(&database).await.unwrap();
        let found = sessions::older(&database, &shape, ago(90), None, 10).await.unwrap();
        assert_eq!(found.len(), 2);
        let now = utc_text(ago(0));
        let sql = "UPDATE sessions SET last_activity = $1, updated_at = $1 WHERE id = 'a'";
        database.execute(sql, &params![now]).await.unwrap();
        let deleted = sessions::delete(&database, &shape, &found).await.unwrap();
        assert_eq!((deleted.tried, deleted.gone), (2, 1));
        assert_eq!(left(&database).await, ["a"]);
        database.close().await;
    }
}

#[tokio::test]
async fn it_goes_on_in_short_steps_beside_the_service_and_stops_between_them() {
    for temporary in TempDb::each().await {
        let database = loom(&temporary.url).await;
        let names: Vec<String> = (0..60).map(|number| format!("s{number:02}")).collect();
        for name in &names {
            session(&database, name, 300, 200, 200).await;
        }
        let home = Home::new("");
        let clock = clock();
        let mut writer = Writer::take(&home.config.state, clock.clone()).await.unwrap();
        let held: Vec<&str> = names.iter().map(String::as_str).collect();
        proved(&mut writer, "s1", 1, true, &held).await;
        let plan = plan_of(&place(&temporary, home.folder.path()));
        let stop = CancellationToken::new();
        let playing = async {
            // The service goes on writing; it is stopped half-way.
            let mut played = 0_u32;
            while sessions::count(&database).await.unwrap() > 40 {
                session(&database, "new", 1, 1, 1).await;
                database.execute("DELETE FROM sessions WHERE id = 'new'", &[]).await.unwrap();
                played += 1;
            }
            stop.cancel();
            played
        };
        let both = async { tokio::join!(act(&plan, &mut writer, &clock, stop.clone()), playing) };
        let (report, played) = tokio::time::timeout(Duration::from_secs(60), Box::pin(both)).await.unwrap();
        assert_eq!(format!("{:#}", report.unwrap_err()), "the sessions of app: stopped before its end");
        assert!(played > 5, "{played}");
        let left = left(&database).await.len() as u64;
        let Event::CleanedUp { deleted, .. } = &last_events(&writer, 1).await[0] else {
            panic!("what is gone is written down")
        };
        assert_eq!(deleted + left, 60);
        database.close().await;
        writer.release().await.unwrap();
    }
}

#[tokio::test]
async fn tables_of_others_are_read_or_refused_with_a_sentence() {
    let check = async |columns: &str, expected: &str| {
        for temporary in TempDb::each().await {
            let database = Database::open(&DatabaseSettings::at(&temporary.url), clock()).await.unwrap();
            if !columns.is_empty() {
                database.execute(&format!("CREATE TABLE sessions ({columns})"), &[]).await.unwrap();
            }
            let told = match sessions::shape(&database).await {
                Ok(shape) => {
                    let found = sessions::older(&database, &shape, ago(0), None, 10).await.unwrap();
                    assert!(found.is_empty());
                    "read".to_owned()
                }
                Err(error) => error.to_string(),
            };
            assert_eq!(told, expected, "{columns}");
            database.close().await;
        }
    };
    check("", "its database has no table sessions").await;
    check("name TEXT", "its table sessions has no column id").await;
    check("id TEXT, last_activity TEXT", "its table sessions has no column created_at").await;
    check("id BIGINT, created_at TEXT, updated_at TEXT", "read").await;
    check(
        "id TEXT, created_at TEXT",
        "its table sessions has none of the columns last_activity, last_active_at, last_turn_at, updated_at",
    )
    .await;
    let Some(temporary) = TempDb::postgres().await else { return };
    let database = Database::open(&DatabaseSettings::at(&temporary.url), clock()).await.unwrap();
    let sql = "CREATE TABLE sessions (id UUID PRIMARY KEY, created_at TIMESTAMPTZ, last_activity TIMESTAMP)";
    database.execute(sql, &[]).await.unwrap();
    let sql = "INSERT INTO sessions SELECT gen_random_uuid(), '2025-01-01 10:00:00+08', '2025-01-02 00:00:00.5' \
               FROM generate_series(1, 5)";
    database.execute(sql, &[]).await.unwrap();
    let shape = sessions::shape(&database).await.unwrap();
    let first = sessions::older(&database, &shape, ago(90), None, 2).await.unwrap();
    let rest = sessions::older(&database, &shape, ago(90), first.last(), 10).await.unwrap();
    assert_eq!((first.len(), rest.len()), (2, 3));
    assert_eq!(first[0].created_at, Some("2025-01-01T02:00:00Z".parse().unwrap()));
    assert_eq!(first[0].last_activity, Some("2025-01-02T00:00:00.5Z".parse().unwrap()));
    assert_eq!(sessions::delete(&database, &shape, &rest).await.unwrap().gone, 3);
    assert_eq!(sessions::ids(&database).await.unwrap().unwrap().len(), 2);
    database.close().await;
}

#[tokio::test]
async fn a_task_deletes_and_the_command_shows() {
    let temporary = TempDb::sqlite();
    let database = loom(&temporary.url).await;
    session(&database, "old-1", 300, 200, 200).await;
    let home = Home::new("");
    let mut writer = Writer::take(&home.config.state, clock()).await.unwrap();
    proved(&mut writer, "s1", 1, true, &["old-1", "old-2"]).await;
    writer.release().await.unwrap();
    let tasks = format!("\n[service.app]\n{}\n", place(&temporary, home.folder.path()))
        + &task("clean", "hourly", &format!("action.keeper = \"{LINE}\""));
    home.plan(&tasks);
    let clock = clock();
    let mut keeper = home.keeper(&clock).await;
    keeper.tick().await.unwrap();
    clock.advance(Duration::from_secs(1_800));
    keeper.finish_runs().await.unwrap();
    assert_eq!(told(&keeper).await, ["clean ran: app: 1 session(s) deleted, 0 kept"]);
    let cleaned = |event: &Event| matches!(event, Event::CleanedUp { deleted: 1, .. });
    assert_eq!(events(&keeper).await.iter().filter(|event| cleaned(event)).count(), 1);
    assert!(left(&database).await.is_empty());
    drop(keeper);

    session(&database, "old-2", 300, 200, 200).await;
    let state = format!("state.file={}", home.config.state.file);
    let keeper = |arguments: &[&str]| {
        let mut command = Process::new(env!("CARGO_BIN_EXE_keeper"));
        let command = command.args(arguments).args(["--plan", "plan.toml", "--set", &state]);
        let output = command.current_dir(home.folder.path()).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code().unwrap(), said)
    };
    let (code, said) = keeper(&["db", "clean-up", "app"]);
    assert!(code == 0 && said.contains("1 session(s) would be deleted"), "{said}");
    assert!(said.contains("nothing was deleted"), "{said}");
    assert_eq!(left(&database).await, ["old-2"]);
    let (code, said) = keeper(&["task", "run", "clean"]);
    assert!(code == 0 && said.contains("ran: app: 1 session(s) deleted"), "{said}");
    assert!(left(&database).await.is_empty());
    let state = State::open(&home.config.state, clock.clone()).await.unwrap();
    let rows = ledger_rows::newest(&state.database, 2).await.unwrap();
    assert!(cleaned(&rows[1].event().unwrap()), "the row stands before the outcome");
    database.close().await;
}

#[tokio::test]
async fn a_kill_leaves_whole_sessions_and_the_next_run_goes_on() {
    let temporary = TempDb::sqlite();
    let database = loom(&temporary.url).await;
    let names: Vec<String> = (0..100).map(|number| format!("s{number:03}")).collect();
    for name in &names {
        session(&database, name, 300, 200, 200).await;
    }
    let home = Home::new("");
    let mut writer = Writer::take(&home.config.state, clock()).await.unwrap();
    let held: Vec<&str> = names.iter().map(String::as_str).collect();
    proved(&mut writer, "s1", 1, true, &held).await;
    writer.release().await.unwrap();
    let tasks = format!("\n[service.app]\n{}\n", place(&temporary, home.folder.path()))
        + &task("clean", "manual", &format!("action.keeper = \"{LINE}\""));
    home.plan(&tasks);
    let start = || {
        let state = format!("state.file={}", home.config.state.file);
        let mut command = Process::new(env!("CARGO_BIN_EXE_keeper"));
        command.args(["task", "run", "clean", "--plan", "plan.toml", "--set", &state]);
        command.stdout(Stdio::null()).current_dir(home.folder.path()).spawn().unwrap()
    };
    for most in [85, 50] {
        let mut running = start();
        let until = Instant::now() + Duration::from_secs(60);
        while sessions::count(&database).await.unwrap() > most {
            assert!(Instant::now() < until, "nothing is deleted");
            tokio::task::yield_now().await;
        }
        running.kill().unwrap();
        running.wait().unwrap();
        let left = left(&database).await.len() as u64;
        assert!(left > 0 && left <= most, "{left}");
    }
    assert!(start().wait().unwrap().success());
    assert!(left(&database).await.is_empty());
    let state = State::open(&home.config.state, clock()).await.unwrap();
    let rows = ledger_rows::after(&state.database, 0, 1_000).await.unwrap();
    let events: Vec<Event> = rows.iter().map(|row| row.event().unwrap()).collect();
    let meant = |event: &&Event| matches!(event, Event::Note { subject, .. } if subject == "clean-up of app");
    assert_eq!(events.iter().filter(meant).count(), 3, "what was meant stands although it was killed");
    assert!(keeper::state::verify(&state, &[]).await.unwrap().is_ok());
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sessions_of_a_backup_are_read_out_of_it() {
    let (system, stop) = (Clock::system(), CancellationToken::new());
    for temporary in TempDb::each().await {
        let database = loom(&temporary.url).await;
        let odd = ["a", "tab\tand\nline \\ end", "会话"];
        for id in odd {
            session(&database, id, 300, 200, 200).await;
        }
        let folder = tempfile::tempdir().unwrap();
        let frozen = match temporary.path() {
            Some(path) => {
                let staging = Staging::File(folder.path());
                freeze::sqlite::freeze(&path, "app", staging, &system, &stop).unwrap()
            }
            None => {
                let postgres = Postgres { url: temporary.url.clone(), password: None };
                freeze::postgres::freeze(&postgres, "app", folder.path(), &system, &stop).await.unwrap()
            }
        };
        let part = &frozen.parts[0];
        let restored = folder.path().join("restored");
        let mut file = fs::File::create(&restored).unwrap();
        std::io::copy(&mut part.set_aside().unwrap().reader(), &mut file).unwrap();
        // What comes after the backup is not in it.
        session(&database, "later", 300, 200, 200).await;
        let found = proof::sessions(&part.item, &restored, &stop).await.unwrap().unwrap();
        let mut expected: Vec<String> = odd.map(str::to_owned).to_vec();
        expected.sort();
        let mut found = found;
        found.sort();
        assert_eq!(found, expected);
        let before = fs::read(&restored).unwrap();
        fs::write(&restored, &before[..before.len() / 3]).unwrap();
        assert!(proof::sessions(&part.item, &restored, &stop).await.is_err(), "half of it says nothing");
        let command = Item { kind: Kind::Command, ..part.item.clone() };
        assert_eq!(proof::sessions(&command, &restored, &stop).await.unwrap(), None);
        database.close().await;
    }
}
