//! What people read of a score: the explanation, and the view of a team.

use chimera_core::explain::{Difference, explain, redo};
use chimera_core::match_record;
use chimera_core::report::{Side, review, team_review};
use chimera_core::score;
use serde_json::json;

use crate::rules::made_up;

#[test]
fn an_explanation_shows_every_number() {
    let mut document = made_up("ARAM", 2, 5);
    document["info"]["participants"][1]["wardsPlaced"] = json!(null);
    let found = match_record::parse(document.to_string().as_bytes()).unwrap();
    insta::assert_snapshot!(explain(&found, None, "puuid-7").unwrap().text());
}

#[test]
fn every_term_has_a_formula() {
    for mode in ["CLASSIC", "ARAM", "CHERRY"] {
        let found = match_record::parse(made_up(mode, 2, 5).to_string().as_bytes()).unwrap();
        let explanation = explain(&found, None, "puuid-1").unwrap();
        for term in explanation.dimensions.iter().flat_map(|dimension| &dimension.terms) {
            assert!(!term.formula.is_empty() && !term.inputs.is_empty(), "{term:?}");
        }
    }
}

#[test]
fn a_changed_score_is_found_out() {
    let found = match_record::parse(made_up("CLASSIC", 2, 5).to_string().as_bytes()).unwrap();
    let scores = score::score(&found, None);
    let honest = &scores.players[0];
    assert_eq!(redo(honest), Ok(()));
    let mut forged = honest.clone();
    forged.total = forged.total.map(|total| total + 1e-9);
    assert!(matches!(redo(&forged), Err(Difference::Value { what, .. }) if what == "total"));
    let mut forged = honest.clone();
    forged.dimensions[0].terms[0].inputs[0].value += 1.0;
    assert!(matches!(redo(&forged), Err(Difference::Value { what, .. }) if what == "kda"));
    let mut unknown = honest.clone();
    unknown.dimensions[0].terms[0].name = "luck".into();
    assert!(matches!(redo(&unknown), Err(Difference::UnknownFormula { .. })));
}

#[test]
fn a_team_is_ranked_within_itself() {
    let found = match_record::parse(made_up("CLASSIC", 2, 5).to_string().as_bytes()).unwrap();
    let team = team_review(&found, None, "puuid-2").unwrap();
    let ids = |members: &[chimera_core::report::Member]| -> Vec<u32> {
        members.iter().map(|member| member.facts.participant_id.0).collect()
    };
    assert_eq!(ids(&team.members), [5, 4, 3, 2, 1]);
    assert_eq!(ids(&team.enemies), [10, 9, 8, 7, 6]);
    let ranks: Vec<Option<u32>> = team.members.iter().map(|member| member.rank).collect();
    assert_eq!(ranks, [1, 2, 3, 4, 5].map(Some));
    assert!(team.top.iter().chain(&team.bottom).all(|line| line.participant_id == team.requester));
    assert!(!team.bottom.is_empty() && team.bottom.iter().all(|line| line.delta.vs_team_mean < 0.0));
    for dimension in 0..team.members[0].deltas.len() {
        let sum: f64 = team.members.iter().map(|member| member.deltas[dimension].vs_team_mean).sum();
        assert!(sum.abs() < 1e-6, "differences to a mean add up to nothing: {sum}");
    }
}

#[test]
fn equal_players_share_a_rank() {
    let mut document = made_up("ARAM", 2, 2);
    let first = document["info"]["participants"][0].clone();
    document["info"]["participants"][1] = first;
    document["info"]["participants"][1]["participantId"] = json!(2);
    document["info"]["participants"][1]["puuid"] = json!("puuid-2");
    let found = match_record::parse(document.to_string().as_bytes()).unwrap();
    let team = team_review(&found, None, "puuid-1").unwrap();
    assert!(team.members.iter().all(|member| member.rank == Some(1)));
    assert!(team.top.is_empty() && team.bottom.is_empty());
}

#[test]
fn actors_stand_on_the_right_side() {
    let found = match_record::parse(made_up("CLASSIC", 2, 5).to_string().as_bytes()).unwrap();
    let events = json!({"info": {"frames": [{"timestamp": 0, "events": [
        {"type": "CHAMPION_KILL", "timestamp": 60_000, "killerId": 7, "victimId": 1, "shutdownBounty": 300},
        {"type": "CHAMPION_SPECIAL_KILL", "killType": "KILL_FIRST_BLOOD", "timestamp": 60_000, "killerId": 7},
        {"type": "BUILDING_KILL", "timestamp": 100_000, "teamId": 100, "buildingType": "TOWER_BUILDING", "killerId": 8},
        {"type": "CHAMPION_KILL", "timestamp": 200_000, "killerId": 2, "victimId": 7, "assistingParticipantIds": [1]},
        {"type": "ELITE_MONSTER_KILL", "timestamp": 250_000, "killerTeamId": 100, "monsterType": "DRAGON", "killerId": 2,
            "assistingParticipantIds": [1, 7]}]}]}})
    .to_string();
    let timeline = chimera_core::timeline::parse(events.as_bytes()).unwrap();
    let made = review(&found, Some(&timeline), "puuid-1").unwrap();
    let told: Vec<String> = made
        .evidence
        .iter()
        .map(|one| {
            let actors: Vec<(u32, Side)> =
                one.actors.iter().map(|actor| (actor.participant_id.0, actor.side)).collect();
            format!("{} {:?} {actors:?}", one.at_ms, one.what)
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    60000 FirstBloodVictim [(1, Player), (7, Enemy)]
    60000 BountyLost { gold: 300 } [(1, Player), (7, Enemy)]
    60000 DeathBeforeObjective { objective: Tower, after_ms: 40000 } [(1, Player), (7, Enemy)]
    200000 Conversion { objective: Dragon, after_ms: 50000 } [(1, Player), (7, Enemy)]
    250000 Objective { objective: Dragon, last_hit: false } [(1, Player), (2, Ally)]
    ");
}
