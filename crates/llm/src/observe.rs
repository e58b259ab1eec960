//! The metrics of the gateway; every name is here.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

use crate::breaker::BreakerState;
use crate::ledger::LedgerEntry;

const REQUESTS: &str = "llm_requests_total";
const DURATION: &str = "llm_request_duration_seconds";
const TOKENS: &str = "llm_tokens_total";
const COST: &str = "llm_cost_usd_total";
const CACHE_HITS: &str = "llm_cache_hits_total";
const CACHE_MISSES: &str = "llm_cache_misses_total";
const BREAKER_OPEN: &str = "llm_breaker_open";
const DEGRADED: &str = "llm_degraded_total";
const REFUSALS: &str = "llm_budget_refusals_total";

/// One try of one provider.
pub(crate) fn attempt(provider: &str, model: &str, outcome: &'static str, latency: Duration) {
    let (provider, model) = (provider.to_owned(), model.to_owned());
    counter!(REQUESTS, "provider" => provider.clone(), "model" => model, "outcome" => outcome).increment(1);
    histogram!(DURATION, "provider" => provider).record(latency.as_secs_f64());
}

pub(crate) fn cache_lookup(hit: bool) {
    counter!(if hit { CACHE_HITS } else { CACHE_MISSES }).increment(1);
}

pub(crate) fn breaker(provider: &str, state: BreakerState) {
    let open = if state == BreakerState::Closed { 0.0 } else { 1.0 };
    gauge!(BREAKER_OPEN, "provider" => provider.to_owned()).set(open);
}

pub(crate) fn degraded(code: &'static str) {
    counter!(DEGRADED, "code" => code).increment(1);
}

pub(crate) fn budget_refusal(scope: &'static str) {
    counter!(REFUSALS, "scope" => scope).increment(1);
}

/// Tokens and money of one booked call. The dollar counter is a gauge that only rises, because counters of this
/// library count whole numbers.
pub(crate) fn spent(entry: &LedgerEntry) {
    let usage = &entry.usage;
    counter!(TOKENS, "type" => "input").increment(usage.input_tokens);
    counter!(TOKENS, "type" => "cached_input").increment(usage.cached_input_tokens);
    counter!(TOKENS, "type" => "output").increment(usage.output_tokens);
    gauge!(COST).increment(entry.cost_microusd as f64 / 1_000_000.0);
}
