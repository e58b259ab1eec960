//! The review of one player: the card that the whole program is for.

use chimera_core::{
    match_record::Role,
    mode::Mode,
    profile::Summary,
    report::{Outcome, PlayerFacts, Review, TimelineLine},
    score::{Dimension, Partial, PlayerScore},
};

use super::{Look, build, evidence, figures, outcome_colour, outcome_text, profile};
use crate::discord::{
    limits, markdown,
    message::{Author, Button, ButtonStyle, Embed, Field, Message, Row},
    texts,
};

/// What stands on the card besides the review itself.
#[derive(Clone, Debug, Default)]
pub struct ReviewExtras<'a> {
    /// The text; its own emphasis stays, links and mentions do not.
    pub narrative: &'a str,
    /// Why the text is not what it should be, as one of the words of the `degraded-` texts; others get the general
    /// sentence.
    pub degraded: Option<&'a str>,
    /// The public address of the charts; the field appears only with it.
    pub charts_url: Option<&'a str>,
    /// What the charts show, for who cannot see them.
    pub charts_alt: &'a str,
    /// How long each stage took: its word (`fetch`, `score`, …) and milliseconds.
    pub stages: &'a [(&'a str, u64)],
    /// Under which the operator finds this request.
    pub task_id: &'a str,
    /// Whether people may say what they think.
    pub has_buttons: bool,
    /// Whether the reader wants the line of numbers over time.
    pub shows_timeline: bool,
    /// What earlier matches of the reader's own in this mode say, where that is wanted.
    pub habits: Option<&'a Summary>,
    /// The role that the reader calls the own one in `/settings`.
    pub main_role: Option<&'a str>,
}

/// The card of a review. Without a score it is an honest plain record that says why.
pub fn review(review: &Review, extras: &ReviewExtras<'_>, look: &Look<'_>) -> Message {
    let player = &review.player;
    let champion = look.champion(player);
    let outcome = outcome_text(look.language, review.result);
    let mut embed = Embed::new(format!("{outcome} · {champion}"), outcome_colour(review.result));
    embed.author = Some(Author { name: author(player, look), icon_url: None });
    embed.description = Some(description(review, extras, look));
    embed.fields = fields(review, extras, look);
    let mut message = Message::card(with_footer(embed, extras, &review.version, look));
    if extras.has_buttons {
        message.rows.push(buttons(&review.match_id, Some(player), &review.score, look));
    }
    message.fit()
}

fn fields(review: &Review, extras: &ReviewExtras<'_>, look: &Look<'_>) -> Vec<Field> {
    let player = &review.player;
    let mut embed = Embed::default();
    if review.score.total.is_some() {
        embed = embed
            .field(look.heading("⚡", "field-strengths"), dimensions(&review.strengths, &review.score, look))
            .field(
                look.heading("⚠️", "field-improvements"),
                dimensions(&review.improvements, &review.score, look),
            );
    } else {
        embed =
            embed.field(look.heading("📋", "field-record"), look.text(record_band(player, review.result)));
    }
    if let Some(line) =
        review.timeline.as_ref().filter(|_| extras.shows_timeline && review.mode == Mode::Rift)
    {
        embed = embed.field(look.heading("🕒", "field-timeline"), timeline(line, look));
    }
    embed = embed
        .field(look.heading("🛠", "field-build"), build::build(&review.build, look))
        .field(look.heading("🧠", "field-snapshot"), snapshot(review, look))
        .field(look.heading("📈", "field-habits"), habits(review, extras.habits, look))
        .field(look.heading("🔎", "field-evidence"), evidence::evidence(&review.evidence, look));
    if let Some(fight) = review.teamfights.first() {
        embed = embed.field(look.heading("⚔️", "field-fight"), evidence::fight(fight, player.team, look));
    }
    with_notes(embed, &review.partial, !review.build.augments.is_empty(), extras, look).fields
}

