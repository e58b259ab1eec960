//! OpenAI's chat completions: what they refuse, and how they answer.

use http::Method;
use serde_json::{Value, json};

use super::{
    delivery::Frames,
    incoming::{Call, Incoming, Line, Refusal, content_text, unknown_field},
    script::{Answer, Stop, UsageShape, tokens},
};

const PATH: &str = "/v1/chat/completions";
const CREATED: u64 = 1_763_000_000;

const ROLES: [&str; 6] = ["system", "assistant", "user", "function", "tool", "developer"];

const FIELDS: &[&str] = &[
    "messages",
    "model",
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "metadata",
    "modalities",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

pub(super) fn accept(incoming: &Incoming, key: Option<&str>) -> Result<Call, Refusal> {
    if incoming.path != PATH {
        return Err(invalid(404, format!("Invalid URL ({} {})", incoming.method, incoming.path), None, None));
    }
    if incoming.method != Method::POST {
        let message = format!(
            "Not allowed to {} on {PATH}. (HINT: Perhaps you meant to use a different HTTP method?)",
            incoming.method
        );
        return Err(invalid(405, message, None, Some("method_not_supported")));
    }
    check_key(incoming, key)?;
    if !incoming.is_json() {
        let given = incoming.header("content-type").unwrap_or_default();
        let message = format!(
            "Unsupported content type: '{given}'. This API method only accepts 'application/json' requests, but you \
             specified the header 'Content-Type: {given}'. Please try again with a supported content type."
        );
        return Err(invalid(400, message, None, Some("unsupported_content_type")));
    }
    let body = incoming.object().map_err(|_| {
        let message = "We could not parse the JSON body of your request. (HINT: This likely means you aren't using \
                       your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not \
                       valid JSON.)";
        invalid(400, message, None, None)
    })?;
    check_parameters(&body)?;
    let model = body.get("model").and_then(Value::as_str).unwrap_or_default();
    check_sampling(&body, model)?;
    let lines = read_messages(&body)?;
    let stream = body.get("stream").and_then(Value::as_bool).unwrap_or(false);
    let wants_usage = body.pointer("/stream_options/include_usage").and_then(Value::as_bool).unwrap_or(false);
    Ok(Call { wants_usage: wants_usage || !stream, ..Call::new(model, stream, &lines) })
}

fn check_key(incoming: &Incoming, key: Option<&str>) -> Result<(), Refusal> {
    let given =
        incoming.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
    match (given, key) {
        (None | Some(""), _) => {
            let message = "You didn't provide an API key. You need to provide your API key in an Authorization header \
                           using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).";
            Err(invalid(401, message, None, None))
        }
        (Some(given), Some(key)) if given != key => {
            let shown: String = given.chars().take(4).collect();
            let message = format!(
                "Incorrect API key provided: {shown}****. You can find your API key at \
                 https://platform.openai.com/account/api-keys."
            );
            Err(invalid(401, message, None, Some("invalid_api_key")))
        }
        _ => Ok(()),
    }
}

fn check_parameters(body: &Value) -> Result<(), Refusal> {
    if let Some(field) = unknown_field(body, FIELDS) {
        return Err(invalid(400, format!("Unrecognized request argument supplied: {field}"), None, None));
    }
    if body.get("model").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(invalid(400, "you must provide a model parameter", None, None));
    }
    let stream = body.get("stream").unwrap_or(&Value::Null);
    if !stream.is_null() && !stream.is_boolean() {
        return Err(wrong_type("stream", "a boolean", stream));
    }
    if body.get("stream_options").is_some_and(|options| !options.is_null()) && stream != &Value::Bool(true) {
        let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(invalid(400, message, Some("stream_options"), None));
    }
    Ok(())
}

