//! Ollama's `/api/chat`: what it refuses, and how it answers. It streams unless told not to, and knows no keys.

use http::Method;
use serde_json::{Value, json};

use super::{
    delivery::Frames,
    incoming::{Call, Incoming, Line, Refusal},
    script::{Answer, Stop, UsageShape, tokens},
};

const PATH: &str = "/api/chat";
const CREATED_AT: &str = "2025-11-13T02:13:20.000000000Z";
const ROLES: [&str; 4] = ["system", "user", "assistant", "tool"];

pub(super) fn accept(incoming: &Incoming) -> Result<Call, Refusal> {
    if incoming.path != PATH {
        return Err(error(404, "404 page not found"));
    }
    if incoming.method != Method::POST {
        return Err(error(405, "405 method not allowed"));
    }
    // Ollama does not look at the content type; it does insist on the Go types of its fields.
    let body = incoming.object().map_err(|reason| match reason.starts_with("EOF") {
        true => error(400, "missing request body"),
        false => error(400, &reason),
    })?;
    let stream = match body.get("stream") {
        None | Some(Value::Null) => true,
        Some(Value::Bool(stream)) => *stream,
        Some(other) => return Err(cannot_unmarshal(other, "stream", "bool")),
    };
    let model = match body.get("model") {
        Some(Value::String(model)) if !model.is_empty() => model,
        None | Some(Value::Null | Value::String(_)) => return Err(error(400, "model is required")),
        Some(other) => return Err(cannot_unmarshal(other, "model", "string")),
    };
    match body.get("options") {
        None | Some(Value::Null | Value::Object(_)) => {}
        Some(other) => return Err(cannot_unmarshal(other, "options", "map[string]interface {}")),
    }
    let lines = match body.get("messages") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(messages)) => {
            messages.iter().map(read_message).collect::<Result<Vec<Line>, Refusal>>()?
        }
        Some(other) => return Err(cannot_unmarshal(other, "messages", "[]api.Message")),
    };
    Ok(Call::new(model, stream, &lines))
}

fn read_message(message: &Value) -> Result<Line, Refusal> {
    let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
    if !ROLES.contains(&role) {
        return Err(error(
            400,
            &format!("invalid role: {role}, must be one of [system, user, assistant, tool]"),
        ));
    }
    match message.get("content") {
        None | Some(Value::Null) => Ok(Line { role: role.to_owned(), text: String::new() }),
        Some(Value::String(text)) => Ok(Line { role: role.to_owned(), text: text.clone() }),
        Some(other) => Err(cannot_unmarshal(other, "messages.content", "string")),
    }
}

fn cannot_unmarshal(value: &Value, field: &str, expected: &str) -> Refusal {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    error(
        400,
        &format!("json: cannot unmarshal {kind} into Go struct field ChatRequest.{field} of type {expected}"),
    )
}

pub(super) fn error(status: u16, message: &str) -> Refusal {
    let usual = match status {
        401 => "unauthorized",
        404 => "model not found, try pulling it first",
        429 => "too many requests",
        503 => "server busy, please try again.  maximum pending requests exceeded",
        500.. => "an error was encountered while running the model",
        _ => "invalid request",
    };
    let message = if message.is_empty() { usual } else { message };
    Refusal { status, body: json!({"error": message}) }
}

pub(super) fn frames(call: &Call, answer: &Answer) -> Frames {
    let text = answer.pieces.iter().map(|piece| line(&part(call, piece))).collect();
    let closing = vec![line(&finished(call, answer, ""))];
    Frames { opening: Vec::new(), text, closing, error: line(&error(500, "").body) }
}

pub(super) fn whole(call: &Call, answer: &Answer) -> Value {
    finished(call, answer, &answer.text())
}

fn line(document: &Value) -> String {
    format!("{document}\n")
}

fn part(call: &Call, text: &str) -> Value {
    json!({
        "model": call.model,
        "created_at": CREATED_AT,
        "message": {"role": "assistant", "content": text},
        "done": false,
    })
}

/// Ollama has no content policy of its own: a refusal ends like any other reply.
fn finished(call: &Call, answer: &Answer, text: &str) -> Value {
    let mut document = part(call, text);
    document["done"] = json!(true);
    document["done_reason"] = json!(match answer.stop {
        Some(Stop::TokenLimit) => "length",
        None | Some(Stop::Refused) => "stop",
    });
    document["total_duration"] = json!(4_935_886_791_u64);
    document["load_duration"] = json!(534_986_708);
    if answer.usage != UsageShape::Missing {
        document["prompt_eval_count"] = json!(call.input_tokens);
        document["prompt_eval_duration"] = json!(107_345_000);
        document["eval_count"] = json!(tokens(&answer.text()));
        document["eval_duration"] = json!(4_289_432_000_u64);
    }
    if answer.usage == UsageShape::NestedDetails {
        document["prompt_eval_cached_count"] = json!(call.input_tokens / 2);
    }
    document
}
