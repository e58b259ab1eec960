//! A model server that answers at once, so that the program and not the model is measured.

use std::convert::Infallible;

use axum::{
    Json, Router,
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
    routing::post,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

const TEXT: &str = "The lamp turns once, and the fog gives back a shape: a boat without a light, quite near, and \
                    somebody standing in it who does not wave. What do you do?";

/// Starts the server; it ends when the handle is aborted.
pub(super) async fn start() -> std::io::Result<(String, JoinHandle<()>)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let router = Router::new().route("/v1/chat/completions", post(complete));
    let server = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the instant model stopped");
        }
    });
    Ok((format!("http://{address}/v1/"), server))
}

async fn complete(Json(request): Json<Value>) -> Response {
    let usage = json!({ "prompt_tokens": 100, "completion_tokens": 40, "total_tokens": 140 });
    if request["stream"] != json!(true) {
        let message = json!({ "role": "assistant", "content": TEXT });
        let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
        return Json(json!({ "id": "1", "object": "chat.completion", "choices": [choice], "usage": usage }))
            .into_response();
    }
    let chunk = |delta: Value, finish: Value| {
        json!({ "id": "1", "object": "chat.completion.chunk",
                "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] })
    };
    let lines = [
        chunk(json!({ "role": "assistant", "content": TEXT }), Value::Null).to_string(),
        chunk(json!({}), json!("stop")).to_string(),
        json!({ "id": "1", "object": "chat.completion.chunk", "choices": [], "usage": usage }).to_string(),
        "[DONE]".to_owned(),
    ];
    let events = lines.map(|line| Ok::<_, Infallible>(Event::default().data(line)));
    Sse::new(futures::stream::iter(events)).into_response()
}
