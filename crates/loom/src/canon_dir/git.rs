//! Which commit a canon was read from, where its folder is a git work tree.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::process::Command;

/// Git answers within this or not at all; a canon is read without its commit then.
const PATIENCE: Duration = Duration::from_secs(2);

/// The commit of the work tree, with `-dirty` behind it when the canon differs from what was committed. Nothing where
/// there is no work tree, no git or no commit.
pub(super) async fn commit_of(root: &Path, key: &str) -> Option<String> {
    let commit = run(root, &["rev-parse", "--short=12", "HEAD"]).await?;
    let changed = run(root, &["status", "--porcelain", "--", key]).await?;
    Some(if changed.is_empty() { commit } else { format!("{commit}-dirty") })
}

async fn run(root: &Path, arguments: &[&str]) -> Option<String> {
    let child = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["-c", "core.fsmonitor=false"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.ok()?.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
