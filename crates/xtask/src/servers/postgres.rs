//! A private PostgreSQL: fast and forgetful, since nothing in it outlives the run.

use std::path::Path;

use anyhow::Context;
use nix::sys::signal::Signal;

use super::{Home, Server, free_port, password, succeeds};

const USER: &str = "xtask";

const OPTIONS: [&str; 9] = [
    "listen_addresses=127.0.0.1",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=400",
    "shared_buffers=128MB",
    "max_wal_size=512MB",
    "timezone=UTC",
    "log_min_messages=warning",
];

/// Creates a cluster and starts it; tests find it in `TEST_POSTGRES_URL`, with a user that may create databases.
///
/// # Errors
/// With what the server said, when it does not come up.
pub fn start(initdb: &Path) -> anyhow::Result<Server> {
    // `PATH` may hold a link; its siblings lie where it points to.
    let programs = initdb.canonicalize()?.parent().context("initdb lies in no folder")?.to_owned();
    let home = Home::new("postgres")?;
    let password = password()?;
    let password_file = home.write("password", &password)?.display().to_string();
    let data = home.path().join("data").display().to_string();
    let create = ["-D", &data, "--username", USER, "--pwfile", &password_file];
    let create =
        [&create[..], &["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]].concat();
    home.run(&programs.join("initdb"), &create)?;

    let port = free_port()?;
    let port_text = port.to_string();
    let sockets = home.path().display().to_string();
    let mut serve = vec!["-D", &data, "-p", &port_text, "-k", &sockets];
    serve.extend(OPTIONS.iter().flat_map(|option| ["-c", option]));
    let probe = programs.join("pg_isready");
    let is_ready =
        || succeeds(&probe, &["-q", "-h", "127.0.0.1", "-p", &port_text, "-U", USER, "-d", "postgres"]);
    // SIGQUIT is PostgreSQL's immediate shutdown: nothing here is worth a checkpoint.
    let leash = home.serve(&programs.join("postgres"), &serve, Signal::SIGQUIT, is_ready)?;
    let url = format!("postgres://{USER}:{password}@127.0.0.1:{port}/postgres");
    Ok(Server { variable: ("TEST_POSTGRES_URL", url), _leash: leash })
}
