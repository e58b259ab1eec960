//! Carries one duty out, within its time limit, and says how it ended.

use std::{path::Path, sync::Arc, time::Duration};

use chassis::clock::Clock;
use keeper_core::{
    plan::{
        Plan,
        procedure::{Scanner, Verdict as Rule},
    },
    schedule::account::{End, Measured},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    actions::{self, Surroundings},
    cli::table::plain,
    config::RunsConfig,
    duty::Duty,
    process::{self, Finish, Finished, Shell, capture::cut, orphans::STATE_MARK},
    progress::Gauge,
    report::{Report, Verdict},
    state::{Rows, State},
};

/// The answer of a scanner is read whole up to this.
const SCAN_BYTES: usize = 16 * 1024 * 1024;
/// A sentence of the ledger is no longer than this.
const DETAIL_CHARACTERS: usize = 300;

/// A duty and what is needed to carry it out.
#[derive(Debug, Clone)]
pub struct Job {
    /// What has to be done.
    pub duty: Duty,
    /// The plan that says so.
    pub plan: Arc<Plan>,
    /// It is ended after so long.
    pub time_limit: Duration,
    /// Limits of every run.
    pub limits: RunsConfig,
    /// Keeper's own records.
    pub state: State,
    /// Rows that belong to what is done, besides the run's own.
    pub rows: Rows,
    /// The time.
    pub clock: Clock,
    /// How far it has come, where the work can tell.
    pub progress: Gauge,
}

/// How one try went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// How it ended.
    pub end: End,
    /// Why, in a sentence.
    pub detail: String,
    /// Figures.
    pub measured: Measured,
    /// What it printed, redacted and cut.
    pub output: String,
}

/// Carries it out to its end, its limit, or `stop`.
pub async fn run(job: &Job, stop: &CancellationToken) -> Ran {
    let started = Instant::now();
    let mut ran = match &job.duty {
        Duty::Shell { command, directory } => {
            let shell = shell(job, command, directory.clone(), job.limits.output_limit_bytes);
            process::run(&shell, stop).await.map_or_else(|error| not_started(&error), |it| of_shell(job, &it))
        }
        Duty::Scan(scanner) => scan(job, scanner, stop).await,
        Duty::Command(command) => {
            inside(job, stop, async |around| actions::carry_out(around, command).await).await
        }
        Duty::Backup(name) => {
            inside(job, stop, async |around| actions::backup::run(around, Some(name.as_str())).await).await
        }
        Duty::Human(_) => ran(End::Skipped, "people do this".to_owned(), String::new()),
        Duty::Later { part, .. } => {
            ran(End::Skipped, format!("this keeper has no {part} yet"), String::new())
        }
    };
    let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    ran.measured.duration_ms = Some(took);
    ran.detail = sentence(&ran.detail);
    ran
}

