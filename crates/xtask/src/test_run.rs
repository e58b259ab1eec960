//! `cargo xtask test`: every check of CI, in order and timed; the tests themselves come last.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::ValueEnum;

use crate::{
    cargo,
    cli::{Step, TestArguments},
    console,
    deny_file::DenyFile,
    dependency_tree, duplicates, licences, moto,
    servers::Servers,
    signals::Interrupted,
    summary::Totals,
    tools, unused,
    workspace::Workspace,
};

/// How one step went.
#[derive(Debug, Clone, PartialEq)]
struct Outcome {
    step: Step,
    passed: bool,
    took: Duration,
}

/// Runs the steps; a failed one does not keep the others from running. Success when all passed.
///
/// # Errors
/// On [`Interrupted`] alone; whatever else goes wrong is reported as the step's failure.
pub fn run(workspace: &Workspace, arguments: &TestArguments) -> anyhow::Result<ExitCode> {
    let mut outcomes = Vec::new();
    let mut totals = None;
    for step in plan(arguments) {
        console::say(&format!("== {}", step.word()));
        let started = Instant::now();
        let passed = match carry_out(workspace, arguments, step, &mut totals) {
            Err(error) if error.is::<Interrupted>() => return Err(error),
            Err(error) => {
                console::complain(&format!("error: {error:#}"));
                false
            }
            Ok(passed) => passed,
        };
        outcomes.push(Outcome { step, passed, took: started.elapsed() });
    }
    console::say("");
    console::say(&times(&outcomes));
    if let Some(failures) = failures(&outcomes) {
        console::say(&failures);
    }
    if let Some(totals) = totals {
        console::say(&totals.to_string());
    }
    let passed = outcomes.iter().all(|outcome| outcome.passed);
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn plan(arguments: &TestArguments) -> Vec<Step> {
    let wanted = |step: &Step| {
        if arguments.only.is_empty() {
            arguments.filters.is_empty() || *step == Step::Tests
        } else {
            arguments.only.contains(step)
        }
    };
    Step::value_variants().iter().copied().filter(wanted).collect()
}

fn carry_out(
    workspace: &Workspace,
    arguments: &TestArguments,
    step: Step,
    totals: &mut Option<Totals>,
) -> anyhow::Result<bool> {
    match step {
        Step::Tools => {
            let mut missing = tools::ensure(!arguments.no_install)?;
            missing.extend(moto::ensure(workspace, !arguments.no_install)?);
            tools::report(&missing, arguments.allow_missing)?;
            Ok(true)
        }
        Step::Fmt => cargo::run(workspace, &["fmt", "--all", "--check"], &[]),
        Step::Clippy => cargo::run(
            workspace,
            &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"],
            &[],
        ),
        Step::Docs => cargo::run(
            workspace,
            &["doc", "--workspace", "--no-deps", "--quiet"],
            &[("RUSTDOCFLAGS", "-D warnings")],
        ),
        Step::Licences => {
            let rules = DenyFile::read(&workspace.root.join("deny.toml"))?;
            let crates = dependency_tree::read(workspace, &rules.graph.targets[0])?;
            let mut findings = licences::check(&crates, &rules.licenses)?;
            findings.extend(licences::check_sources(&crates));
            findings.extend(duplicates::check(&crates, &rules.bans));
            Ok(tell(&findings))
        }
        Step::Dependencies => Ok(tell(&unused::check(workspace)?)),
        Step::Tests => {
            let counted = totals.insert(Totals::default().with_verdict(false));
            let (found, succeeded) = run_tests(workspace, arguments)?;
            *counted = found.with_verdict(succeeded);
            Ok(succeeded)
        }
    }
}

/// Prints findings; true when there are none.
fn tell(findings: &[String]) -> bool {
    for finding in findings {
        console::complain(finding);
    }
    findings.is_empty()
}

fn run_tests(workspace: &Workspace, arguments: &TestArguments) -> anyhow::Result<(Totals, bool)> {
    let mut missing = tools::missing();
    missing.extend(moto::missing(workspace));
    tools::report(&missing, arguments.allow_missing)?;
    let allowed = tools::allowed_words(&missing);
    let servers = Servers::start()?;
    let mut variables = servers.variables();
    variables.push(("TESTKIT_ALLOW_MISSING", &allowed));

    let mut cargo_arguments = vec!["test", "--workspace", "--no-fail-fast"];
    if !arguments.filters.is_empty() {
        cargo_arguments.push("--");
        cargo_arguments.extend(arguments.filters.iter().map(String::as_str));
    }
    let mut totals = Totals::default();
    let succeeded = cargo::run_reading(workspace, &cargo_arguments, &variables, |line| {
        console::pass_on(line);
        totals.add_line(&String::from_utf8_lossy(line));
    })?;
    Ok((totals, succeeded))
}

fn times(outcomes: &[Outcome]) -> String {
    let time = |outcome: &Outcome| format!("{} {:.1} s", outcome.step.word(), outcome.took.as_secs_f64());
    format!("times: {}", outcomes.iter().map(time).collect::<Vec<_>>().join(", "))
}

fn failures(outcomes: &[Outcome]) -> Option<String> {
    let failed: Vec<_> =
        outcomes.iter().filter(|outcome| !outcome.passed).map(|outcome| outcome.step.word()).collect();
    (!failed.is_empty()).then(|| format!("failed steps: {}", failed.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_plan(only: &[Step], filters: &[&str], expected: &[Step]) {
        let arguments = TestArguments {
            only: only.to_vec(),
            filters: filters.iter().map(ToString::to_string).collect(),
            ..TestArguments::default()
        };
        assert_eq!(plan(&arguments), expected, "{only:?} {filters:?}");
    }

    #[test]
    fn steps_run_in_order_and_filters_mean_tests_alone() {
        check_plan(&[], &[], Step::value_variants());
        check_plan(&[Step::Docs, Step::Fmt], &[], &[Step::Fmt, Step::Docs]);
        check_plan(&[], &["canon"], &[Step::Tests]);
        check_plan(&[Step::Fmt, Step::Tests], &["canon"], &[Step::Fmt, Step::Tests]);
    }

    #[test]
    fn the_report_names_times_and_failures() {
        let outcome =
            |step, passed, milliseconds| Outcome { step, passed, took: Duration::from_millis(milliseconds) };
        let outcomes = [outcome(Step::Fmt, true, 1_240), outcome(Step::Clippy, false, 60_000)];
        assert_eq!(times(&outcomes), "times: fmt 1.2 s, clippy 60.0 s");
        assert_eq!(failures(&outcomes).unwrap(), "failed steps: clippy");
        assert_eq!(failures(&outcomes[..1]), None);
    }
}
