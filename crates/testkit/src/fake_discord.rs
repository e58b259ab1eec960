//! Discord over real HTTP and WebSocket on 127.0.0.1, as strict as the real one.
//!
//! It checks every limit of every payload, knows the life of an interaction's token, counts rate limits and invalid
//! requests, and remembers what people would see. It also plays the other side: it signs and posts interactions to
//! an endpoint ([`FakeDiscord::post_interaction`]) and sends them through a gateway
//! ([`FakeDiscord::send_interaction`]).

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::Router;
use serde_json::{Value, json};

use crate::loopback::Loopback;

mod callback;
mod command;
mod component;
mod form;
mod gateway;
mod limits;
mod payload;
mod posting;
mod reply;
mod rest;
mod script;

use limits::Limits;
pub use posting::Posted;
pub use script::{DiscordRoute, DiscordRules, DiscordStep, LimitScope, TokenEnd};

/// How many requests are kept, so that a long storm does not fill the memory.
const MAX_RECORDED: usize = 20_000;

/// A running fake of Discord; dropping it cuts every connection.
#[derive(Debug)]
pub struct FakeDiscord {
    server: Loopback,
    shared: Arc<Shared>,
}

/// One REST request as it arrived, with what it got.
#[derive(Debug, Clone)]
pub struct DiscordRequest {
    /// When.
    pub at: Instant,
    /// `PATCH`, `POST` and so on.
    pub method: String,
    /// The path below `/api/v10`.
    pub path: String,
    /// The body; `Null` when it was no JSON.
    pub body: Value,
    /// The status of the answer; 0 when there was none.
    pub status: u16,
}

/// What happened to an interaction so far.
#[derive(Debug, Clone, Default)]
pub struct InteractionState {
    /// Whether the first response came, deferrals included.
    pub is_acknowledged: bool,
    /// `@original` as people see it now.
    pub original: Option<Value>,
    /// The bodies of all accepted edits of `@original`, in order.
    pub edits: Vec<Value>,
    /// Accepted follow-up messages, in order.
    pub followups: Vec<Value>,
}

#[derive(Debug)]
struct Shared {
    rules: DiscordRules,
    state: Mutex<State>,
    gateway: gateway::Gateway,
}

#[derive(Debug, Default)]
struct State {
    /// By token.
    interactions: HashMap<String, Interaction>,
    channel_messages: BTreeMap<String, Vec<Value>>,
    closed_channels: Vec<String>,
    commands: Value,
    scripts: HashMap<DiscordRoute, VecDeque<DiscordStep>>,
    always: Vec<DiscordStep>,
    always_index: usize,
    requests: VecDeque<DiscordRequest>,
    calls: usize,
    refusals: Vec<String>,
    limits: Limits,
    next_id: u64,
}

#[derive(Debug)]
struct Interaction {
    id: String,
    kind: u64,
    channel_id: String,
    opened: Instant,
    end: Option<TokenEnd>,
    seen: InteractionState,
}

impl FakeDiscord {
    /// Starts it.
    pub fn start(rules: DiscordRules) -> Self {
        let gateway = gateway::Gateway::default();
        let shared = Arc::new(Shared { rules, state: Mutex::default(), gateway });
        let app = Router::new()
            .route("/gateway", axum::routing::any(gateway::connect))
            .route("/gateway/", axum::routing::any(gateway::connect))
            .fallback(rest::answer)
            .with_state(Arc::clone(&shared));
        match Loopback::serve("fake-discord", app) {
            Ok(server) => {
                shared.gateway.set_url(format!("ws://{}/gateway", server.address()));
                Self { server, shared }
            }
            Err(error) => panic!("starting a fake Discord: {error}"),
        }
    }

    /// The address of the REST API, without a slash at the end: `http://127.0.0.1:PORT/api/v10`.
    pub fn base_url(&self) -> String {
        format!("http://{}/api/v10", self.server.address())
    }

    /// Host and port, for clients that are given a proxy instead of an address.
    pub fn authority(&self) -> String {
        self.server.address().to_string()
    }

    /// The address of the gateway, for `ConfigBuilder::proxy_url`.
    pub fn gateway_url(&self) -> String {
        format!("ws://{}/gateway", self.server.address())
    }

    /// The token that [`DiscordRules`] set.
    pub fn bot_token(&self) -> &str {
        &self.shared.rules.bot_token
    }

