//! Riot's API over real HTTP on 127.0.0.1: account-v1 and match-v5 for every routing value.
//!
//! It serves the documents it is given, counts application and method limits as Riot does and refuses what is over
//! them, checks the key, and fails on command in all the ways that the real one is known to fail. Limits and the
//! key may change while it runs. The routing value stands first in the path, where the real one has a host.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{Router, body::Bytes};

use crate::loopback::Loopback;

mod answer;
mod documents;
mod script;
mod windows;

use documents::{Account, Documents};
pub use script::{RiotEndpoint, RiotRules, RiotStep};
use windows::Windows;

/// A running fake of Riot's API; dropping it cuts every connection.
#[derive(Debug)]
pub struct FakeRiot {
    server: Loopback,
    shared: Arc<Shared>,
}

/// One request as it arrived, refused ones included.
#[derive(Debug, Clone)]
pub struct RiotRequest {
    /// When.
    pub at: Instant,
    /// `americas` and so on, as asked.
    pub routing: String,
    /// `None` for a path that nobody knows.
    pub endpoint: Option<RiotEndpoint>,
    /// Path and query, the routing value first.
    pub path: String,
    /// The status that was decided on; a fault of the connection may have kept it back.
    pub status: u16,
}

#[derive(Debug)]
struct Shared {
    rules: RiotRules,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    key: String,
    app_limits: String,
    method_limits: HashMap<RiotEndpoint, String>,
    app: HashMap<String, Windows>,
    methods: HashMap<(String, RiotEndpoint), Windows>,
    documents: Documents,
    scripts: HashMap<RiotEndpoint, VecDeque<RiotStep>>,
    always: Vec<RiotStep>,
    always_index: usize,
    outage: Option<(Instant, RiotStep)>,
    requests: Vec<RiotRequest>,
    over_limit: BTreeMap<String, usize>,
    scripted_refusals: BTreeMap<String, usize>,
}

impl FakeRiot {
    /// Starts it, without accounts or matches.
    pub fn start(rules: RiotRules) -> Self {
        let state = State {
            key: rules.key.clone(),
            app_limits: rules.app_limits.clone(),
            method_limits: HashMap::new(),
            app: HashMap::new(),
            methods: HashMap::new(),
            documents: Documents::default(),
            scripts: HashMap::new(),
            always: Vec::new(),
            always_index: 0,
            outage: None,
            requests: Vec::new(),
            over_limit: BTreeMap::new(),
            scripted_refusals: BTreeMap::new(),
        };
        let shared = Arc::new(Shared { rules, state: Mutex::new(state) });
        let app = Router::new().fallback(answer::answer).with_state(Arc::clone(&shared));
        match Loopback::serve("fake-riot", app) {
            Ok(server) => Self { server, shared },
            Err(error) => panic!("starting a fake Riot: {error}"),
        }
    }

    /// The address to configure, with `{routing}` where the routing value belongs.
    pub fn base_url(&self) -> String {
        format!("http://{}/{{routing}}", self.server.address())
    }

    /// Adds an account, on a platform as `na1`.
    pub fn put_account(&self, puuid: &str, name: &str, tag: &str, platform: &str) {
        let account = Account {
            puuid: puuid.to_owned(),
            name: name.to_owned(),
            tag: tag.to_owned(),
            platform: platform.to_owned(),
        };
        self.lock().documents.accounts.push(account);
    }

    /// Serves a match under the id in it and lists it for its players; gives the id.
    pub fn put_match(&self, document: impl Into<Bytes>) -> String {
        let document = document.into();
        let mut state = self.lock();
        let Some(id) = state.documents.list(&document) else { panic!("this is not a match") };
        state.documents.matches.insert(id.clone(), document);
        id
    }

    /// Serves any bytes as a match, and lists it for a player.
    pub fn put_match_as(&self, id: &str, puuid: &str, document: impl Into<Bytes>) {
        let mut state = self.lock();
        state.documents.list_as(id, puuid, 420, 0);
        state.documents.matches.insert(id.to_owned(), document.into());
    }

    /// Serves any bytes as the timeline of a match.
    pub fn put_timeline(&self, id: &str, document: impl Into<Bytes>) {
        self.lock().documents.timelines.insert(id.to_owned(), document.into());
    }