fn check_sampling(body: &Value, model: &str) -> Result<(), Refusal> {
    if let Some(temperature) = body.get("temperature").filter(|value| !value.is_null()) {
        let Some(value) = temperature.as_f64() else {
            return Err(wrong_type("temperature", "a decimal", temperature));
        };
        let bound = match value {
            value if value > 2.0 => Some(("above maximum", "<= 2", "decimal_above_max_value")),
            value if value < 0.0 => Some(("below minimum", ">= 0", "decimal_below_min_value")),
            _ => None,
        };
        if let Some((what, expected, code)) = bound {
            let message = format!(
                "Invalid 'temperature': decimal {what} value. Expected a value {expected}, but got {value} instead."
            );
            return Err(invalid(400, message, Some("temperature"), Some(code)));
        }
        if has_fixed_sampling(model) && (value - 1.0).abs() > f64::EPSILON {
            let message = format!(
                "Unsupported value: 'temperature' does not support {value} with this model. Only the default (1) \
                 value is supported."
            );
            return Err(invalid(400, message, Some("temperature"), Some("unsupported_value")));
        }
    }
    for field in ["max_tokens", "max_completion_tokens"] {
        let Some(limit) = body.get(field).filter(|value| !value.is_null()) else { continue };
        match limit.as_i64() {
            None => return Err(wrong_type(field, "an integer", limit)),
            Some(limit) if limit < 1 => {
                let message = format!(
                    "Invalid '{field}': integer below minimum value. Expected a value >= 1, but got {limit} instead."
                );
                return Err(invalid(400, message, Some(field), Some("integer_below_min_value")));
            }
            Some(_) => {}
        }
    }
    if body.get("max_tokens").is_some_and(|value| !value.is_null()) && is_reasoning(model) {
        let message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
                       'max_completion_tokens' instead.";
        return Err(invalid(400, message, Some("max_tokens"), Some("unsupported_parameter")));
    }
    Ok(())
}

/// Models that take `max_completion_tokens` only.
fn is_reasoning(model: &str) -> bool {
    ["o1", "o3", "o4", "gpt-5"].iter().any(|prefix| model.starts_with(prefix))
}

/// Models that take no temperature but 1: the o series and the first gpt-5.
fn has_fixed_sampling(model: &str) -> bool {
    let first_gpt_5 = ["gpt-5-mini", "gpt-5-nano", "gpt-5-2"].iter().any(|prefix| model.starts_with(prefix));
    model == "gpt-5" || first_gpt_5 || (is_reasoning(model) && !model.starts_with("gpt"))
}

fn read_messages(body: &Value) -> Result<Vec<Line>, Refusal> {
    let Some(messages) = body.get("messages") else {
        let message = "Missing required parameter: 'messages'.".to_owned();
        return Err(invalid(400, message, Some("messages"), Some("missing_required_parameter")));
    };
    let Some(messages) = messages.as_array() else {
        return Err(wrong_type("messages", "an array of objects", messages));
    };
    if messages.is_empty() {
        let message = "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array \
                       instead.";
        return Err(invalid(400, message, Some("messages"), Some("empty_array")));
    }
    messages.iter().enumerate().map(|(index, message)| read_message(index, message)).collect()
}

fn read_message(index: usize, message: &Value) -> Result<Line, Refusal> {
    let Some(role) = message.get("role").and_then(Value::as_str) else {
        let parameter = format!("messages[{index}].role");
        let text = format!("Missing required parameter: '{parameter}'.");
        return Err(invalid(400, text, Some(&parameter), Some("missing_required_parameter")));
    };
    if !ROLES.contains(&role) {
        let text = format!(
            "Invalid value: '{role}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and \
             'developer'."
        );
        return Err(invalid(400, text, Some(&format!("messages[{index}].role")), Some("invalid_value")));
    }
    let content = message.get("content").unwrap_or(&Value::Null);
    let may_be_null = role == "assistant" && message.get("tool_calls").is_some();
    match content_text(content) {
        Some(text) => Ok(Line { role: role.to_owned(), text }),
        None if content.is_null() && may_be_null => Ok(Line { role: role.to_owned(), text: String::new() }),
        // Images, audio and files are of no interest here, but they are legal.
        None if content
            .as_array()
            .is_some_and(|parts| parts.iter().all(|part| part.get("type").is_some())) =>
        {
            Ok(Line { role: role.to_owned(), text: String::new() })
        }
        None => {
            let text = format!("Invalid value for 'content': expected a string, got {}.", kind(content));
            Err(invalid(400, text, Some(&format!("messages.[{index}].content")), None))
        }
    }
}

