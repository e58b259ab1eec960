//! A folder of a bucket of an S3-compatible object store, through OpenDAL.
//!
//! The calls block, and may be made from any thread, those of an async runtime included: the requests themselves run
//! on a small runtime of the store's own. Every file is one `PUT` with its MD5 sum, which a store answers once it has
//! the whole; nothing of an upload that was cut off is ever seen.

use std::{
    fmt,
    future::Future,
    net::IpAddr,
    sync::mpsc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use chassis::backoff::Backoff;
use opendal::{
    Buffer, HttpTransporter, OperationContext, Operator,
    options::{ListOptions, ReadOptions},
    services,
};
use reqwest::Url;
use tokio::runtime::{self, Runtime};

use super::files::{FileError, Files};
use crate::backup::location::S3Location;

mod trouble;
mod wire;

use trouble::Trouble;
use wire::Wire;

/// No more files than this are listed: more than a repository of 100 TiB has.
const MAX_LISTED: usize = 10_000_000;
const DEFAULT_REGION: &str = "us-east-1";
const WORKERS: usize = 2;

/// How long a store is waited for.
///
/// A request that gets no answer in time, is cut off, or is answered with 408, 429, 499, 500, 502, 503 or 504 (or with
/// what S3 says instead: `SlowDown`, `BadDigest` and the like) is made again after a wait that doubles. Anything
/// else, such as 403 or 404, is final at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct S3Settings {
    /// To be connected.
    pub connect_timeout: Duration,
    /// To be answered, and again to receive the answer's body; each is longer by what the body needs at
    /// [`slowest_bytes_per_s`](Self::slowest_bytes_per_s).
    pub answer_timeout: Duration,
    /// A slower connection than this is none.
    pub slowest_bytes_per_s: u64,
    /// How often a request is made at most.
    pub tries: u32,
    /// The waits between.
    pub backoff: Backoff,
    /// No further try begins after so long.
    pub patience: Duration,
}

impl Default for S3Settings {
    /// For stores on the internet: a store that is silent is left after two to three minutes.
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(30),
            slowest_bytes_per_s: 64 * 1024,
            tries: 6,
            backoff: Backoff {
                base: Duration::from_millis(500),
                factor: 2.0,
                max: Duration::from_secs(15),
                jitter: 0.5,
            },
            patience: Duration::from_secs(120),
        }
    }
}

/// A folder of a bucket.
pub struct S3Files {
    operator: Operator,
    settings: S3Settings,
    place: Place,
    /// Always there until it is dropped.
    runtime: Option<Runtime>,
}

/// How people call it.
struct Place {
    bucket: String,
    prefix: String,
    /// Host and port where it is not Amazon's own.
    host: Option<String>,
}

impl S3Files {
    /// Of this location, with the limits of [`S3Settings::default`]. Nothing is asked of the store yet.
    pub fn new(location: &S3Location) -> Result<Self, FileError> {
        Self::with_settings(location, S3Settings::default())
    }

    /// Of this location, with these limits.
    pub fn with_settings(location: &S3Location, settings: S3Settings) -> Result<Self, FileError> {
        chassis::redact::register(&location.access_key_id);
        chassis::redact::register(&location.secret_access_key);
        let mut place =
            Place { bucket: location.bucket.clone(), prefix: location.prefix.clone(), host: None };
        let other = |place: &Place, reason: String| FileError::Other { place: place.of(""), reason };
        let endpoint = match &location.endpoint {
            Some(endpoint) => Some(parse_endpoint(endpoint).map_err(|reason| other(&place, reason))?),
            None => None,
        };
        place.host = endpoint.as_ref().map(host_of);
        let wire =
            Wire::new(&settings, endpoint.as_ref()).map_err(|error| other(&place, error.to_string()))?;
        let operator = Operator::new(service(location, endpoint.as_ref()))
            .map_err(|error| other(&place, error.message().to_owned()))?
            .with_context(OperationContext::new().with_http_transport(HttpTransporter::new(wire)));
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("s3")
            .enable_all()
            .build()
            .map_err(|error| other(&place, format!("starting its threads: {error}")))?;
        Ok(Self { operator, settings, place, runtime: Some(runtime) })
    }

