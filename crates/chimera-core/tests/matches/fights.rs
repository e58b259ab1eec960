//! Fights of made-up kills.

use chimera_core::match_record::{self, ParticipantId, TeamId};
use chimera_core::report::{FightObjective, Objective, Region, TeamKills, Teamfight, review};
use chimera_core::timeline;
use serde_json::{Value, json};

use crate::rules::made_up;

/// A kill: seconds, who, whom, with whose help, where.
type Kill = (u64, u32, u32, &'static [u32], (u32, u32));

fn fights(kills: &[Kill], more: &[Value]) -> Vec<Teamfight> {
    let event = |&(second, killer, victim, helpers, (x, y)): &Kill| {
        json!({"type": "CHAMPION_KILL", "timestamp": second * 1000, "killerId": killer, "victimId": victim,
            "assistingParticipantIds": helpers, "position": {"x": x, "y": y}})
    };
    let events: Vec<Value> = kills.iter().map(event).chain(more.iter().cloned()).collect();
    let json = json!({"info": {"frames": [{"timestamp": 0, "participantFrames": {}, "events": events}]}})
        .to_string();
    let found = match_record::parse(made_up("CLASSIC", 2, 5).to_string().as_bytes()).unwrap();
    review(&found, Some(&timeline::parse(json.as_bytes()).unwrap()), "puuid-1").unwrap().teamfights
}

const DRAGON: (u32, u32) = (9_866, 4_414);

#[track_caller]
fn check(kills: &[Kill], expected: &[(u64, u64, usize)]) {
    let found: Vec<(u64, u64, usize)> = fights(kills, &[])
        .iter()
        .map(|fight| (fight.from_ms / 1000, fight.to_ms / 1000, fight.participants.len()))
        .collect();
    assert_eq!(found, expected, "{kills:?}");
}

#[test]
fn kills_close_in_time_and_space_are_a_fight() {
    check(&[], &[]);
    check(
        &[(100, 1, 6, &[2], DRAGON), (108, 7, 1, &[], DRAGON), (120, 2, 7, &[3], DRAGON)],
        &[(100, 120, 5)],
    );
    // Two kills are none, and three against one alone are a chase.
    check(&[(100, 1, 6, &[2], DRAGON), (108, 7, 1, &[], DRAGON)], &[]);
    check(&[(100, 1, 6, &[], DRAGON), (108, 2, 6, &[], DRAGON), (112, 3, 6, &[], DRAGON)], &[]);
    // A pause ends a fight, and so does the other end of the map.
    check(&[(100, 1, 6, &[2], DRAGON), (116, 7, 1, &[], DRAGON), (132, 2, 7, &[3], DRAGON)], &[]);
    let far = (2_000, 12_000);
    check(
        &[(100, 1, 6, &[2], DRAGON), (105, 7, 3, &[8], far), (108, 2, 7, &[], DRAGON), (109, 8, 4, &[], far)],
        &[],
    );
    // Two fights at once are two.
    let here: [Kill; 3] = [(100, 1, 6, &[2], DRAGON), (104, 1, 7, &[], DRAGON), (108, 2, 7, &[], DRAGON)];
    let there: [Kill; 3] = [(101, 8, 3, &[9], far), (105, 8, 4, &[], far), (107, 9, 3, &[], far)];
    let both: Vec<Kill> = here.into_iter().chain(there).collect();
    check(&both, &[(100, 108, 4), (101, 107, 4)]);
}

#[test]
fn a_fight_knows_its_place_its_score_and_its_fruit() {
    let kills: [Kill; 3] = [(100, 1, 6, &[2], DRAGON), (108, 7, 1, &[], DRAGON), (120, 2, 7, &[3], DRAGON)];
    let dragon = json!({"type": "ELITE_MONSTER_KILL", "timestamp": 175_000, "killerId": 2, "killerTeamId": 100,
        "monsterType": "DRAGON", "monsterSubType": "ELDER_DRAGON"});
    let plate = json!({"type": "TURRET_PLATE_DESTROYED", "timestamp": 121_000, "killerId": 7, "teamId": 100});
    let found = fights(&kills, &[dragon, plate]);
    let [fight] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((fight.region, fight.centre), (Region::DragonPit, (9_866.0, 4_414.0)));
    let kills = |team: u32, kills: u32| TeamKills { team: TeamId(team), kills };
    assert_eq!(fight.kills_by_team, [kills(100, 2), kills(200, 1)]);
    assert_eq!(fight.participants, [1, 2, 3, 6, 7].map(ParticipantId));
    let fruit = FightObjective { objective: Objective::ElderDragon, team: TeamId(100), at_ms: 175_000 };
    assert_eq!(fight.objective, Some(fruit));
    // Three kills, 1.5 for the dragon, and one for each 20 s.
    assert_eq!(fight.importance, 5.5);
}
