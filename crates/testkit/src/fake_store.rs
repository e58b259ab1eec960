//! An object store that fails on command: a proxy before a real one that refuses, hangs, cuts off and falsifies
//! single requests by rule. What no rule is for passes untouched, signatures included.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use crate::{S3Access, loopback::Loopback};

mod passing;
mod rule;

pub use rule::{StoreAsk, StoreFault, StoreRule};

/// A running proxy; dropping it cuts every connection.
#[derive(Debug)]
pub struct FakeStore {
    access: S3Access,
    server: Loopback,
    shared: Arc<Shared>,
}

/// One request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreRequest {
    /// What it asks for.
    pub ask: StoreAsk,
    /// The path after the bucket as it stands in the URL, or the prefix that is listed.
    pub path: String,
    /// What was done with it instead of passing it on.
    pub fault: Option<StoreFault>,
}

#[derive(Debug)]
struct Shared {
    /// Where the real one is, as `127.0.0.1:port`.
    behind: String,
    client: Client<HttpConnector, axum::body::Body>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<StoreRule>,
    requests: Vec<StoreRequest>,
}

impl FakeStore {
    /// Stands before a store.
    ///
    /// # Panics
    /// When no port is free.
    pub fn before(real: &S3Access) -> Self {
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        let behind = real.endpoint.trim_start_matches("http://").to_owned();
        let shared = Arc::new(Shared { behind, client, state: Mutex::default() });
        let app = Router::new().fallback(passing::answer).with_state(Arc::clone(&shared));
        match Loopback::serve("fake-store", app) {
            Ok(server) => {
                let access = S3Access { endpoint: format!("http://{}", server.address()), ..real.clone() };
                Self { access, server, shared }
            }
            Err(error) => panic!("starting a fake store: {error}"),
        }
    }

    /// How the store is reached through it.
    pub fn access(&self) -> &S3Access {
        &self.access
    }

    /// `127.0.0.1:port`
    pub fn host(&self) -> String {
        self.server.address().to_string()
    }

    /// Adds a rule; of several that fit a request the first counts.
    pub fn rule(&self, rule: StoreRule) {
        self.lock().rules.push(rule);
    }

    /// Lets everything pass from now on.
    pub fn heal(&self) {
        self.lock().rules.clear();
    }

    /// What arrived since the last call, in order.
    pub fn take_requests(&self) -> Vec<StoreRequest> {
        std::mem::take(&mut self.lock().requests)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Notes a request and decides on it.
    fn decide(&mut self, ask: StoreAsk, path: String) -> Option<StoreFault> {
        let fault = self.rules.iter_mut().find_map(|rule| rule.decide(ask, &path));
        self.requests.push(StoreRequest { ask, path, fault: fault.clone() });
        fault
    }
}
