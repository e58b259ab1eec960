//! One request: which endpoint, whether the key is good and the limits have room, and its answer.

use std::{convert::Infallible, future::pending, io, sync::Arc, time::Instant};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State as Extract},
    response::Response,
};
use futures::{StreamExt, stream};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

use super::{
    RiotEndpoint, RiotRequest, RiotStep, Shared, State,
    documents::{self, Slice},
};
use crate::loopback::Breaker;

/// What a request asks for, decoded.
#[derive(Debug)]
struct Asked {
    routing: String,
    endpoint: RiotEndpoint,
    parts: Vec<String>,
    query: Vec<(String, String)>,
}

/// Status, body and headers before they become HTTP.
struct Reply {
    status: u16,
    body: Bytes,
    headers: Vec<(&'static str, String)>,
}

pub(super) async fn answer(Extract(shared): Extract<Arc<Shared>>, request: Request) -> Response {
    let breaker = Breaker::of(&request);
    let path = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    let key = request.headers().get("x-riot-token").and_then(|key| key.to_str().ok()).map(ToOwned::to_owned);
    let asked = understand(request.uri().path(), request.uri().query().unwrap_or_default());
    let now = Instant::now();
    let (reply, step) = {
        let mut state = shared.lock();
        let decided = state.decide(&shared, asked.as_ref(), key.as_deref(), now);
        let status = decided.0.status;
        let endpoint = asked.as_ref().map(|asked| asked.endpoint);
        let routing = asked.as_ref().map(|asked| asked.routing.clone()).unwrap_or_default();
        state.requests.push(RiotRequest { at: now, routing, endpoint, path, status });
        decided
    };
    if !shared.rules.latency.is_zero() {
        tokio::time::sleep(shared.rules.latency).await;
    }
    deliver(reply, step, breaker.as_ref()).await
}

/// `/{routing}/riot/account/v1/…`; the routing value stands where the host's name would have it.
fn understand(path: &str, query: &str) -> Option<Asked> {
    let parts: Vec<String> = path.trim_start_matches('/').split('/').map(decoded).collect();
    let (routing, rest) = parts.split_first()?;
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let (endpoint, parts): (_, Vec<&str>) = match rest.as_slice() {
        ["riot", "account", "v1", "accounts", "by-riot-id", name, tag] => {
            (RiotEndpoint::AccountByRiotId, vec![name, tag])
        }
        ["riot", "account", "v1", "accounts", "by-puuid", puuid] => {
            (RiotEndpoint::AccountByPuuid, vec![puuid])
        }
        ["riot", "account", "v1", "region", "by-game", "lol", "by-puuid", puuid] => {
            (RiotEndpoint::AccountRegion, vec![puuid])
        }
        ["lol", "match", "v5", "matches", "by-puuid", puuid, "ids"] => (RiotEndpoint::MatchIds, vec![puuid]),
        ["lol", "match", "v5", "matches", id] => (RiotEndpoint::Match, vec![id]),
        ["lol", "match", "v5", "matches", id, "timeline"] => (RiotEndpoint::Timeline, vec![id]),
        _ => return None,
    };
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Some(Asked {
        routing: routing.clone(),
        endpoint,
        parts: parts.into_iter().map(ToOwned::to_owned).collect(),
        query: pairs.map(|(key, value)| (decoded(key), decoded(value))).collect(),
    })
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair =
            after.get(..2).and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        match (first, pair) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl State {
    /// Key, limits, script, document: in this order, as Riot's edge does it.
    fn decide(
        &mut self,
        shared: &Shared,
        asked: Option<&Asked>,
        key: Option<&str>,
        now: Instant,
    ) -> (Reply, RiotStep) {
        let pass = |reply| (reply, RiotStep::Pass);
        match key {
            None | Some("") => return pass(error(401, "Unauthorized")),
            Some(key) if key != self.key => return pass(error(403, "Forbidden")),
            Some(_) => {}
        }
        let Some(asked) = asked else { return pass(error(404, "Data not found")) };
        let is_routing = ["americas", "asia", "europe", "sea"].contains(&asked.routing.as_str());
        let is_account =
            !matches!(asked.endpoint, RiotEndpoint::MatchIds | RiotEndpoint::Match | RiotEndpoint::Timeline);
        if !is_routing || (is_account && asked.routing == "sea") {
            return pass(error(404, "Data not found"));
        }
        let (app, method) = self.windows(&shared.rules, &asked.routing, asked.endpoint);
        let full = match (app.full(now), method.full(now)) {
            (Some(rest), _) => Some(("application", rest)),
            (None, Some(rest)) => Some(("method", rest)),
            (None, None) => None,
        };
        if full.is_none() {
            app.count(1, now);
            method.count(1, now);
        }
        let limits = vec![
            ("x-app-rate-limit", app.limit_header()),
            ("x-app-rate-limit-count", app.count_header()),
            ("x-method-rate-limit", method.limit_header()),
            ("x-method-rate-limit-count", method.count_header()),
        ];
        if let Some((kind, rest)) = full {
            self.note_refusal(asked, kind, true);
            let seconds = rest.as_secs_f64().ceil().max(1.0);
            let mut reply = error(429, "Rate limit exceeded").with(limits);
            reply.headers.push(("x-rate-limit-type", kind.to_owned()));
            reply.headers.push(("retry-after", format!("{seconds}")));
            return pass(reply);
        }
        let step = self.next_step(asked.endpoint, now);
        let mut inner = &step;
        while let RiotStep::Slow(_, then) = inner {
            inner = then;
        }
        let reply = match inner {
            RiotStep::Status(status) => error(*status, reason(*status)).with(limits),
            RiotStep::Refuse { kind, retry_after } => {
                self.note_refusal(asked, kind.as_deref().unwrap_or("none"), false);
                let mut reply = error(429, "Rate limit exceeded").with(limits);
                reply.headers.extend(kind.clone().map(|kind| ("x-rate-limit-type", kind)));
                reply.headers.extend(retry_after.clone().map(|after| ("retry-after", after)));
                reply
            }
            RiotStep::Headers(changed) => {
                let mut headers = limits;
                for (name, value) in changed {
                    headers.retain(|(known, _)| known != name);
                    headers.push((name, value.clone()));
                }
                headers.retain(|(_, value)| !value.is_empty());
                self.document(asked).with(headers)
            }
            _ => self.document(asked).with(limits),
        };
        (reply, step)
    }

    fn document(&mut self, asked: &Asked) -> Reply {
        let first = asked.parts.first().map_or("", String::as_str);
        let account = |account: Option<&documents::Account>| match account {
            Some(found) => json(&json!({"puuid": found.puuid, "gameName": found.name, "tagLine": found.tag})),
            None => error(404, "Data not found"),
        };
        let by_puuid = self.documents.accounts.iter().find(|known| known.puuid == first);
        match asked.endpoint {
            RiotEndpoint::AccountByRiotId => {
                let tag = asked.parts.get(1).map_or("", String::as_str);
                let same = |left: &str, right: &str| left.to_lowercase() == right.to_lowercase();
                let is_it = |known: &&documents::Account| same(&known.name, first) && same(&known.tag, tag);
                account(self.documents.accounts.iter().find(is_it))
            }
            RiotEndpoint::AccountByPuuid => account(by_puuid),
            RiotEndpoint::AccountRegion => match by_puuid {
                Some(known) => json(&json!({"puuid": known.puuid, "game": "lol", "region": known.platform})),
                None => error(404, "Data not found"),
            },
            RiotEndpoint::MatchIds => self.ids(asked, first),
            RiotEndpoint::Match | RiotEndpoint::Timeline => self.of_match(asked, first),
        }
    }

    fn ids(&self, asked: &Asked, puuid: &str) -> Reply {
        let text = |key: &str| asked.query.iter().find(|(known, _)| known == key).map(|pair| pair.1.as_str());
        let known = ["start", "count", "queue", "type", "startTime", "endTime"];
        let is_number = |(key, value): &(String, String)| key == "type" || value.parse::<u64>().is_ok();
        let is_fine = asked.query.iter().all(|pair| known.contains(&pair.0.as_str()) && is_number(pair));
        let number = |key: &str| text(key).and_then(|value| value.parse::<u64>().ok());
        let count = number("count").unwrap_or(20);
        if !is_fine || count > 100 || puuid.len() > 78 {
            return error(400, "Bad Request");
        }
        let slice = Slice {
            start: usize::try_from(number("start").unwrap_or(0)).unwrap_or(usize::MAX),
            count: usize::try_from(count).unwrap_or(0),
            queue_id: number("queue"),
            from_s: number("startTime"),
            to_s: number("endTime"),
        };
        json(&json!(self.documents.ids(&asked.routing, puuid, slice)))
    }

    fn of_match(&mut self, asked: &Asked, id: &str) -> Reply {
        let platform = id.split('_').next().unwrap_or_default();
        if self.documents.private.iter().any(|private| private == id) {
            return error(403, "Forbidden");
        }
        if documents::routing_of(platform) != asked.routing || self.documents.is_missing_now(id) {
            return error(404, "Data not found - match file not found");
        }
        let found = match asked.endpoint {
            RiotEndpoint::Timeline => self.documents.timelines.get(id),
            _ => self.documents.matches.get(id),
        };
        match found {
            Some(bytes) => Reply { status: 200, body: bytes.clone(), headers: Vec::new() },
            None => error(404, "Data not found - match file not found"),
        }
    }

    fn note_refusal(&mut self, asked: &Asked, kind: &str, is_over_limit: bool) {
        let bucket = match kind {
            "application" => format!("{}/application", asked.routing),
            kind => format!("{}/{}/{kind}", asked.routing, asked.endpoint.as_str()),
        };
        let counter = if is_over_limit { &mut self.over_limit } else { &mut self.scripted_refusals };
        *counter.entry(bucket).or_default() += 1;
    }
}

impl Reply {
    fn with(mut self, headers: Vec<(&'static str, String)>) -> Self {
        self.headers.extend(headers);
        self
    }

    fn into_response(self, body: Body) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json;charset=utf-8"));
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

fn json(value: &serde_json::Value) -> Reply {
    Reply { status: 200, body: Bytes::from(value.to_string()), headers: Vec::new() }
}

fn error(status: u16, message: &str) -> Reply {
    let body = json!({"status": {"message": message, "status_code": status}}).to_string();
    Reply { status, body: Bytes::from(body), headers: Vec::new() }
}

fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error")
}

async fn deliver(reply: Reply, mut step: RiotStep, breaker: Option<&Breaker>) -> Response {
    while let RiotStep::Slow(wait, then) = step {
        tokio::time::sleep(wait).await;
        step = *then;
    }
    let half = reply.body.slice(..reply.body.len() / 2);
    match step {
        RiotStep::StallBeforeHeaders => match pending::<Infallible>().await {},
        RiotStep::Reset => {
            if let Some(breaker) = breaker {
                breaker.break_off();
            }
            reply.into_response(Body::empty())
        }
        RiotStep::Truncated => reply.into_response(Body::from(half)),
        RiotStep::Garbage(bytes) => reply.into_response(Body::from(bytes)),
        RiotStep::StallMidBody => {
            let rest = stream::once(async { pending::<io::Result<Bytes>>().await });
            reply.into_response(Body::from_stream(stream::iter([Ok(half)]).chain(rest)))
        }
        RiotStep::CutMidBody => {
            // Giving way makes the server write out what it has before the connection breaks.
            let rest = stream::once(async {
                tokio::task::yield_now().await;
                Err(io::Error::from(io::ErrorKind::ConnectionReset))
            });
            reply.into_response(Body::from_stream(stream::iter([Ok(half)]).chain(rest)))
        }
        RiotStep::Huge(bytes) => {
            let piece = Bytes::from(vec![b' '; 64 * 1024]);
            let pieces = (0..bytes.div_ceil(piece.len())).map(move |_| Ok::<_, io::Error>(piece.clone()));
            reply.into_response(Body::from_stream(stream::iter(pieces)))
        }
        _ => {
            let body = Body::from(reply.body.clone());
            reply.into_response(body)
        }
    }
}
