//! The fake providers seen through a plain HTTP client: what they refuse, what they send, how they fail.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::time::Duration;

use futures::StreamExt;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use testkit::{FakeLlm, Script, UsageShape, fake_llm::Stop};

/// A client that no proxy of the environment misleads.
fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// One provider with a request it accepts.
struct Case {
    fake: FakeLlm,
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Value,
}

impl Case {
    async fn openai() -> Self {
        Self {
            fake: FakeLlm::openai().await,
            path: "chat/completions",
            headers: vec![("authorization", "Bearer sk-test".to_owned())],
            body: json!({
                "model": "gpt-4o-mini",
                "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "I open the door"}],
                "max_tokens": 200, "stream": true, "stream_options": {"include_usage": true},
            }),
        }
    }

    async fn anthropic() -> Self {
        Self {
            fake: FakeLlm::anthropic().await,
            path: "messages",
            headers: vec![("x-api-key", "sk-ant".to_owned()), ("anthropic-version", "2023-06-01".to_owned())],
            body: json!({
                "model": "claude-sonnet-4-5", "max_tokens": 200, "stream": true, "system": "Be brief.",
                "messages": [{"role": "user", "content": "I open the door"}],
            }),
        }
    }

    async fn gemini() -> Self {
        Self {
            fake: FakeLlm::gemini().await,
            path: "models/gemini-2.5-flash:streamGenerateContent?alt=sse",
            headers: vec![("x-goog-api-key", "AIza".to_owned())],
            body: json!({
                "systemInstruction": {"parts": [{"text": "Be brief."}]},
                "contents": [{"role": "user", "parts": [{"text": "I open the door"}]}],
                "generationConfig": {"maxOutputTokens": 200},
            }),
        }
    }

    async fn ollama() -> Self {
        Self {
            fake: FakeLlm::ollama().await,
            path: "api/chat",
            headers: Vec::new(),
            body: json!({
                "model": "llama3.2",
                "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "I open the door"}],
            }),
        }
    }

    async fn all() -> [Self; 4] {
        [Self::openai().await, Self::anthropic().await, Self::gemini().await, Self::ollama().await]
    }

    /// The same request without streaming.
    fn whole(mut self) -> Self {
        self.path =
            self.path.split_once(":stream").map_or(self.path, |_| "models/gemini-2.5-flash:generateContent");
        if let Some(body) = self.body.as_object_mut() {
            body.remove("stream_options");
            if !body.contains_key("contents") {
                body.insert("stream".to_owned(), json!(false));
            }
        }
        self
    }

    async fn send(&self) -> Response {
        self.send_body(self.body.to_string(), "application/json").await
    }

    async fn send_body(&self, body: String, content_type: &str) -> Response {
        let mut request = client()
            .post(format!("{}{}", self.fake.base_url(), self.path))
            .header("content-type", content_type)
            .body(body);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        request.send().await.unwrap()
    }

    async fn send_with(&self, field: &str, value: Value) -> Response {
        let mut body = self.body.clone();
        match body.pointer_mut(field) {
            Some(place) => *place = value,
            None => body[field.trim_start_matches('/')] = value,
        }
        self.send_body(body.to_string(), "application/json").await
    }

    async fn send_without(&self, field: &str) -> Response {
        let mut body = self.body.clone();
        body.as_object_mut().unwrap().remove(field);
        self.send_body(body.to_string(), "application/json").await
    }
}

async fn refused(response: Response, status: u16, fragment: &str) {
    assert_eq!(response.status().as_u16(), status, "{fragment}");
    assert_eq!(response.headers()["content-type"], "application/json");
    let text = response.text().await.unwrap();
    assert!(text.contains(fragment), "expected {fragment:?} in {text}");
}

