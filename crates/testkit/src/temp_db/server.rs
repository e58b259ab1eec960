//! The PostgreSQL server behind temporary databases: a given one, or a private one per test process.
//!
//! The private server listens on 127.0.0.1 only, wants a random password, does not sync to disk, and ends with
//! the test process (see [`crate::leash`]).

use std::{
    ffi::OsString,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

use crate::{
    leash::{Account, Leash, LeashOptions},
    tools::{self, POSTGRES},
};

const USER: &str = "testkit";
const START_LIMIT: Duration = Duration::from_secs(60);
/// Another process may take the free port between our finding it and the server's binding it.
const PORT_ATTEMPTS: usize = 5;

/// Fast and forgetful: nothing in these databases outlives the process.
const SERVER_OPTIONS: [&str; 9] = [
    "listen_addresses=127.0.0.1",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
    "shared_buffers=64MB",
    "max_wal_size=256MB",
    "timezone=UTC",
    "log_min_messages=warning",
];

struct Server {
    admin_url: String,
    /// Kept for its pipe: statics are never dropped, the kernel closes it when the process ends.
    _leash: Leash,
}

/// The address of a database from which others can be created; starts the private server when none is given.
/// `None` when PostgreSQL is missing and may be. Blocks.
pub(super) fn admin_url() -> anyhow::Result<Option<String>> {
    if let Some(url) = tools::variable("TEST_POSTGRES_URL") {
        return Ok(Some(url));
    }
    let Some(programs) = programs_folder() else {
        tools::missing(POSTGRES, ", point TEST_POSTGRES_URL at a server where its user may create databases");
        return Ok(None);
    };
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    match SERVER.get_or_init(|| start(&programs).map_err(|error| format!("{error:#}"))) {
        Ok(server) => Ok(Some(server.admin_url.clone())),
        Err(error) => bail!("the private PostgreSQL server did not start: {error}"),
    }
}

/// The folder with `initdb` and `postgres`: from `PATH`, or where Debian, Red Hat and Homebrew put the newest.
fn programs_folder() -> Option<PathBuf> {
    let mut folders = Vec::new();
    for parent in ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr"] {
        let Ok(entries) = fs::read_dir(parent) else { continue };
        let versions = entries.flatten().filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version =
                name.trim_start_matches("postgresql@").trim_start_matches("pgsql-").parse::<u32>().ok()?;
            Some((version, entry.path().join("bin")))
        });
        folders.extend(versions);
    }
    folders.sort();
    let newest_first: Vec<PathBuf> = folders.into_iter().rev().map(|(_, folder)| folder).collect();
    let initdb = tools::find(&["initdb"], &newest_first)?;
    // `PATH` may hold a link; its siblings lie where it points to.
    Some(initdb.canonicalize().ok()?.parent()?.to_owned())
}

fn start(programs: &Path) -> anyhow::Result<Server> {
    let account = Account::instead_of_root(&["postgres", "nobody"])?;
    let mut last_failure = String::new();
    for _ in 0..PORT_ATTEMPTS {
        let folder = tempfile::Builder::new().prefix("testkit-pg-").tempdir()?;
        Account::adopt(account, folder.path())?;
        let password = uuid::Uuid::new_v4().simple().to_string();
        create_cluster(programs, folder.path(), account, &password)?;
        let port = free_port()?;
        let folder = folder.keep();
        let mut leash = run_server(programs, &folder, account, port)?;
        match wait_until_ready(&mut leash, &folder) {
            Ok(()) => {
                let admin_url = format!("postgres://{USER}:{password}@127.0.0.1:{port}/postgres");
                return Ok(Server { admin_url, _leash: leash });
            }
            Err(error) => last_failure = format!("{error:#}"),
        }
    }
    bail!("{PORT_ATTEMPTS} attempts, the last: {last_failure}")
}

fn create_cluster(
    programs: &Path,
    folder: &Path,
    account: Option<Account>,
    password: &str,
) -> anyhow::Result<()> {
    let password_file = folder.join("password");
    fs::write(&password_file, password)?;
    Account::adopt(account, &password_file)?;
    let output = Account::command(account, programs.join("initdb"))
        .current_dir(folder)
        .arg("-D")
        .arg(folder.join("data"))
        .arg("--pwfile")
        .arg(&password_file)
        .args(["--username", USER, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"])
        .output()
        .context("running initdb")?;
    if !output.status.success() {
        bail!("initdb failed with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

fn run_server(programs: &Path, folder: &Path, account: Option<Account>, port: u16) -> anyhow::Result<Leash> {
    let mut command: Vec<OsString> =
        vec![programs.join("postgres").into(), "-D".into(), folder.join("data").into()];
    command.extend(["-p".into(), port.to_string().into(), "-k".into(), folder.into()]);
    for option in SERVER_OPTIONS {
        command.extend(["-c".into(), option.into()]);
    }
    // SIGQUIT is PostgreSQL's immediate shutdown: nothing here is worth a checkpoint.
    Leash::start(&LeashOptions {
        command,
        stop_signal: "QUIT",
        log: folder.join("server.log"),
        folder: folder.to_owned(),
        account,
    })
}

/// Waits for the word `ready` on the eighth line of `postmaster.pid`, as `pg_ctl` does.
fn wait_until_ready(leash: &mut Leash, folder: &Path) -> anyhow::Result<()> {
    // Held open, so that it can still be read when the leash has removed the folder.
    let mut log = fs::File::open(folder.join("server.log"))?;
    let started = Instant::now();
    while started.elapsed() < START_LIMIT {
        if let Some(status) = leash.ended() {
            let text = std::io::read_to_string(&mut log).unwrap_or_default();
            bail!("postgres ended with {status}: {}", text.trim());
        }
        let state = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
        if state.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(10));
    }
    bail!("postgres was not ready after {} s", START_LIMIT.as_secs())
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
