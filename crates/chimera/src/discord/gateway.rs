//! The gateway: interactions over a connection that we open, for people without a public address.
//!
//! Reconnecting and resuming is twilight's; answers go through the callback address.

use std::time::Duration;

use futures::StreamExt;
use serde::Deserialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twilight_gateway::{CloseFrame, ConfigBuilder, Intents, Message, Shard, ShardId};

use crate::{
    app::App,
    discord::{handle::handle, incoming::Interaction, incoming::MAX_BODY_BYTES, verify::Verifier},
    metric_names,
};

/// Discord forgets an interaction that nobody answered by then.
const ANSWER_BOUND: Duration = Duration::from_millis(2_900);
/// At shutdown, how long to wait for Discord to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// What every event of ours contains; other events are not even parsed.
const EVENT: &str = "\"INTERACTION_CREATE\"";

/// Why the gateway ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// There is no token to connect with.
    #[error("the gateway needs discord.bot_token (DISCORD_BOT_TOKEN)")]
    TokenMissing,
    /// Discord closed for good: a wrong token or a switched-off application.
    #[error("discord closed the gateway for good; is the bot token right?")]
    ClosedForGood,
}

#[derive(Deserialize)]
struct Event {
    t: Option<String>,
    d: Interaction,
}

/// Takes interactions until `stop`. Returns by itself only when Discord refuses us for good.
pub async fn run(app: App, stop: CancellationToken) -> Result<(), GatewayError> {
    let discord = &app.config.discord;
    if discord.bot_token.is_empty() {
        return Err(GatewayError::TokenMissing);
    }
    let mut config = ConfigBuilder::new(discord.bot_token.expose().to_owned(), Intents::empty());
    if !discord.gateway_url.is_empty() {
        config = config.proxy_url(discord.gateway_url.clone());
    }
    let mut shard = Shard::with_config(ShardId::ONE, config.build());
    // After a resume Discord repeats what it is not sure of; each interaction is taken once.
    let Ok(seen) = Verifier::new([]) else { return Err(GatewayError::ClosedForGood) };
    loop {
        let message = tokio::select! {
            () = stop.cancelled() => {
                say_goodbye(&mut shard).await;
                return Ok(());
            }
            message = shard.next() => message,
        };
        match message {
            None => return Err(GatewayError::ClosedForGood),
            Some(Ok(Message::Text(text))) => {
                if let Some(interaction) = read(&text)
                    && seen.first_time(&interaction.id, app.clock.now().as_second()).is_ok()
                {
                    app.discord.spawn(answer(app.clone(), interaction));
                }
            }
            Some(Ok(Message::Close(frame))) => {
                let code = frame.as_ref().map(|frame| frame.code);
                tracing::info!(?code, "discord closed the gateway's connection");
            }
            Some(Err(error)) => tracing::warn!(%error, "the gateway's connection had a fault"),
        }
    }
}

/// An interaction, when the event is one.
fn read(text: &str) -> Option<Interaction> {
    if text.len() > MAX_BODY_BYTES || !text.contains(EVENT) {
        return None;
    }
    match serde_json::from_str::<Event>(text) {
        Ok(event) if event.t.as_deref() == Some("INTERACTION_CREATE") => Some(event.d),
        Ok(_) => None,
        Err(error) => {
            tracing::warn!(%error, "an interaction from the gateway cannot be read");
            None
        }
    }
}

async fn answer(app: App, interaction: Interaction) {
    let begin = Instant::now();
    let (id, token, kind) = (interaction.id.clone(), interaction.token.clone(), interaction.kind.as_str());
    let response = handle(&app, interaction).await;
    let callback = response.callback.json();
    let answered =
        tokio::time::timeout_at(begin + ANSWER_BOUND, app.discord.answer(&id, &token, &callback)).await;
    metrics::counter!(metric_names::INTERACTIONS_TOTAL, "kind" => kind).increment(1);
    metrics::histogram!(metric_names::ACKNOWLEDGE_SECONDS).record(begin.elapsed().as_secs_f64());
    match answered {
        Ok(Ok(())) => {
            if let Some(after) = response.after {
                after.await;
            }
        }
        Ok(Err(error)) => tracing::warn!(%error, interaction = id, "an interaction could not be answered"),
        Err(_) => tracing::warn!(interaction = id, "an interaction could not be answered in time"),
    }
}

async fn say_goodbye(shard: &mut Shard) {
    shard.close(CloseFrame::NORMAL);
    let closed = async {
        while let Some(message) = shard.next().await {
            if matches!(message, Ok(Message::Close(_)) | Err(_)) {
                break;
            }
        }
    };
    if tokio::time::timeout(GOODBYE, closed).await.is_err() {
        tracing::debug!("discord did not confirm the end of the gateway's connection");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_interactions_are_read() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(read(text).map(|interaction| interaction.id).as_deref(), expected, "{text}");
        };
        check(r#"{"op":0,"s":3,"t":"INTERACTION_CREATE","d":{"id":"7","type":2,"token":"t"}}"#, Some("7"));
        check(r#"{"op":0,"s":3,"t":"MESSAGE_CREATE","d":{"content":"\"INTERACTION_CREATE\""}}"#, None);
        check(r#"{"op":0,"s":3,"t":"INTERACTION_CREATE","d":{}}"#, None);
        check(r#"{"op":11}"#, None);
    }
}
