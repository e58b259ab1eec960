//! The report of one storm, to be committed: what ran, where, on which commit, and how it ended.

use std::{process::Command, time::Duration};

use anyhow::Context;

use crate::workspace::Workspace;

/// The output that a report keeps is cut to this many last lines.
const OUTPUT_LINES: usize = 200;

/// Where and when storms run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// `YYYY-MM-DD`, UTC, from the system.
    pub date: String,
    /// System, processor, cores and memory.
    pub machine: String,
    /// The commit, marked when the work tree differs from it.
    pub commit: String,
}

impl Surroundings {
    /// Asks the system and git; without git the commit is `unknown`.
    ///
    /// # Errors
    /// When the system has no date.
    pub fn read(workspace: &Workspace) -> anyhow::Result<Self> {
        let date = said(Command::new("date").args(["-u", "+%Y-%m-%d"])).context("asking for the date")?;
        let git = |arguments: &[&str]| said(Command::new("git").current_dir(&workspace.root).args(arguments));
        let commit = git(&["rev-parse", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
        // Reports of earlier storms in this run are no change of the program.
        let changes =
            git(&["status", "--porcelain", "--", ".", ":!docs/soak"]).is_some_and(|text| !text.is_empty());
        let commit = if changes { format!("{commit} with uncommitted changes") } else { commit };
        Ok(Self { date, machine: machine(), commit })
    }
}

/// One storm's end.
#[derive(Debug)]
pub struct Report<'a> {
    /// The storm's name.
    pub name: &'a str,
    /// The test behind it.
    pub test: &'a str,
    /// The crate it lives in.
    pub package: &'a str,
    /// How many rounds it was told to run.
    pub rounds: u32,
    /// Whether it passed.
    pub passed: bool,
    /// How long it took, building included.
    pub took: Duration,
    /// What it printed.
    pub output: &'a str,
}

impl Report<'_> {
    /// The text of the file.
    pub fn markdown(&self, surroundings: &Surroundings) -> String {
        let lines: Vec<_> = self.output.lines().collect();
        let kept = lines[lines.len().saturating_sub(OUTPUT_LINES)..].join("\n");
        let cut = if lines.len() > OUTPUT_LINES {
            format!(" (the last {OUTPUT_LINES} of {} lines)", lines.len())
        } else {
            String::new()
        };
        let result = if self.passed { "passed" } else { "FAILED" };
        let rows = [
            ("result", result.to_owned()),
            ("rounds", self.rounds.to_string()),
            ("took", format!("{:.0} s", self.took.as_secs_f64())),
            ("date", surroundings.date.clone()),
            ("machine", surroundings.machine.clone()),
            ("commit", surroundings.commit.clone()),
            ("test", format!("`{}` in `{}`", self.test, self.package)),
            ("again", format!("`cargo xtask soak --only {} --rounds {}`", self.name, self.rounds)),
        ];
        let table: String = rows.iter().map(|(key, value)| format!("| {key} | {value} |\n")).collect();
        format!(
            "# Soak: {}\n\n| | |\n|---|---|\n{table}\n## Output{cut}\n\n~~~text\n{kept}\n~~~\n",
            self.name
        )
    }
}

fn machine() -> String {
    let system = said(Command::new("uname").arg("-srm")).unwrap_or_else(|| "unknown system".to_owned());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    describe_machine(&system, cores, &cpu, &memory)
}

fn describe_machine(system: &str, cores: usize, cpu: &str, memory: &str) -> String {
    let value = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    let model = value(cpu, "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let kibibytes = value(memory, "MemTotal").and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    let memory = kibibytes.map_or_else(|| "unknown memory".to_owned(), |size| format!("{} MiB", size / 1024));
    format!("{system}, {model}, {cores} cores, {memory}")
}

fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surroundings() -> Surroundings {
        Surroundings { date: "2026-01-02".into(), machine: "Linux, 2 cores".into(), commit: "abc".into() }
    }

    fn report(output: &str) -> String {
        let report = Report {
            name: "kills",
            test: "storms::soak_kills",
            package: "loom",
            rounds: 200,
            passed: false,
            took: Duration::from_millis(61_400),
            output,
        };
        report.markdown(&surroundings())
    }

    #[test]
    fn a_report_says_what_ran_where_and_how_it_ended() {
        let expected = "# Soak: kills\n\n| | |\n|---|---|\n| result | FAILED |\n| rounds | 200 |\n| took | 61 s |\n\
            | date | 2026-01-02 |\n| machine | Linux, 2 cores |\n| commit | abc |\n\
            | test | `storms::soak_kills` in `loom` |\n| again | `cargo xtask soak --only kills --rounds 200` |\n\n\
            ## Output\n\n~~~text\nround 1\nround 2\n~~~\n";
        assert_eq!(report("round 1\nround 2\n"), expected);
    }

    #[test]
    fn long_output_is_cut_at_its_head_and_says_so() {
        let output: String = (1..=250).map(|round| format!("round {round}\n")).collect();
        let text = report(&output);
        assert!(text.contains("(the last 200 of 250 lines)"), "{text}");
        assert!(!text.contains("round 50\n") && text.contains("round 51\n") && text.contains("round 250\n"));
    }

    #[test]
    fn the_machine_is_described_as_far_as_it_tells() {
        let cpu = "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n";
        let full = describe_machine("Linux 6.1", 2, cpu, "MemTotal:       2097152 kB\n");
        assert_eq!(full, "Linux 6.1, Some CPU @ 2 GHz, 2 cores, 2048 MiB");
        assert_eq!(describe_machine("X", 1, "", ""), "X, unknown processor, 1 cores, unknown memory");
    }
}
