//! Installs moto, whose S3 server some tests use, into a virtual environment of Python below the target folder.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::{
    console,
    leash::{Leash, LeashOptions},
    tools::{self, MOTO, Tool},
    workspace::Workspace,
};

/// Every package with its version, so that the server is the same everywhere.
const REQUIREMENTS: &str = include_str!("moto/requirements.txt");
/// Written last: what is installed beside it is complete and of these versions.
const INSTALLED: &str = "requirements.txt";

/// Moto, when it is not installed.
pub fn missing(workspace: &Workspace) -> Option<Tool> {
    (!is_installed(&folder(workspace))).then_some(MOTO)
}

/// Installs it when that is allowed and possible, and returns it when it is missing still.
///
/// # Errors
/// When the target folder cannot be written, or on [`crate::signals::Interrupted`]. No Python and no network are no
/// errors here.
pub fn ensure(workspace: &Workspace, install: bool) -> anyhow::Result<Option<Tool>> {
    let folder = folder(workspace);
    if is_installed(&folder) || !install {
        return Ok(missing(workspace));
    }
    console::say("installing moto");
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("removing {}", folder.display()));
        }
        _ => fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?,
    }
    if make_environment(&folder)?
        || (tools::install(&["python3", "python3-venv"])? && make_environment(&folder)?)
    {
        let wanted = folder.join("wanted.txt");
        fs::write(&wanted, REQUIREMENTS)?;
        let arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r"];
        let arguments = arguments.iter().map(OsStr::new).chain([wanted.as_os_str()]);
        if run(&folder.join("bin/python"), arguments)? {
            fs::rename(&wanted, folder.join(INSTALLED))?;
        }
    }
    Ok(missing(workspace))
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("tools/moto")
}

fn is_installed(folder: &Path) -> bool {
    fs::read_to_string(folder.join(INSTALLED)).is_ok_and(|found| found == REQUIREMENTS)
}

fn make_environment(folder: &Path) -> anyhow::Result<bool> {
    match tools::in_path("python3") {
        Some(python) => run(&python, [OsStr::new("-m"), OsStr::new("venv"), folder.as_os_str()]),
        None => Ok(false),
    }
}

fn run<'a>(program: &Path, arguments: impl IntoIterator<Item = &'a OsStr>) -> anyhow::Result<bool> {
    Ok(Leash::start(Leash::command(program, arguments, &LeashOptions::default()))?.wait()?.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_counts_once_it_is_complete_and_of_these_versions() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_installed(folder.path()));
        fs::write(folder.path().join(INSTALLED), "moto==1.0.0\n").unwrap();
        assert!(!is_installed(folder.path()));
        fs::write(folder.path().join(INSTALLED), REQUIREMENTS).unwrap();
        assert!(is_installed(folder.path()));
    }

    #[test]
    fn every_version_is_pinned() {
        assert!(REQUIREMENTS.contains("moto=="));
        assert!(REQUIREMENTS.lines().all(|line| line.split("==").count() == 2), "{REQUIREMENTS}");
    }
}
