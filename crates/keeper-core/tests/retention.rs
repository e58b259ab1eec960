//! Keep rules against the meaning that restic documents for them, and the last good backup against everything.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use keeper_core::retention::judge::Step;
use keeper_core::retention::{Count, Keep, Proof, Reach, Reason, Snapshot, Verdict, judge};
use keeper_core::zone::Zone;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn snapshot(id: usize, taken_at: Timestamp, tags: &[&str]) -> Snapshot {
    Snapshot {
        id: format!("s{id:03}"),
        source: "db".to_owned(),
        taken_at,
        tags: tags.iter().map(ToString::to_string).collect(),
        proof: Proof::Unproved,
    }
}

/// Two years of uneven backups: gaps, several a day, several an hour, twins within a second, the turn of a year.
fn history() -> Vec<Snapshot> {
    let mut taken: Vec<(String, &[&str])> = Vec::new();
    for month in ["2014-08", "2014-09", "2014-10", "2014-11", "2015-08", "2015-10", "2015-11"] {
        let tags: &[&str] = match month {
            "2014-10" => &["foo"],
            "2014-11" => &["bar"],
            _ => &[],
        };
        for day in [1, 2, 5, 6, 8, 11, 13, 20, 21, 22] {
            taken.push((format!("{month}-{day:02}T10:20:30Z"), tags));
        }
    }
    taken.push(("2014-11-13T10:20:30.1Z".to_owned(), &["foo", "bar"]));
    taken.push(("2015-10-22T10:20:30Z".to_owned(), &["foo", "bar"]));
    for near in [
        "2015-12-31T23:59:59Z",
        "2016-01-01T00:00:00Z",
        "2016-01-01T07:08:03Z",
        "2016-01-03T07:02:03Z",
        "2016-01-04T11:23:03Z",
        "2016-01-04T12:23:03Z",
        "2016-01-04T12:24:03Z",
        "2016-01-04T12:30:03Z",
        "2016-01-04T16:23:03Z",
        "2016-01-05T09:02:03Z",
        "2016-01-07T10:02:03Z",
        "2016-01-08T20:02:03Z",
        "2016-01-12T21:02:03Z",
        "2016-01-12T21:08:03Z",
        "2016-01-18T12:02:03Z",
    ] {
        taken.push((near.to_owned(), &[]));
    }
    taken.iter().enumerate().map(|(id, (time, tags))| snapshot(id, at(time), tags)).collect()
}

/// The documented meaning, said with sets: of each step that has a backup the newest one, for the newest so many
/// steps, and the oldest of all where steps are missing.
fn oracle(snapshots: &[Snapshot], keep: &Keep) -> BTreeSet<String> {
    let mut sorted: Vec<&Snapshot> = snapshots.iter().collect();
    sorted.sort_by(|one, other| other.taken_at.cmp(&one.taken_at).then_with(|| one.id.cmp(&other.id)));
    let mut kept = BTreeSet::new();
    let Some(latest) = sorted.first() else { return kept };
    let number = |count: Option<Count>| match count {
        None => 0,
        Some(Count::Of(number)) => number as usize,
        Some(Count::Unlimited) => usize::MAX,
    };
    kept.extend(sorted.iter().take(number(keep.last)).map(|snapshot| snapshot.id.clone()));
    let formats = [
        ("%Y-%m-%d %H", keep.hourly, keep.within_hourly),
        ("%Y-%m-%d", keep.daily, keep.within_daily),
        ("%G-%V", keep.weekly, keep.within_weekly),
        ("%Y-%m", keep.monthly, keep.within_monthly),
        ("%Y", keep.yearly, keep.within_yearly),
    ];
    for (format, count, reach) in formats {
        let mut groups: BTreeMap<String, Vec<&Snapshot>> = BTreeMap::new();
        for snapshot in &sorted {
            groups.entry(snapshot.taken_at.strftime(format).to_string()).or_default().push(snapshot);
        }
        let newest: Vec<&Snapshot> = groups.values().rev().map(|group| group[0]).collect();
        kept.extend(newest.iter().take(number(count)).map(|snapshot| snapshot.id.clone()));
        let oldest = sorted.last().unwrap();
        if newest.len() < number(count) {
            kept.insert(oldest.id.clone());
        }
        if let Some(reach) = reach {
            let limit = reach.before(latest.taken_at, &Zone::utc());
            let near = |snapshot: &&Snapshot| snapshot.taken_at > limit;
            kept.extend(newest.iter().copied().filter(near).map(|snapshot| snapshot.id.clone()));
            if oldest.taken_at > limit {
                kept.insert(oldest.id.clone());
            }
        }
    }
    if let Some(reach) = keep.within {
        let limit = reach.before(latest.taken_at, &Zone::utc());
        kept.extend(sorted.iter().filter(|s| s.taken_at > limit).map(|s| s.id.clone()));
    }
    for list in &keep.tags {
        let has_all = |snapshot: &&&Snapshot| list.iter().all(|tag| snapshot.tags.contains(tag));
        kept.extend(sorted.iter().filter(has_all).map(|snapshot| snapshot.id.clone()));
    }
    kept
}

