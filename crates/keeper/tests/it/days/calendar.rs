//! When schedules are due, found by walking: nothing here asks the code under test.
//!
//! A pattern is read by hand. A zone is walked minute by minute: the minutes of the wall clock that are reached for
//! the first time at an instant, by an ordinary tick or by a change that leaves some out, belong to that instant.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    rc::Rc,
};

use jiff::{Timestamp, ToSpan, civil::Date, civil::date};
use keeper_core::zone::Zone;

const DAY: i64 = 1_440;
const WEEKDAYS: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

/// Minutes since 1970 of an instant.
pub(crate) fn minute_of(instant: Timestamp) -> i64 {
    instant.as_second().div_euclid(60)
}

/// A pattern with times of its own.
#[derive(Debug)]
struct Pattern {
    minutes: Vec<i64>,
    days: Days,
    months: Vec<i8>,
}

#[derive(Debug)]
enum Days {
    All,
    OfMonth(Vec<i8>),
    LastOfMonth,
    /// From Monday = 0.
    OfWeek(Vec<i8>),
    /// A weekday and which one of the month.
    NthOfMonth(i8, i8),
}

impl Pattern {
    /// None where the schedule has no times: `on change`, `after(…)`, `manual`.
    fn read(text: &str) -> Option<Self> {
        let clock = |time: &str| {
            let (hour, minute) = time.split_once(':').unwrap();
            hour.parse::<i64>().unwrap() * 60 + minute.parse::<i64>().unwrap()
        };
        let words: Vec<&str> = text.split(' ').collect();
        let plain = |minutes: Vec<i64>, days: Days, months: Vec<i8>| Some(Self { minutes, days, months });
        let all_months = || (1..=12).collect();
        match words[..] {
            ["on", "change"] | ["manual"] => None,
            ["hourly"] => plain((0..24).map(|hour| hour * 60).collect(), Days::All, all_months()),
            ["daily", time] => plain(vec![clock(time)], Days::All, all_months()),
            ["quarterly", time] => plain(vec![clock(time)], Days::OfMonth(vec![1]), vec![1, 4, 7, 10]),
            [minute, hour, day, month, weekday] => {
                let (minutes, hours) = (numbers(minute, 0, 59), numbers(hour, 0, 23));
                let minutes = hours.iter().flat_map(|hour| minutes.iter().map(move |it| hour * 60 + it));
                plain(minutes.collect(), days(day, weekday), small(&numbers(month, 1, 12)))
            }
            [word] if word.starts_with("after(") => None,
            _ => panic!("the walk cannot read the schedule {text}"),
        }
    }

    fn falls_on(&self, day: Date) -> bool {
        let weekday = day.weekday().to_monday_zero_offset();
        self.months.contains(&day.month())
            && match &self.days {
                Days::All => true,
                Days::OfMonth(days) => days.contains(&day.day()),
                Days::LastOfMonth => day.day() == day.days_in_month(),
                Days::OfWeek(days) => days.contains(&weekday),
                Days::NthOfMonth(own, nth) => *own == weekday && (day.day() - 1) / 7 + 1 == *nth,
            }
    }
}

fn days(day: &str, weekday: &str) -> Days {
    let named = |name: &str| {
        let position = WEEKDAYS.iter().position(|own| *own == name);
        i8::try_from(position.unwrap_or_else(|| panic!("the walk knows no weekday {name}"))).unwrap()
    };
    match (day, weekday) {
        ("*", "*") => Days::All,
        ("L", "*") => Days::LastOfMonth,
        (days, "*") => Days::OfMonth(small(&numbers(days, 1, 31))),
        ("*", weekday) => match (weekday.split_once('#'), weekday.split_once('-')) {
            (Some((name, nth)), _) => Days::NthOfMonth(named(name), nth.parse().unwrap()),
            (_, Some((first, last))) => Days::OfWeek((named(first)..=named(last)).collect()),
            _ => Days::OfWeek(weekday.split(',').map(named).collect()),
        },
        _ => panic!("the walk does not say what {day} with {weekday} means"),
    }
}

/// `*`, `*/5`, `0-3`, `1,3`.
fn numbers(field: &str, first: i64, last: i64) -> Vec<i64> {
    let one = |part: &str| -> Vec<i64> {
        if part == "*" {
            return (first..=last).collect();
        }
        if let Some(step) = part.strip_prefix("*/") {
            return (first..=last).step_by(step.parse().unwrap()).collect();
        }
        match part.split_once('-') {
            Some((from, to)) => (from.parse().unwrap()..=to.parse().unwrap()).collect(),
            None => vec![part.parse().unwrap()],
        }
    };
    field.split(',').flat_map(one).collect()
}

fn small(numbers: &[i64]) -> Vec<i8> {
    numbers.iter().map(|number| i8::try_from(*number).unwrap()).collect()
}

/// A zone's wall clock over some weeks: the instant that shows each of its minutes first.
#[derive(Debug)]
struct Wall {
    first: i64,
    instants: Vec<i64>,
}

