//! Anthropic's messages: what they refuse, and how they answer.

use http::Method;
use serde_json::{Value, json};

use super::{
    delivery::Frames,
    incoming::{Call, Incoming, Line, Refusal, content_text, unknown_field},
    script::{Answer, Stop, UsageShape, tokens},
};

const PATH: &str = "/v1/messages";

const FIELDS: &[&str] = &[
    "model",
    "messages",
    "max_tokens",
    "cache_control",
    "container",
    "context_management",
    "inference_geo",
    "mcp_servers",
    "metadata",
    "output_config",
    "output_format",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
];

/// Models from here on refuse a conversation that ends with the assistant's own words.
const WITHOUT_PREFILL: [&str; 4] =
    ["claude-opus-4-6", "claude-sonnet-4-6", "claude-opus-4-7", "claude-opus-4-8"];

pub(super) fn accept(incoming: &Incoming, key: Option<&str>) -> Result<Call, Refusal> {
    if incoming.path != PATH {
        return Err(error(404, "Not Found"));
    }
    if incoming.method != Method::POST {
        return Err(error(405, "Method Not Allowed"));
    }
    match (incoming.header("x-api-key"), key) {
        (None, _) => return Err(error(401, "x-api-key header is required")),
        (Some(given), Some(key)) if given != key => return Err(error(401, "invalid x-api-key")),
        _ => {}
    }
    match incoming.header("anthropic-version") {
        None => return Err(error(400, "anthropic-version: header is required")),
        Some("2023-06-01" | "2023-01-01") => {}
        Some(other) => {
            return Err(error(400, &format!("anthropic-version: \"{other}\" is not a valid version")));
        }
    }
    if !incoming.is_json() {
        return Err(error(400, "Content-Type must be application/json"));
    }
    let body = incoming
        .object()
        .map_err(|reason| error(400, &format!("The request body is not valid JSON: {reason}")))?;
    check_parameters(&body)?;
    let model = body.get("model").and_then(Value::as_str).unwrap_or_default();
    let mut lines = read_messages(&body, model)?;
    if let Some(system) = body.get("system") {
        let text =
            content_text(system).ok_or_else(|| error(400, "system: Input should be a valid string"))?;
        lines.push(Line { role: "system".to_owned(), text });
    }
    let stream = body.get("stream").and_then(Value::as_bool).unwrap_or(false);
    Ok(Call::new(model, stream, &lines))
}

fn check_parameters(body: &Value) -> Result<(), Refusal> {
    for field in ["model", "max_tokens", "messages"] {
        if body.get(field).is_none() {
            return Err(error(400, &format!("{field}: Field required")));
        }
    }
    if let Some(field) = unknown_field(body, FIELDS) {
        return Err(error(400, &format!("{field}: Extra inputs are not permitted")));
    }
    match body["model"].as_str() {
        None => return Err(error(400, "model: Input should be a valid string")),
        Some("") => return Err(error(400, "model: String should have at least 1 character")),
        Some(_) => {}
    }
    match body["max_tokens"].as_i64() {
        None => return Err(error(400, "max_tokens: Input should be a valid integer")),
        Some(limit) if limit < 1 => {
            return Err(error(400, "max_tokens: Input should be greater than or equal to 1"));
        }
        Some(_) => {}
    }
    if body.get("stream").is_some_and(|stream| !stream.is_boolean()) {
        return Err(error(400, "stream: Input should be a valid boolean"));
    }
    match body.get("temperature").map(Value::as_f64) {
        Some(None) => Err(error(400, "temperature: Input should be a valid number")),
        Some(Some(temperature)) if !(0.0..=1.0).contains(&temperature) => {
            Err(error(400, "temperature: range: 0..1"))
        }
        _ => Ok(()),
    }
}

fn read_messages(body: &Value, model: &str) -> Result<Vec<Line>, Refusal> {
    let messages = body["messages"].as_array();
    let messages = messages.ok_or_else(|| error(400, "messages: Input should be a valid list"))?;
    if messages.is_empty() {
        return Err(error(400, "messages: at least one message is required"));
    }
    let mut lines = Vec::with_capacity(messages.len());
    for (index, message) in messages.iter().enumerate() {
        let is_last = index + 1 == messages.len();
        lines.push(read_message(index, message, is_last)?);
    }
    if lines.first().is_some_and(|line| line.role != "user") {
        return Err(error(400, "messages: first message must use the \"user\" role"));
    }
    if let Some(last) = lines.last().filter(|line| line.role == "assistant") {
        if WITHOUT_PREFILL.iter().any(|prefix| model.starts_with(prefix)) {
            let message = "This model does not support assistant message prefill. The conversation must end with a user \
                           message.";
            return Err(error(400, message));
        }
        if last.text.ends_with(char::is_whitespace) {
            return Err(error(400, "messages: final assistant content cannot end with trailing whitespace"));
        }
    }
    Ok(lines)
}

