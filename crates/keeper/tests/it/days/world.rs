//! A machine with a keeper on it: it sleeps, crashes, has its clock set and its plan changed, and is used by people.

use std::{
    collections::BTreeMap,
    fs,
    future::{Future, poll_fn},
    path::PathBuf,
    pin::pin,
    sync::Arc,
    task::Poll,
};

use chassis::Clock;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use keeper::{
    scheduler::Keeper,
    state,
    store::{
        ledger_rows,
        requests::{self, Answer, Request, Wish},
    },
};
use keeper_core::{ledger::event::Occurrence, plan::PlanSet, schedule::account::End};
use tokio_util::sync::CancellationToken;

use super::{book::Book, calendar::Calendar, workshop::Workshop, written_plan::WrittenPlan};
use crate::home::Home;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// What has happened, by its name.
pub(crate) type Tally = BTreeMap<String, u64>;

pub(crate) struct World {
    home: Home,
    clock: Clock,
    random: Rng,
    keeper: Option<Keeper>,
    workshop: Workshop,
    book: Book,
    written: WrittenPlan,
    end: Timestamp,
    /// When people will have done their work.
    people: BTreeMap<Occurrence, Timestamp>,
    /// Requests without an answer, and whether a whole look has left them so.
    asked: Vec<(String, bool)>,
    tally: Tally,
}

/// A round of so many days from an instant on; gives what has happened in it.
pub(crate) async fn live(mut home: Home, from: Timestamp, days: i64, seed: u64) -> Tally {
    let end = seconds_after(from, days * DAY);
    let calendar = Calendar::new(seconds_after(from, -3 * DAY), seconds_after(end, 10 * DAY));
    let mut random = Rng::with_seed(seed);
    // Simulated runs may last for days; none waits for a place.
    home.config.runs.at_once = 10_000;
    let written = WrittenPlan::new(home.path("watched").display().to_string(), &mut random);
    let mut world = World {
        clock: Clock::fixed(seconds_after(from, 30)),
        home,
        keeper: None,
        workshop: Workshop::default(),
        book: Book::new(calendar),
        written,
        end,
        people: BTreeMap::new(),
        asked: Vec::new(),
        tally: Tally::new(),
        random,
    };
    world.write_plan();
    world.start().await;
    while world.clock.now() < world.end {
        world.awake().await;
        world.trouble().await;
    }
    world.finish().await
}

impl World {
    fn count(&mut self, what: &str) {
        *self.tally.entry(what.to_owned()).or_default() += 1;
    }

    fn keeper(&mut self) -> &mut Keeper {
        self.keeper.as_mut().unwrap()
    }

    fn pass(&self, seconds: i64) {
        self.clock.set(seconds_after(self.clock.now(), seconds));
    }

    /// The four plans of the project, and the one that changes.
    fn files(&self) -> Vec<PathBuf> {
        let plans = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plans");
        let names = ["loom", "chimera", "postgres-app", "static-site"];
        let mut files: Vec<PathBuf> =
            names.iter().map(|name| format!("{plans}/{name}.toml").into()).collect();
        files.push(self.home.path("plan.toml"));
        files
    }

    fn write_plan(&mut self) {
        self.home.plan(&self.written.text());
        let loaded = keeper::plan_file::load(&self.files());
        let plans: PlanSet = loaded.unwrap_or_else(|refused| panic!("{:#?}", refused.problems)).plans;
        self.book.plan(plans.timed_tasks());
    }

    async fn start(&mut self) {
        let (config, files) = (self.home.config.clone(), self.files());
        let hand = Arc::new(self.workshop.clone());
        let start = || Keeper::start_with(config.clone(), files.clone(), self.clock.clone(), hand.clone());
        let keeper = crate::home::started(start).await;
        let trouble = keeper.subscribe().borrow().trouble.clone();
        assert_eq!(trouble, None, "the ledger holds at every start");
        self.keeper = Some(keeper);
        self.read().await;
        self.look().await;
    }

    /// Takes the new rows into the books.
    async fn read(&mut self) {
        for stopped in self.workshop.stopped() {
            self.book.ends.insert(stopped, End::Replaced);
        }
        let database = self.keeper().state().database.clone();
        loop {
            let rows = ledger_rows::after(&database, self.book.last, ledger_rows::BATCH).await.unwrap();
            for row in &rows {
                self.book.row(row.seq, row.at, &row.event().unwrap());
            }
            if rows.len() < ledger_rows::BATCH as usize {
                return;
            }
        }
    }