impl Wall {
    fn walk(zone: &Zone, from: i64, to: i64) -> Self {
        let offset_at = |minute: i64| {
            i64::from(zone.rules().to_offset(Timestamp::from_second(minute * 60).unwrap()).seconds()) / 60
        };
        let first = from + offset_at(from);
        let mut wall = Self { first, instants: vec![from] };
        let (mut minute, mut seen) = (from, first);
        while minute < to {
            // Days without a change need not be asked at every minute.
            let end = (minute + DAY).min(to);
            let same =
                offset_at(minute) == offset_at(end) && offset_at(minute) == offset_at(minute + DAY / 2);
            let usual = offset_at(minute);
            while minute < end {
                minute += 1;
                let shown = minute + if same { usual } else { offset_at(minute) };
                while seen < shown {
                    seen += 1;
                    wall.instants.push(minute);
                }
            }
        }
        wall
    }

    fn due(&self, pattern: &Pattern) -> Vec<i64> {
        let epoch = date(1970, 1, 1);
        let last = self.first + i64::try_from(self.instants.len()).unwrap();
        let mut due = Vec::new();
        for day in self.first.div_euclid(DAY)..=last.div_euclid(DAY) {
            if !pattern.falls_on(epoch.checked_add(day.days()).unwrap()) {
                continue;
            }
            for minute in &pattern.minutes {
                let index = usize::try_from(day * DAY + minute - self.first);
                due.extend(index.ok().and_then(|index| self.instants.get(index)));
            }
        }
        due
    }
}

/// Every time at which schedules are due within some weeks.
#[derive(Debug)]
pub(crate) struct Calendar {
    from: i64,
    to: i64,
    walls: BTreeMap<String, Wall>,
    known: BTreeMap<(String, String), Rc<BTreeSet<i64>>>,
}

impl Calendar {
    pub(crate) fn new(from: Timestamp, to: Timestamp) -> Self {
        let (from, to) = (minute_of(from), minute_of(to) + 1);
        Self { from, to, walls: BTreeMap::new(), known: BTreeMap::new() }
    }

    /// The minutes at which this schedule is due in this zone; a time that a change leaves out or repeats is once.
    pub(crate) fn of(&mut self, schedule: &str, zone: &str) -> Rc<BTreeSet<i64>> {
        let key = (schedule.to_owned(), zone.to_owned());
        if let Some(known) = self.known.get(&key) {
            return Rc::clone(known);
        }
        let (from, to) = (self.from, self.to);
        let wall = self
            .walls
            .entry(zone.to_owned())
            .or_insert_with(|| Wall::walk(&Zone::named(zone).unwrap(), from - 2 * DAY, to + 2 * DAY));
        let due = Pattern::read(schedule).map(|pattern| wall.due(&pattern)).unwrap_or_default();
        let due = Rc::new(due.into_iter().collect::<BTreeSet<i64>>());
        self.known.insert(key, Rc::clone(&due));
        due
    }
}

/// Due minutes after one instant and up to another.
pub(crate) fn between(due: &BTreeSet<i64>, after: Timestamp, until: Timestamp) -> impl Iterator<Item = i64> {
    let after = minute_of(after).min(minute_of(until));
    due.range((Bound::Excluded(after), Bound::Included(minute_of(until)))).copied()
}

#[test]
fn the_walk_itself_can_be_read_off_a_wall() {
    let check = |schedule: &str, zone: &str, from: &str, to: &str, expected: &[&str]| {
        let (from, to): (Timestamp, Timestamp) = (from.parse().unwrap(), to.parse().unwrap());
        let due = Calendar::new(from, to).of(schedule, zone);
        let found: Vec<String> = between(&due, from, to)
            .map(|minute| Timestamp::from_second(minute * 60).unwrap().to_string())
            .collect();
        assert_eq!(found, expected, "{schedule} in {zone}");
    };
    let berlin = "Europe/Berlin";
    check("30 2 * * *", berlin, "2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z", &["2026-03-29T01:00:00Z"]);
    check("30 2 * * *", berlin, "2026-10-25T00:00:00Z", "2026-10-26T00:00:00Z", &["2026-10-25T00:30:00Z"]);
    let hours = ["2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"];
    check("hourly", berlin, "2026-10-24T23:30:00Z", "2026-10-25T02:30:00Z", &hours);
    check("0 10 * * MON#1", "UTC", "2026-01-01T00:00:00Z", "2026-01-31T00:00:00Z", &["2026-01-05T10:00:00Z"]);
    check("45 23 L * *", "UTC", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", &["2026-02-28T23:45:00Z"]);
    let quarter = "quarterly 10:00";
    check(
        quarter,
        "Asia/Shanghai",
        "2026-03-01T00:00:00Z",
        "2026-05-01T00:00:00Z",
        &["2026-04-01T02:00:00Z"],
    );
    let apia = "2011-12-30T10:00:00Z";
    check("0 10 * * *", "Pacific/Apia", "2011-12-30T00:00:00Z", "2011-12-30T12:00:00Z", &[apia]);
}
