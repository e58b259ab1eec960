//! Gemini's `generateContent`: what it refuses, and how it answers.

use http::Method;
use serde_json::{Value, json};

use super::{
    delivery::Frames,
    incoming::{Call, Incoming, Line, Refusal, unknown_field},
    script::{Answer, Stop, UsageShape, tokens},
};

/// Both spellings of a field name are legal in Google's JSON.
const FIELDS: &[&str] = &[
    "contents",
    "tools",
    "toolConfig",
    "tool_config",
    "safetySettings",
    "safety_settings",
    "systemInstruction",
    "system_instruction",
    "generationConfig",
    "generation_config",
    "cachedContent",
    "cached_content",
    "model",
    "serviceTier",
    "store",
];

const GENERATION_FIELDS: &[&str] = &[
    "stopSequences",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "responseModalities",
    "candidateCount",
    "maxOutputTokens",
    "temperature",
    "topP",
    "topK",
    "seed",
    "presencePenalty",
    "frequencyPenalty",
    "responseLogprobs",
    "logprobs",
    "enableEnhancedCivicAnswers",
    "speechConfig",
    "thinkingConfig",
    "imageConfig",
    "mediaResolution",
];

pub(super) fn accept(incoming: &Incoming, key: Option<&str>) -> Result<Call, Refusal> {
    let method = incoming.path.strip_prefix("/v1beta/models/").and_then(|rest| rest.rsplit_once(':'));
    let Some((model, method)) = method.filter(|(model, _)| !model.is_empty()) else {
        return Err(error(404, "Requested entity was not found."));
    };
    let stream = match method {
        "generateContent" => false,
        "streamGenerateContent" => true,
        _ => {
            let message = format!(
                "models/{model} is not found for API version v1beta, or is not supported for {method}. Call ListModels \
                 to see the list of available models and their supported methods."
            );
            return Err(error(404, &message));
        }
    };
    if incoming.method != Method::POST {
        return Err(error(404, "Requested entity was not found."));
    }
    check_key(incoming, key)?;
    if !incoming.is_json() {
        return Err(error(400, "Invalid value for Content-Type: expected application/json"));
    }
    let body = incoming
        .object()
        .map_err(|reason| error(400, &format!("Invalid JSON payload received. {reason}")))?;
    check_parameters(&body)?;
    let mut lines = read_contents(&body)?;
    if let Some(system) = body.get("systemInstruction").or_else(|| body.get("system_instruction")) {
        lines.push(Line { role: "system".to_owned(), text: read_parts("system_instruction", system)? });
    }
    let as_array = stream && incoming.parameter("alt") != Some("sse");
    Ok(Call { as_array, ..Call::new(model, stream, &lines) })
}

fn check_key(incoming: &Incoming, key: Option<&str>) -> Result<(), Refusal> {
    let given = incoming.header("x-goog-api-key").or_else(|| incoming.parameter("key"));
    match (given, key) {
        (None, _) => {
            let message = "Method doesn't allow unregistered callers (callers without established identity). Please use \
                           API Key or other form of API consumer identity to call this API.";
            Err(error(403, message))
        }
        (Some(given), Some(key)) if given != key => {
            let mut refusal = error(400, "API key not valid. Please pass a valid API key.");
            refusal.body["error"]["details"] = json!([{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
                "metadata": {"service": "generativelanguage.googleapis.com"},
            }]);
            Err(refusal)
        }
        _ => Ok(()),
    }
}

fn check_parameters(body: &Value) -> Result<(), Refusal> {
    if let Some(field) = unknown_field(body, FIELDS) {
        return Err(unknown_name(field, ""));
    }
    let Some(config) = body.get("generationConfig").or_else(|| body.get("generation_config")) else {
        return Ok(());
    };
    if let Some(field) = unknown_field(config, GENERATION_FIELDS) {
        return Err(unknown_name(field, " at 'generation_config'"));
    }
    match config.get("temperature").map(Value::as_f64) {
        Some(Some(temperature)) if !(0.0..=2.0).contains(&temperature) => {
            return Err(violation(
                "generation_config.temperature: temperature must be in the range [0.0, 2.0].",
            ));
        }
        Some(None) => {
            return Err(error(400, "Invalid value at 'generation_config.temperature' (TYPE_FLOAT)"));
        }
        _ => {}
    }
    match config.get("maxOutputTokens").map(Value::as_i64) {
        Some(Some(limit)) if limit < 1 => {
            Err(violation("generation_config.max_output_tokens: max_output_tokens must be positive."))
        }
        Some(None) => Err(error(400, "Invalid value at 'generation_config.max_output_tokens' (TYPE_INT32)")),
        _ => Ok(()),
    }
}

fn read_contents(body: &Value) -> Result<Vec<Line>, Refusal> {
    let contents = body.get("contents").and_then(Value::as_array).filter(|contents| !contents.is_empty());
    let contents = contents.ok_or_else(|| violation("contents: contents is not specified"))?;
    let mut lines = Vec::with_capacity(contents.len());
    for (index, content) in contents.iter().enumerate() {
        let role = match content.get("role").and_then(Value::as_str) {
            None => "user",
            Some(role @ ("user" | "model" | "function")) => role,
            Some(_) => return Err(error(400, "Please use a valid role: user, model.")),
        };
        lines.push(Line { role: role.to_owned(), text: read_parts(&format!("contents[{index}]"), content)? });
    }
    Ok(lines)
}

