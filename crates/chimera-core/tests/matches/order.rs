//! The order in which a document lists things does not matter.

use chimera_core::match_record;
use chimera_core::score;
use chimera_core::timeline;
use serde_json::Value;

use crate::data;

/// Puts players and events of a pair in another order.
fn shuffled(found: &mut Value, timeline: &mut Value, random: &mut fastrand::Rng) {
    random.shuffle(found.pointer_mut("/info/participants").unwrap().as_array_mut().unwrap());
    random.shuffle(found.pointer_mut("/info/teams").unwrap().as_array_mut().unwrap());
    let frames = timeline.pointer_mut("/info/frames").unwrap().as_array_mut().unwrap();
    let mut events = Vec::new();
    for frame in frames.iter_mut() {
        events.append(frame.get_mut("events").unwrap().as_array_mut().unwrap());
    }
    random.shuffle(&mut events);
    let places = frames.len();
    for event in events {
        frames[random.usize(0..places)].get_mut("events").unwrap().as_array_mut().unwrap().push(event);
    }
    random.shuffle(frames);
}

#[test]
fn scores_do_not_depend_on_any_order() {
    let mut random = fastrand::Rng::with_seed(20_201_204);
    let pairs = data::all().into_iter().filter_map(|one| Some((one.id, one.found?, one.timeline?)));
    for (id, found_json, timeline_json) in pairs {
        let straight = score::score(
            &match_record::parse(&found_json).unwrap(),
            Some(&timeline::parse(&timeline_json).unwrap()),
        );
        let mut found: Value = serde_json::from_slice(&found_json).unwrap();
        let mut timeline: Value = serde_json::from_slice(&timeline_json).unwrap();
        shuffled(&mut found, &mut timeline, &mut random);
        let (found, timeline) = (serde_json::to_vec(&found).unwrap(), serde_json::to_vec(&timeline).unwrap());
        let mixed =
            score::score(&match_record::parse(&found).unwrap(), Some(&timeline::parse(&timeline).unwrap()));
        // Equality of documents is equality of bits: no number here is -0 or not a number.
        assert!(serde_json::to_string(&mixed).unwrap() == serde_json::to_string(&straight).unwrap(), "{id}");
    }
}
