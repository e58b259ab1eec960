//! Which old sessions of a service may be deleted: never one that somebody still plays or that no proved backup holds.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::plan::value::Period;

/// One session, as the service's database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its key.
    pub id: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When anybody last did anything in it.
    pub last_activity: Timestamp,
}

/// A backup that was restored, opened and compared, and the sessions that were found in the restored copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvedBackup {
    /// By which the store knows it.
    pub id: String,
    /// When it was taken; what happened later is not in it.
    pub taken_at: Timestamp,
    /// Keys of the sessions in it.
    pub sessions: BTreeSet<String>,
}

/// What may be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// A session that began at most so long ago is kept.
    pub older_than: Period,
    /// A session with activity at most so long ago is kept.
    pub inactive_for: Period,
    /// So many are deleted in one transaction; at least one.
    pub batch: usize,
}

/// What will be deleted, and what is kept and why. Nothing has happened yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cleanup {
    /// Keys in the order of deletion, oldest activity first, cut into batches.
    pub batches: Vec<Vec<String>>,
    /// What is kept although it is old enough by its beginning, and why; younger ones are only counted.
    pub kept: Vec<Kept>,
    /// Sessions that are too young to be considered.
    pub young: usize,
}

/// A session that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Its key.
    pub id: String,
    /// Why.
    pub why: WhyKept,
}

/// Why an old session is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyKept {
    /// Something happened in it since.
    Active {
        /// The last time.
        last_activity: Timestamp,
    },
    /// No backup was ever proved.
    NoProvedBackup,
    /// Every proved backup is older than what last happened in it.
    BackupsOlder {
        /// When the newest proved one was taken.
        newest: Timestamp,
    },
    /// Proved backups are new enough, and none of them holds it.
    NotInBackup,
    /// Its times cannot be: it began or was active after `now`.
    InTheFuture,
}

impl fmt::Display for WhyKept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Active { last_activity } => write!(formatter, "it was played at {last_activity}"),
            Self::NoProvedBackup => formatter.write_str("there is no proved backup"),
            Self::BackupsOlder { newest } => {
                write!(formatter, "the newest proved backup, of {newest}, is older than its last turn")
            }
            Self::NotInBackup => formatter.write_str("no proved backup that is new enough holds it"),
            Self::InTheFuture => formatter.write_str("its times lie in the future"),
        }
    }
}

/// Says which sessions may be deleted: begun long ago, inactive for long, and held by a proved backup that was taken
/// after the last activity. Exactly as old as a limit is not old enough. Before each batch the shell deletes only those
/// whose `last_activity` is still the one given here.
pub fn plan(sessions: &[Session], backups: &[ProvedBackup], rules: Rules, now: Timestamp) -> Cleanup {
    let mut old: Vec<&Session> = Vec::new();
    let mut young = 0;
    for session in sessions {
        if session.created_at <= now
            && age_seconds(session.created_at, now) <= i64::from(rules.older_than.as_seconds())
        {
            young += 1;
        } else {
            old.push(session);
        }
    }
    old.sort_by(|one, other| one.last_activity.cmp(&other.last_activity).then_with(|| one.id.cmp(&other.id)));
    let mut kept = Vec::new();
    let mut deleted = Vec::new();
    for session in old {
        match why_kept(session, backups, rules, now) {
            Some(why) => kept.push(Kept { id: session.id.clone(), why }),
            None => deleted.push(session.id.clone()),
        }
    }
    let batches = deleted.chunks(rules.batch.max(1)).map(<[String]>::to_vec).collect();
    Cleanup { batches, kept, young }
}

fn age_seconds(instant: Timestamp, now: Timestamp) -> i64 {
    now.as_second().saturating_sub(instant.as_second())
}

