//! Linked accounts: the list with its menu and buttons, and what linking and unlinking did.

use ui::Language;

use super::{BLUE, GREEN, ORANGE};
use crate::{
    discord::{
        limits, markdown,
        message::{Button, ButtonStyle, Embed, Message, Row, Select, SelectOption},
        texts,
    },
    store::accounts::{Account, Added},
};

/// The list. `chosen` is the account whose buttons are shown; `notice` stands above the list.
pub fn account_list(
    accounts: &[Account],
    chosen: Option<&str>,
    notice: Option<&str>,
    language: Language,
) -> Message {
    let text = |id: &str| texts::text(language, id);
    let mut lines: Vec<String> = notice.map(str::to_owned).into_iter().collect();
    if accounts.is_empty() {
        lines.push(text("accounts-none"));
    }
    for (index, account) in accounts.iter().enumerate() {
        let primary =
            if account.is_primary { format!(" · **{}**", text("account-primary")) } else { String::new() };
        lines.push(format!(
            "{}. {} · {}{primary}",
            index + 1,
            shown_name(account),
            region(&account.platform)
        ));
    }
    let embed = Embed::new(text("accounts-title"), BLUE).describe(lines.join("\n"));
    let mut message = Message::card(embed).only_for_the_asker();
    if !accounts.is_empty() {
        let options = accounts.iter().map(|account| option(account, chosen)).collect();
        message.rows.push(Row::Select(Select {
            custom_id: "chimera:acc:select".to_owned(),
            placeholder: text("accounts-choose"),
            options,
            min: 1,
            max: 1,
        }));
    }
    if let Some(account) = accounts.iter().find(|account| Some(account.puuid.as_str()) == chosen) {
        let mut primary = Button::new(
            format!("chimera:acc:primary:{}", account.puuid),
            text("accounts-primary"),
            ButtonStyle::Primary,
        );
        primary.disabled = account.is_primary;
        let remove = Button::new(
            format!("chimera:acc:remove:{}", account.puuid),
            text("accounts-remove"),
            ButtonStyle::Danger,
        );
        message.rows.push(Row::Buttons(vec![primary, remove]));
    }
    message.rows.push(Row::Buttons(vec![
        Button::new("chimera:acc:add", text("accounts-add"), ButtonStyle::Success),
        Button::new("chimera:acc:refresh", text("accounts-refresh"), ButtonStyle::Secondary),
    ]));
    message.fit()
}

/// Asks before an account is removed.
pub fn confirm_removal(account: &Account, language: Language) -> Message {
    let text = |id: &str| texts::text(language, id);
    let embed = Embed::new(text("accounts-confirm-title"), ORANGE).describe(named(
        "accounts-confirm-text",
        account,
        language,
    ));
    let row = vec![
        Button::new(
            format!("chimera:acc:confirm:{}", account.puuid),
            text("accounts-confirm"),
            ButtonStyle::Danger,
        ),
        Button::new("chimera:acc:cancel", text("accounts-cancel"), ButtonStyle::Secondary),
    ];
    Message::card(embed).only_for_the_asker().with_row(Row::Buttons(row)).fit()
}

/// An account was linked, or linked again with new names.
pub fn bound(account: &Account, added: Added, language: Language) -> Message {
    let title = if added.is_new { "bound-title" } else { "bound-again-title" };
    let embed = Embed::new(texts::text(language, title), GREEN).describe(texts::text(language, "bound-next"));
    Message::card(facts(embed, account, language)).only_for_the_asker().fit()
}

/// There is a primary account already and nobody asked for another.
pub fn already_bound(account: &Account, language: Language) -> Message {
    let embed = Embed::new(texts::text(language, "already-bound-title"), ORANGE).describe(named(
        "already-bound-text",
        account,
        language,
    ));
    Message::card(embed).only_for_the_asker().fit()
}

/// An account was unlinked.
pub fn unbound(account: &Account, language: Language) -> Message {
    let embed = Embed::new(texts::text(language, "unbound-title"), GREEN).describe(named(
        "unbound-text",
        account,
        language,
    ));
    Message::card(embed).only_for_the_asker().fit()
}

/// An account's facts, one field each.
pub(super) fn facts(embed: Embed, account: &Account, language: Language) -> Embed {
    let roles: Vec<_> = account
        .main_roles
        .iter()
        .map(|role| texts::text_or(language, &format!("role-{role}"), role))
        .map(|role| markdown::name(&role))
        .collect();
    embed
        .field(texts::text(language, "account-name"), riot_name(account))
        .field(texts::text(language, "account-region"), region(&account.platform))
        .field(
            texts::text(language, "account-nickname"),
            account.nickname.as_deref().map(markdown::name).unwrap_or_default(),
        )
        .field(texts::text(language, "account-roles"), roles.join(" / "))
}

fn named(id: &str, account: &Account, language: Language) -> String {
    let arguments = [("name", riot_name(account).into()), ("region", region(&account.platform).into())];
    texts::text_with(language, id, &arguments)
}

fn option(account: &Account, chosen: Option<&str>) -> SelectOption {
    SelectOption {
        label: plain_riot_name(account),
        value: account.puuid.chars().take(limits::OPTION_TEXT).collect(),
        description: Some(region(&account.platform)),
        chosen: Some(account.puuid.as_str()) == chosen,
    }
}

fn shown_name(account: &Account) -> String {
    match &account.nickname {
        Some(nickname) => format!("{} ({})", riot_name(account), markdown::name(nickname)),
        None => riot_name(account),
    }
}

pub(crate) fn riot_name(account: &Account) -> String {
    markdown::name(&format!("{}#{}", account.game_name, account.tag_line))
}

/// For menus and completions, where nothing is formatted.
pub(crate) fn plain_riot_name(account: &Account) -> String {
    markdown::plain_name(&format!("{}#{}", account.game_name, account.tag_line))
}

/// `NA1`: as players know it from match ids.
pub(crate) fn region(platform: &str) -> String {
    markdown::plain_name(&platform.to_uppercase())
}
