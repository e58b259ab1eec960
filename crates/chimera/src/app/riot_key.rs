//! A Riot key that is kept in a file and may be replaced while the program runs.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use anyhow::{Context, bail};
use chassis::Secret;
use tokio_util::sync::CancellationToken;

use crate::riot;

/// How often the file is looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);
const LONGEST_KEY_BYTES: u64 = 1024;

/// The key in the file, without surrounding space; nothing when no file is named.
pub(super) fn read(path: &Path) -> anyhow::Result<Option<Secret>> {
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    let cannot = || format!("cannot read `riot.api_key_file`, {}", path.display());
    let length = std::fs::metadata(path).with_context(cannot)?.len();
    if length > LONGEST_KEY_BYTES {
        bail!("`riot.api_key_file`, {}, is larger than any key", path.display());
    }
    let key = Secret::new(std::fs::read_to_string(path).with_context(cannot)?.trim().to_owned());
    if !key.is_empty() {
        chassis::redact::register(&key);
    }
    Ok(Some(key))
}

/// Gives the client the file's key whenever the file changed. A file that is away or cannot be read changes nothing.
pub(super) async fn watch(path: &Path, client: &riot::Client, stop: CancellationToken) {
    if path.as_os_str().is_empty() {
        return;
    }
    let mut known = changed_at(path);
    let mut interval = tokio::time::interval(LOOK_INTERVAL);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = interval.tick() => {}
        }
        let now = changed_at(path);
        if now == known || now.is_none() {
            continue;
        }
        match read(path) {
            Ok(Some(key)) => {
                known = now;
                client.set_key(&key);
                tracing::info!(file = %path.display(), "the Riot key was replaced");
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "the Riot key stays as it is");
                known = now;
            }
        }
    }
}

/// When the file was last written, and its length: an editor may write twice within the clock's grain.
fn changed_at(path: &Path) -> Option<(SystemTime, u64)> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len()))
}
