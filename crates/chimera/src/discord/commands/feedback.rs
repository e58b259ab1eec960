//! The buttons under a review: an opinion is stored once per person and match.

use crate::{
    app::App,
    discord::{
        commands::reply,
        handle::{Asked, Callback, Response},
        message::Message,
        texts,
    },
    riot::routing,
    store::{
        experiments,
        feedback::{self, Opinion, Recorded},
    },
};

pub(crate) fn record(app: &App, asked: &Asked, what: &str, match_id: &str) -> Option<Response> {
    let opinion = Opinion::parse(what)?;
    routing::platform_of_match_id(match_id)?;
    let (user, match_id) = (asked.user_id.clone(), match_id.to_owned());
    Some(reply::later(app, asked, Callback::Defer { is_public: false }, move |app, language| async move {
        let variant = experiments::variant_of(&app.database, &match_id, &user).await?;
        let now = app.clock.now();
        let recorded =
            feedback::record(&app.database, &user, &match_id, opinion, variant.as_deref(), now).await?;
        let id = match recorded {
            Recorded::New => "feedback-new",
            Recorded::Changed => "feedback-changed",
            Recorded::Repeated => "feedback-repeated",
        };
        Ok(Message { content: Some(texts::text(language, id)), ephemeral: true, ..Message::default() })
    }))
}
