//! Riot's match timeline, read leniently.
//!
//! Frames are not a minute apart (60.5 to 71 s since 16.1, and minutes may be missing), so nothing here is asked
//! for by index: a number "at 10:00" is interpolated between the frames around it, and is not given inside a gap.

use std::borrow::Cow;

use crate::match_record::ParticipantId;

mod event;
mod frame;
mod read;

pub use event::{Assistants, Event, EventKind, Place};
pub use frame::{Body, Frame, PlayerFrame};
pub use read::parse;

/// The largest timeline that is read; real ones are below 2 MB.
pub const TIMELINE_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// The most events that are read; real timelines have some 2,000. Looking for fights and conversions compares
/// events with each other, so their number has to have a limit of its own.
pub const MOST_EVENTS: usize = 10_000;

/// Frames further apart than this leave a gap: what happened in between is not known.
pub const GAP_MS: u64 = 90_000;

/// What happened when. It borrows the document: what is inside a frame is parsed when it is asked for.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Timeline<'json> {
    /// The match it belongs to, empty where it does not say so.
    pub match_id: String,
    /// By ascending time, without two at the same time.
    pub frames: Vec<Frame<'json>>,
    /// By ascending time, in a fixed order within one millisecond; those without a time are left out.
    pub events: Vec<Event>,
}

/// What all players had at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Moment(Vec<PlayerFrame>);

impl Moment {
    /// What one player had.
    pub fn player(&self, id: ParticipantId) -> Option<&PlayerFrame> {
        self.0.iter().find(|player| player.id == id)
    }
}

impl Timeline<'_> {
    /// Each gap between frames: the frame before and the one after, in milliseconds.
    pub fn gaps(&self) -> impl Iterator<Item = (u64, u64)> {
        let pairs = self.frames.iter().zip(self.frames.iter().skip(1));
        pairs
            .map(|(before, after)| (before.at_ms, after.at_ms))
            .filter(|(before, after)| after - before > GAP_MS)
    }

    /// The last moment that is known.
    pub fn last(&self) -> Moment {
        Moment(
            self.frames
                .iter()
                .rev()
                .map(Frame::players)
                .find(|players| !players.is_empty())
                .unwrap_or_default(),
        )
    }

    /// What all players had at a time, interpolated; `None` before the first frame, after the last one, and in a
    /// gap.
    pub fn at(&self, at_ms: u64) -> Option<Moment> {
        let after = self.frames.partition_point(|frame| frame.at_ms < at_ms);
        let next = self.frames.get(after)?;
        if next.at_ms == at_ms {
            return Some(Moment(next.players()));
        }
        let previous = self.frames.get(after.checked_sub(1)?)?;
        if next.at_ms - previous.at_ms > GAP_MS {
            return None;
        }
        let share = (at_ms - previous.at_ms) as f64 / (next.at_ms - previous.at_ms) as f64;
        let later = Moment(next.players());
        let between =
            |earlier: PlayerFrame| later.player(earlier.id).map(|later| earlier.towards(later, share));
        Some(Moment(previous.players().into_iter().filter_map(between).collect()))
    }
}

