//! A Redis of one test's own, which can be stopped, killed and started again on the same data.
//!
//! Not the server at `TEST_REDIS_URL`: what a test does to this one would hurt the others there.

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path, time::Duration};

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::{
    process::{Program, Spawned, free_port},
    tools::{self, REDIS},
};

const START_LIMIT: Duration = Duration::from_secs(30);
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// Another process may take the free port between our finding it and the server's binding it.
const PORT_ATTEMPTS: usize = 5;

/// A running Redis that writes an append-only file, as the programs ask of a real one. Gone when the value is dropped
/// or the test process dies.
#[derive(Debug)]
pub struct TempRedis {
    /// `redis://default:password@127.0.0.1:port/`; the same after a restart.
    pub url: String,
    program: Program,
    /// `None` while it is stopped.
    running: Option<Spawned>,
    /// Dropped after the server.
    _folder: TempDir,
}

impl TempRedis {
    /// Starts one. `None`, after a line on standard error, when there is no Redis on this machine and
    /// `TESTKIT_ALLOW_MISSING` says that this may be.
    ///
    /// # Panics
    /// When Redis is missing and may not be, or does not come up.
    pub async fn start() -> Option<Self> {
        let Some(program) = tools::find(&["redis-server"], &[]) else {
            tools::missing(REDIS, "");
            return None;
        };
        let mut last_failure = String::new();
        for _ in 0..PORT_ATTEMPTS {
            match Self::start_once(&program).await {
                Ok(redis) => return Some(redis),
                Err(error) => last_failure = format!("{error:#}"),
            }
        }
        panic!("no temporary Redis after {PORT_ATTEMPTS} attempts, the last: {last_failure}");
    }

    async fn start_once(program: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("testkit-redis-").tempdir()?;
        let port = free_port()?;
        let password = uuid::Uuid::new_v4().simple().to_string();
        let settings = folder.path().join("redis.conf");
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&settings)?.write_all(
            format!(
                "bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {}\nappendonly yes\n\
                 appendfsync everysec\nsave \"\"\ndaemonize no\n",
                folder.path().display()
            )
            .as_bytes(),
        )?;
        let program = Program::new(program).args([&settings]).folder(folder.path());
        let url = format!("redis://default:{password}@127.0.0.1:{port}/");
        let mut redis = Self { url, program, running: None, _folder: folder };
        redis.launch().await?;
        Ok(redis)
    }

    async fn launch(&mut self) -> anyhow::Result<()> {
        let spawned = self.program.spawn().context("starting redis-server")?;
        spawned.wait_line("Ready to accept connections", START_LIMIT).await?;
        self.running = Some(spawned);
        Ok(())
    }

    /// Starts it again after [`stop`](Self::stop) or [`kill`](Self::kill), on the same port and data.
    ///
    /// # Errors
    /// When it runs, or does not come up; the message holds its output.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        if self.running.is_some() {
            bail!("the temporary Redis runs: stop or kill it first");
        }
        self.launch().await
    }

    /// Asks it to end, which writes everything to disk first, and waits.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        match self.running.take() {
            Some(mut running) => running.terminate(STOP_LIMIT).await.map(drop),
            None => Ok(()),
        }
    }

    /// Kills it with SIGKILL: up to a second of what it acknowledged is lost.
    ///
    /// # Errors
    /// When the system refuses.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        match self.running.take() {
            Some(mut running) => running.kill().await.map(drop),
            None => Ok(()),
        }
    }

    /// Runs one command, such as `["FLUSHALL"]`, and returns the answer.
    ///
    /// # Errors
    /// When it does not answer or refuses.
    pub async fn command(&self, words: &[&str]) -> anyhow::Result<redis::Value> {
        let client = redis::Client::open(self.url.as_str())?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        let (name, arguments) = words.split_first().context("no command")?;
        Ok(redis::cmd(name).arg(arguments).query_async(&mut connection).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn value(redis: &TempRedis) -> redis::Value {
        redis.command(&["GET", "mark"]).await.unwrap()
    }

    #[tokio::test]
    async fn what_was_written_survives_a_stop_and_an_unclean_end_is_survived() {
        let Some(mut redis) = TempRedis::start().await else { return };
        redis.command(&["SET", "mark", "1"]).await.unwrap();
        assert!(redis.restart().await.is_err(), "it runs");
        redis.stop().await.unwrap();
        assert!(redis.command(&["PING"]).await.is_err());
        redis.restart().await.unwrap();
        assert_eq!(value(&redis).await, redis::Value::BulkString(b"1".to_vec()));
        redis.kill().await.unwrap();
        redis.restart().await.unwrap();
        redis.command(&["FLUSHALL"]).await.unwrap();
        assert_eq!(value(&redis).await, redis::Value::Nil);
    }

    #[tokio::test]
    async fn each_is_its_own_and_wants_its_password() {
        let Some(first) = TempRedis::start().await else { return };
        let second = TempRedis::start().await.unwrap();
        first.command(&["SET", "mark", "1"]).await.unwrap();
        assert_eq!(value(&second).await, redis::Value::Nil);
        let port = first.url.rsplit(':').next().unwrap();
        let bare = redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap();
        let mut connection = bare.get_multiplexed_async_connection().await.unwrap();
        assert!(redis::cmd("GET").arg("mark").query_async::<redis::Value>(&mut connection).await.is_err());
    }
}
