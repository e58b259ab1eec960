//! Calls cargo on a leash and reads what it prints.

use std::{
    ffi::OsString,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use anyhow::Context;
use cargo_metadata::Message;

use crate::{
    leash::{Leash, LeashOptions},
    signals,
    workspace::Workspace,
};

/// How long we go on reading after cargo has ended, should something still hold its output open.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// One thing cargo built that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executable {
    /// The crate it belongs to.
    pub package: String,
    /// The target's name: the program, the test file, or the crate.
    pub target: String,
    /// Where it is.
    pub path: PathBuf,
    /// The crate's folder, in which cargo runs its tests.
    pub folder: PathBuf,
}

/// Runs cargo in the workspace with our own standard output. True when it succeeded.
///
/// # Errors
/// When cargo cannot be started, or on [`signals::Interrupted`].
pub fn run(workspace: &Workspace, arguments: &[&str], variables: &[(&str, &str)]) -> anyhow::Result<bool> {
    let mut command = command(workspace, arguments, variables);
    command.stdout(Stdio::inherit());
    Ok(Leash::start(command)?.wait()?.success())
}

/// Runs cargo and gives every line of its standard output, line end included, to `on_line` as it comes; standard
/// error stays ours. True when it succeeded.
///
/// # Errors
/// As [`run`].
pub fn run_reading(
    workspace: &Workspace,
    arguments: &[&str],
    variables: &[(&str, &str)],
    on_line: impl FnMut(&[u8]),
) -> anyhow::Result<bool> {
    read(command(workspace, arguments, variables), on_line)
}

/// The same for a program that cargo has built, in the folder in which cargo would run it.
///
/// # Errors
/// As [`run`].
pub fn run_built(
    program: &Executable,
    arguments: &[&str],
    variables: &[(&str, &str)],
    on_line: impl FnMut(&[u8]),
) -> anyhow::Result<bool> {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let mut command = Leash::command(&program.path, arguments, &LeashOptions::default());
    command.current_dir(&program.folder).envs(variables.iter().copied());
    read(command, on_line)
}

fn read(mut command: Command, mut on_line: impl FnMut(&[u8])) -> anyhow::Result<bool> {
    command.stdout(Stdio::piped());
    let mut leash = Leash::start(command)?;
    let lines = lines_of(leash.take_stdout().context("the program has no output")?);
    let mut ended = None;
    loop {
        match lines.recv_timeout(Duration::from_millis(30)) {
            Ok(line) => on_line(&line),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        signals::check()?;
        if ended.is_none() && leash.ended().is_some() {
            ended = Some(Instant::now());
        }
        if ended.is_some_and(|when| when.elapsed() > LAST_WORDS) {
            break;
        }
    }
    Ok(leash.wait()?.success())
}

/// Builds and returns what can be run. `None` when the build failed; cargo has then said why.
///
/// # Errors
/// As [`run`].
pub fn build(workspace: &Workspace, arguments: &[&str]) -> anyhow::Result<Option<Vec<Executable>>> {
    let mut arguments = arguments.to_vec();
    arguments.push("--message-format=json-render-diagnostics");
    let mut output = Vec::new();
    let built = run_reading(workspace, &arguments, &[], |line| output.extend_from_slice(line))?;
    Ok(if built { Some(executables(&output)?) } else { None })
}

fn executables(output: &[u8]) -> anyhow::Result<Vec<Executable>> {
    let mut found = Vec::new();
    for message in Message::parse_stream(output) {
        let Message::CompilerArtifact(artifact) = message? else { continue };
        let Some(path) = artifact.executable else { continue };
        found.push(Executable {
            package: package_name(&artifact.package_id.repr),
            target: artifact.target.name,
            path: path.into_std_path_buf(),
            folder: artifact.manifest_path.parent().map(PathBuf::from).unwrap_or_default(),
        });
    }
    Ok(found)
}

/// The crate's name out of a package id: `path+file:///…/crates/loom#0.0.0` or `…/crates/core#loom-core@0.0.0`.
fn package_name(id: &str) -> String {
    let (place, fragment) = id.rsplit_once('#').unwrap_or((id, ""));
    let name = match fragment.split_once('@') {
        Some((name, _version)) => name,
        None => place.rsplit('/').next().unwrap_or(place),
    };
    name.to_owned()
}

fn command(workspace: &Workspace, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let mut command = Leash::command("cargo", arguments, &LeashOptions::default());
    command.current_dir(&workspace.root).envs(variables.iter().copied());
    command
}

/// Reads a stream in the background, so that whoever waits for lines can also look at other things.
pub(crate) fn lines_of(stream: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        loop {
            let mut line = Vec::new();
            match reader.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if sender.send(line).is_err() => return,
                Ok(_) => {}
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_read_from_both_shapes_of_a_package_id() {
        assert_eq!(package_name("path+file:///home/a/crates/loom#0.0.0"), "loom");
        assert_eq!(package_name("path+file:///home/a/crates/core#loom-core@0.0.0"), "loom-core");
        assert_eq!(package_name("registry+https://example.com/index#toml@1.2.1"), "toml");
    }

    #[test]
    fn a_line_without_an_end_still_arrives() {
        let lines: Vec<_> = lines_of(&b"one\ntwo"[..]).iter().collect();
        assert_eq!(lines, [b"one\n".to_vec(), b"two".to_vec()]);
    }
}
