//! `loom load`: puts a server under load and reports percentiles.
//!
//! Without `--url` it starts a server of its own on loopback, over a new SQLite file with full synchronisation, so that
//! one command on one machine gives a figure that can be compared. It stops by itself.

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use load::{ClosedPlan, Outcome, Plan, Report};
use reqwest::Client;
use serde_json::{Value, json};

use super::Invocation;

mod instant;
mod own_server;

use own_server::OwnServer;

/// Which requests are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// Play turns, spread over the sessions
    Turns,
    /// Read pages of the list of sessions
    List,
    /// Ask for health
    Health,
}

/// Who tells the turns of a server of one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Model {
    /// An OpenAI-shaped server on loopback that answers at once
    Instant,
    /// The offline narrator
    Offline,
}

/// Flags of `loom load`.
#[derive(Args, Debug)]
pub(super) struct Load {
    /// A running server; without it one is started for the measurement
    #[arg(long)]
    url: Option<String>,
    /// Token for a running server that has users
    #[arg(long, requires = "url")]
    token: Option<String>,
    /// What is measured
    #[arg(long, value_enum, default_value = "turns")]
    scenario: Scenario,
    /// Requests a second, at fixed times, whatever the server does; without it as many as --concurrency allows
    #[arg(long)]
    rate: Option<f64>,
    /// Requests under way at once
    #[arg(long, default_value_t = 32)]
    concurrency: usize,
    /// Seconds to measure
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Seconds before that
    #[arg(long, default_value_t = 2)]
    warm_up: u64,
    /// Sessions that the turns are spread over; for `list`, sessions that there are
    #[arg(long, default_value_t = 256)]
    sessions: usize,
    /// Who tells the turns of the server that is started
    #[arg(long, value_enum, default_value = "instant")]
    model: Model,
    /// Folder for the database of the server that is started; a temporary one, removed afterwards, when absent
    #[arg(long, conflicts_with = "url")]
    data: Option<PathBuf>,
}

/// What the requests need.
struct Target {
    client: Client,
    url: String,
    sessions: Vec<String>,
    scenario: Scenario,
    /// A model is measured, so a turn told without one is an error.
    needs_model: bool,
}

impl Load {
    pub(super) async fn run(self, invocation: Invocation) -> anyhow::Result<ExitCode> {
        if self.concurrency == 0 || self.seconds == 0 || self.sessions == 0 {
            bail!("--concurrency, --seconds and --sessions must be at least 1");
        }
        let own = match &self.url {
            Some(_) => None,
            None => Some(OwnServer::start(invocation.config(), self.data.clone(), self.model).await?),
        };
        let url = own.as_ref().map_or_else(|| self.url.clone().unwrap_or_default(), |own| own.url.clone());
        let client = client(self.token.as_deref())?;
        let needs_model = self.url.is_none() && self.model == Model::Instant;
        let url = url.trim_end_matches('/').to_owned();
        let sessions = prepare(&client, &url, self.sessions, self.concurrency).await?;
        let target = Arc::new(Target { client, url, sessions, scenario: self.scenario, needs_model });
        let report = self.measure(target).await;
        if let Some(own) = own {
            own.stop().await;
        }
        if invocation.json {
            println!("{}", report.to_json());
        } else {
            println!("{report}");
        }
        Ok(if report.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn measure(&self, target: Arc<Target>) -> Report {
        let (duration, warm_up) = (Duration::from_secs(self.seconds), Duration::from_secs(self.warm_up));
        let request = move |index: u64| {
            let target = Arc::clone(&target);
            async move { target.request(index).await }
        };
        match self.rate {
            Some(rate_per_second) => {
                let plan = Plan { rate_per_second, duration, max_in_flight: self.concurrency, warm_up };
                load::run(plan, request).await
            }
            None => {
                load::run_closed(ClosedPlan { concurrency: self.concurrency, duration, warm_up }, request)
                    .await
            }
        }
    }
}

fn client(token: Option<&str>) -> anyhow::Result<Client> {
    let mut headers = reqwest::header::HeaderMap::new();
    if let Some(token) = token {
        let mut value = reqwest::header::HeaderValue::from_str(&format!("Bearer {token}"))
            .context("--token has characters that no token has")?;
        value.set_sensitive(true);
        headers.insert(reqwest::header::AUTHORIZATION, value);
    }
    Client::builder()
        .default_headers(headers)
        .timeout(Duration::from_secs(60))
        .build()
        .context("no HTTP client")
}

/// Creates the sessions that are played.
async fn prepare(
    client: &Client,
    url: &str,
    count: usize,
    concurrency: usize,
) -> anyhow::Result<Vec<String>> {
    use futures::{StreamExt, TryStreamExt};
    futures::stream::iter(0..count)
        .map(|index| async move {
            let body = json!({ "name": format!("load {index}") });
            let answer = client.post(format!("{url}/api/v1/sessions")).json(&body).send().await?;
            let status = answer.status();
            let body: Value = answer.json().await?;
            body["id"]
                .as_str()
                .map(str::to_owned)
                .with_context(|| format!("no session was made: {status} {body}"))
        })
        .buffer_unordered(concurrency)
        .try_collect()
        .await
}

impl Target {
    async fn request(&self, index: u64) -> Outcome {
        let url = &self.url;
        let request = match self.scenario {
            Scenario::Turns => {
                let position = usize::try_from(index).unwrap_or(0) % self.sessions.len();
                let body = json!({ "key": format!("load-{index}"), "input": "I look around and listen." });
                self.client
                    .post(format!("{url}/api/v1/sessions/{}/turns", self.sessions[position]))
                    .json(&body)
            }
            Scenario::List => self.client.get(format!("{url}/api/v1/sessions?limit=50")),
            Scenario::Health => self.client.get(format!("{url}/health")),
        };
        match request.send().await {
            Ok(answer) => {
                let status = answer.status();
                match answer.bytes().await {
                    Ok(body) if status.is_success() => self.check(&body),
                    Ok(_) => Outcome::error(format!("http_{}", status.as_u16())),
                    Err(_) => Outcome::error("broken_answer"),
                }
            }
            Err(error) if error.is_timeout() => Outcome::error("timeout"),
            Err(_) => Outcome::error("connection"),
        }
    }

    /// A turn that was stored without a model is no success when a model was to be measured, so it is counted apart.
    fn check(&self, body: &[u8]) -> Outcome {
        if self.scenario == Scenario::Turns && !contains(body, b"\"turn\"") {
            return Outcome::error("no_turn");
        }
        if self.scenario == Scenario::Turns && self.needs_model && !contains(body, b"\"degraded\":null") {
            return Outcome::error("degraded");
        }
        Outcome::ok(body.len() as u64)
    }
}

fn contains(body: &[u8], word: &[u8]) -> bool {
    body.windows(word.len()).any(|window| window == word)
}
