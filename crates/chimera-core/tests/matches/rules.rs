//! What is scored, what is not, and what the reader is told.

use chimera_core::match_record::{self, ParticipantId};
use chimera_core::report::{Outcome, review};
use chimera_core::score::{self, Dimension, MatchScores, Partial};
use chimera_core::timeline;
use serde_json::{Value, json};

use crate::real::check_score;

/// A match of `teams` teams of `size`, with plausible numbers.
pub(crate) fn made_up(mode: &str, teams: u32, size: u32) -> Value {
    let player = |id: u32| {
        let team = (id - 1) / size + 1;
        json!({
            "participantId": id, "puuid": format!("puuid-{id}"), "championId": id, "championName": format!("Champion{id}"),
            "teamId": if mode == "CHERRY" { 100 } else { 100 * team }, "win": team == 1, "kills": id, "deaths": 3, "assists": 4,
            "goldEarned": 9000 + 100 * id, "totalMinionsKilled": 100 + id, "neutralMinionsKilled": 10,
            "totalDamageDealtToChampions": 12000 + 500 * id, "physicalDamageDealtToChampions": 8000,
            "magicDamageDealtToChampions": 4000 + 500 * id, "trueDamageDealtToChampions": 0, "totalDamageTaken": 20000,
            "damageSelfMitigated": 10000, "champLevel": 15, "champExperience": 14000 + id, "wardsPlaced": 9,
            "wardsKilled": 3, "timeCCingOthers": 20, "totalTimeSpentDead": 60, "timePlayed": 1500,
            "totalHealsOnTeammates": 0, "totalDamageShieldedOnTeammates": 0, "playerSubteamId": team, "placement": team,
            "gameEndedInEarlySurrender": false,
        })
    };
    let players: Vec<Value> = (1..=teams * size).map(player).collect();
    json!({
        "metadata": {"matchId": "EUW1_1"},
        "info": {"gameMode": mode, "gameDuration": 1500, "gameEndTimestamp": 1, "endOfGameResult": "GameComplete", "participants": players},
    })
}

fn scores(document: &Value) -> MatchScores {
    let found = match_record::parse(document.to_string().as_bytes()).unwrap();
    let scores = score::score(&found, None);
    for player in &scores.players {
        check_score(player, "made up");
    }
    scores
}

/// Changes a made-up match of two teams of five and says what remains.
#[track_caller]
fn check(mode: &str, change: impl FnOnce(&mut Value), expected_mark: Option<Partial>, is_scored: bool) {
    let mut document = made_up(mode, 2, 5);
    change(&mut document["info"]);
    let scores = scores(&document);
    let mut shown = scores.players.iter().filter(|player| !player.puuid.is_empty());
    assert!(shown.all(|player| player.total.is_some() == is_scored));
    let marks: Vec<Partial> =
        scores.partial.into_iter().filter(|mark| *mark != Partial::NoTimeline).collect();
    assert_eq!(marks, Vec::from_iter(expected_mark));
}

#[test]
fn games_that_were_not_played_to_an_end_have_no_score() {
    check("CLASSIC", |_| (), None, true);
    check(
        "CLASSIC",
        |info| info["participants"][7]["gameEndedInEarlySurrender"] = json!(true),
        Some(Partial::Remake),
        false,
    );
    check("CLASSIC", |info| info["gameDuration"] = json!(248), Some(Partial::Remake), false);
    check("CLASSIC", |info| info["gameDuration"] = json!(248_000), Some(Partial::Remake), false);
    check("CLASSIC", |info| info["endOfGameResult"] = json!("Abort_Unexpected"), None, true);
    let abort = |info: &mut Value| {
        info["endOfGameResult"] = json!("Abort_Unexpected");
        info["gameDuration"] = json!(120);
    };
    check("CLASSIC", abort, Some(Partial::Aborted), false);
}

#[test]
fn modes_have_their_own_rules() {
    check("ARAM", |_| (), None, true);
    check("CHERRY", |_| (), None, true);
    check("URF", |_| (), Some(Partial::BorrowedYardstick), true);
    check("STRAWBERRY", |_| (), Some(Partial::UnscoredMode), false);
    let no_places = |info: &mut Value| {
        for player in info["participants"].as_array_mut().unwrap() {
            player["placement"] = json!(0);
        }
    };
    check("CHERRY", no_places, Some(Partial::PlacementUnknown), false);
}

#[test]
fn missing_and_broken_fields_are_named() {
    let lost = |fields: &[&str]| {
        Some(Partial::MissingFields { fields: fields.iter().map(|field| (*field).to_owned()).collect() })
    };
    check(
        "CLASSIC",
        |info| info["participants"][2]["wardsPlaced"] = json!("many"),
        lost(&["wardsPlaced"]),
        true,
    );
    check("CLASSIC", |info| info["participants"][2]["deaths"] = json!(-1), lost(&["deaths"]), true);
    check(
        "CLASSIC",
        |info| info["participants"][2]["participantId"] = json!(1),
        lost(&["participantId"]),
        true,
    );
    let hide = |info: &mut Value| info["participants"][4]["puuid"] = json!("");
    check("CLASSIC", hide, Some(Partial::HiddenPlayers { count: 1 }), true);
    check(
        "CLASSIC",
        |info| info["participants"][4]["puuid"] = json!("BOT"),
        Some(Partial::Bots { count: 1 }),
        true,
    );
}

