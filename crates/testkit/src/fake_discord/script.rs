//! What the fake is told: its rules, and what it does with single requests.

use std::time::Duration;

/// What holds for a whole fake.
#[derive(Debug, Clone)]
pub struct DiscordRules {
    /// The bot's token; requests that need one must have exactly this.
    pub bot_token: String,
    /// The application, and with it the bot's user.
    pub application_id: u64,
    /// How long an interaction may stay without a response.
    pub response_limit: Duration,
    /// How long a token of an interaction is good for.
    pub token_lifetime: Duration,
    /// Requests a second, those of interactions apart; above it 429 with scope `global`.
    pub global_per_second: u32,
    /// Requests of one bucket (a channel, a token of an interaction) in [`DiscordRules::bucket_window`].
    pub bucket_limit: u32,
    /// See [`DiscordRules::bucket_limit`].
    pub bucket_window: Duration,
    /// So many invalid requests in ten minutes and everything is refused, as behind Cloudflare's ban.
    pub ban_after: usize,
    /// Between two heartbeats that the gateway asks for.
    pub heartbeat_interval: Duration,
}

impl Default for DiscordRules {
    fn default() -> Self {
        Self {
            bot_token: "fake-bot-token".to_owned(),
            application_id: 9_001,
            response_limit: Duration::from_secs(3),
            token_lifetime: Duration::from_secs(15 * 60),
            global_per_second: 50,
            bucket_limit: 5,
            bucket_window: Duration::from_secs(1),
            ban_after: 10_000,
            heartbeat_interval: Duration::from_millis(41_250),
        }
    }
}

/// A kind of request to the REST API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DiscordRoute {
    /// `PATCH /webhooks/{application}/{token}/messages/@original`
    EditOriginal,
    /// `POST /webhooks/{application}/{token}`
    Followup,
    /// `POST /interactions/{id}/{token}/callback`
    Callback,
    /// `POST /channels/{id}/messages`
    ChannelMessage,
    /// `PUT /applications/{id}/commands`, also of one guild
    Commands,
    /// `GET /gateway/bot`
    GatewayBot,
}

/// How a token of an interaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenEnd {
    /// 404 with code 10015, "Unknown Webhook".
    UnknownWebhook,
    /// 404 with code 50027, "Invalid Webhook Token".
    InvalidToken,
    /// 401 with code 50027, which counts as an invalid request.
    Unauthorized,
}

/// What is done with one request instead of carrying it out.
#[derive(Debug, Clone, PartialEq)]
pub enum DiscordStep {
    /// Carries it out, to let some pass between faults.
    Pass,
    /// An error with Discord's body for this status.
    Status(u16),
    /// An error with this code of Discord's.
    Code {
        /// The HTTP status.
        status: u16,
        /// Discord's code, as 50001 "Missing Access".
        code: u32,
    },
    /// 429.
    RateLimited {
        /// Whose limit it is. A `shared` one does not count as an invalid request.
        scope: LimitScope,
        /// Seconds in header and body.
        retry_after: f64,
        /// Without it, neither header nor body says how long.
        says_when: bool,
    },
    /// Cloudflare's own page instead of JSON.
    CloudflarePage(u16),
    /// Waits in real time, then does the other.
    Slow(Duration, Box<Self>),
    /// Reads the request and never answers.
    Stall,
    /// Resets the connection.
    Reset,
    /// Carries it out, and then resets the connection instead of answering.
    CarryOutAndReset,
}

/// Whose limit a 429 is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitScope {
    /// This bot on this route.
    User,
    /// This bot on all routes.
    Global,
    /// Something that all bots share.
    Shared,
}

impl LimitScope {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Global => "global",
            Self::Shared => "shared",
        }
    }
}

impl DiscordStep {
    /// A 429 of the user's scope that says how long to wait.
    pub fn rate_limited(retry_after: f64) -> Self {
        Self::RateLimited { scope: LimitScope::User, retry_after, says_when: true }
    }
}
