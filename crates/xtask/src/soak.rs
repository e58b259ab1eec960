//! `cargo xtask soak`: runs the long storms one by one and writes a report of each.
//!
//! A storm is a test named `soak_…` and marked `#[ignore = "soak: …"]`. It reads `SOAK_ROUNDS` and prints what it
//! saw; `cargo xtask test` skips it and runs a short sibling instead.

pub mod report;

use std::{
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

use anyhow::{Context, bail};

use crate::{
    cargo::{self, Executable},
    cli::SoakArguments,
    console,
    servers::Servers,
    soak::report::{Report, Surroundings},
    tools,
    workspace::Workspace,
};

/// A storm and the test program it lives in.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Storm {
    program: Executable,
    /// Its full path as the test program lists it: `storms::soak_kills`.
    test: String,
}

/// Runs the storms and writes `docs/soak/<date>-<name>.md` for each. Success when all passed.
///
/// # Errors
/// When the build fails, no storm matches, a report cannot be written, or on [`crate::signals::Interrupted`].
pub fn run(workspace: &Workspace, arguments: &SoakArguments) -> anyhow::Result<ExitCode> {
    tools::report(&tools::ensure(!arguments.no_install)?, false)?;
    let Some(programs) = cargo::build(workspace, &["test", "--workspace", "--no-run"])? else {
        bail!("the build failed; no storm was run");
    };
    let mut storms = Vec::new();
    for program in programs {
        storms.extend(storms_of(&program));
    }
    let wanted = arguments.only.as_deref().unwrap_or_default();
    storms.retain(|storm| storm.name().contains(&wanted.replace('_', "-")));
    if storms.is_empty() {
        bail!("no storm is called `{wanted}`: a storm is a test named soak_… and marked #[ignore]");
    }
    let surroundings = Surroundings::read(workspace)?;
    let servers = Servers::start()?;
    let mut passed = true;
    for storm in &storms {
        passed &= run_one(workspace, arguments.rounds, storm, &servers, &surroundings)?;
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn storms_of(program: &Executable) -> Vec<Storm> {
    let output = Command::new(&program.path)
        .args(["--ignored", "--list", "--format", "terse"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let listed =
        output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    storm_names(&listed).map(|test| Storm { program: program.clone(), test: test.to_owned() }).collect()
}

/// The storms in a test program's own list of ignored tests.
fn storm_names(listed: &str) -> impl Iterator<Item = &str> {
    listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .filter(|test| short(test).starts_with("soak_"))
}

fn short(test: &str) -> &str {
    test.rsplit("::").next().unwrap_or(test)
}

impl Storm {
    /// `soak_kills_during_turns` is known as `kills-during-turns`.
    fn name(&self) -> String {
        short(&self.test).trim_start_matches("soak_").replace('_', "-")
    }
}

/// Runs what was built with the whole workspace: cargo would choose other features for one crate, and build most of it
/// again.
fn run_one(
    workspace: &Workspace,
    rounds: u32,
    storm: &Storm,
    servers: &Servers,
    surroundings: &Surroundings,
) -> anyhow::Result<bool> {
    console::say(&format!("== {} ({rounds} rounds)", storm.name()));
    let rounds_text = rounds.to_string();
    let mut variables = servers.variables();
    variables.push(("SOAK_ROUNDS", &rounds_text));
    let started = Instant::now();
    let mut output = String::new();
    let arguments = ["--ignored", "--exact", &storm.test, "--nocapture"];
    let passed = cargo::run_built(&storm.program, &arguments, &variables, |line| {
        console::pass_on(line);
        output.push_str(&String::from_utf8_lossy(line));
    })?;
    let name = storm.name();
    let report = Report {
        name: &name,
        test: &storm.test,
        package: &storm.program.package,
        rounds,
        passed,
        took: started.elapsed(),
        output: &output,
    };
    let folder = workspace.root.join("docs/soak");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{}-{name}.md", surroundings.date));
    std::fs::write(&path, report.markdown(surroundings))
        .with_context(|| format!("writing {}", path.display()))?;
    console::say(&format!("written: {}", path.display()));
    Ok(passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ignored_tests_named_soak_are_storms() {
        let listed =
            "soak_kills: test\nother: test\ndeep::soak_disk: test\nsoak_bench: benchmark\nnot_soak_x: test\n";
        assert_eq!(storm_names(listed).collect::<Vec<_>>(), ["soak_kills", "deep::soak_disk"]);
    }

    #[test]
    fn a_storm_is_known_by_the_end_of_its_path() {
        let program = Executable {
            package: "loom".into(),
            target: "storms".into(),
            path: "/x".into(),
            folder: "/a/loom".into(),
        };
        let found = Storm { program, test: "deep::soak_kills_during_turns".to_owned() };
        assert_eq!(found.name(), "kills-during-turns");
    }
}