fn why_kept(session: &Session, backups: &[ProvedBackup], rules: Rules, now: Timestamp) -> Option<WhyKept> {
    if session.created_at > now || session.last_activity > now {
        return Some(WhyKept::InTheFuture);
    }
    // A last activity before the beginning is a mistake of the data; the later of the two counts.
    let last_activity = session.last_activity.max(session.created_at);
    if age_seconds(last_activity, now) <= i64::from(rules.inactive_for.as_seconds()) {
        return Some(WhyKept::Active { last_activity });
    }
    let Some(newest) = backups.iter().map(|backup| backup.taken_at).max() else {
        return Some(WhyKept::NoProvedBackup);
    };
    if newest <= last_activity {
        return Some(WhyKept::BackupsOlder { newest });
    }
    let held = backups.iter().any(|backup| {
        backup.taken_at > last_activity && backup.taken_at <= now && backup.sessions.contains(&session.id)
    });
    (!held).then_some(WhyKept::NotInBackup)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_800_000_000;

    fn at(days_ago: i64) -> Timestamp {
        Timestamp::from_second(NOW - days_ago * 86_400).unwrap()
    }

    fn rules(batch: usize) -> Rules {
        Rules { older_than: Period::days(90), inactive_for: Period::days(90), batch }
    }

    fn session(id: &str, created: i64, active: i64) -> Session {
        Session { id: id.to_owned(), created_at: at(created), last_activity: at(active) }
    }

    fn backup(days_ago: i64, sessions: &[&str]) -> ProvedBackup {
        let sessions = sessions.iter().map(ToString::to_string).collect();
        ProvedBackup { id: "b".to_owned(), taken_at: at(days_ago), sessions }
    }

    fn check(session: &Session, backups: &[ProvedBackup], expected: Option<&str>) {
        let cleanup = plan(std::slice::from_ref(session), backups, rules(10), at(0));
        let why = cleanup.kept.first().map(|kept| kept.why.to_string());
        let young = (cleanup.young == 1).then(|| "young".to_owned());
        assert_eq!(why.or(young).as_deref(), expected, "{session:?}");
        assert_eq!(cleanup.batches.len(), usize::from(expected.is_none()));
    }

    #[test]
    fn a_session_goes_only_when_old_inactive_and_held() {
        let held = [backup(1, &["s"])];
        check(&session("s", 200, 91), &held, None);
        check(&session("s", 91, 91), &held, None);
        check(&session("s", 90, 90), &held, Some("young"));
        check(&session("s", 200, 90), &held, Some("it was played at 2026-10-17T08:00:00Z"));
        check(&session("s", 200, 2), &held, Some("it was played at 2027-01-13T08:00:00Z"));
        check(&session("s", 200, 200), &[], Some("there is no proved backup"));
        check(
            &session("s", 200, 100),
            &[backup(100, &["s"])],
            Some("the newest proved backup, of 2026-10-07T08:00:00Z, is older than its last turn"),
        );
        check(
            &session("s", 200, 100),
            &[backup(1, &["t"])],
            Some("no proved backup that is new enough holds it"),
        );
        check(
            &session("s", 200, 100),
            &[backup(1, &[]), backup(120, &["s"])],
            Some("no proved backup that is new enough holds it"),
        );
        check(&session("s", 200, 100), &[backup(1, &[]), backup(99, &["s"])], None);
        check(&session("s", -1, 100), &held, Some("its times lie in the future"));
        check(&session("s", 200, -1), &held, Some("its times lie in the future"));
        check(&session("s", 91, 300), &held, None);
    }

    proptest! {
        #[test]
        fn nothing_that_lives_or_is_not_held_is_deleted(
            ages in prop::collection::vec((-5i64..300, -5i64..300), 0..60),
            backups in prop::collection::vec((-5i64..300, prop::collection::btree_set(0usize..60, 0..60)), 0..4),
            batch in 0usize..20,
        ) {
            let sessions: Vec<Session> =
                ages.iter().enumerate().map(|(id, (created, active))| session(&id.to_string(), *created, *active)).collect();
            let backups: Vec<ProvedBackup> = backups
                .iter()
                .map(|(age, held)| {
                    let names: Vec<String> = held.iter().map(ToString::to_string).collect();
                    backup(*age, &names.iter().map(String::as_str).collect::<Vec<_>>())
                })
                .collect();
            let cleanup = plan(&sessions, &backups, rules(batch), at(0));
            let deleted: Vec<&String> = cleanup.batches.iter().flatten().collect();
            prop_assert_eq!(deleted.len() + cleanup.kept.len() + cleanup.young, sessions.len());
            prop_assert!(cleanup.batches.iter().all(|own| !own.is_empty() && own.len() <= batch.max(1)));
            for id in deleted {
                let session = sessions.iter().find(|session| session.id == *id).unwrap();
                prop_assert!(session.created_at < at(90) && session.last_activity < at(90));
                let held = backups.iter().any(|backup| {
                    backup.sessions.contains(id) && backup.taken_at > session.last_activity && backup.taken_at <= at(0)
                });
                prop_assert!(held);
            }
        }
    }
}
