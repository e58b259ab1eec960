//! What one run of a program costs: a small process of its own starts it, so that the peak of its memory is its own.

use std::{
    fmt,
    fs::File,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike,
};

/// The first argument of such a small process.
pub(crate) const MARK: &str = "--watch";

/// What one run of a program has cost.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// From start to end.
    pub(crate) wall_s: f64,
    /// Of all threads together, in user and system mode.
    pub(crate) processor_s: f64,
    /// Peak of the resident memory.
    pub(crate) memory_mib: f64,
    /// The part of `wall_s` in which the engine checked a database.
    pub(crate) checks_s: f64,
}

impl fmt::Display for Cost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wall_s, processor_s, memory_mib, checks_s } = self;
        write!(
            formatter,
            "wall {wall_s:6.2} s (checks {checks_s:5.2})  processor {processor_s:6.2} s  memory {memory_mib:4.0} MiB"
        )
    }
}

/// Runs a program in a folder; gives its cost and what it has printed. Stops when it fails.
pub(crate) fn run(program: &Path, arguments: &[&str], folder: &Path) -> (Cost, String) {
    let errors = folder.join("errors");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(MARK).arg(program).args(arguments).current_dir(folder);
    command.stdin(Stdio::null()).stderr(File::create(&errors).unwrap());
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let complaints = std::fs::read_to_string(&errors).unwrap();
    assert!(output.status.success(), "{} {arguments:?}: {said}{complaints}", program.display());
    let figures = complaints.lines().last().unwrap_or_default();
    let mut figures = figures.split(' ').map(|figure| figure.parse().unwrap());
    let mut next = || figures.next().unwrap();
    (Cost { wall_s: next(), processor_s: next(), memory_mib: next(), checks_s: 0.0 }, said)
}

/// The small process: runs the program, and ends the standard error with its cost.
pub(crate) fn watch(command: &[String]) {
    let started = Instant::now();
    let status = Command::new(&command[0]).args(&command[1..]).status().unwrap();
    let wall = started.elapsed();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let processor = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    let (processor_s, memory_mib) = (processor as f64 / 1e6, usage.max_rss() as f64 / 1024.0);
    eprintln!("\n{:.6} {processor_s:.6} {memory_mib:.3}", wall.as_secs_f64());
    std::process::exit(status.code().unwrap_or(1));
}
