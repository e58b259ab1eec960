//! Broken documents end in a sound review or a clean error, never in a panic or a number that is none.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use chimera_core::match_record::{self, Match};
use chimera_core::report::{ReviewError, review};
use chimera_core::score;
use chimera_core::timeline;
use serde_json::{Value, json};

use crate::data;
use crate::real::{check_player, check_review, check_score};

const MUTANTS: usize = 5_000;

/// Frames of a timeline that is mutated: enough for every rule about time.
const FRAMES: usize = 10;

/// A match whose documents are parsed once and mutated often.
struct Seed {
    id: String,
    found: Value,
    timeline: Option<Value>,
    timeline_json: Option<Vec<u8>>,
}

fn seeds() -> Vec<Seed> {
    let seed = |documents: data::Documents| {
        let timeline =
            documents.timeline.map(|json| serde_json::from_slice::<Value>(&json).unwrap()).map(shortened);
        let mut found: Value = serde_json::from_slice(&documents.found?).unwrap();
        for player in found["info"]["participants"].as_array_mut().unwrap() {
            player.as_object_mut().unwrap().retain(|name, _| {
                let is_ballast = |part: &str| name.to_ascii_lowercase().contains(part);
                !["challenges", "missions", "pings", "playerscore", "casts", "summoner", "unreal"]
                    .into_iter()
                    .any(is_ballast)
            });
        }
        Some(Seed {
            id: documents.id,
            found,
            timeline_json: timeline.as_ref().map(|timeline| serde_json::to_vec(timeline).unwrap()),
            timeline,
        })
    };
    data::all().into_iter().filter_map(seed).collect()
}

/// A timeline without most of its bulk.
fn shortened(mut timeline: Value) -> Value {
    let frames = timeline["info"]["frames"].as_array_mut().unwrap();
    let step = frames.len().div_ceil(FRAMES);
    let last = frames.len() - 1;
    let mut index = 0;
    frames.retain(|_| {
        index += 1;
        (index - 1) % step == 0 || index - 1 == last
    });
    for event in frames.iter_mut().flat_map(|frame| frame["events"].as_array_mut().unwrap()) {
        event.as_object_mut().unwrap().retain(|name, _| !name.starts_with("victimDamage"));
    }
    for player in
        frames.iter_mut().flat_map(|frame| frame["participantFrames"].as_object_mut().unwrap().values_mut())
    {
        player.as_object_mut().unwrap().remove("damageStats");
    }
    timeline
}

/// A value that no field expects.
fn odd_value(random: &mut fastrand::Rng) -> Value {
    match random.u32(0..14) {
        0 => Value::Null,
        1 => json!("12"),
        2 => json!("</system>"),
        3 => json!(-5),
        4 => json!(1e300),
        5 => json!(-1e300),
        6 => json!(3.75),
        7 => json!(u64::MAX),
        8 => json!(i64::MIN),
        9 => json!(true),
        10 => json!([]),
        11 => json!([[1], {"a": 2}, null]),
        12 => json!({}),
        _ => json!(0),
    }
}

/// Removes or replaces one value somewhere below.
fn damage(value: &mut Value, random: &mut fastrand::Rng) {
    let stops = random.u32(0..8) == 0;
    match value {
        Value::Object(fields) if !fields.is_empty() && !stops => {
            let name = fields.keys().nth(random.usize(0..fields.len())).unwrap().clone();
            if random.u32(0..4) == 0 && !matches!(name.as_str(), "info" | "participants" | "frames") {
                fields.remove(&name);
            } else {
                damage(fields.get_mut(&name).unwrap(), random);
            }
        }
        Value::Array(items) if !items.is_empty() && !stops => {
            let index = random.usize(0..items.len());
            damage(&mut items[index], random);
        }
        other => *other = odd_value(random),
    }
}

/// Makes a match of 0 to 18 players.
fn resize(found: &mut Value, random: &mut fastrand::Rng) {
    let Some(players) = found.pointer_mut("/info/participants").and_then(Value::as_array_mut) else { return };
    let wanted = random.usize(0..=18);
    while players.len() < wanted && !players.is_empty() {
        let mut player = players[random.usize(0..players.len())].clone();
        if let Some(fields) = player.as_object_mut() {
            fields.insert("participantId".to_owned(), json!(players.len() + 1));
            fields.insert("puuid".to_owned(), json!(format!("double-{}", players.len())));
        }
        players.push(player);
    }
    players.truncate(wanted);
}

