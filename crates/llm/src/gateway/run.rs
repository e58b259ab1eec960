//! One request from start to end: cache, budget, providers in order with retries, then the offline text.

use std::sync::Arc;
use std::time::Duration;

use chassis::backoff::Backoff;
use tokio::time::Instant;

use super::Inner;
use super::attempt::{Broken, Cause, Written};
use super::plan::{Candidate, estimate_input_tokens};
use super::sink::{Gone, Sink, milliseconds};
use crate::LlmError;
use crate::cache::{CacheKey, CachedReply};
use crate::degrade::ProviderFailure;
use crate::ledger::{self, LedgerEntry, Outcome};
use crate::observe;
use crate::providers::{Failure, FailureKind};
use crate::request::{Attempt, Reply, Request, Role, StreamEvent};

/// Why a request ended without a reply.
pub(super) enum Stop {
    Error(LlmError),
    CallerGone,
}

impl From<LlmError> for Stop {
    fn from(error: LlmError) -> Stop {
        Stop::Error(error)
    }
}

impl From<Gone> for Stop {
    fn from(Gone: Gone) -> Stop {
        Stop::CallerGone
    }
}

/// A request under way and what happened to it so far.
pub(super) struct Run<'a> {
    pub(super) gateway: &'a Inner,
    pub(super) request: &'a Request,
    pub(super) sink: &'a Sink,
    pub(super) attempts: Vec<Attempt>,
    pub(super) failures: Vec<ProviderFailure>,
}

impl Inner {
    pub(super) async fn run(self: Arc<Self>, request: Request, sink: Sink) {
        let run = Run {
            gateway: &self,
            request: &request,
            sink: &sink,
            attempts: Vec::new(),
            failures: Vec::new(),
        };
        let told = match run.answer().await {
            Ok(reply) => sink.send(StreamEvent::Finished(Box::new(reply))).await,
            Err(Stop::Error(error)) => sink.fail(error).await,
            Err(Stop::CallerGone) => Err(Gone),
        };
        if told.is_err() {
            tracing::debug!(purpose = request.purpose, "the caller of a model request went away");
        }
    }
}

