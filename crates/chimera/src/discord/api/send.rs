//! One call: waits for its bucket, the global limit and the guard, sends, and tries again only what may be.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant as StdInstant},
};

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::{Api, ApiError, Route};
use crate::{
    discord::{buckets::RateHeaders, guard::Permit},
    metric_names,
};

/// Tries of one call, the first included.
const TRIES: u32 = 3;
/// An answer that is larger is not read to its end; Discord's are far smaller.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// Discord's words in an error are cut to this.
const REASON_CHARS: usize = 300;
/// Discord already has the answer that a repeated callback brings.
const ALREADY_ACKNOWLEDGED: u64 = 40_060;

/// What came back from one try.
struct Answer {
    status: u16,
    headers: RateHeaders,
    body: Value,
}

enum Verdict {
    Done(Value),
    Fail(ApiError),
    Again { after: Duration, error: ApiError },
}

impl Api {
    /// The answer's JSON; null when it has none.
    pub(super) async fn send(&self, route: &Route, body: &impl Serialize) -> Result<Value, ApiError> {
        let body = Bytes::from(serde_json::to_vec(body).map_err(|_| ApiError::Malformed)?);
        let deadline = Instant::now() + self.0.settings.call_timeout;
        let mut attempt = 1;
        loop {
            let verdict = match timeout_at(deadline, self.attempt(route, &body, deadline, attempt)).await {
                Ok(verdict) => verdict,
                Err(_) => Verdict::Fail(ApiError::Unavailable {
                    route: route.name,
                    reason: "it took too long".to_owned(),
                }),
            };
            match verdict {
                Verdict::Done(value) => return Ok(value),
                Verdict::Fail(error) => return Err(error),
                Verdict::Again { error, .. } if attempt >= TRIES => return Err(error),
                Verdict::Again { after, error } if Instant::now() + after >= deadline => return Err(error),
                Verdict::Again { after, .. } => tokio::time::sleep(after).await,
            }
            attempt += 1;
        }
    }

    /// One try. Holds the bucket's turn from the wait to the answer, so that one 429 stops all that follow.
    async fn attempt(&self, route: &Route, body: &Bytes, deadline: Instant, attempt: u32) -> Verdict {
        if route.is_bot
            && let Err(error) = self.bot_may_send()
        {
            return Verdict::Fail(error);
        }
        let mut window = self.0.buckets.turn(route.name, &route.major).await;
        let pause = self.0.buckets.pause(&window, route.is_bot, Instant::now());
        if Instant::now() + pause >= deadline {
            return Verdict::Fail(ApiError::RateLimited { retry_after: pause });
        }
        tokio::time::sleep(pause).await;
        if route.is_bot {
            self.0.global.until_ready().await;
            // Somebody before us in the queue may have learnt that the token is refused.
            if let Err(error) = self.bot_may_send() {
                return Verdict::Fail(error);
            }
        }
        let Ok(permit) = self.0.guard.enter().await else { return Verdict::Fail(ApiError::Shut) };
        match self.request_to_its_end(route, body, permit).await {
            Ok(answer) => {
                let now = Instant::now();
                let pause =
                    self.0.buckets.learn(route.name, &mut window, &answer.headers, answer.status, now);
                self.judge(route, answer, pause, attempt)
            }
            Err(reason) => self.again(route, reason, attempt),
        }
    }

    /// A request that was sent has to be counted even when nobody waits for it any more, so it runs by itself.
    async fn request_to_its_end(
        &self,
        route: &Route,
        body: &Bytes,
        permit: Permit,
    ) -> Result<Answer, String> {
        let (api, route, body) = (self.clone(), route.clone(), body.clone());
        let sent = tokio::spawn(async move {
            let begin = StdInstant::now();
            let answer = api.request(&route, body).await;
            let status = answer.as_ref().ok().map(|answer| answer.status);
            permit.finish(status, answer.as_ref().is_ok_and(|answer| answer.headers.is_shared));
            observe(&route, status, begin.elapsed());
            answer
        });
        sent.await.unwrap_or_else(|error| Err(error.to_string()))
    }

    async fn request(&self, route: &Route, body: Bytes) -> Result<Answer, String> {
        let url = format!("{}{}", self.0.settings.base_url.trim_end_matches('/'), route.path);
        let mut request = self
            .0
            .http
            .request(route.method.clone(), url)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body);
        if route.is_bot {
            let value = format!("Bot {}", self.0.settings.bot_token.expose());
            request = request.header(http::header::AUTHORIZATION, value);
        }
        // The address carries the token, so it is taken out of every error.
        let mut response = request.send().await.map_err(|error| plainly(&error.without_url()))?;
        let status = response.status().as_u16();
        let headers = RateHeaders::read(response.headers());
        let mut text = Vec::new();
        // The status counts even when the rest of the answer breaks off.
        while let Ok(Some(chunk)) = response.chunk().await {
            if text.len() + chunk.len() > MAX_ANSWER_BYTES {
                break;
            }
            text.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body: serde_json::from_slice(&text).unwrap_or_default() })
    }

    fn judge(&self, route: &Route, answer: Answer, pause: Option<Duration>, attempt: u32) -> Verdict {
        let code = answer.body.get("code").and_then(Value::as_u64).unwrap_or(0);
        match answer.status {
            200..=299 => Verdict::Done(answer.body),
            429 => {
                let after = pause.unwrap_or_default();
                Verdict::Again { after, error: ApiError::RateLimited { retry_after: after } }
            }
            500..=599 => self.again(route, format!("status {}", answer.status), attempt),
            400 if code == ALREADY_ACKNOWLEDGED => Verdict::Done(Value::Null),
            401 if route.is_bot => {
                self.0.bot_rejected.store(true, Ordering::Relaxed);
                tracing::error!("discord refuses the bot token; nothing more is sent with it");
                Verdict::Fail(ApiError::TokenRejected)
            }
            status => {
                let words = answer.body.get("message").and_then(Value::as_str).unwrap_or_default();
                let reason = words.chars().take(REASON_CHARS).collect();
                Verdict::Fail(ApiError::Refused { route: route.name, status, code, reason })
            }
        }
    }

    /// After a fault on the way or at Discord: what may be done twice is tried again.
    fn again(&self, route: &Route, reason: String, attempt: u32) -> Verdict {
        let error = ApiError::Unavailable { route: route.name, reason };
        if !route.is_repeatable {
            return Verdict::Fail(error);
        }
        Verdict::Again { after: self.0.settings.backoff.delay(attempt, fastrand::f64()), error }
    }

    fn bot_may_send(&self) -> Result<(), ApiError> {
        if self.0.settings.bot_token.is_empty() {
            return Err(ApiError::TokenMissing);
        }
        if self.0.bot_rejected.load(Ordering::Relaxed) {
            return Err(ApiError::TokenRejected);
        }
        Ok(())
    }
}

/// The innermost cause says what happened; the outer ones only where.
fn plainly(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn observe(route: &Route, status: Option<u16>, took: Duration) {
    let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
    metrics::counter!(metric_names::DISCORD_REQUESTS_TOTAL, "route" => route.name, "status" => status)
        .increment(1);
    metrics::histogram!(metric_names::DISCORD_REQUEST_SECONDS, "route" => route.name)
        .record(took.as_secs_f64());
}
