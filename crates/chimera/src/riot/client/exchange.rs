//! From a call to its answer: waiting for room, sending, reading no more than allowed, and trying again where that
//! helps.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use bytes::{Bytes, BytesMut};
use chassis::{Backoff, Clock};
use metrics::counter;
use reqwest::{Response, StatusCode, Url, header::HeaderName, redirect::Policy};
use tokio::time::{Instant, sleep};

use super::{
    RiotSettings, content,
    keys::{Key, Keys},
};
use crate::{
    metric_names,
    riot::{
        RiotError,
        endpoint::Call,
        limits::{Gates, Learnt, Restraint},
    },
};

const RIOT: &str = "https://{routing}.api.riotgames.com";
const KEY_HEADER: HeaderName = HeaderName::from_static("x-riot-token");
/// How often a call that Riot refused with a 429 stands in line again.
const MOST_REFUSALS: u32 = 3;
const PAUSES: Backoff =
    Backoff { base: Duration::from_millis(500), factor: 2.0, max: Duration::from_secs(5), jitter: 0.5 };

/// Sends calls, one request at a time for each.
#[derive(Debug)]
pub(super) struct Exchanger {
    http: reqwest::Client,
    base_url: String,
    settings: RiotSettings,
    gates: Gates,
    keys: Keys,
    clock: Clock,
}

/// What became of one request.
enum Outcome {
    Done(Result<Bytes, RiotError>),
    /// A 429: the limits know it now and say when to go again.
    Refused,
    /// A fault that may pass.
    Fault(RiotError),
}

impl Exchanger {
    pub(super) fn new(mut settings: RiotSettings, clock: Clock) -> anyhow::Result<Self> {
        let keys = Keys::new(&settings.api_key);
        settings.api_key = chassis::Secret::default();
        let base_url = settings.base_url.clone().unwrap_or_else(|| RIOT.to_owned());
        let example = Url::parse(&base_url.replace("{routing}", "americas"));
        let example = example.with_context(|| format!("`{base_url}` is not an address"))?;
        anyhow::ensure!(
            matches!(example.scheme(), "http" | "https") && !example.cannot_be_a_base(),
            "`{base_url}` is not an address of http or https"
        );
        // A redirect would carry the key to wherever it points.
        let mut builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.request_timeout)
            .pool_idle_timeout(Duration::from_secs(60))
            .tcp_nodelay(true);
        if settings.base_url.is_some() {
            builder = builder.no_proxy();
        }
        let http = builder.build()?;
        let gates =
            Gates::new(Restraint { most_at_once: settings.most_at_once, key_users: settings.key_users });
        Ok(Self { http, base_url, settings, gates, keys, clock })
    }

    pub(super) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The checked body of a good answer.
    pub(super) async fn fetch(&self, call: &Call) -> Result<Bytes, RiotError> {
        let url = call.url(&self.base_url)?;
        let deadline = Instant::now() + self.settings.longest_wait;
        let (mut refusals, mut faults) = (0, 0);
        loop {
            match self.attempt(call, &url, deadline).await? {
                Outcome::Done(result) => return result,
                Outcome::Refused => {
                    refusals += 1;
                    if refusals > MOST_REFUSALS {
                        return Err(self.gates.no_room(call.region, call.endpoint));
                    }
                }
                Outcome::Fault(error) => {
                    faults += 1;
                    let pause = PAUSES.delay(faults, fastrand::f64());
                    if faults > self.settings.retries || Instant::now() + pause >= deadline {
                        return Err(error);
                    }
                    sleep(pause).await;
                }
            }
        }
    }

    async fn attempt(&self, call: &Call, url: &Url, deadline: Instant) -> Result<Outcome, RiotError> {
        self.keys.current()?;
        let permit = self.gates.acquire(call.region, call.endpoint, deadline).await?;
        // The key may have changed, or been refused, while this call stood in line; then it must not go.
        let key = match self.keys.current() {
            Ok(key) => key,
            Err(error) => {
                permit.unused();
                return Err(error);
            }
        };
        let sent = self.http.get(url.clone()).header(KEY_HEADER, key.header()).send().await;
        let response = match sent {
            Ok(response) => response,
            Err(error) => return Ok(Outcome::Fault(self.note_fault(call, &error))),
        };
        let status = response.status();
        permit.answered(&Learnt::of(status, response.headers(), self.clock.now()));
        let outcome = match status {
            StatusCode::OK => self.read(call, response).await,
            status => self.judge(call, status, &key),
        };
        if let Outcome::Done(Ok(_) | Err(RiotError::NotFound | RiotError::BadRequest { .. })) = outcome {
            self.keys.note_accepted();
        }
        note(call, label(&outcome));
        Ok(outcome)
    }

    /// An answer that brings nothing.
    fn judge(&self, call: &Call, status: StatusCode, key: &Arc<Key>) -> Outcome {
        let done = |error| Outcome::Done(Err(error));
        match status.as_u16() {
            404 => done(RiotError::NotFound),
            403 if call.endpoint.may_be_private() => done(RiotError::NotShared),
            401 | 403 => {
                if key.refuse() {
                    tracing::error!(endpoint = call.endpoint.as_str(), "Riot's API refuses the key");
                }
                done(RiotError::KeyRejected)
            }
            429 => {
                counter!(metric_names::RIOT_API_429_TOTAL, "endpoint" => call.endpoint.as_str()).increment(1);
                Outcome::Refused
            }
            status @ 500.. => Outcome::Fault(RiotError::Unavailable { status }),
            status @ 400..500 => done(RiotError::BadRequest { status }),
            _ => Outcome::Fault(RiotError::Malformed { what: "a status that no answer has" }),
        }
    }

    async fn read(&self, call: &Call, mut response: Response) -> Outcome {
        let limit_bytes = self.settings.max_body_bytes;
        let too_large = || Outcome::Done(Err(RiotError::TooLarge { limit_bytes }));
        let announced = response.content_length().unwrap_or(0);
        if announced > limit_bytes as u64 {
            return too_large();
        }
        let mut body = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(0));
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > limit_bytes => return too_large(),
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return Outcome::Fault(fault(&error)),
            }
        }
        match content::check(call, &body) {
            Ok(()) => Outcome::Done(Ok(body.freeze())),
            Err(error) => Outcome::Fault(error),
        }
    }

    fn note_fault(&self, call: &Call, error: &reqwest::Error) -> RiotError {
        let error = fault(error);
        note(call, error.kind());
        error
    }
}

/// What the network said, without the address.
fn fault(error: &reqwest::Error) -> RiotError {
    if error.is_timeout() {
        return RiotError::Timeout;
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    RiotError::Unreachable { reason: cause.to_string().chars().take(200).collect() }
}

fn note(call: &Call, status: &'static str) {
    let endpoint = call.endpoint.as_str();
    counter!(metric_names::RIOT_API_REQUESTS_TOTAL, "endpoint" => endpoint, "status" => status).increment(1);
}

/// The status label: what is expected of a working API is told apart from what is not.
fn label(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done(Ok(_)) => "success",
        Outcome::Refused => "rate_limited",
        Outcome::Fault(RiotError::Unavailable { .. }) => "server_error",
        Outcome::Done(Err(error)) | Outcome::Fault(error) => error.kind(),
    }
}
