//! One player's review as a sheet.

use super::{
    About, Amount, CastMember, Fact, FactSheet, Happening, MapSide, Metric, Moment, Scope, quoted_name,
};
use crate::match_record::{ParticipantId, TeamId};
use crate::mode::Mode;
use crate::names::{Language, Names};
use crate::report::{
    Actor, Evidence, EvidenceKind, Objective, Outcome, PlayerFacts, Review, Side, Teamfight, TimelineLine,
};
use crate::score::PlayerScore;

pub(super) fn sheet(review: &Review, names: &Names, language: Language) -> FactSheet {
    let player = &review.player;
    let opponent = review.lane_opponent.as_ref().map(|opponent| opponent.participant_id);
    let everybody = std::iter::once(player).chain(&review.others);
    let mut cast: Vec<CastMember> =
        everybody.clone().map(|facts| member(facts, player.team, opponent, names)).collect();
    if let Some(first) = cast.first_mut() {
        first.side = Side::Player;
    }
    let mut facts: Vec<Fact> = everybody.flat_map(|facts| numbers(facts, review.mode)).collect();
    let own = About::Member(player.participant_id);
    facts.extend(of_score(own, &review.score));
    if let Some(line) = &review.timeline {
        facts.extend(of_timeline(own, line));
    }
    if let Outcome::Placement(place) = review.result {
        facts.push(Fact { about: own, metric: Metric::Place, amount: Amount::Count(u32::from(place)) });
    }
    facts.push(augments(own, review.build.augments.len()));
    facts.extend(of_match(&cast, review.duration_ms, review.mode));
    let fights = review.teamfights.iter().map(|fight| fight_moment(fight, player.team, &cast));
    let best = review.teamfights.first().map(|fight| (fight.from_ms, fight.to_ms));
    let mut moments: Vec<Moment> =
        review.evidence.iter().map(|found| evidence_moment(found, &cast)).chain(fights).collect();
    moments.sort_by_key(|moment| (moment.from_ms, moment.to_ms));
    facts.extend(of_moments(own, &moments));
    let is_best = |moment: &Moment| {
        matches!(moment.what, Happening::Fight { .. }) && Some((moment.from_ms, moment.to_ms)) == best
    };
    FactSheet {
        language,
        names: names.clone(),
        scope: Scope::Player,
        mode: review.mode,
        result: review.result,
        side: map_side(player.team, review.mode),
        duration_ms: review.duration_ms,
        best_fight: moments.iter().position(is_best),
        cast,
        facts,
        moments,
        strengths: review.strengths.clone(),
        improvements: review.improvements.clone(),
        tier: review.score.tier,
        items: review.build.items.iter().copied().filter(|id| *id > 0).collect(),
        augments: review.build.augments.iter().copied().filter(|id| *id > 0).collect(),
        partial: review.partial.clone(),
        player_name: player.riot_id.as_deref().map(quoted_name).filter(|name| !name.is_empty()),
    }
}

pub(super) fn map_side(team: TeamId, mode: Mode) -> Option<MapSide> {
    match team {
        _ if mode == Mode::Arena => None,
        TeamId::BLUE => Some(MapSide::Blue),
        TeamId::RED => Some(MapSide::Red),
        _ => None,
    }
}

pub(super) fn member(
    facts: &PlayerFacts,
    own_team: TeamId,
    opponent: Option<ParticipantId>,
    names: &Names,
) -> CastMember {
    CastMember {
        id: facts.participant_id,
        champion_id: names.champion_number(facts.champion_id, &facts.champion_key),
        champion: names.champion_of(facts.champion_id, &facts.champion_key).into_owned(),
        side: if facts.team == own_team { Side::Ally } else { Side::Enemy },
        is_lane_opponent: opponent == Some(facts.participant_id),
        role: facts.role,
    }
}

/// The numbers of one participant.
pub(super) fn numbers(facts: &PlayerFacts, mode: Mode) -> Vec<Fact> {
    use Metric as M;
    let about = About::Member(facts.participant_id);
    let counts = [
        (M::Kills, facts.kills),
        (M::Deaths, facts.deaths),
        (M::Assists, facts.assists),
        (M::Cs, facts.cs),
        (M::Gold, facts.gold),
        (M::Damage, facts.damage_to_champions),
        (M::PhysicalDamage, facts.physical_damage),
        (M::MagicDamage, facts.magic_damage),
        (M::TrueDamage, facts.true_damage),
        (M::DamageTaken, facts.damage_taken),
        (M::DamageMitigated, facts.damage_mitigated),
        (M::ObjectiveDamage, facts.damage_to_objectives),
        (M::TurretDamage, facts.damage_to_turrets),
        (M::Healing, facts.healing_given),
        (M::Shielding, facts.shielding_given),
        (M::VisionScore, facts.vision_score),
        (M::WardsPlaced, facts.wards_placed),
        (M::WardsKilled, facts.wards_killed),
        (M::ControlWards, facts.control_wards),
        (M::ControlSeconds, facts.cc_seconds),
        (M::Level, facts.champion_level),
        (M::MultiKill, facts.largest_multi_kill),
        (M::KillingSpree, facts.largest_killing_spree),
        (M::DeadSeconds, facts.dead_seconds),
    ];
    let has_minions = mode != Mode::Arena;
    let mut found: Vec<Fact> = counts
        .into_iter()
        .filter(|(metric, _)| has_minions || *metric != M::Cs)
        .map(|(metric, count)| Fact { about, metric, amount: Amount::Count(count) })
        .collect();
    let mut push = |metric, amount| found.push(Fact { about, metric, amount });
    push(M::Kda, Amount::Decimal(facts.kda));
    push(M::GoldPerMinute, Amount::Decimal(facts.gold_per_minute));
    push(M::DamagePerMinute, Amount::Decimal(facts.damage_per_minute));
    if has_minions {
        push(M::CsPerMinute, Amount::Decimal(facts.cs_per_minute));
    }
    if let Some(share) = facts.kill_participation {
        push(M::KillParticipation, Amount::Share(share));
    }
    if let Some(share) = facts.damage_share {
        push(M::DamageShare, Amount::Share(share));
    }
    if let Some(total) = facts.total {
        push(M::Total, Amount::Decimal(total));
    }
    if let Outcome::Placement(place) = facts.result {
        push(M::Place, Amount::Count(u32::from(place)));
    }
    found
}

