//! Runs an outside program that cannot outlive xtask, however xtask ends.
//!
//! The program is not our child but the child of a holder: this same binary, waiting at the other end of a pipe
//! that only we keep open. When we drop the pipe, exit, panic or are killed with SIGKILL, it closes; the holder
//! then stops the program's whole process group and removes its folder. The parent-death signal of Linux would
//! miss grandchildren and folders, and setting it for another program needs unsafe code.

use std::{
    ffi::OsStr,
    io::Read,
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitCode, ExitStatus, Stdio},
    sync::mpsc,
    time::Duration,
};

use anyhow::Context;
use nix::{
    sys::signal::{self, Signal},
    unistd::{Pid, Uid, User},
};

use crate::{cli::LeashArguments, console, signals};

/// How often a waiting loop looks up.
const LOOK_INTERVAL: Duration = Duration::from_millis(30);

/// How the program ends and what is cleaned up behind it.
#[derive(Debug, Clone)]
pub struct LeashOptions {
    /// The signal that asks the program, and everything it started, to stop.
    pub stop_signal: Signal,
    /// How long it may take to obey before it is killed.
    pub grace: Duration,
    /// The account to run as; `None` is our own.
    pub account: Option<Account>,
    /// A folder to remove once the program has ended.
    pub remove: Option<PathBuf>,
}

impl Default for LeashOptions {
    fn default() -> Self {
        Self { stop_signal: Signal::SIGTERM, grace: Duration::from_secs(10), account: None, remove: None }
    }
}

/// An unprivileged account of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// User id.
    pub uid: u32,
    /// Its first group.
    pub gid: u32,
}

impl Account {
    /// The account for a server that refuses to run as root: the first of `names` that exists, or `None` when we
    /// are not root and can stay who we are.
    ///
    /// # Errors
    /// When we are root and none of the names is an account.
    pub fn instead_of_root(names: &[&str]) -> anyhow::Result<Option<Self>> {
        if !Uid::effective().is_root() {
            return Ok(None);
        }
        for name in names {
            if let Some(user) = User::from_name(name)? {
                return Ok(Some(Self { uid: user.uid.as_raw(), gid: user.gid.as_raw() }));
            }
        }
        anyhow::bail!("none of the accounts {} exists on this machine", names.join(", "))
    }
}

/// A running program that ends when this value is dropped or xtask ends.
#[derive(Debug)]
pub struct Leash {
    holder: Child,
    pipe: Option<ChildStdin>,
}

impl Leash {
    /// A command that runs `program` on a leash. The caller adds environment, folder and output, then gives it
    /// to [`Leash::start`].
    pub fn command<Arguments>(
        program: impl AsRef<OsStr>,
        arguments: Arguments,
        options: &LeashOptions,
    ) -> Command
    where
        Arguments: IntoIterator<Item: AsRef<OsStr>>,
    {
        let mut command = Command::new(own_binary());
        command.arg("leash").arg(format!("--signal={}", options.stop_signal as i32));
        command.arg(format!("--grace-ms={}", options.grace.as_millis()));
        if let Some(Account { uid, gid }) = options.account {
            command.arg(format!("--uid={uid}")).arg(format!("--gid={gid}"));
        }
        if let Some(folder) = &options.remove {
            command.arg("--remove").arg(folder);
        }
        command.arg("--").arg(program).args(arguments);
        command
    }

    /// Starts what [`Leash::command`] made. A program that cannot be run ends with status 127.
    ///
    /// # Errors
    /// When the holder does not start.
    pub fn start(mut command: Command) -> anyhow::Result<Self> {
        // Its own process group: Ctrl-C at the terminal is ours to answer, once and in order.
        let mut holder =
            command.stdin(Stdio::piped()).process_group(0).spawn().context("starting a leash")?;
        let pipe = holder.stdin.take();
        Ok(Self { holder, pipe })
    }

    /// The program's standard output, when the command was given a pipe for it.
    pub fn take_stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.holder.stdout.take()
    }

    /// The program's standard error, when the command was given a pipe for it.
    pub fn take_stderr(&mut self) -> Option<std::process::ChildStderr> {
        self.holder.stderr.take()
    }

    /// The exit status when the program has ended by itself, `None` while it runs. A program ended by signal N
    /// has exit code 128 + N, as in a shell.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.holder.try_wait().ok().flatten()
    }

    /// Waits until the program ends.
    ///
    /// # Errors
    /// [`signals::Interrupted`] when somebody asked us to stop meanwhile; the program is then still running.
    pub fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        loop {
            if let Some(status) = self.ended() {
                return Ok(status);
            }
            signals::check()?;
            std::thread::sleep(LOOK_INTERVAL);
        }
    }

    /// Asks the program to stop without waiting for it; dropping the leash waits.
    pub fn let_go(&mut self) {
        drop(self.pipe.take());
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        self.let_go();
        let _ = self.holder.wait();
    }
}

/// The other end of the pipe: runs the program until it ends or our standard input closes.
///
/// # Errors
/// When signals cannot be set up; a program that does not start is reported and gives exit code 127.
pub fn hold(arguments: &LeashArguments) -> anyhow::Result<ExitCode> {
    let stop_signal = Signal::try_from(arguments.signal).context("--signal")?;
    let Some((program, rest)) = arguments.command.split_first() else {
        anyhow::bail!("leash needs a program");
    };
    let mut command = Command::new(program);
    command.args(rest).stdin(Stdio::null()).process_group(0);
    if let (Some(uid), Some(gid)) = (arguments.uid, arguments.gid) {
        command.uid(uid).gid(gid);
    }
    signals::release()?;
    let started = command.spawn();
    signals::block()?;
    let code = match started {
        Ok(child) => watch(child, stop_signal, Duration::from_millis(arguments.grace_ms))?,
        Err(error) => {
            console::complain(&format!("cannot run {}: {error}", Path::new(program).display()));
            127
        }
    };
    if let Some(folder) = &arguments.remove {
        let _ = std::fs::remove_dir_all(folder);
    }
    Ok(ExitCode::from(code))
}

enum Event {
    Ended(std::io::Result<ExitStatus>),
    LetGo,
}

fn watch(mut child: Child, stop_signal: Signal, grace: Duration) -> anyhow::Result<u8> {
    let group = Pid::from_raw(i32::try_from(child.id()).context("process id")?);
    let (sender, events) = mpsc::channel();
    let at_end = sender.clone();
    std::thread::spawn(move || at_end.send(Event::Ended(child.wait())));
    std::thread::spawn(move || {
        let mut byte = [0];
        while matches!(std::io::stdin().read(&mut byte), Ok(1)) {}
        sender.send(Event::LetGo)
    });
    let mut event = events.recv()?;
    if matches!(event, Event::LetGo) {
        let _ = signal::killpg(group, stop_signal);
        event = events.recv_timeout(grace).or_else(|_| {
            let _ = signal::killpg(group, Signal::SIGKILL);
            events.recv()
        })?;
    }
    // Whatever the program left behind in its group goes with it.
    let _ = signal::killpg(group, Signal::SIGKILL);
    let Event::Ended(status) = event else { anyhow::bail!("the pipe closed twice") };
    let status = status?;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Our own binary, found even when a build has replaced it since we started.
fn own_binary() -> PathBuf {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { running } else { std::env::current_exe().unwrap_or(running) }
}
