//! `GET /health` with the state of every component, and `GET /ready` for balancers.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    http::{StatusCode, header::CACHE_CONTROL},
    response::{IntoResponse, Response},
    routing::get,
};
use futures::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use serde::Serialize;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::{clock::Clock, problem::Problem, redact};

/// A check that takes longer counts as failed.
const CHECK_LIMIT: Duration = Duration::from_secs(2);
/// Probes that come sooner get the last answer, so that they cannot load the database.
const CACHE_TIME: Duration = Duration::from_secs(1);

/// The health of a program; clones share it.
#[derive(Clone)]
pub struct Health(Arc<Inner>);

struct Inner {
    program: String,
    version: String,
    clock: Clock,
    started: Instant,
    is_ready: AtomicBool,
    components: RwLock<Vec<Arc<Component>>>,
    last: Mutex<Option<(Instant, Arc<Report>)>>,
}

type Check = dyn Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync;

struct Component {
    name: String,
    is_needed: bool,
    check: Box<Check>,
}

/// How a component or the whole program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All works.
    Ok,
    /// Something that is not needed fails.
    Degraded,
    /// Something needed fails.
    Down,
}

/// The body of `GET /health`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The whole.
    pub status: Status,
    /// The program's name.
    pub service: String,
    /// The program's version.
    pub version: String,
    /// When the checks ran, UTC.
    pub time: String,
    /// Since [`Health::new`].
    pub uptime_seconds: u64,
    /// In the order they were added.
    pub components: Vec<ComponentReport>,
}

/// One component in a [`Report`].
#[derive(Clone, Debug, Serialize)]
pub struct ComponentReport {
    /// Its name.
    pub name: String,
    /// `ok` or `down`.
    pub status: Status,
    /// Whether the program is down without it.
    pub needed: bool,
    /// What the check said.
    pub detail: String,
    /// How long the check took.
    pub latency_ms: f64,
}

impl Health {
    /// A program without components that is not ready yet. Also sets the metric `build_info`, so install the
    /// recorder first.
    pub fn new(program: &str, version: &str, clock: Clock) -> Self {
        metrics::gauge!(
            crate::metrics::BUILD_INFO, "program" => program.to_owned(), "version" => version.to_owned()
        )
        .set(1.0);
        Self(Arc::new(Inner {
            program: program.to_owned(),
            version: version.to_owned(),
            clock,
            started: Instant::now(),
            is_ready: AtomicBool::new(false),
            components: RwLock::default(),
            last: Mutex::new(None),
        }))
    }

    /// Adds a component. `check` says what it found, in a sentence that anyone may read; it runs at most once a
    /// second, beside the others, and is given up after 2 s.
    #[must_use]
    pub fn component<C>(self, name: &str, needed: bool, check: C) -> Self
    where
        C: Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync + 'static,
    {
        let component = Component { name: name.to_owned(), is_needed: needed, check: Box::new(check) };
        self.0.components.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(component));
        self
    }

    /// Whether balancers should send requests: set when start-up is done, cleared when draining.
    pub fn set_ready(&self, is_ready: bool) {
        self.0.is_ready.store(is_ready, Ordering::Release);
    }

    /// What `GET /health` says now; waits for a run of the checks that is under way.
    pub async fn report(&self) -> Arc<Report> {
        let mut last = self.0.last.lock().await;
        if let Some((at, report)) = &*last
            && at.elapsed() < CACHE_TIME
        {
            return Arc::clone(report);
        }
        let report = Arc::new(self.run().await);
        *last = Some((Instant::now(), Arc::clone(&report)));
        report
    }

    /// `GET /health` and `GET /ready`.
    pub fn routes(&self) -> Router {
        let (health, ready) = (self.clone(), self.clone());
        Router::new()
            .route("/health", get(move || async move { health.answer().await }))
            .route("/ready", get(move || async move { ready.readiness() }))
    }

    async fn run(&self) -> Report {
        let components = self.0.components.read().unwrap_or_else(PoisonError::into_inner).clone();
        let components = join_all(components.iter().map(|component| component.run())).await;
        let is_down = |component: &ComponentReport| component.status != Status::Ok;
        let status = if components.iter().any(|component| is_down(component) && component.needed) {
            Status::Down
        } else if components.iter().any(is_down) {
            Status::Degraded
        } else {
            Status::Ok
        };
        Report {
            status,
            service: self.0.program.clone(),
            version: self.0.version.clone(),
            time: self.0.clock.now_text(),
            uptime_seconds: self.0.started.elapsed().as_secs(),
            components,
        }
    }

    async fn answer(&self) -> Response {
        let report = self.report().await;
        let status =
            if report.status == Status::Down { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        (status, [(CACHE_CONTROL, "no-store")], Json(&*report)).into_response()
    }

    fn readiness(&self) -> Response {
        if self.0.is_ready.load(Ordering::Acquire) {
            return ([(CACHE_CONTROL, "no-store")], Json(serde_json::json!({ "status": "ready" })))
                .into_response();
        }
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not_ready",
            "The service is starting or stopping.",
            "Try again in a few seconds.",
        )
        .into_response()
    }
}

