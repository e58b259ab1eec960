//! PostgreSQL's own programs, absent or too old.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use chassis::config::Environment;
use keeper::{
    backup::server::{self, Server},
    store::foreign::contents,
};
use tokio_util::sync::CancellationToken;

use super::Bench;

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_are_absent_or_too_old_are_named() {
    let Some(bench) = Bench::new().await else { return };
    let server = Server::of(&bench.plan(), &Environment::default()).unwrap();
    let version = contents::server_version(&bench.database).await.unwrap() / 10_000;
    let check = async |program: &Path, expected: &str| {
        let stop = CancellationToken::new();
        let outcome =
            server::check_version(&server, &program.display().to_string(), &bench.database, &stop).await;
        let text = outcome.err().map(|error| format!("{error:#}")).unwrap_or_default();
        let text = text.replace(&program.display().to_string(), "pg_dump");
        assert_eq!(text, expected.replace("NN", &version.to_string()));
    };
    let script = |name: &str, text: &str| {
        let path = bench.folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    let install = "install the client programs of PostgreSQL NN or newer";
    check(
        Path::new("/nowhere/pg_dump"),
        &format!("pg_dump is not installed, or not where PATH leads: {install}"),
    )
    .await;
    check(
        &script("old", "echo 'pg_dump (PostgreSQL) 9.6.24'"),
        &format!("pg_dump is of version 9, the server of version NN: {install}"),
    )
    .await;
    check(&script("new", "echo 'pg_dump (PostgreSQL) 99.1 (Debian)'"), "").await;
    check(
        &script("odd", "echo hello"),
        &format!("pg_dump calls itself \"hello\", which names no version: {install}"),
    )
    .await;
    check(
        &script("broken", "echo 'cannot load libpq' >&2; exit 127"),
        "pg_dump does not say its version: it ended with code 127: cannot load libpq",
    )
    .await;
}
