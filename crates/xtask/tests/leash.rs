//! The promise of a leash, on the real binary: nothing outlives the one who holds the pipe.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

const HOLDER: &str = env!("CARGO_BIN_EXE_xtask");
const SIGTERM: &str = "--signal=15";

/// A shell script on a leash that has printed its first line.
struct Held {
    holder: Child,
    output: BufReader<ChildStdout>,
    first_line: String,
    folder: PathBuf,
}

impl Held {
    fn start(script: &str, grace: &str) -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        let mut holder = Command::new(HOLDER)
            .args(["leash", SIGTERM, grace, "--remove"])
            .arg(&folder)
            .args(["--", "/bin/sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(holder.stdout.take().unwrap());
        let mut first_line = String::new();
        output.read_line(&mut first_line).unwrap();
        Self { holder, output, first_line: first_line.trim().to_owned(), folder }
    }

    fn close_the_pipe(&mut self) {
        drop(self.holder.stdin.take());
    }

    /// Waits for the holder, and then for the end of the output, which comes when the last process that
    /// inherited it is gone. The processes here would live for a minute.
    fn end(mut self) -> Option<i32> {
        let started = Instant::now();
        // Waiting would close the pipe by itself, and so stop a program that is about to end.
        let pipe = self.holder.stdin.take();
        let code = self.holder.wait().unwrap().code();
        drop(pipe);
        self.output.read_to_end(&mut Vec::new()).unwrap();
        assert!(started.elapsed() < Duration::from_secs(30), "something lived on");
        assert!(!self.folder.exists(), "{}", self.folder.display());
        code
    }
}

#[test]
fn closing_the_pipe_stops_the_program_and_its_children_and_removes_the_folder() {
    let mut held = Held::start("sleep 60 & echo $!; wait", "--grace-ms=5000");
    assert!(Path::new("/proc").join(&held.first_line).exists(), "{}", held.first_line);
    held.close_the_pipe();
    assert_eq!(held.end(), Some(128 + 15));
}

#[test]
fn a_program_that_does_not_obey_is_killed_after_its_grace() {
    let mut held = Held::start("trap '' TERM; echo ready; while :; do sleep 60; done", "--grace-ms=100");
    held.close_the_pipe();
    assert_eq!(held.end(), Some(128 + 9));
}

#[test]
fn a_program_that_ends_by_itself_passes_its_code_on_and_takes_its_children_along() {
    let held = Held::start("sleep 60 & echo ready; exit 7", "--grace-ms=5000");
    assert_eq!(held.end(), Some(7));
}

#[test]
fn the_program_gets_signals_although_the_holder_blocks_them() {
    let script = "trap 'exit 42' TERM; echo ready; while :; do sleep 0.05; done";
    let mut held = Held::start(script, "--grace-ms=20000");
    held.close_the_pipe();
    assert_eq!(held.end(), Some(42));
}

#[test]
fn a_program_that_does_not_exist_gives_127_and_a_sentence() {
    let output = Command::new(HOLDER)
        .args(["leash", SIGTERM, "--grace-ms=100", "--", "/no/such/program"])
        .stdin(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(127));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("cannot run /no/such/program: "), "{said}");
}
