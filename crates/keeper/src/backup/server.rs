//! A PostgreSQL server as a backup meets it: over a connection of our own, and through PostgreSQL's programs.
//!
//! The programs get the address and the password by variables of their environment, never by their arguments.

use std::{io, time::Duration};

use anyhow::{Context, anyhow, bail};
use chassis::{Clock, Secret, config::Environment};
use keeper_core::plan::service::Postgres;
use reqwest::Url;
use storage::{Database, DatabaseSettings, redacted_url};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::{
    process::{self, Finished, Limits},
    secrets,
    store::foreign::contents,
};

/// A lock of somebody else is waited for so long, by us and by `pg_dump`.
pub const LOCK_WAIT: Duration = Duration::from_secs(60);

/// Whoever uses these programs ends them by the token; this is for a token that nobody ends.
const PROGRAM_LIMIT: Duration = Duration::from_secs(7 * 86_400);
const VERSION_LIMIT: Duration = Duration::from_secs(20);

/// Variables of keeper's own environment that would lead a program somewhere else or change what it writes.
const MISLEADING: [&str; 5] = ["PGSERVICE", "PGSERVICEFILE", "PGCLIENTENCODING", "PGDATESTYLE", "PG_COLOR"];

/// A database of a server, with what is needed to reach it.
#[derive(Clone)]
pub struct Server {
    url: Url,
}

impl Server {
    /// Reads the password from its place. A password inside the URL is taken too, and masked like the other.
    pub fn of(postgres: &Postgres, environment: &Environment) -> anyhow::Result<Self> {
        let refused = |reason: String| anyhow!("the URL {} {reason}", redacted_url(&postgres.url));
        let mut url = Url::parse(&postgres.url).map_err(|error| refused(format!("is not valid: {error}")))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(refused("is not one of PostgreSQL".to_owned()));
        }
        if let Some(source) = &postgres.password {
            let password =
                secrets::read(source, environment).context("reading the password of the database")?;
            // Without a host there is no place for it in front.
            if url.set_password(Some(&encoded(password.expose()))).is_err() {
                url.query_pairs_mut().append_pair("password", password.expose());
            }
        }
        let server = Self { url };
        for (name, value) in server.variables() {
            if name == "PGPASSWORD" {
                chassis::redact::register(&Secret::new(value));
            }
        }
        Ok(server)
    }

    /// The same server and role, another database.
    pub fn with_database(&self, name: &str) -> Self {
        let mut url = self.url.clone();
        let others: Vec<(String, String)> =
            url.query_pairs().filter(|(key, _)| key != "dbname").map(|(k, v)| (k.into(), v.into())).collect();
        url.set_query(None);
        if !others.is_empty() {
            url.query_pairs_mut().extend_pairs(others);
        }
        url.set_path(&format!("/{name}"));
        Self { url }
    }

    /// Connects. A few connections are all that is ever used; nothing is written down in the database.
    pub async fn open(&self, clock: &Clock) -> anyhow::Result<Database> {
        let settings = DatabaseSettings {
            readers: 2,
            slow_query: Duration::MAX,
            busy_timeout: LOCK_WAIT,
            ..DatabaseSettings::at(self.url.as_str())
        };
        Ok(Database::open(&settings, clock.clone()).await?)
    }

    /// One of PostgreSQL's programs, with the address in its environment.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        for misleading in MISLEADING {
            command.env_remove(misleading);
        }
        let variables = self.variables();
        if variables.iter().any(|(name, _)| *name == "PGHOST") {
            command.env_remove("PGHOSTADDR");
        }
        command.env("LC_ALL", "C").env("PGAPPNAME", "keeper").envs(variables);
        command
    }

    /// The variables that say what the URL says; what it does not say is left to keeper's own environment, as for our
    /// own connection.
    fn variables(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let mut add = |name, value: String| {
            if !value.is_empty() {
                found.push((name, value));
            }
        };
        add("PGHOST", decoded(self.url.host_str().unwrap_or_default()));
        add("PGPORT", self.url.port().map(|port| port.to_string()).unwrap_or_default());
        add("PGUSER", decoded(self.url.username()));
        add("PGPASSWORD", decoded(self.url.password().unwrap_or_default()));
        add("PGDATABASE", decoded(self.url.path().trim_start_matches('/')));
        for (key, value) in self.url.query_pairs() {
            if let Some(name) = variable(&key) {
                add(name, value.into_owned());
            }
        }
        found
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Server").field("url", &redacted_url(self.url.as_str())).finish()
    }
}

/// Limits for a program that is ended by a token.
pub fn limits() -> Limits {
    Limits { time_limit: PROGRAM_LIMIT, kill_after: Duration::from_secs(5), output_bytes: 64 * 1024 }
}

/// Refuses a program that is not there or is older than the server.
pub async fn check_version(
    server: &Server,
    program: &str,
    database: &Database,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let wanted = contents::server_version(database).await? / 10_000;
    let install = format!("install the client programs of PostgreSQL {wanted} or newer");
    let mut command = server.program(program);
    command.arg("--version");
    let limits = Limits { time_limit: VERSION_LIMIT, ..limits() };
    let (finished, said) = match process::run_into(command, &limits, Vec::new(), stop).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("{program} is not installed, or not where PATH leads: {install}")
        }
        outcome => outcome.with_context(|| format!("starting {program}"))?,
    };
    if let Some(failure) = finished.failure() {
        bail!("{program} does not say its version: it {failure}");
    }
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    match major(&said) {
        Some(found) if found < wanted => {
            bail!("{program} is of version {found}, the server of version {wanted}: {install}")
        }
        Some(_) => Ok(()),
        None => bail!("{program} calls itself {said:?}, which names no version: {install}"),
    }
}

