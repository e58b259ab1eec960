//! What is due runs once and has one outcome, whatever happens to keeper, the plan or the clock.

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

use chassis::Clock;
use keeper::store::requests::{self, Answer, Request, Wish};
use keeper_core::{
    ledger::{Event, event::Outcome},
    schedule::Schedule,
    zone::Zone,
};

use crate::home::{Home, ROLE, START, clock, events, is_alive, outcomes, task, told};

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn every_time_has_one_outcome_though_keeper_dies_and_is_away() {
    let home = Home::new(
        &(task("look", "hourly", "action.shell = \"true\"")
            + &task("catch", "hourly", "action.shell = \"true\"\nmissed = \"run-all\"")),
    );
    let clock = clock();
    let mut keeper = home.keeper(&clock).await;
    keeper.finish_runs().await.unwrap();
    for hour in 0..60_u32 {
        if hour % 7 == 3 {
            // Killed, and back after some hours.
            drop(keeper);
            clock.advance(HOUR * (hour % 5));
            keeper = home.keeper(&clock).await;
        }
        clock.advance(HOUR);
        keeper.finish_runs().await.unwrap();
    }
    let schedule = Schedule::parse("hourly").unwrap();
    let expected = schedule.between(START.parse().unwrap(), clock.now(), &Zone::utc(), 10_000);
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for run in outcomes(&keeper).await {
        found.entry(run.occurrence.task.to_string()).or_default().push((run.occurrence.due, run.outcome));
    }
    for (task, runs) in &mut found {
        runs.sort();
        let due: Vec<_> = runs.iter().map(|(due, _)| *due).collect();
        assert_eq!(due, expected, "{task}");
    }
    let count = |task: &str, outcome| found[task].iter().filter(|(_, it)| *it == outcome).count();
    assert!(count("p/look", Outcome::Missed) > 5, "hours away are missed");
    assert_eq!(count("p/catch", Outcome::Missed), 0, "or all caught up");
    assert!(count("p/catch", Outcome::CaughtUp) > 5);
    assert!(keeper::state::verify(keeper.state(), &[]).await.unwrap().is_ok());
}

#[tokio::test]
async fn outcomes_say_how_it_went() {
    let tasks = [
        task("good", "hourly", "action.shell = \"echo fine\""),
        task("bad", "hourly", "action.shell = \"echo no space >&2; exit 7\""),
        task("again", "hourly", "action.shell = \"exit 1\"\nretry = { attempts = 3, wait = \"1m\" }"),
        task("slow", "hourly", "action.shell = \"sleep 600\"\ntime_limit = \"1s\""),
        task("later", "hourly", "action.keeper = \"audit keys\""),
        task("absent", "hourly", "action.scan = \"none\""),
        task("holds", "hourly", "action.keeper = \"ledger verify\""),
        "[[scanner]]\nname = \"none\"\nprogram = \"no-such-tool\"\ncommand = \"no-such-tool\"\nverdict = \"lines\"\n"
            .to_owned(),
    ];
    let home = Home::new(&tasks.concat());
    let clock = clock();
    let mut keeper = home.keeper(&clock).await;
    keeper.tick().await.unwrap();
    clock.advance(HOUR / 2);
    for _ in 0..4 {
        keeper.finish_runs().await.unwrap();
        clock.advance(Duration::from_secs(120));
    }
    let mut told = told(&keeper).await;
    told.sort();
    told.iter_mut().filter(|line| line.starts_with("holds")).for_each(|line| line.truncate(10));
    assert_eq!(
        told,
        [
            "absent skipped: no-such-tool is not installed",
            "again failed: exit code 1",
            "bad failed: exit code 7: no space",
            "good ran: fine",
            "holds ran:",
            "later skipped: this keeper has no audits (section 8) yet",
            "slow failed: ended at its time limit of 1 s, with everything it started",
        ]
    );
    let repeats =
        events(&keeper).await.into_iter().filter(|event| matches!(event, Event::RunRepeated { .. }));
    assert_eq!(repeats.count(), 2, "two tries before the last");
}

#[tokio::test]
async fn a_run_goes_on_while_the_next_is_skipped_and_dies_with_keeper() {
    let home = Home::new("");
    let file = home.path("pid");
    let script = format!("action.shell = \"echo $$ > {}; sleep 600\"\ntime_limit = \"1d\"", file.display());
    home.plan(&task("long", "hourly", &script));
    let clock = clock();
    let mut keeper = home.keeper(&clock).await;
    keeper.tick().await.unwrap();
    clock.advance(HOUR);
    keeper.tick().await.unwrap();
    let until = Instant::now() + Duration::from_secs(10);
    while fs::read_to_string(&file).unwrap_or_default().is_empty() && Instant::now() < until {
        tokio::task::yield_now().await;
    }
    let pid = fs::read_to_string(&file).unwrap();
    assert!(is_alive(&pid));
    clock.advance(HOUR);
    keeper.tick().await.unwrap();
    assert_eq!(told(&keeper).await, ["long skipped: the run due at 2026-03-02T01:00:00Z is still going on"]);
    drop(keeper);
    let mut keeper = home.keeper(&clock).await;
    assert!(!is_alive(&pid), "what the dead keeper left behind is ended");
    keeper.tick().await.unwrap();
    assert_eq!(told(&keeper).await[1], "long interrupted: keeper ended while it was running");
}

