//! Scripted model providers over real HTTP on 127.0.0.1, as strict as the public services.
//!
//! Each fake speaks one provider's protocol: it refuses what that provider refuses, with the provider's own error
//! body, and streams in the provider's own event shape. A request that passes takes the next script from the
//! queue. The server runs on a thread of its own, so a test may pause its clock or block.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    response::Response,
};
use http::HeaderMap;
use serde_json::Value;

use crate::loopback::Loopback;

mod anthropic;
mod delivery;
mod gemini;
mod incoming;
mod ollama;
mod openai;
mod script;

use incoming::{Call, Incoming, Refusal};
pub use script::{INSTANT_TEXT, Script, Stop, UsageShape, tokens};

/// Larger bodies are answered with 413, as the providers do.
const MAX_REQUEST_BYTES: usize = 32 * 1024 * 1024;
/// How many requests [`FakeLlm::requests`] keeps, so that a long storm does not fill the memory.
const MAX_RECORDED: usize = 1_000;

/// A running fake provider; dropping it cuts every connection and frees the port.
#[derive(Debug)]
pub struct FakeLlm {
    provider: Provider,
    server: Loopback,
    shared: Arc<Shared>,
}

/// One request as it arrived, refused ones included.
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    /// Path with query: `/v1/chat/completions`.
    pub path: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The body; text that is not JSON becomes a JSON string.
    pub body: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Provider {
    OpenAi,
    Anthropic,
    Gemini,
    Ollama,
}

#[derive(Debug)]
struct Shared {
    provider: Provider,
    state: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    queue: VecDeque<Script>,
    always: Script,
    key: Option<String>,
    piece_bytes: Option<usize>,
    requests: VecDeque<RecordedRequest>,
    refusals: Vec<String>,
    calls: usize,
}

impl FakeLlm {
    /// OpenAI's chat completions at `/v1/chat/completions`.
    pub async fn openai() -> Self {
        Self::start(Provider::OpenAi)
    }

    /// Anthropic's messages at `/v1/messages`.
    pub async fn anthropic() -> Self {
        Self::start(Provider::Anthropic)
    }

    /// Gemini's `generateContent` and `streamGenerateContent` under `/v1beta/models/`.
    pub async fn gemini() -> Self {
        Self::start(Provider::Gemini)
    }

    /// Ollama's `/api/chat`. It asks for no key, as Ollama does not.
    pub async fn ollama() -> Self {
        Self::start(Provider::Ollama)
    }

    fn start(provider: Provider) -> Self {
        let shared = Arc::new(Shared { provider, state: Mutex::new(Inner::new()) });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        match Loopback::serve("fake-llm", app) {
            Ok(server) => Self { provider, server, shared },
            Err(error) => panic!("starting a fake model server: {error}"),
        }
    }

    /// The address to configure, ending with a slash: `http://127.0.0.1:PORT/v1/` for OpenAI and Anthropic,
    /// `/v1beta/` for Gemini, `/` for Ollama.
    pub fn base_url(&self) -> String {
        let path = match self.provider {
            Provider::OpenAi | Provider::Anthropic => "v1/",
            Provider::Gemini => "v1beta/",
            Provider::Ollama => "",
        };
        format!("http://{}/{path}", self.server.address())
    }

    /// Adds a script for one accepted call, after those already waiting.
    pub fn push(&self, script: Script) {
        self.shared.lock().queue.push_back(script);
    }

    /// Sets the script for every call that finds the queue empty. Until then that is [`Script::Echo`].
    pub fn always(&self, script: Script) {
        self.shared.lock().always = script;
    }

    /// Accepts this key only. Until then every key that is not empty will do.
    pub fn require_key(&self, key: &str) {
        self.shared.lock().key = Some(key.to_owned());
    }

    /// Cuts bodies into pieces of so many bytes, through the middle of characters and events, as a network may.
    pub fn cut_bodies_every(&self, bytes: usize) {
        self.shared.lock().piece_bytes = Some(bytes.max(1));
    }

    /// What arrived, oldest first; the last 1,000 at most.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.lock().requests.iter().cloned().collect()
    }

    /// How many requests arrived since the start, refused ones included.
    pub fn calls(&self) -> usize {
        self.shared.lock().calls
    }

    /// The error bodies of the requests that the provider itself would have refused. A client that keeps to the
    /// protocol leaves this empty; scripted failures are not in it.
    pub fn refusals(&self) -> Vec<String> {
        self.shared.lock().refusals.clone()
    }
}

impl Inner {
    fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            always: Script::Echo,
            key: None,
            piece_bytes: None,
            requests: VecDeque::new(),
            refusals: Vec::new(),
            calls: 0,
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, incoming: &Incoming) {
        let mut state = self.lock();
        state.calls += 1;
        if state.requests.len() == MAX_RECORDED {
            state.requests.pop_front();
        }
        state.requests.push_back(RecordedRequest {
            path: incoming.path_and_query.clone(),
            headers: incoming.headers.clone(),
            body: incoming.recorded_body(),
        });
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let provider = shared.provider;
    let (parts, body) = request.into_parts();
    let body: Option<Bytes> = axum::body::to_bytes(body, MAX_REQUEST_BYTES).await.ok();
    let incoming = Incoming::new(&parts, body.as_deref());
    shared.record(&incoming);
    let key = shared.lock().key.clone();
    let accepted = match body {
        Some(_) => provider.accept(&incoming, key.as_deref()),
        None => Err(provider.refusal(413, "Request exceeds the maximum size")),
    };
    match accepted {
        Ok(call) => {
            let (script, piece_bytes) = {
                let mut state = shared.lock();
                let script = state.queue.pop_front().unwrap_or_else(|| state.always.clone());
                (script, state.piece_bytes)
            };
            delivery::deliver(provider, &call, script, piece_bytes).await
        }
        Err(refusal) => {
            shared.lock().refusals.push(refusal.body.to_string());
            delivery::refuse(&refusal)
        }
    }
}

impl Provider {
    fn accept(self, incoming: &Incoming, key: Option<&str>) -> Result<Call, Refusal> {
        match self {
            Self::OpenAi => openai::accept(incoming, key),
            Self::Anthropic => anthropic::accept(incoming, key),
            Self::Gemini => gemini::accept(incoming, key),
            Self::Ollama => ollama::accept(incoming),
        }
    }

    /// The provider's own error body for a status.
    fn refusal(self, status: u16, message: &str) -> Refusal {
        match self {
            Self::OpenAi => openai::error(status, message),
            Self::Anthropic => anthropic::error(status, message),
            Self::Gemini => gemini::error(status, message),
            Self::Ollama => ollama::error(status, message),
        }
    }
}