/// The fields that every review ends in: charts, what is missing, and why the text is the template's.
pub(super) fn with_notes(
    mut embed: Embed,
    partial: &[Partial],
    has_augments: bool,
    extras: &ReviewExtras<'_>,
    look: &Look<'_>,
) -> Embed {
    if let Some(url) = extras.charts_url.filter(|url| is_linkable(url)) {
        let alt = markdown::name(extras.charts_alt);
        let words = if extras.charts_alt.is_empty() {
            look.text("charts-link")
        } else {
            look.text_with("charts-link-of", &[("alt", alt.into())])
        };
        embed = embed.field(look.heading("🖼️", "field-charts"), format!("[{words}]({url})"));
    }
    let mut notes: Vec<String> = partial.iter().map(|mark| partial_text(mark, look)).collect();
    if has_augments {
        notes.push(look.text("partial-augments"));
    }
    embed = embed.field(look.heading("ℹ️", "field-partial"), notes.join("\n"));
    let degraded = extras.degraded.map(|reason| texts::text_or_other(look.language, "degraded", reason));
    embed.field(look.heading("✏️", "field-degraded"), degraded.unwrap_or_default())
}

/// Score version, stage times, task, and Riot's line where there is room for it.
pub(super) fn with_footer(embed: Embed, extras: &ReviewExtras<'_>, version: &str, look: &Look<'_>) -> Embed {
    let mut parts = vec![look.text_with("footer-version", &[("version", version.into())])];
    parts.extend(extras.stages.iter().map(|(stage, milliseconds)| {
        let name = texts::text_or(look.language, &format!("stage-{stage}"), stage);
        look.text_with("footer-stage", &[("name", name.into()), ("ms", (*milliseconds).into())])
    }));
    if !extras.task_id.is_empty() {
        parts.push(look.text_with("footer-task", &[("id", markdown::plain_name(extras.task_id).into())]));
    }
    let footer = parts.join(" · ");
    let with_legal = format!("{footer}\n{}", look.text("legal"));
    let used = embed_length(&embed) + limits::length(&with_legal);
    embed.foot(if used <= limits::EMBED_SUM { with_legal } else { footer })
}

/// Helpful, not helpful, outstanding, explain. The explanation is of one player: a team has none.
pub(super) fn buttons(
    match_id: &str,
    player: Option<&PlayerFacts>,
    score: &PlayerScore,
    look: &Look<'_>,
) -> Row {
    let feedback = |kind: &str, emoji: &'static str, style| Button {
        emoji: look.emoji(emoji),
        ..Button::new(format!("chimera:fb:{kind}:{match_id}"), look.text(&format!("button-{kind}")), style)
    };
    let mut row = vec![
        feedback("up", "👍", ButtonStyle::Success),
        feedback("down", "👎", ButtonStyle::Secondary),
        feedback("star", "⭐", ButtonStyle::Secondary),
    ];
    if let Some(player) = player.filter(|_| score.total.is_some()) {
        let id = format!("chimera:explain:{}:{match_id}", player.participant_id);
        row.push(Button {
            emoji: look.emoji("🔍"),
            ..Button::new(id, look.text("button-explain"), ButtonStyle::Primary)
        });
    }
    Row::Buttons(row)
}

fn author(player: &PlayerFacts, look: &Look<'_>) -> String {
    let champion = markdown::plain_name(&look.names.champion_of(player.champion_id, &player.champion_key));
    match player_name(player, look) {
        Some(name) => format!("{name} · {champion}"),
        None => champion,
    }
}

/// A player's Riot ID, or why there is none; `None` in matches from before Riot IDs.
pub(super) fn player_name(player: &PlayerFacts, look: &Look<'_>) -> Option<String> {
    match &player.riot_id {
        _ if player.is_hidden => Some(look.text("player-hidden")),
        Some(riot_id) => Some(markdown::plain_name(riot_id)),
        None if player.is_bot => Some(look.text("player-bot")),
        None => None,
    }
}

fn description(review: &Review, extras: &ReviewExtras<'_>, look: &Look<'_>) -> String {
    let score = match (review.score.total, review.score.tier) {
        (Some(total), Some(tier)) if total.is_finite() => {
            let arguments = [("score", figures::decimal(total).into()), ("tier", tier.as_str().into())];
            look.text_with("score-line", &arguments)
        }
        _ => look.text("no-score"),
    };
    let mode = mode_word(review.mode, &review.partial, look);
    let mut summary = summary(mode, review.duration_ms, review.player.role, look);
    summary.push_str(&aside(review.player.role, extras.main_role, look));
    let narrative = markdown::prose(extras.narrative);
    format!("{score}\n{summary}\n\n{narrative}").trim_end().to_owned()
}

