//! Runs an outside program that cannot outlive the test process, however that ends.
//!
//! A small shell waits at the other end of a pipe that only we hold open. When we drop it, exit, crash or are
//! killed with SIGKILL, the pipe closes, and the shell stops the program and removes its folder. No polling, and
//! no destructor has to run.

use std::{
    ffi::OsString,
    fs::{File, Permissions},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::PathBuf,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
};

use anyhow::Context;
use nix::unistd::{Gid, Uid, User};

/// The shell's program text. `$1` signal that stops the program, `$2` folder to remove afterwards, then the program
/// and its arguments. `setsid` gives the program a process group of its own, so that its children go with it. The
/// watcher is a background job, whose standard input would be empty; the pipe therefore travels as descriptor 3,
/// which the program itself must not inherit. Should the pipe close before `setsid` has done its work, there is no
/// group yet, and nothing but that one process to kill.
const WATCHDOG: &str = r#"
signal="$1"; folder="$2"; shift 2
exec 3<&0 </dev/null
setsid "$@" 3<&- &
program=$!
( cat <&3 >/dev/null; kill -s "$signal" -- "-$program" || kill -s KILL "$program" ) 2>/dev/null &
watcher=$!
exec 3<&-
wait "$program"
code=$?
kill -s KILL -- "-$program" 2>/dev/null
kill "$watcher" 2>/dev/null
rm -rf "$folder"
exit "$code"
"#;

/// The text of a guard: kills the process group `$1` when the pipe closes.
const GUARD: &str = r#"cat >/dev/null; kill -s KILL -- "-$1""#;

/// What to run on a leash.
#[derive(Debug, Clone)]
pub struct LeashOptions {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// The name of the signal that stops it, as `kill -s` takes it: `TERM`, `QUIT`, `KILL`.
    pub stop_signal: &'static str,
    /// The file that receives its output.
    pub log: PathBuf,
    /// A folder to work in and to remove once the program has ended.
    pub folder: PathBuf,
    /// The account to run as; `None` is our own.
    pub account: Option<Account>,
}

/// An unprivileged account of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// User id.
    pub uid: Uid,
    /// Its first group.
    pub gid: Gid,
}

/// Kills a process group when this value is dropped or the test process dies.
#[derive(Debug)]
pub struct Guard {
    watchdog: Child,
    pipe: Option<ChildStdin>,
}

/// A running program that ends when this value is dropped or the test process dies.
#[derive(Debug)]
pub struct Leash {
    watchdog: Child,
    pipe: Option<ChildStdin>,
}

impl Account {
    /// The account for a server that refuses to run as root: the first of `names` that exists, or `None` when we
    /// are not root and can stay who we are.
    ///
    /// # Errors
    /// When we are root and none of the names is an account.
    pub fn instead_of_root(names: &[&str]) -> anyhow::Result<Option<Self>> {
        if !Uid::effective().is_root() {
            return Ok(None);
        }
        for name in names {
            if let Some(user) = User::from_name(name)? {
                return Ok(Some(Self { uid: user.uid, gid: user.gid }));
            }
        }
        anyhow::bail!("none of the accounts {} exists", names.join(", "))
    }

    /// A command that runs as this account.
    pub fn command(account: Option<Self>, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        if let Some(Self { uid, gid }) = account {
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
        command
    }

    /// Gives a file or folder of ours to the account.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn adopt(account: Option<Self>, path: &std::path::Path) -> anyhow::Result<()> {
        if let Some(Self { uid, gid }) = account {
            nix::unistd::chown(path, Some(uid), Some(gid))
                .with_context(|| format!("giving {} to user {uid}", path.display()))?;
        }
        Ok(())
    }
}

impl Leash {
    /// Starts the program and returns at once; whether it is of use yet is for the caller to find out.
    ///
    /// # Errors
    /// When the log cannot be opened or no shell starts. A program that does not exist ends the leash with
    /// status 127 instead, seen by [`Leash::ended`].
    pub fn start(options: &LeashOptions) -> anyhow::Result<Self> {
        let log =
            File::create(&options.log).with_context(|| format!("creating {}", options.log.display()))?;
        log.set_permissions(Permissions::from_mode(0o600))?;
        Account::adopt(options.account, &options.log)?;
        let mut command = Account::command(options.account, "/bin/sh");
        command
            .args(["-c", WATCHDOG, "leash", options.stop_signal])
            .arg(&options.folder)
            .args(&options.command)
            .current_dir(&options.folder)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Its own process group: Ctrl-C at the terminal must not end the watchdog before its work is done.
            .process_group(0);
        let mut watchdog = command.spawn().context("starting /bin/sh")?;
        let pipe = watchdog.stdin.take();
        Ok(Self { watchdog, pipe })
    }

    /// The program's exit status when it has ended by itself, `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.watchdog.try_wait().ok().flatten()
    }
}

impl Guard {
    /// Watches over a process group that we lead or started.
    ///
    /// # Errors
    /// When no shell starts.
    pub fn over(process_group: u32) -> anyhow::Result<Self> {
        let mut watchdog = Command::new("/bin/sh")
            .args(["-c", GUARD, "guard"])
            .arg(process_group.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("starting /bin/sh")?;
        let pipe = watchdog.stdin.take();
        Ok(Self { watchdog, pipe })
    }
}

impl Drop for Guard {
    /// Kills the group and waits until the signal is sent. A group of which nothing is left is no error.
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.watchdog.wait();
    }
}

impl Drop for Leash {
    /// Stops the program and waits until it is gone and its folder removed.
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.watchdog.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(script: &str) -> (Leash, PathBuf) {
        let folder = tempfile::tempdir().unwrap().keep();
        let leash = Leash::start(&LeashOptions {
            command: ["/bin/sh", "-c", script].map(OsString::from).to_vec(),
            stop_signal: "KILL",
            log: folder.join("log"),
            folder: folder.clone(),
            account: None,
        })
        .unwrap();
        (leash, folder)
    }

    #[test]
    fn dropping_the_leash_stops_the_program_and_removes_its_folder() {
        let (leash, folder) = start("exec sleep 600");
        assert!(folder.exists());
        drop(leash);
        assert!(!folder.exists());
    }

    #[test]
    fn a_program_that_ends_by_itself_is_noticed_with_its_status() {
        let (mut leash, folder) = start("exit 7");
        let status = leash.watchdog.wait().unwrap();
        assert_eq!(status.code(), Some(7));
        assert_eq!(leash.ended().and_then(|status| status.code()), Some(7));
        assert!(!folder.exists());
    }
}