    /// Makes an interaction known, as if it had just been sent. `kind` is its type: 2 for a command. Its channel is
    /// the one in the interaction, or `"1"`.
    pub fn open_interaction(&self, id: &str, token: &str, kind: u64) {
        self.shared.open(id, token, kind, "1");
    }

    /// An interaction that was already answered with a deferral, so that `@original` may be edited.
    pub fn open_deferred(&self, id: &str, token: &str) {
        self.open_interaction(id, token, 2);
        if let Some(interaction) = self.lock().interactions.get_mut(token) {
            interaction.seen.is_acknowledged = true;
        }
    }

    /// Ends a token now.
    pub fn expire(&self, token: &str, end: TokenEnd) {
        if let Some(interaction) = self.lock().interactions.get_mut(token) {
            interaction.end = Some(end);
        }
    }

    /// The bot may not write there: 403 with code 50001.
    pub fn close_channel(&self, channel_id: &str) {
        self.lock().closed_channels.push(channel_id.to_owned());
    }

    /// Adds a step for one request to a route, after those already waiting.
    pub fn push(&self, route: DiscordRoute, step: DiscordStep) {
        self.lock().scripts.entry(route).or_default().push_back(step);
    }

    /// What is done with requests that find no step waiting: these in turn, over and over. An empty list ends it.
    pub fn always(&self, steps: impl IntoIterator<Item = DiscordStep>) {
        let mut state = self.lock();
        state.always = steps.into_iter().collect();
        state.always_index = 0;
    }

    /// What became of the interaction with this token.
    pub fn interaction(&self, token: &str) -> Option<InteractionState> {
        self.lock().interactions.get(token).map(|interaction| interaction.seen.clone())
    }

    /// `@original` of the interaction with this token, as people see it now.
    pub fn original(&self, token: &str) -> Option<Value> {
        self.interaction(token)?.original
    }

    /// Messages that the bot wrote to a channel, in order.
    pub fn channel_messages(&self, channel_id: &str) -> Vec<Value> {
        self.lock().channel_messages.get(channel_id).cloned().unwrap_or_default()
    }

    /// The commands registered last; `Null` before the first time.
    pub fn commands(&self) -> Value {
        self.lock().commands.clone()
    }

    /// What arrived, oldest first; the last 20,000 at most.
    pub fn requests(&self) -> Vec<DiscordRequest> {
        self.lock().requests.iter().cloned().collect()
    }

    /// How many requests arrived.
    pub fn calls(&self) -> usize {
        self.lock().calls
    }

    /// The error bodies of requests that broke a rule. A client that keeps to the rules leaves this empty; scripted
    /// faults and ends of tokens are not in it.
    pub fn refusals(&self) -> Vec<String> {
        self.lock().refusals.clone()
    }

    /// Answers of 401, 403 and 429 in the last ten minutes, without those of a shared limit. At 10,000 Discord bans
    /// the machine.
    pub fn invalid_requests(&self) -> usize {
        self.lock().limits.invalid(Instant::now())
    }

    /// Waits until `is_so` or the time is over; says which.
    pub async fn wait_until(&self, limit: Duration, is_so: impl Fn(&Self) -> bool) -> bool {
        let end = Instant::now() + limit;
        while !is_so(self) {
            if Instant::now() >= end {
                return false;
            }
            // On another thread, so that a test with a paused clock waits in real time too.
            let _ = tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(2))).await;
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, id: &str, token: &str, kind: u64, channel_id: &str) {
        let interaction = Interaction {
            id: id.to_owned(),
            kind,
            channel_id: channel_id.to_owned(),
            opened: Instant::now(),
            end: None,
            seen: InteractionState::default(),
        };
        self.lock().interactions.insert(token.to_owned(), interaction);
    }

    /// Makes the interaction in this payload known. The payload with all that Discord always sends, and its token.
    fn open_from(&self, interaction: &Value) -> (Value, String) {
        let mut interaction = interaction.clone();
        let always = json!({
            "application_id": self.rules.application_id.to_string(), "version": 1, "entitlements": [],
            "authorizing_integration_owners": {}, "attachment_size_limit": 10 * 1024 * 1024,
        });
        if let (Some(known), Value::Object(always)) = (interaction.as_object_mut(), always) {
            for (key, value) in always {
                known.entry(key).or_insert(value);
            }
        }
        let text = |key: &str| interaction.get(key).and_then(Value::as_str).unwrap_or_default();
        let kind = interaction.get("type").and_then(Value::as_u64).unwrap_or(0);
        let token = text("token").to_owned();
        self.open(text("id"), &token, kind, text("channel_id"));
        (interaction, token)
    }
}
