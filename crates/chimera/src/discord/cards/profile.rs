//! `/profile`: what is stored about a person, and what the reviews so far say.

use chimera_core::profile::{Direction, LEAST_MATCHES, Profile, Summary};
use ui::Language;

use super::{BLUE, GREEN, Look, ORANGE, accounts, figures, review};
use crate::{
    discord::{
        markdown,
        message::{Button, ButtonStyle, Embed, Message, Row},
        texts,
    },
    store::accounts::Account,
};

/// The primary account, and one paragraph a mode that was reviewed often enough. Of a person who does not want
/// earlier matches used (`is_wanted` is false), only how many are kept is shown, with the way to delete them.
pub fn profile(
    user_id: &str,
    account: Option<&Account>,
    profile: Option<&Profile>,
    is_wanted: bool,
    look: &Look<'_>,
) -> Message {
    let language = look.language;
    let mut embed = Embed::new(look.text("profile-title"), BLUE)
        .field(look.text("account-discord"), format!("`{}`", markdown::plain_name(user_id)));
    embed = match account {
        Some(account) => {
            let puuid: String = account.puuid.chars().take(20).collect();
            accounts::facts(embed, account, language)
                .field(look.text("account-puuid"), format!("`{}…`", markdown::plain_name(&puuid)))
        }
        None => embed.describe(look.text("profile-none")),
    };
    let mut rows = Vec::new();
    if let Some(profile) = profile.filter(|profile| profile.reviews > 0) {
        let forget = Button::new("chimera:profile:forget", look.text("profile-forget"), ButtonStyle::Danger);
        rows.push(Row::Buttons(vec![forget]));
        embed = embed.field(look.text("profile-matches"), figures::grouped(profile.reviews));
        for (mode, kept) in profile.matches.iter().filter(|_| is_wanted) {
            let name = texts::text_or_other(language, "mode", mode.as_str());
            let few = || {
                look.text_with(
                    "profile-few",
                    &[("count", kept.len().into()), ("least", LEAST_MATCHES.into())],
                )
            };
            let text = profile.summary(*mode).map_or_else(few, |summary| paragraph(&summary, look));
            embed = embed.field(name, text);
        }
        if !is_wanted {
            embed = embed.field(look.text("settings-history"), look.text("profile-unwanted"));
        }
    }
    Message { rows, ..Message::card(embed) }.only_for_the_asker().fit()
}

/// Asks before a profile is deleted.
pub fn confirm_forgetting(language: Language) -> Message {
    let text = |id: &str| texts::text(language, id);
    let embed = Embed::new(text("profile-forget-title"), ORANGE).describe(text("profile-forget-text"));
    let row = vec![
        Button::new("chimera:profile:confirm", text("profile-forget"), ButtonStyle::Danger),
        Button::new("chimera:profile:keep", text("accounts-cancel"), ButtonStyle::Secondary),
    ];
    Message::card(embed).only_for_the_asker().with_row(Row::Buttons(row)).fit()
}

/// A profile was deleted.
pub fn forgotten(language: Language) -> Message {
    let embed = Embed::new(texts::text(language, "profile-title"), GREEN)
        .describe(texts::text(language, "profile-forgotten"));
    Message::card(embed).only_for_the_asker().fit()
}

/// Where the score is going, and how sure that is.
pub(super) fn trend(summary: &Summary, look: &Look<'_>) -> String {
    let direction = match summary.trend.direction {
        Direction::Rising => "trend-rising",
        Direction::Falling => "trend-falling",
        Direction::Uncertain => "trend-uncertain",
    };
    let arguments = [
        ("direction", look.text(direction).into()),
        ("low", figures::signed_decimal(summary.trend.low).into()),
        ("high", figures::signed_decimal(summary.trend.high).into()),
    ];
    look.text_with("profile-trend", &arguments)
}

/// The dimension that is behind the team's mean again and again.
pub(super) fn weakness(summary: &Summary, look: &Look<'_>) -> Option<String> {
    let weak = summary.weak_dimension?;
    let dimension = review::dimension_name(weak.dimension, look);
    let share = figures::percent(Some(weak.frequency));
    Some(look.text_with("profile-weak", &[("dimension", dimension.into()), ("share", share.into())]))
}

fn paragraph(summary: &Summary, look: &Look<'_>) -> String {
    let mut lines = vec![
        look.text_with(
            "profile-mean",
            &[("score", figures::decimal(summary.mean_total).into()), ("count", summary.matches.into())],
        ),
        trend(summary, look),
    ];
    let averages: Vec<_> = summary
        .averages
        .iter()
        .map(|(dimension, value)| format!("{} {value:.0}", review::dimension_name(*dimension, look)))
        .collect();
    if !averages.is_empty() {
        lines.push(look.text_with("profile-averages", &[("list", averages.join(" · ").into())]));
    }
    lines.extend(weakness(summary, look));
    let champions: Vec<_> = summary
        .champions
        .iter()
        .map(|champion| {
            format!(
                "{} ×{}",
                look.champion_of(champion.champion_id, &champion.champion_key),
                champion.matches
            )
        })
        .collect();
    if !champions.is_empty() {
        lines.push(look.text_with("profile-champions", &[("list", champions.join(" · ").into())]));
    }
    lines.join("\n")
}