/// What the rules keep, without what is only kept as the last good one.
fn kept_by_rules(snapshots: &[Snapshot], keep: &Keep) -> BTreeSet<String> {
    let now = at("2016-01-18T12:02:03Z");
    judge(snapshots, keep, &Zone::utc(), now)
        .into_iter()
        .filter(|judged| match &judged.verdict {
            Verdict::Keep(reasons) => {
                reasons.iter().any(|reason| !matches!(reason, Reason::LastGood | Reason::BestUnproved))
            }
            Verdict::Drop { .. } => false,
        })
        .map(|judged| judged.id)
        .collect()
}

fn rules(toml: &str) -> Keep {
    toml::from_str(toml).unwrap_or_else(|error| panic!("{toml}: {error}"))
}

/// The forty policies that restic's own tests go through, and how many backups each keeps of our history.
const POLICIES: [(&str, usize); 40] = [
    ("", 0),
    ("last = 10", 10),
    ("last = 15", 15),
    ("last = 80", 80),
    ("last = 200", 87),
    ("hourly = 20", 20),
    ("daily = 3", 3),
    ("daily = 10", 10),
    ("daily = 30", 30),
    ("last = 5\ndaily = 5", 6),
    ("last = 2\ndaily = 10", 10),
    ("weekly = 2", 2),
    ("weekly = 4", 4),
    ("daily = 3\nweekly = 4", 4),
    ("monthly = 6", 6),
    ("daily = 2\nweekly = 2\nmonthly = 6", 7),
    ("yearly = 10", 4),
    ("daily = 7\nweekly = 2\nmonthly = 3\nyearly = 10", 11),
    ("tags = [[\"foo\"]]", 12),
    ("tags = [[\"foo\", \"bar\"]]", 2),
    ("tags = [[\"foo\"], [\"bar\"]]", 22),
    ("within = \"1d\"", 1),
    ("within = \"2d\"", 1),
    ("within = \"7d\"", 3),
    ("within = \"1mo\"", 15),
    ("within = \"1mo14d\"", 15),
    ("within = \"1y1mo1d\"", 46),
    ("within = \"13d23h\"", 7),
    ("within = \"2mo2h\"", 18),
    ("within = \"1y2mo3d3h\"", 49),
    ("within_hourly = \"1y2mo3d3h\"", 45),
    ("within_daily = \"1y2mo3d3h\"", 42),
    ("within_weekly = \"1y2mo3d3h\"", 17),
    ("within_monthly = \"1y2mo3d3h\"", 6),
    ("within_yearly = \"1y2mo3d3h\"", 3),
    (
        "within = \"1h\"\nwithin_hourly = \"1d\"\nwithin_daily = \"7d\"\nwithin_weekly = \"1mo\"\n\
         within_monthly = \"1y\"\nwithin_yearly = \"9999y\"",
        10,
    ),
    ("last = \"unlimited\"", 87),
    ("last = \"unlimited\"\nhourly = \"unlimited\"", 87),
    ("hourly = \"unlimited\"", 82),
    ("daily = 3\nweekly = 2\nmonthly = \"unlimited\"\nyearly = \"unlimited\"", 12),
];

#[test]
fn the_forty_policies_keep_what_their_words_mean() {
    let history = history();
    let mut counts = Vec::new();
    for (toml, expected) in POLICIES {
        let keep = rules(toml);
        let kept = kept_by_rules(&history, &keep);
        assert_eq!(kept, oracle(&history, &keep), "{toml}");
        if kept.len() != expected {
            counts.push(format!("{toml:?}: {} instead of {expected}", kept.len()));
        }
    }
    assert!(counts.is_empty(), "{counts:#?}");
}

