//! The state file: one keeper at a time, rows that hold, and a disk that is full.

use std::fs;

use keeper::{
    config::StateConfig,
    scheduler::Keeper,
    state::{self, HeldBy, State, Writer, head},
    store::holder,
};
use keeper_core::{
    ledger::{
        Event,
        event::{Occurrence, Outcome},
    },
    plan::set::TaskId,
    schedule::history::History,
};
use storage::{Database, DatabaseSettings, params};
use testkit::disk::SmallDisk;

use crate::home::{Home, clock};

fn note(text: &str) -> Vec<state::Entry> {
    vec![Event::Note { subject: "test".to_owned(), text: text.to_owned() }.into()]
}

async fn write(config: &StateConfig, rows: usize) {
    let clock = clock();
    let mut writer = Writer::take(config, clock.clone()).await.unwrap();
    for number in 0..rows {
        writer.append(clock.now(), note(&format!("row {number}"))).await.unwrap();
    }
    writer.release().await.unwrap();
}

/// Changes the file behind keeper's back.
async fn tamper(config: &StateConfig, sql: &str) {
    let settings = DatabaseSettings::at(format!("sqlite:{}", config.file));
    let database = Database::open(&settings, clock()).await.unwrap();
    database.execute(sql, &params![]).await.unwrap();
    database.close().await;
}

async fn verified(config: &StateConfig) -> Result<u64, String> {
    let state = State::open(config, clock()).await.unwrap();
    state::verify(&state, &[]).await.unwrap().map(|all| all.rows).map_err(|broken| broken.to_string())
}

#[tokio::test]
async fn a_second_keeper_is_told_who_holds_the_file() {
    let home = Home::new("");
    let first = Writer::take(&home.config.state, clock()).await.unwrap();
    let refused = Writer::take(&home.config.state, clock()).await.unwrap_err();
    let said = refused.downcast_ref::<HeldBy>().unwrap().to_string();
    let expected = format!("is held by another keeper: process {} on ", std::process::id());
    assert!(said.contains(&expected) && said.ends_with("since 2026-03-02T00:30:00Z"), "{said}");
    first.release().await.unwrap();
    Writer::take(&home.config.state, clock()).await.unwrap().release().await.unwrap();
}

#[tokio::test]
async fn another_machine_is_believed_until_it_falls_silent() {
    let home = Home::new("");
    let clock = clock();
    let mut first = Writer::take(&home.config.state, clock.clone()).await.unwrap();
    let database = first.state().database.clone();
    let mut far = holder::current(&database).await.unwrap().unwrap();
    far.host = "far-away".to_owned();
    far.token = "another".to_owned();
    holder::replace(&database, &far).await.unwrap();
    let lost = first.append(clock.now(), note("x")).await.unwrap_err();
    assert!(format!("{lost:#}").contains("another keeper has taken the state file"), "{lost:#}");
    drop(first);
    let refused = Writer::take(&home.config.state, clock.clone()).await.unwrap_err();
    assert!(refused.to_string().contains("on far-away since"), "{refused}");
    clock.advance(std::time::Duration::from_secs(120));
    Writer::take(&home.config.state, clock).await.unwrap().release().await.unwrap();
}

#[tokio::test]
async fn changed_and_cut_rows_are_found() {
    let home = Home::new("");
    let config = &home.config.state;
    write(config, 9).await;
    assert_eq!(verified(config).await, Ok(9));
    tamper(config, "UPDATE ledger SET body = replace(body, 'row 4', 'row 5') WHERE seq = 5").await;
    assert_eq!(verified(config).await, Err("row 5 was changed after it was written".to_owned()));
}

