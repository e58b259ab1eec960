//! Discord's answers: error bodies, rate limit headers, and the objects that good requests get.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::script::LimitScope;

/// One answer before it becomes HTTP.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) headers: Vec<(&'static str, String)>,
    /// Set for a 429 of a shared limit, which counts against nobody.
    pub(super) is_shared: bool,
}

impl Reply {
    pub(super) fn good(status: u16, body: Value) -> Self {
        Self { status, body, headers: Vec::new(), is_shared: false }
    }

    /// An error of Discord's with its usual text.
    pub(super) fn error(status: u16, code: u32) -> Self {
        let message = match (status, code) {
            (401, 0) => "401: Unauthorized",
            (403, 0) => "403: Forbidden",
            (404, 0) => "404: Not Found",
            (405, _) => "405: Method Not Allowed",
            (_, 10_003) => "Unknown Channel",
            (_, 10_008) => "Unknown Message",
            (_, 10_015) => "Unknown Webhook",
            (_, 10_062) => "Unknown interaction",
            (_, 40_060) => "Interaction has already been acknowledged.",
            (_, 40_333) => {
                "Cloudflare is blocking your request. This can often be resolved by setting a proper User Agent"
            }
            (_, 50_001) => "Missing Access",
            (_, 50_006) => "Cannot send an empty message",
            (_, 50_013) => "Missing Permissions",
            (_, 50_027) => "Invalid Webhook Token",
            (_, 50_109) => "The request body contains invalid JSON.",
            (500.., _) => "Internal Server Error",
            _ => "An error",
        };
        Self::good(status, json!({"message": message, "code": code}))
    }

    pub(super) fn rate_limited(scope: LimitScope, retry_after: f64, says_when: bool) -> Self {
        let mut body =
            json!({"message": "You are being rate limited.", "global": scope == LimitScope::Global});
        let mut headers = vec![("x-ratelimit-scope", scope.as_str().to_owned())];
        if scope == LimitScope::Global {
            headers.push(("x-ratelimit-global", "true".to_owned()));
        }
        if says_when {
            body["retry_after"] = json!(retry_after);
            // The header is in whole seconds, the body is exact.
            headers.push(("retry-after", format!("{}", retry_after.ceil())));
        }
        Self { status: 429, body, headers, is_shared: scope == LimitScope::Shared }
    }

    /// What stands before Discord when a machine is banned.
    pub(super) fn page(status: u16) -> Self {
        Self::good(status, Value::String(format!("<html><title>error code: 1015</title>{status}</html>")))
    }

    pub(super) fn with(mut self, headers: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        self.headers.extend(headers);
        self
    }

    pub(super) fn into_response(self) -> Response {
        let (content_type, text) = match &self.body {
            Value::Null => ("application/json", String::new()),
            Value::String(page) => ("text/html; charset=UTF-8", page.clone()),
            body => ("application/json", body.to_string()),
        };
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Body::from(text)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// A message as Discord gives it back, with the fields that client libraries insist on.
pub(super) fn message_object(id: u64, channel_id: &str, application_id: u64, message: &Value) -> Value {
    let of =
        |key: &str, default: Value| message.get(key).filter(|v| !v.is_null()).cloned().unwrap_or(default);
    let mut embeds = of("embeds", json!([]));
    for embed in embeds.as_array_mut().into_iter().flatten() {
        embed["type"] = json!("rich");
    }
    json!({
        "id": id.to_string(), "channel_id": channel_id, "type": 0, "webhook_id": application_id.to_string(),
        "application_id": application_id.to_string(),
        "author": {"id": application_id.to_string(), "username": "chimera", "discriminator": "0000", "avatar": null, "bot": true},
        "content": of("content", json!("")), "embeds": embeds, "components": of("components", json!([])),
        "attachments": [], "mentions": [], "mention_roles": [], "mention_everyone": false, "pinned": false,
        "tts": false, "timestamp": "2026-11-21T10:00:00.000000+00:00", "edited_timestamp": null,
        "flags": of("flags", json!(0)),
    })
}

/// The bot's own user.
pub(super) fn bot_user(application_id: u64) -> Value {
    json!({
        "id": application_id.to_string(), "username": "chimera", "discriminator": "0000", "avatar": null, "banner": null,
        "accent_color": null, "global_name": null, "bot": true, "verified": true, "email": null, "mfa_enabled": false,
        "flags": 0, "public_flags": 0,
    })
}
