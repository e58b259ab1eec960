//! The REST API: which request is which, and what it does.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{Request, State as Extract},
    response::Response,
};
use http::{HeaderMap, Method, header};
use serde_json::{Value, json};

use super::{
    DiscordRequest, DiscordRoute, DiscordStep, Interaction, MAX_RECORDED, Shared, State, TokenEnd,
    callback::{self, Effect},
    command,
    form::Form,
    payload,
    reply::{self, Reply},
};
use crate::loopback::Breaker;

/// Larger bodies are refused, as a message without files never is.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A request that was understood.
#[derive(Debug)]
struct Asked<'a> {
    route: DiscordRoute,
    /// The parts of the path that vary.
    parts: Vec<&'a str>,
    body: Value,
}

pub(super) async fn answer(Extract(shared): Extract<Arc<Shared>>, request: Request) -> Response {
    let breaker = Breaker::of(&request);
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, MAX_BODY_BYTES).await.ok();
    let path = parts.uri.path().to_owned();
    let body = bytes.as_deref().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or(Value::Null);
    let mut record =
        DiscordRequest { at: Instant::now(), method: parts.method.to_string(), path, body, status: 0 };
    let understood = understand(&parts.method, &parts.headers, &record);
    let mut step = match &understood {
        Ok(asked) => shared.lock().next_step(asked.route),
        Err(_) => DiscordStep::Pass,
    };
    while let DiscordStep::Slow(wait, then) = step {
        tokio::time::sleep(wait).await;
        step = *then;
    }
    let reply = match (step, understood) {
        (_, Err(refusal)) => shared.refuse(refusal),
        (DiscordStep::Stall, _) => {
            shared.record(record);
            return std::future::pending().await;
        }
        (DiscordStep::Reset, _) => {
            shared.record(record);
            return broken(breaker.as_ref());
        }
        (DiscordStep::Status(status), _) => Reply::error(status, 0),
        (DiscordStep::Code { status, code }, _) => Reply::error(status, code),
        (DiscordStep::RateLimited { scope, retry_after, says_when }, _) => {
            Reply::rate_limited(scope, retry_after, says_when)
        }
        (DiscordStep::CloudflarePage(status), _) => Reply::page(status),
        (DiscordStep::CarryOutAndReset, Ok(asked)) => {
            shared.carry_out(&asked, &parts.headers);
            shared.record(record);
            return broken(breaker.as_ref());
        }
        (DiscordStep::Pass | DiscordStep::Slow(..), Ok(asked)) => shared.carry_out(&asked, &parts.headers),
    };
    record.status = reply.status;
    shared.lock().limits.note(&reply, record.at);
    shared.record(record);
    reply.into_response()
}

fn broken(breaker: Option<&Breaker>) -> Response {
    if let Some(breaker) = breaker {
        breaker.break_off();
    }
    Reply::good(200, Value::Null).into_response()
}

/// Tells the route, and refuses what Discord does not even look at.
fn understand<'a>(
    method: &Method,
    headers: &HeaderMap,
    record: &'a DiscordRequest,
) -> Result<Asked<'a>, Reply> {
    let text = |name: header::HeaderName| {
        headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    if !text(header::USER_AGENT).starts_with("DiscordBot (") {
        return Err(Reply::error(403, 40_333));
    }
    let Some(path) = record.path.strip_prefix("/api/v10/") else { return Err(Reply::error(404, 0)) };
    let parts: Vec<&str> = path.split('/').collect();
    let (route, parts) = match (method.as_str(), parts.as_slice()) {
        ("PATCH", ["webhooks", application, token, "messages", "@original"]) => {
            (DiscordRoute::EditOriginal, vec![*application, *token])
        }
        ("POST", ["webhooks", application, token]) => (DiscordRoute::Followup, vec![*application, *token]),
        ("POST", ["interactions", id, token, "callback"]) => (DiscordRoute::Callback, vec![*id, *token]),
        ("POST", ["channels", id, "messages"]) => (DiscordRoute::ChannelMessage, vec![*id]),
        ("PUT", ["applications", id, "commands"] | ["applications", id, "guilds", _, "commands"]) => {
            (DiscordRoute::Commands, vec![*id])
        }
        ("GET", ["gateway", "bot"]) => (DiscordRoute::GatewayBot, Vec::new()),
        _ => return Err(Reply::error(404, 0)),
    };
    let is_json = text(header::CONTENT_TYPE).to_ascii_lowercase().starts_with("application/json");
    if route != DiscordRoute::GatewayBot && (!is_json || record.body.is_null()) {
        return Err(Reply::error(400, 50_109));
    }
    Ok(Asked { route, parts, body: record.body.clone() })
}