#[test]
fn small_cases_worked_out_by_hand() {
    let times = [
        "2026-01-01T23:30:00Z",
        "2026-01-02T00:30:00Z",
        "2026-01-02T01:00:00Z",
        "2026-01-02T01:59:59Z",
        "2026-01-05T12:00:00Z",
    ];
    let snapshots: Vec<Snapshot> =
        times.iter().enumerate().map(|(id, time)| snapshot(id, at(time), &[])).collect();
    let check = |toml: &str, expected: &[&str]| {
        let kept: Vec<String> = kept_by_rules(&snapshots, &rules(toml)).into_iter().collect();
        assert_eq!(kept, expected, "{toml}");
    };
    check("daily = 2", &["s003", "s004"]);
    check("daily = 9", &["s000", "s003", "s004"]);
    check("hourly = 2", &["s003", "s004"]);
    check("hourly = 3", &["s001", "s003", "s004"]);
    check("weekly = 1", &["s004"]);
    check("weekly = 2", &["s003", "s004"]);
    check("weekly = 3", &["s000", "s003", "s004"]);
    check("yearly = 1", &["s004"]);
    check("yearly = 2", &["s000", "s004"]);
    check("within = \"3d10h\"", &["s004"]);
    check("within = \"3d11h\"", &["s003", "s004"]);
}

#[test]
fn days_count_from_now_and_in_the_zone() {
    let now = at("2026-03-01T00:00:00Z");
    let times = ["2026-01-30T00:00:00Z", "2026-01-29T23:59:59Z", "2026-03-02T00:00:00Z"];
    let mut snapshots: Vec<Snapshot> =
        times.iter().enumerate().map(|(id, time)| snapshot(id, at(time), &[])).collect();
    snapshots[2].proof = Proof::Proved;
    let judged = judge(&snapshots, &rules("days = 30"), &Zone::utc(), now);
    let shown: Vec<String> = judged
        .iter()
        .map(|judged| match &judged.verdict {
            Verdict::Keep(reasons) => {
                let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
                format!("{} keep: {}", judged.id, reasons.join("; "))
            }
            Verdict::Drop { why, newer_kept } => {
                let why: Vec<String> = why.iter().map(ToString::to_string).collect();
                format!("{} drop: {}; {newer_kept} newer kept", judged.id, why.join("; "))
            }
        })
        .collect();
    assert_eq!(
        shown,
        [
            "s002 keep: not older than 30 days; the last one that was proved to be good",
            "s000 keep: not older than 30 days",
            "s001 drop: older than 30 days; 2 newer kept",
        ]
    );
    let late = [snapshot(0, at("2026-01-01T15:30:00Z"), &[]), snapshot(1, at("2026-01-01T16:30:00Z"), &[])];
    let days = |zone: &str| {
        let judged = judge(&late, &rules("daily = 5"), &Zone::named(zone).unwrap(), now);
        judged
            .iter()
            .filter(|judged| {
                matches!(&judged.verdict, Verdict::Keep(reasons)
                    if reasons.iter().any(|reason| matches!(reason, Reason::Newest(Step::Day, _))))
            })
            .count()
    };
    assert_eq!((days("UTC"), days("Asia/Shanghai")), (1, 2), "midnight in Shanghai lies between the two");
}

#[test]
fn what_is_dropped_says_why() {
    let times =
        ["2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z", "2026-01-03T09:00:00Z", "2026-01-03T10:00:00Z"];
    let snapshots: Vec<Snapshot> =
        times.iter().enumerate().map(|(id, time)| snapshot(id, at(time), &[])).collect();
    let keep = rules("last = 1\ndaily = 1\ndays = 1\nwithin_daily = \"1d\"\ntags = [[\"keep\"]]");
    let judged = judge(&snapshots, &keep, &Zone::utc(), at("2026-02-01T00:00:00Z"));
    let shown: Vec<String> = judged
        .iter()
        .map(|judged| match &judged.verdict {
            Verdict::Keep(_) => format!("{} kept", judged.id),
            Verdict::Drop { why, .. } => {
                let why: Vec<String> = why.iter().map(ToString::to_string).collect();
                format!("{}: {}", judged.id, why.join(", "))
            }
        })
        .collect();
    let always =
        "older than 1 days, without a tag that is kept, not among the newest 1, 1 newer days have one";
    assert_eq!(
        shown,
        [
            "s003 kept".to_owned(),
            format!("s002: {always}, not the newest of its day"),
            format!("s001: {always}, more than 1d before the newest"),
            format!("s000: {always}, more than 1d before the newest"),
        ]
    );
}

