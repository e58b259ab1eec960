//! What a request came to: the reply, its ledger entry, and what to do when nobody replied.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use uuid::Uuid;

use super::attempt::{Broken, Cause, Written};
use super::plan::Candidate;
use super::run::{Run, Stop};
use super::sink::milliseconds;
use crate::LlmError;
use crate::cache::{CacheKey, CachedReply};
use crate::degrade::{OFFLINE, pieces, summarise};
use crate::ledger::{LedgerEntry, Outcome};
use crate::observe;
use crate::request::{Finish, Reply, StreamEvent, Usage};

impl Run<'_> {
    pub(super) fn entry(
        &self,
        candidate: &Candidate,
        outcome: Outcome,
        usage: Usage,
        latency: Duration,
    ) -> LedgerEntry {
        let cost_microusd = match outcome {
            Outcome::Cached => 0,
            Outcome::Ok | Outcome::Discarded | Outcome::Cancelled => candidate.price.cost_microusd(&usage),
        };
        let entry = LedgerEntry {
            id: Uuid::now_v7().to_string(),
            created_at: self.gateway.clock.now_text(),
            owner: self.request.owner.clone(),
            purpose: self.request.purpose.to_owned(),
            provider: candidate.provider.name.clone(),
            model: candidate.model.clone(),
            outcome,
            usage,
            cost_microusd,
            price_version: self.gateway.prices.version().to_owned(),
            latency_ms: milliseconds(latency),
        };
        if outcome != Outcome::Cached {
            observe::spent(&entry);
        }
        entry
    }

    pub(super) fn finished(self, cache_key: Option<CacheKey>, written: Written, entry: LedgerEntry) -> Reply {
        let Written { text, usage, finish } = written;
        if let Some(key) = cache_key {
            self.gateway.cache.insert(key, CachedReply { text: text.clone(), usage, finish });
        }
        self.reply(text, finish, entry)
    }

    pub(super) async fn cached(self, candidate: &Candidate, hit: CachedReply) -> Result<Reply, Stop> {
        self.stream_text(&candidate.provider.name, &candidate.model, &hit.text).await?;
        let entry = self.entry(candidate, Outcome::Cached, hit.usage, Duration::ZERO);
        let reply = self.reply(hit.text, hit.finish, entry);
        Ok(Reply { cached: true, ..reply })
    }

    /// Books what a provider wrote before it broke off, or before the caller left: it bills that all the same.
    pub(super) async fn book_lost(&self, candidate: &Candidate, broken: &Broken, latency: Duration) {
        let Some(usage) = broken.billed else { return };
        let outcome = match broken.cause {
            Cause::Failed(_) => Outcome::Discarded,
            Cause::CallerGone => Outcome::Cancelled,
        };
        let entry = self.entry(candidate, outcome, usage, latency);
        self.gateway.budget.book(entry).await;
    }

    /// The caller's own text, marked with the reason; an error when there is none.
    pub(super) async fn offline(self) -> Result<Reply, Stop> {
        let degraded = summarise(&self.failures);
        observe::degraded(degraded.code);
        let Some(offline) = &self.request.offline else {
            return Err(LlmError::Unavailable(degraded).into());
        };
        let written = catch_unwind(AssertUnwindSafe(|| offline(&degraded)));
        let text = written.unwrap_or_default().replace('\0', "");
        if text.trim().is_empty() {
            return Err(LlmError::OfflineFailed(degraded).into());
        }
        self.stream_text(OFFLINE, OFFLINE, &text).await?;
        Ok(Reply {
            text,
            provider: OFFLINE.to_owned(),
            model: OFFLINE.to_owned(),
            finish: Finish::Complete,
            usage: Usage::default(),
            cost_microusd: 0,
            degraded: Some(degraded),
            cached: false,
            latency_ms: self.sink.elapsed_ms(),
            attempts: self.attempts,
            ledger: None,
        })
    }

    fn reply(self, text: String, finish: Finish, entry: LedgerEntry) -> Reply {
        Reply {
            text,
            provider: entry.provider.clone(),
            model: entry.model.clone(),
            finish,
            usage: entry.usage,
            cost_microusd: entry.cost_microusd,
            degraded: None,
            cached: false,
            attempts: self.attempts,
            latency_ms: self.sink.elapsed_ms(),
            ledger: Some(entry),
        }
    }

    async fn stream_text(&self, provider: &str, model: &str, text: &str) -> Result<(), Stop> {
        let started = StreamEvent::Started { provider: provider.to_owned(), model: model.to_owned() };
        self.sink.send(started).await?;
        for piece in pieces(text) {
            self.sink.send(StreamEvent::Delta(piece.to_owned())).await?;
        }
        Ok(())
    }
}