fn shuffle_events(timeline: &mut Value, random: &mut fastrand::Rng) {
    let Some(frames) = timeline.pointer_mut("/info/frames").and_then(Value::as_array_mut) else { return };
    random.shuffle(frames);
    for frame in frames {
        if let Some(events) = frame.get_mut("events").and_then(Value::as_array_mut) {
            random.shuffle(events);
        }
    }
}

fn mutate(found: &mut Value, random: &mut fastrand::Rng) {
    for _ in 0..random.u32(0..12) {
        match random.u32(0..20) {
            0 => damage(found, random),
            1 => resize(found, random),
            2 => {
                let modes = ["CLASSIC", "ARAM", "CHERRY", "URF", "", "NEW"];
                if let Some(mode) = found.pointer_mut("/info/gameMode") {
                    *mode = json!(modes[random.usize(0..modes.len())]);
                }
            }
            _ => {
                let players = found.pointer_mut("/info/participants").and_then(Value::as_array_mut);
                if let Some(players) = players.filter(|players| !players.is_empty()) {
                    let index = random.usize(0..players.len());
                    damage(&mut players[index], random);
                }
            }
        }
    }
}

/// Cuts or breaks the bytes of some documents.
fn maybe_cut(mut json: Vec<u8>, random: &mut fastrand::Rng) -> Vec<u8> {
    if random.u32(0..40) == 0 {
        json.truncate(random.usize(0..json.len()));
    }
    if random.u32(0..40) == 0 && !json.is_empty() {
        let index = random.usize(0..json.len());
        json[index] = random.u8(..);
    }
    json
}

fn check_mutant(seed: &Seed, number: usize) -> bool {
    let mut random = fastrand::Rng::with_seed(number as u64);
    let mut found = seed.found.clone();
    mutate(&mut found, &mut random);
    let found_json = maybe_cut(serde_json::to_vec(&found).unwrap(), &mut random);
    let timeline_json = match (&seed.timeline, random.u32(0..4)) {
        (Some(timeline), 0) => {
            let mut timeline = timeline.clone();
            for _ in 0..random.u32(1..60) {
                damage(&mut timeline, &mut random);
            }
            shuffle_events(&mut timeline, &mut random);
            Some(maybe_cut(serde_json::to_vec(&timeline).unwrap(), &mut random))
        }
        (Some(_), 1 | 2) => seed.timeline_json.clone(),
        _ => None,
    };
    let what = format!("mutant {number} of {}", seed.id);
    let Ok(found) = match_record::parse(&found_json) else { return false };
    let timeline = timeline_json.as_ref().and_then(|json| timeline::parse(json).ok());
    let players = &found.info.participants;
    if players.is_empty() {
        assert!(
            matches!(review(&found, timeline.as_ref(), "anybody"), Err(ReviewError::NoPlayers { .. })),
            "{what}"
        );
        return false;
    }
    let puuid = puuid(&found, &mut random);
    // What costs most, the team view and the way to storage and back, is done for some.
    match number % 6 {
        0 => check_player(&found, timeline.as_ref(), &puuid, &what).is_some(),
        1 | 2 => check_review(&found, timeline.as_ref(), &puuid, &what).is_some(),
        _ => {
            let scores = score::score(&found, timeline.as_ref());
            scores.players.iter().for_each(|player| check_score(player, &what));
            let made = review(&found, timeline.as_ref(), &puuid);
            made.is_ok_and(|made| made.teamfights.iter().all(|fight| fight.importance.is_finite()))
        }
    }
}

fn puuid(found: &Match, random: &mut fastrand::Rng) -> String {
    let players = &found.info.participants;
    players[random.usize(0..players.len())].puuid.to_string()
}

#[test]
fn five_thousand_mutants_are_survived() {
    let seeds = seeds();
    let next = AtomicUsize::new(0);
    let reviewed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= MUTANTS {
                        break;
                    }
                    let is_reviewed = check_mutant(&seeds[number % seeds.len()], number);
                    reviewed.fetch_add(usize::from(is_reviewed), Ordering::Relaxed);
                }
            });
        }
    });
    let reviewed = reviewed.into_inner();
    assert!(
        reviewed > MUTANTS * 6 / 10,
        "only {reviewed} of {MUTANTS} mutants were still matches: tame the damage"
    );
}
