//! Shell commands: each in a process group of its own, with a time limit, and ended with everything it started.

pub mod capture;
pub mod orphans;

use std::{
    fs::File,
    io::{self, Read, Write},
    process::Stdio,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{ChildStdout, Command},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use capture::Capture;

/// How long the last output may take to arrive once everything has been ended.
const PIPE_LIMIT: Duration = Duration::from_secs(2);
/// The same where it goes to a disk, which may be slow.
const SINK_LIMIT: Duration = Duration::from_secs(60);
const COMPLAINT_CHARACTERS: usize = 400;

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

/// Limits of a program.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// It is ended after so long.
    pub time_limit: Duration,
    /// From the polite signal to the one that cannot be refused.
    pub kill_after: Duration,
    /// Most of its complaints that is kept.
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
    let limit = shell.output_bytes;
    let reader = |pipe| Ok(tokio::spawn(async move { Ok(read(pipe, limit).await) }));
    let (mut finished, stdout) = drive(shell.command(), &shell.limits(), reader, PIPE_LIMIT, stop).await?;
    finished.stdout = stdout.map_or_else(unread, |capture| capture.text());
    Ok(finished)
}

/// Runs a program in the same way and gives all it writes to `sink`, in blocks and from a thread of its own;
/// [`Finished::stdout`] is empty. It is ended when the sink fails, whose error is then the outcome.
pub async fn run_into<W: Write + Send + 'static>(
    command: Command,
    limits: &Limits,
    sink: W,
    stop: &CancellationToken,
) -> io::Result<(Finished, W)> {
    let reader = |pipe: ChildStdout| {
        let pipe = File::from(pipe.into_owned_fd()?);
        Ok(tokio::task::spawn_blocking(move || pour(pipe, sink)))
    };
    let (finished, sink) = drive(command, limits, reader, SINK_LIMIT, stop).await?;
    let sink = sink.ok_or_else(|| io::Error::other("its output could not be read to its end"))?;
    Ok((finished, sink))
}

/// Variable by which everything that belongs to one run is known.
const RUN_MARK: &str = "KEEPER_RUN";

/// What becomes of the standard output, in a task that ends with the pipe or with an error.
type Reading<T> = JoinHandle<io::Result<T>>;

/// Without a value the output did not end within `patience` after the program.
async fn drive<T: Send + 'static>(
    mut command: Command,
    limits: &Limits,
    reader: impl FnOnce(ChildStdout) -> io::Result<Reading<T>>,
    patience: Duration,
    stop: &CancellationToken,
) -> io::Result<(Finished, Option<T>)> {
    let started = Instant::now();
    let mark = uuid::Uuid::new_v4().to_string();
    command
        .env(RUN_MARK, &mark)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let mut child = command.spawn()?;
    let pipe = child.stdout.take().ok_or_else(|| io::Error::other("the output has no pipe"))?;
    let mut stdout = reader(pipe)?;
    let stderr = child.stderr.take().map(|pipe| tokio::spawn(read(pipe, limits.output_bytes)));
    let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    let (mut early, mut broken) = (None, None);
    let finish = tokio::select! {
        status = child.wait() => Finish::Exited(status?.code()),
        error = failure(&mut stdout, &mut early) => {
            broken = Some(error);
            Finish::Stopped
        }
        () = sleep(limits.time_limit) => Finish::TimedOut,
        () = stop.cancelled() => Finish::Stopped,
    };
    if !matches!(finish, Finish::Exited(_)) {
        signal(group, Signal::SIGTERM);
        let _ = timeout(limits.kill_after, child.wait()).await;
    }
    signal(group, Signal::SIGKILL);
    child.wait().await?;
    // What has left the group still has the mark.
    tokio::task::spawn_blocking(move || orphans::end(RUN_MARK, &mark)).await.map_err(io::Error::other)?;
    let stdout = match (broken, early) {
        (Some(error), _) => return Err(error),
        (None, Some(value)) => Some(value),
        (None, None) => match timeout(patience, stdout).await {
            Ok(Ok(outcome)) => Some(outcome?),
            _ => None,
        },
    };
    let stderr = collect(stderr).await;
    Ok((Finished { finish, stdout: String::new(), stderr, took: started.elapsed() }, stdout))
}

