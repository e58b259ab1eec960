//! Ctrl-C, SIGTERM and SIGHUP as a flag that waiting loops look at.
//!
//! The signals are blocked in every thread and taken by one that waits for them, which needs no unsafe handler.
//! A second one ends xtask at once; the leashes notice and clean up behind it.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use nix::sys::signal::{SigSet, Signal};

static CAUGHT: AtomicBool = AtomicBool::new(false);

/// Somebody asked xtask to stop.
#[derive(Debug)]
pub struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// Blocks the signals in this thread and all later ones, and starts the thread that takes them. Call it first.
///
/// # Errors
/// When the system starts no thread.
pub fn watch() -> anyhow::Result<()> {
    block()?;
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(|| {
            while let Ok(signal) = stopping().wait() {
                if CAUGHT.swap(true, Ordering::SeqCst) {
                    std::process::exit(130);
                }
                crate::console::complain(&format!("{signal}: stopping; once more stops at once"));
            }
        })
        .context("starting the signal thread")?;
    Ok(())
}

/// Keeps the signals from this thread and those it starts.
///
/// # Errors
/// When the system refuses.
pub fn block() -> anyhow::Result<()> {
    stopping().thread_block().context("blocking signals")
}

/// Lets the signals through again, for a program started from this thread: a child inherits the mask.
///
/// # Errors
/// When the system refuses.
pub fn release() -> anyhow::Result<()> {
    stopping().thread_unblock().context("unblocking signals")
}

/// Fails with [`Interrupted`] once somebody asked us to stop.
///
/// # Errors
/// [`Interrupted`], and nothing else.
pub fn check() -> anyhow::Result<()> {
    if CAUGHT.load(Ordering::SeqCst) { Err(Interrupted.into()) } else { Ok(()) }
}

fn stopping() -> SigSet {
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().collect()
}
