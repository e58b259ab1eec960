//! Tools from outside that an action asks, where they are installed.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::process::{self, Finish, Shell};

const LIMIT: Duration = Duration::from_secs(20);

/// What a command of this program says, or why it says nothing, in a few words.
pub(super) async fn ask(
    stop: &CancellationToken,
    program: &str,
    command: &str,
    variables: &[(String, String)],
) -> anyhow::Result<Result<String, String>> {
    let shell = Shell {
        command: format!("command -v {program} >/dev/null || exit 127; {command}"),
        directory: None,
        variables: variables.to_vec(),
        time_limit: LIMIT,
        kill_after: Duration::from_secs(1),
        output_bytes: 1024 * 1024,
    };
    let finished = process::run(&shell, stop).await?;
    Ok(match finished.finish {
        Finish::Exited(Some(0)) => Ok(finished.stdout),
        Finish::Exited(Some(127)) => Err("not installed".to_owned()),
        Finish::Exited(_) => Err(format!("failed: {}", finished.stderr.trim())),
        Finish::TimedOut | Finish::Stopped => Err("no answer".to_owned()),
    })
}

/// A word for the shell.
pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
