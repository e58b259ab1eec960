//! One connection to the gateway, from HELLO to its end.

use std::{sync::atomic::Ordering, time::Duration};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::Instant};

use super::{Order, Shared};
use crate::fake_discord::reply;

/// A shard may send so much in a minute.
const MOST_PER_MINUTE: usize = 120;

/// Why the gateway ends a connection.
struct Refusal(u16, &'static str);

struct Connection<'a> {
    shared: &'a Shared,
    orders: mpsc::UnboundedSender<Order>,
    session: Option<String>,
    received: Vec<Instant>,
    last_heartbeat: Instant,
}

pub(super) async fn serve(shared: &Shared, mut socket: WebSocket, query: &str) {
    let (orders, mut receiver) = mpsc::unbounded_channel();
    let last_heartbeat = Instant::now();
    let mut connection = Connection { shared, orders, session: None, received: Vec::new(), last_heartbeat };
    let interval = shared.rules.heartbeat_interval;
    let hello =
        json!({"op": 10, "d": {"heartbeat_interval": interval.as_millis() as u64}, "s": null, "t": null});
    let has = |pair: &str| query.split('&').any(|part| part == pair);
    let ended = if !has("v=10") || !has("encoding=json") {
        Err(Refusal(4012, "invalid version or encoding"))
    } else if send(&mut socket, &hello).await {
        connection.run(&mut socket, &mut receiver, interval).await
    } else {
        Ok(())
    };
    connection.leave();
    if let Err(Refusal(code, reason)) = ended {
        shared.gateway.lock().refusals.push(format!("{code}: {reason}"));
        close(&mut socket, code, reason).await;
    }
}