/// The same text with every JSON document's fields in order: serde_json keeps them as written or sorted, as some
/// other crate of the build decides.
fn sorted_fields(text: &str) -> String {
    fn sort(value: Value) -> Value {
        match value {
            Value::Object(fields) => {
                let mut fields: Vec<(String, Value)> = fields.into_iter().collect();
                fields.sort_by(|left, right| left.0.cmp(&right.0));
                Value::Object(fields.into_iter().map(|(name, value)| (name, sort(value))).collect())
            }
            Value::Array(values) => values.into_iter().map(sort).collect(),
            other => other,
        }
    }
    let line = |line: &str| {
        let (start, end) = match (line.find('{'), line.rfind('}')) {
            (Some(start), Some(end)) => (start, end + 1),
            _ => return line.to_owned(),
        };
        let document: Value = serde_json::from_str(&line[start..end]).unwrap();
        format!("{}{}{}", &line[..start], sort(document), &line[end..])
    };
    text.split('\n').map(line).collect::<Vec<String>>().join("\n")
}

/// The whole conversation as it goes over the wire, for reading.
async fn wire(case: &Case) -> String {
    case.fake.push(Script::Reply {
        text: "门开了。 It opens.".to_owned(),
        chunk_chars: 8,
        usage: UsageShape::NestedDetails,
    });
    let response = case.send().await;
    assert_eq!(response.status(), StatusCode::OK);
    let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
    format!("{content_type}\n\n{}", sorted_fields(&response.text().await.unwrap()).replace('\r', "\\r"))
}

