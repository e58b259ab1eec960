//! Kept terms against the original's scores of a synthetic match.
//!
//! The original reads everything from the timeline, compares with the mean of the other side and ends the game at
//! the last frame. So the match document is given the timeline's numbers, no lanes, and that length; changed terms
//! are put back to the original's formula, from the inputs that our terms carry.

use std::fs;

use chimera_core::match_record;
use chimera_core::score::{self, Dimension, PlayerScore};
use chimera_core::timeline;
use serde_json::{Value, json};

use crate::data;

const TOLERANCE: f64 = 1e-9;

/// The numbers of one player as the original reads them.
struct Original {
    last: Value,
    events: Vec<Value>,
    level_at_15: f64,
    id: u64,
}

impl Original {
    fn count(&self, kind: &str, field: &str) -> usize {
        self.events.iter().filter(|event| event["type"] == kind && event[field] == self.id).count()
    }

    fn assists(&self) -> usize {
        let is_kill = |event: &&Value| event["type"] == "CHAMPION_KILL";
        let helped = |event: &&Value| {
            event["assistingParticipantIds"].as_array().is_some_and(|ids| ids.contains(&Value::from(self.id)))
        };
        self.events.iter().filter(is_kill).filter(helped).count()
    }

    fn number(&self, pointer: &str) -> f64 {
        self.last.pointer(pointer).and_then(Value::as_f64).unwrap()
    }

    /// Writes the timeline's numbers over those of the match document.
    fn write_into(&self, player: &mut Value) {
        let fields = [
            ("kills", json!(self.count("CHAMPION_KILL", "killerId"))),
            ("deaths", json!(self.count("CHAMPION_KILL", "victimId"))),
            ("assists", json!(self.assists())),
            ("goldEarned", self.last["totalGold"].clone()),
            ("totalMinionsKilled", self.last["minionsKilled"].clone()),
            ("neutralMinionsKilled", self.last["jungleMinionsKilled"].clone()),
            ("totalDamageDealtToChampions", self.last["damageStats"]["totalDamageDoneToChampions"].clone()),
            ("totalDamageTaken", self.last["damageStats"]["totalDamageTaken"].clone()),
            ("champLevel", self.last["level"].clone()),
            ("champExperience", self.last["xp"].clone()),
            ("wardsPlaced", json!(self.count("WARD_PLACED", "creatorId"))),
            ("wardsKilled", json!(self.count("WARD_KILL", "killerId"))),
            ("timeCCingOthers", json!(self.number("/timeEnemySpentControlled") / 1000.0)),
            ("teamPosition", json!("")),
            ("individualPosition", json!("")),
        ];
        for (name, value) in fields {
            player[name] = value;
        }
    }
}

/// One term's value and inputs.
fn term(score: &PlayerScore, dimension: Dimension, name: &str) -> (f64, Vec<f64>) {
    let terms = &score.dimension(dimension).unwrap().terms;
    let term = terms.iter().find(|term| term.name == name).unwrap_or_else(|| panic!("no term {name}"));
    (term.value, term.inputs.iter().map(|input| input.value).collect())
}

