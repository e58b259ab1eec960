//! Processes that a run has left behind, known by a variable of their environment wherever they have moved to.

use std::{fs, os::unix::ffi::OsStrExt};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// Variable with the state file of the keeper that started a process.
pub const STATE_MARK: &str = "KEEPER_STATE_FILE";

/// A process may start others while it is looked for.
const ROUNDS: usize = 4;

/// Ends every process of this user that was started with `name=value`, except this one and the one that started it.
/// Gives how many there were. Where there is no `/proc`, none is found.
pub fn end(name: &str, value: &str) -> usize {
    let mut ended = 0;
    for _ in 0..ROUNDS {
        let found = marked(name, value);
        if found.is_empty() {
            break;
        }
        ended += found.into_iter().filter(|pid| kill(*pid, Signal::SIGKILL).is_ok()).count();
    }
    ended
}

fn marked(name: &str, value: &str) -> Vec<Pid> {
    let mark = format!("{name}={value}");
    let (own, parent) = (nix::unistd::getpid(), nix::unistd::getppid());
    let entries = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    entries
        .filter_map(|entry| {
            let digits = std::str::from_utf8(entry.file_name().as_bytes()).ok()?.parse().ok()?;
            let pid = Pid::from_raw(digits);
            // Somebody else's environment cannot be read; a zombie's is empty.
            let environment = fs::read(entry.path().join("environ")).ok()?;
            let is_marked = environment.split(|byte| *byte == 0).any(|pair| pair == mark.as_bytes());
            (is_marked && pid != own && pid != parent).then_some(pid)
        })
        .collect()
}
