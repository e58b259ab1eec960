//! Shell commands: each in a process group of its own, with a time limit, and ended with everything it started.

pub mod capture;
pub mod orphans;

use std::{io, process::Stdio, time::Duration};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use capture::Capture;

/// How long the last output may take to arrive once everything has been ended.
const PIPE_LIMIT: Duration = Duration::from_secs(2);

/// A command for the shell, and its limits.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The text for `/bin/sh -c`.
    pub command: String,
    /// Folder it runs in; keeper's own without one.
    pub directory: Option<String>,
    /// Variables besides keeper's own.
    pub variables: Vec<(String, String)>,
    /// It is ended after so long.
    pub time_limit: Duration,
    /// From the polite signal to the one that cannot be refused.
    pub kill_after: Duration,
    /// Most of each of its two outputs that is kept.
    pub output_bytes: usize,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// By itself, with this code; by a signal without one.
    Exited(Option<i32>),
    /// At its time limit.
    TimedOut,
    /// Because somebody wanted it to.
    Stopped,
}

/// What a command did.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub finish: Finish,
    /// What it wrote, redacted.
    pub stdout: String,
    /// What it complained about, redacted.
    pub stderr: String,
    /// From start to end.
    pub took: Duration,
}

/// Runs a command to its end, its time limit, or `stop`. Nothing that it started outlives it.
pub async fn run(shell: &Shell, stop: &CancellationToken) -> io::Result<Finished> {
    let started = Instant::now();
    let mark = uuid::Uuid::new_v4().to_string();
    let mut child = spawn(shell, &mark)?;
    let stdout = child.stdout.take().map(|pipe| tokio::spawn(read(pipe, shell.output_bytes)));
    let stderr = child.stderr.take().map(|pipe| tokio::spawn(read(pipe, shell.output_bytes)));
    let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    let finish = tokio::select! {
        status = child.wait() => Finish::Exited(status?.code()),
        () = sleep(shell.time_limit) => Finish::TimedOut,
        () = stop.cancelled() => Finish::Stopped,
    };
    if !matches!(finish, Finish::Exited(_)) {
        signal(group, Signal::SIGTERM);
        let _ = timeout(shell.kill_after, child.wait()).await;
    }
    signal(group, Signal::SIGKILL);
    child.wait().await?;
    // What has left the group still has the mark.
    tokio::task::spawn_blocking(move || orphans::end(RUN_MARK, &mark)).await.map_err(io::Error::other)?;
    let (stdout, stderr) = (collect(stdout).await, collect(stderr).await);
    Ok(Finished { finish, stdout, stderr, took: started.elapsed() })
}

/// Variable by which everything that belongs to one run is known.
const RUN_MARK: &str = "KEEPER_RUN";

fn spawn(shell: &Shell, mark: &str) -> io::Result<Child> {
    let mut command = Command::new("/bin/sh");
    command
        .arg("-c")
        .arg(&shell.command)
        .envs(shell.variables.iter().map(|(name, value)| (name, value)))
        .env(RUN_MARK, mark)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    if let Some(directory) = &shell.directory {
        command.current_dir(directory);
    }
    command.spawn()
}

fn signal(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group {
        // A group that is gone already is what was wanted.
        let _ = killpg(group, signal);
    }
}

async fn read(mut pipe: impl AsyncRead + Unpin, limit: usize) -> Capture {
    let mut capture = Capture::new(limit);
    let mut block = vec![0; 16 * 1024];
    while let Ok(count) = pipe.read(&mut block).await {
        if count == 0 {
            break;
        }
        capture.push(&block[..count]);
    }
    capture
}

async fn collect(reader: Option<tokio::task::JoinHandle<Capture>>) -> String {
    let Some(reader) = reader else { return String::new() };
    match timeout(PIPE_LIMIT, reader).await {
        Ok(Ok(capture)) => capture.text(),
        _ => "[the output could not be read to its end]".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(command: &str) -> Shell {
        Shell {
            command: command.to_owned(),
            directory: None,
            variables: Vec::new(),
            time_limit: Duration::from_secs(30),
            kill_after: Duration::from_millis(200),
            output_bytes: 4_096,
        }
    }

    fn is_alive(pid: &str) -> bool {
        std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).is_ok_and(|stat| !stat.contains(") Z "))
    }

    #[tokio::test]
    async fn exit_codes_and_both_outputs_are_kept_apart() {
        let finished =
            run(&shell("echo out; echo err >&2; exit 3"), &CancellationToken::new()).await.unwrap();
        assert_eq!(finished.finish, Finish::Exited(Some(3)));
        assert_eq!((&*finished.stdout, &*finished.stderr), ("out\n", "err\n"));
    }

    #[tokio::test]
    async fn secrets_are_masked() {
        let finished = run(&shell("echo password=hunter22"), &CancellationToken::new()).await.unwrap();
        assert!(!finished.stdout.contains("hunter22"), "{}", finished.stdout);
    }

    #[tokio::test]
    async fn everything_it_started_ends_with_it() {
        // One that refuses the polite signal, and one that has left the group.
        let command = "trap '' TERM; sh -c 'trap \"\" TERM; echo $$; sleep 600' & setsid sh -c 'echo $$; sleep 600' & \
                       wait; sleep 600";
        let limited = Shell { time_limit: Duration::from_millis(700), ..shell(command) };
        let finished = run(&limited, &CancellationToken::new()).await.unwrap();
        assert_eq!(finished.finish, Finish::TimedOut);
        let pids: Vec<&str> = finished.stdout.lines().collect();
        assert_eq!(pids.len(), 2, "{}", finished.stdout);
        for pid in pids {
            assert!(!is_alive(pid), "{pid} lives");
        }
    }

    #[tokio::test]
    async fn it_can_be_stopped() {
        let stop = CancellationToken::new();
        stop.cancel();
        let finished = run(&shell("sleep 600"), &stop).await.unwrap();
        assert_eq!(finished.finish, Finish::Stopped);
    }
}