fn any_count() -> impl Strategy<Value = Option<Count>> {
    prop_oneof![3 => Just(None), 3 => (0u32..9).prop_map(|n| Some(Count::Of(n))), 1 => Just(Some(Count::Unlimited))]
}

fn any_reach() -> impl Strategy<Value = Option<Reach>> {
    prop_oneof![3 => Just(None), 1 => (0u32..400).prop_map(|d| Some(Reach::parse(&format!("{d}d")).unwrap()))]
}

prop_compose! {
    fn any_keep()(
        counts in prop::array::uniform6(any_count()),
        reaches in prop::array::uniform6(any_reach()),
        days in prop::option::of(0u32..100),
        tagged in any::<bool>(),
    ) -> Keep {
        let [last, hourly, daily, weekly, monthly, yearly] = counts;
        let [within, within_hourly, within_daily, within_weekly, within_monthly, within_yearly] = reaches;
        Keep {
            forever: false, days, last, hourly, daily, weekly, monthly, yearly, within, within_hourly, within_daily,
            within_weekly, within_monthly, within_yearly,
            tags: if tagged { vec![vec!["t".to_owned()]] } else { Vec::new() },
        }
    }
}

fn any_snapshots() -> impl Strategy<Value = Vec<Snapshot>> {
    let one = (0i64..40_000_000, 0u8..3, any::<bool>(), 0u8..3);
    prop::collection::vec(one, 0..60).prop_map(|all| {
        all.into_iter()
            .enumerate()
            .map(|(id, (second, source, tagged, proof))| Snapshot {
                source: format!("source{source}"),
                proof: [Proof::Proved, Proof::Unproved, Proof::Failed][usize::from(proof)],
                ..snapshot(
                    id,
                    Timestamp::from_second(1_750_000_000 + second).unwrap(),
                    if tagged { &["t"] } else { &[] },
                )
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn the_last_good_backup_of_a_source_is_never_dropped(snapshots in any_snapshots(), keep in any_keep(), later in 0i64..400_000_000) {
        let now = Timestamp::from_second(1_750_000_000 + later).unwrap();
        let judged = judge(&snapshots, &keep, &Zone::named("Europe/Berlin").unwrap(), now);
        prop_assert_eq!(judged.len(), snapshots.len());
        let is_kept = |id: &str| judged.iter().any(|one| one.id == id && matches!(one.verdict, Verdict::Keep(_)));
        for source in ["source0", "source1", "source2"] {
            let own = || snapshots.iter().filter(|snapshot| snapshot.source == source);
            let newest_proved = own().filter(|s| s.proof == Proof::Proved).map(|s| s.taken_at).max();
            if let Some(newest) = newest_proved {
                let kept = own().any(|s| s.proof == Proof::Proved && s.taken_at == newest && is_kept(&s.id));
                prop_assert!(kept);
            }
            prop_assert!(own().next().is_none() || own().any(|s| is_kept(&s.id)));
        }
        for one in &judged {
            if let Verdict::Keep(reasons) = &one.verdict {
                prop_assert!(!reasons.is_empty());
            }
        }
    }

    #[test]
    fn the_rules_agree_with_their_meaning(snapshots in any_snapshots(), keep in any_keep()) {
        let keep = Keep { days: None, ..keep };
        let of_one: Vec<Snapshot> =
            snapshots.into_iter().map(|snapshot| Snapshot { source: "db".to_owned(), ..snapshot }).collect();
        prop_assert_eq!(kept_by_rules(&of_one, &keep), oracle(&of_one, &keep));
    }

    #[test]
    fn more_rules_never_keep_less(snapshots in any_snapshots(), one in any_keep(), last in 0u32..20) {
        let more = Keep { last: Some(match one.last { Some(Count::Of(n)) => Count::Of(n + last), _ => Count::Unlimited }), ..one.clone() };
        let less = kept_by_rules(&snapshots, &one);
        prop_assert!(kept_by_rules(&snapshots, &more).is_superset(&less));
    }
}
