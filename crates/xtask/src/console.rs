//! What xtask itself says at the terminal; the only place that prints.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "xtask is a command-line program")]

use std::io::Write;

/// Prints one line to standard output.
pub fn say(line: &str) {
    println!("{line}");
}

/// Prints one line to standard error.
pub fn complain(line: &str) {
    eprintln!("{line}");
}

/// Copies bytes to standard output as they are; a closed output is not our failure.
pub fn pass_on(bytes: &[u8]) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(bytes).and_then(|()| output.flush());
}
