//! A PostgreSQL database held still: dumped by `pg_dump`, and counted at the same instant over a connection of ours.

use std::path::Path;

use anyhow::{Context, bail};
use chassis::{Clock, config::Environment};
use keeper_core::plan::service::Postgres;
use storage::Database;
use tokio_util::sync::CancellationToken;

use super::{Draft, Frozen, Learnt, Part, never_seen};
use crate::{
    backup::{
        record::{Item, Kind},
        server::{self, LOCK_WAIT, Server},
    },
    process,
    store::foreign::contents::{self, Contents, Held},
};

/// Dumps the database of a service into a file in `folder` and counts it, both as it was at one instant. Writers go
/// on meanwhile; statements that alter or empty a table wait. Nothing is left in `folder` when it fails, and the
/// dump counts only if `pg_dump` ended well.
///
/// The dump has no compression of its own, so that a repository finds what has not changed since the one before.
pub async fn freeze(
    postgres: &Postgres,
    service: &str,
    folder: &Path,
    clock: &Clock,
    stop: &CancellationToken,
) -> anyhow::Result<Frozen> {
    let server = Server::of(postgres, &Environment::read())?;
    let database = Box::pin(unless_stopped(stop, server.open(clock))).await?;
    // Boxed, because whoever waits for it has other work in the same future.
    let frozen = Box::pin(freeze_open(&server, &database, service, folder, clock, stop)).await;
    database.close().await;
    frozen
}

async fn freeze_open(
    server: &Server,
    database: &Database,
    service: &str,
    folder: &Path,
    clock: &Clock,
    stop: &CancellationToken,
) -> anyhow::Result<Frozen> {
    server::check_version(server, "pg_dump", database, stop).await?;
    // Before the snapshot: what is committed between the two is in it, and nothing that is promised is missing.
    let taken_at = clock.now();
    let mut held = unless_stopped(stop, async { Ok(contents::hold(database).await?) })
        .await
        .context("holding the database still for its dump")?;
    let draft =
        Draft::create(folder).with_context(|| format!("setting a dump aside in {}", folder.display()))?;
    let outcome = dump_and_count(server, &mut held, draft, stop).await;
    held.release().await.context("ending the dump")?;
    let (draft, contents) = outcome?;
    let staged = draft.seal().context("setting the dump aside")?;
    if staged.size_bytes() == 0 {
        bail!("pg_dump ended well and wrote nothing");
    }
    let Contents { rows, content } = contents;
    let item = Item {
        at: format!("databases/{service}.dump"),
        kind: Kind::Postgres,
        size_bytes: staged.size_bytes(),
        blake3: None,
        rows: rows.clone(),
        content: Some(content),
        damage: None,
    };
    let learnt = Learnt { blake3: staged.blake3(), rows, damage: None };
    Ok(Frozen { taken_at, parts: vec![Part::staged(item, never_seen(taken_at), staged, learnt)] })
}

/// Both at once; when one fails, the other is ended, and the first failure is the one that is told.
async fn dump_and_count(
    server: &Server,
    held: &mut Held,
    draft: Draft,
    stop: &CancellationToken,
) -> anyhow::Result<(Draft, Contents)> {
    let both = stop.child_token();
    let snapshot = held.snapshot.clone();
    let first = |error: anyhow::Error| {
        let is_first = !both.is_cancelled();
        both.cancel();
        (is_first, error)
    };
    let dump = async { dump(server, &snapshot, draft, &both).await.map_err(first) };
    let count = async {
        let contents = unless_stopped(&both, async { Ok(held.contents().await?) }).await;
        contents.context("counting the rows of the database").map_err(first)
    };
    match tokio::join!(dump, count) {
        (Ok(draft), Ok(contents)) => Ok((draft, contents)),
        (Err((_, error)), Ok(_)) | (Ok(_), Err((_, error))) => Err(error),
        (Err((true, error)), Err(_)) | (Err(_), Err((_, error))) => Err(error),
    }
}

async fn dump(
    server: &Server,
    snapshot: &str,
    draft: Draft,
    stop: &CancellationToken,
) -> anyhow::Result<Draft> {
    let mut command = server.program("pg_dump");
    command
        .args(["--format=custom", "--compress=0", "--no-password"])
        .arg(format!("--snapshot={snapshot}"))
        // Somebody who waits for us while pg_dump waits for them would never end otherwise.
        .arg(format!("--lock-wait-timeout={}", LOCK_WAIT.as_millis()));
    let (finished, draft) =
        process::run_into(command, &server::limits(), draft, stop).await.context("setting the dump aside")?;
    server::check_end("pg_dump", &finished)?;
    Ok(draft)
}

async fn unless_stopped<T>(
    stop: &CancellationToken,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    tokio::select! {
        outcome = work => outcome,
        () = stop.cancelled() => bail!("it was stopped"),
    }
}