    /// Makes a request until it is answered, given up or refused for good.
    fn insist<T, F>(
        &self,
        path: &str,
        request: impl Fn(Operator) -> F + Send + Sync + 'static,
    ) -> Result<T, FileError>
    where
        T: Send + 'static,
        F: Future<Output = opendal::Result<T>> + Send,
    {
        let (operator, settings, place) = (self.operator.clone(), self.settings, self.place.of(path));
        let dropped =
            || FileError::Other { place: place.clone(), reason: "the request was dropped".to_owned() };
        let runtime = self.runtime.as_ref().ok_or_else(dropped)?;
        let (answer, answered) = mpsc::sync_channel(1);
        let told = place.clone();
        runtime.spawn(async move {
            let result = until_it_works(&settings, &told, || request(operator.clone())).await;
            // Nobody waits any more where the asking thread was killed.
            let _ = answer.send(result);
        });
        match answered.recv() {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(trouble)) => Err(trouble.into_file_error(place, &self.place.of_bucket())),
            Err(_) => Err(dropped()),
        }
    }
}

/// The service as OpenDAL is told of it: all from the plan, nothing from variables or files of this machine.
fn service(location: &S3Location, endpoint: Option<&Url>) -> services::S3 {
    let builder = services::S3::default()
        .bucket(&location.bucket)
        .root(&format!("/{}", location.prefix))
        .region(location.region.as_deref().unwrap_or(DEFAULT_REGION))
        .access_key_id(location.access_key_id.expose())
        .secret_access_key(location.secret_access_key.expose())
        .checksum_algorithm("md5")
        .disable_config_load()
        .disable_ec2_metadata();
    match endpoint {
        Some(endpoint) => builder.endpoint(endpoint.as_str()),
        // A dot in the bucket's name would not match Amazon's certificate.
        None if location.bucket.contains('.') => builder,
        None => builder.enable_virtual_host_style(),
    }
}

fn parse_endpoint(text: &str) -> Result<Url, String> {
    let wanted = "the endpoint must look like https://host or http://host:port";
    let url = Url::parse(text).map_err(|_| wanted.to_owned())?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    let is_known = matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
    if is_plain && is_known { Ok(url) } else { Err(wanted.to_owned()) }
}

