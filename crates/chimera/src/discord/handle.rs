//! What an interaction gets: the same for both ways in. Acknowledges first; nothing here waits for Riot or a model.

use std::{pin::Pin, time::Duration};

use serde_json::{Value, json};
use ui::Language;

use crate::{
    app::App,
    discord::{
        cards::{self, Trouble},
        commands::{accounts, analyze, bind, complete, explain, feedback, settings},
        incoming::{Interaction, Kind},
        limits,
        message::Message,
        requests::{ReplyTo, ReviewKind},
        texts,
    },
    store,
};

/// Only the person who asked sees it.
const PRIVATE: u32 = 1 << 6;
/// A person's language is looked up for an immediate answer; not for longer than this.
const LANGUAGE_BOUND: Duration = Duration::from_millis(150);

/// Work that begins when the answer is on its way, and edits it.
pub type After = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The answer to an interaction, and what is done after it.
pub struct Response {
    /// Goes to Discord at once.
    pub callback: Callback,
    /// Runs after it, if there is anything to run.
    pub after: Option<After>,
}

/// What Discord lets an answer be.
#[derive(Clone, Debug, PartialEq)]
pub enum Callback {
    /// We are there.
    Pong,
    /// A message.
    Show(Box<Message>),
    /// "Thinking"; an edit follows.
    Defer {
        /// Whether the channel will see it.
        is_public: bool,
    },
    /// The message that was clicked stays; an edit of it follows.
    DeferUpdate,
    /// The message that was clicked becomes this one.
    Update(Box<Message>),
    /// Completions of what is being typed: shown, and sent back.
    Choices(Vec<(String, String)>),
    /// A form.
    Form(Value),
}

impl Callback {
    /// As the endpoint returns it and the callback address takes it.
    pub fn json(&self) -> Value {
        let message = |kind: u8, message: &Message| json!({ "type": kind, "data": message });
        match self {
            Callback::Pong => json!({ "type": 1 }),
            Callback::Show(shown) => message(4, shown),
            Callback::Defer { is_public: true } => json!({ "type": 5 }),
            Callback::Defer { is_public: false } => json!({ "type": 5, "data": { "flags": PRIVATE } }),
            Callback::DeferUpdate => json!({ "type": 6 }),
            Callback::Update(shown) => message(7, shown),
            Callback::Choices(choices) => {
                let choices: Vec<_> = choices
                    .iter()
                    .take(limits::OPTIONS)
                    .map(|(name, value)| json!({ "name": name, "value": value }))
                    .collect();
                json!({ "type": 8, "data": { "choices": choices } })
            }
            Callback::Form(form) => json!({ "type": 9, "data": form }),
        }
    }
}

impl Response {
    pub(crate) fn show(message: Message) -> Self {
        Callback::Show(Box::new(message)).into()
    }

    pub(crate) fn then(callback: Callback, after: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { callback, after: Some(Box::pin(after)) }
    }
}

impl From<Callback> for Response {
    fn from(callback: Callback) -> Self {
        Self { callback, after: None }
    }
}

/// One interaction as handlers see it: who asked, and the way back.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) user_id: String,
    pub(crate) interaction: Interaction,
    pub(crate) received_at_ms: i64,
}

impl Asked {
    pub(crate) fn reply(&self, is_public: bool) -> ReplyTo {
        ReplyTo::new(&self.interaction, is_public, self.received_at_ms)
    }

    /// The person's language, or Discord's when the database is slow.
    pub(crate) async fn language(&self, app: &App) -> Language {
        let setting =
            tokio::time::timeout(LANGUAGE_BOUND, store::settings::load(&app.database, &self.user_id));
        let setting = setting.await.ok().and_then(Result::ok).and_then(|settings| settings.language);
        texts::choose_language(setting.as_deref(), &self.interaction.locale)
    }

    /// A trouble that is known at once, seen by the asker alone.
    pub(crate) async fn refuse(&self, app: &App, trouble: &Trouble) -> Response {
        let language = self.language(app).await;
        Response::show(cards::trouble(trouble, "", "", language).only_for_the_asker())
    }
}

/// Answers an interaction. Returns within about half a second even when the database hangs; anything longer is in
/// [`Response::after`] or has become a job.
pub async fn handle(app: &App, mut interaction: Interaction) -> Response {
    if interaction.kind == Kind::Ping {
        return Callback::Pong.into();
    }
    if interaction.application_id.is_empty() {
        interaction.application_id.clone_from(&app.config.discord.application_id);
    }
    let Some(user_id) = interaction.user_id().map(str::to_owned) else {
        let language = texts::choose_language(None, &interaction.locale);
        return match interaction.kind {
            Kind::Autocomplete => Callback::Choices(Vec::new()).into(),
            _ => Response::show(cards::trouble(&Trouble::NoUser, "", "", language).only_for_the_asker()),
        };
    };
    let received_at_ms = app.clock.now().as_millisecond();
    let asked = Asked { user_id, interaction, received_at_ms };
    match asked.interaction.kind {
        Kind::Command => command(app, &asked).await,
        Kind::Component => component(app, &asked).await,
        Kind::Modal if asked.interaction.data.custom_id == bind::FORM_ID => {
            bind::submitted(app, &asked).await
        }
        Kind::Autocomplete => complete::choices(app, &asked).await,
        Kind::Ping | Kind::Modal | Kind::Unknown => asked.refuse(app, &Trouble::UnknownCommand).await,
    }
}

async fn command(app: &App, asked: &Asked) -> Response {
    match asked.interaction.data.name.as_str() {
        "analyze" => analyze::start(app, asked, ReviewKind::Analyze).await,
        "team-analyze" => analyze::start(app, asked, ReviewKind::Team).await,
        "bind" => bind::start(app, asked).await,
        "unbind" => accounts::unbind(app, asked),
        "profile" => accounts::profile(app, asked),
        "accounts" => accounts::show(app, asked),
        "settings" => settings::show(app, asked),
        "help" => Response::show(cards::help(&app.config.features, asked.language(app).await)),
        _ => asked.refuse(app, &Trouble::UnknownCommand).await,
    }
}

/// Ids of components are `chimera:area:what[:rest]`.
async fn component(app: &App, asked: &Asked) -> Response {
    let custom_id = asked.interaction.data.custom_id.clone();
    let mut parts = custom_id.splitn(4, ':');
    let (ours, area) = (parts.next() == Some("chimera"), parts.next().unwrap_or_default());
    let (what, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let response = match area {
        _ if !ours => None,
        "fb" => feedback::record(app, asked, what, rest),
        "explain" => explain::show(app, asked, what, rest),
        "acc" if what == "add" => Some(bind::form(asked.language(app).await)),
        "acc" => accounts::clicked(app, asked, what, rest),
        "profile" => accounts::profile_clicked(app, asked, what).await,
        "set" => settings::clicked(app, asked, what, rest).await,
        _ => None,
    };
    match response {
        Some(response) => response,
        None => asked.refuse(app, &Trouble::UnknownCommand).await,
    }
}
