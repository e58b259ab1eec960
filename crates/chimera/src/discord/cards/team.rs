//! The review of a player's team.

use chimera_core::{
    match_record::Role,
    mode::Mode,
    report::{Highlight, Member, TeamReview, TeamTimeline},
};

use super::{Look, ReviewExtras, build, evidence, figures, lineup, outcome_colour, outcome_text, review};
use crate::discord::{
    markdown,
    message::{Embed, Message},
};

/// The card of a team's review; its differences are the requester's against the own team and the lane opponent.
pub fn team(team: &TeamReview, extras: &ReviewExtras<'_>, look: &Look<'_>) -> Message {
    let requester = team.members.iter().find(|member| member.facts.participant_id == team.requester);
    let mode = review::mode_word(team.mode, &team.partial, look);
    let mut title = format!("{} · {mode}", outcome_text(look.language, team.result));
    if let Some(member) = requester {
        title = format!("{title} · {}", look.champion(&member.facts));
    }
    let mut embed = Embed::new(title, outcome_colour(team.result));
    embed.description = Some(description(team, requester, extras, look));
    embed = embed
        .field(look.heading("⚡", "field-strengths-team"), highlights(&team.top, look))
        .field(look.heading("⚠️", "field-improvements-team"), highlights(&team.bottom, look));
    if let Some(line) = team.timeline.as_ref().filter(|_| extras.shows_timeline && team.mode == Mode::Rift) {
        embed = embed.field(look.heading("🕒", "field-timeline"), timeline(line, look));
    }
    embed = embed
        .field(look.heading("🧠", "field-lineup"), lineup::lineup(&team.members, look))
        .field(look.heading("🧭", "field-enemies"), lineup::lineup(&team.enemies, look));
    if let Some(member) = requester {
        embed = embed.field(look.heading("🛠", "field-build"), build::build(&member.build, look));
    }
    if let Some(fight) = &team.best_fight {
        embed = embed.field(look.heading("⚔️", "field-fight"), evidence::fight(fight, team.team, look));
    }
    embed = embed.field(look.heading("🎮", "field-match"), facts(team));
    let has_augments = requester.is_some_and(|member| !member.build.augments.is_empty());
    let embed = review::with_notes(embed, &team.partial, has_augments, extras, look);
    let mut message = Message::card(review::with_footer(embed, extras, &team.version, look));
    if extras.has_buttons
        && let Some(member) = requester
    {
        message.rows.push(review::buttons(&team.match_id, Some(&member.facts), &member.score, look));
    }
    message.fit()
}

fn description(
    team: &TeamReview,
    requester: Option<&Member>,
    extras: &ReviewExtras<'_>,
    look: &Look<'_>,
) -> String {
    let mut lines = Vec::new();
    if let Some(member) = requester {
        if let (Some(total), Some(tier)) = (member.score.total, member.score.tier) {
            let arguments = [("score", figures::decimal(total).into()), ("tier", tier.as_str().into())];
            lines.push(look.text_with("score-line", &arguments));
        } else {
            lines.push(look.text("no-score"));
        }
        if let (Some(rank), Some(mean)) = (member.rank, team.mean_total) {
            let arguments = [
                ("rank", rank.into()),
                ("size", team.members.len().into()),
                ("mean", figures::decimal(mean).into()),
            ];
            lines.push(look.text_with("rank-line", &arguments));
        }
    }
    let role = requester.map_or(Role::Unknown, |member| member.facts.role);
    let mode = review::mode_word(team.mode, &team.partial, look);
    lines.push(review::summary(mode, team.duration_ms, role, look));
    let narrative = markdown::prose(extras.narrative);
    format!("{}\n\n{narrative}", lines.join("\n")).trim_end().to_owned()
}

fn highlights(all: &[Highlight], look: &Look<'_>) -> String {
    let line = |highlight: &Highlight| {
        let delta = &highlight.delta;
        let dimension = review::dimension_name(delta.dimension, look);
        let arguments = [
            ("dimension", dimension.into()),
            ("value", format!("**{:.0}**", delta.value).into()),
            ("team", figures::signed_decimal(delta.vs_team_mean).into()),
        ];
        let mut line = look.text_with("highlight-team", &arguments);
        if let Some(lane) = delta.vs_opponent {
            line.push_str(
                &look.text_with("highlight-lane", &[("lane", figures::signed_decimal(lane).into())]),
            );
        }
        format!("`{}` {line}", figures::bar(delta.value, look.is_ascii))
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn timeline(line: &TeamTimeline, look: &Look<'_>) -> String {
    let conversion =
        [("value", figures::percent(line.conversion_rate).into()), ("count", line.conversions.into())];
    let objectives = [
        ("dragons", line.dragons.into()),
        ("barons", line.barons.into()),
        ("heralds", line.heralds.into()),
        ("voidgrubs", line.voidgrubs.into()),
        ("towers", line.towers.into()),
    ];
    [
        look.text_with("timeline-gold-team", &[("value", figures::signed(line.gold_diff_10).into())]),
        look.text_with("timeline-xp-team", &[("value", figures::signed(line.xp_diff_10).into())]),
        look.text_with("timeline-conversion", &conversion),
        look.text_with("timeline-wards", &[("value", figures::decimal(line.wards_per_minute).into())]),
        look.text_with("timeline-objectives", &objectives),
    ]
    .join("\n")
}

fn facts(team: &TeamReview) -> String {
    let platform = team.match_id.split('_').next().unwrap_or_default();
    format!("`{}` · {}", markdown::plain_name(&team.match_id), markdown::name(platform))
}