impl Component {
    async fn run(&self) -> ComponentReport {
        let began = Instant::now();
        // The check is user code twice: when it is called and when it is awaited.
        let check = AssertUnwindSafe(async { (self.check)().await }).catch_unwind();
        let outcome = match timeout(CHECK_LIMIT, check).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err("the check itself failed; the log has the panic".to_owned()),
            Err(_) => Err(format!("no answer within {} s", CHECK_LIMIT.as_secs())),
        };
        let (status, detail) = match outcome {
            Ok(detail) => (Status::Ok, detail),
            Err(detail) => (Status::Down, detail),
        };
        ComponentReport {
            name: self.name.clone(),
            status,
            needed: self.is_needed,
            detail: redact::text(&detail).into_owned(),
            latency_ms: began.elapsed().as_micros() as f64 / 1000.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use axum::{
        body::{Body, to_bytes},
        http::Request,
    };
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;
    use crate::clock::parse_utc_text;

    fn healthy() -> Health {
        let clock = Clock::fixed(parse_utc_text("2026-01-31 12:00:00").unwrap());
        Health::new("loom", "0.0.0", clock)
            .component("database", true, || async { Ok("sqlite".to_owned()) }.boxed())
    }

    async fn get(health: &Health, path: &str) -> (u16, Value) {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = health.routes().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&to_bytes(response.into_body(), 10_000).await.unwrap()).unwrap())
    }

    async fn check(health: Health, status: u16, word: &str) -> Value {
        let (found, body) = get(&health, "/health").await;
        assert_eq!((found, body["status"].as_str()), (status, Some(word)), "{body}");
        body
    }

    #[tokio::test(start_paused = true)]
    async fn the_body_says_all_of_it() {
        let failing = || async { Err("refused token=abc123".to_owned()) }.boxed();
        let health = healthy().component("model", false, failing);
        insta::assert_snapshot!(serde_json::to_string_pretty(&*health.report().await).unwrap(), @r#"
        {
          "status": "degraded",
          "service": "loom",
          "version": "0.0.0",
          "time": "2026-01-31 12:00:00.000",
          "uptime_seconds": 0,
          "components": [
            {
              "name": "database",
              "status": "ok",
              "needed": true,
              "detail": "sqlite",
              "latency_ms": 0.0
            },
            {
              "name": "model",
              "status": "down",
              "needed": false,
              "detail": "refused token=***",
              "latency_ms": 0.0
            }
          ]
        }
        "#);
    }

    #[tokio::test(start_paused = true)]
    async fn only_needed_components_bring_it_down() {
        let failing = || async { Err("gone".to_owned()) }.boxed();
        check(healthy(), 200, "ok").await;
        check(healthy().component("cache", false, failing), 200, "degraded").await;
        check(healthy().component("queue", true, failing).component("cache", false, failing), 503, "down")
            .await;
    }

    #[tokio::test(start_paused = true)]
    async fn checks_that_hang_or_panic_count_as_down_and_run_side_by_side() {
        let hanging = || futures::future::pending().boxed();
        let began = Instant::now();
        let health = healthy()
            .component("a", true, hanging)
            .component("b", true, hanging)
            .component("c", false, || async { if true { panic!("boom") } else { Ok(String::new()) } }.boxed())
            .component("d", false, || panic!("boom"));
        let body = check(health, 503, "down").await;
        assert_eq!(began.elapsed().as_secs(), 2);
        let states: Vec<_> = body["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["status"].as_str().unwrap())
            .collect();
        assert_eq!(states, ["ok", "down", "down", "down", "down"]);
    }

    #[tokio::test(start_paused = true)]
    async fn many_probes_cost_one_run_a_second() {
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        let health = healthy().component("slow", true, move || {
            counted.fetch_add(1, Ordering::Relaxed);
            async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok(String::new())
            }
            .boxed()
        });
        join_all((0..100).map(|_| get(&health, "/health"))).await;
        assert_eq!(runs.load(Ordering::Relaxed), 1);
        tokio::time::advance(CACHE_TIME).await;
        get(&health, "/health").await;
        assert_eq!(runs.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn ready_only_between_start_and_drain() {
        let health = healthy();
        let status = async || get(&health, "/ready").await.0;
        assert_eq!(status().await, 503);
        health.set_ready(true);
        assert_eq!(status().await, 200);
        health.set_ready(false);
        assert_eq!(status().await, 503);
    }
}
