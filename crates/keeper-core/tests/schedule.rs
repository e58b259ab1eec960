//! Schedules against a walk over every minute of ten years in thirty zones, and by example.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

use jiff::Timestamp;
use jiff::civil::{Date, Weekday, date};
use keeper_core::schedule::Schedule;
use keeper_core::zone::Zone;

/// Zones with every kind of change: none, an hour, half an hour, at midnight, in winter, given up, a date line.
const ZONES: [&str; 30] = [
    "UTC",
    "Asia/Shanghai",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Lisbon",
    "Europe/Moscow",
    "Europe/Chisinau",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Amman",
    "Asia/Tehran",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Asia/Pyongyang",
    "Australia/Lord_Howe",
    "Australia/Adelaide",
    "Australia/Sydney",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Norfolk",
    "Africa/Casablanca",
    "Africa/Cairo",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "America/St_Johns",
    "America/Asuncion",
];

/// Zones in which the patterns with many times are walked too.
const BUSY_ZONES: [&str; 5] =
    ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Beirut", "America/Havana", "Asia/Pyongyang"];

/// A pattern, and the same said in Rust.
struct Case {
    pattern: &'static str,
    minute_of_day: fn(u32) -> bool,
    day: fn(Date) -> bool,
    busy: bool,
}

const fn case(
    pattern: &'static str,
    minute_of_day: fn(u32) -> bool,
    day: fn(Date) -> bool,
    busy: bool,
) -> Case {
    Case { pattern, minute_of_day, day, busy }
}

const CASES: [Case; 9] = [
    case("30 2 * * *", |minute| minute == 150, |_| true, false),
    case("daily 00:00", |minute| minute == 0, |_| true, false),
    case(
        "15 1,3 * * MON-FRI",
        |minute| minute == 75 || minute == 195,
        |day| day.weekday().to_monday_zero_offset() < 5,
        false,
    ),
    case(
        "0 10 * * MON#1",
        |minute| minute == 600,
        |day| day.weekday() == Weekday::Monday && day.day() <= 7,
        false,
    ),
    case(
        "quarterly 10:00",
        |minute| minute == 600,
        |day| day.day() == 1 && [1, 4, 7, 10].contains(&day.month()),
        false,
    ),
    case("0 9 29 2 *", |minute| minute == 540, |day| day.month() == 2 && day.day() == 29, false),
    case("45 23 L * *", |minute| minute == 1_425, |day| day.day() == day.days_in_month(), false),
    case("hourly", |minute| minute % 60 == 0, |_| true, true),
    case("*/20 0-3 * * *", |minute| minute % 20 == 0 && minute < 240, |_| true, true),
];

const FIRST: Date = date(2016, 1, 1);
const YEARS: i16 = 10;

/// Goes minute by minute: a pattern is due at an instant when one of the wall clock's minutes that are reached for the
/// first time there, by an ordinary tick or by a change that leaves some out, is in the pattern.
fn walk(zone: &Zone, cases: &[&Case]) -> Vec<Vec<i64>> {
    let first = FIRST.at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_second() / 60;
    let last = date(FIRST.year() + YEARS, 1, 1)
        .at(0, 0, 0, 0)
        .to_zoned(jiff::tz::TimeZone::UTC)
        .unwrap()
        .timestamp()
        .as_second()
        / 60;
    let masks: Vec<u16> = (0..1_440)
        .map(|minute| {
            cases
                .iter()
                .enumerate()
                .map(|(index, case)| u16::from((case.minute_of_day)(minute)) << index)
                .sum()
        })
        .collect();
    let offset_at = |minute: i64| {
        i64::from(zone.rules().to_offset(Timestamp::from_second(minute * 60).unwrap()).seconds()) / 60
    };
    let mut changes: Vec<i64> = zone
        .rules()
        .following(Timestamp::from_second(first * 60).unwrap())
        .map(|change| change.timestamp().as_second() / 60)
        .take_while(|minute| *minute < last)
        .collect();
    changes.push(last);
    let mut due: Vec<Vec<i64>> = cases.iter().map(|_| Vec::new()).collect();
    let mut seen = first + offset_at(first);
    let (mut day, mut day_mask) = (i64::MIN, 0);
    let mut minute = first + 1;
    for change in changes {
        let offset = offset_at(minute - 1);
        let mut reach = |wall: i64, minute: i64| {
            let own_day = wall.div_euclid(1_440);
            if own_day != day {
                day = own_day;
                let date = FIRST.saturating_add(jiff::ToSpan::days(own_day - first.div_euclid(1_440)));
                day_mask =
                    cases.iter().enumerate().map(|(index, case)| u16::from((case.day)(date)) << index).sum();
            }
            let mask = masks[usize::try_from(wall.rem_euclid(1_440)).unwrap()] & day_mask;
            if mask != 0 {
                for (index, own) in due.iter_mut().enumerate() {
                    if mask & (1 << index) != 0 && own.last() != Some(&minute) {
                        own.push(minute);
                    }
                }
            }
        };
        while minute < change {
            let wall = minute + offset;
            if wall > seen {
                reach(wall, minute);
                seen = wall;
            }
            minute += 1;
        }
        if change == last {
            break;
        }
        let wall = change + offset_at(change);
        while seen < wall {
            seen += 1;
            reach(seen, change);
        }
        minute = change + 1;
    }
    due
}