impl Connection<'_> {
    async fn run(
        &mut self,
        socket: &mut WebSocket,
        receiver: &mut mpsc::UnboundedReceiver<Order>,
        interval: Duration,
    ) -> Result<(), Refusal> {
        loop {
            let too_quiet = tokio::time::sleep_until(self.last_heartbeat + interval * 2);
            tokio::select! {
                // What is sent on command goes out before a new message is looked at, as it was first.
                biased;
                order = receiver.recv() => match order {
                    Some(Order::Send(event)) => {
                        if !send(socket, &event).await {
                            return Ok(());
                        }
                    }
                    Some(Order::Close(code)) => {
                        close(socket, code, "").await;
                        return Ok(());
                    }
                    Some(Order::Drop) | None => return Ok(()),
                },
                message = socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => self.hear(&text)?,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Binary(_))) => return Err(Refusal(4002, "not a text")),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                },
                () = too_quiet => return Err(Refusal(4009, "session timed out")),
            }
        }
    }

    /// One message of the shard.
    fn hear(&mut self, text: &str) -> Result<(), Refusal> {
        let now = Instant::now();
        self.received.retain(|at| now.duration_since(*at) < Duration::from_secs(60));
        self.received.push(now);
        if self.received.len() > MOST_PER_MINUTE {
            return Err(Refusal(4008, "rate limited"));
        }
        let message: Value = serde_json::from_str(text).map_err(|_| Refusal(4002, "not JSON"))?;
        let data = message.get("d").unwrap_or(&Value::Null);
        match message.get("op").and_then(Value::as_u64) {
            Some(1) => self.beat(data),
            Some(2) => self.identify(data),
            Some(6) => self.resume(data),
            Some(3 | 4 | 8 | 31) if self.session.is_some() => Ok(()),
            Some(3 | 4 | 8 | 31) => Err(Refusal(4003, "not authenticated")),
            _ => Err(Refusal(4001, "unknown opcode")),
        }
    }

    fn beat(&mut self, sequence: &Value) -> Result<(), Refusal> {
        if !sequence.is_null() && !sequence.is_u64() {
            return Err(Refusal(4002, "a heartbeat carries a sequence number or null"));
        }
        self.last_heartbeat = Instant::now();
        self.shared.gateway.counts.heartbeats.fetch_add(1, Ordering::Relaxed);
        if !self.shared.gateway.lock().is_silent {
            self.say(json!({"op": 11, "d": null, "s": null, "t": null}));
        }
        Ok(())
    }

    fn identify(&mut self, data: &Value) -> Result<(), Refusal> {
        if self.session.is_some() {
            return Err(Refusal(4005, "already authenticated"));
        }
        self.check_token(data)?;
        if !data.get("intents").is_some_and(Value::is_u64) {
            return Err(Refusal(4013, "invalid intents"));
        }
        if !data.get("properties").is_some_and(Value::is_object) {
            return Err(Refusal(4002, "no properties"));
        }
        let application_id = self.shared.rules.application_id;
        let mut state = self.shared.gateway.lock();
        state.next_session += 1;
        let id = format!("session-{}", state.next_session);
        let ready = json!({
            "v": 10, "user": reply::bot_user(application_id), "guilds": [], "session_id": id,
            "resume_gateway_url": state.url, "shard": data.get("shard").cloned().unwrap_or_else(|| json!([0, 1])),
            "application": {"id": application_id.to_string(), "flags": 0},
        });
        let waiting = std::mem::take(&mut state.waiting);
        let session = state.sessions.entry(id.clone()).or_default();
        session.connection = Some(self.orders.clone());
        session.dispatch("READY", &ready);
        waiting.into_iter().for_each(|(name, data)| session.dispatch(&name, &data));
        state.current = Some(id.clone());
        drop(state);
        self.session = Some(id);
        self.shared.gateway.counts.identifies.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn resume(&mut self, data: &Value) -> Result<(), Refusal> {
        if self.session.is_some() {
            return Err(Refusal(4005, "already authenticated"));
        }
        self.check_token(data)?;
        let id = data.get("session_id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let last_seen = data.get("seq").and_then(Value::as_u64).unwrap_or(0);
        let mut state = self.shared.gateway.lock();
        let Some(session) = state.sessions.get_mut(&id) else {
            drop(state);
            self.say(json!({"op": 9, "d": false, "s": null, "t": null}));
            return Ok(());
        };
        if last_seen > session.sequence {
            return Err(Refusal(4007, "invalid sequence"));
        }
        session.connection = Some(self.orders.clone());
        for (_, event) in session.events.iter().filter(|(sequence, _)| *sequence > last_seen) {
            let _ = self.orders.send(Order::Send(event.clone()));
        }
        session.dispatch("RESUMED", &json!({}));
        state.current = Some(id.clone());
        drop(state);
        self.session = Some(id);
        self.shared.gateway.counts.resumes.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn check_token(&self, data: &Value) -> Result<(), Refusal> {
        let token = data.get("token").and_then(Value::as_str).unwrap_or_default();
        let is_ours = token.trim_start_matches("Bot ") == self.shared.rules.bot_token;
        if is_ours { Ok(()) } else { Err(Refusal(4004, "authentication failed")) }
    }

    fn say(&self, message: Value) {
        let _ = self.orders.send(Order::Send(message));
    }

    /// Events now wait in the session, unless another connection has taken it over.
    fn leave(&mut self) {
        let Some(id) = self.session.take() else { return };
        if let Some(session) = self.shared.gateway.lock().sessions.get_mut(&id)
            && session.connection.as_ref().is_some_and(|connection| connection.same_channel(&self.orders))
        {
            session.connection = None;
        }
    }
}

async fn send(socket: &mut WebSocket, message: &Value) -> bool {
    socket.send(Message::Text(message.to_string().into())).await.is_ok()
}

async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let _ = socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
    // The other side answers with a close of its own; a reset before that would lose ours.
    let _ = tokio::time::timeout(Duration::from_secs(1), async {
        while let Some(Ok(_)) = socket.recv().await {}
    })
    .await;
}
