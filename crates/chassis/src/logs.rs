//! Where the program's words go: its own log, the access log and the audit log.
//!
//! All three are files that may be rotated by renaming them. Every line is one `write(2)`, passes
//! [`redact`](crate::redact), and holds no control characters, so that no value can forge a second line. A log that
//! cannot be written never stops the program.

use std::{path::PathBuf, sync::Arc};

use tracing_subscriber::{EnvFilter, Registry, layer::SubscriberExt, reload, util::SubscriberInitExt};

use crate::{audit::AuditLog, clock::Clock};

mod access;
mod escape;
mod file;
mod section;
mod subscriber;

pub use self::{
    access::{AccessEntry, AccessLog},
    file::LogFile,
    section::LogsConfig,
};

/// The form of the program's log and of the access log; the audit log is always JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One line to read an event.
    #[default]
    Human,
    /// One JSON object an event.
    Json,
}

/// What is logged and where.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// The folder of the three files, created when it is missing; `None` writes no files.
    pub directory: Option<PathBuf>,
    /// A filter directive such as `info` or `info,loom::turns=debug`.
    pub level: String,
    /// The form of the lines.
    pub format: LogFormat,
    /// Whether the program's log also goes to stderr.
    pub stderr: bool,
    /// `loom` writes `loom.log`.
    pub program: String,
    /// Whether `audit.log` is written.
    pub audit: bool,
}

/// A log that cannot be set up at all.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The level is no filter directive.
    #[error(
        "`{level}` is no log level: {reason}; use error, warn, info, debug, trace or `info,module::path=debug`"
    )]
    Level {
        /// The directive as given.
        level: String,
        /// What the parser says.
        reason: String,
    },
    /// The form is none that there is.
    #[error("`logs.format` is `{format}`; use `human` or `json`")]
    Format {
        /// The form as given.
        format: String,
    },
    /// A subscriber is there already; a process has one.
    #[error("logging is set up already in this process")]
    AlreadyInstalled,
    /// The subscriber that holds the filter is gone.
    #[error("the log level cannot be changed: {reason}")]
    Reload {
        /// What the subscriber says.
        reason: String,
    },
}

/// The sinks of a running program; cheap to clone.
#[derive(Clone, Debug)]
pub struct Logs {
    access: AccessLog,
    audit: AuditLog,
    filter: Option<Arc<reload::Handle<EnvFilter, Registry>>>,
}

/// Opens the files and installs the process-wide subscriber and a panic hook that logs. A file that cannot be
/// written is no error here: it is said once on stderr and counted in `log_write_errors_total`.
pub fn init(settings: &LogSettings) -> Result<Logs, LogError> {
    let clock = Clock::system();
    let (filter, handle) = reload::Layer::new(parse_level(&settings.level)?);
    let file =
        settings.directory.as_ref().map(|at| LogFile::new(at.join(format!("{}.log", settings.program))));
    tracing_subscriber::registry()
        .with(filter)
        .with(file.map(|file| subscriber::layer(file, settings.format, clock.clone())))
        .with(settings.stderr.then(|| subscriber::layer(subscriber::Stderr, settings.format, clock.clone())))
        .try_init()
        .map_err(|_| LogError::AlreadyInstalled)?;
    subscriber::log_panics();
    Ok(Logs { filter: Some(Arc::new(handle)), ..Logs::open(settings, clock) })
}

impl Logs {
    /// The access and audit logs alone, without a process-wide subscriber: for tests and short commands.
    pub fn open(settings: &LogSettings, clock: Clock) -> Self {
        let file = |name: &str| settings.directory.as_ref().map(|at| LogFile::new(at.join(name)));
        let audit_file = file("audit.log").filter(|_| settings.audit);
        Self {
            access: file("access.log")
                .map_or_else(AccessLog::off, |file| AccessLog::new(file, settings.format, clock.clone())),
            audit: audit_file.map_or_else(AuditLog::off, |file| AuditLog::new(file, clock)),
            filter: None,
        }
    }

    /// Sinks that drop everything.
    pub fn off() -> Self {
        Self { access: AccessLog::off(), audit: AuditLog::off(), filter: None }
    }

    /// One line a request.
    pub fn access(&self) -> &AccessLog {
        &self.access
    }

    /// One line a decision; drops everything unless auditing was asked for.
    pub fn audit(&self) -> &AuditLog {
        &self.audit
    }

    /// Changes what is logged from now on. Does nothing on sinks without a subscriber.
    pub fn set_level(&self, level: &str) -> Result<(), LogError> {
        let filter = parse_level(level)?;
        match &self.filter {
            Some(handle) => {
                handle.reload(filter).map_err(|error| LogError::Reload { reason: error.to_string() })
            }
            None => Ok(()),
        }
    }
}

fn parse_level(level: &str) -> Result<EnvFilter, LogError> {
    EnvFilter::builder()
        .parse(level)
        .map_err(|error| LogError::Level { level: level.to_owned(), reason: error.to_string() })
}
