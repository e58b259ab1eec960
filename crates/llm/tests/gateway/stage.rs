//! A gateway on a temporary database, with scripted providers around it.

use std::sync::Arc;

use chassis::clock::Clock;
use chassis::secret::Secret;
use futures::{Stream, StreamExt};
use llm::{
    Degraded, Gateway, LlmError, LlmSettings, Message, OfflineText, ProviderKind, ProviderSettings, Reply,
    Request, StreamEvent,
};
use storage::{Database, DatabaseSettings};
use testkit::fake_llm::FakeLlm;
use testkit::temp_db::TempDb;

pub(crate) const KEY: &str = "sk-test-0123456789abcdef0123456789";
pub(crate) const KINDS: [ProviderKind; 5] = [
    ProviderKind::OpenAi,
    ProviderKind::DeepSeek,
    ProviderKind::Anthropic,
    ProviderKind::Gemini,
    ProviderKind::Ollama,
];

pub(crate) struct Stage {
    pub(crate) gateway: Gateway,
    pub(crate) database: Database,
    _files: Option<TempDb>,
}

/// What a stream gave: its events, the text after the last discard, and its end.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) events: Vec<StreamEvent>,
    pub(crate) text: String,
    pub(crate) end: Result<Reply, LlmError>,
}

impl Stage {
    pub(crate) async fn new(settings: LlmSettings) -> Stage {
        Stage::on(TempDb::sqlite(), settings).await
    }

    pub(crate) async fn on(files: TempDb, settings: LlmSettings) -> Stage {
        let database = open(&files).await;
        let gateway = Gateway::new(settings, database.clone(), clock()).await.unwrap();
        Stage { gateway, database, _files: Some(files) }
    }

    /// Another process on the same database.
    pub(crate) async fn replica(&self, settings: LlmSettings) -> Stage {
        let gateway = Gateway::new(settings, self.database.clone(), clock()).await.unwrap();
        Stage { gateway, database: self.database.clone(), _files: None }
    }

    pub(crate) async fn hear(&self, request: Request) -> Heard {
        hear(self.gateway.stream(request)).await
    }

    pub(crate) async fn outcomes(&self) -> Vec<String> {
        let rows = self.database.fetch_all("SELECT outcome FROM llm_ledger ORDER BY id", &[]).await.unwrap();
        rows.iter().map(|row| row.get("outcome").unwrap()).collect()
    }
}

pub(crate) async fn open(files: &TempDb) -> Database {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let database = Database::open(&DatabaseSettings::at(files.url.clone()), clock()).await.unwrap();
    storage::migrate::up(&database, &[&llm::MIGRATIONS]).await.unwrap();
    database
}

pub(crate) fn clock() -> Clock {
    Clock::fixed("2026-11-21T10:00:00Z".parse().unwrap())
}

pub(crate) async fn hear(stream: impl Stream<Item = Result<StreamEvent, LlmError>>) -> Heard {
    let mut stream = std::pin::pin!(stream);
    let (mut events, mut text) = (Vec::new(), String::new());
    while let Some(event) = stream.next().await {
        let event = match event {
            Ok(event) => event,
            Err(error) => return Heard { events, text, end: Err(error) },
        };
        match &event {
            StreamEvent::Delta(piece) => text.push_str(piece),
            StreamEvent::Discarded { .. } => text.clear(),
            StreamEvent::Started { .. } => {}
            StreamEvent::Finished(reply) => {
                let reply = Reply::clone(reply);
                assert_eq!(reply.text, text, "the pieces and the reply must agree");
                events.push(event);
                assert!(stream.next().await.is_none(), "nothing comes after the end");
                return Heard { events, text, end: Ok(reply) };
            }
        }
        events.push(event);
    }
    panic!("the stream ended without a result: {events:?}");
}

pub(crate) async fn fake(kind: ProviderKind) -> FakeLlm {
    let fake = match kind {
        ProviderKind::OpenAi | ProviderKind::DeepSeek => FakeLlm::openai().await,
        ProviderKind::Anthropic => FakeLlm::anthropic().await,
        ProviderKind::Gemini => FakeLlm::gemini().await,
        ProviderKind::Ollama => FakeLlm::ollama().await,
    };
    fake.require_key(KEY);
    fake
}

pub(crate) fn provider(kind: ProviderKind, fake: &FakeLlm) -> ProviderSettings {
    let defaults = LlmSettings::default();
    ProviderSettings {
        base_url: fake.base_url(),
        api_key: Secret::new(KEY.to_owned()),
        max_output_tokens: 500,
        ..defaults.providers[kind.name()].clone()
    }
}

/// Settings that try these fakes in order under the names `a`, `b`, …; quick retries, nothing cached by accident.
pub(crate) fn settings(fakes: &[(ProviderKind, &FakeLlm)]) -> LlmSettings {
    let mut settings = LlmSettings::default();
    settings.retry.base_ms = 1;
    settings.retry.max_ms = 5;
    settings.timeout_first_token_ms = 60_000;
    settings.timeout_idle_ms = 60_000;
    for (index, (kind, fake)) in fakes.iter().enumerate() {
        let name = char::from(b'a' + u8::try_from(index).unwrap()).to_string();
        settings.providers.insert(name.clone(), provider(*kind, fake));
        settings.order.push(name);
    }
    settings
}

pub(crate) fn request() -> Request {
    Request::new("turn", vec![Message::system("You are a narrator."), Message::user("I open the door.")])
}

pub(crate) fn with_offline(request: Request) -> Request {
    let offline: OfflineText =
        Arc::new(|degraded: &Degraded| format!("离线叙述者：雨还在下。({})", degraded.code));
    Request { offline: Some(offline), ..request }
}

pub(crate) fn degraded_code(heard: &Heard) -> &'static str {
    match &heard.end {
        Ok(reply) => reply.degraded.as_ref().map_or("not degraded", |degraded| degraded.code),
        Err(error) => error.code(),
    }
}

pub(crate) fn attempt_outcomes(heard: &Heard) -> Vec<String> {
    let attempts = &heard.end.as_ref().unwrap().attempts;
    attempts.iter().map(|attempt| format!("{} {}", attempt.provider, attempt.outcome)).collect()
}
