//! Child programs of a test: started, waited for, killed in every manner, their output kept.
//!
//! A child leads a process group of its own and dies with the test process, even when that is killed.

use std::{
    ffi::{OsStr, OsString},
    io::{BufRead, BufReader, Read},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use anyhow::{Context, bail};
use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};
use tokio::sync::watch;

use crate::{leash::Guard, tools};

/// How often a readiness address is asked.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// How long the output may take to end once the program has.
const DRAIN_LIMIT: Duration = Duration::from_secs(2);

/// What to start.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
    variables: Vec<(String, OsString)>,
    without_prefixes: Vec<String>,
    folder: Option<PathBuf>,
}

/// How a program shows that it can be used.
#[derive(Debug, Clone, Copy)]
pub enum Ready<'a> {
    /// A line of its output that contains this.
    Line(&'a str),
    /// This address answers with a success status.
    Http(&'a str),
}

/// A running child, killed with SIGKILL when dropped.
#[derive(Debug)]
pub struct Spawned {
    process_id: u32,
    output: Arc<Output>,
    exit: watch::Receiver<Option<ExitStatus>>,
    guard: Option<Guard>,
}

#[derive(Debug)]
struct Output {
    text: Mutex<String>,
    /// Lines so far, and how many of the two streams have ended.
    progress: watch::Sender<(usize, usize)>,
}

/// A port of 127.0.0.1 that nobody listens on at this moment. Another process may take it before you do; where the
/// program can be told to take port 0 and to say which it got, prefer that.
///
/// # Errors
/// When the system has none.
pub fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

impl Program {
    /// A program by its file, such as `env!("CARGO_BIN_EXE_loom")`.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            arguments: Vec::new(),
            variables: Vec::new(),
            without_prefixes: Vec::new(),
            folder: None,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = I>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Keeps variables that begin so from the child: a developer's own settings must not change a test.
    #[must_use]
    pub fn without_env(mut self, prefix: &str) -> Self {
        self.without_prefixes.push(prefix.to_owned());
        self
    }

    /// Runs it in this folder.
    #[must_use]
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_owned());
        self
    }

    /// Starts it, without waiting for anything. Its standard input is empty.
    ///
    /// # Errors
    /// When the file cannot be started.
    pub fn spawn(&self) -> anyhow::Result<Spawned> {
        let mut command = Command::new(&self.path);
        for prefix in &self.without_prefixes {
            tools::variables_with_prefix(prefix).iter().for_each(|name| {
                command.env_remove(name);
            });
        }
        command.args(&self.arguments).envs(self.variables.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {}", self.path.display()))?;
        let process_id = child.id();
        let guard = Guard::over(process_id)?;
        let output =
            Arc::new(Output { text: Mutex::new(String::new()), progress: watch::Sender::new((0, 0)) });
        let streams = [
            child.stdout.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
            child.stderr.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
        ];
        for stream in streams.into_iter().flatten() {
            let output = Arc::clone(&output);
            thread::spawn(move || output.collect(stream));
        }
        Ok(Spawned { process_id, output, exit: reap(child), guard: Some(guard) })
    }
}

/// Waits for the child on a thread of its own, so that no zombie is left whatever the test does.
fn reap(mut child: Child) -> watch::Receiver<Option<ExitStatus>> {
    let (exited, exit) = watch::channel(None);
    thread::spawn(move || {
        let status = child.wait().unwrap_or_else(|_| ExitStatus::from_raw(-1));
        let _ = exited.send(Some(status));
    });
    exit
}

impl Output {
    fn lock(&self) -> MutexGuard<'_, String> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn collect(&self, stream: Box<dyn Read + Send>) {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            self.lock().push_str(&String::from_utf8_lossy(&line));
            line.clear();
            self.progress.send_modify(|(lines, _)| *lines += 1);
        }
        self.progress.send_modify(|(_, ended)| *ended += 1);
    }
}

