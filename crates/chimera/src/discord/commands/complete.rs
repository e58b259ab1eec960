//! Completions of `target` and `riot_id`: the person's own accounts, and a hint.

use std::time::Duration;

use crate::{
    app::App,
    discord::{
        cards,
        cut::cut,
        handle::{Asked, Callback, Response},
        limits,
        requests::parse_target,
        texts,
    },
    store::accounts::{self, Account},
};

/// Completions that come late are worth nothing.
const BOUND: Duration = Duration::from_millis(300);
/// Sent back when a person chooses the hint itself; the reply to it explains what may be typed.
const HINT: &str = "?";

/// At most 25 lines: those of the person's accounts that match what was typed, then what was typed, or the hint.
pub(crate) async fn choices(app: &App, asked: &Asked) -> Response {
    let typed = asked.interaction.data.options.iter().find(|option| option.focused);
    let typed = typed.and_then(|option| option.value.as_str()).unwrap_or_default().trim().to_owned();
    let all = tokio::time::timeout(BOUND, accounts::list(&app.database, &asked.user_id)).await;
    let all = all.ok().and_then(Result::ok).unwrap_or_default();
    let language = texts::choose_language(None, &asked.interaction.locale);
    let mut choices: Vec<_> = all
        .iter()
        .enumerate()
        .filter(|(_, account)| is_meant(account, &typed))
        .map(|(index, account)| {
            let region = cards::region(&account.platform);
            let arguments = [("name", cards::plain_riot_name(account).into()), ("region", region.into())];
            let mark = if account.is_primary { "◆" } else { "◇" };
            let name = format!("{mark} {}", texts::text_with(language, "hint-own", &arguments));
            (cut(&name, limits::OPTION_TEXT).into_owned(), (index + 1).to_string())
        })
        .take(limits::OPTIONS - 1)
        .collect();
    if !typed.is_empty() && limits::length(&typed) <= limits::OPTION_TEXT && parse_target(&typed).is_ok() {
        choices.push((typed.clone(), typed));
    } else {
        choices.push((
            cut(&texts::text(language, "hint-target"), limits::OPTION_TEXT).into_owned(),
            HINT.to_owned(),
        ));
    }
    Callback::Choices(choices).into()
}

fn is_meant(account: &Account, typed: &str) -> bool {
    let full = format!("{}#{}", account.game_name, account.tag_line).to_lowercase();
    full.contains(&typed.to_lowercase())
}
