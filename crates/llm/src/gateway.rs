//! The gateway itself: built once from the settings, cloned freely, asked for replies.

mod attempt;
mod outcome;
mod plan;
mod run;
mod sink;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chassis::clock::Clock;
use chassis::secret::Secret;
use futures::{Stream, StreamExt};
use moka::sync::Cache;
use serde::Serialize;
use storage::Database;

use crate::LlmError;
use crate::breaker::BreakerState;
use crate::budget::Budget;
use crate::cache::ReplyCache;
use crate::chaos::Chaos;
use crate::ledger::{self, Scope};
use crate::prices::PriceTable;
use crate::providers::{Network, Provider, base_url};
use crate::request::{Reply, Request, StreamEvent};
use crate::settings::{LlmSettings, ProviderKind, ProviderSettings};

/// Connections and breakers of users' own endpoints that are kept at most.
const OWN_ENDPOINTS: u64 = 256;
/// Time after which an unused endpoint of a user is forgotten.
const OWN_ENDPOINT_IDLE: Duration = Duration::from_secs(600);

/// One way in to language models. Clones share everything.
#[derive(Clone, Debug)]
pub struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    settings: LlmSettings,
    clock: Clock,
    providers: BTreeMap<String, Arc<Provider>>,
    own: Cache<[u8; 32], Arc<Provider>>,
    prices: PriceTable,
    cache: ReplyCache,
    budget: Budget,
    chaos: Chaos,
}

/// What the status page shows of one configured provider.
#[derive(Clone, Debug, Serialize)]
pub struct ProviderStatus {
    /// Configured name.
    pub name: String,
    /// Protocol.
    pub kind: ProviderKind,
    /// Model asked for by default.
    pub model: String,
    /// Whether it is in `order`.
    pub in_order: bool,
    /// Whether calls are let through.
    pub breaker: BreakerState,
    /// The last call's failure, without secrets; `None` when it went well or none was made.
    pub last_error: Option<String>,
    /// Time the last call took; `None` before the first.
    pub last_latency_ms: Option<u64>,
}

/// What was spent, in millionths of a US dollar: stored or about to be, running calls not included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spending {
    /// UTC month, `YYYY-MM`.
    pub month: String,
    /// Everybody in this month.
    pub month_microusd: i64,
    /// The user asked about, in this month.
    pub user_microusd: Option<i64>,
    /// The session asked about, all time.
    pub session_microusd: Option<i64>,
}

impl Gateway {
    /// Checks the settings and builds the gateway. Calls nobody; keys in files are read here, once. The tables of
    /// [`crate::MIGRATIONS`] must exist before the first request.
    ///
    /// # Errors
    /// When a setting cannot work: unknown provider in `order`, missing key, model without a price, bad address.
    pub async fn new(settings: LlmSettings, database: Database, clock: Clock) -> Result<Gateway, LlmError> {
        let prices = match &settings.prices_file {
            Some(path) => PriceTable::with_file(path)?,
            None => PriceTable::built_in()?,
        };
        check_numbers(&settings)?;
        let mut providers = BTreeMap::new();
        for (name, provider) in &settings.providers {
            let provider = configured_provider(name, provider, &settings)?;
            providers.insert(name.clone(), Arc::new(provider));
        }
        for name in &settings.order {
            let provider = providers.get(name).ok_or_else(|| unknown_provider(name, &settings))?;
            provider.check_key()?;
            if provider.settings.model.is_empty() {
                let key = format!("providers.{name}.model");
                return Err(LlmError::Setting { key, reason: "no model is named".to_owned() });
            }
        }
        for (name, provider) in settings.providers.iter().filter(|(_, provider)| !provider.model.is_empty()) {
            prices.price_of(name, provider, &provider.model)?;
        }
        let inner = Inner {
            cache: ReplyCache::new(&settings.cache),
            budget: Budget::new(&settings.budget, database),
            chaos: Chaos::new(&settings.chaos),
            own: Cache::builder().max_capacity(OWN_ENDPOINTS).time_to_idle(OWN_ENDPOINT_IDLE).build(),
            settings,
            clock,
            providers,
            prices,
        };
        Ok(Gateway { inner: Arc::new(inner) })
    }

