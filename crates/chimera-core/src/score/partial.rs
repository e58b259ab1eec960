//! What is missing in a match, as marks that are shown to the reader.

use std::collections::BTreeSet;
use std::fmt;

use super::facts::{Facts, is_foreign};
use super::{Partial, arena};
use crate::loose::Number;
use crate::match_record::{Match, Participant};
use crate::mode::{self, Mode};
use crate::timeline::Timeline;

/// Games that end earlier than this were not played to an end, whatever they say.
const SHORTEST_GAME_MS: u128 = 300_000;

/// Fields named in a mark.
const FIELDS_NAMED: usize = 8;

/// A field of a player's line.
type Field = fn(&Participant) -> Number;

/// Fields without which a score lacks a term.
const FIELDS: &[(&str, Field)] = &[
    ("teamId", |player| player.team_id),
    ("championId", |player| player.champion_id),
    ("kills", |player| player.kills),
    ("deaths", |player| player.deaths),
    ("assists", |player| player.assists),
    ("goldEarned", |player| player.gold_earned),
    ("totalMinionsKilled", |player| player.total_minions_killed),
    ("neutralMinionsKilled", |player| player.neutral_minions_killed),
    ("totalDamageDealtToChampions", |player| player.total_damage_dealt_to_champions),
    ("totalDamageTaken", |player| player.total_damage_taken),
    ("champLevel", |player| player.champ_level),
    ("champExperience", |player| player.champ_experience),
    ("wardsPlaced", |player| player.wards_placed),
    ("wardsKilled", |player| player.wards_killed),
    ("timeCCingOthers", |player| player.time_ccing_others),
    ("totalTimeSpentDead", |player| player.total_time_spent_dead),
];

/// One plain sentence, for logs and explanations; a review's reader gets the words of their language.
impl fmt::Display for Partial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Partial::NoTimeline => formatter.write_str("there is no timeline"),
            Partial::EmptyTimeline => formatter.write_str("the timeline has no frames"),
            Partial::TimelineGap { from_ms, to_ms } => {
                write!(formatter, "the timeline has a gap from {} s to {} s", from_ms / 1000, to_ms / 1000)
            }
            Partial::ForeignTimeline => formatter.write_str("the timeline belongs to another match"),
            Partial::MissingFields { fields } => {
                write!(formatter, "fields are missing: {}", fields.join(", "))
            }
            Partial::Remake => formatter.write_str("the game was remade"),
            Partial::Aborted => formatter.write_str("the game was aborted"),
            Partial::PlacementUnknown => formatter.write_str("the places are not known"),
            Partial::UnscoredMode => formatter.write_str("this mode is not scored"),
            Partial::BorrowedYardstick => {
                formatter.write_str("this mode is measured by the yardsticks of Summoner's Rift")
            }
            Partial::HiddenPlayers { count } => write!(formatter, "the game hides {count} of the players"),
            Partial::Bots { count } => write!(formatter, "{count} of the players are bots"),
        }
    }
}

/// Every mark of a match.
pub(super) fn marks(found: &Match, timeline: Option<&Timeline<'_>>, facts: &Facts<'_>) -> Vec<Partial> {
    let mut marks = Vec::new();
    marks.extend(ending(found));
    match facts.mode {
        Mode::Other => marks.push(Partial::UnscoredMode),
        Mode::Arena if !arena::is_placed(facts) => marks.push(Partial::PlacementUnknown),
        _ if mode::is_borrowed(found) => marks.push(Partial::BorrowedYardstick),
        _ => {}
    }
    marks.extend(missing_fields(found, facts));
    marks.extend(of_timeline(found, timeline));
    let count = |is: fn(&Participant) -> bool| {
        u32::try_from(found.info.participants.iter().filter(|player| is(player)).count()).unwrap_or(u32::MAX)
    };
    let hidden = count(Participant::is_hidden);
    let bots = count(Participant::is_bot);
    marks.extend((hidden > 0).then_some(Partial::HiddenPlayers { count: hidden }));
    marks.extend((bots > 0).then_some(Partial::Bots { count: bots }));
    marks
}

/// Whether these marks leave a score.
pub(super) fn allow_score(marks: &[Partial]) -> bool {
    let forbids = |mark: &Partial| {
        matches!(mark, Partial::Remake | Partial::Aborted | Partial::PlacementUnknown | Partial::UnscoredMode)
    };
    !marks.iter().any(forbids)
}

/// Why the game was not played to an end. The word "Abort" also stands on good games, so it counts only where the
/// numbers agree.
fn ending(found: &Match) -> Option<Partial> {
    let players = &found.info.participants;
    if players.iter().any(|player| player.game_ended_in_early_surrender.is_set()) {
        return Some(Partial::Remake);
    }
    let duration_ms = found.duration().as_millis();
    let is_short = duration_ms > 0 && duration_ms < SHORTEST_GAME_MS;
    let says_abort = found.info.end_of_game_result.starts_with("Abort");
    let nothing_happened =
        players.iter().all(|player| player.kills.value() + player.gold_earned.value() == 0.0);
    if says_abort && (is_short || duration_ms == 0 || nothing_happened) {
        return Some(Partial::Aborted);
    }
    is_short.then_some(Partial::Remake)
}

fn missing_fields(found: &Match, facts: &Facts<'_>) -> Option<Partial> {
    let players = &found.info.participants;
    let lacking =
        |field: fn(&Participant) -> Number| players.iter().any(|player| field(player).known().is_none());
    let mut fields: Vec<String> =
        FIELDS.iter().filter(|(_, field)| lacking(*field)).map(|(name, _)| (*name).to_owned()).collect();
    if found.duration().is_zero() {
        fields.push("gameDuration".to_owned());
    }
    if found.nameless_players > 0 {
        fields.push("participantId".to_owned());
    }
    let in_frames = |player: &Participant| facts.last.player(player.id()).is_some();
    if facts.has_timeline && facts.mode == Mode::Rift && !players.iter().all(in_frames) {
        fields.push("participantFrames".to_owned());
    }
    fields.truncate(FIELDS_NAMED);
    (!fields.is_empty()).then_some(Partial::MissingFields { fields })
}

fn of_timeline(found: &Match, timeline: Option<&Timeline<'_>>) -> Vec<Partial> {
    let Some(timeline) = timeline else { return vec![Partial::NoTimeline] };
    if is_foreign(found, timeline) {
        return vec![Partial::ForeignTimeline];
    }
    if timeline.frames.is_empty() {
        return vec![Partial::EmptyTimeline];
    }
    let gaps: BTreeSet<(u64, u64)> = timeline.gaps().collect();
    gaps.into_iter().map(|(from_ms, to_ms)| Partial::TimelineGap { from_ms, to_ms }).collect()
}
