//! A team's review as a sheet.

use super::of_review::{fight_moment, map_side, member, numbers, of_match, of_score};
use super::{About, Amount, Fact, FactSheet, Metric, Moment, Scope, quoted_name};
use crate::match_record::ParticipantId;
use crate::names::{Language, Names};
use crate::report::{Member, Objective, Outcome, Side, TeamReview, TeamTimeline};

pub(super) fn sheet(review: &TeamReview, names: &Names, language: Language) -> FactSheet {
    let requester = review.members.iter().find(|member| member.facts.participant_id == review.requester);
    let opponent = requester.and_then(|member| opponent_of(member, &review.enemies));
    let rest = review.members.iter().filter(|member| member.facts.participant_id != review.requester);
    let everybody: Vec<&Member> = requester.into_iter().chain(rest).chain(&review.enemies).collect();
    let mut cast: Vec<_> =
        everybody.iter().map(|found| member(&found.facts, review.team, opponent, names)).collect();
    if let Some(first) = cast.first_mut() {
        first.side = Side::Player;
    }
    let mut facts: Vec<Fact> = everybody.iter().flat_map(|found| of_member(found, review)).collect();
    if let Some(mean) = review.mean_total {
        facts.push(Fact { about: About::OwnSide, metric: Metric::MeanTotal, amount: Amount::Decimal(mean) });
    }
    if let Outcome::Placement(place) = review.result {
        facts.push(Fact {
            about: About::OwnSide,
            metric: Metric::Place,
            amount: Amount::Count(u32::from(place)),
        });
    }
    if let Some(line) = &review.timeline {
        facts.extend(of_timeline(line));
    }
    facts.extend(of_match(&cast, review.duration_ms, review.mode));
    let moments: Vec<Moment> =
        review.best_fight.iter().map(|fight| fight_moment(fight, review.team, &cast)).collect();
    let name = requester.and_then(|member| member.facts.riot_id.as_deref()).map(quoted_name);
    FactSheet {
        language,
        names: names.clone(),
        scope: Scope::Team,
        mode: review.mode,
        result: review.result,
        side: map_side(review.team, review.mode),
        duration_ms: review.duration_ms,
        best_fight: (!moments.is_empty()).then_some(0),
        cast,
        facts,
        moments,
        strengths: review.top.iter().map(|highlight| highlight.delta.dimension).collect(),
        improvements: review.bottom.iter().map(|highlight| highlight.delta.dimension).collect(),
        tier: requester.and_then(|member| member.score.tier),
        items: requester.map(|member| member.build.items.clone()).unwrap_or_default(),
        augments: requester.map(|member| member.build.augments.clone()).unwrap_or_default(),
        partial: review.partial.clone(),
        player_name: name.filter(|name| !name.is_empty()),
    }
}

fn opponent_of(member: &Member, enemies: &[Member]) -> Option<ParticipantId> {
    let same_role = enemies.iter().filter(|enemy| {
        enemy.facts.role == member.facts.role && member.facts.role != crate::match_record::Role::Unknown
    });
    same_role.map(|enemy| enemy.facts.participant_id).next()
}

fn of_member(found: &Member, review: &TeamReview) -> Vec<Fact> {
    let about = About::Member(found.facts.participant_id);
    let mut facts = numbers(&found.facts, review.mode);
    facts.extend(of_score(about, &found.score));
    let mut push = |metric, amount| facts.push(Fact { about, metric, amount });
    if let Some(rank) = found.rank {
        push(Metric::Rank, Amount::Count(rank));
    }
    for delta in &found.deltas {
        push(Metric::DimensionRank(delta.dimension), Amount::Count(delta.rank));
        push(Metric::VersusTeam(delta.dimension), Amount::Difference(delta.vs_team_mean));
        if let Some(ahead) = delta.vs_opponent {
            push(Metric::VersusOpponent(delta.dimension), Amount::Difference(ahead));
        }
    }
    facts
}

fn of_timeline(line: &TeamTimeline) -> Vec<Fact> {
    let about = About::OwnSide;
    let mut found = Vec::new();
    let mut push =
        |metric, amount: Option<Amount>| found.extend(amount.map(|amount| Fact { about, metric, amount }));
    push(Metric::GoldDiff10, line.gold_diff_10.map(Amount::Difference));
    push(Metric::XpDiff10, line.xp_diff_10.map(Amount::Difference));
    push(Metric::GoldDiff15, line.gold_diff_15.map(Amount::Difference));
    push(Metric::ConversionRate, line.conversion_rate.map(Amount::Share));
    push(Metric::Conversions, Some(Amount::Count(line.conversions)));
    push(Metric::WardsPerMinute, Some(Amount::Decimal(line.wards_per_minute)));
    let taken = [
        (Objective::Dragon, line.dragons),
        (Objective::Baron, line.barons),
        (Objective::Herald, line.heralds),
        (Objective::Voidgrub, line.voidgrubs),
        (Objective::Tower, line.towers),
        (Objective::Inhibitor, line.inhibitors),
    ];
    for (kind, count) in taken {
        push(Metric::Taken(kind), Some(Amount::Count(count)));
    }
    found
}