    /// Starts the work at once and gives its events. The last one is `Finished` or an error. Dropping the stream
    /// stops the work; what a provider had written by then is still booked. Must be called inside a tokio runtime.
    pub fn stream(
        &self,
        request: Request,
    ) -> impl Stream<Item = Result<StreamEvent, LlmError>> + Send + 'static + use<> {
        let (sink, events) = sink::channel(self.inner.settings.timeout_total());
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move { inner.run(request, sink).await });
        events
    }

    /// The whole reply at once.
    ///
    /// # Errors
    /// As the stream's last event.
    pub async fn complete(&self, request: Request) -> Result<Reply, LlmError> {
        let mut events = std::pin::pin!(self.stream(request));
        while let Some(event) = events.next().await {
            if let StreamEvent::Finished(reply) = event? {
                return Ok(*reply);
            }
        }
        Err(LlmError::Interrupted)
    }

    /// Every configured provider, by name.
    #[must_use]
    pub fn status(&self) -> Vec<ProviderStatus> {
        let status = |provider: &Arc<Provider>| {
            let last = provider.last_call();
            ProviderStatus {
                name: provider.name.clone(),
                kind: provider.settings.kind,
                model: provider.settings.model.clone(),
                in_order: self.inner.settings.order.contains(&provider.name),
                breaker: provider.breaker.state(),
                last_error: last.error,
                last_latency_ms: last.latency.map(sink::milliseconds),
            }
        };
        self.inner.providers.values().map(status).collect()
    }

    /// The model of a provider, or of the first one in order; nothing when there is none.
    #[must_use]
    pub fn model_of(&self, provider: Option<&str>) -> Option<&str> {
        let name = provider.or_else(|| self.inner.settings.order.first().map(String::as_str))?;
        self.inner.providers.get(name).map(|provider| provider.settings.model.as_str())
    }

    /// What this month, a user and a session have cost so far.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn spending(
        &self,
        user_id: Option<&str>,
        session_id: Option<&str>,
    ) -> Result<Spending, LlmError> {
        let month = ledger::month_of(self.inner.clock.now());
        let budget = &self.inner.budget;
        let mut spending = Spending {
            month_microusd: budget.spent(&Scope::Month(month.clone())).await?,
            month,
            user_microusd: None,
            session_microusd: None,
        };
        if let Some(user_id) = user_id {
            let scope = Scope::User { month: spending.month.clone(), user_id: user_id.to_owned() };
            spending.user_microusd = Some(budget.spent(&scope).await?);
        }
        if let Some(session_id) = session_id {
            spending.session_microusd = Some(budget.spent(&Scope::Session(session_id.to_owned())).await?);
        }
        Ok(spending)
    }

    /// Stores every ledger entry that its caller has not stored yet. Call it once when the program ends.
    ///
    /// # Errors
    /// When the database refuses; the entries stay and can be tried again.
    pub async fn flush(&self) -> Result<(), LlmError> {
        self.inner.budget.flush().await
    }

    /// Version of the price table in use.
    #[must_use]
    pub fn price_version(&self) -> &str {
        self.inner.prices.version()
    }
}

/// Shows the settings only: cached replies stay out of logs.
impl fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Gateway").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn configured_provider(
    name: &str,
    provider: &ProviderSettings,
    settings: &LlmSettings,
) -> Result<Provider, LlmError> {
    let setting =
        |key: &str, reason: String| LlmError::Setting { key: format!("providers.{name}.{key}"), reason };
    base_url(provider.kind, &provider.base_url).map_err(|reason| setting("base_url", reason))?;
    let key = match &provider.api_key_file {
        Some(_) if !provider.api_key.is_empty() => {
            return Err(setting("api_key_file", "api_key is set as well; keep one of the two".to_owned()));
        }
        Some(path) => std::fs::read_to_string(path)
            .map(|text| Secret::new(text.trim().to_owned()))
            .map_err(|error| setting("api_key_file", format!("{}: {error}", path.display())))?,
        None => provider.api_key.clone(),
    };
    if key.expose().chars().any(|c| c.is_whitespace() || c.is_control() || !c.is_ascii()) {
        return Err(setting(
            "api_key",
            "a key has no spaces, line breaks or non-ASCII characters".to_owned(),
        ));
    }
    chassis::redact::register(&key);
    Ok(Provider::new(name, provider.clone(), key, Network::Trusted, &settings.breaker))
}

fn check_numbers(settings: &LlmSettings) -> Result<(), LlmError> {
    let LlmSettings { retry, budget, chaos, .. } = settings;
    let share = |value: f64| (0.0..=1.0).contains(&value);
    let usd = |value: f64| value.is_finite() && (0.0..1e9).contains(&value);
    let checks = [
        ("retry.attempts", retry.attempts >= 1, "must be at least 1"),
        ("retry.jitter", share(retry.jitter), "must be between 0 and 1"),
        ("budget.monthly_usd", usd(budget.monthly_usd), "must be 0 (no limit) or a sum in USD"),
        (
            "budget.per_user_monthly_usd",
            usd(budget.per_user_monthly_usd),
            "must be 0 (no limit) or a sum in USD",
        ),
        ("budget.per_session_usd", usd(budget.per_session_usd), "must be 0 (no limit) or a sum in USD"),
        ("budget.alert_share", share(budget.alert_share), "must be between 0 and 1"),
        ("chaos.error_rate", share(chaos.error_rate), "must be between 0 and 1"),
        ("chaos.timeout_rate", share(chaos.timeout_rate), "must be between 0 and 1"),
        ("chaos.garbage_rate", share(chaos.garbage_rate), "must be between 0 and 1"),
        ("timeout_first_token_ms", settings.timeout_first_token_ms > 0, "must be more than 0"),
        ("timeout_idle_ms", settings.timeout_idle_ms > 0, "must be more than 0"),
        ("timeout_total_ms", settings.timeout_total_ms > 0, "must be more than 0"),
        ("max_reply_bytes", settings.max_reply_bytes > 0, "must be more than 0"),
    ];
    match checks.into_iter().find(|(_, good, _)| !good) {
        Some((key, _, reason)) => Err(LlmError::Setting { key: key.to_owned(), reason: reason.to_owned() }),
        None => Ok(()),
    }
}

fn unknown_provider(name: &str, settings: &LlmSettings) -> LlmError {
    let known = settings.providers.keys().cloned().collect::<Vec<_>>().join(", ");
    LlmError::UnknownProvider { name: name.to_owned(), known }
}
