//! The access log: one line a request, with the status in words so that `grep -i forbidden` finds a refusal.

use std::{fmt::Write, net::IpAddr, time::Duration};

use serde::Serialize;

use super::{LogFile, LogFormat, escape::word};
use crate::clock::Clock;

/// One finished request.
#[derive(Clone, Debug)]
pub struct AccessEntry<'a> {
    /// The id the client was told.
    pub request_id: &'a str,
    /// Who asked, as far as the connection tells.
    pub remote: Option<IpAddr>,
    /// The user the handler named.
    pub user: Option<&'a str>,
    /// The method as sent.
    pub method: &'a str,
    /// The path without its query, which may hold secrets.
    pub path: &'a str,
    /// The status code.
    pub status: u16,
    /// The status in words, such as `Forbidden`.
    pub reason: &'a str,
    /// From the request's head to the end of the response's body.
    pub duration: Duration,
    /// Bytes of the body as handed to the connection.
    pub body_bytes: u64,
}

/// Where access lines go. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AccessLog(Option<Open>);

#[derive(Clone, Debug)]
struct Open {
    file: LogFile,
    format: LogFormat,
    clock: Clock,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    request_id: &'a str,
    remote: Option<IpAddr>,
    user: Option<&'a str>,
    method: &'a str,
    path: &'a str,
    status: u16,
    reason: &'a str,
    duration_ms: f64,
    bytes: u64,
}

impl AccessLog {
    /// An access log that drops everything.
    pub fn off() -> Self {
        Self(None)
    }

    /// Writes to `file` in `format`, with times of `clock`.
    pub fn new(file: LogFile, format: LogFormat, clock: Clock) -> Self {
        Self(Some(Open { file, format, clock }))
    }

    /// Appends one line; never fails, see [`LogFile::write_line`].
    pub fn record(&self, entry: &AccessEntry<'_>) {
        let Some(open) = &self.0 else { return };
        let time = open.clock.now_text();
        let line = match open.format {
            LogFormat::Human => human(&time, entry),
            LogFormat::Json => json(time, entry),
        };
        open.file.write_line(&line);
    }
}

/// `TIME ID REMOTE USER METHOD PATH STATUS Reason 1.234ms 567B`, with `-` for what is unknown.
fn human(time: &str, entry: &AccessEntry<'_>) -> String {
    let mut line = format!("{time} {} ", word(entry.request_id));
    // Writing to a String cannot fail.
    let _ = match entry.remote {
        Some(remote) => write!(line, "{remote} "),
        None => write!(line, "- "),
    };
    let _ = write!(
        line,
        "{} {} {} {} {} {:.3}ms {}B",
        word(entry.user.unwrap_or_default()),
        word(entry.method),
        word(entry.path),
        entry.status,
        entry.reason,
        milliseconds(entry.duration),
        entry.body_bytes,
    );
    line
}

fn json(time: String, entry: &AccessEntry<'_>) -> String {
    let line = Line {
        time,
        request_id: entry.request_id,
        remote: entry.remote,
        user: entry.user,
        method: entry.method,
        path: entry.path,
        status: entry.status,
        reason: entry.reason,
        duration_ms: milliseconds(entry.duration),
        bytes: entry.body_bytes,
    };
    // Serialising plain fields to a String cannot fail.
    serde_json::to_string(&line).unwrap_or_default()
}

/// Rounded to the microsecond.
fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::parse_utc_text;

    fn check(format: LogFormat) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let clock = Clock::fixed(parse_utc_text("2026-01-31 12:00:00").unwrap());
        let log = AccessLog::new(LogFile::new(path.clone()), format, clock);
        let entry = AccessEntry {
            request_id: "r-1",
            remote: Some(IpAddr::from([127, 0, 0, 1])),
            user: None,
            method: "GET",
            path: "/api/v1/sessions",
            status: 200,
            reason: "OK",
            duration: Duration::from_micros(1234),
            body_bytes: 567,
        };
        log.record(&entry);
        log.record(&AccessEntry { status: 401, reason: "Unauthorized", remote: None, ..entry.clone() });
        log.record(&AccessEntry {
            status: 403,
            reason: "Forbidden",
            user: Some("mallory smith\n"),
            path: "/a b",
            ..entry
        });
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn a_person_and_grep_can_read_it() {
        insta::assert_snapshot!(check(LogFormat::Human), @r#"
        2026-01-31 12:00:00.000 r-1 127.0.0.1 - GET /api/v1/sessions 200 OK 1.234ms 567B
        2026-01-31 12:00:00.000 r-1 - - GET /api/v1/sessions 401 Unauthorized 1.234ms 567B
        2026-01-31 12:00:00.000 r-1 127.0.0.1 "mallory smith\n" GET "/a b" 403 Forbidden 1.234ms 567B
        "#);
    }

    #[test]
    fn a_machine_can_read_it() {
        insta::assert_snapshot!(check(LogFormat::Json), @r#"
        {"time":"2026-01-31 12:00:00.000","request_id":"r-1","remote":"127.0.0.1","user":null,"method":"GET","path":"/api/v1/sessions","status":200,"reason":"OK","duration_ms":1.234,"bytes":567}
        {"time":"2026-01-31 12:00:00.000","request_id":"r-1","remote":null,"user":null,"method":"GET","path":"/api/v1/sessions","status":401,"reason":"Unauthorized","duration_ms":1.234,"bytes":567}
        {"time":"2026-01-31 12:00:00.000","request_id":"r-1","remote":"127.0.0.1","user":"mallory smith\n","method":"GET","path":"/a b","status":403,"reason":"Forbidden","duration_ms":1.234,"bytes":567}
        "#);
    }
}