fn read_parts(place: &str, content: &Value) -> Result<String, Refusal> {
    let parts = content.get("parts").and_then(Value::as_array).filter(|parts| !parts.is_empty());
    let parts =
        parts.ok_or_else(|| violation(&format!("{place}.parts: contents.parts must not be empty.")))?;
    let mut text = String::new();
    for (index, part) in parts.iter().enumerate() {
        if part.as_object().is_none_or(serde_json::Map::is_empty) {
            let message = format!(
                "{place}.parts[{index}].data: required oneof field 'data' must have one initialized field"
            );
            return Err(violation(&message));
        }
        text.push_str(part.get("text").and_then(Value::as_str).unwrap_or_default());
    }
    Ok(text)
}

fn unknown_name(field: &str, place: &str) -> Refusal {
    let description =
        format!("Invalid JSON payload received. Unknown name \"{field}\"{place}: Cannot find field.");
    let mut refusal = error(400, &description);
    refusal.body["error"]["details"] = json!([{
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"description": description}],
    }]);
    refusal
}

fn violation(what: &str) -> Refusal {
    error(400, &format!("* GenerateContentRequest.{what}\n"))
}

pub(super) fn error(status: u16, message: &str) -> Refusal {
    let (name, usual) = match status {
        401 => ("UNAUTHENTICATED", "Request had invalid authentication credentials."),
        403 => ("PERMISSION_DENIED", "The caller does not have permission"),
        404 => ("NOT_FOUND", "Requested entity was not found."),
        429 => (
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        503 => ("UNAVAILABLE", "The model is overloaded. Please try again later."),
        504 => ("DEADLINE_EXCEEDED", "The request timed out. Please try again."),
        500.. => ("INTERNAL", "An internal error has occurred."),
        _ => ("INVALID_ARGUMENT", "Request contains an invalid argument."),
    };
    let message = if message.is_empty() { usual } else { message };
    Refusal { status, body: json!({"error": {"code": status, "message": message, "status": name}}) }
}

pub(super) fn frames(call: &Call, answer: &Answer) -> Frames {
    let documents: Vec<Value> = answer
        .pieces
        .iter()
        .map(|piece| document(call, answer, Some(piece), None))
        .chain([document(call, answer, None, Some(finish_reason(answer)))])
        .collect();
    let mut all: Vec<String> =
        documents.iter().enumerate().map(|(index, document)| frame(call, index == 0, document)).collect();
    let mut closing: Vec<String> = all.pop().into_iter().collect();
    if call.as_array {
        closing.push("\n]".to_owned());
    }
    let error = frame(call, all.is_empty(), &error(503, "").body);
    Frames { opening: Vec::new(), text: all, closing, error }
}

pub(super) fn whole(call: &Call, answer: &Answer) -> Value {
    let text = answer.text();
    document(call, answer, (!text.is_empty()).then_some(text.as_str()), Some(finish_reason(answer)))
}

/// Google's own line ends: carriage return and line feed.
fn frame(call: &Call, is_first: bool, document: &Value) -> String {
    match (call.as_array, is_first) {
        (false, _) => format!("data: {document}\r\n\r\n"),
        (true, true) => format!("[{document}"),
        (true, false) => format!("\n,\r\n{document}"),
    }
}

/// A candidate without text has no `content` at all.
fn document(call: &Call, answer: &Answer, text: Option<&str>, finish_reason: Option<&str>) -> Value {
    let mut candidate = json!({"index": 0});
    if let Some(text) = text {
        candidate["content"] = json!({"parts": [{"text": text}], "role": "model"});
    }
    if let Some(reason) = finish_reason {
        candidate["finishReason"] = json!(reason);
    }
    let mut document =
        json!({"candidates": [candidate], "modelVersion": call.model, "responseId": "fakeLlm000000001"});
    if let Some(usage) = usage(call, answer, finish_reason.is_some()) {
        document["usageMetadata"] = usage;
    }
    document
}

fn finish_reason(answer: &Answer) -> &'static str {
    match answer.stop {
        None => "STOP",
        Some(Stop::TokenLimit) => "MAX_TOKENS",
        Some(Stop::Refused) => "SAFETY",
    }
}

/// Every event carries the input; the output is known with the last.
fn usage(call: &Call, answer: &Answer, is_last: bool) -> Option<Value> {
    if answer.usage == UsageShape::Missing {
        return None;
    }
    let (input, output) = (call.input_tokens, tokens(&answer.text()));
    let mut usage = json!({"promptTokenCount": input, "totalTokenCount": input});
    if is_last {
        usage["candidatesTokenCount"] = json!(output);
        usage["totalTokenCount"] = json!(input + output);
    }
    if answer.usage == UsageShape::NestedDetails {
        usage["cachedContentTokenCount"] = json!(input / 2);
        usage["promptTokensDetails"] = json!([{"modality": "TEXT", "tokenCount": input}]);
        usage["cacheTokensDetails"] = json!([{"modality": "TEXT", "tokenCount": input / 2}]);
    }
    Some(usage)
}
