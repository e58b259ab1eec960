//! `/status`: how the program is doing, for the performance panel.

use std::time::Duration;

use axum::{Extension, extract::State};
use chassis::{http::Json, problem::Problem};
use serde::Serialize;
use utoipa::ToSchema;

use super::{problems, views::usd};
use crate::{app::App, auth::Caller, play::Quantiles};

/// How the program is doing.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusView {
    /// Of the program.
    pub version: String,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// Turns being played right now.
    pub turns_in_progress: usize,
    /// Resident memory.
    pub memory_bytes: u64,
    /// Since the start.
    pub uptime_seconds: u64,
    /// Durations of the last turns, two thousand at most.
    pub turn_ms: LatencyView,
    /// Models in the order they are tried, then the others.
    pub providers: Vec<ProviderView>,
    /// Spent in this calendar month (UTC), by everybody; only for operators.
    pub month_usd: Option<f64>,
    /// Spent in this calendar month (UTC), by the caller.
    pub own_month_usd: f64,
    /// The monthly limit; 0 is none.
    pub month_limit_usd: f64,
}

/// Quantiles of a duration, in milliseconds.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct LatencyView {
    /// How many were measured.
    pub count: usize,
    /// Half of them took no longer.
    pub p50: f64,
    /// 95 in 100 took no longer.
    pub p95: f64,
    /// 99 in 100 took no longer.
    pub p99: f64,
}

impl From<Quantiles> for LatencyView {
    fn from(quantiles: Quantiles) -> Self {
        let milliseconds = |duration: Duration| duration.as_secs_f64() * 1_000.0;
        Self {
            count: quantiles.count,
            p50: milliseconds(quantiles.p50),
            p95: milliseconds(quantiles.p95),
            p99: milliseconds(quantiles.p99),
        }
    }
}

/// A model provider.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderView {
    /// As configured.
    pub name: String,
    /// Which model.
    pub model: String,
    /// Whether it is tried at all.
    pub in_order: bool,
    /// `closed` answers, `open` is left alone for a while, `half_open` is being tried again.
    pub breaker: String,
    /// What it said last when it failed, without secrets.
    pub last_error: Option<String>,
}

/// How the program is doing.
#[utoipa::path(get, path = "/status", tag = "status", responses((status = 200, body = StatusView)))]
pub async fn status(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<StatusView>, Problem> {
    Ok(Json(read(&app, &caller).await?))
}

/// The status, for the API and the page.
pub async fn read(app: &App, caller: &Caller) -> Result<StatusView, Problem> {
    let spending = app
        .gateway
        .spending(Some(caller.user_id.as_str()), None)
        .await
        .map_err(|error| problems::model(&error))?;
    let operator = caller.role == loom_core::access::Role::Operator;
    Ok(StatusView {
        version: crate::app::VERSION.to_owned(),
        database: app.database.backend().to_string(),
        turns_in_progress: app.player.in_progress(),
        memory_bytes: resident_memory_bytes(app),
        uptime_seconds: app.health.report().await.uptime_seconds,
        turn_ms: app.player.durations().quantiles().into(),
        providers: providers(app),
        month_usd: operator.then(|| usd(spending.month_microusd)),
        own_month_usd: usd(spending.user_microusd.unwrap_or(0)),
        month_limit_usd: app.config.llm.budget.monthly_usd,
    })
}

/// The figure that `/metrics` shows, so that page and dashboard agree; 0 where the system does not say.
fn resident_memory_bytes(app: &App) -> u64 {
    let text = app.metrics.render();
    let line =
        text.lines().find_map(|line| line.strip_prefix(chassis::metrics::PROCESS_RESIDENT_MEMORY_BYTES));
    line.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}

fn providers(app: &App) -> Vec<ProviderView> {
    let view = |it: llm::ProviderStatus| ProviderView {
        name: it.name,
        model: it.model,
        in_order: it.in_order,
        breaker: serde_json::to_value(it.breaker)
            .ok()
            .and_then(|it| it.as_str().map(str::to_owned))
            .unwrap_or_default(),
        last_error: it.last_error,
    };
    app.gateway.status().into_iter().map(view).collect()
}