/// The original's value of each dimension that keeps a term.
fn original_dimensions(score: &PlayerScore, original: &Original) -> Vec<(&'static str, f64)> {
    let value = |dimension, name| term(score, dimension, name).0;
    let inputs = |dimension, name| term(score, dimension, name).1;
    let ratio = inputs(Dimension::Combat, "damage_per_gold");
    let damage = (ratio[0] / (ratio[1] / 1000.0).max(1.0) / 1000.0).min(1.0);
    let combat = value(Dimension::Combat, "kda") + value(Dimension::Combat, "kill_participation") + damage;

    let is_item = |event: &&Value| event["type"] == "ITEM_PURCHASED" && event["participantId"] == original.id;
    let items =
        original.events.iter().filter(is_item).filter(|event| event["itemId"].as_u64() >= Some(3000)).count();
    let economy = value(Dimension::Economy, "cs_per_minute")
        + value(Dimension::Economy, "gold_lead")
        + (items as f64 / 4.0).min(1.0);

    let monsters = inputs(Dimension::Objective, "monster_share")[1];
    let last_hits = original.count("ELITE_MONSTER_KILL", "killerId") as f64 / monsters.max(1.0);
    let conversion = inputs(Dimension::Objective, "conversion_rate");
    let personal = (last_hits + value(Dimension::Objective, "building_share")) / 2.0;
    let team = 0.7 * value(Dimension::Objective, "conversion_rate") + 0.3 * (conversion[0] / 6.0).min(1.0);

    let wards = inputs(Dimension::Vision, "wards_per_minute");
    let vision = (wards[0] / wards[1] / 2.0).min(1.0) + value(Dimension::Vision, "wards_destroyed");

    let help = inputs(Dimension::Teamplay, "help_share");
    let assists = help[0] / (help[0] + help[2]).max(1.0);
    let teamplay = 2.0 * assists + value(Dimension::Teamplay, "objective_assists");

    let growth = value(Dimension::Growth, "level_lead")
        + value(Dimension::Growth, "xp_lead")
        + ((original.level_at_15 - 8.0) / 7.0).clamp(0.0, 1.0);

    let control = inputs(Dimension::CrowdControl, "control_per_minute");
    let per_minute = (control[0] / control[1] / 10.0).min(1.0);
    let control = value(Dimension::CrowdControl, "control_total") + 2.0 * per_minute;
    vec![
        ("combat_efficiency", combat / 3.0 * 100.0),
        ("economic_management", economy / 3.0 * 100.0),
        ("objective_control", (0.6 * personal + 0.4 * team) * 100.0),
        ("vision_control", vision / 2.0 * 100.0),
        ("team_contribution", teamplay / 3.0 * 100.0),
        ("growth_score", growth / 3.0 * 100.0),
        ("tankiness_score", score.dimension(Dimension::Tankiness).unwrap().value),
        ("cc_contribution_score", control / 3.0 * 100.0),
    ]
}

#[test]
fn kept_terms_equal_the_original() {
    let folder = data::folder("chimera_golden");
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let timeline_json = read("timeline.json");
    let whole: Value = serde_json::from_slice(&timeline_json).unwrap();
    let mut document: Value = serde_json::from_slice(&read("match.json")).unwrap();
    let golden: Value = serde_json::from_slice(&read("golden_sr_scores.json")).unwrap();
    let frames = whole["info"]["frames"].as_array().unwrap();
    let events: Vec<Value> =
        frames.iter().flat_map(|frame| frame["events"].as_array().unwrap().clone()).collect();
    let frame_of = |frame: &Value, id: u64| {
        let players = frame["participantFrames"].as_object().unwrap().values();
        players.filter(|player| player["participantId"] == id).cloned().next_back().unwrap()
    };
    let at_15 = frames.iter().rfind(|frame| frame["timestamp"].as_u64() <= Some(900_000)).unwrap();
    let originals: Vec<Original> = (1..=10)
        .map(|id| Original {
            last: frame_of(frames.last().unwrap(), id),
            events: events.clone(),
            level_at_15: frame_of(at_15, id)["level"].as_f64().unwrap(),
            id,
        })
        .collect();
    document["info"]["gameDuration"] = frames.last().unwrap()["timestamp"].clone();
    for player in document["info"]["participants"].as_array_mut().unwrap() {
        let id = player["participantId"].as_u64().unwrap();
        originals.iter().find(|original| original.id == id).unwrap().write_into(player);
    }
    let found = match_record::parse(&serde_json::to_vec(&document).unwrap()).unwrap();
    let scores = score::score(&found, Some(&timeline::parse(&timeline_json).unwrap()));
    for (player, original) in scores.players.iter().zip(&originals) {
        let expected = golden["player_scores"].as_array().unwrap().iter();
        let expected = expected.clone().find(|one| one["participant_id"] == original.id).unwrap();
        for (name, value) in original_dimensions(player, original) {
            let golden = expected[name].as_f64().unwrap();
            assert!(
                (value - golden).abs() <= TOLERANCE,
                "player {} {name}: {value}, not {golden}",
                original.id
            );
        }
    }
}