impl Shared {
    fn record(&self, record: DiscordRequest) {
        let mut state = self.lock();
        state.calls += 1;
        if state.requests.len() == MAX_RECORDED {
            state.requests.pop_front();
        }
        state.requests.push_back(record);
    }

    fn refuse(&self, refusal: Reply) -> Reply {
        self.lock().refusals.push(refusal.body.to_string());
        refusal
    }

    fn carry_out(&self, asked: &Asked<'_>, headers: &HeaderMap) -> Reply {
        let now = Instant::now();
        let part = |index: usize| asked.parts.get(index).copied().unwrap_or_default();
        let is_interaction = matches!(
            asked.route,
            DiscordRoute::EditOriginal | DiscordRoute::Followup | DiscordRoute::Callback
        );
        let mut state = self.lock();
        if state.limits.invalid(now) >= self.rules.ban_after {
            return Reply::page(429);
        }
        if !is_interaction {
            let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            let expected = format!("Bot {}", self.rules.bot_token);
            if authorization != Some(expected.as_str()) {
                return Reply::error(401, 0);
            }
        }
        let bucket = format!("{:?}/{}", asked.route, part(usize::from(is_interaction)));
        let limit_headers = match state.limits.count(&bucket, is_interaction, &self.rules, now) {
            Ok(headers) => headers,
            Err(refusal) => return refusal,
        };
        let reply = match asked.route {
            DiscordRoute::EditOriginal => self.edit(&mut state, part(0), part(1), &asked.body, now),
            DiscordRoute::Followup => self.follow_up(&mut state, part(0), part(1), &asked.body, now),
            DiscordRoute::Callback => self.call_back(&mut state, part(0), part(1), &asked.body, now),
            DiscordRoute::ChannelMessage => self.channel_message(&mut state, part(0), &asked.body),
            DiscordRoute::Commands => self.commands(&mut state, part(0), &asked.body),
            DiscordRoute::GatewayBot => Reply::good(
                200,
                json!({"url": self.gateway.url(), "shards": 1, "session_start_limit":
                    {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}}),
            ),
        };
        let is_broken_rule = reply.status == 400;
        if is_broken_rule {
            state.refusals.push(reply.body.to_string());
        }
        reply.with(limit_headers)
    }

    fn edit(&self, state: &mut State, application: &str, token: &str, body: &Value, now: Instant) -> Reply {
        let id = state.new_id();
        let interaction = match self.usable(state, application, token, now) {
            Ok(interaction) => interaction,
            Err(reply) => return reply,
        };
        let mut form = Form::default();
        payload::check(body, true, &mut form);
        if let Some(error) = form.into_error() {
            return Reply::good(400, error);
        }
        let mut shown = interaction.seen.original.take().unwrap_or_else(|| json!({}));
        for (key, value) in body.as_object().into_iter().flatten() {
            shown[key] = value.clone();
        }
        interaction.seen.edits.push(body.clone());
        interaction.seen.original = Some(shown.clone());
        let object = reply::message_object(id, &interaction.channel_id, self.rules.application_id, &shown);
        Reply::good(200, object)
    }

    fn follow_up(
        &self,
        state: &mut State,
        application: &str,
        token: &str,
        body: &Value,
        now: Instant,
    ) -> Reply {
        let id = state.new_id();
        let interaction = match self.usable(state, application, token, now) {
            Ok(interaction) => interaction,
            Err(reply) => return reply,
        };
        let mut form = Form::default();
        payload::check(body, false, &mut form);
        if let Some(error) = form.into_error() {
            return Reply::good(400, error);
        }
        interaction.seen.followups.push(body.clone());
        Reply::good(200, reply::message_object(id, &interaction.channel_id, self.rules.application_id, body))
    }