#[tokio::test]
async fn a_cut_tail_goes_on_being_missed() {
    let home = Home::new("");
    let config = &home.config.state;
    write(config, 9).await;
    tamper(config, "DELETE FROM ledger WHERE seq > 6").await;
    let cut = "rows 7 to 9 were anchored and are no longer there";
    assert_eq!(verified(config).await, Err(cut.to_owned()));
    // A keeper that starts on it says so in a row, and goes on; the old head is kept.
    write(config, 5).await;
    let found = verified(config).await.unwrap_err();
    assert_eq!(found, "row 9 is not the one that was anchored");
    let state = State::open(config, clock()).await.unwrap();
    let rows = keeper::store::ledger_rows::after(&state.database, 6, 1).await.unwrap();
    assert_eq!(rows[0].event().unwrap(), Event::Note { subject: "ledger".to_owned(), text: cut.to_owned() });
    assert_eq!(head::aside(&state.files.head).len(), 1);
}

/// Rows of a task that is due every minute, and run.
fn runs(first: usize) -> Vec<state::Entry> {
    let task = TaskId::new("shop", "health");
    let minute = |number: usize| format!("2026-03-02T00:{:02}:00Z", number % 60).parse().unwrap();
    let (schedule, zone) = ("* * * * *".to_owned(), "UTC".to_owned());
    let adopted = Event::TaskAdopted { task: task.clone(), schedule, zone, since: minute(0) };
    let row = |number: usize| {
        let occurrence = Occurrence { task: task.clone(), due: minute(number), trigger: None };
        match number % 2 {
            0 => Event::RunStarted { occurrence, attempt: 1, late: false, human: false },
            _ => Event::Settled {
                occurrence,
                outcome: Outcome::Ran,
                detail: String::new(),
                duration_ms: None,
                exit_code: None,
            },
        }
    };
    let rows = (first..first + 1_000).map(row);
    (first == 0).then_some(adopted).into_iter().chain(rows).map(Into::into).collect()
}

/// Writes so many thousands of rows, so that some of them are kept.
async fn write_many(config: &StateConfig, thousands: usize) -> Vec<String> {
    let clock = clock();
    let mut writer = Writer::take(config, clock.clone()).await.unwrap();
    for thousand in 0..thousands {
        writer.append(clock.now(), runs(thousand * 1_000)).await.unwrap();
    }
    let told = told(writer.history());
    writer.release().await.unwrap();
    told
}

fn told(history: &History) -> Vec<String> {
    history.tasks().map(|(task, own)| format!("{task} {own:?}")).collect()
}

