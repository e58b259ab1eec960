//! One configured model server: its client, its target, and what is remembered about its last call.

mod failure;
mod retry_after;
mod wire;

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use chassis::secret::Secret;
use genai::chat::{ChatOptions, ChatStream};
use genai::resolver::{AuthData, Endpoint as GenaiEndpoint};
use genai::{Client, ModelIden, ServiceTarget};
use jiff::Timestamp;

pub use failure::{Failure, FailureKind};
use failure::{from_genai, from_verdict};
pub(crate) use wire::base_url;

use crate::LlmError;
use crate::breaker::Breaker;
use crate::endpoint::{Gate, Rules};
use crate::request::Message;
use crate::settings::{BreakerSettings, ProviderKind, ProviderSettings};

/// How long a connection may take to be made; the first-token timeout bounds the rest.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A provider that can be called.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: String,
    pub(crate) settings: ProviderSettings,
    pub(crate) breaker: Breaker,
    key: Secret,
    network: Network,
    /// Built at the first call: loading certificates takes time and memory that an unused provider should not cost.
    client: OnceLock<(Client, Option<Gate>)>,
    last: Mutex<LastCall>,
}

/// Whose server it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Network {
    /// The operator's choice: any address, system proxy honoured.
    Trusted,
    /// A user's choice: through a gate.
    UserSet(Rules),
}

/// What the status page shows of the last call.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastCall {
    pub(crate) error: Option<String>,
    pub(crate) latency: Option<Duration>,
}

/// One call's words and parameters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) model: &'a str,
    pub(crate) messages: &'a [Message],
    pub(crate) temperature: Option<f64>,
    pub(crate) max_output_tokens: u32,
}

impl Provider {
    pub(crate) fn new(
        name: &str,
        settings: ProviderSettings,
        key: Secret,
        network: Network,
        breaker: &BreakerSettings,
    ) -> Provider {
        Provider {
            name: name.to_owned(),
            settings,
            breaker: Breaker::new(breaker),
            key,
            network,
            client: OnceLock::new(),
            last: Mutex::default(),
        }
    }

    /// Prepares the stream of one reply. Nothing is sent before the stream is first polled.
    pub(crate) async fn open(&self, call: &Call<'_>) -> Result<ChatStream, Failure> {
        let client = self.client()?;
        let mut options =
            ChatOptions::default().with_capture_usage(true).with_max_tokens(call.max_output_tokens);
        if let Some(temperature) = call.temperature {
            options = options.with_temperature(temperature);
        }
        let request = wire::chat_request(call.messages);
        let response = client.exec_chat_stream(self.target(call.model)?, request, Some(&options)).await;
        response
            .map(|response| response.stream)
            .map_err(|error| from_genai(error, None).without(self.key.expose()))
    }

    /// Reads genai's error; the key of this provider is not in the result, even if the provider quoted it.
    pub(crate) fn failure(&self, error: genai::Error, now: Timestamp) -> Failure {
        let gate = self.client.get().and_then(|(_, gate)| gate.as_ref());
        let failure = match gate.and_then(Gate::take_verdict) {
            Some(verdict) => from_verdict(&verdict),
            None => from_genai(error, Some(now)),
        };
        failure.without(self.key.expose())
    }

    /// # Errors
    /// [`LlmError::MissingKey`] when calls cannot work without one.
    pub(crate) fn check_key(&self) -> Result<(), LlmError> {
        if !self.key.is_empty() || !self.settings.needs_key() {
            return Ok(());
        }
        let variable = format!("LOOM_LLM__PROVIDERS__{}__API_KEY", self.name.to_ascii_uppercase());
        Err(LlmError::MissingKey { provider: self.name.clone(), variable })
    }

    pub(crate) fn remember(&self, error: Option<&Failure>, latency: Duration) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = LastCall { error: error.map(ToString::to_string), latency: Some(latency) };
    }

    pub(crate) fn last_call(&self) -> LastCall {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Label for metrics. A model that a request chose is `other`, so that players cannot make new series.
    pub(crate) fn model_label(&self, model: &str) -> String {
        if matches!(self.network, Network::Trusted) && model == self.settings.model { model } else { "other" }
            .to_owned()
    }

    fn target(&self, model: &str) -> Result<ServiceTarget, Failure> {
        let kind = self.settings.kind;
        let url = base_url(kind, &self.settings.base_url)
            .map_err(|reason| Failure::new(FailureKind::Rejected, &reason))?;
        // A server of one's own may need no key, but the wire format always carries one.
        let key = if self.key.is_empty() { "none" } else { self.key.expose() };
        Ok(ServiceTarget {
            endpoint: GenaiEndpoint::from_owned(url.to_string()),
            auth: AuthData::from_single(key),
            model: ModelIden::new(wire::adapter(kind), model),
        })
    }

    fn client(&self) -> Result<&Client, Failure> {
        if let Some((client, _)) = self.client.get() {
            return Ok(client);
        }
        let built = self.build_client().map_err(|error| Failure::new(FailureKind::Unavailable, &error))?;
        Ok(&self.client.get_or_init(|| built).0)
    }

    fn build_client(&self) -> Result<(Client, Option<Gate>), String> {
        let say = |error: reqwest::Error| error.to_string();
        // Redirects are never followed: the key would travel to wherever they lead. Compression stays off, so that
        // a small reply cannot unfold into a huge one.
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_gzip()
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .pool_idle_timeout(Duration::from_secs(60));
        let mut gate = None;
        match self.network {
            Network::Trusted if !wire::is_loopback(self.settings.kind, &self.settings.base_url) => {}
            Network::Trusted => builder = builder.no_proxy(),
            Network::UserSet(rules) => {
                let opened = Gate::open(rules).map_err(|error| error.to_string())?;
                // One connection a call, so that the gate counts the bytes of one reply.
                builder = builder.proxy(opened.proxy()?).pool_max_idle_per_host(0).http1_only();
                gate = Some(opened);
            }
        }
        let client = Client::builder().with_reqwest(builder.build().map_err(say)?).build();
        Ok((client.map_err(|error| error.to_string())?, gate))
    }
}

impl ProviderKind {
    /// Address used when none is configured.
    #[must_use]
    pub fn public_url(self) -> &'static str {
        match self {
            ProviderKind::OpenAi => "https://api.openai.com/v1/",
            ProviderKind::Anthropic => "https://api.anthropic.com/v1/",
            ProviderKind::Gemini => "https://generativelanguage.googleapis.com/v1beta/",
            ProviderKind::Ollama => "http://localhost:11434/",
            ProviderKind::DeepSeek => "https://api.deepseek.com/v1/",
        }
    }
}
