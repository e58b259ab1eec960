//! The running keeper on a clock that the test moves: due backups, a store that is down, retries, a clock that jumps,
//! the time limit, and keeper gone in the middle.

use std::{
    fs,
    time::{Duration, Instant},
};

use chassis::Clock;
use keeper::scheduler::{BackupState, Keeper};
use keeper_core::{
    freshness::Level,
    ledger::{Event, event::Outcome},
};

use crate::home::{Home, clock, events, outcomes, told};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

const STORES: &str = r#"
[service.shop]
database.sqlite = "HOME/shop.db"

[[store]]
name = "near"
kind = "local"
place.folder = "HOME/near"
password.file = "HOME/password"

[[store]]
name = "far"
kind = "off-site"
place.folder = "HOME/far"
password.file = "HOME/password"
tolerance = "1d"
"#;

/// A home with a database, a password and this plan, in which `HOME` is the folder.
fn home(rest: &str) -> Home {
    let mut home = Home::within(None);
    let folder = home.path("").display().to_string();
    home.config.runs.scratch = home.path("scratch").display().to_string();
    fs::write(home.path("password"), "a long password of this test\n").unwrap();
    crate::shop::close(&home.path("password"));
    crate::shop::sqlite3(
        &home.path("shop.db"),
        "PRAGMA journal_mode = WAL; CREATE TABLE orders (what); INSERT INTO orders VALUES ('tea');",
    );
    home.plan(&format!("{STORES}{rest}").replace("HOME/", &folder));
    home
}

fn backup(name: &str, stores: &str, rest: &str) -> String {
    format!(
        "\n[[backup]]\nname = \"{name}\"\nschedule = \"daily 02:00\"\nsources = [{{ database = \"shop\" }}]\n\
         keep = {{ last = 10 }}\nstores = [{stores}]\n{rest}\n"
    )
}

async fn pass(keeper: &mut Keeper, clock: &Clock, time: Duration) {
    clock.advance(time);
    keeper.finish_runs().await.unwrap();
}

/// The state of a backup in a store, as the page shows it.
fn state(keeper: &Keeper, store: &str) -> BackupState {
    let snapshot = keeper.subscribe().borrow().clone();
    snapshot.backups.iter().find(|backup| backup.store == store).unwrap().clone()
}

async fn counts(keeper: &Keeper) -> [usize; 3] {
    let all = events(keeper).await;
    let count = |is: fn(&Event) -> bool| all.iter().filter(|event| is(event)).count();
    [
        count(|event| matches!(event, Event::BackupTaken { .. })),
        count(|event| matches!(event, Event::BackupFailed { .. })),
        count(|event| matches!(event, Event::ProofMade { good: true, .. })),
    ]
}

#[tokio::test]
async fn a_store_may_be_down_for_so_long_and_no_longer() {
    let prove =
        "\n[[task]]\nname = \"prove\"\nschedule = \"daily 03:00\"\naction.keeper = \"backup verify\"\n";
    let home = home(&(backup("db", "\"near\", \"far\"", "") + prove));
    fs::create_dir(home.path("far")).unwrap();
    fs::write(home.path("far/holiday.jpg"), "x").unwrap();
    let clock = clock();
    let mut keeper = home.keeper(&clock).await;
    keeper.finish_runs().await.unwrap();
    assert_eq!(counts(&keeper).await, [0, 0, 0]);
    pass(&mut keeper, &clock, HOUR * 3 / 2).await;
    pass(&mut keeper, &clock, HOUR).await;
    assert_eq!(counts(&keeper).await, [1, 1, 1]);
    assert_eq!(state(&keeper, "near").verdict.level, Level::Green, "{:?}", state(&keeper, "near").says);
    assert_eq!(state(&keeper, "far").verdict.level, Level::Amber, "{:?}", state(&keeper, "far").says);
    assert!(told(&keeper).await[0].starts_with("backup/db ran: near: "), "{:?}", told(&keeper).await);
    // A day and a moment later it has been down for too long.
    for _ in 0..2 {
        pass(&mut keeper, &clock, DAY - HOUR).await;
        pass(&mut keeper, &clock, HOUR).await;
    }
    assert_eq!(state(&keeper, "near").verdict.level, Level::Green, "{:?}", state(&keeper, "near").says);
    assert_eq!(state(&keeper, "far").verdict.level, Level::Red, "{:?}", state(&keeper, "far").says);
    let runs = outcomes(&keeper).await;
    let last = runs.iter().rfind(|run| run.occurrence.task.parts().1 == "backup/db").unwrap();
    assert_eq!(last.outcome, Outcome::Failed, "{last:?}");
    assert!(last.detail.contains("holds files and no repository"), "{last:?}");
    // It is back.
    fs::remove_dir_all(home.path("far")).unwrap();
    pass(&mut keeper, &clock, DAY - HOUR).await;
    pass(&mut keeper, &clock, HOUR).await;
    assert_eq!(state(&keeper, "far").verdict.level, Level::Green, "{:?}", state(&keeper, "far").says);
    assert_eq!(counts(&keeper).await[0], 5);
}

