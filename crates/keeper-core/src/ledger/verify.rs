//! Finds the first place at which a chain of rows does not hold.

use std::fmt;

use serde::Serialize;

use super::{Anchor, Hash, Row};

/// A chain that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Rows that were looked at.
    pub rows: u64,
    /// The newest one.
    pub head: Anchor,
    /// Anchors that were found in the chain.
    pub anchors: usize,
}

/// The first place at which a chain does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Break {
    /// Number of the first row that cannot be trusted.
    pub seq: u64,
    /// What is wrong there.
    pub why: Why,
}

/// What is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Another number was expected: rows are missing, doubled or out of order.
    Gap {
        /// The number that is there.
        found: u64,
    },
    /// The row does not follow the one before it.
    WrongPrevious {
        /// Hash of the row before.
        expected: Hash,
    },
    /// The row was changed after it was written.
    WrongHash {
        /// The hash that it should have.
        expected: Hash,
    },
    /// An anchor knew another row of this number.
    AnchorDiffers {
        /// The hash that the anchor knows.
        expected: Hash,
    },
    /// An anchor knows rows that are no longer there.
    TailCut {
        /// Number of the newest row that an anchor knows.
        anchored: u64,
    },
    /// What is kept of the rows up to this one, so that they need not be read again, is not what they say.
    KeptDiffers,
}

impl fmt::Display for Break {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seq = self.seq;
        match self.why {
            Why::Gap { found } => write!(formatter, "row {seq} is missing, row {found} stands in its place"),
            Why::WrongPrevious { .. } => write!(formatter, "row {seq} does not follow the row before it"),
            Why::WrongHash { .. } => write!(formatter, "row {seq} was changed after it was written"),
            Why::AnchorDiffers { .. } => write!(formatter, "row {seq} is not the one that was anchored"),
            Why::TailCut { anchored } => {
                write!(formatter, "rows {seq} to {anchored} were anchored and are no longer there")
            }
            Why::KeptDiffers => {
                write!(
                    formatter,
                    "what is kept of the rows up to {seq} (ledger_checkpoint) is not what they say"
                )
            }
        }
    }
}

/// Looks at rows in order, one at a time, and at the anchors that are known from outside.
///
/// `start` is where the rows begin: [`Anchor::EMPTY`] for a whole ledger, or a head that is trusted already. Anchors
/// before it are not looked at.
pub fn verify(
    start: Anchor,
    rows: impl IntoIterator<Item = Row>,
    anchors: &[Anchor],
) -> Result<Verified, Break> {
    let mut anchors: Vec<Anchor> = anchors.iter().copied().filter(|anchor| anchor.seq > start.seq).collect();
    anchors.sort_by_key(|anchor| anchor.seq);
    let mut waiting = anchors.iter().peekable();
    let (mut head, mut count) = (start, 0);
    for row in rows {
        head = follow(head, &row)?;
        count += 1;
        while let Some(anchor) = waiting.next_if(|anchor| anchor.seq == head.seq) {
            if anchor.hash != head.hash {
                return Err(Break { seq: head.seq, why: Why::AnchorDiffers { expected: anchor.hash } });
            }
        }
    }
    match anchors.last().filter(|anchor| anchor.seq > head.seq) {
        Some(last) => Err(Break { seq: head.seq + 1, why: Why::TailCut { anchored: last.seq } }),
        None => Ok(Verified { rows: count, head, anchors: anchors.len() }),
    }
}