pub(super) fn of_score(about: About, score: &PlayerScore) -> Vec<Fact> {
    let dimension = |found: &crate::score::DimensionScore| Fact {
        about,
        metric: Metric::Dimension(found.dimension),
        amount: Amount::Decimal(found.value),
    };
    score.dimensions.iter().map(dimension).collect()
}

fn of_timeline(about: About, line: &TimelineLine) -> Vec<Fact> {
    let mut found = Vec::new();
    let mut push =
        |metric, amount: Option<Amount>| found.extend(amount.map(|amount| Fact { about, metric, amount }));
    push(Metric::GoldDiff10, line.gold_diff_10.map(Amount::Difference));
    push(Metric::XpDiff10, line.xp_diff_10.map(Amount::Difference));
    push(Metric::CsAt10, line.cs_10.map(Amount::Decimal));
    push(Metric::GoldDiff15, line.gold_diff_15.map(Amount::Difference));
    push(Metric::XpDiff15, line.xp_diff_15.map(Amount::Difference));
    push(Metric::CsAt15, line.cs_15.map(Amount::Decimal));
    push(Metric::ConversionRate, line.conversion_rate.map(Amount::Share));
    push(Metric::Conversions, Some(Amount::Count(line.conversions)));
    push(Metric::WardsPerMinute, Some(Amount::Decimal(line.wards_per_minute)));
    found
}

fn augments(about: About, count: usize) -> Fact {
    Fact { about, metric: Metric::Augments, amount: Amount::Count(u32::try_from(count).unwrap_or(u32::MAX)) }
}

/// What is true of the match as a whole.
pub(super) fn of_match(cast: &[CastMember], duration_ms: u64, mode: Mode) -> Vec<Fact> {
    let count = |number: usize| Amount::Count(u32::try_from(number).unwrap_or(u32::MAX));
    let own = cast.iter().filter(|member| member.side != Side::Enemy).count();
    let mut found = vec![
        Fact { about: About::Match, metric: Metric::Duration, amount: Amount::Millis(duration_ms) },
        Fact { about: About::Match, metric: Metric::Players, amount: count(cast.len()) },
        Fact { about: About::OwnSide, metric: Metric::Players, amount: count(own) },
    ];
    if mode == Mode::Arena && own > 0 {
        found.push(Fact {
            about: About::Match,
            metric: Metric::Sides,
            amount: count(cast.len().div_ceil(own)),
        });
    }
    found
}

/// How often something stands among the moments.
pub(super) fn of_moments(about: About, moments: &[Moment]) -> Vec<Fact> {
    const KINDS: [Objective; 9] = [
        Objective::Plate,
        Objective::Tower,
        Objective::Inhibitor,
        Objective::Voidgrub,
        Objective::Herald,
        Objective::Dragon,
        Objective::ElderDragon,
        Objective::Atakhan,
        Objective::Baron,
    ];
    let count = |is_one: &dyn Fn(&EvidenceKind) -> bool| {
        let found = moments.iter().filter(|moment| match &moment.what {
            Happening::Evidence(kind) => is_one(kind),
            Happening::Fight { .. } => false,
        });
        u32::try_from(found.count()).unwrap_or(u32::MAX)
    };
    let taken = |kind: Objective| {
        let number =
            count(&|found| matches!(found, EvidenceKind::Objective { objective, .. } if *objective == kind));
        (Metric::Taken(kind), number)
    };
    let solo = (Metric::SoloKills, count(&|found| matches!(found, EvidenceKind::SoloKill)));
    let counted = KINDS.into_iter().map(taken).chain([solo]).filter(|(_, number)| *number > 0);
    counted.map(|(metric, number)| Fact { about, metric, amount: Amount::Count(number) }).collect()
}

fn evidence_moment(evidence: &Evidence, cast: &[CastMember]) -> Moment {
    let champion = |actor: &Actor| {
        let member = cast.iter().find(|member| member.id == actor.participant_id);
        member.map_or(actor.champion_id, |member| member.champion_id)
    };
    let others = evidence.actors.iter().filter(|actor| actor.side != Side::Player);
    Moment {
        from_ms: evidence.at_ms,
        to_ms: evidence.at_ms,
        what: Happening::Evidence(evidence.what),
        champions: others.map(|actor| (champion(actor), actor.side)).collect(),
        dimension: evidence.dimension,
    }
}

pub(super) fn fight_moment(fight: &Teamfight, own_team: TeamId, cast: &[CastMember]) -> Moment {
    let kills = |own: bool| {
        let sides = fight.kills_by_team.iter().filter(|side| (side.team == own_team) == own);
        sides.map(|side| side.kills).sum()
    };
    let took_part =
        cast.iter().filter(|member| member.side != Side::Player && fight.participants.contains(&member.id));
    Moment {
        from_ms: fight.from_ms,
        to_ms: fight.to_ms,
        what: Happening::Fight {
            region: fight.region,
            own_kills: kills(true),
            other_kills: kills(false),
            objective: fight.objective.map(|taken| (taken.objective, taken.team == own_team)),
        },
        champions: took_part.map(|member| (member.champion_id, member.side)).collect(),
        dimension: None,
    }
}