/// What a mode is called. One that only borrows the yardstick of Summoner's Rift is not called so.
pub(super) fn mode_word(mode: Mode, partial: &[Partial], look: &Look<'_>) -> String {
    if partial.contains(&Partial::BorrowedYardstick) {
        return look.text("mode-rotating");
    }
    texts::text_or_other(look.language, "mode", mode.as_str())
}

/// Mode, length and, where there is one, role.
pub(super) fn summary(mode: String, duration_ms: u64, role: Role, look: &Look<'_>) -> String {
    let duration = figures::game_time(duration_ms);
    match role_word(role) {
        None => {
            look.text_with("summary-line-no-role", &[("mode", mode.into()), ("duration", duration.into())])
        }
        Some(role) => {
            let role = look.text(&format!("role-{role}"));
            let arguments = [("mode", mode.into()), ("duration", duration.into()), ("role", role.into())];
            look.text_with("summary-line", &arguments)
        }
    }
}

/// A word on a role that is not the one the reader calls the own.
fn aside(role: Role, main_role: Option<&str>, look: &Look<'_>) -> String {
    match (role_word(role), main_role) {
        (Some(played), Some(main)) if main != "fill" && main != played => {
            let main = look.text(&format!("role-{main}"));
            look.text_with("main-role", &[("role", main.into())])
        }
        _ => String::new(),
    }
}

/// This match beside the earlier ones; nothing before there are enough.
fn habits(review: &Review, summary: Option<&Summary>, look: &Look<'_>) -> String {
    let (Some(summary), Some(total)) = (summary, review.score.total) else { return String::new() };
    let ahead = figures::signed_decimal(total - summary.mean_total);
    let mean = figures::decimal(summary.mean_total);
    let arguments = [("mean", mean.into()), ("count", summary.matches.into()), ("ahead", ahead.into())];
    let mut lines = vec![look.text_with("habits-mean", &arguments), profile::trend(summary, look)];
    lines.extend(profile::weakness(summary, look));
    lines.join("\n")
}

fn role_word(role: Role) -> Option<&'static str> {
    match role {
        Role::Top => Some("top"),
        Role::Jungle => Some("jungle"),
        Role::Middle => Some("mid"),
        Role::Bottom => Some("bot"),
        Role::Utility => Some("support"),
        Role::Unknown => None,
    }
}

fn dimensions(chosen: &[Dimension], score: &PlayerScore, look: &Look<'_>) -> String {
    let line = |dimension: &Dimension| {
        let value = score.dimension(*dimension)?.value;
        let bar = figures::bar(value, look.is_ascii);
        Some(format!("`{bar}` {} **{value:.0}**", dimension_name(*dimension, look)))
    };
    chosen.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}

pub(super) fn dimension_name(dimension: Dimension, look: &Look<'_>) -> String {
    look.text(&format!("dimension-{}", dimension.as_str()))
}

fn timeline(line: &TimelineLine, look: &Look<'_>) -> String {
    let conversion =
        [("value", figures::percent(line.conversion_rate).into()), ("count", line.conversions.into())];
    [
        look.text_with("timeline-gold", &[("value", figures::signed(line.gold_diff_10).into())]),
        look.text_with("timeline-xp", &[("value", figures::signed(line.xp_diff_10).into())]),
        look.text_with("timeline-conversion", &conversion),
        look.text_with("timeline-wards", &[("value", figures::decimal(line.wards_per_minute).into())]),
    ]
    .join("\n")
}