#[tokio::test]
async fn a_bad_plan_is_refused_and_the_old_one_stays() {
    let home = Home::new(&task("look", "hourly", "action.shell = \"true\""));
    let clock = clock();
    let mut keeper = home.keeper(&clock).await;
    keeper.tick().await.unwrap();
    home.plan("[[task]]\nname = \"look\"\n");
    for _ in 0..4 {
        keeper.tick().await.unwrap();
    }
    let refused = |event: &Event| matches!(event, Event::ConfigRefused { .. });
    assert_eq!(events(&keeper).await.iter().filter(|event| refused(event)).count(), 1, "said once");
    assert!(keeper.subscribe().borrow().refused.as_deref().unwrap().contains("schedule"));
    clock.advance(HOUR / 2);
    keeper.finish_runs().await.unwrap();
    assert_eq!(told(&keeper).await, ["look ran: done"]);

    home.plan(&task("other", "hourly", "action.shell = \"echo new\""));
    for _ in 0..3 {
        keeper.tick().await.unwrap();
    }
    clock.advance(HOUR);
    keeper.finish_runs().await.unwrap();
    assert_eq!(told(&keeper).await[1..], ["other ran: new"]);
    assert_eq!(keeper.subscribe().borrow().refused, None);
}

async fn ask(keeper: &mut keeper::scheduler::Keeper, wish: Wish, task: &str) -> Answer {
    let database = keeper.state().database.clone();
    let request = Request {
        id: uuid::Uuid::new_v4().to_string(),
        wish,
        task: task.to_owned(),
        asked_by: "tester".to_owned(),
    };
    requests::add(&database, &request, keeper.state().clock.now()).await.unwrap();
    // A task that is new in the plan is taken on first.
    keeper.finish_runs().await.unwrap();
    keeper.finish_runs().await.unwrap();
    requests::answer_to(&database, &request.id).await.unwrap().unwrap()
}

#[tokio::test]
async fn people_are_waited_for_and_show_what_they_did() {
    let human = "owner = \"chief\"\naction.human = { items = [\"look at the architecture\"], due_within = \"1d\", \
                 evidence = \"a link\" }";
    let home = Home::new(&(task("review", "daily 01:00", human) + ROLE));
    let clock = clock();
    let mut keeper = home.keeper(&clock).await;
    keeper.tick().await.unwrap();
    let refused = ask(&mut keeper, Wish::Evidence("x".to_owned()), "p/review").await;
    assert_eq!(refused, Answer::Refused("p/review has no open work of people".to_owned()));
    clock.advance(HOUR / 2);
    keeper.tick().await.unwrap();
    assert_eq!(keeper.subscribe().borrow().tasks[0].open.len(), 1);
    clock.advance(HOUR * 25);
    keeper.tick().await.unwrap();
    keeper.tick().await.unwrap();
    let overdue = |event: &Event| matches!(event, Event::Overdue { .. });
    assert_eq!(events(&keeper).await.iter().filter(|event| overdue(event)).count(), 1, "said once");
    let answer = ask(&mut keeper, Wish::Evidence("record 12".to_owned()), "p/review").await;
    assert!(matches!(answer, Answer::Row(_)), "{answer:?}");
    assert_eq!(told(&keeper).await.last().unwrap(), "review ran: done by tester, with evidence");
    let evidence = |event: &Event| matches!(event, Event::Evidence { text, .. } if text == "record 12");
    assert!(events(&keeper).await.iter().any(evidence));
}

#[tokio::test]
async fn what_is_asked_for_runs_and_what_follows_it_too() {
    let home = Home::new(
        &(task("first", "manual", "action.shell = \"echo one\"")
            + &task("second", "after(first)", "action.shell = \"echo two\"")),
    );
    let clock = clock();
    let mut keeper = home.keeper(&clock).await;
    keeper.tick().await.unwrap();
    assert!(matches!(ask(&mut keeper, Wish::Run, "p/first").await, Answer::Row(_)));
    keeper.finish_runs().await.unwrap();
    assert_eq!(told(&keeper).await, ["first ran: one", "second ran: two"]);
    let refused = ask(&mut keeper, Wish::Run, "p/none").await;
    assert_eq!(refused, Answer::Refused("no plan has a task p/none".to_owned()));
}