#[tokio::test]
async fn what_failed_is_tried_again_and_clocks_may_jump() {
    let retry = "retry = { attempts = 3, wait = \"10m\", longest = \"1h\" }";
    let home = home(&backup("db", "\"near\"", retry));
    let clock = clock();
    let mut keeper = home.keeper(&clock).await;
    keeper.finish_runs().await.unwrap();
    fs::rename(home.path("shop.db"), home.path("away.db")).unwrap();
    pass(&mut keeper, &clock, HOUR * 3 / 2).await;
    assert_eq!(counts(&keeper).await, [0, 1, 0]);
    assert!(outcomes(&keeper).await.is_empty());
    fs::rename(home.path("away.db"), home.path("shop.db")).unwrap();
    pass(&mut keeper, &clock, HOUR / 2).await;
    assert_eq!(counts(&keeper).await, [1, 1, 0]);
    assert_eq!(outcomes(&keeper).await.len(), 1);

    // A day back, and on from there: what was taken stays, and the next time runs.
    let now = clock.now();
    clock.set(now - DAY);
    keeper.finish_runs().await.unwrap();
    for _ in 0..2 {
        pass(&mut keeper, &clock, DAY).await;
    }
    let taken = counts(&keeper).await[0];
    assert!((2..=4).contains(&taken), "{:?}", told(&keeper).await);
    // And a day too far.
    pass(&mut keeper, &clock, 2 * DAY).await;
    assert!(counts(&keeper).await[0] > taken, "{:?}", told(&keeper).await);
    let good = outcomes(&keeper).await.iter().filter(|run| run.outcome.is_good()).count();
    assert_eq!(counts(&keeper).await[0], good, "{:?}", told(&keeper).await);
    assert_eq!(state(&keeper, "near").count, counts(&keeper).await[0]);
    assert_eq!(fs::read_dir(home.path("near/snapshots")).unwrap().count(), state(&keeper, "near").count);
    assert!(keeper::state::verify(keeper.state(), &[]).await.unwrap().is_ok());
}

#[tokio::test]
async fn a_run_at_its_limit_and_a_keeper_that_goes_leave_no_snapshot() {
    let slow = "\n[[backup]]\nname = \"slow\"\nschedule = \"daily 02:00\"\nkeep = { last = 3 }\nstores = [\"near\"]\n\
                sources = [{ command = { command = \"touch HOME/begun; while ! [ -e HOME/go ]; do sleep 0.05; done; \
                echo words\", file_name = \"words\" } }]\ntime_limit = \"LIMIT\"\n";
    let home = home(&slow.replace("LIMIT", "1s"));
    let clock = clock();
    let mut keeper = home.keeper(&clock).await;
    keeper.finish_runs().await.unwrap();
    pass(&mut keeper, &clock, HOUR * 3 / 2).await;
    let runs = outcomes(&keeper).await;
    assert_eq!(runs[0].outcome, Outcome::Failed);
    assert!(runs[0].detail.contains("ended at its time limit of 1 s"), "{runs:?}");
    assert_eq!(counts(&keeper).await[0], 0);
    assert!(!home.path("near/snapshots").exists());

    // It goes in the middle of the next one, whose limit is longer.
    let text = fs::read_to_string(home.path("plan.toml")).unwrap().replace("\"1s\"", "\"60s\"");
    fs::write(home.path("plan.new"), text).unwrap();
    fs::rename(home.path("plan.new"), home.path("plan.toml")).unwrap();
    fs::remove_file(home.path("begun")).unwrap();
    keeper.finish_runs().await.unwrap();
    clock.advance(DAY);
    let until = Instant::now() + Duration::from_secs(20);
    while !home.path("begun").exists() {
        assert!(Instant::now() < until, "the command does not start: {:?}", told(&keeper).await);
        keeper.tick().await.unwrap();
        tokio::task::yield_now().await;
    }
    drop(keeper);
    let mut keeper = home.keeper(&clock).await;
    fs::write(home.path("go"), "").unwrap();
    keeper.finish_runs().await.unwrap();
    pass(&mut keeper, &clock, DAY).await;
    let words: Vec<String> = told(&keeper).await;
    assert_eq!(words.len(), 3, "{words:?}");
    assert!(words[2].starts_with("backup/slow ran: near: "), "{words:?}");
    let begun = events(&keeper).await;
    let begun = begun.iter().filter(|event| matches!(event, Event::RunStarted { .. })).count();
    assert_eq!(begun, 4, "the one that was interrupted runs again");
    let good = outcomes(&keeper).await.iter().filter(|run| run.outcome.is_good()).count();
    assert_eq!(fs::read_dir(home.path("near/snapshots")).unwrap().count(), good, "{words:?}");
    assert_eq!(counts(&keeper).await[0], good, "{words:?}");
}
