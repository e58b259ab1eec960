//! `/settings`: the form, its changes without storage, and saving.

use crate::{
    app::App,
    discord::{
        cards::{self, Draft},
        commands::reply,
        handle::{Asked, Callback, Response},
        texts,
    },
    store::settings::{self, UserSettings},
};

pub(crate) fn show(app: &App, asked: &Asked) -> Response {
    let user = asked.user_id.clone();
    reply::later(app, asked, Callback::Defer { is_public: false }, |app, language| async move {
        Ok(cards::settings(&Draft(settings::load(&app.database, &user).await?), None, language))
    })
}

/// A click in the form; `code` is the draft that it carries.
pub(crate) async fn clicked(app: &App, asked: &Asked, what: &str, code: &str) -> Option<Response> {
    let draft = Draft::decode(code)?;
    let user = asked.user_id.clone();
    match what {
        "save" => Some(reply::later(app, asked, Callback::DeferUpdate, {
            let locale = asked.interaction.locale.clone();
            |app, _| async move {
                settings::save(&app.database, &user, &draft.0, app.clock.now()).await?;
                // What was just saved may have changed the language.
                let language = texts::choose_language(draft.0.language.as_deref(), &locale);
                let notice = texts::text(language, "settings-saved");
                Ok(cards::settings(&draft, Some(&notice), language))
            }
        })),
        "reset" => Some(reply::later(app, asked, Callback::DeferUpdate, |app, language| async move {
            settings::reset(&app.database, &user).await?;
            let notice = texts::text(language, "settings-reset-done");
            Ok(cards::settings(&Draft(UserSettings::default()), Some(&notice), language))
        })),
        what => {
            let value = asked.interaction.data.values.first().map(String::as_str).unwrap_or_default();
            let draft = draft.change(what, value)?;
            let language = asked.language(app).await;
            Some(Callback::Update(Box::new(cards::settings(&draft, None, language))).into())
        }
    }
}
