//! Extractors whose refusals are problems with stable codes.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::problem::Problem;

/// What a parser says is shown up to this length: it may quote the input.
const MAX_REASON_CHARS: usize = 300;

/// A JSON body in either direction. Refuses with `unsupported_media_type`, `body_too_large`, `invalid_utf8` or
/// `invalid_json` (with `line` and `column`).
#[derive(Clone, Copy, Debug, Default)]
pub struct Json<T>(pub T);

/// Query parameters; refuses with `invalid_query`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<T>(pub T);

/// Path parameters; refuses with `invalid_path`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The request body is not marked as JSON.",
                "Send it with the header `Content-Type: application/json`.",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unreadable(&rejection))?;
        parse(&bytes).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match axum::extract::Query::<T>::try_from_uri(&parts.uri) {
            Ok(query) => Ok(Self(query.0)),
            Err(rejection) => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "invalid_query",
                format!("The query of the address cannot be used: {}.", reason(rejection.body_text())),
                "Correct the parameter and send the request again.",
            )),
        }
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(path) => Ok(Self(path.0)),
            Err(rejection) if rejection.status().is_server_error() => {
                Err(Problem::internal(rejection.body_text()))
            }
            Err(rejection) => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "invalid_path",
                format!("The path of the address cannot be used: {}.", reason(rejection.body_text())),
                "Check the address; ids are copied whole.",
            )),
        }
    }
}

/// `application/json` or any `application/*+json`.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn unreadable(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return body_too_large();
    }
    Problem::new(
        StatusCode::BAD_REQUEST,
        "body_unreadable",
        "The request body broke off before its end.",
        "Send the request again.",
    )
    .with_cause(rejection.body_text())
}

pub(super) fn body_too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body_too_large",
        "The request body is larger than this service accepts.",
        "Send less at once.",
    )
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = str::from_utf8(bytes).map_err(|error| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_utf8",
            format!("The request body is not UTF-8 text: byte {} cannot be read.", error.valid_up_to()),
            "Encode the body as UTF-8 and send it again.",
        )
        .with_extra("byte", error.valid_up_to())
    })?;
    serde_json::from_str(text).map_err(|error| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_json",
            format!("The request body cannot be used: {}.", reason(error.to_string())),
            "Correct the body at that place and send it again.",
        )
        .with_extra("line", error.line())
        .with_extra("column", error.column())
    })
}

fn reason(text: String) -> String {
    match text.char_indices().nth(MAX_REASON_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
