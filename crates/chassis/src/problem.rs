//! The one shape of an error over HTTP: a stable code, a sentence for the person, and what to do next.

use std::{fmt, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

/// An error response, `application/problem+json` of RFC 9457.
///
/// The [shell](crate::http::shell) adds the request id, logs the cause once under it, and lets the program render a
/// page instead when the client prefers HTML.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// Stable, in snake_case, for programs to match on.
    pub code: &'static str,
    /// One sentence for the person.
    pub detail: String,
    /// What to do next.
    pub action: String,
    /// Further members of the body. Boxed because a `Result` carries a problem through every handler.
    pub extra: Box<Map<String, Value>>,
    cause: Option<String>,
}

/// How the shell finds the problem behind a response.
#[derive(Clone)]
pub(crate) struct Attached(pub(crate) Arc<Problem>);

impl Problem {
    /// A problem without further members or a cause.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<String>,
        action: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            action: action.into(),
            extra: Box::default(),
            cause: None,
        }
    }

    /// Adds a member to the body; the members every problem has cannot be replaced.
    #[must_use]
    pub fn with_extra(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(key.to_owned(), value.into());
        self
    }

    /// Keeps what went wrong inside, for the log only; never shown to the client.
    #[must_use]
    pub fn with_cause(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// The inner cause.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// An unexpected fault, 500 `internal_error`; the cause goes to the log.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::internal_logged().with_cause(cause)
    }

    /// An unexpected fault whose cause is in the log already.
    pub(crate) fn internal_logged() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "Something went wrong on the server.",
            "Try again; if it stays, give the operator the request id.",
        )
    }

    /// The JSON body; `request_id` is known only inside the shell.
    pub fn body(&self, request_id: Option<&str>) -> Value {
        let mut body = (*self.extra).clone();
        body.insert("type".to_owned(), json!(format!("/problems/{}", self.code)));
        body.insert("title".to_owned(), json!(self.status.canonical_reason().unwrap_or("Error")));
        body.insert("status".to_owned(), json!(self.status.as_u16()));
        body.insert("detail".to_owned(), json!(self.detail));
        body.insert("code".to_owned(), json!(self.code));
        body.insert("action".to_owned(), json!(self.action));
        if let Some(id) = request_id {
            body.insert("request_id".to_owned(), json!(id));
        }
        Value::Object(body)
    }

    /// The JSON response without the marker by which the shell finds problems.
    pub(crate) fn json_response(&self, request_id: Option<&str>) -> Response {
        let mut response = Response::new(Body::from(self.body(request_id).to_string()));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}: {} {}", self.status.as_u16(), self.code, self.detail, self.action)
    }
}

impl std::error::Error for Problem {}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.json_response(None);
        response.extensions_mut().insert(Attached(Arc::new(self)));
        response
    }
}