fn read_message(index: usize, message: &Value, is_last: bool) -> Result<Line, Refusal> {
    let role = message.get("role").and_then(Value::as_str);
    let role = role.ok_or_else(|| error(400, &format!("messages.{index}.role: Field required")))?;
    if role == "system" {
        let text = "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, not \
                    \"system\" as an input message role.";
        return Err(error(400, text));
    }
    if role != "user" && role != "assistant" {
        let text =
            format!("messages: Unexpected role \"{role}\". Allowed roles are \"user\" or \"assistant\"");
        return Err(error(400, &text));
    }
    let content = message
        .get("content")
        .ok_or_else(|| error(400, &format!("messages.{index}.content: Field required")))?;
    let text = match content_text(content) {
        Some(text) => text,
        // Images, documents and tool blocks are of no interest here, but they are legal.
        None if content.is_array() => return Ok(Line { role: role.to_owned(), text: String::new() }),
        None => return Err(error(400, &format!("messages.{index}.content: Input should be a valid list"))),
    };
    if text.is_empty() && !(is_last && role == "assistant") {
        let text = format!(
            "messages.{index}: all messages must have non-empty content except for the optional final assistant message"
        );
        return Err(error(400, &text));
    }
    if !text.is_empty() && text.trim().is_empty() {
        return Err(error(400, "messages: text content blocks must contain non-whitespace text"));
    }
    Ok(Line { role: role.to_owned(), text })
}

pub(super) fn error(status: u16, message: &str) -> Refusal {
    let (kind, usual) = match status {
        401 => ("authentication_error", "invalid x-api-key"),
        403 => ("permission_error", "Your API key does not have permission to use the specified resource."),
        404 => ("not_found_error", "The requested resource could not be found."),
        413 => ("request_too_large", "Request exceeds the maximum size"),
        429 => (
            "rate_limit_error",
            "This request would exceed your account's rate limit. Please try again later.",
        ),
        503 | 529 => ("overloaded_error", "Overloaded"),
        504 => ("timeout_error", "Request timed out"),
        500.. => ("api_error", "Internal server error"),
        _ => ("invalid_request_error", "Invalid request"),
    };
    let message = if message.is_empty() { usual } else { message };
    let body = json!({
        "type": "error",
        "error": {"type": kind, "message": message},
        "request_id": "req_fake00000000000000000001",
    });
    Refusal { status, body }
}

pub(super) fn frames(call: &Call, answer: &Answer) -> Frames {
    let mut start = message(call, &json!([]), None);
    if let Some(usage) = usage(call, answer, 1) {
        start["usage"] = usage;
    }
    let opening = vec![
        event("message_start", &json!({"type": "message_start", "message": start})),
        event(
            "content_block_start",
            &json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        ),
        event("ping", &json!({"type": "ping"})),
    ];
    let delta = |piece: &String| {
        let delta = json!({"type": "text_delta", "text": piece});
        event("content_block_delta", &json!({"type": "content_block_delta", "index": 0, "delta": delta}))
    };
    let mut end = json!({
        "type": "message_delta",
        "delta": {"stop_reason": stop_reason(answer), "stop_sequence": null},
    });
    if let Some(usage) = usage(call, answer, tokens(&answer.text())) {
        end["usage"] = usage;
    }
    let closing = vec![
        event("content_block_stop", &json!({"type": "content_block_stop", "index": 0})),
        event("message_delta", &end),
        event("message_stop", &json!({"type": "message_stop"})),
    ];
    let text = answer.pieces.iter().map(delta).collect();
    Frames { opening, text, closing, error: event("error", &error(529, "").body) }
}

pub(super) fn whole(call: &Call, answer: &Answer) -> Value {
    let text = answer.text();
    let content = if text.is_empty() { json!([]) } else { json!([{"type": "text", "text": text}]) };
    let mut document = message(call, &content, Some(stop_reason(answer)));
    if let Some(usage) = usage(call, answer, tokens(&text)) {
        document["usage"] = usage;
    }
    document
}

fn message(call: &Call, content: &Value, stop_reason: Option<&str>) -> Value {
    json!({
        "id": "msg_01FakeLlm000000000000000001",
        "type": "message",
        "role": "assistant",
        "model": call.model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": null,
    })
}

fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

fn stop_reason(answer: &Answer) -> &'static str {
    match answer.stop {
        None => "end_turn",
        Some(Stop::TokenLimit) => "max_tokens",
        Some(Stop::Refused) => "refusal",
    }
}

/// Unlike the others, `input_tokens` here leaves out what was read from the cache.
fn usage(call: &Call, answer: &Answer, output_tokens: u64) -> Option<Value> {
    match answer.usage {
        UsageShape::Missing => None,
        UsageShape::Plain => Some(json!({"input_tokens": call.input_tokens, "output_tokens": output_tokens})),
        UsageShape::NestedDetails => {
            let cached = call.input_tokens / 2;
            Some(json!({
                "input_tokens": call.input_tokens - cached,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": cached,
                "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
                "output_tokens": output_tokens,
                "service_tier": "standard",
            }))
        }
    }
}
