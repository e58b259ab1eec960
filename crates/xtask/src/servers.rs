//! Throw-away servers for one run of the tests: each on a free port of 127.0.0.1, in a folder of its own, as an
//! unprivileged user, gone when the run is over.

pub mod postgres;
pub mod redis;

use std::{
    fs,
    io::Read,
    net::TcpListener,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::{
    leash::{Account, Leash, LeashOptions},
    signals,
    tools::Tool,
};

const START_LIMIT: Duration = Duration::from_secs(60);
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
/// Another process may take the free port between our finding it and the server's binding it.
const ATTEMPTS: usize = 3;

/// The running servers; dropping them stops them.
#[derive(Debug, Default)]
pub struct Servers {
    running: Vec<Server>,
}

/// One running server.
#[derive(Debug)]
pub struct Server {
    /// The environment variable that tests look for, and its value.
    pub variable: (&'static str, String),
    /// Kept for its end.
    _leash: Leash,
}

impl Servers {
    /// Starts every server whose program is on this machine.
    ///
    /// # Errors
    /// When a server that is there does not come up.
    pub fn start() -> anyhow::Result<Self> {
        let mut running = Vec::new();
        if let Some(initdb) = Tool::of_package("postgresql")?.find() {
            running.push(attempt("PostgreSQL", || postgres::start(&initdb))?);
        }
        if let Some(program) = Tool::of_package("redis-server")?.find() {
            running.push(attempt("Redis", || redis::start(&program))?);
        }
        Ok(Self { running })
    }

    /// What to tell the tests.
    pub fn variables(&self) -> Vec<(&str, &str)> {
        self.running.iter().map(|server| (server.variable.0, server.variable.1.as_str())).collect()
    }
}

fn attempt(name: &str, start: impl Fn() -> anyhow::Result<Server>) -> anyhow::Result<Server> {
    let mut result = start();
    for _ in 1..ATTEMPTS {
        if result.is_ok() || signals::check().is_err() {
            break;
        }
        result = start();
    }
    result.with_context(|| format!("{name} did not start"))
}

/// A folder for a server, before it runs.
struct Home {
    folder: TempDir,
    account: Option<Account>,
}

impl Home {
    fn new(name: &str) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix(&format!("xtask-{name}-")).tempdir()?;
        let account = Account::instead_of_root(&["postgres", "nobody"])?;
        let home = Self { folder, account };
        home.give_away(home.path())?;
        Ok(home)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file that only the server's account can read.
    fn write(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        let path = self.path().join(name);
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        self.give_away(&path)?;
        Ok(path)
    }

    fn give_away(&self, path: &Path) -> anyhow::Result<()> {
        let Some(Account { uid, gid }) = self.account else { return Ok(()) };
        chown(path, Some(uid), Some(gid)).with_context(|| format!("giving {} away", path.display()))
    }

    /// Runs a program of the server to its end.
    fn run(&self, program: &Path, arguments: &[&str]) -> anyhow::Result<()> {
        let options = LeashOptions { account: self.account, ..LeashOptions::default() };
        let log = self.write("setup.log", "")?;
        let mut command = Leash::command(program, arguments, &options);
        let file = fs::File::options().append(true).open(&log)?;
        command.current_dir(self.path()).stdout(file.try_clone()?).stderr(file);
        let status = Leash::start(command)?.wait()?;
        let said = fs::read_to_string(log).unwrap_or_default();
        anyhow::ensure!(status.success(), "{} failed: {}", program.display(), said.trim());
        Ok(())
    }

    /// Starts the server and waits until `is_ready`. From then on the leash removes the folder.
    fn serve(
        self,
        program: &Path,
        arguments: &[&str],
        stop_signal: nix::sys::signal::Signal,
        is_ready: impl Fn() -> bool,
    ) -> anyhow::Result<Leash> {
        let log = self.write("server.log", "")?;
        let mut said = fs::File::open(&log)?;
        let folder = self.folder.keep();
        let options = LeashOptions {
            stop_signal,
            account: self.account,
            remove: Some(folder.clone()),
            ..LeashOptions::default()
        };
        let mut command = Leash::command(program, arguments, &options);
        let file = fs::File::options().append(true).open(&log)?;
        command.current_dir(folder).stdout(file.try_clone()?).stderr(file);
        let mut leash = Leash::start(command)?;
        let started = Instant::now();
        while !is_ready() {
            signals::check()?;
            let ended = leash.ended().is_some();
            if ended || started.elapsed() > START_LIMIT {
                let mut text = String::new();
                let _ = said.read_to_string(&mut text);
                let what = if ended { "ended at once" } else { "was not ready in time" };
                bail!("{} {what}: {}", program.display(), text.trim());
            }
            std::thread::sleep(LOOK_INTERVAL);
        }
        Ok(leash)
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// 128 random bits as text.
fn password() -> anyhow::Result<String> {
    let mut bytes = [0_u8; 16];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .context("/dev/urandom")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether a command ends well, its output unseen.
fn succeeds(program: &Path, arguments: &[&str]) -> bool {
    let mut command = std::process::Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