fn follow(head: Anchor, row: &Row) -> Result<Anchor, Break> {
    let seq = head.seq.saturating_add(1);
    let broken = |why| Err(Break { seq, why });
    if row.seq != seq {
        return broken(Why::Gap { found: row.seq });
    }
    if row.previous != head.hash {
        return broken(Why::WrongPrevious { expected: head.hash });
    }
    let expected = row.expected_hash();
    if row.hash != expected {
        return broken(Why::WrongHash { expected });
    }
    Ok(row.anchor())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Event, event::Outcome};
    use crate::plan::set::TaskId;
    use jiff::Timestamp;
    use proptest::prelude::*;

    fn chain(length: u64) -> Vec<Row> {
        let mut head = Anchor::EMPTY;
        (0..length)
            .map(|number| {
                let at = Timestamp::from_second(1_800_000_000 + i64::try_from(number).unwrap()).unwrap();
                let event = Event::Note { subject: "test".to_owned(), text: format!("row {number}") };
                let row = Row::after(head, at, &event).unwrap();
                head = row.anchor();
                row
            })
            .collect()
    }

    fn check(rows: Vec<Row>, anchors: &[Anchor], expected: Result<u64, &str>) {
        let found = verify(Anchor::EMPTY, rows, anchors).map(|verified| verified.rows);
        assert_eq!(found.map_err(|broken| broken.to_string()), expected.map_err(str::to_owned));
    }

    #[test]
    fn breaks_are_found_where_they_are() {
        let sound = chain(9);
        check(sound.clone(), &[], Ok(9));
        check(Vec::new(), &[], Ok(0));
        check(sound.clone(), &[sound[3].anchor(), sound[8].anchor()], Ok(9));

        let mut changed = sound.clone();
        changed[4].body = changed[4].body.replace("row 4", "row 5");
        check(changed.clone(), &[], Err("row 5 was changed after it was written"));
        changed[4].hash = changed[4].expected_hash();
        check(changed, &[], Err("row 6 does not follow the row before it"));

        let mut removed = sound.clone();
        removed.remove(2);
        check(removed, &[], Err("row 3 is missing, row 4 stands in its place"));

        let mut moved = sound.clone();
        moved[1].at = moved[2].at;
        check(moved, &[], Err("row 2 was changed after it was written"));

        let cut = sound[..6].to_vec();
        check(cut.clone(), &[sound[5].anchor()], Ok(6));
        check(cut, &[sound[8].anchor()], Err("rows 7 to 9 were anchored and are no longer there"));

        let mut rewritten = chain(3);
        rewritten[2] = Row::after(
            rewritten[1].anchor(),
            rewritten[2].at,
            &Event::KeeperStopped { reason: "x".to_owned() },
        )
        .unwrap();
        check(rewritten, &[sound[2].anchor()], Err("row 3 is not the one that was anchored"));
    }

    #[test]
    fn a_chain_can_be_verified_from_a_trusted_head() {
        let sound = chain(9);
        let verified =
            verify(sound[3].anchor(), sound[4..].to_vec(), &[sound[1].anchor(), sound[7].anchor()]);
        assert_eq!(verified.unwrap(), Verified { rows: 5, head: sound[8].anchor(), anchors: 1 });
    }

    #[test]
    fn rows_say_what_was_put_in() {
        let occurrence = crate::ledger::event::Occurrence {
            task: TaskId::new("loom", "health"),
            due: "2026-01-01T01:00:00Z".parse().unwrap(),
            trigger: None,
        };
        let event = Event::Settled {
            occurrence,
            outcome: Outcome::CaughtUp,
            detail: "ok".to_owned(),
            duration_ms: Some(12),
            exit_code: Some(0),
        };
        let row = Row::after(Anchor::EMPTY, "2026-01-01T01:00:01Z".parse().unwrap(), &event).unwrap();
        assert_eq!(
            row.body,
            r#"{"detail":"ok","due":"2026-01-01T01:00:00Z","duration_ms":12,"event":"settled","exit_code":0,"outcome":"caught_up","task":"loom/health","trigger":null}"#
        );
        assert_eq!(row.event().unwrap(), event);
        assert_eq!(
            row.hash.to_string(),
            "7f9f6e7db6030c4f8a6eff81619076f57ff0bf863a4074e0e642753384feb541",
            "the way a row is hashed must never change"
        );
    }

    #[test]
    fn anchors_are_read_as_they_are_written() {
        let anchor = chain(3)[2].anchor();
        assert_eq!(anchor.to_string().parse::<Anchor>().unwrap(), anchor);
        for wrong in ["", "3", "3:", "x:00", ":"] {
            assert!(wrong.parse::<Anchor>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_single_change_goes_unnoticed(position in 0usize..20, what in 0u8..6, bit in 0usize..256) {
            let sound = chain(20);
            let head = sound[19].anchor();
            let mut rows = sound.clone();
            match what {
                0 => { rows.remove(position); }
                1 => rows.insert(position, sound[(position + 3) % 20].clone()),
                2 => {
                    let mut text = rows[position].body.clone().into_bytes();
                    let place = bit % text.len();
                    text[place] ^= 1;
                    rows[position].body = String::from_utf8_lossy(&text).into_owned();
                }
                3 => rows[position].hash.0[bit / 8] ^= 1 << (bit % 8),
                4 => rows[position].previous.0[bit / 8] ^= 1 << (bit % 8),
                _ => rows.truncate(position),
            }
            prop_assert!(verify(Anchor::EMPTY, rows, &[head]).is_err());
        }
    }
}