    /// One whole look, after which the books must balance.
    async fn look(&mut self) {
        self.end_runs().await;
        self.ask().await;
        self.keeper().tick().await.unwrap();
        self.settle().await;
        self.read().await;
        let now = self.clock.now();
        self.book.balance(now, &self.workshop.live());
        self.check_answers().await;
        self.count("looks");
    }

    /// Lets what was started reach the workshop, and decides how long it lasts.
    async fn settle(&mut self) {
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        let random = &mut self.random;
        self.workshop.plan_ends(self.clock.now(), || {
            SignedDuration::from_secs(match random.u8(0..200) {
                0 => random.i64(HOUR..2 * DAY),
                1..20 => random.i64(200..HOUR),
                _ => random.i64(0..200),
            })
        });
    }

    async fn end_runs(&mut self) {
        let random = &mut self.random;
        let how = || match random.u8(0..20) {
            0..2 => End::Failed,
            2 => End::Skipped,
            _ => End::Succeeded,
        };
        self.book.ends.extend(self.workshop.end_due(self.clock.now(), how).await);
    }

    /// People ask for a task, show what they did, or change a file.
    async fn ask(&mut self) {
        let now = self.clock.now();
        let open: Vec<Occurrence> = self.book.people().cloned().collect();
        self.people.retain(|occurrence, _| open.contains(occurrence));
        let mut wishes = Vec::new();
        for occurrence in open {
            let within = self.random.i64(HOUR..20 * DAY);
            let done_at =
                *self.people.entry(occurrence.clone()).or_insert_with(|| seconds_after(now, within));
            if done_at <= now {
                // Asked once: what keeper has not answered yet lies in its state file.
                self.people.insert(occurrence.clone(), Timestamp::MAX);
                wishes.push((Wish::Evidence("a link".to_owned()), occurrence.task.to_string()));
            }
        }
        if self.random.u8(0..50) == 0 {
            wishes.push((Wish::Run, self.any_task("")));
        }
        if self.random.u8(0..50) == 0 {
            fs::write(self.home.path("watched"), "x".repeat(self.random.usize(0..2_000))).unwrap();
        }
        for (wish, task) in wishes {
            self.request(wish, task).await;
        }
    }

    /// A task whose name begins so.
    fn any_task(&mut self, prefix: &str) -> String {
        let named: Vec<String> = self.book.planned().map(|timed| timed.id.to_string()).collect();
        let named: Vec<String> = named.into_iter().filter(|id| id.starts_with(prefix)).collect();
        self.random.choice(named).unwrap()
    }

    async fn request(&mut self, wish: Wish, task: String) {
        self.count("requests");
        let id = format!("request-{}", self.tally["requests"]);
        let request = Request { id: id.clone(), wish, task, asked_by: "people".to_owned() };
        let database = self.keeper().state().database.clone();
        requests::add(&database, &request, self.clock.now()).await.unwrap();
        self.asked.push((id, false));
    }

    async fn check_answers(&mut self) {
        let database = self.keeper().state().database.clone();
        for (id, waited) in std::mem::take(&mut self.asked) {
            match requests::answer_to(&database, &id).await.unwrap() {
                Some(Answer::Row(_)) => {}
                // A task that is new in the plan is taken on first.
                None if !waited => self.asked.push((id, true)),
                answer => panic!("{id}: {answer:?}"),
            }
        }
    }

    /// Some hours with keeper looking whenever something is due, seldom in time to the second.
    async fn awake(&mut self) {
        let until = seconds_after(self.clock.now(), self.random.i64(HOUR..10 * HOUR)).min(self.end);
        loop {
            let next = self.book.next_minute(self.clock.now()) * 60;
            let delay =
                if self.random.u8(0..40) == 0 { self.random.i64(0..1_500) } else { self.random.i64(0..45) };
            let next = Timestamp::from_second(next + delay).unwrap();
            if next > until {
                return;
            }
            self.clock.set(next.max(self.clock.now()));
            self.look().await;
        }
    }

