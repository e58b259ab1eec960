//! The S3 server of moto, in Python: another program by other people. It takes any key.

use std::time::Duration;

use anyhow::Context;
use tempfile::TempDir;

use super::S3Access;
use crate::{
    process::{Program, Spawned},
    tools::{self, MOTO},
};

const START_LIMIT: Duration = Duration::from_secs(60);
const ANNOUNCED: &str = "Running on ";

/// A running server that keeps everything in memory; gone when the value is dropped or the test process dies.
#[derive(Debug)]
pub struct Moto {
    access: S3Access,
    _server: Spawned,
    /// Dropped after the server.
    _home: TempDir,
}

impl Moto {
    /// Starts one with an empty bucket. `None`, after a line on standard error, when moto is not installed and
    /// `TESTKIT_ALLOW_MISSING` says that this may be.
    ///
    /// # Panics
    /// When it is missing and may not be, or does not come up.
    pub async fn start() -> Option<Self> {
        let program = tools::installed("moto/bin/moto_server");
        if !program.is_file() {
            tools::missing(MOTO, "");
            return None;
        }
        let home = match tempfile::Builder::new().prefix("testkit-moto-").tempdir() {
            Ok(home) => home,
            Err(error) => panic!("making a home for moto: {error}"),
        };
        // Its own home and no settings of Amazon's tools, so that a developer's are neither read nor used.
        let program = Program::new(program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .without_env("AWS_")
            .env("HOME", home.path())
            .folder(home.path());
        match Self::launch(&program, home).await {
            Ok(moto) => Some(moto),
            Err(error) => panic!("starting moto: {error:#}"),
        }
    }

    async fn launch(program: &Program, home: TempDir) -> anyhow::Result<Self> {
        let server = program.spawn()?;
        let line = server.wait_line(ANNOUNCED, START_LIMIT).await?;
        let (_, endpoint) = line.split_once(ANNOUNCED).context("no address was announced")?;
        let access = S3Access::at(endpoint.trim().to_owned());
        let client = reqwest::Client::builder().no_proxy().build()?;
        let bucket = format!("{}/{}", access.endpoint, access.bucket);
        client.put(bucket).send().await?.error_for_status()?;
        Ok(Self { access, _server: server, _home: home })
    }

    /// How it is reached.
    pub fn access(&self) -> &S3Access {
        &self.access
    }
}