    fn call_back(&self, state: &mut State, id: &str, token: &str, body: &Value, now: Instant) -> Reply {
        let Some(interaction) = state.interactions.get_mut(token).filter(|interaction| interaction.id == id)
        else {
            return Reply::error(404, 10_062);
        };
        if interaction.seen.is_acknowledged {
            return Reply::error(400, 40_060);
        }
        if now.duration_since(interaction.opened) > self.rules.response_limit {
            return Reply::error(404, 10_062);
        }
        match interaction.respond(body) {
            Some(error) => Reply::good(400, error),
            None => Reply::good(204, Value::Null),
        }
    }

    fn channel_message(&self, state: &mut State, channel_id: &str, body: &Value) -> Reply {
        if state.closed_channels.iter().any(|closed| closed == channel_id) {
            return Reply::error(403, 50_001);
        }
        let mut form = Form::default();
        payload::check(body, false, &mut form);
        if let Some(error) = form.into_error() {
            return Reply::good(400, error);
        }
        let id = state.new_id();
        state.channel_messages.entry(channel_id.to_owned()).or_default().push(body.clone());
        Reply::good(200, reply::message_object(id, channel_id, self.rules.application_id, body))
    }

    fn commands(&self, state: &mut State, application: &str, body: &Value) -> Reply {
        if application != self.rules.application_id.to_string() {
            return Reply::error(403, 0);
        }
        let mut form = Form::default();
        command::check(body, &mut form);
        if let Some(error) = form.into_error() {
            return Reply::good(400, error);
        }
        state.commands = body.clone();
        let mut registered = body.clone();
        for command in registered.as_array_mut().into_iter().flatten() {
            command["id"] = json!(state.new_id().to_string());
            command["application_id"] = json!(application);
            command["version"] = json!("1");
            if command.get("type").is_none() {
                command["type"] = json!(1);
            }
        }
        Reply::good(200, registered)
    }

    /// The interaction of a token that may be written to.
    fn usable<'a>(
        &self,
        state: &'a mut State,
        application: &str,
        token: &str,
        now: Instant,
    ) -> Result<&'a mut Interaction, Reply> {
        let unknown = || Reply::error(404, 10_015);
        let interaction = state.interactions.get_mut(token).ok_or_else(unknown)?;
        if application != self.rules.application_id.to_string() || !interaction.seen.is_acknowledged {
            return Err(unknown());
        }
        let is_old = now.duration_since(interaction.opened) > self.rules.token_lifetime;
        match interaction.end.or(is_old.then_some(TokenEnd::UnknownWebhook)) {
            None => Ok(interaction),
            Some(TokenEnd::UnknownWebhook) => Err(unknown()),
            Some(TokenEnd::InvalidToken) => Err(Reply::error(404, 50_027)),
            Some(TokenEnd::Unauthorized) => Err(Reply::error(401, 50_027)),
        }
    }
}

impl Interaction {
    /// Takes the first response; the error body when it is not fit.
    pub(super) fn respond(&mut self, response: &Value) -> Option<Value> {
        let mut form = Form::default();
        let effect = callback::check(self.kind, response, &mut form);
        if let Some(error) = form.into_error() {
            return Some(error);
        }
        self.seen.is_acknowledged = true;
        if let Effect::Shown(message) = effect {
            self.seen.original = Some(message);
        }
        None
    }
}

impl State {
    fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        1_000_000 + self.next_id
    }

    fn next_step(&mut self, route: DiscordRoute) -> DiscordStep {
        if let Some(step) = self.scripts.get_mut(&route).and_then(std::collections::VecDeque::pop_front) {
            return step;
        }
        if self.always.is_empty() {
            return DiscordStep::Pass;
        }
        self.always_index += 1;
        self.always[(self.always_index - 1) % self.always.len()].clone()
    }
}
