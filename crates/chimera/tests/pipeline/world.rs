//! A whole program on loopback: the app, its endpoint, its worker, and everybody it talks to.

use std::{path::PathBuf, time::Duration};

use chassis::{Secret, clock::Clock, logs::Logs, shutdown::Shutdown};
use chimera::{app::App, config::Config, routes, worker};
use chimera_core::match_record::{self, Match};
use serde_json::{Value, json};
use testkit::{DiscordKey, DiscordRules, FakeDiscord, FakeLlm, FakeRiot, RiotRules, TempDb, TempRedis};
use tokio::net::TcpListener;

/// Nothing takes this long unless it hangs.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);
/// Who asks in most tests.
pub(crate) const USER: &str = "80351110224678912";
pub(crate) const CHANNEL: &str = "645027906669510667";
/// A ranked game of 16.1 with its timeline.
pub(crate) const RIFT: &str = "EUW1_7684569678";

pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) discord: FakeDiscord,
    pub(crate) riot: FakeRiot,
    pub(crate) url: String,
    key: DiscordKey,
    shutdown: Shutdown,
    _database: TempDb,
    _redis: Option<TempRedis>,
    _folder: tempfile::TempDir,
}

/// The bot's number, as the fake knows it.
pub(crate) fn application() -> String {
    DiscordRules::default().application_id.to_string()
}

/// The folder of real matches.
fn data() -> PathBuf {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/lol"));
    assert!(folder.is_dir(), "the real matches are missing: {} is not there", folder.display());
    folder
}

/// The bytes of a real match.
pub(crate) fn match_bytes(id: &str) -> Vec<u8> {
    std::fs::read(data().join(format!("matches/{id}.json"))).unwrap()
}

/// The bytes of its timeline, where there is one.
pub(crate) fn timeline_bytes(id: &str) -> Option<Vec<u8>> {
    std::fs::read(data().join(format!("timelines/{id}.json"))).ok()
}

pub(crate) fn record(id: &str) -> Match {
    match_record::parse(&match_bytes(id)).unwrap()
}

/// Makes a fake server the only model.
pub(crate) fn use_model(config: &mut Config, fake: &FakeLlm) {
    let provider = llm::ProviderSettings {
        kind: llm::ProviderKind::OpenAi,
        base_url: fake.base_url(),
        model: "gpt-4o-mini".to_owned(),
        price: Some(llm::prices::PriceSetting::PerMillion(llm::prices::Price {
            input: 0.15,
            output: 0.6,
            ..llm::prices::Price::default()
        })),
        api_key: Secret::new("sk-test-key-of-the-fake".to_owned()),
        ..llm::ProviderSettings::default()
    };
    config.llm.providers.insert("fake".to_owned(), provider);
    config.llm.order = vec!["fake".to_owned()];
    config.llm.retry.attempts = 1;
}

/// Settings that reach only the fakes.
pub(crate) fn config(
    database_url: &str,
    folder: &std::path::Path,
    discord: &FakeDiscord,
    riot: &FakeRiot,
    key: &DiscordKey,
) -> Config {
    let mut config = Config::default();
    config.database.url = database_url.to_owned();
    config.logs.directory = String::new();
    config.static_data.directory = folder.join("assets");
    config.discord.application_id = application();
    config.discord.public_key = key.public_hex();
    config.discord.bot_token = Secret::new(discord.bot_token().to_owned());
    config.discord.api_base_url = discord.base_url();
    config.discord.gateway_url = discord.gateway_url();
    config.riot.api_key = Secret::new(RiotRules::default().key);
    config.riot.base_url = riot.base_url();
    config.queue.poll_ms = 20;
    config
}

impl World {
    /// On SQLite, without a model.
    pub(crate) async fn new() -> Self {
        Self::start(TempDb::sqlite(), None, |_| {}).await
    }

    /// On a given database, with a queue on Redis where one is given.
    pub(crate) async fn start(
        database: TempDb,
        redis: Option<TempRedis>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let discord = FakeDiscord::start(DiscordRules::default());
        let riot = FakeRiot::start(RiotRules { app_limits: "2000:1".to_owned(), ..RiotRules::default() });
        let key = DiscordKey::from_seed([7; 32]);
        let mut settings = config(&database.url, folder.path(), &discord, &riot, &key);
        if let Some(redis) = &redis {
            settings.queue.backend = "redis".to_owned();
            settings.queue.redis_url = Secret::new(redis.url.clone());
        }
        change(&mut settings);
        let app = App::open(settings, Logs::off(), Clock::system()).await.unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = Shutdown::new();
        let (router, stop) = (routes::router(&app), shutdown.clone());
        tokio::spawn(
            async move { chassis::http::serve(listener, router, &stop, Duration::from_secs(5)).await },
        );
        let (works, stop) = (app.clone(), shutdown.token());
        tokio::spawn(async move { worker::run(works, stop).await.unwrap() });
        Self { app, discord, riot, url, key, shutdown, _database: database, _redis: redis, _folder: folder }
    }