    /// Lists a match for a player, whether it is served or not. The time is in seconds since 1970.
    pub fn list_match(&self, id: &str, puuid: &str, queue_id: u64, began_s: u64) {
        self.lock().documents.list_as(id, puuid, queue_id, began_s);
    }

    /// Answers 403 for this match and its timeline, as for modes that Riot does not share.
    pub fn make_private(&self, id: &str) {
        self.lock().documents.private.push(id.to_owned());
    }

    /// Answers 404 for this match and its timeline so many times.
    pub fn hide(&self, id: &str, times: u32) {
        self.lock().documents.missing.insert(id.to_owned(), times);
    }

    /// Takes this key only, from now on.
    pub fn set_key(&self, key: &str) {
        self.lock().key = key.to_owned();
    }

    /// Changes the application limit of every routing value. What was counted stays counted.
    pub fn set_app_limits(&self, limits: &str) {
        let mut state = self.lock();
        limits.clone_into(&mut state.app_limits);
        state.app.values_mut().for_each(|windows| windows.change(limits));
    }

    /// Changes the limit of an endpoint at every routing value.
    pub fn set_method_limits(&self, endpoint: RiotEndpoint, limits: &str) {
        let mut state = self.lock();
        state.method_limits.insert(endpoint, limits.to_owned());
        let known = state.methods.iter_mut().filter(|((_, known), _)| *known == endpoint);
        known.for_each(|(_, windows)| windows.change(limits));
    }

    /// Counts requests of another program with the same key.
    pub fn spend(&self, routing: &str, endpoint: RiotEndpoint, requests: u32) {
        let mut state = self.lock();
        let (app, method) = state.windows(&self.shared.rules, routing, endpoint);
        app.count(requests, Instant::now());
        method.count(requests, Instant::now());
    }

    /// Adds a step for one request to an endpoint, after those already waiting.
    pub fn push(&self, endpoint: RiotEndpoint, step: RiotStep) {
        self.lock().scripts.entry(endpoint).or_default().push_back(step);
    }

    /// What is done with requests that find no step waiting: these in turn, over and over. An empty list ends it.
    pub fn always(&self, steps: impl IntoIterator<Item = RiotStep>) {
        let mut state = self.lock();
        state.always = steps.into_iter().collect();
        state.always_index = 0;
    }

    /// Does this with every request from now on for so long.
    pub fn fail_for(&self, time: Duration, step: RiotStep) {
        self.lock().outage = Some((Instant::now() + time, step));
    }

    /// What arrived, in order.
    pub fn requests(&self) -> Vec<RiotRequest> {
        self.lock().requests.clone()
    }

    /// How many requests arrived at an endpoint.
    pub fn calls(&self, endpoint: RiotEndpoint) -> usize {
        self.lock().requests.iter().filter(|request| request.endpoint == Some(endpoint)).count()
    }

    /// Requests that were over a limit, by bucket: `americas/application`, `americas/match/method`. A client that
    /// keeps the limits leaves this empty.
    pub fn over_limit(&self) -> BTreeMap<String, usize> {
        self.lock().over_limit.clone()
    }

    /// 429s that a script asked for, by bucket: `americas/match/service`.
    pub fn scripted_refusals(&self) -> BTreeMap<String, usize> {
        self.lock().scripted_refusals.clone()
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
    /// The application and the method windows of an endpoint.
    fn windows(
        &mut self,
        rules: &RiotRules,
        routing: &str,
        endpoint: RiotEndpoint,
    ) -> (&mut Windows, &mut Windows) {
        let app = self.app.entry(routing.to_owned()).or_insert_with(|| Windows::new(&self.app_limits));
        let limits = self.method_limits.get(&endpoint).unwrap_or(&rules.method_limits);
        let method =
            self.methods.entry((routing.to_owned(), endpoint)).or_insert_with(|| Windows::new(limits));
        (app, method)
    }

    fn next_step(&mut self, endpoint: RiotEndpoint, now: Instant) -> RiotStep {
        if let Some((end, step)) = &self.outage
            && now < *end
        {
            return step.clone();
        }
        if let Some(step) = self.scripts.get_mut(&endpoint).and_then(VecDeque::pop_front) {
            return step;
        }
        if self.always.is_empty() {
            return RiotStep::Pass;
        }
        self.always_index += 1;
        self.always[(self.always_index - 1) % self.always.len()].clone()
    }
}
