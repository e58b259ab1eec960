//! The state file: one keeper at a time, rows that hold, and a disk that is full.

use std::fs;

use keeper::{
    config::StateConfig,
    state::{self, HeldBy, State, Writer, head},
    store::holder,
};
use keeper_core::ledger::Event;
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
