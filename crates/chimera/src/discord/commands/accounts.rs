//! `/accounts` with its menu and buttons, `/unbind` and `/profile`.

use storage::StorageError;
use ui::Language;

use crate::{
    app::App,
    discord::{
        cards::{self, Trouble},
        commands::reply,
        handle::{Asked, Callback, Response},
        message::Message,
        texts,
    },
    store::{
        accounts::{self, Account},
        profiles, settings,
    },
};

const PRIVATE: Callback = Callback::Defer { is_public: false };

pub(crate) fn show(app: &App, asked: &Asked) -> Response {
    let user = asked.user_id.clone();
    reply::later(app, asked, PRIVATE, |app, language| async move {
        Ok(cards::account_list(&accounts::list(&app.database, &user).await?, None, None, language))
    })
}

pub(crate) fn unbind(app: &App, asked: &Asked) -> Response {
    let user = asked.user_id.clone();
    reply::later(app, asked, PRIVATE, |app, language| async move {
        let Some(account) = accounts::primary(&app.database, &user).await? else {
            return Err(Trouble::NothingBound.into());
        };
        if !accounts::remove(&app.database, &user, &account.puuid).await? {
            return Err(Trouble::NothingBound.into());
        }
        Ok(cards::unbound(&account, language))
    })
}

pub(crate) fn profile(app: &App, asked: &Asked) -> Response {
    show_profile(app, asked, PRIVATE)
}

/// A click under the profile: forget it, after a question.
pub(crate) async fn profile_clicked(app: &App, asked: &Asked, what: &str) -> Option<Response> {
    let user = asked.user_id.clone();
    match what {
        "forget" => {
            let question = cards::confirm_forgetting(asked.language(app).await);
            Some(Callback::Update(Box::new(question)).into())
        }
        "keep" => Some(show_profile(app, asked, Callback::DeferUpdate)),
        "confirm" => Some(reply::later(app, asked, Callback::DeferUpdate, |app, language| async move {
            profiles::delete(&app.database, &user).await?;
            Ok(cards::forgotten(language))
        })),
        _ => None,
    }
}

fn show_profile(app: &App, asked: &Asked, callback: Callback) -> Response {
    let user = asked.user_id.clone();
    reply::later(app, asked, callback, |app, language| async move {
        let account = accounts::primary(&app.database, &user).await?;
        let stored = profiles::load(&app.database, &user).await?;
        let settings = settings::load(&app.database, &user).await?;
        let is_wanted = settings.allow_historical_analysis && app.config.features.personalization;
        // One that cannot be read is as good as none: the next review writes it anew.
        let profile = stored.and_then(|stored| serde_json::from_str(&stored.profile_json).ok());
        let names = app.names.names(texts::core_language(language));
        let look = cards::Look::new(&names, app.config.discord.ascii_safe);
        Ok(cards::profile(&user, account.as_ref(), profile.as_ref(), is_wanted, &look))
    })
}

/// A click in the list; `puuid` names the account except for the menu, which says it itself.
pub(crate) fn clicked(app: &App, asked: &Asked, what: &str, puuid: &str) -> Option<Response> {
    let user = asked.user_id.clone();
    let puuid = match what {
        "select" => asked.interaction.data.values.first()?.clone(),
        "refresh" | "cancel" => String::new(),
        "primary" | "remove" | "confirm" => puuid.to_owned(),
        _ => return None,
    };
    let what = what.to_owned();
    Some(reply::later(app, asked, Callback::DeferUpdate, move |app, language| async move {
        Ok(after_click(&app, &user, &what, &puuid, language).await?)
    }))
}

/// Every function of the store names the user as well, so that nobody reaches another's account.
async fn after_click(
    app: &App,
    user: &str,
    what: &str,
    puuid: &str,
    language: Language,
) -> Result<Message, StorageError> {
    let all = accounts::list(&app.database, user).await?;
    let Some(account) = all.iter().find(|account| account.puuid == puuid) else {
        let gone = (!puuid.is_empty()).then(|| texts::text(language, "accounts-gone"));
        return Ok(cards::account_list(&all, None, gone.as_deref(), language));
    };
    let done = match what {
        "remove" => return Ok(cards::confirm_removal(account, language)),
        "primary" if accounts::set_primary(&app.database, user, puuid).await? => "accounts-made-primary",
        "confirm" if accounts::remove(&app.database, user, puuid).await? => "accounts-removed",
        _ => return Ok(cards::account_list(&all, Some(puuid), None, language)),
    };
    let notice = texts::text_with(language, done, &[("name", named(account).into())]);
    let all = accounts::list(&app.database, user).await?;
    Ok(cards::account_list(&all, Some(puuid), Some(&notice), language))
}

fn named(account: &Account) -> String {
    cards::riot_name(account)
}