impl Run<'_> {
    async fn answer(mut self) -> Result<Reply, Stop> {
        let mut from_user = self.request.messages.iter().filter(|message| message.role == Role::User);
        if from_user.all(|message| message.text.trim().is_empty()) {
            return Err(LlmError::EmptyRequest.into());
        }
        let candidates = self.gateway.plan(self.request)?;
        for (index, candidate) in candidates.iter().enumerate() {
            if self.sink.remaining().is_zero() {
                break;
            }
            let is_last = index + 1 == candidates.len();
            let cache_key = candidate.cache_key(self.request);
            if let Some(hit) = cache_key.and_then(|key| self.look_up(&key)) {
                return self.cached(candidate, hit).await;
            }
            if let Some((written, entry)) = self.ask(candidate, is_last).await? {
                return Ok(self.finished(cache_key, written, entry));
            }
        }
        self.offline().await
    }

    fn look_up(&self, key: &CacheKey) -> Option<CachedReply> {
        let hit = self.gateway.cache.get(key);
        observe::cache_lookup(hit.is_some());
        hit
    }

    /// Asks one provider, as often as it makes sense. `None`: on to the next one.
    async fn ask(
        &mut self,
        candidate: &Candidate,
        is_last: bool,
    ) -> Result<Option<(Written, LedgerEntry)>, Stop> {
        let input_tokens = estimate_input_tokens(&self.request.messages);
        let month = ledger::month_of(self.gateway.clock.now());
        let worst = candidate.worst_cost_microusd(input_tokens);
        let reservation = self.gateway.budget.reserve(&self.request.owner, &month, worst).await?;
        let mut tries = 0;
        loop {
            tries += 1;
            let broken = match self.attempt(candidate).await {
                Ok((written, latency)) => {
                    let entry = self.entry(candidate, Outcome::Ok, written.usage, latency);
                    self.gateway.budget.settle(reservation, &entry);
                    return Ok(Some((written, entry)));
                }
                Err((broken, latency)) => {
                    self.book_lost(candidate, &broken, latency).await;
                    broken
                }
            };
            let Cause::Failed(failure) = broken.cause else { return Err(Stop::CallerGone) };
            if failure.kind == FailureKind::EndpointRefused {
                let host = candidate.provider.settings.base_url.clone();
                return Err(LlmError::PrivateEndpoint { host, address: failure.to_string() }.into());
            }
            if broken.text_passed {
                self.sink.send(StreamEvent::Discarded { reason: failure.kind.code() }).await?;
            }
            let may_retry = failure.retryable && !broken.text_passed;
            match self.wait_before_retry(&failure, tries, is_last).filter(|_| may_retry) {
                Some(wait) => self.sleep(wait).await?,
                None => {
                    let provider = candidate.provider.name.clone();
                    self.failures.push(ProviderFailure { provider, failure });
                    return Ok(None);
                }
            }
        }
    }

    /// One try under the provider's breaker, with its record in attempts, metrics and status.
    async fn attempt(&mut self, candidate: &Candidate) -> Result<(Written, Duration), (Broken, Duration)> {
        let provider = &candidate.provider;
        let Some(permit) = provider.breaker.permit() else {
            let failure =
                Failure::new(FailureKind::CircuitOpen, "left alone for a while after earlier failures");
            self.record(candidate, failure.kind.code(), None, Duration::ZERO);
            let broken = Broken { cause: Cause::Failed(failure), text_passed: false, billed: None };
            return Err((broken, Duration::ZERO));
        };
        let started = Instant::now();
        let result = self.gateway.attempt(self.request, candidate, self.sink).await;
        let latency = started.elapsed();
        match result {
            Ok(written) => {
                permit.success();
                provider.remember(None, latency);
                self.record(candidate, Outcome::Ok.name(), None, latency);
                Ok((written, latency))
            }
            Err(broken) => {
                if let Cause::Failed(failure) = &broken.cause {
                    if failure.kind.is_providers_health() {
                        permit.failure();
                    } else {
                        permit.success();
                    }
                    provider.remember(Some(failure), latency);
                    self.record(candidate, failure.kind.code(), failure.status, latency);
                }
                Err((broken, latency))
            }
        }
    }

    fn record(
        &mut self,
        candidate: &Candidate,
        outcome: &'static str,
        status: Option<u16>,
        latency: Duration,
    ) {
        let Candidate { provider, model, .. } = candidate;
        observe::attempt(&provider.name, &provider.model_label(model), outcome, latency);
        observe::breaker(&provider.name, provider.breaker.state());
        self.attempts.push(Attempt {
            provider: provider.name.clone(),
            model: model.clone(),
            outcome,
            status,
            latency_ms: milliseconds(latency),
        });
    }

    /// How long to wait before the same provider is tried again; `None` when it should not be.
    fn wait_before_retry(&self, failure: &Failure, tries: u32, is_last: bool) -> Option<Duration> {
        let retry = &self.gateway.settings.retry;
        if tries >= retry.attempts {
            return None;
        }
        let longest = Duration::from_millis(retry.max_ms);
        let base = Duration::from_millis(retry.base_ms);
        let backoff = Backoff { base, factor: 2.0, max: longest, jitter: retry.jitter };
        let asked = failure.retry_after.unwrap_or_default();
        let wait = backoff.delay(tries, fastrand::f64()).max(asked);
        let others_are_quicker = !is_last && asked > longest;
        (!others_are_quicker && wait < self.sink.remaining()).then_some(wait)
    }

    async fn sleep(&self, wait: Duration) -> Result<(), Stop> {
        tokio::select! {
            () = self.sink.gone() => Err(Stop::CallerGone),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }
}
