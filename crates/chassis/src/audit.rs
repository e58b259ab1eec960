//! The audit log: decisions that a person may have to answer for, one JSON line each.

use serde::Serialize;

use crate::{clock::Clock, logs::LogFile};

/// How an audited action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Ok,
    /// It was refused for lack of permission.
    Denied,
    /// It was allowed and went wrong.
    Failed,
}

/// Who did what to which thing, and how it ended. The time is added when it is recorded.
#[derive(Clone, Debug, Serialize)]
pub struct AuditEvent {
    /// The user's name or id, `anonymous`, or the program's name for what it did on its own.
    pub actor: String,
    /// What was tried, as stable `noun.verb`, such as `session.delete`.
    pub action: String,
    /// The thing it was tried on, such as a session's id.
    pub subject: String,
    /// How it ended.
    pub outcome: Outcome,
    /// One sentence for the reader; empty when there is nothing to add.
    pub detail: String,
    /// The request it happened in.
    pub request_id: Option<String>,
}

/// Where audit events go. Cheap to clone; does nothing when auditing is off.
#[derive(Clone, Debug)]
pub struct AuditLog {
    file: Option<LogFile>,
    clock: Clock,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    #[serde(flatten)]
    event: &'a AuditEvent,
}

impl AuditLog {
    /// An audit log that drops everything.
    pub fn off() -> Self {
        Self { file: None, clock: Clock::system() }
    }

    /// Writes to `file`, with times of `clock`.
    pub fn new(file: LogFile, clock: Clock) -> Self {
        Self { file: Some(file), clock }
    }

    /// Whether events are written anywhere, for callers that would have to compute one.
    pub fn is_on(&self) -> bool {
        self.file.is_some()
    }

    /// Appends one line with one `write(2)`. A failure is counted and said once on stderr; it never reaches the
    /// caller.
    pub fn record(&self, event: &AuditEvent) {
        let Some(file) = &self.file else { return };
        match serde_json::to_string(&Line { time: self.clock.now_text(), event }) {
            Ok(line) => file.write_line(&line),
            Err(error) => tracing::error!(%error, "an audit event could not be written as JSON"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::parse_utc_text;

    #[test]
    fn one_json_line_an_event_whatever_the_values_hold() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        let clock = Clock::fixed(parse_utc_text("2026-01-31 12:00:00").unwrap());
        let log = AuditLog::new(LogFile::new(path.clone()), clock);
        let event = AuditEvent {
            actor: "eve\n{\"actor\":\"root\"}".to_owned(),
            action: "session.delete".to_owned(),
            subject: "42 ; Bearer abcdef".to_owned(),
            outcome: Outcome::Denied,
            detail: "not the \u{1b}[31mowner\u{202e}".to_owned(),
            request_id: None,
        };
        log.record(&event);
        log.record(&AuditEvent { outcome: Outcome::Failed, ..event });
        AuditLog::off().record(&AuditEvent {
            actor: String::new(),
            action: String::new(),
            subject: String::new(),
            outcome: Outcome::Ok,
            detail: String::new(),
            request_id: Some("r".to_owned()),
        });

        let text = std::fs::read_to_string(&path).unwrap();
        insta::assert_snapshot!(text, @r#"
        {"time":"2026-01-31 12:00:00.000","actor":"eve\n{\"actor\":\"root\"}","action":"session.delete","subject":"42 ; Bearer ***","outcome":"denied","detail":"not the \u001b[31mowner\u202e","request_id":null}
        {"time":"2026-01-31 12:00:00.000","actor":"eve\n{\"actor\":\"root\"}","action":"session.delete","subject":"42 ; Bearer ***","outcome":"failed","detail":"not the \u001b[31mowner\u202e","request_id":null}
        "#);
        for line in text.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }
}
