//! Discord's side of an interactions endpoint: signs, posts, waits three seconds, checks the response.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::FakeDiscord;
use crate::discord_signing::DiscordKey;

/// What an endpoint made of an interaction.
#[derive(Debug, Clone)]
pub struct Posted {
    /// The HTTP status; 0 when nothing came within the limit.
    pub status: u16,
    /// The response; `Null` when it was no JSON.
    pub body: Value,
    /// How long it took.
    pub took: Duration,
    /// Why people would see "The application did not respond". `None` when all is well.
    pub failure: Option<String>,
}

impl FakeDiscord {
    /// Signs an interaction and posts it to an endpoint, as Discord does. The interaction becomes known under its
    /// token, and its response counts when it comes in time and is fit. Fields that Discord always sends are filled in.
    pub async fn post_interaction(
        &self,
        endpoint: &str,
        key: &DiscordKey,
        timestamp_s: i64,
        interaction: &Value,
    ) -> Posted {
        let (interaction, token) = self.shared.open_from(interaction);
        let body = interaction.to_string();
        let limit = self.shared.rules.response_limit;
        let start = Instant::now();
        let sent = async {
            let client = reqwest::Client::builder().no_proxy().timeout(limit).build()?;
            let mut request = client.post(endpoint).header("content-type", "application/json");
            for (name, value) in key.sign(&timestamp_s.to_string(), body.as_bytes()) {
                request = request.header(name, value);
            }
            let response = request.header("user-agent", "Discord-Interactions/1.0").body(body).send().await?;
            let status = response.status().as_u16();
            Ok::<_, reqwest::Error>((status, response.bytes().await?))
        };
        let sent = sent.await;
        let took = start.elapsed();
        let (status, body) = match sent {
            Ok((status, bytes)) => (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)),
            Err(error) => {
                return Posted { status: 0, body: Value::Null, took, failure: Some(error.to_string()) };
            }
        };
        let failure = if status != 200 {
            Some(format!("status {status}"))
        } else if took > limit {
            Some(format!("{took:?} is too late"))
        } else {
            let mut state = self.lock();
            let respond = |interaction: &mut super::Interaction| interaction.respond(&body);
            state.interactions.get_mut(&token).and_then(respond).map(|error| error.to_string())
        };
        if let Some(failure) = failure.clone().filter(|_| status == 200) {
            self.lock().refusals.push(failure);
        }
        Posted { status, body, took, failure }
    }
}
