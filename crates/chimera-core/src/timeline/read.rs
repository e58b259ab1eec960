//! From the bytes of a timeline to its frames and events.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;

use super::event::WireEvent;
use super::{Event, EventKind, Frame, MOST_EVENTS, TIMELINE_LIMIT_BYTES, Timeline};
use crate::cut::cut;
use crate::loose::{self, Number, Object, Text};
use crate::match_record::{RecordError, check_size, json_error, wrong_shape};

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireTimeline {
    #[serde(deserialize_with = "loose::object")]
    metadata: WireMetadata,
    #[serde(deserialize_with = "loose::object")]
    info: WireInfo,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireMetadata {
    match_id: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireInfo {
    #[serde(deserialize_with = "loose::objects")]
    frames: Vec<WireFrame>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireFrame {
    timestamp: Number,
    /// Which of the values that were cut out is this frame's: a list with its number.
    #[serde(deserialize_with = "loose::list")]
    participant_frames: Vec<Number>,
    #[serde(deserialize_with = "loose::objects")]
    events: Vec<WireEvent>,
}

/// Reads a timeline; at most [`TIMELINE_LIMIT_BYTES`].
pub fn parse(json: &[u8]) -> Result<Timeline<'_>, RecordError> {
    check_size("timeline", json, TIMELINE_LIMIT_BYTES)?;
    let timeline = match quickly(json) {
        Some(timeline) => timeline,
        None => {
            wrong_shape("timeline", json)?;
            carefully(json).map_err(|error| json_error("timeline", &error))?
        }
    };
    let events = timeline.events.len();
    if events > MOST_EVENTS {
        let reason = format!("it lists {events} events, at most {MOST_EVENTS} are read");
        return Err(RecordError::WrongShape { what: "timeline", reason });
    }
    Ok(timeline)
}

/// By cutting out what is not needed; `None` where that did not leave a timeline.
fn quickly(json: &[u8]) -> Option<Timeline<'_>> {
    let made = cut(json, &["\"participantFrames\"", "\"victimDamage"])?;
    let wire: Object<WireTimeline> = serde_json::from_slice(&made.rest).ok()?;
    let wire = wire.0.filter(|wire| !wire.info.frames.is_empty())?;
    let ranges = made.values.into_iter().next()?;
    let bytes = |range: Range<usize>| json.get(range).map(Cow::Borrowed);
    assemble(&wire, |index| ranges.get(index).cloned().and_then(bytes))
}

/// By parsing every byte, for documents whose texts mislead the cut.
fn carefully(json: &[u8]) -> Result<Timeline<'_>, serde_json::Error> {
    let mut document: Value = serde_json::from_slice(json)?;
    let mut parts = Vec::new();
    let frames = document.pointer_mut("/info/frames").and_then(Value::as_array_mut);
    for frame in frames.into_iter().flatten() {
        if let Some(part) = frame.get_mut("participantFrames") {
            let number = Value::from(vec![parts.len()]);
            parts.push(serde_json::to_vec(&std::mem::replace(part, number))?);
        }
    }
    let wire: Object<WireTimeline> = serde_json::from_value(document)?;
    let wire = wire.0.unwrap_or_default();
    let made = assemble(&wire, |index| parts.get(index).cloned().map(Cow::Owned));
    Ok(made.unwrap_or_default())
}

/// Puts frames and events in order. `None` where a frame's statistics cannot be found.
fn assemble<'json>(
    wire: &WireTimeline,
    bytes: impl Fn(usize) -> Option<super::Bytes<'json>>,
) -> Option<Timeline<'json>> {
    let mut frames = Vec::with_capacity(wire.info.frames.len());
    for frame in &wire.info.frames {
        let json = match frame.participant_frames.first() {
            Some(index) => bytes(index.count() as usize)?,
            None => Cow::Borrowed(b"{}".as_slice()),
        };
        frames.extend(frame.timestamp.known().map(|at_ms| Frame { at_ms: at_ms as u64, json }));
    }
    frames.sort_by_key(|frame| frame.at_ms);
    frames.dedup_by_key(|frame| frame.at_ms);
    let all = wire.info.frames.iter().flat_map(|frame| &frame.events);
    let mut events: Vec<Event> = all.filter_map(WireEvent::read).collect();
    events.sort_unstable();
    events.dedup_by(|one, other| one == other && one.kind == EventKind::SkillLevelUp);
    Some(Timeline { match_id: wire.metadata.match_id.to_string(), frames, events })
}