/// Refuses a program that did not end well, with what it complained about last.
pub fn check_end(program: &str, finished: &Finished) -> anyhow::Result<()> {
    let Some(failure) = finished.failure() else { return Ok(()) };
    // The last line is often only the statement; the one before says what was wrong with it.
    let error = finished.stderr.lines().rfind(|line| line.contains("error:") || line.contains("FATAL:"));
    match error {
        Some(line) if !failure.contains(line.trim()) => bail!("{program} {failure} ({})", line.trim()),
        _ => bail!("{program} {failure}"),
    }
}

/// `pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)` is 15; `18beta1` is 18.
fn major(said: &str) -> Option<u64> {
    let version = said.split_once("(PostgreSQL)")?.1.trim_start();
    version.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

fn variable(key: &str) -> Option<&'static str> {
    Some(match key {
        "host" | "hostaddr" => "PGHOST",
        "port" => "PGPORT",
        "user" => "PGUSER",
        "password" => "PGPASSWORD",
        "dbname" => "PGDATABASE",
        "sslmode" | "ssl-mode" => "PGSSLMODE",
        "sslrootcert" | "ssl-root-cert" | "ssl-ca" => "PGSSLROOTCERT",
        "sslcert" | "ssl-cert" => "PGSSLCERT",
        "sslkey" | "ssl-key" => "PGSSLKEY",
        "options" => "PGOPTIONS",
        "connect_timeout" => "PGCONNECT_TIMEOUT",
        "channel_binding" => "PGCHANNELBINDING",
        "gssencmode" => "PGGSSENCMODE",
        _ => return None,
    })
}

/// Percent-encoded so that whoever reads it gets the same text back; `Url` alone leaves a percent sign as it is.
fn encoded(text: &str) -> String {
    let safe = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(safe).collect()
}

/// Percent-encoded text as it is meant; what is not a valid escape stays.
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let escaped =
            (*first == b'%').then(|| after.get(..2).and_then(|digits| hex::decode(digits).ok())).flatten();
        if let Some(byte) = escaped {
            bytes.extend(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use keeper_core::plan::secret::SecretSource;

    use super::*;

    fn check(url: &str, password: Option<&str>, expected: &[(&str, &str)]) {
        let environment = Environment::from_pairs([("DB_PASSWORD", password.unwrap_or_default())]);
        let source = password.map(|_| SecretSource::Env("DB_PASSWORD".to_owned()));
        let postgres = Postgres { url: url.to_owned(), password: source };
        let server = Server::of(&postgres, &environment).unwrap();
        let found = server.variables();
        let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(found, expected, "{url}");
        assert!(
            !format!("{server:?}").contains("p%40") && !format!("{server:?}").contains("p@"),
            "{server:?}"
        );
    }

    #[test]
    fn programs_are_told_what_the_url_says() {
        let odd = "p@ss/w:rd? #%%41中 '\"\\";
        check(
            "postgres://ann@db.example:5433/app",
            Some(odd),
            &[
                ("PGHOST", "db.example"),
                ("PGPORT", "5433"),
                ("PGUSER", "ann"),
                ("PGPASSWORD", odd),
                ("PGDATABASE", "app"),
            ],
        );
        check(
            "postgres://%2Fvar%2Frun%2Fpg/app?sslmode=disable",
            None,
            &[("PGHOST", "/var/run/pg"), ("PGDATABASE", "app"), ("PGSSLMODE", "disable")],
        );
        check(
            "postgresql:///a%20b?host=/run/pg&user=ann&unknown=1",
            Some("p@ss"),
            &[("PGDATABASE", "a b"), ("PGHOST", "/run/pg"), ("PGUSER", "ann"), ("PGPASSWORD", "p@ss")],
        );
        check("postgres://db", None, &[("PGHOST", "db")]);
    }

    #[test]
    fn another_database_of_the_same_server() {
        let check = |url: &str, expected: &str| {
            let postgres = Postgres { url: url.to_owned(), password: None };
            let server = Server::of(&postgres, &Environment::default()).unwrap().with_database("other");
            assert_eq!(server.url.as_str(), expected);
        };
        check("postgres://a@db:1/app?sslmode=require", "postgres://a@db:1/other?sslmode=require");
        check("postgres:///?host=/run/pg&dbname=app", "postgres:///other?host=%2Frun%2Fpg");
        check("postgres://db", "postgres://db/other");
    }

    #[test]
    fn what_is_no_postgres_url_is_refused_without_its_password() {
        let check = |url: &str| {
            let postgres = Postgres { url: url.to_owned(), password: None };
            let error = format!("{:#}", Server::of(&postgres, &Environment::default()).unwrap_err());
            assert!(!error.contains("hidden"), "{error}");
        };
        check("mysql://a:hidden@b/c");
        check("postgres://a:hidden@b:port/c");
    }

    #[test]
    fn versions_are_read() {
        let check = |said: &str, expected: Option<u64>| assert_eq!(major(said), expected, "{said}");
        check("pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)", Some(15));
        check("pg_restore (PostgreSQL) 18beta1", Some(18));
        check("pg_dump (PostgreSQL) devel", None);
        check("something else 3", None);
    }
}