fn snapshot(review: &Review, look: &Look<'_>) -> String {
    let (player, partner) = (&review.player, review.partner.as_ref());
    let part = |id: &str, arguments: &[(&str, ui::Arg<'_>)]| look.text_with(id, arguments);
    let mut first = vec![part(
        "snapshot-kda",
        &[
            ("kills", player.kills.into()),
            ("deaths", player.deaths.into()),
            ("assists", player.assists.into()),
            ("kda", figures::decimal(player.kda).into()),
        ],
    )];
    if player.kill_participation.is_some() {
        let share = figures::percent(player.kill_participation);
        first.push(part("snapshot-participation", &[("share", share.into())]));
    }
    let cs = [("cs", player.cs.into()), ("rate", figures::decimal(player.cs_per_minute).into())];
    let gold = part("snapshot-gold", &[("gold", figures::thousands(player.gold).into())]);
    let vision = part("snapshot-vision", &[("vision", player.vision_score.into())]);
    // An arena has no minions, and neither it nor the Abyss has wards.
    let second = match review.mode {
        Mode::Arena => vec![gold],
        Mode::Aram => vec![part("snapshot-cs", &cs), gold],
        _ => vec![part("snapshot-cs", &cs), gold, vision],
    };
    let mut third =
        vec![part("snapshot-dealt", &[("damage", figures::thousands(player.damage_to_champions).into())])];
    if player.damage_share.is_some() {
        third.push(part("snapshot-share", &[("share", figures::percent(player.damage_share).into())]));
    }
    third.push(part("snapshot-taken", &[("damage", figures::thousands(player.damage_taken).into())]));
    let fourth = [
        part("snapshot-level", &[("level", player.champion_level.into())]),
        part("snapshot-cc", &[("seconds", player.cc_seconds.into())]),
    ];
    let mut lines = vec![first.join(" · "), second.join(" · "), third.join(" · "), fourth.join(" · ")];
    if let Some(partner) = partner {
        let score = partner.total.map_or_else(|| figures::UNKNOWN.to_owned(), figures::decimal);
        let who = look.champion(partner);
        lines.push(part("duo-line", &[("who", who.into()), ("score", score.into())]));
    }
    lines.join("\n")
}

/// A sentence on the record alone, where there is no score. It praises or stays neutral.
fn record_band(player: &PlayerFacts, result: Outcome) -> &'static str {
    match player.kda {
        _ if result == Outcome::Remake => "record-remake",
        kda if kda >= 3.0 => "record-high",
        kda if kda >= 2.0 => "record-good",
        kda if kda >= 1.0 => "record-even",
        _ => "record-low",
    }
}

fn partial_text(mark: &Partial, look: &Look<'_>) -> String {
    match mark {
        Partial::NoTimeline => look.text("partial-no_timeline"),
        Partial::EmptyTimeline => look.text("partial-empty_timeline"),
        Partial::TimelineGap { from_ms, to_ms } => look.text_with(
            "partial-timeline_gap",
            &[("from", figures::game_time(*from_ms).into()), ("to", figures::game_time(*to_ms).into())],
        ),
        Partial::ForeignTimeline => look.text("partial-foreign_timeline"),
        Partial::MissingFields { fields } => {
            let fields = look.joined(fields.iter().take(8).map(|field| markdown::name(field)));
            look.text_with("partial-missing_fields", &[("fields", fields.into())])
        }
        Partial::Remake => look.text("partial-remake"),
        Partial::Aborted => look.text("partial-aborted"),
        Partial::PlacementUnknown => look.text("partial-placement_unknown"),
        Partial::UnscoredMode => look.text("partial-unscored_mode"),
        Partial::BorrowedYardstick => look.text("partial-borrowed_yardstick"),
        Partial::HiddenPlayers { count } => {
            look.text_with("partial-hidden_players", &[("count", (*count).into())])
        }
        Partial::Bots { count } => look.text_with("partial-bots", &[("count", (*count).into())]),
        _ => look.text("partial-other"),
    }
}

/// An address that stands in a link without ending it.
fn is_linkable(url: &str) -> bool {
    url.starts_with("http")
        && limits::length(url) <= 600
        && !url.chars().any(|character| character.is_whitespace() || "()<>\"`".contains(character))
}

fn embed_length(embed: &Embed) -> usize {
    let of = |text: &Option<String>| text.as_deref().map_or(0, limits::length);
    let fields: usize =
        embed.fields.iter().map(|field| limits::length(&field.name) + limits::length(&field.value)).sum();
    let author = embed.author.as_ref().map_or(0, |author| limits::length(&author.name));
    of(&embed.title) + of(&embed.description) + author + fields
}
