//! Edits a deferred reply with what the database says, or with the trouble it had.

use std::time::Duration;

use storage::StorageError;
use ui::Language;

use crate::{
    app::App,
    discord::{
        cards::{self, Trouble},
        handle::{Asked, Callback, Response},
        message::Message,
        requests::ReplyTo,
        texts,
    },
    store,
};

/// The database may take this long for an answer that nobody's acknowledgement waits for.
const STORE_BOUND: Duration = Duration::from_secs(5);
const LANGUAGE_BOUND: Duration = Duration::from_millis(500);

/// What went wrong while an answer was made.
pub(crate) enum Failed {
    Trouble(Trouble),
    Storage(StorageError),
}

impl From<StorageError> for Failed {
    fn from(error: StorageError) -> Self {
        Failed::Storage(error)
    }
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        Failed::Trouble(trouble)
    }
}

/// Acknowledges with `callback`, then edits the private reply to what `make` gives in the person's language.
pub(crate) fn later<M, F>(app: &App, asked: &Asked, callback: Callback, make: M) -> Response
where
    M: FnOnce(App, Language) -> F + Send + 'static,
    F: Future<Output = Result<Message, Failed>> + Send + 'static,
{
    let to = asked.reply(false);
    let app = app.clone();
    Response::then(callback, async move {
        let language = language(&app, &to).await;
        let made = tokio::time::timeout(STORE_BOUND, make(app.clone(), language)).await;
        let message = match made {
            Ok(Ok(message)) => message,
            Ok(Err(Failed::Trouble(trouble))) => cards::trouble(&trouble, "", "", language),
            Ok(Err(Failed::Storage(error))) => {
                tracing::error!(%error, interaction = to.interaction_id, "the database failed under a reply");
                cards::trouble(&Trouble::Storage, "", "", language)
            }
            Err(_) => {
                tracing::error!(
                    interaction = to.interaction_id,
                    "the database did not answer in time for a reply"
                );
                cards::trouble(&Trouble::Storage, "", "", language)
            }
        };
        send(&app, &to, &message).await;
    })
}

/// Edits the reply to a trouble.
pub(crate) async fn trouble(app: &App, to: &ReplyTo, trouble: &Trouble) {
    let language = language(app, to).await;
    send(app, to, &cards::trouble(trouble, "", "", language)).await;
}

async fn language(app: &App, to: &ReplyTo) -> Language {
    let load = tokio::time::timeout(LANGUAGE_BOUND, store::settings::load(&app.database, &to.user_id));
    let setting = load.await.ok().and_then(Result::ok).and_then(|settings| settings.language);
    texts::choose_language(setting.as_deref(), &to.locale)
}

async fn send(app: &App, to: &ReplyTo, message: &Message) {
    if let Err(error) = app.discord.deliver(to, message).await {
        tracing::warn!(%error, interaction = to.interaction_id, "a reply could not be delivered");
    }
}