fn wrong_type(field: &str, expected: &str, given: &Value) -> Refusal {
    let message =
        format!("Invalid type for '{field}': expected {expected}, but got {} instead.", kind(given));
    invalid(400, message, Some(field), Some("invalid_type"))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn invalid(status: u16, message: impl Into<String>, parameter: Option<&str>, code: Option<&str>) -> Refusal {
    let message: String = message.into();
    let body = json!({
        "error": {"message": message, "type": "invalid_request_error", "param": parameter, "code": code}
    });
    Refusal { status, body }
}

pub(super) fn error(status: u16, message: &str) -> Refusal {
    let (usual, kind, code) = match status {
        401 => ("Incorrect API key provided.", "invalid_request_error", Some("invalid_api_key")),
        403 => (
            "Country, region, or territory not supported",
            "request_forbidden",
            Some("unsupported_country_region_territory"),
        ),
        404 => (
            "The model does not exist or you do not have access to it.",
            "invalid_request_error",
            Some("model_not_found"),
        ),
        429 => ("Rate limit reached for requests.", "requests", Some("rate_limit_exceeded")),
        503 => (
            "The engine is currently overloaded, please try again later.",
            "service_unavailable_error",
            Some("server_is_overloaded"),
        ),
        500.. => {
            ("The server had an error while processing your request. Sorry about that!", "server_error", None)
        }
        _ => ("The request was invalid.", "invalid_request_error", None),
    };
    let message = if message.is_empty() { usual } else { message };
    Refusal {
        status,
        body: json!({"error": {"message": message, "type": kind, "param": null, "code": code}}),
    }
}

pub(super) fn frames(call: &Call, answer: &Answer) -> Frames {
    let opening = chunk(call, &json!({"role": "assistant", "content": "", "refusal": null}), None);
    let text = answer.pieces.iter().map(|piece| chunk(call, &json!({"content": piece}), None)).collect();
    let mut closing = vec![chunk(call, &json!({}), Some(finish_reason(answer)))];
    if call.wants_usage
        && let Some(usage) = usage(call, answer)
    {
        let mut last = envelope(call, "chat.completion.chunk", &json!([]));
        last["usage"] = usage;
        closing.push(event(&last));
    }
    closing.push("data: [DONE]\n\n".to_owned());
    Frames { opening: vec![opening], text, closing, error: event(&error(503, "").body) }
}

pub(super) fn whole(call: &Call, answer: &Answer) -> Value {
    let message = json!({"role": "assistant", "content": answer.text(), "refusal": null, "annotations": []});
    let choices =
        json!([{"index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason(answer)}]);
    let mut document = envelope(call, "chat.completion", &choices);
    if let Some(usage) = usage(call, answer) {
        document["usage"] = usage;
    }
    document
}

fn chunk(call: &Call, delta: &Value, finish_reason: Option<&str>) -> String {
    let choices = json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason}]);
    let mut document = envelope(call, "chat.completion.chunk", &choices);
    if call.wants_usage {
        document["usage"] = Value::Null;
    }
    event(&document)
}

fn envelope(call: &Call, object: &str, choices: &Value) -> Value {
    json!({
        "id": "chatcmpl-BfakeLlm000000000000000000001",
        "object": object,
        "created": CREATED,
        "model": call.model,
        "service_tier": "default",
        "system_fingerprint": "fp_fake000001",
        "choices": choices,
    })
}

fn event(document: &Value) -> String {
    format!("data: {document}\n\n")
}

fn finish_reason(answer: &Answer) -> &'static str {
    match answer.stop {
        None => "stop",
        Some(Stop::TokenLimit) => "length",
        Some(Stop::Refused) => "content_filter",
    }
}

fn usage(call: &Call, answer: &Answer) -> Option<Value> {
    let (input, output) = (call.input_tokens, tokens(&answer.text()));
    let totals = json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output});
    match answer.usage {
        UsageShape::Missing => None,
        UsageShape::Plain => Some(totals),
        UsageShape::NestedDetails => {
            let mut nested = totals;
            nested["prompt_tokens_details"] = json!({"cached_tokens": input / 2, "audio_tokens": 0});
            nested["completion_tokens_details"] = json!({
                "reasoning_tokens": 0, "audio_tokens": 0,
                "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
            });
            Some(nested)
        }
    }
}
