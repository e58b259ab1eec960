//! What is remembered of a request until its response is through: one access line and one count, whatever happens.

use std::{
    net::IpAddr,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{Method, StatusCode},
    response::Response,
};
use hyper::body::{Frame, SizeHint};
use metrics::{counter, gauge, histogram};

use super::UserLabel;
use crate::{
    logs::{AccessEntry, AccessLog},
    metrics::{HTTP_REQUEST_DURATION_SECONDS, HTTP_REQUESTS_IN_PROGRESS, HTTP_REQUESTS_TOTAL},
};

/// nginx's code for a client that left before the response began.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// A request under way. Dropped without [`respond`](Self::respond), the client has gone.
pub(super) struct Record {
    pub(super) access: AccessLog,
    pub(super) request_id: String,
    pub(super) remote: Option<IpAddr>,
    pub(super) method: Method,
    /// For the log.
    pub(super) path: String,
    /// For the metrics, which must not have a series for every address that somebody tries.
    pub(super) route: String,
    began: Instant,
    status: Option<StatusCode>,
    user: Option<String>,
    body_bytes: u64,
}

impl Record {
    pub(super) fn begin(
        access: AccessLog,
        request_id: String,
        remote: Option<IpAddr>,
        method: Method,
        path: String,
        route: String,
    ) -> Self {
        gauge!(HTTP_REQUESTS_IN_PROGRESS).increment(1.0);
        let began = Instant::now();
        Self {
            access,
            request_id,
            remote,
            method,
            path,
            route,
            began,
            status: None,
            user: None,
            body_bytes: 0,
        }
    }

    /// Counts the response and logs it: at once when its size is known, at the end of its stream otherwise.
    pub(super) fn respond(mut self, response: Response) -> Response {
        let status = response.status();
        self.status = Some(status);
        self.user = response.extensions().get::<UserLabel>().map(|user| user.0.clone());
        self.measure(status.as_u16());
        if self.method == Method::HEAD {
            return response;
        }
        if let Some(bytes) = response.body().size_hint().exact() {
            self.body_bytes = bytes;
            return response;
        }
        response.map(|inner| Body::new(Counted { inner, record: self }))
    }

    fn measure(&self, status: u16) {
        gauge!(HTTP_REQUESTS_IN_PROGRESS).decrement(1.0);
        let method = method_label(&self.method);
        let seconds = self.began.elapsed().as_secs_f64();
        counter!(
            HTTP_REQUESTS_TOTAL, "method" => method, "path" => self.route.clone(), "status" => status.to_string()
        )
        .increment(1);
        histogram!(HTTP_REQUEST_DURATION_SECONDS, "method" => method, "path" => self.route.clone())
            .record(seconds);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let (status, reason) = match self.status {
            Some(status) => (status.as_u16(), status.canonical_reason().unwrap_or("Unknown")),
            None => {
                self.measure(CLIENT_CLOSED_REQUEST);
                (CLIENT_CLOSED_REQUEST, "Client Closed Request")
            }
        };
        let duration: Duration = self.began.elapsed();
        self.access.record(&AccessEntry {
            request_id: &self.request_id,
            remote: self.remote,
            user: self.user.as_deref(),
            method: self.method.as_str(),
            path: &self.path,
            status,
            reason,
            duration,
            body_bytes: self.body_bytes,
        });
    }
}

/// Clients may make methods up; those share one label.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}

/// A streamed body that counts what passes; the record is logged when the stream ends or is dropped.
struct Counted {
    inner: Body,
    record: Record,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.record.body_bytes += data.len() as u64;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