#[tokio::test]
async fn a_changed_file_is_noticed_even_across_a_restart() {
    let home = Home::new("");
    let watched = home.path("watched");
    fs::write(&watched, "1").unwrap();
    let paths = format!("action.shell = \"true\"\npaths = [\"{}\"]", watched.display());
    home.plan(&task("changed", "on change", &paths));
    let clock = clock();
    let mut keeper = home.keeper(&clock).await;
    // The task is taken on by the first look, and its files are remembered by a later one.
    keeper.tick().await.unwrap();
    drop(keeper);
    let mut keeper = home.keeper(&clock).await;
    keeper.finish_runs().await.unwrap();
    assert!(told(&keeper).await.is_empty(), "the first look is no change");
    drop(keeper);
    fs::write(&watched, "12").unwrap();
    let mut keeper = home.keeper(&clock).await;
    keeper.finish_runs().await.unwrap();
    assert_eq!(told(&keeper).await, ["changed ran: done"]);
}

#[tokio::test]
async fn a_clock_set_back_is_written_down_and_nothing_runs_twice() {
    let home = Home::new(&task("look", "hourly", "action.shell = \"true\""));
    let ahead = clock();
    let mut keeper = home.keeper(&ahead).await;
    keeper.tick().await.unwrap();
    for _ in 0..3 {
        ahead.advance(HOUR);
        keeper.finish_runs().await.unwrap();
    }
    drop(keeper);
    let behind = Clock::fixed(START.parse().unwrap());
    let mut keeper = home.keeper(&behind).await;
    for _ in 0..5 {
        keeper.finish_runs().await.unwrap();
        behind.advance(HOUR);
    }
    keeper.finish_runs().await.unwrap();
    let set_back = |event: &Event| matches!(event, Event::ClockSetBack { .. });
    assert_eq!(events(&keeper).await.iter().filter(|event| set_back(event)).count(), 1);
    let due: Vec<_> = outcomes(&keeper).await.iter().map(|run| run.occurrence.due).collect();
    let mut once = due.clone();
    once.sort();
    once.dedup();
    assert_eq!(due.len(), once.len(), "{due:?}");
    assert_eq!(once.len(), 5, "three before, two after");
}

/// One keeper through a clock that goes a day back or ahead for three hours, and is then set right.
async fn wrong_by(seconds: i64) -> (Vec<String>, usize) {
    let home = Home::new(&task("look", "hourly", "action.shell = \"true\"\nmissed = \"run-all\""));
    let clock = clock();
    let set = |by: i64| clock.set(clock.now().saturating_add(jiff::SignedDuration::from_secs(by)).unwrap());
    let mut keeper = home.keeper(&clock).await;
    keeper.finish_runs().await.unwrap();
    for (hours, then) in [(30, seconds), (3, -seconds), (30, 0)] {
        for _ in 0..hours {
            clock.advance(HOUR);
            keeper.finish_runs().await.unwrap();
        }
        set(then);
        keeper.finish_runs().await.unwrap();
    }
    let all = outcomes(&keeper).await;
    let set_back =
        events(&keeper).await.into_iter().filter(|event| matches!(event, Event::ClockSetBack { .. }));
    let worked = all.iter().filter(|run| run.outcome.is_good()).map(|run| run.occurrence.due);
    let mut worked: Vec<_> = worked.map(|due| due.strftime("%d %H:%M").to_string()).collect();
    let count = worked.len();
    worked.sort();
    worked.dedup();
    assert_eq!(worked.len(), count, "no work is done twice");
    assert!(keeper::state::verify(keeper.state(), &[]).await.unwrap().is_ok());
    (worked, set_back.count())
}

#[tokio::test]
async fn a_clock_wrong_by_a_day_and_set_right_loses_nothing() {
    let hours = 30 + 3 + 30;
    let due: Vec<String> =
        (1..=hours).map(|hour| format!("{:02} {:02}:00", 2 + hour / 24, hour % 24)).collect();
    // A day behind: the hours come a second time, and what was done stays done.
    assert_eq!(wrong_by(-86_400).await, (due.clone(), 1));
    // A day ahead: hours are missed and then come after all; those that were run ahead are not run again.
    assert_eq!(wrong_by(86_400).await, (due, 1));
}

#[tokio::test]
async fn a_task_can_be_asked_for_as_soon_as_it_is_in_the_plan() {
    let home = Home::new(&task("old", "manual", "action.shell = \"true\""));
    let clock = clock();
    let mut keeper = home.keeper(&clock).await;
    keeper.tick().await.unwrap();
    home.plan(&task("new", "manual", "action.shell = \"echo fine\""));
    // The change is noticed; the next look takes the plan over and finds the request at once.
    keeper.tick().await.unwrap();
    assert!(matches!(ask(&mut keeper, Wish::Run, "p/new").await, Answer::Row(_)));
    assert_eq!(told(&keeper).await, ["new ran: fine"]);
}