    async fn trouble(&mut self) {
        match self.random.u8(0..16) {
            0..3 => self.crash().await,
            3..9 => {
                self.count("sleeps");
                let asleep = match self.random.u8(0..10) {
                    0..5 => self.random.i64(HOUR..10 * HOUR),
                    5..9 => self.random.i64(DAY..5 * DAY),
                    _ => self.random.i64(7 * DAY..15 * DAY),
                };
                let left = self.end.duration_since(self.clock.now()).as_secs().max(0);
                self.pass(asleep.min(left));
                self.look().await;
            }
            9 => {
                self.count("clock set back a day");
                let about = self.random.i64(-HOUR..HOUR);
                self.pass(-DAY + about);
                self.look().await;
            }
            10 => {
                self.count("clock set forward a day");
                let about = self.random.i64(-HOUR..HOUR);
                self.pass(DAY + about);
                self.look().await;
            }
            11 => self.stop().await,
            12 => self.bad_plan().await,
            _ => self.change_plan().await,
        }
    }

    /// Keeper dies in the middle of a look: its future is dropped after so many steps, whatever it was writing.
    async fn crash(&mut self) {
        self.count("crashes");
        let next = self.book.next_minute(self.clock.now()) * 60;
        let delay = self.random.i64(0..12 * HOUR) * i64::from(self.random.bool());
        self.clock.set(Timestamp::from_second(next + delay).unwrap());
        self.end_runs().await;
        self.ask().await;
        let exponent = self.random.u32(0..11);
        let steps = self.random.usize(0..1 << exponent);
        let ended = for_steps(self.keeper().tick(), steps).await;
        if ended.is_none() {
            self.count("crashes in the middle of a look");
        }
        self.bury().await;
        let away = self.random.i64(0..8 * HOUR) * i64::from(self.random.bool());
        self.pass(away);
        self.start().await;
    }

    /// Nothing of the dead keeper goes on, as when its process is gone.
    async fn bury(&mut self) {
        let keeper = self.keeper.take().unwrap();
        let database = keeper.state().database.clone();
        drop(keeper);
        database.close().await;
        self.workshop.clear();
    }

    async fn stop(&mut self) {
        self.count("stops");
        let keeper = self.keeper.take().unwrap();
        let told = CancellationToken::new();
        told.cancel();
        keeper.run(told).await.unwrap();
        self.workshop.clear();
        let away = self.random.i64(0..8 * HOUR);
        self.pass(away);
        self.start().await;
    }

    async fn change_plan(&mut self) {
        self.count("plans changed");
        self.written.change(&mut self.random);
        self.write_plan();
        let crashes = self.random.u8(0..3) == 0;
        // Noticed, found to be settled, and taken over.
        for _ in 0..2 {
            let steps = if crashes { self.random.usize(0..60) } else { usize::MAX };
            if for_steps(self.keeper().tick(), steps).await.is_none() {
                self.count("crashes while the plan changes");
                self.bury().await;
                return self.start().await;
            }
            self.settle().await;
            // A task may be wanted as soon as it is in the plan.
            let task = self.any_task("p/");
            self.request(Wish::Run, task).await;
        }
        self.read().await;
        self.look().await;
    }

    async fn bad_plan(&mut self) {
        self.count("plans refused");
        self.home.plan("[[task]]\nname = \"g0\"\n");
        for _ in 0..3 {
            self.keeper().tick().await.unwrap();
            self.settle().await;
        }
        self.read().await;
        assert!(self.keeper().subscribe().borrow().refused.is_some());
        self.change_plan().await;
        assert!(self.keeper().subscribe().borrow().refused.is_none());
    }

    /// Everything comes to its end, and the ledger holds.
    async fn finish(mut self) -> Tally {
        for _ in 0..3 {
            self.pass(3 * DAY);
            self.look().await;
        }
        let state = self.keeper().state().clone();
        let verified = state::verify(&state, &[]).await.unwrap().unwrap_or_else(|broken| panic!("{broken}"));
        assert_eq!(verified.rows, self.book.last);
        self.bury().await;
        self.tally.insert("rows".to_owned(), verified.rows);
        let outcomes = std::mem::take(&mut self.book.outcomes);
        self.tally.extend(outcomes.into_iter().map(|(name, count)| (format!("occurrences {name}"), count)));
        self.tally
    }
}

fn seconds_after(instant: Timestamp, seconds: i64) -> Timestamp {
    instant.saturating_add(SignedDuration::from_secs(seconds)).unwrap()
}

/// Polls a future so many times; none when it was not done by then.
async fn for_steps<T>(future: impl Future<Output = T>, steps: usize) -> Option<T> {
    let (mut future, mut left) = (pin!(future), steps);
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}