fn host_of(endpoint: &Url) -> String {
    let host = endpoint.host_str().unwrap_or_default();
    endpoint.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn is_loopback(endpoint: &Url) -> bool {
    let host = endpoint.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

async fn until_it_works<T, F>(
    settings: &S3Settings,
    place: &str,
    request: impl Fn() -> F,
) -> Result<T, Trouble>
where
    F: Future<Output = opendal::Result<T>>,
{
    let started = Instant::now();
    let mut attempt = 1;
    loop {
        let trouble = match request().await {
            Ok(value) => return Ok(value),
            Err(error) => Trouble::of(&error),
        };
        let wait = settings.backoff.delay(attempt, fastrand::f64());
        let wait = wait.max(trouble.retry_after().min(settings.backoff.max));
        let is_over = attempt >= settings.tries || started.elapsed() + wait >= settings.patience;
        if is_over || !trouble.may_pass() {
            return Err(trouble);
        }
        tracing::info!(store.file = place, attempt, ?wait, "a store did not do it, another try: {trouble}");
        tokio::time::sleep(wait).await;
        attempt += 1;
    }
}

impl Files for S3Files {
    fn place(&self) -> String {
        self.place.of("")
    }

    fn list(&self, folder: &str) -> Result<Vec<(String, u64)>, FileError> {
        let path = format!("{}/", folder.trim_matches('/'));
        let entries = self.insist(folder, move |operator| {
            let path = path.clone();
            async move { list(&operator, &path).await }
        })?;
        Ok(entries)
    }

    fn read(&self, path: &str) -> Result<Bytes, FileError> {
        let name = path.to_owned();
        let content = self.insist(path, move |operator| {
            let name = name.clone();
            async move { operator.read(&name).await }
        })?;
        Ok(content.to_bytes())
    }

    fn read_range(&self, path: &str, offset: u64, length: u64) -> Result<Bytes, FileError> {
        if length == 0 {
            return Ok(Bytes::new());
        }
        let name = path.to_owned();
        let content = self.insist(path, move |operator| {
            let name = name.clone();
            let range = (offset..offset.saturating_add(length)).into();
            async move { operator.read_options(&name, ReadOptions { range, ..ReadOptions::default() }).await }
        })?;
        Ok(content.to_bytes())
    }

    fn write(&self, path: &str, content: &[Bytes]) -> Result<(), FileError> {
        let (name, content) = (path.to_owned(), Buffer::from(content.to_vec()));
        self.insist(path, move |operator| {
            let (name, content) = (name.clone(), content.clone());
            async move { operator.write(&name, content).await.map(drop) }
        })
    }

    fn remove(&self, path: &str) -> Result<(), FileError> {
        let name = path.to_owned();
        let removed = self.insist(path, move |operator| {
            let name = name.clone();
            async move { operator.delete(&name).await }
        });
        match removed {
            Err(FileError::NotFound { place }) if place == self.place.of(path) => Ok(()),
            removed => removed,
        }
    }
}

async fn list(operator: &Operator, folder: &str) -> opendal::Result<Vec<(String, u64)>> {
    let mut lister =
        operator.lister_options(folder, ListOptions { recursive: true, ..ListOptions::default() }).await?;
    let (mut found, mut first) = (Vec::new(), None);
    while let Some(entry) = futures::TryStreamExt::try_next(&mut lister).await? {
        // A store that gives the same page again and again would be listed for ever.
        let is_again = first.as_deref() == Some(entry.path());
        if is_again || found.len() >= MAX_LISTED {
            return Err(Trouble::NotS3 { what: "lists without end" }.into());
        }
        first.get_or_insert_with(|| entry.path().to_owned());
        if entry.metadata().is_file() {
            found.push((entry.name().to_owned(), entry.metadata().content_length()));
        }
    }
    Ok(found)
}

impl Place {
    fn of(&self, path: &str) -> String {
        let parts = [self.bucket.as_str(), self.prefix.as_str(), path];
        let path = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        self.at_host(format!("s3://{path}"))
    }

    fn of_bucket(&self) -> String {
        self.at_host(format!("the bucket {}", self.bucket))
    }

    fn at_host(&self, name: String) -> String {
        match &self.host {
            Some(host) => format!("{name} at {host}"),
            None => name,
        }
    }
}

impl fmt::Debug for S3Files {
    /// Without the operator, which knows the keys.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operator: _, settings, place, runtime: _ } = self;
        formatter
            .debug_struct("S3Files")
            .field("place", &place.of(""))
            .field("settings", settings)
            .finish_non_exhaustive()
    }
}

impl Drop for S3Files {
    /// Waiting for the threads would panic inside of another runtime; every request is over by now.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use chassis::Secret;

    use super::*;

    fn location(endpoint: Option<&str>) -> S3Location {
        S3Location {
            bucket: "backups".to_owned(),
            prefix: "loom".to_owned(),
            endpoint: endpoint.map(ToOwned::to_owned),
            region: None,
            access_key_id: Secret::new("an-access-key-id".to_owned()),
            secret_access_key: Secret::new("a-secret-access-key".to_owned()),
        }
    }

    #[test]
    fn its_name_says_where_it_is_and_no_secret() {
        let check = |endpoint, expected: &str| {
            let files = S3Files::new(&location(endpoint)).unwrap();
            assert_eq!(files.place(), expected);
            let shown = format!("{files:?}");
            assert!(shown.contains(expected) && !shown.contains("access-key"), "{shown}");
        };
        check(None, "s3://backups/loom");
        check(Some("https://s3.example.org/"), "s3://backups/loom at s3.example.org");
        check(Some("http://127.0.0.1:9000"), "s3://backups/loom at 127.0.0.1:9000");
    }

    #[test]
    fn an_endpoint_that_is_none_is_refused_without_being_shown() {
        for endpoint in
            ["", "minio:9000", "ftp://host", "https://a:opensesame@host", "https://host/?key=opensesame"]
        {
            let text = S3Files::new(&location(Some(endpoint))).unwrap_err().to_string();
            assert_eq!(
                text, "s3://backups/loom: the endpoint must look like https://host or http://host:port",
                "{endpoint}"
            );
        }
    }

    #[test]
    fn this_machine_is_reached_without_a_proxy() {
        for (endpoint, expected) in [
            ("http://localhost:1", true),
            ("http://127.0.0.2", true),
            ("http://[::1]:9", true),
            ("http://a", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(endpoint).unwrap()), expected, "{endpoint}");
        }
    }

    #[tokio::test]
    async fn it_may_be_used_and_dropped_inside_of_a_runtime() {
        let settings = S3Settings { tries: 1, ..S3Settings::default() };
        let files = S3Files::with_settings(&location(Some("http://127.0.0.1:1")), settings).unwrap();
        let error = files.read("config").unwrap_err();
        assert_eq!(
            error.to_string(),
            "s3://backups/loom/config at 127.0.0.1:1 cannot be reached: the connection was refused"
        );
    }
}
