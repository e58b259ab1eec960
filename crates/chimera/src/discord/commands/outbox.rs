//! Writes a request down within a bound, and acknowledges it whether or not that worked.

use std::time::Duration;

use jobs::NewJob;
use serde::Serialize;

use crate::{
    app::App,
    discord::{
        cards::Trouble,
        commands::reply,
        handle::{Callback, Response},
        requests::ReplyTo,
    },
};

/// Discord waits for three seconds; a person should not.
const BOUND: Duration = Duration::from_millis(500);

/// Enqueues a job and defers. When the write does not come back in time the deferral is sent all the same and then
/// edited to say "try again"; the write is given up, and should it have been made after all, the result replaces that
/// sentence. A repeated interaction makes no second job.
pub(crate) async fn defer(app: &App, to: &ReplyTo, kind: &'static str, request: &impl Serialize) -> Response {
    let callback = Callback::Defer { is_public: to.is_public };
    let written = async {
        let job = NewJob::new(kind, request)
            .map_err(|error| error.to_string())?
            .key(format!("discord/{}", to.interaction_id))
            .max_attempts(app.config.queue.max_attempts);
        match tokio::time::timeout(BOUND, app.queue.enqueue_now(&job)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("not within {} ms", BOUND.as_millis())),
        }
    };
    match written.await {
        Ok(()) => callback.into(),
        Err(reason) => {
            tracing::error!(job.kind = kind, interaction = to.interaction_id, %reason, "a request could not be written down");
            let (app, to) = (app.clone(), to.clone());
            Response::then(callback, async move { reply::trouble(&app, &to, &Trouble::Busy).await })
        }
    }
}
