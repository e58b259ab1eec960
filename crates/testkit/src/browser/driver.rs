//! Finds chromedriver and Chromium, and starts the driver on a port it chooses itself.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::bail;

use crate::{
    leash::{Leash, LeashOptions},
    tools,
};

const START_LIMIT: Duration = Duration::from_secs(60);
const ATTEMPTS: u32 = 5;
const STARTED: &str = "started successfully on port ";

/// Where the two programs are.
#[derive(Debug)]
pub(super) struct Programs {
    driver: PathBuf,
    pub(super) browser: PathBuf,
}

/// A driver that takes sessions.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) leash: Leash,
    pub(super) url: String,
    /// A folder for the browser's profile, removed with the driver.
    pub(super) profile: PathBuf,
}

pub(super) fn find_programs() -> Option<Programs> {
    let named = |variable: &str| tools::variable(variable).map(PathBuf::from).filter(|path| path.is_file());
    let folders = [PathBuf::from("/usr/lib/chromium"), PathBuf::from("/usr/lib/chromium-browser")];
    let driver = named("TEST_CHROMEDRIVER").or_else(|| tools::find(&["chromedriver"], &folders))?;
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let browser = named("TEST_CHROMIUM").or_else(|| tools::find(&names, &[]))?;
    Some(Programs { driver, browser })
}

pub(super) async fn start(programs: &Programs) -> anyhow::Result<Running> {
    for _ in 1..ATTEMPTS {
        match start_once(programs).await {
            // It takes a port for IPv6 first, which somebody else may have for IPv4.
            Err(error) if error.to_string().contains("Address already in use") => {}
            started => return started,
        }
    }
    start_once(programs).await
}

async fn start_once(programs: &Programs) -> anyhow::Result<Running> {
    let folder = tempfile::Builder::new().prefix("testkit-browser-").tempdir()?.keep();
    let log = folder.join("driver.log");
    // Killed, not asked: a browser that hangs must not hold up the test, and the profile is thrown away.
    let mut leash = Leash::start(&LeashOptions {
        command: vec![programs.driver.clone().into(), OsString::from("--port=0")],
        stop_signal: "KILL",
        log: log.clone(),
        folder: folder.clone(),
        account: None,
    })?;
    let url = wait_for_port(&mut leash, &log).await?;
    Ok(Running { leash, url, profile: folder.join("profile") })
}

/// The driver picks the port and writes it to its output, which here is the log.
async fn wait_for_port(leash: &mut Leash, log: &Path) -> anyhow::Result<String> {
    let started = Instant::now();
    let mut text = String::new();
    while started.elapsed() < START_LIMIT {
        text = fs::read_to_string(log).unwrap_or(text);
        if let Some(port) = port_in(&text) {
            return Ok(format!("http://127.0.0.1:{port}"));
        }
        if let Some(status) = leash.ended() {
            bail!("chromedriver ended with {status}: {}", text.trim());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("chromedriver named no port within {} s: {}", START_LIMIT.as_secs(), text.trim())
}

fn port_in(log: &str) -> Option<u16> {
    let (_, rest) = log.split_once(STARTED)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    // A line still being written would give half a number.
    (rest.len() > digits.len()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_a_finished_line() {
        let check = |log: &str, expected: Option<u16>| assert_eq!(port_in(log), expected, "{log}");
        check("", None);
        check("Starting ChromeDriver 156.0 on port 0\n", None);
        check("ChromeDriver was started successfully on port 347", None);
        check("ChromeDriver was started successfully on port 34721.\n", Some(34721));
    }
}
