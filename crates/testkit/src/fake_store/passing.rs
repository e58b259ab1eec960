//! One request on its way through the proxy.

use std::{convert::Infallible, future::pending, io, sync::Arc};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State as Extract},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use http::{HeaderValue, Method, StatusCode, Uri, header, request::Parts};

use super::{Shared, StoreAsk, StoreFault};
use crate::loopback::Breaker;

const MAX_BODY_BYTES: usize = 1 << 30;

pub(super) async fn answer(Extract(shared): Extract<Arc<Shared>>, request: Request) -> Response {
    let breaker = Breaker::of(&request);
    let (ask, path) = understand(request.method(), request.uri());
    let fault = shared.lock().decide(ask, path);
    let (parts, body) = request.into_parts();
    let reset = || {
        breaker.iter().for_each(Breaker::break_off);
        Response::new(Body::empty())
    };
    match fault {
        Some(StoreFault::Reset) => reset(),
        Some(StoreFault::CutUpload) => {
            cut_upload(&shared, parts, body).await;
            reset()
        }
        fault => {
            let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else { return reset() };
            match fault {
                Some(StoreFault::Hang) => match pending::<Infallible>().await {},
                Some(StoreFault::Status(status)) => refuse(status, s3_error(status), "application/xml"),
                Some(StoreFault::Page(status)) => {
                    refuse(status, "<html><body>Hello!</body></html>".to_owned(), "text/html")
                }
                Some(StoreFault::Text(text)) => refuse(200, text, "text/plain"),
                Some(StoreFault::FlipUpload) => shared.pass(parts, flipped(&body).into()).await,
                Some(StoreFault::LoseAnswer) => {
                    shared.pass(parts, body.into()).await;
                    reset()
                }
                fault => falsify(shared.pass(parts, body.into()).await, fault).await,
            }
        }
    }
}

/// What it asks for and of which file, by method and URL: `/bucket/path?query`.
fn understand(method: &Method, uri: &Uri) -> (StoreAsk, String) {
    let query = uri.query().unwrap_or_default();
    let path = uri.path().trim_start_matches('/').split_once('/').map_or("", |(_, path)| path);
    match *method {
        Method::PUT | Method::POST => (StoreAsk::Write, path.to_owned()),
        Method::DELETE => (StoreAsk::Remove, path.to_owned()),
        _ if path.is_empty() => {
            let prefix = query.split('&').find_map(|pair| pair.strip_prefix("prefix="));
            (StoreAsk::List, prefix.unwrap_or_default().replace("%2F", "/"))
        }
        _ => (StoreAsk::Read, path.to_owned()),
    }
}

/// Takes half of what is sent and passes it on with the length of the whole.
async fn cut_upload(shared: &Shared, parts: Parts, body: Body) {
    let length =
        parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let half: usize = length.unwrap_or(0) / 2;
    let (mut pieces, mut taken) = (body.into_data_stream(), Vec::new());
    while taken.len() < half {
        let Some(Ok(piece)) = pieces.next().await else { break };
        taken.extend_from_slice(&piece);
    }
    taken.truncate(half);
    shared.pass(parts, Body::from_stream(breaking(taken.into()))).await;
}

/// These bytes, then an error.
fn breaking(bytes: Bytes) -> impl futures::Stream<Item = io::Result<Bytes>> {
    // Giving way makes the other side write out what it has before the connection breaks.
    let rest = stream::once(async {
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    stream::iter([Ok(bytes)]).chain(rest)
}

impl Shared {
    /// Passes a request on with its headers as they are: `Host` is among what is signed.
    async fn pass(&self, mut parts: Parts, body: Body) -> Response {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        match format!("http://{}{path}", self.behind).parse() {
            Ok(uri) => parts.uri = uri,
            Err(error) => return (StatusCode::BAD_GATEWAY, format!("{error}")).into_response(),
        }
        match self.client.request(Request::from_parts(parts, body)).await {
            Ok(answer) => answer.map(Body::new),
            Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:?}")).into_response(),
        }
    }
}

/// The answer of the store, with its body changed.
async fn falsify(answer: Response, fault: Option<StoreFault>) -> Response {
    let Some(fault) = fault else { return answer };
    let (mut parts, body) = answer.into_parts();
    let whole = to_bytes(body, MAX_BODY_BYTES).await.unwrap_or_default();
    let half = whole.slice(..whole.len() / 2);
    parts.headers.remove(header::TRANSFER_ENCODING);
    let length = if fault == StoreFault::Truncate { half.len() } else { whole.len() };
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    let body = match fault {
        StoreFault::CutDownload => Body::from_stream(breaking(half)),
        StoreFault::StallDownload => {
            let rest = stream::once(async { pending::<io::Result<Bytes>>().await });
            Body::from_stream(stream::iter([Ok(half)]).chain(rest))
        }
        StoreFault::Truncate => Body::from(half),
        _ => Body::from(flipped(&whole)),
    };
    Response::from_parts(parts, body)
}

fn flipped(bytes: &Bytes) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    bytes
}

fn refuse(status: u16, body: String, kind: &'static str) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn s3_error(status: u16) -> String {
    let (code, message) = match status {
        403 => ("AccessDenied", "Access Denied"),
        404 => ("NoSuchKey", "The specified key does not exist."),
        429 => ("TooManyRequests", "Please reduce your request rate."),
        500 => ("InternalError", "We encountered an internal error. Please try again."),
        503 => ("SlowDown", "Please reduce your request rate."),
        507 => ("InsufficientStorage", "There is no space left."),
        _ => ("Odd", "Something is odd."),
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_known_by_method_and_url() {
        let check = |method: Method, uri: &str, ask: StoreAsk, path: &str| {
            assert_eq!(understand(&method, &uri.parse().unwrap()), (ask, path.to_owned()), "{method} {uri}");
        };
        check(Method::GET, "/backups?list-type=2&prefix=loom%2Fdata%2F", StoreAsk::List, "loom/data/");
        check(Method::GET, "/backups/?list-type=2", StoreAsk::List, "");
        check(Method::GET, "/backups/loom/config", StoreAsk::Read, "loom/config");
        check(Method::PUT, "/backups/data/a%20b", StoreAsk::Write, "data/a%20b");
        check(Method::DELETE, "/backups/locks/1", StoreAsk::Remove, "locks/1");
    }
}