/// Carries out what keeper does itself.
async fn inside(
    job: &Job,
    stop: &CancellationToken,
    act: impl AsyncFnOnce(&Surroundings<'_>) -> anyhow::Result<Report>,
) -> Ran {
    let surroundings = Surroundings {
        plan: &job.plan,
        state: Some(&job.state),
        rows: Some(&job.rows),
        scratch: Path::new(&job.limits.scratch),
        progress: &job.progress,
        clock: &job.clock,
        stop: stop.child_token(),
    };
    // A part that works on a thread of its own sees the token when this is dropped.
    let _guard = surroundings.stop.clone().drop_guard();
    let mut acting = std::pin::pin!(act(&surroundings));
    let ended = tokio::select! {
        report = &mut acting => return of_report(job, report),
        () = tokio::time::sleep(job.time_limit) => timed_out(job, String::new()),
        () = stop.cancelled() => stopped(String::new()),
    };
    surroundings.stop.cancel();
    // It may have something to write down yet.
    let grace = Duration::from_secs(job.limits.kill_after_seconds);
    let _ = tokio::time::timeout(grace, acting).await;
    ended
}

fn shell(job: &Job, command: &str, directory: Option<String>, output_bytes: usize) -> Shell {
    Shell {
        command: command.to_owned(),
        directory,
        variables: vec![(STATE_MARK.to_owned(), job.state.mark())],
        time_limit: job.time_limit,
        kill_after: Duration::from_secs(job.limits.kill_after_seconds),
        output_bytes,
    }
}

fn ran(end: End, detail: String, output: String) -> Ran {
    Ran { end, detail, measured: Measured::default(), output }
}

fn not_started(error: &std::io::Error) -> Ran {
    ran(End::Failed, format!("the command could not be started: {error}"), String::new())
}

fn timed_out(job: &Job, output: String) -> Ran {
    let seconds = job.time_limit.as_secs();
    ran(End::Failed, format!("ended at its time limit of {seconds} s, with everything it started"), output)
}

fn stopped(output: String) -> Ran {
    ran(End::Replaced, "stopped before its end".to_owned(), output)
}

/// Both outputs, the complaints last.
fn output(job: &Job, finished: &Finished) -> String {
    let Finished { stdout, stderr, .. } = finished;
    let both = if stderr.is_empty() { stdout.clone() } else { format!("{stdout}[standard error]\n{stderr}") };
    cut(&both, job.limits.output_limit_bytes)
}

fn of_shell(job: &Job, finished: &Finished) -> Ran {
    let output = output(job, finished);
    match finished.finish {
        Finish::TimedOut => timed_out(job, output),
        Finish::Stopped => stopped(output),
        Finish::Exited(code) => {
            let last = last_line(if code == Some(0) { &finished.stdout } else { &finished.stderr });
            let (end, detail) = match code {
                Some(0) => (End::Succeeded, if last.is_empty() { "done".to_owned() } else { last }),
                Some(code) => (End::Failed, joined(&format!("exit code {code}"), &last)),
                None => (End::Failed, joined("ended by a signal", &last)),
            };
            Ran { end, detail, measured: Measured { duration_ms: None, exit_code: code }, output }
        }
    }
}

fn of_report(job: &Job, report: anyhow::Result<Report>) -> Ran {
    match report {
        Ok(report) => {
            let end = match report.verdict {
                Verdict::Good => End::Succeeded,
                Verdict::Bad => End::Failed,
                Verdict::Skipped => End::Skipped,
            };
            ran(end, report.summary, cut(&report.text, job.limits.output_limit_bytes))
        }
        Err(error) => ran(End::Failed, format!("{error:#}"), String::new()),
    }
}

/// Runs a tool from outside, if it is installed, and reads its verdict.
async fn scan(job: &Job, scanner: &Scanner, stop: &CancellationToken) -> Ran {
    let look = shell(job, &format!("command -v {}", quoted(&scanner.program)), None, 1_024);
    match process::run(&look, stop).await {
        Ok(found) if found.finish != Finish::Exited(Some(0)) => {
            let detail = format!("{} is not installed", scanner.program);
            return ran(End::Skipped, detail, String::new());
        }
        Ok(_) => {}
        Err(error) => return not_started(&error),
    }
    let shell = shell(job, &scanner.command, None, SCAN_BYTES);
    let finished = match process::run(&shell, stop).await {
        Ok(finished) => finished,
        Err(error) => return not_started(&error),
    };
    let output = output(job, &finished);
    let code = match finished.finish {
        Finish::TimedOut => return timed_out(job, output),
        Finish::Stopped => return stopped(output),
        Finish::Exited(code) => code,
    };
    let (end, detail) = match verdict(&scanner.verdict, code, &finished.stdout) {
        Ok(0) => (End::Succeeded, "clean".to_owned()),
        Ok(count) => (End::Failed, format!("{count} finding(s)")),
        Err(reason) => (End::Failed, joined(&reason, &last_line(&finished.stderr))),
    };
    Ran { end, detail, measured: Measured { duration_ms: None, exit_code: code }, output }
}

/// How many findings the answer of a tool has, or why it is no answer.
fn verdict(rule: &Rule, code: Option<i32>, stdout: &str) -> Result<u64, String> {
    let failed = || {
        code.map_or("the tool ended by a signal".to_owned(), |code| {
            format!("the tool failed with code {code}")
        })
    };
    match rule {
        Rule::ExitCode(findings) => match code {
            Some(0) => Ok(0),
            Some(code) if findings.iter().any(|one| i32::from(*one) == code) => Ok(1),
            _ => Err(failed()),
        },
        Rule::Lines if code == Some(0) => {
            Ok(stdout.lines().filter(|line| !line.trim().is_empty()).count() as u64)
        }
        Rule::Report if code == Some(0) => Ok(0),
        Rule::Lines | Rule::Report => Err(failed()),
        Rule::JsonCount(pointer) => {
            // Many tools say with their exit code that there are findings, so the answer alone counts.
            let json: serde_json::Value = serde_json::from_str(stdout).map_err(|_| failed())?;
            match json.pointer(pointer) {
                Some(serde_json::Value::Array(items)) => Ok(items.len() as u64),
                Some(value) if value.is_u64() => Ok(value.as_u64().unwrap_or_default()),
                _ => Err(format!("the answer has no array or number at {pointer}")),
            }
        }
    }
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn last_line(text: &str) -> String {
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}

fn joined(first: &str, last: &str) -> String {
    if last.is_empty() { first.to_owned() } else { format!("{first}: {last}") }
}

/// One line, which says so where it had to be cut.
fn sentence(text: &str) -> String {
    plain(chassis::redact::text(text).trim(), DETAIL_CHARACTERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: &Rule, code: i32, stdout: &str, expected: Result<u64, &str>) {
        assert_eq!(verdict(rule, Some(code), stdout), expected.map_err(str::to_owned), "{rule:?} {code}");
    }

    #[test]
    fn answers_of_tools_are_read_by_their_rule() {
        check(&Rule::ExitCode(vec![1]), 0, "", Ok(0));
        check(&Rule::ExitCode(vec![1]), 1, "", Ok(1));
        check(&Rule::ExitCode(vec![1]), 2, "", Err("the tool failed with code 2"));
        check(&Rule::Lines, 0, "a\n\nb\n", Ok(2));
        check(&Rule::Lines, 0, "", Ok(0));
        check(&Rule::Lines, 1, "", Err("the tool failed with code 1"));
        check(&Rule::JsonCount("/results".to_owned()), 1, r#"{"results": [1, 2]}"#, Ok(2));
        check(&Rule::JsonCount("/total".to_owned()), 0, r#"{"total": 0}"#, Ok(0));
        check(&Rule::JsonCount("/x".to_owned()), 0, "{}", Err("the answer has no array or number at /x"));
        check(&Rule::JsonCount("/x".to_owned()), 127, "", Err("the tool failed with code 127"));
        check(&Rule::Report, 0, "anything", Ok(0));
    }

    #[test]
    fn a_sentence_is_one_line() {
        assert_eq!(sentence("a\nb\u{1b}[31m "), "a b [31m");
        let whole = "x".repeat(DETAIL_CHARACTERS);
        assert_eq!(sentence(&format!("{whole}\n")), whole);
        assert_eq!(sentence(&(whole.clone() + "yz")), format!("{}…", &whole[1..]));
    }
}
