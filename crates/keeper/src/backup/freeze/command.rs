//! What a command writes to its standard output, set aside until the command has ended well.

use std::{path::Path, time::Duration};

use anyhow::{Context, bail};
use chassis::Clock;
use keeper_core::plan::backup::CommandSource;
use tokio_util::sync::CancellationToken;

use super::{Draft, Frozen, Learnt, Part, never_seen};
use crate::{
    backup::record::{Item, Kind},
    process::{self, Limits, Shell},
};

const KILL_AFTER: Duration = Duration::from_secs(5);
const COMPLAINTS_BYTES: usize = 64 * 1024;

/// Runs a command in `directory` (keeper's own without one), with `variables` besides keeper's own, and sets what it writes aside in a file in `folder`. An
/// exit code other than 0, a signal, the time limit, a full disk and an output without a single byte are errors, and
/// nothing is left in `folder` then.
///
/// An empty output is an error because a command that has nothing to say has most likely missed what it should have
/// read; one that may be empty can write a first line of its own.
pub async fn freeze(
    source: &CommandSource,
    directory: Option<&Path>,
    variables: &[(String, String)],
    folder: &Path,
    time_limit: Duration,
    clock: &Clock,
    stop: &CancellationToken,
) -> anyhow::Result<Frozen> {
    let name = &source.file_name;
    if name.is_empty() || name.contains(['/', '\0']) || matches!(name.as_str(), "." | "..") {
        bail!("the output of a command cannot be stored as {name:?}: give a plain file name");
    }
    let shell = Shell {
        command: source.command.clone(),
        directory: directory.map(|directory| directory.display().to_string()),
        variables: variables.to_vec(),
        time_limit,
        kill_after: KILL_AFTER,
        output_bytes: COMPLAINTS_BYTES,
    };
    let limits = Limits { time_limit, kill_after: KILL_AFTER, output_bytes: COMPLAINTS_BYTES };
    let taken_at = clock.now();
    let draft =
        Draft::create(folder).with_context(|| format!("setting an output aside in {}", folder.display()))?;
    let (finished, draft) = Box::pin(process::run_into(shell.command(), &limits, draft, stop))
        .await
        .with_context(|| format!("setting the output for {name} aside"))?;
    if let Some(failure) = finished.failure() {
        bail!("the command for {name} {failure}");
    }
    let staged = draft.seal().with_context(|| format!("setting the output for {name} aside"))?;
    if staged.size_bytes() == 0 {
        bail!(
            "the command for {name} ended well and wrote nothing, which is suspicious: nothing was backed up"
        );
    }
    let item = Item {
        at: format!("commands/{name}"),
        kind: Kind::Command,
        size_bytes: staged.size_bytes(),
        blake3: None,
        rows: Default::default(),
        content: None,
        damage: None,
    };
    let learnt = Learnt { blake3: staged.blake3(), rows: Default::default(), damage: None };
    Ok(Frozen { taken_at, parts: vec![Part::staged(item, never_seen(taken_at), staged, learnt)] })
}
