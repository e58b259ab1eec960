//! What to open and how: the settings, and the reading of a database URL.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

use crate::error::StorageError;

/// Which database is behind the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// One file, one writer, several readers.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

impl fmt::Display for Backend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Backend::Sqlite => "SQLite",
            Backend::Postgres => "PostgreSQL",
        })
    }
}

/// How a database is opened. `Debug` hides the password of the URL.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// `sqlite:PATH`, `sqlite::memory:` (one connection, for tests and trials) or `postgres://USER@HOST/NAME`.
    /// The path is taken literally, without percent-decoding.
    pub url: String,
    /// Reading connections on SQLite; size of the whole pool on PostgreSQL. At least one is used.
    pub readers: u32,
    /// How long a statement waits for a lock that somebody else holds before it fails with `Locked`. On
    /// PostgreSQL it also bounds the wait for a new connection to the server (at least 1 s). Queueing for a free
    /// connection is bounded by 30 s on both.
    pub busy_timeout: Duration,
    /// A statement slower than this is recorded in `slow_queries`. Zero records every statement;
    /// `Duration::MAX` none.
    pub slow_query: Duration,
    /// `true`: a committed unit of work survives a power cut (`synchronous=FULL`, `synchronous_commit`).
    /// `false`: the last few may be lost with the power, never with the process; the database stays sound.
    pub synchronous_full: bool,
}

impl DatabaseSettings {
    /// The defaults for a URL: 4 readers, 5 s for locks, 250 ms for slow queries, full durability.
    pub fn at(url: impl Into<String>) -> Self {
        DatabaseSettings {
            url: url.into(),
            readers: 4,
            busy_timeout: Duration::from_secs(5),
            slow_query: Duration::from_millis(250),
            synchronous_full: true,
        }
    }
}

impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DatabaseSettings")
            .field("url", &redacted_url(&self.url))
            .field("readers", &self.readers)
            .field("busy_timeout", &self.busy_timeout)
            .field("slow_query", &self.slow_query)
            .field("synchronous_full", &self.synchronous_full)
            .finish()
    }
}

/// The URL with every password replaced by `***`, fit for logs and error texts. Rather hides too much than too
/// little when the URL is malformed.
pub fn redacted_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (user, location) = match rest.rsplit_once('@') {
        Some((userinfo, location)) => match userinfo.split_once(':') {
            Some((user, _password)) => (format!("{user}:***@"), location),
            None => (format!("{userinfo}@"), location),
        },
        None => (String::new(), rest),
    };
    let Some((path, query)) = location.split_once('?') else { return format!("{scheme}://{user}{location}") };
    let query: Vec<String> = query.split('&').map(redacted_parameter).collect();
    format!("{scheme}://{user}{path}?{}", query.join("&"))
}

fn redacted_parameter(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((key, _)) if key.to_ascii_lowercase().contains("pass") => format!("{key}=***"),
        _ => parameter.to_owned(),
    }
}

/// What a URL points at.
#[derive(Debug)]
pub(crate) enum Target {
    Memory,
    File(PathBuf),
    Postgres(Box<PgConnectOptions>),
}

impl FromStr for Target {
    type Err = StorageError;

    fn from_str(url: &str) -> Result<Self, StorageError> {
        let refuse = |reason: String| StorageError::Open { url: redacted_url(url), reason };
        if let Some(rest) = url.strip_prefix("sqlite:") {
            return sqlite_target(rest.strip_prefix("//").unwrap_or(rest)).map_err(refuse);
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return PgConnectOptions::from_str(url)
                .map(|options| Target::Postgres(Box::new(options)))
                .map_err(|cause| refuse(format!("the URL is not valid: {cause}")));
        }
        Err(refuse("write sqlite:PATH, sqlite::memory: or postgres://USER@HOST/NAME".to_owned()))
    }
}

fn sqlite_target(rest: &str) -> Result<Target, String> {
    let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        // The mode this crate opens files in anyway; people copy it from other tools' examples.
        if parameter != "mode=rwc" {
            return Err(format!("the parameter {parameter} is not understood: write only sqlite:PATH"));
        }
    }
    match path {
        "" => Err("the path of the database file is empty: write sqlite:PATH".to_owned()),
        ":memory:" => Ok(Target::Memory),
        _ => Ok(Target::File(PathBuf::from(path))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden() {
        let check = |url: &str, expected: &str| assert_eq!(redacted_url(url), expected, "{url}");
        check("postgres://ann:hunter2@db/loom", "postgres://ann:***@db/loom");
        check("postgres://ann:hunt@er:2@db/loom", "postgres://ann:***@db/loom");
        check(
            "postgres://ann:hunt/er?2@db/loom?sslmode=require",
            "postgres://ann:***@db/loom?sslmode=require",
        );
        check("postgres://ann@db/loom", "postgres://ann@db/loom");
        check(
            "postgres://db/loom?user=ann&password=hunter2&x=1",
            "postgres://db/loom?user=ann&password=***&x=1",
        );
        check("postgres://db/loom", "postgres://db/loom");
        check("sqlite:data/loom.db", "sqlite:data/loom.db");
        let settings = DatabaseSettings::at("postgres://ann:hunter2@db/loom");
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn targets() {
        let check = |url: &str, expected: &str| {
            let found = match url.parse::<Target>() {
                Ok(Target::Memory) => "memory".to_owned(),
                Ok(Target::File(path)) => format!("file {}", path.display()),
                Ok(Target::Postgres(options)) => {
                    format!("postgres {}:{}", options.get_host(), options.get_port())
                }
                Err(error) => error.to_string(),
            };
            assert_eq!(found, expected, "{url}");
        };
        check("sqlite:data/loom.db", "file data/loom.db");
        check("sqlite://data/loom.db?mode=rwc", "file data/loom.db");
        check("sqlite:///var/lib/loom.db", "file /var/lib/loom.db");
        check("sqlite:/var/my data/100%.db", "file /var/my data/100%.db");
        check("sqlite::memory:", "memory");
        check("sqlite://:memory:", "memory");
        check("postgres://ann:x@db:6000/loom", "postgres db:6000");
        check("postgresql://ann@db/loom", "postgres db:5432");
        check(
            "sqlite:",
            "cannot open the database sqlite:: the path of the database file is empty: write sqlite:PATH",
        );
        check(
            "sqlite:a.db?cache=shared",
            "cannot open the database sqlite:a.db?cache=shared: the parameter cache=shared is not understood: \
             write only sqlite:PATH",
        );
        check(
            "data/loom.db",
            "cannot open the database data/loom.db: write sqlite:PATH, sqlite::memory: or postgres://USER@HOST/NAME",
        );
        check(
            "postgres://ann:hunter2@db:port/loom",
            "cannot open the database postgres://ann:***@db:port/loom: the URL is not valid: error with \
             configuration: invalid port number",
        );
    }
}