#[test]
fn ten_years_in_thirty_zones() {
    for name in ZONES {
        let zone = Zone::named(name).unwrap_or_else(|| panic!("{name}"));
        let cases: Vec<&Case> =
            CASES.iter().filter(|case| !case.busy || BUSY_ZONES.contains(&name)).collect();
        let expected = walk(&zone, &cases);
        let first = Timestamp::from_second(
            FIRST.at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_second(),
        )
        .unwrap();
        let last = date(FIRST.year() + YEARS, 1, 1)
            .at(0, 0, 0, 0)
            .to_zoned(jiff::tz::TimeZone::UTC)
            .unwrap()
            .timestamp();
        let last = last.saturating_sub(jiff::SignedDuration::from_secs(1)).unwrap();
        for (case, expected) in cases.iter().zip(expected) {
            let schedule = Schedule::parse(case.pattern).unwrap();
            let found: Vec<i64> = schedule
                .between(first, last, &zone, usize::MAX)
                .iter()
                .map(|due| due.as_second() / 60)
                .collect();
            if found != expected {
                let index =
                    found.iter().zip(&expected).position(|(one, other)| one != other).unwrap_or_default();
                let show = |minutes: &[i64]| {
                    minutes
                        .iter()
                        .skip(index)
                        .take(3)
                        .map(|m| Timestamp::from_second(m * 60).unwrap().to_string())
                        .collect::<Vec<_>>()
                };
                panic!("{name} {}: {:?} instead of {:?}", case.pattern, show(&found), show(&expected));
            }
        }
    }
}

fn check(pattern: &str, zone: &str, after: &str, expected: &[&str]) {
    let schedule = Schedule::parse(pattern).unwrap();
    let zone = Zone::named(zone).unwrap();
    let found: Vec<String> = schedule
        .between(after.parse().unwrap(), Timestamp::MAX, &zone, expected.len())
        .iter()
        .map(|due| due.to_zoned(zone.rules().clone()).strftime("%Y-%m-%d %H:%M %:z").to_string())
        .collect();
    assert_eq!(found, expected, "{pattern}");
}

#[test]
fn the_gap_runs_at_the_next_instant_and_the_overlap_once() {
    let berlin = "Europe/Berlin";
    check(
        "30 2 * * *",
        berlin,
        "2026-03-28T00:00:00Z",
        &["2026-03-28 02:30 +01:00", "2026-03-29 03:00 +02:00", "2026-03-30 02:30 +02:00"],
    );
    check(
        "*/20 2-3 * * *",
        berlin,
        "2026-03-29T00:00:00Z",
        &[
            "2026-03-29 03:00 +02:00",
            "2026-03-29 03:20 +02:00",
            "2026-03-29 03:40 +02:00",
            "2026-03-30 02:00 +02:00",
        ],
    );
    check(
        "30 2 * * *",
        berlin,
        "2026-10-24T12:00:00Z",
        &["2026-10-25 02:30 +02:00", "2026-10-26 02:30 +01:00"],
    );
    check("hourly", berlin, "2026-10-24T23:30:00Z", &["2026-10-25 02:00 +02:00", "2026-10-25 03:00 +01:00"]);
    check("hourly", "UTC", "2026-10-24T23:30:00Z", &["2026-10-25 00:00 +00:00", "2026-10-25 01:00 +00:00"]);
    // A whole day was left out when Samoa crossed the date line; what was due on it ran when it would have ended.
    check(
        "0 10 * * *",
        "Pacific/Apia",
        "2011-12-29T12:00:00Z",
        &["2011-12-29 10:00 -10:00", "2011-12-31 00:00 +14:00", "2011-12-31 10:00 +14:00"],
    );
    // The changed hour begins at midnight.
    check(
        "0 0 * * *",
        "America/Havana",
        "2026-03-07T12:00:00Z",
        &["2026-03-08 01:00 -04:00", "2026-03-09 00:00 -04:00"],
    );
}

#[test]
fn the_times_of_the_seeds() {
    let zone = "Asia/Shanghai";
    let after = "2026-01-01T00:00:00Z";
    check("0 9 * * *", zone, after, &["2026-01-01 09:00 +08:00", "2026-01-02 09:00 +08:00"]);
    check("0 10 * * MON", zone, after, &["2026-01-05 10:00 +08:00", "2026-01-12 10:00 +08:00"]);
    check(
        "0 10 * * MON#1",
        zone,
        after,
        &["2026-01-05 10:00 +08:00", "2026-02-02 10:00 +08:00", "2026-03-02 10:00 +08:00"],
    );
    check("quarterly 10:00", zone, after, &["2026-01-01 10:00 +08:00", "2026-04-01 10:00 +08:00"]);
    check("0 2 * * THU", zone, after, &["2026-01-08 02:00 +08:00"]);
}

#[test]
fn schedules_are_read() {
    let check = |text: &str, expected: Option<&str>| {
        assert_eq!(
            Schedule::parse(text).ok().map(|schedule| schedule.to_string()).as_deref(),
            expected,
            "{text}"
        );
    };
    check(" 0  9 * * * ", Some("0 9 * * *"));
    check("on change", Some("on change"));
    check("after(backup/full)", Some("after(backup/full)"));
    check("daily 02:00", Some("daily 02:00"));
    for wrong in [
        "",
        "daily 24:00",
        "daily noon",
        "hourly 3",
        "0 0 9 * * *",
        "@daily",
        "60 * * * *",
        "* * * *",
        "after()",
        "after(a b)",
        "on changes",
        "0 10 * * MON#6",
        "每天",
        "0 9 * * * 2026",
    ] {
        check(wrong, None);
    }
    assert!(!Schedule::parse("0 2 30 2 *").unwrap().is_possible());
    assert!(Schedule::parse("0 2 29 2 *").unwrap().is_possible());
}
