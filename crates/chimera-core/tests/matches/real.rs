//! Every real match gives a sound review for every player.

use chimera_core::explain::{explain, redo};
use chimera_core::match_record::{self, Match};
use chimera_core::mode::Mode;
use chimera_core::report::{Outcome, Review, TeamReview, review, team_review};
use chimera_core::score::{self, Partial, PlayerScore};
use chimera_core::timeline::{self, Timeline};

use crate::data;

/// Fails where a score is not sound.
pub(crate) fn check_score(score: &PlayerScore, what: &str) {
    redo(score).unwrap_or_else(|difference| panic!("{what}: {difference}"));
    let in_range = |value: f64, most: f64| value.is_finite() && (0.0..=most).contains(&value);
    assert!(score.total.is_none_or(|total| in_range(total, 100.0)), "{what}: {:?}", score.total);
    assert_eq!(score.total.is_some(), !score.dimensions.is_empty(), "{what}");
    let weights: f64 = score.dimensions.iter().map(|dimension| dimension.weight).sum();
    assert!(score.dimensions.is_empty() || (weights - 1.0).abs() < 1e-9, "{what}: {weights}");
    for dimension in &score.dimensions {
        assert!(in_range(dimension.value, 100.0), "{what}: {dimension:?}");
        let weights: f64 = dimension.terms.iter().map(|term| term.weight).sum();
        assert!((weights - 1.0).abs() < 1e-9, "{what}: {weights}");
        for term in &dimension.terms {
            assert!(
                in_range(term.value, 1.0) && term.inputs.iter().all(|input| input.value.is_finite()),
                "{term:?}"
            );
        }
    }
}

/// Everything that can be made of a match for one player; fails where a document does not survive storage.
pub(crate) fn check_player(
    found: &Match,
    timeline: Option<&Timeline<'_>>,
    puuid: &str,
    what: &str,
) -> Option<Review> {
    let made = check_review(found, timeline, puuid, what)?;
    let team = team_review(found, timeline, puuid).unwrap();
    let explanation = explain(found, timeline, puuid).unwrap();
    let stored: TeamReview = serde_json::from_str(&serde_json::to_string(&team).unwrap())
        .unwrap_or_else(|error| panic!("{what}: the team review cannot be read back: {error}"));
    assert!(stored == team, "{what}: the stored team review differs");
    assert_eq!(explanation.total.map(f64::to_bits), made.score.total.map(f64::to_bits), "{what}");
    let own = team.members.iter().find(|member| member.facts.participant_id == team.requester);
    assert!(own.is_some_and(|member| member.score == made.score), "{what}");
    Some(made)
}

/// The review of one player.
pub(crate) fn check_review(
    found: &Match,
    timeline: Option<&Timeline<'_>>,
    puuid: &str,
    what: &str,
) -> Option<Review> {
    let made = review(found, timeline, puuid).ok()?;
    // A number that is not finite is written as null and cannot be read back.
    let stored: Review = serde_json::from_str(&serde_json::to_string(&made).unwrap())
        .unwrap_or_else(|error| panic!("{what}: the review cannot be read back: {error}"));
    assert!(stored == made, "{what}: the stored review differs");
    check_score(&made.score, what);
    assert!(made.strengths.iter().all(|strength| !made.improvements.contains(strength)), "{what}");
    assert!(made.evidence.is_sorted_by_key(|evidence| evidence.at_ms), "{what}");
    Some(made)
}

#[test]
fn every_real_match_is_reviewed_for_every_player() {
    let mut reviews = 0;
    for documents in data::all() {
        let timeline = documents.timeline.as_ref().map(|json| timeline::parse(json).unwrap());
        let Some(json) = &documents.found else {
            assert!(!timeline.unwrap().events.is_empty(), "{}", documents.id);
            continue;
        };
        let found = match_record::parse(json).unwrap();
        for player in &found.info.participants {
            let what = format!("{} player {}", documents.id, player.id());
            // The team view is the same for all of a team: the first and the last player see both.
            let is_edge = [1, found.info.participants.len()].contains(&(player.id().0 as usize));
            let check = if is_edge { check_player } else { check_review };
            match check(&found, timeline.as_ref(), &player.puuid, &what) {
                Some(made) => {
                    reviews += 1;
                    check_content(&made, timeline.is_some(), &what);
                }
                None => assert!(player.is_bot() || player.is_hidden(), "{what}"),
            }
        }
    }
    assert!(reviews > 450, "{reviews} reviews");
}