#[tokio::test]
async fn streams_look_like_the_providers_own() {
    for (name, case) in ["openai", "anthropic", "gemini", "ollama"].into_iter().zip(Case::all().await) {
        insta::assert_snapshot!(format!("stream_{name}"), wire(&case).await);
        assert_eq!(case.fake.refusals(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn whole_replies_look_like_the_providers_own() {
    for (name, case) in ["openai", "anthropic", "gemini", "ollama"].into_iter().zip(Case::all().await) {
        insta::assert_snapshot!(format!("whole_{name}"), wire(&case.whole()).await);
    }
}

#[tokio::test]
async fn gemini_without_sse_streams_one_json_array() {
    let mut case = Case::gemini().await;
    case.path = "models/gemini-2.5-flash:streamGenerateContent";
    case.fake.push(Script::reply("A door opens slowly."));
    let documents: Vec<Value> = case.send().await.json().await.unwrap();
    let text: String = documents
        .iter()
        .filter_map(|part| part.pointer("/candidates/0/content/parts/0/text")?.as_str())
        .collect();
    assert_eq!(text, "A door opens slowly.");
}

#[tokio::test]
async fn openai_refuses_what_openai_refuses() {
    let mut case = Case::openai().await;
    refused(case.send_without("model").await, 400, "you must provide a model parameter").await;
    refused(case.send_without("messages").await, 400, "Missing required parameter: 'messages'.").await;
    refused(case.send_with("/messages", json!([])).await, 400, "empty_array").await;
    refused(case.send_with("/messages/0/role", json!("narrator")).await, 400, "Invalid value: 'narrator'")
        .await;
    refused(case.send_with("/messages/1/content", Value::Null).await, 400, "expected a string, got null")
        .await;
    refused(case.send_with("/temperature", json!(2.5)).await, 400, "decimal_above_max_value").await;
    refused(case.send_with("/max_tokens", json!(0)).await, 400, "integer_below_min_value").await;
    refused(case.send_with("/model", json!("gpt-5-mini")).await, 400, "'max_completion_tokens' instead")
        .await;
    refused(case.send_with("/stream", json!(false)).await, 400, "only allowed when 'stream' is enabled")
        .await;
    refused(case.send_with("/num_predict", json!(3)).await, 400, "Unrecognized request argument").await;
    refused(case.send_body("{".to_owned(), "application/json").await, 400, "could not parse the JSON").await;
    refused(case.send_body(case.body.to_string(), "text/plain").await, 400, "unsupported_content_type").await;
    case.fake.require_key("sk-right");
    refused(case.send().await, 401, "invalid_api_key").await;
    case.headers.clear();
    refused(case.send().await, 401, "You didn't provide an API key").await;
    case.path = "completions";
    refused(case.send().await, 404, "Invalid URL (POST /v1/completions)").await;
    assert_eq!((case.fake.calls(), case.fake.refusals().len()), (15, 15));
}

#[tokio::test]
async fn anthropic_refuses_what_anthropic_refuses() {
    let mut case = Case::anthropic().await;
    refused(case.send_without("model").await, 400, "model: Field required").await;
    refused(case.send_without("max_tokens").await, 400, "max_tokens: Field required").await;
    refused(case.send_with("/messages", json!([])).await, 400, "at least one message is required").await;
    refused(case.send_with("/messages/0/role", json!("system")).await, 400, "top-level `system` parameter")
        .await;
    refused(case.send_with("/messages/0/role", json!("assistant")).await, 400, "first message must use")
        .await;
    refused(case.send_with("/messages/0/content", json!("")).await, 400, "must have non-empty content").await;
    refused(case.send_with("/messages/0/content", json!(" \n")).await, 400, "non-whitespace text").await;
    refused(case.send_with("/temperature", json!(1.5)).await, 400, "range: 0..1").await;
    refused(case.send_with("/stop", json!([])).await, 400, "stop: Extra inputs are not permitted").await;
    let prefilled = json!([{"role": "user", "content": "Go"}, {"role": "assistant", "content": "Then "}]);
    refused(case.send_with("/messages", prefilled).await, 400, "cannot end with trailing whitespace").await;
    case.fake.require_key("sk-right");
    refused(case.send().await, 401, "authentication_error").await;
    case.headers.retain(|(name, _)| *name != "x-api-key");
    refused(case.send().await, 401, "x-api-key header is required").await;
    case.headers = vec![("x-api-key", "sk-right".to_owned())];
    refused(case.send().await, 400, "anthropic-version: header is required").await;
}

#[tokio::test]
async fn gemini_refuses_what_gemini_refuses() {
    let mut case = Case::gemini().await;
    refused(case.send_without("contents").await, 400, "contents is not specified").await;
    refused(case.send_with("/contents/0/role", json!("assistant")).await, 400, "valid role: user, model")
        .await;
    refused(case.send_with("/contents/0/parts", json!([])).await, 400, "parts must not be empty").await;
    refused(case.send_with("/contents/0/parts/0", json!({})).await, 400, "one initialized field").await;
    refused(case.send_with("/messages", json!([])).await, 400, "Unknown name \\\"messages\\\"").await;
    refused(case.send_with("/generationConfig/maxOutputTokens", json!(0)).await, 400, "must be positive")
        .await;
    case.fake.require_key("AIzaRight");
    refused(case.send().await, 400, "API_KEY_INVALID").await;
    case.headers.clear();
    refused(case.send().await, 403, "PERMISSION_DENIED").await;
    case.path = "models/gemini-2.5-flash:chat";
    refused(case.send().await, 404, "is not found for API version v1beta").await;
}

#[tokio::test]
async fn ollama_refuses_what_ollama_refuses() {
    let mut case = Case::ollama().await;
    refused(case.send_without("model").await, 400, "model is required").await;
    refused(case.send_with("/stream", json!("yes")).await, 400, "ChatRequest.stream of type bool").await;
    refused(case.send_with("/messages/0/role", json!("narrator")).await, 400, "invalid role: narrator").await;
    refused(case.send_body(String::new(), "application/json").await, 400, "missing request body").await;
    case.path = "v1/messages";
    refused(case.send().await, 404, "404 page not found").await;
}

#[tokio::test]
async fn scripts_are_taken_in_order_and_then_the_standing_one() {
    let case = Case::ollama().await.whole();
    let text = async || {
        let reply: Value = case.send().await.json().await.unwrap();
        reply["message"]["content"].as_str().unwrap().to_owned()
    };
    case.fake.push(Script::reply("first"));
    case.fake.push(Script::Slow { delay: Duration::from_millis(1), then: Box::new(Script::reply("second")) });
    assert_eq!(text().await, "first");
    assert_eq!(text().await, "second");
    assert_eq!(text().await, "“I open the door”, you say, and the story goes on.");
    case.fake.always(Script::Instant);
    assert_eq!(text().await, testkit::fake_llm::INSTANT_TEXT);
    assert_eq!(case.fake.calls(), 4);
    let recorded = case.fake.requests();
    assert_eq!((recorded[3].path.as_str(), &recorded[3].body), ("/api/chat", &case.body));
}

#[tokio::test]
async fn errors_carry_the_providers_body_and_retry_after() {
    let fragments = ["rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED", "too many requests"];
    for (fragment, case) in fragments.into_iter().zip(Case::all().await) {
        case.fake.push(Script::retry_after(429, "7"));
        let response = case.send().await;
        assert_eq!(response.headers()["retry-after"], "7");
        refused(response, 429, fragment).await;

        case.fake.push(Script::Status { code: 502, body: "<html>Bad Gateway".to_owned(), retry_after: None });
        let response = case.send().await;
        assert_eq!(response.status().as_u16(), 502);
        assert_eq!(response.text().await.unwrap(), "<html>Bad Gateway");
        assert_eq!(case.fake.refusals(), Vec::<String>::new());
    }
}

/// What arrives of a body, and whether the connection ended in good order.
async fn received(response: Response) -> (String, bool) {
    let (mut bytes, mut is_whole) = (Vec::new(), true);
    let mut body = response.bytes_stream();
    while let Some(piece) = body.next().await {
        match piece {
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(_) => is_whole = false,
        }
    }
    (String::from_utf8_lossy(&bytes).into_owned(), is_whole)
}

/// The word that ends a stream of each provider.
const ENDINGS: [&str; 4] = ["[DONE]", "message_stop", "finishReason", "\"done\":true"];

#[tokio::test]
async fn a_cut_stream_breaks_the_connection_after_the_text() {
    for (ending, case) in ENDINGS.into_iter().zip(Case::all().await) {
        case.fake.push(Script::CutMidStream { text_before: "Half a sen".to_owned() });
        let (text, is_whole) = received(case.send().await).await;
        assert!(text.contains("Half a sen") && !text.contains(ending), "{text}");
        assert!(!is_whole, "the connection ended in good order");

        case.fake.push(Script::CutMidStream { text_before: "Half a sen".to_owned() });
        let (text, is_whole) = received(case.whole().send().await).await;
        assert!(!is_whole && serde_json::from_str::<Value>(&text).is_err(), "{text}");
    }
}

#[tokio::test]
async fn a_stream_can_end_in_good_order_without_its_closing_event() {
    for (ending, case) in ENDINGS.into_iter().zip(Case::all().await) {
        case.fake.push(Script::EndMidStream { text_before: "Half a sen".to_owned() });
        let (text, is_whole) = received(case.send().await).await;
        assert!(text.contains("Half a sen") && !text.contains(ending) && is_whole, "{text}");
    }
}

#[tokio::test]
async fn a_stream_can_turn_into_the_providers_error() {
    let errors = ["server_is_overloaded", "overloaded_error", "UNAVAILABLE", "{\"error\":"];
    for (error, case) in errors.into_iter().zip(Case::all().await) {
        case.fake.push(Script::ErrorMidStream { text_before: "Half a sen".to_owned() });
        let (text, is_whole) = received(case.send().await).await;
        assert!(text.contains("Half a sen") && text.contains(error) && is_whole, "{text}");
    }
}

#[tokio::test]
async fn stalls_hold_the_connection_open_and_send_nothing_more() {
    let patience = Duration::from_millis(150);
    for case in Case::all().await {
        case.fake.push(Script::StallBeforeHeaders);
        assert!(tokio::time::timeout(patience, case.send()).await.is_err(), "headers arrived");

        case.fake.push(Script::StallMidStream { text_before: "Half".to_owned() });
        let mut body = case.send().await.bytes_stream();
        let mut text = String::new();
        while let Ok(piece) = tokio::time::timeout(patience, body.next()).await {
            text.push_str(&String::from_utf8_lossy(&piece.expect("the body ended").unwrap()));
        }
        assert!(text.contains("Half"), "{text}");
    }
}

#[tokio::test]
async fn replies_stopped_early_and_empty_ones_say_so() {
    let check = async |case: &Case, script: Script, expected: &str| {
        case.fake.push(script);
        let text = case.send().await.text().await.unwrap();
        assert!(text.contains(expected), "expected {expected} in {text}");
    };
    let stopped = |stop| Script::Stopped { text: "And then".to_owned(), stop };
    let [openai, anthropic, gemini, ollama] = Case::all().await;
    check(&openai, stopped(Stop::TokenLimit), "\"finish_reason\":\"length\"").await;
    check(&openai, stopped(Stop::Refused), "\"finish_reason\":\"content_filter\"").await;
    check(&openai, Script::Empty, "\"finish_reason\":\"stop\"").await;
    check(&anthropic, stopped(Stop::TokenLimit), "\"stop_reason\":\"max_tokens\"").await;
    check(&anthropic, stopped(Stop::Refused), "\"stop_reason\":\"refusal\"").await;
    check(&gemini, stopped(Stop::TokenLimit), "\"finishReason\":\"MAX_TOKENS\"").await;
    check(&gemini, stopped(Stop::Refused), "\"finishReason\":\"SAFETY\"").await;
    check(&gemini, Script::Empty, "\"finishReason\":\"STOP\"").await;
    check(&ollama, stopped(Stop::TokenLimit), "\"done_reason\":\"length\"").await;
}

#[tokio::test]
async fn usage_is_plain_nested_or_missing() {
    let case = Case::openai().await;
    for (usage, plain, nested) in [
        (UsageShape::Plain, true, false),
        (UsageShape::NestedDetails, true, true),
        (UsageShape::Missing, false, false),
    ] {
        case.fake.push(Script::Reply { text: "Yes.".to_owned(), chunk_chars: 0, usage });
        let text = case.send().await.text().await.unwrap();
        assert_eq!(text.contains("\"total_tokens\":8"), plain, "{usage:?}: {text}");
        assert_eq!(text.contains("\"prompt_tokens_details\""), nested, "{usage:?}: {text}");
    }
    // Nobody asked for it: OpenAI then sends none.
    let text = case.send_without("stream_options").await.text().await.unwrap();
    assert!(!text.contains("usage") && text.contains("[DONE]"), "{text}");
}

#[tokio::test]
async fn bodies_can_be_cut_through_characters() {
    let case = Case::gemini().await;
    case.fake.cut_bodies_every(1);
    case.fake.push(Script::reply("雨夜的门开了"));
    let mut body = case.send().await.bytes_stream();
    let (mut bytes, mut split_character) = (Vec::new(), false);
    while let Some(piece) = body.next().await {
        bytes.extend_from_slice(&piece.unwrap());
        split_character |= std::str::from_utf8(&bytes).is_err();
    }
    assert!(split_character, "every piece ended between characters");
    assert!(String::from_utf8(bytes).unwrap().contains("雨夜的门开了"));
}

#[tokio::test]
async fn garbage_is_sent_as_it_is() {
    let case = Case::openai().await;
    case.fake.push(Script::Garbage(vec![0xff, 0x00, b'd']));
    let response = case.send().await;
    assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
    assert_eq!(response.bytes().await.unwrap().as_ref(), [0xff, 0x00, b'd']);
}

#[tokio::test]
async fn dropping_the_fake_cuts_connections_and_frees_the_port() {
    let Case { fake, path, body, .. } = Case::ollama().await;
    let url = format!("{}{path}", fake.base_url());
    fake.push(Script::StallMidStream { text_before: "Half".to_owned() });
    let response = client().post(&url).body(body.to_string()).send().await.unwrap();
    drop(fake);
    assert!(!received(response).await.1, "the connection ended in good order");
    assert!(client().get(&url).send().await.unwrap_err().is_connect());
}
