//! One running program for a test, and short ways to call it.

use std::{path::Path, sync::Once, time::Duration};

use chassis::{clock::Clock, logs::LogSettings, logs::Logs, shutdown::Shutdown};
use llm::{ProviderKind, ProviderSettings};
use loom::{app::App, config::Config, routes};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{FakeLlm, temp_db::TempDb};
use tokio::net::TcpListener;

/// A small world with every kind of section, written to the test's own canon folder as `small`.
pub const SMALL_CANON: &str = "---\nname: Small World\nlanguage: en\nversion: \"1\"\npermissions:\n  edit: builder\n\
    ---\n\n# Opening\n\nA lamp burns on a table.\n\n# World\n\nOne room, one door, one lamp.\n\n# Tone\n\nPlain.\n\n\
    # Characters\n\n- **Ada**: keeps the lamp.\n\n# Locations\n\n- **The room**: stone, cold.\n- **The yard**: wet.\n\n\
    :::rule lamp The lamp\nThe lamp never goes out by itself.\n:::\n";

/// A running program. Everything it made is removed when it is dropped.
pub struct World {
    pub url: String,
    pub app: App,
    pub client: Client,
    pub folder: TempDir,
    pub shutdown: Shutdown,
    _database: Option<TempDb>,
}

/// An answer with its body read.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
    pub text: String,
}

impl Answer {
    /// The body, if the status is a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.text);
        self.body
    }

    /// Asserts a problem and gives its body.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status.as_u16(), self.body["code"].as_str()), (status, Some(code)), "{}", self.text);
        for member in ["detail", "action"] {
            assert!(
                self.body[member].as_str().is_some_and(|text| text.len() > 10),
                "no {member}: {}",
                self.text
            );
        }
        self.body
    }
}

/// The process-wide parts that every program sets up in `main`.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
}

/// A configuration over a folder: its own canon, logs and audit, no limits.
pub fn config_in(folder: &Path, database_url: &str) -> Config {
    let mut config = Config::default();
    config.database.url = database_url.to_owned();
    config.logs.directory = folder.join("logs").display().to_string();
    config.logs.audit = true;
    config.canon.directory = folder.join("canon");
    config.canon.default = "small".to_owned();
    config.limits.turns_per_minute = 0;
    config.limits.requests_per_minute = 0;
    config
}

/// Makes a fake server the only provider.
pub fn use_fake(config: &mut Config, fake: &FakeLlm) {
    let provider = ProviderSettings {
        kind: ProviderKind::OpenAi,
        base_url: fake.base_url(),
        model: "gpt-4o-mini".to_owned(),
        price: Some(llm::prices::PriceSetting::PerMillion(llm::prices::Price {
            input: 0.15,
            output: 0.6,
            ..llm::prices::Price::default()
        })),
        api_key: chassis::Secret::new("sk-test-key-of-the-fake".to_owned()),
        ..ProviderSettings::default()
    };
    config.llm.providers.insert("fake".to_owned(), provider);
    config.llm.order = vec!["fake".to_owned()];
    config.llm.retry.base_ms = 1;
    config.llm.retry.max_ms = 5;
}

impl World {
    /// Over a fresh SQLite file with the offline narrator.
    pub async fn offline() -> Self {
        Self::start(Some(TempDb::sqlite()), |_| {}).await
    }

    /// Over a fresh SQLite file with a scripted model.
    pub async fn with_model(fake: &FakeLlm) -> Self {
        Self::start(Some(TempDb::sqlite()), |config| use_fake(config, fake)).await
    }

    /// Over a given database; `None` uses a file in the world's own folder.
    pub async fn start(database: Option<TempDb>, change: impl FnOnce(&mut Config)) -> Self {
        install();
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("canon/small")).unwrap();
        std::fs::write(folder.path().join("canon/small/canon.md"), SMALL_CANON).unwrap();
        let file = format!("sqlite:{}", folder.path().join("data/loom.db").display());
        let url = database.as_ref().map_or(file, |database| database.url.clone());
        let mut config = config_in(folder.path(), &url);
        change(&mut config);
        let settings: LogSettings = loom::app::log_settings(&config).unwrap();
        let logs = Logs::open(&settings, Clock::system());
        let app = App::open(config, logs, Clock::system()).await.unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = Shutdown::new();
        let (router, stop) = (routes::router(&app), shutdown.clone());
        tokio::spawn(
            async move { chassis::http::serve(listener, router, &stop, Duration::from_secs(5)).await },
        );
        app.health.set_ready(true);
        Self { url, app, client: Client::new(), folder, shutdown, _database: database }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null), text }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// A new session's path below the API.
    pub async fn session(&self) -> String {
        let session = self.post("/api/v1/sessions", &json!({ "name": "test" })).await.ok();
        format!("/api/v1/sessions/{}", session["id"].as_str().unwrap())
    }

    /// Plays a line on the active branch; the stored turn.
    pub async fn say(&self, session: &str, input: &str) -> Value {
        let key = uuid::Uuid::new_v4().to_string();
        self.post(&format!("{session}/turns"), &json!({ "key": key, "input": input })).await.ok()
    }

    /// The audit log's lines.
    pub fn audit(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("logs/audit.log")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// How many rows a table has.
    pub async fn rows(&self, table: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) AS n FROM {table}");
        self.app.database.fetch_one(&sql, &[]).await.unwrap().get("n").unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}
