//! Where callers wait for their turn: first come, first served at each endpoint, under both limits of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until, timeout_at},
};

use super::{
    Restraint,
    bucket::{Bucket, Ready, Ticket},
    headers::{Learnt, Scope},
};
use crate::riot::{Endpoint, Region, RiotError};

/// The limits of every region. All clones of a client share one.
#[derive(Debug)]
pub(crate) struct Gates {
    regions: Mutex<HashMap<Region, Arc<Gate>>>,
    restraint: Restraint,
}

/// The limits of one region.
#[derive(Debug)]
struct Gate {
    state: Mutex<State>,
    /// One caller at each endpoint looks at the limits; the others stand behind it in order.
    lines: HashMap<Endpoint, tokio::sync::Mutex<()>>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    app: Bucket,
    methods: HashMap<Endpoint, Bucket>,
    restraint: Restraint,
    next_ticket: Ticket,
}

/// Leave to send one request, which counts from now. Dropped without an answer, it counts as lost on the way.
#[derive(Debug)]
#[must_use]
pub(crate) struct Permit {
    gate: Arc<Gate>,
    endpoint: Endpoint,
    ticket: Ticket,
    is_used_up: bool,
}

impl Gates {
    pub(crate) fn new(restraint: Restraint) -> Self {
        Self { regions: Mutex::new(HashMap::new()), restraint }
    }

    /// Waits for room under both limits.
    ///
    /// # Errors
    /// [`RiotError::RateLimited`] as soon as it is clear that there will be no room before `deadline`.
    pub(crate) async fn acquire(
        &self,
        region: Region,
        endpoint: Endpoint,
        deadline: Instant,
    ) -> Result<Permit, RiotError> {
        let gate = self.gate(region);
        let Some(line) = gate.lines.get(&endpoint) else { return Err(RiotError::NotFound) };
        let Ok(_turn) = timeout_at(deadline, line.lock()).await else {
            return Err(gate.no_room(endpoint));
        };
        loop {
            let changed = gate.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let now = Instant::now();
            let until = match gate.lock().try_send(endpoint, now) {
                Ok(ticket) => {
                    return Ok(Permit { gate: Arc::clone(&gate), endpoint, ticket, is_used_up: false });
                }
                Err(Ready::At(at)) if at > deadline => {
                    return Err(RiotError::RateLimited { retry_after: at.duration_since(now) });
                }
                Err(Ready::At(at) | Ready::AfterAnswer(at)) => at,
                Err(Ready::Now) => now,
            };
            if now >= deadline {
                return Err(gate.no_room(endpoint));
            }
            tokio::select! {
                () = sleep_until(until.min(deadline)) => {}
                () = changed => {}
            }
        }
    }

    /// The error of a call that may wait no longer, with the time until there is room.
    pub(crate) fn no_room(&self, region: Region, endpoint: Endpoint) -> RiotError {
        self.gate(region).no_room(endpoint)
    }

    fn gate(&self, region: Region) -> Arc<Gate> {
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(regions.entry(region).or_insert_with(|| Arc::new(Gate::new(self.restraint))))
    }
}

impl Gate {
    fn new(restraint: Restraint) -> Self {
        let methods = HashMap::new();
        let state = State { app: Bucket::new(restraint), methods, restraint, next_ticket: 0 };
        let lines = Endpoint::ALL.map(|endpoint| (endpoint, tokio::sync::Mutex::new(())));
        Self { state: Mutex::new(state), lines: lines.into(), changed: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The waiting time is over.
    fn no_room(&self, endpoint: Endpoint) -> RiotError {
        let now = Instant::now();
        let until = self.lock().ready(endpoint, now).until().unwrap_or(now);
        let wait = until.duration_since(now);
        RiotError::RateLimited { retry_after: wait.max(Duration::from_secs(1)) }
    }
}

impl State {
    fn try_send(&mut self, endpoint: Endpoint, now: Instant) -> Result<Ticket, Ready> {
        match self.ready(endpoint, now) {
            Ready::Now => {
                let ticket = self.next_ticket;
                self.next_ticket += 1;
                self.app.send(ticket, now);
                self.method(endpoint).send(ticket, now);
                Ok(ticket)
            }
            wait => Err(wait),
        }
    }

    fn ready(&mut self, endpoint: Endpoint, now: Instant) -> Ready {
        let (app, method) = (self.app.ready(now), self.method(endpoint).ready(now));
        if method.until() > app.until() { method } else { app }
    }

    fn method(&mut self, endpoint: Endpoint) -> &mut Bucket {
        self.methods.entry(endpoint).or_insert_with(|| Bucket::new(self.restraint))
    }
}

impl Permit {
    /// No request was sent.
    pub(crate) fn unused(mut self) {
        self.is_used_up = true;
        let mut state = self.gate.lock();
        state.app.forget(self.ticket);
        state.method(self.endpoint).forget(self.ticket);
        drop(state);
        self.gate.changed.notify_waiters();
    }

    /// The answer began to arrive, and this is what it teaches.
    pub(crate) fn answered(mut self, learnt: &Learnt) {
        self.is_used_up = true;
        let now = Instant::now();
        let mut guard = self.gate.lock();
        let state = &mut *guard;
        let is_settling = learnt.refusal.is_none();
        state.app.answer(self.ticket, &learnt.app, is_settling, now);
        state.method(self.endpoint).answer(self.ticket, &learnt.method, is_settling, now);
        if let Some(refusal) = learnt.refusal {
            let bucket = match refusal.scope {
                Scope::App => &mut state.app,
                Scope::Method => state.method(self.endpoint),
            };
            bucket.refuse(refusal.retry_after, now, fastrand::f64());
        }
        drop(guard);
        self.gate.changed.notify_waiters();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.is_used_up {
            return;
        }
        let now = Instant::now();
        let mut state = self.gate.lock();
        state.app.lose(self.ticket, now);
        state.method(self.endpoint).lose(self.ticket, now);
        drop(state);
        self.gate.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