/// Waits for the reading to fail; a reading that has ended well is put into `early`, and nothing more comes.
async fn failure<T>(reading: &mut Reading<T>, early: &mut Option<T>) -> io::Error {
    match reading.await {
        Ok(Err(error)) => error,
        Err(error) => io::Error::other(error),
        Ok(Ok(value)) => {
            *early = Some(value);
            std::future::pending().await
        }
    }
}

fn pour<W: Write>(mut pipe: File, mut sink: W) -> io::Result<W> {
    let mut block = vec![0; 256 * 1024];
    loop {
        let length = pipe.read(&mut block)?;
        if length == 0 {
            sink.flush()?;
            return Ok(sink);
        }
        sink.write_all(&block[..length])?;
    }
}

impl Shell {
    fn limits(&self) -> Limits {
        let Self { time_limit, kill_after, output_bytes, .. } = *self;
        Limits { time_limit, kill_after, output_bytes }
    }

    /// The command, ready to be started.
    pub fn command(&self) -> Command {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(&self.command).envs(self.variables.iter().map(|(name, value)| (name, value)));
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        command
    }
}

impl Finished {
    /// How it ended, unless it ended well: after a word such as `pg_dump`, with the last line of its complaints.
    pub fn failure(&self) -> Option<String> {
        let how = match self.finish {
            Finish::Exited(Some(0)) => return None,
            Finish::Exited(Some(code)) => format!("ended with code {code}"),
            Finish::Exited(None) => "was ended by a signal".to_owned(),
            Finish::TimedOut => "was ended at its time limit".to_owned(),
            Finish::Stopped => "was stopped".to_owned(),
        };
        let last = self.stderr.lines().map(str::trim).rfind(|line| !line.is_empty());
        Some(match last {
            Some(line) => format!("{how}: {}", line.chars().take(COMPLAINT_CHARACTERS).collect::<String>()),
            None => how,
        })
    }
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

async fn collect(reader: Option<JoinHandle<Capture>>) -> String {
    let Some(reader) = reader else { return String::new() };
    match timeout(PIPE_LIMIT, reader).await {
        Ok(Ok(capture)) => capture.text(),
        _ => unread(),
    }
}

fn unread() -> String {
    "[the output could not be read to its end]".to_owned()
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

    /// A place that is full after so many bytes.
    #[derive(Debug)]
    struct Small(Vec<u8>, usize);

    impl Write for Small {
        fn write(&mut self, block: &[u8]) -> io::Result<usize> {
            let length = block.len().min(self.1 - self.0.len());
            self.0.extend_from_slice(&block[..length]);
            if length == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(length) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    async fn pour_into(command: &str, room: usize) -> io::Result<(Option<String>, usize)> {
        let shell = shell(command);
        let sink = Small(Vec::new(), room);
        let (finished, sink) =
            run_into(shell.command(), &shell.limits(), sink, &CancellationToken::new()).await?;
        Ok((finished.failure(), sink.0.len()))
    }

    #[tokio::test]
    async fn output_goes_where_it_shall() {
        assert_eq!(pour_into("head -c 300000 /dev/zero", 400_000).await.unwrap(), (None, 300_000));
        let failed = Some("ended with code 3: second".to_owned());
        assert_eq!(
            pour_into("echo a; echo first >&2; echo second >&2; exit 3", 9).await.unwrap(),
            (failed, 2)
        );
        let killed = Some("was ended by a signal".to_owned());
        assert_eq!(pour_into("kill -9 $$", 9).await.unwrap(), (killed, 0));
        // One that closes its output early goes on to its end.
        assert_eq!(pour_into("echo a; exec >&-; sleep 0.1; exit 0", 9).await.unwrap(), (None, 2));
    }

    #[tokio::test]
    async fn a_place_that_is_full_ends_the_program() {
        let started = Instant::now();
        for command in ["head -c 100000 /dev/zero; sleep 600", "trap '' PIPE; yes 2>/dev/null; sleep 600"] {
            let error = pour_into(command, 1_000).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{command}");
        }
        assert!(started.elapsed() < Duration::from_secs(20));
    }

    #[tokio::test]
    async fn it_can_be_stopped() {
        let stop = CancellationToken::new();
        stop.cancel();
        let finished = run(&shell("sleep 600"), &stop).await.unwrap();
        assert_eq!(finished.finish, Finish::Stopped);
    }
}
