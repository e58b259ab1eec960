//! A server for one measurement: its own database, no log files, no limits.

use std::{path::PathBuf, time::Duration};

use anyhow::Context;
use chassis::{clock::Clock, logs::Logs, shutdown::Shutdown};
use llm::{ProviderKind, ProviderSettings};
use tokio::{net::TcpListener, task::JoinHandle};

use super::{Model, instant};
use crate::{app::App, config::Config, routes};

/// A running server.
pub(super) struct OwnServer {
    pub(super) url: String,
    app: App,
    shutdown: Shutdown,
    server: JoinHandle<std::io::Result<()>>,
    model: Option<JoinHandle<()>>,
    /// Removed at the end, unless the folder was named.
    temporary: Option<PathBuf>,
}

impl OwnServer {
    pub(super) async fn start(config: &Config, data: Option<PathBuf>, model: Model) -> anyhow::Result<Self> {
        let temporary = data.is_none();
        let folder =
            data.unwrap_or_else(|| std::env::temp_dir().join(format!("loom-load-{}", uuid::Uuid::now_v7())));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let mut config = config.clone();
        config.database.url = format!("sqlite:{}", folder.join("load.db").display());
        config.logs.directory = String::new();
        config.limits.turns_per_minute = 0;
        config.limits.requests_per_minute = 0;
        config.limits.sessions_per_user = 0;
        let model = instant_model(&mut config, model).await?;
        let app = App::open(config, Logs::off(), Clock::system()).await?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shutdown = Shutdown::new();
        let (router, stop) = (routes::router(&app), shutdown.clone());
        let server = tokio::spawn(async move {
            chassis::http::serve(listener, router, &stop, Duration::from_secs(5)).await
        });
        app.health.set_ready(true);
        Ok(Self { url, app, shutdown, server, model, temporary: temporary.then_some(folder) })
    }

    pub(super) async fn stop(self) {
        self.shutdown.trigger();
        let _ = self.server.await;
        self.app.player.tracker().close();
        self.app.player.tracker().wait().await;
        if let Some(model) = self.model {
            model.abort();
        }
        self.app.database.close().await;
        if let Some(folder) = self.temporary {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

async fn instant_model(config: &mut Config, model: Model) -> anyhow::Result<Option<JoinHandle<()>>> {
    config.llm.order.clear();
    if model == Model::Offline {
        return Ok(None);
    }
    let (base_url, server) = instant::start().await?;
    let provider = ProviderSettings {
        kind: ProviderKind::OpenAi,
        base_url,
        model: "instant".to_owned(),
        api_key: chassis::Secret::new("none".to_owned()),
        price: Some(llm::prices::PriceSetting::Free),
        ..ProviderSettings::default()
    };
    config.llm.providers.insert("instant".to_owned(), provider);
    config.llm.order.push("instant".to_owned());
    // Every prompt differs anyway; looking them up would only cost memory here.
    config.llm.cache.size = 0;
    Ok(Some(server))
}