#[tokio::test]
async fn a_start_reads_on_from_what_was_kept() {
    let home = Home::new("");
    let config = &home.config.state;
    let before = write_many(config, 7).await;
    assert_eq!(verified(config).await, Ok(7_001));
    let writer = Writer::take(config, clock()).await.unwrap();
    assert!(writer.has_unseen());
    assert_eq!(told(writer.history()), before);
    writer.release().await.unwrap();
    let state = State::open(config, clock()).await.unwrap();
    assert_eq!(told(&state.history().await.unwrap()), before);
    // Of another version, cut short, or of rows that are gone: everything is read anew, and kept anew.
    for harm in [
        "UPDATE ledger_checkpoint SET version = 0",
        "UPDATE ledger_checkpoint SET history = substr(history, 1, 40)",
        "UPDATE ledger_checkpoint SET hash = (SELECT hash FROM ledger WHERE seq = 4)",
    ] {
        tamper(config, harm).await;
        for has_unseen in [false, true] {
            let writer = Writer::take(config, clock()).await.unwrap();
            assert_eq!((writer.has_unseen(), writer.trouble()), (has_unseen, None), "{harm}");
            assert_eq!(told(writer.history()), before, "{harm}");
            writer.release().await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_was_kept_and_is_not_what_the_rows_say_is_found() {
    let home = Home::new("");
    let config = &home.config.state;
    let before = write_many(config, 6).await;
    tamper(config, "UPDATE ledger_checkpoint SET history = replace(history, '* * * * *', '0 0 * * *')").await;
    let said = "what is kept of the rows up to 5001 (ledger_checkpoint) is not what they say";
    assert_eq!(verified(config).await, Err(said.to_owned()));
    let mut writer = Writer::take(config, clock()).await.unwrap();
    assert_ne!(told(writer.history()), before);
    let checked = state::verify(writer.state(), &[]).await.unwrap();
    writer.seen(checked).await.unwrap();
    assert_eq!((writer.trouble(), told(writer.history())), (Some(said), before));
    writer.release().await.unwrap();
    // It was forgotten: the next start reads the rows.
    let writer = Writer::take(config, clock()).await.unwrap();
    assert_eq!((writer.has_unseen(), writer.trouble()), (false, None));
}

#[tokio::test]
async fn a_row_that_was_changed_is_found_though_a_start_does_not_read_it() {
    let home = Home::new("");
    let config = &home.config.state;
    write_many(config, 6).await;
    tamper(config, "UPDATE ledger SET body = replace(body, 'ran', 'failed') WHERE seq = 3").await;
    let mut keeper = home.keeper(&clock()).await;
    assert_eq!(keeper.subscribe().borrow().trouble, None);
    let said = "row 3 was changed after it was written";
    trouble(&mut keeper, said).await;
    let noted = Event::Note { subject: "ledger".to_owned(), text: said.to_owned() };
    let rows = keeper::store::ledger_rows::newest(&keeper.state().database, 20).await.unwrap();
    assert!(rows.iter().any(|row| row.event().unwrap() == noted));
}

/// Looks until the look at the whole ledger has ended, and compares what it says.
async fn trouble(keeper: &mut Keeper, expected: &str) {
    let told = keeper.subscribe();
    tokio::time::timeout(std::time::Duration::from_secs(60), async {
        while told.borrow().trouble.is_none() {
            keeper.tick().await.unwrap();
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    assert_eq!(told.borrow().trouble.as_deref(), Some(expected));
}

#[tokio::test]
async fn a_full_disk_is_written_down() {
    let Some(disk) = SmallDisk::new(4 * 1024 * 1024) else { return };
    let file = disk.path().join("keeper.db").display().to_string();
    let config = StateConfig { file, reserve_bytes: 1024 * 1024 };
    let clock = clock();
    let mut writer = Writer::take(&config, clock.clone()).await.unwrap();
    writer.append(clock.now(), note("before")).await.unwrap();
    disk.fill(0).unwrap();
    // Until the log beside the database has to grow.
    let mut written = 0;
    let reserve = &writer.state().files.reserve.clone();
    while reserve.exists() {
        writer.append(clock.now(), note(&"x".repeat(2_000))).await.unwrap();
        written += 1;
        assert!(written < 5_000, "the disk never became full");
    }
    let rows = keeper::store::ledger_rows::newest(&writer.state().database, 2).await.unwrap();
    let told = rows[1].event().unwrap();
    assert!(matches!(&told, Event::Note { subject, .. } if subject == "disk full"), "{told:?}");
    disk.make_room().unwrap();
    writer.beat().await.unwrap();
    assert!(reserve.exists(), "set aside again");
    assert!(state::verify(writer.state(), &[]).await.unwrap().is_ok());
    fs::metadata(reserve).unwrap();
}

#[tokio::test]
async fn heads_that_leave_are_written_down_once_a_day_and_at_the_end() {
    let home = Home::new("");
    let clock = clock();
    let mut keeper = home.keeper(&clock).await;
    for _ in 0..49 {
        clock.advance(std::time::Duration::from_secs(3_600));
        keeper.tick().await.unwrap();
    }
    let state = keeper.state().clone();
    let stop = tokio_util::sync::CancellationToken::new();
    stop.cancel();
    keeper.run(stop).await.unwrap();
    let state = State::open(&home.config.state, state.clock).await.unwrap();
    let rows = keeper::store::ledger_rows::after(&state.database, 0, 100).await.unwrap();
    let mut anchored = 0;
    for (index, row) in rows.iter().enumerate() {
        if let Event::Anchored { anchor, place } = row.event().unwrap() {
            assert_eq!(anchor, rows[index - 1].anchor(), "the head of that moment");
            assert!(place.ends_with("keeper.db.head"), "{place}");
            anchored += 1;
        }
    }
    assert_eq!(anchored, 3, "two days and the end");
    let known = state::known(&state).unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(Some(known[0].anchor), rows.last().map(keeper_core::ledger::Row::anchor));
}
