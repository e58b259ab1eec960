//! The few requests we make, with the address of each and what it is counted under.

use reqwest::Method;

use super::ApiError;
use crate::discord::incoming::{InteractionToken, is_snowflake};

/// One request without its body.
#[derive(Clone)]
pub(super) struct Route {
    pub(super) method: Method,
    /// For logs, metrics and buckets: without ids and tokens.
    pub(super) name: &'static str,
    /// After the base address. Holds the token: never shown.
    pub(super) path: String,
    /// What Discord counts the route by.
    pub(super) major: String,
    /// Whether the bot's token is sent. Without it, the route is outside the global limit as well.
    pub(super) is_bot: bool,
    /// Whether doing it twice is the same as once.
    pub(super) is_repeatable: bool,
}

impl Route {
    pub(super) fn edit_original(application_id: &str, token: &InteractionToken) -> Result<Self, ApiError> {
        let major = webhook(application_id, token)?;
        Ok(Self {
            method: Method::PATCH,
            name: "edit_original",
            path: format!("/webhooks/{major}/messages/@original"),
            major,
            is_bot: false,
            is_repeatable: true,
        })
    }

    pub(super) fn followup(application_id: &str, token: &InteractionToken) -> Result<Self, ApiError> {
        let major = webhook(application_id, token)?;
        Ok(Self {
            method: Method::POST,
            name: "followup",
            path: format!("/webhooks/{major}"),
            major,
            is_bot: false,
            is_repeatable: false,
        })
    }

    pub(super) fn callback(interaction_id: &str, token: &InteractionToken) -> Result<Self, ApiError> {
        let major = webhook(interaction_id, token)?;
        Ok(Self {
            method: Method::POST,
            name: "callback",
            path: format!("/interactions/{major}/callback"),
            major,
            is_bot: false,
            is_repeatable: true,
        })
    }

    pub(super) fn channel_message(channel_id: &str) -> Result<Self, ApiError> {
        let channel_id = snowflake(channel_id)?;
        Ok(Self {
            method: Method::POST,
            name: "channel_message",
            path: format!("/channels/{channel_id}/messages"),
            major: channel_id.to_owned(),
            is_bot: true,
            // The nonce makes it so.
            is_repeatable: true,
        })
    }

    pub(super) fn commands(application_id: &str, guild_id: Option<&str>) -> Result<Self, ApiError> {
        let application_id = snowflake(application_id)?;
        let path = match guild_id {
            None => format!("/applications/{application_id}/commands"),
            Some(guild_id) => {
                format!("/applications/{application_id}/guilds/{}/commands", snowflake(guild_id)?)
            }
        };
        Ok(Self {
            method: Method::PUT,
            name: "register_commands",
            path,
            major: application_id.to_owned(),
            is_bot: true,
            is_repeatable: true,
        })
    }
}

fn webhook(id: &str, token: &InteractionToken) -> Result<String, ApiError> {
    if !token.is_plain() {
        return Err(ApiError::Malformed);
    }
    Ok(format!("{}/{}", snowflake(id)?, token.expose()))
}

fn snowflake(id: &str) -> Result<&str, ApiError> {
    if is_snowflake(id) { Ok(id) } else { Err(ApiError::Malformed) }
}