impl Spawned {
    /// The process id, which is its process group's as well.
    pub fn id(&self) -> u32 {
        self.process_id
    }

    /// Everything it wrote so far, standard output and error in the order of arrival.
    pub fn output(&self) -> String {
        self.output.lock().clone()
    }

    /// Its exit status, when it has ended.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Waits until it is ready.
    ///
    /// # Errors
    /// When it ends before that or takes longer than `limit`; the message holds its output.
    pub async fn ready(&self, ready: Ready<'_>, limit: Duration) -> anyhow::Result<()> {
        let seen = async {
            match ready {
                Ready::Line(text) => self.line(text).await.map(drop),
                Ready::Http(url) => self.answers(url).await,
            }
        };
        match tokio::time::timeout(limit, seen).await {
            Ok(result) => result,
            Err(_) => bail!("{ready:?} was not seen within {limit:?}; output:\n{}", self.output()),
        }
    }

    /// Waits for a line that contains the text, and returns it. Lines already written count.
    ///
    /// # Errors
    /// When the program ends without it, or `limit` is over; the message holds its output.
    pub async fn wait_line(&self, text: &str, limit: Duration) -> anyhow::Result<String> {
        match tokio::time::timeout(limit, self.line(text)).await {
            Ok(result) => result,
            Err(_) => bail!("no line with {text:?} within {limit:?}; output:\n{}", self.output()),
        }
    }

    async fn line(&self, text: &str) -> anyhow::Result<String> {
        let mut progress = self.output.progress.subscribe();
        loop {
            let (_, ended) = *progress.borrow_and_update();
            if let Some(line) = self.output.lock().lines().find(|line| line.contains(text)) {
                return Ok(line.to_owned());
            }
            if ended == 2 {
                bail!("the program ended without a line with {text:?}; output:\n{}", self.output());
            }
            progress.changed().await?;
        }
    }

    async fn answers(&self, url: &str) -> anyhow::Result<()> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        loop {
            if client.get(url).send().await.is_ok_and(|response| response.status().is_success()) {
                return Ok(());
            }
            if let Some(status) = self.exit_status() {
                bail!("the program ended with {status}; output:\n{}", self.output());
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// Sends a signal to the process itself, not to its children. Nothing happens when it has ended.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        if self.exit_status().is_some() {
            return Ok(());
        }
        signal::kill(self.pid()?, signal).with_context(|| format!("sending {signal} to {}", self.process_id))
    }

    /// Waits until it has ended and all its output has arrived.
    ///
    /// # Errors
    /// When it still runs after `limit`; the message holds its output.
    pub async fn wait(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        let ended = async { self.exit.wait_for(Option::is_some).await.ok().and_then(|status| *status) };
        let Ok(Some(status)) = tokio::time::timeout(limit, ended).await else {
            bail!("process {} still runs after {limit:?}; output:\n{}", self.process_id, self.output());
        };
        // Whatever it started goes with it, and its number is free for others from here on.
        drop(self.guard.take());
        // A grandchild may hold the streams open; its output is of no interest.
        let mut progress = self.output.progress.subscribe();
        let _ = tokio::time::timeout(DRAIN_LIMIT, progress.wait_for(|(_, ended)| *ended == 2)).await;
        Ok(status)
    }

    /// Asks it to stop with SIGTERM and waits.
    ///
    /// # Errors
    /// As [`Spawned::wait`].
    pub async fn terminate(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        self.signal(Signal::SIGTERM)?;
        self.wait(limit).await
    }

    /// Kills it with SIGKILL, as a power cut would, and waits until it is gone.
    ///
    /// # Errors
    /// When the system refuses.
    pub async fn kill(&mut self) -> anyhow::Result<ExitStatus> {
        self.signal(Signal::SIGKILL)?;
        self.wait(Duration::from_secs(30)).await
    }

    fn pid(&self) -> anyhow::Result<Pid> {
        Ok(Pid::from_raw(i32::try_from(self.process_id)?))
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        drop(self.guard.take());
    }
}
