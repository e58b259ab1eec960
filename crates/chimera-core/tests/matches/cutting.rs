//! Cutting out what is not needed gives the same as reading everything.

use chimera_core::match_record;
use chimera_core::score;
use chimera_core::timeline::{self, PlayerFrame};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::data;

fn players(timeline: &timeline::Timeline<'_>) -> Vec<(u64, Vec<PlayerFrame>)> {
    timeline.frames.iter().map(|frame| (frame.at_ms, frame.players())).collect()
}

#[test]
fn texts_with_brackets_are_read_in_full_with_the_same_result() {
    let pairs = data::all().into_iter().filter_map(|one| Some((one.id, one.found?, one.timeline?)));
    for (id, found_json, timeline_json) in pairs.step_by(4) {
        let quick = timeline::parse(&timeline_json).unwrap();
        let mut document: Value = serde_json::from_slice(&timeline_json).unwrap();
        // A bracket inside a text misleads the cut.
        document["info"]["frames"][0]["participantFrames"]["}"] = json!("{{");
        let misleading = serde_json::to_vec(&document).unwrap();
        let careful = timeline::parse(&misleading).unwrap();
        assert!(quick.events == careful.events && !quick.events.is_empty(), "{id}");
        assert!(players(&quick) == players(&careful), "{id}");

        let mut document: Value = serde_json::from_slice(&found_json).unwrap();
        document["info"]["participants"][3]["challenges"] = json!({"}]": "{{"});
        let misleading = serde_json::to_vec(&document).unwrap();
        let scores = |json: &[u8]| score::score(&match_record::parse(json).unwrap(), Some(&quick));
        assert!(scores(&found_json) == scores(&misleading), "{id}");
    }
}

/// Pieces of documents, put together in any way.
const PIECES: &str = r#"(\{|\}|\[|\]|,|:|"|\\|1| |"info":\{|"frames":\[|"participantFrames":|"events":\[|"timestamp":1|"victimDamageDealt"|"participants":\[|"challenges":|"participantId":1|"type":"CHAMPION_KILL"){0,40}"#;

proptest! {
    #[test]
    fn no_bytes_are_too_strange(text in PIECES, noise in proptest::collection::vec(any::<u8>(), 0..60)) {
        for json in [text.as_bytes(), &noise, format!("{{\"info\":{{\"frames\":[{text}]}}}}").as_bytes()] {
            if let (Ok(found), Ok(timeline)) = (match_record::parse(json), timeline::parse(json)) {
                score::score(&found, Some(&timeline));
            }
            if let Ok(timeline) = timeline::parse(json) {
                timeline.frames.iter().for_each(|frame| drop(frame.players()));
            }
        }
    }
}
