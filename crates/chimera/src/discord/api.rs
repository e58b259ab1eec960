//! The client towards Discord: every request passes the guard, keeps the limits, and never shows a token.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use chassis::{Backoff, Clock, Secret};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde::Serialize;
use serde_json::Value;
use tokio_util::task::TaskTracker;

use crate::discord::{guard::Guard, incoming::InteractionToken, message::Message};

mod deliver;
mod route;
mod send;

pub use deliver::Delivered;
use route::Route;

/// How to reach Discord.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// With the version and without a slash at the end.
    pub base_url: String,
    /// For messages to channels and for registering commands; replies to interactions do without.
    pub bot_token: Secret,
    /// Fewer invalid responses than this are ever caused in ten minutes.
    pub invalid_limit: usize,
    /// Requests a second over all routes that Discord counts together.
    pub global_per_second: u32,
    /// Of one request.
    pub request_timeout: Duration,
    /// Of one call with its waits and retries.
    pub call_timeout: Duration,
    /// Between tries after a fault of Discord's.
    pub backoff: Backoff,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            base_url: "https://discord.com/api/v10".to_owned(),
            bot_token: Secret::default(),
            invalid_limit: 100,
            global_per_second: 50,
            request_timeout: Duration::from_secs(5),
            call_timeout: Duration::from_secs(30),
            backoff: Backoff {
                base: Duration::from_millis(250),
                factor: 2.0,
                max: Duration::from_secs(5),
                jitter: 0.5,
            },
        }
    }
}

/// Why Discord did not take a request. No text carries a token or an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The guard is shut; nothing was sent.
    #[error("nothing is sent to discord for now: too many requests were refused")]
    Shut,
    /// There is no bot token and the request needs one; nothing was sent.
    #[error("discord's bot token is not configured")]
    TokenMissing,
    /// Discord refused the bot token once; nothing is sent with it any more.
    #[error("discord refuses the bot token")]
    TokenRejected,
    /// The limit will not be free again soon enough.
    #[error("discord's rate limit is used up for {} ms", retry_after.as_millis())]
    RateLimited {
        /// When it is worth another try.
        retry_after: Duration,
    },
    /// Discord refused, and would again.
    #[error("discord refused {route} with {status} (code {code}): {reason}")]
    Refused {
        /// Which request.
        route: &'static str,
        /// The HTTP status.
        status: u16,
        /// Discord's own number; 0 when it gave none.
        code: u64,
        /// Discord's words, cut.
        reason: String,
    },
    /// Discord could not be reached, or failed itself, after all tries.
    #[error("discord could not be reached by {route}: {reason}")]
    Unavailable {
        /// Which request.
        route: &'static str,
        /// What happened last.
        reason: String,
    },
    /// An id or token that cannot stand in an address; nothing was sent.
    #[error("an id of the interaction is malformed")]
    Malformed,
    /// The client could not be made.
    #[error("the discord client cannot be made: {0}")]
    Client(String),
}

impl ApiError {
    /// Whether the interaction's token has run out or never existed.
    pub fn is_token_gone(&self) -> bool {
        matches!(self, ApiError::Refused { status: 404, .. } | ApiError::Refused { code: 50_027, .. })
    }

    /// Whether the same request may succeed later; a job should be tried again.
    pub fn is_transient(&self) -> bool {
        matches!(self, ApiError::Shut | ApiError::RateLimited { .. } | ApiError::Unavailable { .. })
    }
}

/// The client; clones share its limits.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    settings: ApiSettings,
    http: reqwest::Client,
    guard: Guard,
    buckets: super::buckets::Buckets,
    global: DefaultDirectRateLimiter,
    /// Replies that are being made.
    under_way: TaskTracker,
    /// Set by the first 401 to a request with the bot token.
    bot_rejected: std::sync::atomic::AtomicBool,
    clock: Clock,
}

impl Api {
    /// Makes the client; nothing is sent yet.
    pub fn new(settings: ApiSettings, clock: Clock) -> Result<Self, ApiError> {
        let mut builder = reqwest::Client::builder()
            .timeout(settings.request_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("DiscordBot (chimera, 0.0.0)");
        if ["http://127.0.0.1", "http://localhost", "http://[::1]"]
            .iter()
            .any(|local| settings.base_url.starts_with(local))
        {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| ApiError::Client(error.to_string()))?;
        let per_second = NonZeroU32::new(settings.global_per_second).unwrap_or(NonZeroU32::MIN);
        Ok(Self(Arc::new(Inner {
            guard: Guard::new(settings.invalid_limit),
            buckets: super::buckets::Buckets::new(),
            global: RateLimiter::direct(Quota::per_second(per_second)),
            under_way: TaskTracker::new(),
            bot_rejected: false.into(),
            settings,
            http,
            clock,
        })))
    }

    /// Counts and the door; workers ask it whether to pause.
    pub fn guard(&self) -> &Guard {
        &self.0.guard
    }

    /// Runs work that ends in a reply; [`drain`](Self::drain) waits for it.
    pub fn spawn(&self, reply: impl Future<Output = ()> + Send + 'static) {
        self.0.under_way.spawn(reply);
    }

    /// At shutdown: waits up to `limit` for the replies under way. Says whether all were made.
    pub async fn drain(&self, limit: Duration) -> bool {
        self.0.under_way.close();
        tokio::time::timeout(limit, self.0.under_way.wait()).await.is_ok()
    }

    /// Puts a message in the place of the deferred reply or of what stood there.
    pub async fn edit_original(
        &self,
        application_id: &str,
        token: &InteractionToken,
        message: &Message,
    ) -> Result<(), ApiError> {
        self.send(&Route::edit_original(application_id, token)?, message).await.map(drop)
    }

    /// Adds a message below the reply.
    pub async fn followup(
        &self,
        application_id: &str,
        token: &InteractionToken,
        message: &Message,
    ) -> Result<(), ApiError> {
        self.send(&Route::followup(application_id, token)?, message).await.map(drop)
    }

    /// Answers an interaction that came through the gateway; `callback` is the JSON that the endpoint would return.
    pub async fn answer(
        &self,
        interaction_id: &str,
        token: &InteractionToken,
        callback: &Value,
    ) -> Result<(), ApiError> {
        self.send(&Route::callback(interaction_id, token)?, callback).await.map(drop)
    }

    /// Posts to a channel with the bot's token. Two messages with one `nonce` (at most 25 characters) within minutes
    /// become one.
    pub async fn create_message(
        &self,
        channel_id: &str,
        message: &Message,
        nonce: &str,
    ) -> Result<(), ApiError> {
        #[derive(Serialize)]
        struct Once<'a> {
            #[serde(flatten)]
            message: Value,
            nonce: &'a str,
            enforce_nonce: bool,
        }
        let message = serde_json::to_value(message).map_err(|_| ApiError::Malformed)?;
        let body = Once { message, nonce, enforce_nonce: true };
        self.send(&Route::channel_message(channel_id)?, &body).await.map(drop)
    }

    /// Replaces all commands, of one server or everywhere. Gives how many Discord has now.
    pub async fn register_commands(
        &self,
        application_id: &str,
        guild_id: Option<&str>,
        commands: &[Value],
    ) -> Result<usize, ApiError> {
        let answer = self.send(&Route::commands(application_id, guild_id)?, &commands).await?;
        Ok(answer.as_array().map_or(0, Vec::len))
    }
}