    /// Puts a real match into Riot, where the player with this number finds it first; gives the player's PUUID.
    pub(crate) fn put_match(&self, id: &str, participant: usize) -> String {
        let found = record(id);
        let player = &found.info.participants[participant];
        let puuid = player.puuid.to_string();
        self.riot.put_match(match_bytes(id));
        if let Some(timeline) = timeline_bytes(id) {
            self.riot.put_timeline(id, timeline);
        }
        let platform = id.split('_').next().unwrap().to_lowercase();
        self.riot.put_account(&puuid, "Tester", "TEST", &platform);
        puuid
    }

    /// Links the player's account to the asker.
    pub(crate) async fn bind(&self, puuid: &str, platform: &str) {
        let account = chimera::store::accounts::NewAccount {
            discord_user_id: USER.to_owned(),
            puuid: puuid.to_owned(),
            game_name: "Tester".to_owned(),
            tag_line: "TEST".to_owned(),
            platform: platform.to_owned(),
            ..Default::default()
        };
        chimera::store::accounts::add(&self.app.database, &account, self.app.clock.now()).await.unwrap();
    }

    /// A match in Riot and its player bound to the asker.
    pub(crate) async fn ready(&self, id: &str, participant: usize) -> String {
        let puuid = self.put_match(id, participant);
        self.bind(&puuid, &id.split('_').next().unwrap().to_lowercase()).await;
        puuid
    }

    /// Posts a command as Discord does; gives the response and the token.
    pub(crate) async fn command(&self, name: &str, options: &Value, locale: &str) -> (Value, String) {
        let token = format!("token-{}", uuid::Uuid::new_v4().simple());
        let interaction = interaction(name, options, locale, &token);
        let endpoint = format!("{}{}", self.url, chimera::discord::interactions::PATH);
        let now = self.app.clock.now().as_second();
        let posted = self.discord.post_interaction(&endpoint, &self.key, now, &interaction).await;
        assert_eq!(posted.failure, None, "{:?}", posted.body);
        (posted.body, token)
    }

    /// Posts a command and waits for the one edit that answers it.
    pub(crate) async fn answered(&self, name: &str, options: &Value, locale: &str) -> Value {
        let (deferral, token) = self.command(name, options, locale).await;
        assert_eq!(deferral["type"], 5, "{deferral}");
        self.edit(&token).await
    }

    /// Waits for the message that stands in the place of the deferral.
    pub(crate) async fn edit(&self, token: &str) -> Value {
        let is_there =
            |fake: &FakeDiscord| fake.original(token).is_some_and(|it| it["embeds"][0].is_object());
        let arrived = self.discord.wait_until(LIMIT, is_there).await;
        if !arrived {
            let (stats, dead) =
                (self.app.queue.stats().await.unwrap(), self.app.queue.dead(5).await.unwrap());
            let refused = self.discord.refusals();
            panic!(
                "no message came; discord refused {refused:?}; the queue: {stats:?}; dead letters: {dead:?}"
            );
        }
        let state = self.discord.interaction(token).unwrap();
        assert_eq!(state.edits.len(), 1, "one edit: {:#?}", state.edits);
        state.edits[0].clone()
    }

    /// How many rows a table has.
    pub(crate) async fn rows(&self, table: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) AS n FROM {table}");
        self.app.database.fetch_one(&sql, &[]).await.unwrap().get("n").unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

/// A slash command as Discord sends it.
pub(crate) fn interaction(name: &str, options: &Value, locale: &str, token: &str) -> Value {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(900_000_000_000_000_000);
    let id = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    json!({
        "id": id.to_string(),
        "application_id": application(),
        "type": 2,
        "token": token,
        "version": 1,
        "channel_id": CHANNEL,
        "guild_id": "290926798626357999",
        "locale": locale,
        "member": { "user": { "id": USER, "username": "asker", "discriminator": "0" } },
        "data": { "id": "771825006014889984", "name": name, "type": 1, "options": options },
    })
}

/// The way back to an interaction that a test made up, as jobs carry it.
pub(crate) fn reply_to(token: &str, is_public: bool, received_at_ms: i64) -> Value {
    json!({
        "interaction_id": "1199", "application_id": application(), "token": token, "channel_id": CHANNEL,
        "user_id": USER, "locale": "en-US", "is_public": is_public, "received_at_ms": received_at_ms,
    })
}

/// Everything that a message says, in the order a reader sees it.
pub(crate) fn words(message: &Value) -> String {
    let embed = &message["embeds"][0];
    let mut words = Vec::new();
    for part in [&message["content"], &embed["author"]["name"], &embed["title"], &embed["description"]] {
        words.extend(part.as_str().map(str::to_owned));
    }
    for field in embed["fields"].as_array().into_iter().flatten() {
        words.push(format!("{}\n{}", field["name"].as_str().unwrap(), field["value"].as_str().unwrap()));
    }
    words.extend(embed["footer"]["text"].as_str().map(str::to_owned));
    words.join("\n")
}
