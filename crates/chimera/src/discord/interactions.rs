//! `POST /discord/interactions`: verified, parsed, answered. Holds nothing between requests but the ids of the last
//! minutes, so that replicas may stand side by side.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Json},
    routing::post,
};
use chassis::Problem;
use tokio::time::Instant;

use crate::{
    app::App,
    config::DiscordConfig,
    discord::{
        handle::handle,
        incoming::{Interaction, MAX_BODY_BYTES},
        verify::{KeyError, Refusal, Verifier},
    },
    metric_names,
};

/// Where Discord posts to.
pub const PATH: &str = "/discord/interactions";
const SIGNATURE: &str = "x-signature-ed25519";
const TIMESTAMP: &str = "x-signature-timestamp";
/// The answer needs a moment to reach Discord before it can be edited; an edit that comes earlier is repeated.
const HEAD_START: Duration = Duration::from_millis(60);

struct Endpoint {
    app: App,
    verifier: Verifier,
}

/// The public keys that the configuration names: one, or several with commas between them while they are changed.
pub fn verifier(config: &DiscordConfig) -> Result<Verifier, KeyError> {
    Verifier::new(config.public_key.split(',').map(str::trim).filter(|key| !key.is_empty()))
}

/// The endpoint. Without a public key it answers 503; a malformed one was refused when the settings were checked and
/// counts as none.
pub fn routes(app: App) -> Router {
    let verifier = verifier(&app.config.discord).or_else(|error| {
        tracing::error!(%error, "discord.public_key cannot be used");
        Verifier::new([])
    });
    let Ok(verifier) = verifier else { return Router::new() };
    Router::new()
        .route(PATH, post(receive))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Arc::new(Endpoint { app, verifier }))
}

async fn receive(
    State(endpoint): State<Arc<Endpoint>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<impl IntoResponse, Problem> {
    let begin = Instant::now();
    let interaction = endpoint.take(&headers, &body)?;
    let kind = interaction.kind.as_str();
    let response = handle(&endpoint.app, interaction).await;
    if let Some(after) = response.after {
        endpoint.app.discord.spawn(async move {
            tokio::time::sleep(HEAD_START).await;
            after.await;
        });
    }
    metrics::counter!(metric_names::INTERACTIONS_TOTAL, "kind" => kind).increment(1);
    metrics::histogram!(metric_names::ACKNOWLEDGE_SECONDS).record(begin.elapsed().as_secs_f64());
    Ok(Json(response.callback.json()))
}

impl Endpoint {
    /// The interaction, if it is Discord's, fresh, and new.
    fn take(&self, headers: &HeaderMap, body: &[u8]) -> Result<Interaction, Problem> {
        if !self.verifier.has_keys() {
            return Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "discord_not_configured",
                "This program does not know Discord's public key.",
                "Set `discord.public_key` (DISCORD_PUBLIC_KEY).",
            ));
        }
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let now_s = self.app.clock.now().as_second();
        self.verifier.check(text(SIGNATURE), text(TIMESTAMP), body, now_s).map_err(refused)?;
        let interaction: Interaction = serde_json::from_slice(body).map_err(|error| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "invalid_interaction",
                "The body is not an interaction.",
                "Send it as Discord's documentation describes it.",
            )
            .with_cause(error)
        })?;
        self.verifier.first_time(&interaction.id, now_s).map_err(refused)?;
        Ok(interaction)
    }
}

/// One answer for all refusals; which it was is counted.
fn refused(refusal: Refusal) -> Problem {
    let reason = match refusal {
        Refusal::Malformed => "malformed",
        Refusal::Forged => "forged",
        Refusal::Stale => "stale",
        Refusal::Replayed => "replayed",
    };
    metrics::counter!(metric_names::INTERACTIONS_TOTAL, "kind" => reason).increment(1);
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "signature_refused",
        "The request is not signed by Discord, not fresh, or came before.",
        "Only Discord can send requests here.",
    )
}
