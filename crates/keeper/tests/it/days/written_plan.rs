//! A plan that is made up and changed at random, in ten zones whose clocks are changed in different ways.

use std::{collections::BTreeMap, fmt::Write as _};

use fastrand::Rng;

use crate::home::ROLE;

const ZONES: [&str; 10] = [
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Africa/Casablanca",
    "Asia/Beirut",
];

const SCHEDULES: [&str; 14] = [
    "30 2 * * *",
    "daily 00:00",
    "15 1,3 * * MON-FRI",
    "*/20 0-3 * * *",
    "hourly",
    "0 */6 * * *",
    "45 23 L * *",
    "0 10 * * MON#1",
    "quarterly 10:00",
    "30 1 * * SUN",
    "0 0 1 * *",
    "after(g0)",
    "on change",
    "manual",
];

/// Names that may be in the plan; the first always is.
const NAMES: u8 = 16;

/// The tasks that are in the plan now, with schedule and zone.
#[derive(Debug)]
pub(crate) struct WrittenPlan {
    tasks: BTreeMap<u8, (&'static str, &'static str)>,
    watched: String,
}

impl WrittenPlan {
    pub(crate) fn new(watched: String, random: &mut Rng) -> Self {
        let mut plan = Self { tasks: BTreeMap::from([(0, ("hourly", ZONES[0]))]), watched };
        // The others are new when they come.
        for number in 1..NAMES / 2 {
            plan.tasks.insert(number, any(random));
        }
        plan
    }

    /// Adds a task, takes one out, or gives one another schedule and zone.
    pub(crate) fn change(&mut self, random: &mut Rng) {
        for _ in 0..random.u8(1..4) {
            let number = random.u8(1..NAMES);
            if random.bool() && self.tasks.remove(&number).is_some() {
                continue;
            }
            self.tasks.insert(number, any(random));
        }
    }

    /// The tasks as TOML. What a task does about crashes and delays hangs on its number alone.
    pub(crate) fn text(&self) -> String {
        let mut text = ROLE.to_owned();
        for (number, (schedule, zone)) in &self.tasks {
            let choice = |words: &[&'static str], step: u8| words[usize::from(number / step) % words.len()];
            let overlap = choice(&["skip", "queue", "replace"], 1);
            let missed = choice(&["run-once", "run-all", "skip", "alert"], 2);
            let interrupted = choice(&["leave", "rerun"], 1);
            let attempts = number % 3 + 1;
            let _ = write!(
                text,
                "\n[[task]]\nname = \"g{number}\"\nschedule = \"{schedule}\"\nzone = \"{zone}\"\n\
                 overlap = \"{overlap}\"\nmissed = \"{missed}\"\ninterrupted = \"{interrupted}\"\n\
                 retry = {{ attempts = {attempts}, wait = \"10m\" }}\npaths = [\"{}\"]\n",
                self.watched
            );
            if number % 7 == 6 {
                text.push_str(
                    "owner = \"chief\"\naction.human = { items = [\"look\"], due_within = \"3d\", ",
                );
                text.push_str("evidence = \"a link\" }\n");
            } else {
                text.push_str("action.shell = \"true\"\n");
            }
        }
        text
    }
}

fn any(random: &mut Rng) -> (&'static str, &'static str) {
    (SCHEDULES[random.usize(0..SCHEDULES.len())], ZONES[random.usize(0..ZONES.len())])
}
