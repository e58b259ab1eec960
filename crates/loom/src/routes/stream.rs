//! A turn as server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use chassis::problem::Problem;
use futures::StreamExt;
use serde_json::json;

use super::{problems, views::PlayedView};
use crate::play::{Flight, TurnEvent};

/// Comment lines keep proxies from closing a quiet connection.
const PING: Duration = Duration::from_secs(15);

/// Follows a turn. What fails before the first word is answered as an ordinary problem with its status; later
/// failures come as the event `failed`.
pub async fn events(flight: Arc<Flight>) -> Result<Response, Problem> {
    if let Some(TurnEvent::Failed(error)) = flight.wait(0).await {
        return Err(problems::play(&error));
    }
    let events = flight.events().map(|event| Ok::<_, Infallible>(render(event)));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(PING).text("ping")).into_response())
}

fn render(event: TurnEvent) -> Event {
    let (name, data) = match event {
        TurnEvent::Started { provider, model } => {
            ("started", json!({ "provider": provider, "model": model }))
        }
        TurnEvent::Delta(text) => ("delta", json!({ "text": text })),
        TurnEvent::Discarded(reason) => ("discarded", json!({ "reason": reason })),
        TurnEvent::Finished { turn, branch, replayed } => {
            ("finished", json!(PlayedView { turn: turn.as_ref().clone().into(), branch, replayed }))
        }
        TurnEvent::Failed(error) => ("failed", problems::play(&error).body(None)),
    };
    Event::default().event(name).data(data.to_string())
}
