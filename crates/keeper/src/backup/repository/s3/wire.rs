//! How requests reach a store: one HTTP client with limits, whose answers arrive whole or not at all.

use std::{convert::Infallible, error::Error as _, io, time::Duration};

use bytes::Bytes;
use futures::stream;
use http::{HeaderMap, HeaderName, Method, Request, Response, header, request::Parts};
use opendal::{Buffer, HttpBody, HttpTransport};
use reqwest::{Client, Url};

use super::{S3Settings, is_loopback, trouble::Trouble};

/// No answer is longer: a file of a repository is at most 4 GiB, and one that is read at once far below.
const MAX_BODY_BYTES: u64 = 1 << 30;
/// Of an answer that does not say how long it is.
const ASSUMED_BODY_BYTES: u64 = 16 << 20;
const IDLE_LIMIT: Duration = Duration::from_secs(20);

/// One HTTP client.
pub(super) struct Wire {
    client: Client,
    connect_timeout: Duration,
    answer_timeout: Duration,
    slowest_bytes_per_s: u64,
}

impl Wire {
    /// A client; of this machine, the proxy that the environment may name is not asked.
    pub(super) fn new(settings: &S3Settings, endpoint: Option<&Url>) -> reqwest::Result<Self> {
        let mut builder = Client::builder()
            .connect_timeout(settings.connect_timeout)
            .pool_idle_timeout(IDLE_LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("keeper");
        if endpoint.is_some_and(is_loopback) {
            builder = builder.no_proxy();
        }
        Ok(Self {
            client: builder.build()?,
            connect_timeout: settings.connect_timeout,
            answer_timeout: settings.answer_timeout,
            slowest_bytes_per_s: settings.slowest_bytes_per_s.max(1),
        })
    }

    fn limit(&self, body_bytes: u64) -> Duration {
        self.answer_timeout + Duration::from_secs(body_bytes / self.slowest_bytes_per_s)
    }

    async fn send(&self, parts: Parts, body: Buffer) -> Result<reqwest::Response, Trouble> {
        let limit = self.limit(body.len() as u64);
        let url = Url::parse(&parts.uri.to_string())
            .map_err(|error| Trouble::Unreadable { reason: error.to_string(), may_pass: false })?;
        let mut request = self.client.request(parts.method, url).headers(parts.headers);
        if !body.is_empty() {
            // OpenDAL has set the length among the headers.
            let pieces = stream::iter(body.map(Ok::<Bytes, Infallible>));
            request = request.body(reqwest::Body::wrap_stream(pieces));
        }
        match tokio::time::timeout(limit, request.send()).await {
            Ok(sent) => sent.map_err(|error| self.explain(&error)),
            Err(_) => Err(Trouble::NoAnswer { reason: format!("no answer within {}", seconds(limit)) }),
        }
    }

    /// The whole body of an answer.
    async fn receive(&self, mut answer: reqwest::Response) -> Result<Vec<Bytes>, Trouble> {
        let expected_bytes = length(answer.headers());
        let limit = self.limit(expected_bytes.unwrap_or(ASSUMED_BODY_BYTES));
        let receiving = async {
            let (mut pieces, mut received_bytes) = (Vec::new(), 0);
            while let Some(piece) = answer.chunk().await.map_err(|error| self.explain(&error))? {
                received_bytes += piece.len() as u64;
                if received_bytes > expected_bytes.unwrap_or(MAX_BODY_BYTES).min(MAX_BODY_BYTES) {
                    return Err(Trouble::NotS3 { what: "sends without end" });
                }
                pieces.push(piece);
            }
            if expected_bytes.is_some_and(|expected| expected != received_bytes) {
                return Err(Trouble::NoAnswer { reason: "the answer was cut off".to_owned() });
            }
            Ok(pieces)
        };
        match tokio::time::timeout(limit, receiving).await {
            Ok(pieces) => pieces,
            Err(_) => {
                Err(Trouble::NoAnswer { reason: format!("the answer did not end within {}", seconds(limit)) })
            }
        }
    }

    fn explain(&self, error: &reqwest::Error) -> Trouble {
        let (mut deepest, mut kind) = (error.source(), None);
        while let Some(inner) = deepest {
            kind = kind.or_else(|| inner.downcast_ref::<io::Error>().map(io::Error::kind));
            let Some(next) = inner.source() else { break };
            deepest = Some(next);
        }
        let reason = match (error.is_connect(), kind, deepest) {
            (true, Some(io::ErrorKind::ConnectionRefused), _) => "the connection was refused".to_owned(),
            (true, _, _) if error.is_timeout() => {
                format!("no connection within {}", seconds(self.connect_timeout))
            }
            (true, _, Some(deepest)) => format!("no connection: {deepest}"),
            (false, _, Some(deepest)) => format!("the connection broke: {deepest}"),
            (_, _, None) => "the connection broke".to_owned(),
        };
        Trouble::NoAnswer { reason }
    }
}

impl HttpTransport for Wire {
    async fn fetch(&self, request: Request<Buffer>) -> opendal::Result<Response<HttpBody>> {
        let (parts, body) = request.into_parts();
        let is_head = parts.method == Method::HEAD;
        let is_list = parts.uri.query().is_some_and(|query| query.contains("list-type=2"));
        let asked_bytes = range_length(&parts.headers, header::RANGE, "bytes=");
        let answer = self.send(parts, body).await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let pieces = if is_head { Vec::new() } else { self.receive(answer).await? };
        if !status.is_success() {
            return Err(Trouble::refused(status.as_u16(), &pieces.concat(), retry_after(&headers)).into());
        }
        // OpenDAL would take any other text for an empty list, and a prune after an empty list removes everything.
        if is_list && !is_list_of_s3(&pieces.concat()) {
            return Err(Trouble::NotS3 { what: "sends something else than a list" }.into());
        }
        let body = Buffer::from(pieces);
        if let Some(asked_bytes) = asked_bytes {
            let sent_bytes = range_length(&headers, header::CONTENT_RANGE, "bytes ");
            check_range(asked_bytes, sent_bytes, body.len() as u64)?;
        }
        let length = if is_head { None } else { Some(body.len() as u64) };
        let mut response = Response::new(HttpBody::new(stream::iter([Ok(body)]), length));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// How many bytes a header of ranges is about, as `bytes=2-5` or `bytes 2-5/9`.
fn range_length(headers: &HeaderMap, name: HeaderName, unit: &str) -> Option<u64> {
    let range = headers.get(name)?.to_str().ok()?.strip_prefix(unit)?;
    let (first, last) = range.split('/').next()?.split_once('-')?;
    last.parse::<u64>().ok()?.checked_sub(first.parse().ok()?)?.checked_add(1)
}

/// Whether a part of a file came as it was asked for; a server that knows no ranges would send the whole.
fn check_range(asked_bytes: u64, sent_bytes: Option<u64>, received_bytes: u64) -> Result<(), Trouble> {
    match sent_bytes {
        None => Err(Trouble::NotS3 { what: "sends no parts of files" }),
        Some(sent_bytes) if sent_bytes != received_bytes => {
            Err(Trouble::NoAnswer { reason: "the answer was cut off".to_owned() })
        }
        Some(sent_bytes) if sent_bytes < asked_bytes => Err(Trouble::Short),
        Some(sent_bytes) if sent_bytes > asked_bytes => {
            Err(Trouble::NotS3 { what: "sends more than was asked for" })
        }
        Some(_) => Ok(()),
    }
}

fn is_list_of_s3(body: &[u8]) -> bool {
    let beginning = String::from_utf8_lossy(&body[..body.len().min(1024)]);
    beginning.contains("<ListBucketResult")
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn retry_after(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}

fn seconds(time: Duration) -> String {
    format!("{} s", (time.as_secs_f64() * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bigger_bodies_get_more_time() {
        let settings = S3Settings {
            answer_timeout: Duration::from_secs(30),
            slowest_bytes_per_s: 65_536,
            ..S3Settings::default()
        };
        let wire = Wire::new(&settings, None).unwrap();
        for (body_bytes, expected_s) in [(0, 30), (65_535, 30), (32 << 20, 542)] {
            assert_eq!(wire.limit(body_bytes), Duration::from_secs(expected_s), "{body_bytes}");
        }
    }

    #[test]
    fn parts_of_files_are_measured() {
        let check = |asked: &str, sent: Option<&str>, received_bytes, expected: Result<(), &str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, asked.parse().unwrap());
            sent.into_iter()
                .for_each(|sent| drop(headers.insert(header::CONTENT_RANGE, sent.parse().unwrap())));
            let asked_bytes = range_length(&headers, header::RANGE, "bytes=").unwrap();
            let sent_bytes = range_length(&headers, header::CONTENT_RANGE, "bytes ");
            let found =
                check_range(asked_bytes, sent_bytes, received_bytes).map_err(|trouble| trouble.to_string());
            assert_eq!(found.is_ok(), expected.is_ok(), "{asked} {sent:?}: {found:?}");
            if let (Err(found), Err(expected)) = (found, expected) {
                assert!(found.contains(expected), "{found}");
            }
        };
        check("bytes=6-9", Some("bytes 6-9/10"), 4, Ok(()));
        check("bytes=6-12", Some("bytes 6-9/10"), 4, Err("shorter"));
        check("bytes=6-12", Some("bytes 6-12/90"), 4, Err("cut off"));
        check("bytes=6-9", Some("bytes 6-19/20"), 14, Err("more than"));
        check("bytes=6-9", None, 20, Err("no parts"));
        check("bytes=6-9", Some("bytes 9-6/x"), 4, Err("no parts"));
    }

    #[test]
    fn only_a_list_of_s3_is_one() {
        let check = |text: &str, expected| assert_eq!(is_list_of_s3(text.as_bytes()), expected, "{text}");
        check("<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"x\">", true);
        check("<html>please log in</html>", false);
        check("", false);
    }
}