#[test]
fn too_little_is_no_score() {
    let document = json!({"info": {"gameMode": "CLASSIC", "gameDuration": 1500, "participants": [
        {"participantId": 1, "puuid": "a", "teamId": 100, "kills": 3}, {"participantId": 2, "puuid": "b", "teamId": 200}]}});
    let scores = scores(&document);
    assert!(scores.players.iter().all(|player| player.total.is_none() && player.dimensions.is_empty()));
    assert!(matches!(&scores.partial[0], Partial::MissingFields { fields } if fields.len() == 8));
}

#[test]
fn any_number_of_players_is_scored() {
    for (mode, teams, size) in [
        ("CHERRY", 4, 2),
        ("CHERRY", 8, 2),
        ("CHERRY", 6, 3),
        ("CHERRY", 1, 1),
        ("ARAM", 2, 4),
        ("CLASSIC", 2, 1),
    ] {
        let scores = scores(&made_up(mode, teams, size));
        assert_eq!(scores.players.len(), (teams * size) as usize);
        assert!(scores.players.iter().all(|player| player.total.is_some()), "{mode} {teams} teams of {size}");
    }
    let six_teams = scores(&made_up("CHERRY", 6, 3));
    let place =
        |id: u32| six_teams.player(ParticipantId(id)).unwrap().dimension(Dimension::Placement).unwrap().value;
    assert_eq!((place(1), place(18)), (100.0, 0.0));
}

/// A timeline with frames at the given times, in which everybody earns 300 gold a minute.
fn frames(times: &[u64]) -> String {
    let player = |id: u32, at: u64| {
        let gold = 500.0 + at as f64 * 0.005 * f64::from(id);
        let player = json!({"participantId": id, "totalGold": gold, "xp": gold, "level": 8, "minionsKilled": 3,
            "jungleMinionsKilled": 0, "championStats": {"armor": 50, "magicResist": 40, "healthMax": 2000}});
        (id.to_string(), player)
    };
    let frame = |&at: &u64| {
        let players: serde_json::Map<String, Value> = (1..=10).map(|id| player(id, at)).collect();
        json!({"timestamp": at, "participantFrames": players, "events": []})
    };
    let frames: Vec<Value> = times.iter().map(frame).collect();
    json!({"metadata": {"matchId": "EUW1_1"}, "info": {"frames": frames}}).to_string()
}

/// The gold that player 6 is ahead of player 1 at 10:00, and the marks of the review.
fn at_ten(times: &[u64]) -> (Option<f64>, Vec<Partial>) {
    let mut document = made_up("CLASSIC", 2, 5);
    for (index, role) in ["TOP", "JUNGLE", "MIDDLE", "BOTTOM", "UTILITY"].iter().cycle().take(10).enumerate()
    {
        document["info"]["participants"][index]["teamPosition"] = json!(role);
    }
    let found = match_record::parse(document.to_string().as_bytes()).unwrap();
    let json = frames(times);
    let made = review(&found, Some(&timeline::parse(json.as_bytes()).unwrap()), "puuid-6").unwrap();
    (made.timeline.unwrap().gold_diff_10, made.partial)
}

#[test]
fn numbers_at_a_time_do_not_depend_on_the_frames() {
    let even: Vec<u64> = (0..=25).map(|minute| minute * 60_000).collect();
    let uneven: Vec<u64> = (0..=23).map(|number| number * 64_563).collect();
    let (expected, marks) = at_ten(&even);
    assert_eq!((expected, marks), (Some(15_000.0), vec![]));
    let (resampled, marks) = at_ten(&uneven);
    assert!((resampled.unwrap() - 15_000.0).abs() < 1e-6 && marks.is_empty(), "{resampled:?} {marks:?}");
    let gap: Vec<u64> = even.iter().copied().filter(|at| !(540_001..=660_000).contains(at)).collect();
    let (inside, marks) = at_ten(&gap);
    assert_eq!((inside, marks), (None, vec![Partial::TimelineGap { from_ms: 540_000, to_ms: 720_000 }]));
}

#[test]
fn a_timeline_of_another_match_is_not_used() {
    let found = match_record::parse(made_up("CLASSIC", 2, 5).to_string().as_bytes()).unwrap();
    let json = frames(&[0, 60_000]).replace("EUW1_1", "EUW1_2");
    let foreign = timeline::parse(json.as_bytes()).unwrap();
    let with = score::score(&found, Some(&foreign));
    assert_eq!(with.partial, [Partial::ForeignTimeline]);
    assert_eq!(with.players, score::score(&found, None).players);
    let empty = timeline::parse(br#"{"info":{"frames":[]}}"#).unwrap();
    assert_eq!(score::score(&found, Some(&empty)).partial, [Partial::EmptyTimeline]);
}

#[test]
fn who_is_hidden_is_never_named() {
    let mut document = made_up("CLASSIC", 2, 5);
    for index in [0, 3] {
        document["info"]["participants"][index]["riotIdGameName"] = json!("Somebody");
        document["info"]["participants"][index]["riotIdTagline"] = json!("EUW");
    }
    document["info"]["participants"][3]["puuid"] = json!("");
    let found = match_record::parse(document.to_string().as_bytes()).unwrap();
    let made = review(&found, None, "puuid-1").unwrap();
    assert_eq!(made.player.riot_id.as_deref(), Some("Somebody#EUW"));
    assert_eq!(made.result, Outcome::Win);
    let hidden = made.others.iter().find(|other| other.is_hidden).unwrap();
    assert_eq!(hidden.total, None, "who is hidden is not analysed either");
    assert_eq!(
        (hidden.participant_id, hidden.riot_id.as_deref(), hidden.puuid.as_str()),
        (ParticipantId(4), None, "")
    );
    assert!(review(&found, None, "").is_err() && review(&found, None, "nobody").is_err());
}