/// The bytes of a frame's statistics: a part of the document, or a copy where the document had to be rebuilt.
type Bytes<'json> = Cow<'json, [u8]>;

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(at_ms: u64, gold: u32) -> String {
        let player = format!(
            r#"{{"participantId":3,"totalGold":{gold},"xp":{gold},"level":2,"minionsKilled":10,"jungleMinionsKilled":1}}"#
        );
        format!(r#"{{"timestamp":{at_ms},"participantFrames":{{"1":{player}}},"events":[]}}"#)
    }

    #[track_caller]
    fn check(frames: &[(u64, u32)], at_ms: u64, expected: Option<f64>) {
        let frames: Vec<String> = frames.iter().map(|&(at, gold)| frame(at, gold)).collect();
        let json = format!(r#"{{"info":{{"frames":[{}]}}}}"#, frames.join(","));
        let timeline = parse(json.as_bytes()).unwrap();
        let gold =
            timeline.at(at_ms).and_then(|moment| moment.player(ParticipantId(3)).map(|player| player.gold));
        assert_eq!(gold, expected, "{json}");
    }

    #[test]
    fn numbers_at_a_time_are_interpolated_by_timestamp() {
        check(&[(0, 500), (60_000, 800)], 60_000, Some(800.0));
        check(&[(0, 500), (60_000, 800)], 20_000, Some(600.0));
        check(&[(60_000, 800), (0, 500)], 20_000, Some(600.0));
        check(&[(0, 500), (71_000, 1210)], 35_500, Some(855.0));
        check(&[(0, 500), (60_000, 800)], 60_001, None);
        check(&[(0, 500), (90_001, 800)], 20_000, None);
        check(&[(0, 500), (90_001, 800)], 90_001, Some(800.0));
        check(&[], 0, None);
    }

    #[test]
    fn gaps_are_told() {
        let json = format!(
            r#"{{"info":{{"frames":[{},{},{}]}}}}"#,
            frame(0, 1),
            frame(60_000, 2),
            frame(160_000, 3)
        );
        let timeline = parse(json.as_bytes()).unwrap();
        assert_eq!(timeline.gaps().collect::<Vec<_>>(), [(60_000, 160_000)]);
    }

    #[test]
    fn events_are_put_in_order_and_doubles_removed() {
        let json = br#"{"info":{"frames":[{"timestamp":0,"events":[
            {"type":"SKILL_LEVEL_UP","participantId":1,"skillSlot":2,"timestamp":9},
            {"type":"CHAMPION_KILL","killerId":1,"victimId":6,"timestamp":5,"assistingParticipantIds":[2,3],"position":{"x":1,"y":-2}},
            {"type":"SKILL_LEVEL_UP","participantId":1,"skillSlot":2,"timestamp":9},
            {"type":"NEWS","timestamp":1}, 5, {"type":"WARD_PLACED"}]}]}}"#;
        let timeline = parse(json).unwrap();
        let kinds: Vec<EventKind> = timeline.events.iter().map(|event| event.kind).collect();
        assert_eq!(kinds, [EventKind::ChampionKill, EventKind::SkillLevelUp]);
        let kill = timeline.events[0];
        assert_eq!(kill.assistants.iter().collect::<Vec<_>>(), [ParticipantId(2), ParticipantId(3)]);
        assert_eq!(kill.place, None, "a place needs both numbers");
    }

    #[track_caller]
    fn check_error(json: &str, expected: &str) {
        assert_eq!(parse(json.as_bytes()).unwrap_err().to_string(), expected);
    }

    #[test]
    fn an_error_says_what_and_where() {
        check_error(
            "{\"info\":{\"frames\":[{]}}",
            "the timeline is not JSON: line 1, column 21: key must be a string",
        );
        check_error("{}", "the timeline is not a document of Riot: `info` is missing");
        let ward = r#"{"type":"WARD_PLACED","timestamp":5}"#;
        let crowd = format!(
            r#"{{"info":{{"frames":[{{"timestamp":1,"events":[{}{ward}]}}]}}}}"#,
            format!("{ward},").repeat(10_000)
        );
        check_error(
            &crowd,
            "the timeline is not a document of Riot: it lists 10001 events, at most 10000 are read",
        );
        check_error("3", "the timeline is not a document of Riot: it is not an object");
    }

    #[test]
    fn brackets_in_texts_do_not_mislead() {
        let json = r#"{"info":{"frames":[{"timestamp":1,"participantFrames":{"}":{"participantId":3,
            "totalGold":7,"xp":1,"level":1,"minionsKilled":0,"jungleMinionsKilled":0}},"events":[]}]}}"#;
        let timeline = parse(json.as_bytes()).unwrap();
        assert_eq!(timeline.last().player(ParticipantId(3)).map(|player| player.gold), Some(7.0));
    }
}