#[test]
fn a_made_up_timeline_of_another_tool_is_read() {
    for file in std::fs::read_dir(data::folder("lol/synthetic_lolbot")).unwrap() {
        let json = std::fs::read(file.unwrap().path()).unwrap();
        let timeline = timeline::parse(&json).unwrap();
        assert!(!timeline.frames.is_empty());
        // Read as a match it has no totals, and nobody of this name.
        let found = match_record::parse(&json).unwrap();
        assert!(review(&found, Some(&timeline), "anybody").is_err());
    }
}

/// What must hold for a match that was played to its end.
fn check_content(made: &Review, has_timeline: bool, what: &str) {
    let is_remake = made.partial.contains(&Partial::Remake);
    assert_eq!(made.score.total.is_none(), is_remake, "{what}: {:?}", made.partial);
    assert_eq!(made.result == Outcome::Remake, is_remake, "{what}");
    assert_eq!(made.partial.contains(&Partial::NoTimeline), !has_timeline, "{what}: {:?}", made.partial);
    let complains = |mark: &Partial| {
        !matches!(
            mark,
            Partial::NoTimeline | Partial::Remake | Partial::Bots { .. } | Partial::BorrowedYardstick
        )
    };
    assert!(!made.partial.iter().any(complains), "{what}: {:?}", made.partial);
    assert_eq!(
        made.score.dimensions.len(),
        if is_remake { 0 } else { dimensions(made.mode, has_timeline) },
        "{what}"
    );
    if has_timeline && made.mode == Mode::Rift && made.player.role != match_record::Role::Unknown {
        let line = made.timeline.as_ref().unwrap();
        assert!(line.cs_10.is_some() && line.gold_diff_10.is_some(), "{what}");
        let pairs: usize = made.others.iter().filter(|other| other.role == made.player.role).count();
        assert_eq!(made.lane_opponent.is_some(), pairs == 1, "{what}");
    }
    let kills: u32 =
        made.teamfights.iter().flat_map(|fight| &fight.kills_by_team).map(|side| side.kills).sum();
    assert!(made.mode == Mode::Arena || made.teamfights.is_empty() || kills >= 3, "{what}");
    assert_eq!(made.partner.is_some(), made.mode == Mode::Arena, "{what}");
}

fn dimensions(mode: Mode, has_timeline: bool) -> usize {
    match mode {
        Mode::Rift if has_timeline => 10,
        Mode::Rift => 9,
        Mode::Aram | Mode::Arena => 7,
        _ => 0,
    }
}

#[test]
#[ignore = "prints the distribution of every term over the real matches, to be read by eye"]
fn print_distributions() {
    let mut series: std::collections::BTreeMap<String, Vec<f64>> = std::collections::BTreeMap::new();
    for documents in data::all() {
        let (Some(json), Some(timeline)) = (&documents.found, &documents.timeline) else { continue };
        let found = match_record::parse(json).unwrap();
        let timeline = timeline::parse(timeline).unwrap();
        let scores = score::score(&found, Some(&timeline));
        for player in scores.players.iter().filter(|player| player.puuid != "BOT") {
            let mode = scores.mode.as_str();
            let mut note = |name: String, value: f64| series.entry(name).or_default().push(value);
            note(format!("{mode} total"), player.total.unwrap_or(0.0));
            for dimension in &player.dimensions {
                note(format!("{mode} {}", dimension.dimension.as_str()), dimension.value);
                for term in &dimension.terms {
                    note(
                        format!("{mode} {}.{}", dimension.dimension.as_str(), term.name),
                        100.0 * term.value,
                    );
                }
            }
        }
    }
    for (name, mut values) in series {
        values.sort_by(f64::total_cmp);
        if name.ends_with(" total") {
            let at = |share: f64| values[(share * (values.len() - 1) as f64) as usize];
            println!("{name}: 98 %, 90 %, 70 %, 40 %, 15 %: {:?}", [0.98, 0.9, 0.7, 0.4, 0.15].map(at));
        }
        let at = |share: f64| values[(share * (values.len() - 1) as f64) as usize];
        let low = values.iter().filter(|&&value| value <= 0.0).count() * 100 / values.len();
        let full = values.iter().filter(|&&value| value >= 100.0).count() * 100 / values.len();
        println!(
            "{name:48} n {:4}  0: {low:3} %  100: {full:3} %  5 %: {:5.1}  25 %: {:5.1}  50 %: {:5.1}  75 %: {:5.1}  95 %: {:5.1}",
            values.len(),
            at(0.05),
            at(0.25),
            at(0.5),
            at(0.75),
            at(0.95)
        );
    }
}
