//! The app on a random port, with a fake Discord on both sides of it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use chassis::{Secret, Shutdown, clock::Clock, logs::Logs};
use chimera::{
    app::App,
    config::Config,
    routes,
    store::accounts::{self, NewAccount},
};
use serde_json::{Value, json};
use testkit::{
    DiscordKey, FakeDiscord, TempDb,
    fake_discord::{DiscordRules, InteractionState, Posted},
};

/// Long enough for a busy machine, short enough to see a hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
pub(crate) const USER: &str = "80351110224678912";

static NEXT: AtomicU64 = AtomicU64::new(1_000);

pub(crate) struct Stage {
    pub(crate) app: App,
    pub(crate) fake: FakeDiscord,
    pub(crate) key: DiscordKey,
    pub(crate) endpoint: String,
    pub(crate) shutdown: Shutdown,
    _place: TempDb,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        let place = TempDb::each().await.into_iter().next().unwrap();
        Self::at(place, |_| {}).await
    }

    pub(crate) async fn at(place: TempDb, change: impl FnOnce(&mut Config)) -> Self {
        let fake = FakeDiscord::start(DiscordRules::default());
        let key = DiscordKey::from_seed([7; 32]);
        let mut config = Config::default();
        config.database.url.clone_from(&place.url);
        config.discord.application_id = "9001".to_owned();
        config.discord.public_key = key.public_hex();
        config.discord.bot_token = Secret::new(fake.bot_token().to_owned());
        config.discord.api_base_url = fake.base_url();
        config.discord.gateway_url = fake.gateway_url();
        change(&mut config);
        let app = App::open(config, Logs::off(), Clock::system()).await.unwrap();
        let shutdown = Shutdown::new();
        let listener = chassis::http::listen("127.0.0.1:0").await.unwrap();
        let endpoint =
            format!("http://{}{}", listener.local_addr().unwrap(), chimera::discord::interactions::PATH);
        let (router, stop) = (routes::router(&app), shutdown.clone());
        tokio::spawn(async move { chassis::http::serve(listener, router, &stop, PATIENCE).await.unwrap() });
        Self { app, fake, key, endpoint, shutdown, _place: place }
    }

    /// Posts an interaction as Discord does, signed now.
    pub(crate) async fn post(&self, interaction: &Value) -> Posted {
        let now_s = self.app.clock.now().as_second();
        self.fake.post_interaction(&self.endpoint, &self.key, now_s, interaction).await
    }

    /// Posts it, asserts that Discord is content, and gives the response.
    pub(crate) async fn answered(&self, interaction: &Value) -> Value {
        let posted = self.post(interaction).await;
        assert_eq!(posted.failure, None, "{}: {}", posted.status, posted.body);
        posted.body
    }

    /// Waits until the reply was edited and gives its text.
    pub(crate) async fn edited(&self, interaction: &Value) -> String {
        let token = interaction["token"].as_str().unwrap();
        let is_there =
            |fake: &FakeDiscord| fake.interaction(token).is_some_and(|seen| !seen.edits.is_empty());
        assert!(
            self.fake.wait_until(PATIENCE, is_there).await,
            "no edit; refused: {:?}",
            self.fake.refusals()
        );
        text_of(self.seen(interaction).edits.last().unwrap())
    }

    pub(crate) fn seen(&self, interaction: &Value) -> InteractionState {
        self.fake.interaction(interaction["token"].as_str().unwrap()).unwrap()
    }

    pub(crate) async fn bind(&self, name: &str, puuid: &str) {
        let account = NewAccount {
            discord_user_id: USER.to_owned(),
            puuid: puuid.to_owned(),
            game_name: name.to_owned(),
            tag_line: "KR1".to_owned(),
            platform: "kr".to_owned(),
            nickname: None,
            main_roles: Vec::new(),
        };
        accounts::add(&self.app.database, &account, self.app.clock.now()).await.unwrap();
    }

    /// How many jobs of a kind wait.
    pub(crate) async fn waiting(&self, kind: &str) -> u64 {
        let stats = self.app.queue.stats().await.unwrap();
        stats.iter().filter(|stats| stats.kind == kind).map(|stats| stats.ready).sum()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

/// An interaction of a kind, with a fresh id and token.
fn interaction(kind: u64, data: &Value) -> Value {
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    json!({
        "id": id.to_string(), "token": format!("aW50ZXJhY3Rpb246.{id}"), "type": kind, "channel_id": "42",
        "locale": "en-US", "member": { "user": { "id": USER, "username": "tester" } }, "data": data,
    })
}

pub(crate) fn command(name: &str, options: &Value) -> Value {
    interaction(2, &json!({ "id": "5", "name": name, "type": 1, "options": options }))
}

pub(crate) fn option(name: &str, value: impl Into<Value>) -> Value {
    json!({ "name": name, "type": 3, "value": value.into() })
}

pub(crate) fn click(custom_id: &str, values: &[&str]) -> Value {
    let kind = if values.is_empty() { 2 } else { 3 };
    interaction(3, &json!({ "custom_id": custom_id, "component_type": kind, "values": values }))
}

pub(crate) fn typing(name: &str, option: &str, value: &str) -> Value {
    let option = json!({ "name": option, "type": 3, "value": value, "focused": true });
    interaction(4, &json!({ "id": "5", "name": name, "type": 1, "options": [option] }))
}

pub(crate) fn form(fields: &[(&str, &str)]) -> Value {
    let rows: Vec<_> = fields
        .iter()
        .map(|(id, value)| json!({ "type": 1, "components": [{ "type": 4, "custom_id": id, "value": value }] }))
        .collect();
    interaction(5, &json!({ "custom_id": "chimera:bind", "components": rows }))
}

/// Content, titles and descriptions of a message.
pub(crate) fn text_of(message: &Value) -> String {
    let embeds = message["embeds"].as_array().cloned().unwrap_or_default();
    let mut parts = vec![message["content"].as_str().unwrap_or_default().to_owned()];
    for embed in embeds {
        parts
            .extend(["title", "description"].map(|part| embed[part].as_str().unwrap_or_default().to_owned()));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}
