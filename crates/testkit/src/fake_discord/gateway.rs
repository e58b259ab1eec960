//! The gateway: one shard at a time, with heartbeats, sessions that can be resumed, and faults on command.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    extract::{RawQuery, State, WebSocketUpgrade},
    response::Response,
};
use serde_json::Value;
use tokio::sync::mpsc;

use super::{FakeDiscord, Shared};

mod connection;

/// What is asked of a standing connection.
#[derive(Debug, Clone)]
enum Order {
    Send(Value),
    Close(u16),
    /// Gone without a word.
    Drop,
}

/// All connections and sessions of one fake.
#[derive(Debug, Default)]
pub(super) struct Gateway {
    state: Mutex<Sessions>,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Sessions {
    url: String,
    sessions: HashMap<String, Session>,
    /// The session that events go to.
    current: Option<String>,
    /// Events from before the first session.
    waiting: Vec<(String, Value)>,
    next_session: u32,
    is_silent: bool,
    refusals: Vec<String>,
}

/// A session outlives its connection.
#[derive(Debug, Default)]
struct Session {
    sequence: u64,
    events: Vec<(u64, Value)>,
    connection: Option<mpsc::UnboundedSender<Order>>,
}

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicUsize,
    identifies: AtomicUsize,
    resumes: AtomicUsize,
    heartbeats: AtomicUsize,
}

/// How often a gateway saw what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GatewayCounts {
    /// Connections opened.
    pub connections: usize,
    /// Accepted IDENTIFYs.
    pub identifies: usize,
    /// Accepted RESUMEs.
    pub resumes: usize,
    /// Heartbeats.
    pub heartbeats: usize,
}

impl FakeDiscord {
    /// Sends an interaction through the gateway and makes it known under its token, so that it can be answered. It
    /// waits for a session when there is none. Fields that Discord always sends are filled in.
    pub fn send_interaction(&self, interaction: &Value) {
        let (interaction, _) = self.shared.open_from(interaction);
        self.send_event("INTERACTION_CREATE", &interaction);
    }

    /// Sends any event.
    pub fn send_event(&self, name: &str, data: &Value) {
        self.shared.gateway.dispatch(name, data);
    }

    /// Asks for a new connection (opcode 7), as before a deployment.
    pub fn ask_to_reconnect(&self) {
        self.shared.gateway.order(Order::Send(serde_json::json!({"op": 7, "d": null, "s": null, "t": null})));
    }

    /// Declares the session invalid (opcode 9). One that cannot be resumed is forgotten.
    pub fn invalidate_session(&self, is_resumable: bool) {
        let gateway = &self.shared.gateway;
        gateway.order(Order::Send(serde_json::json!({"op": 9, "d": is_resumable, "s": null, "t": null})));
        if !is_resumable {
            let mut state = gateway.lock();
            if let Some(current) = state.current.take() {
                state.sessions.remove(&current);
            }
        }
    }

    /// Closes the connection with a code: 4000 may be resumed, 4004 is for good.
    pub fn close_gateway(&self, code: u16) {
        self.shared.gateway.order(Order::Close(code));
    }

    /// Cuts the connection without a word.
    pub fn drop_gateway(&self) {
        self.shared.gateway.order(Order::Drop);
    }

    /// From now on heartbeats are not acknowledged, or again are.
    pub fn silence_heartbeats(&self, is_silent: bool) {
        self.shared.gateway.lock().is_silent = is_silent;
    }

    /// How often what was seen.
    pub fn gateway_counts(&self) -> GatewayCounts {
        self.shared.gateway.counts()
    }

    /// What broke the gateway's rules, as `close code: reason`.
    pub fn gateway_refusals(&self) -> Vec<String> {
        self.shared.gateway.lock().refusals.clone()
    }

    /// Whether a shard is connected and has a session.
    pub fn has_session(&self) -> bool {
        let state = self.shared.gateway.lock();
        state.current.as_ref().and_then(|id| state.sessions.get(id)).is_some_and(|s| s.connection.is_some())
    }
}

pub(super) async fn connect(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade.on_upgrade(async move |socket| {
        shared.gateway.counts.connections.fetch_add(1, Ordering::Relaxed);
        connection::serve(&shared, socket, &query.unwrap_or_default()).await;
    })
}

impl Gateway {
    pub(super) fn set_url(&self, url: String) {
        self.lock().url = url;
    }

    pub(super) fn url(&self) -> String {
        self.lock().url.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Sessions> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn counts(&self) -> GatewayCounts {
        let read = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        GatewayCounts {
            connections: read(&self.counts.connections),
            identifies: read(&self.counts.identifies),
            resumes: read(&self.counts.resumes),
            heartbeats: read(&self.counts.heartbeats),
        }
    }

    fn dispatch(&self, name: &str, data: &Value) {
        let mut state = self.lock();
        let state = &mut *state;
        match state.current.as_ref().and_then(|id| state.sessions.get_mut(id)) {
            Some(session) => session.dispatch(name, data),
            None => state.waiting.push((name.to_owned(), data.clone())),
        }
    }

    fn order(&self, order: Order) {
        let state = self.lock();
        let session = state.current.as_ref().and_then(|id| state.sessions.get(id));
        if let Some(connection) = session.and_then(|session| session.connection.as_ref()) {
            let _ = connection.send(order);
        }
    }
}

impl Session {
    /// Numbers an event, keeps it for a resume, and sends it when there is someone to send it to.
    fn dispatch(&mut self, name: &str, data: &Value) {
        self.sequence += 1;
        let event = serde_json::json!({"op": 0, "t": name, "s": self.sequence, "d": data});
        self.events.push((self.sequence, event.clone()));
        if let Some(connection) = &self.connection {
            let _ = connection.send(Order::Send(event));
        }
    }
}
