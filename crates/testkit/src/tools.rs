//! Finds the outside programs tests need and decides what happens when one is missing.
//!
//! This is the one place of the crate that reads the environment.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

/// An outside program that some tests cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool {
    /// The word for it in `TESTKIT_ALLOW_MISSING`.
    pub key: &'static str,
    /// The name people know it by.
    pub name: &'static str,
    /// The Debian package or packages that bring it.
    pub debian: &'static str,
}

/// The database server.
pub const POSTGRES: Tool = Tool { key: "postgres", name: "PostgreSQL", debian: "postgresql" };

/// The server that keeps lines of jobs.
pub const REDIS: Tool = Tool { key: "redis", name: "Redis", debian: "redis-server" };

/// The S3 server that is not ours.
pub const MOTO: Tool =
    Tool { key: "moto", name: "moto's server", debian: "python3-venv; then `cargo xtask test --only tools`" };

/// The browser with its driver.
pub const CHROMIUM: Tool =
    Tool { key: "chromium", name: "Chromium with chromedriver", debian: "chromium chromium-driver" };

/// The backup program whose repositories we write.
pub const RESTIC: Tool = Tool { key: "restic", name: "restic", debian: "restic" };

/// The maker of certificates.
pub const OPENSSL: Tool = Tool { key: "openssl", name: "OpenSSL", debian: "openssl" };

/// The value of an environment variable, or `None` when it is unset, empty or not text.
#[expect(
    clippy::disallowed_methods,
    reason = "testkit may not import chassis; it reads the environment here only"
)]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The names of the variables that begin so.
#[expect(
    clippy::disallowed_methods,
    reason = "testkit may not import chassis; it reads the environment here only"
)]
pub fn variables_with_prefix(prefix: &str) -> Vec<String> {
    std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with(prefix)).collect()
}

/// The first file called one of `names` in the folders of `PATH` and then in `more_folders`.
pub fn find(names: &[&str], more_folders: &[PathBuf]) -> Option<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).chain(more_folders.iter().cloned()).collect();
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
}

/// Says on the process's own standard error, past the test runner's capture, that a test did not run for want of
/// something.
pub fn skipped(what: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED (no {what})");
}

/// Ends the test loudly, or returns after saying that it is skipped when `TESTKIT_ALLOW_MISSING` (words
/// separated by commas) names this tool.
///
/// # Panics
/// When the tool may not be missing.
pub fn missing(tool: Tool, hint: &str) {
    if is_allowed(variable("TESTKIT_ALLOW_MISSING").as_deref(), tool.key) {
        skipped(tool.name);
        return;
    }
    panic!("{}", explanation(tool, hint));
}

/// A file of a tool that xtask installs below `target/tools`, whether it is there or not.
pub fn installed(path: &str) -> PathBuf {
    target_folder().join("tools").join(path)
}

/// The folder for files that a test leaves for people to look at: `target/<name>`, created when absent.
///
/// # Errors
/// When the folder cannot be created.
pub fn output_folder(name: &str) -> std::io::Result<PathBuf> {
    let folder = target_folder().join(name);
    std::fs::create_dir_all(&folder)?;
    folder.canonicalize()
}

fn target_folder() -> PathBuf {
    variable("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from)
}

fn is_allowed(allowed: Option<&str>, key: &str) -> bool {
    allowed.is_some_and(|words| words.split(',').any(|word| word.trim() == key))
}

fn explanation(tool: Tool, hint: &str) -> String {
    format!(
        "{} was not found, so this test cannot run. Install it (Debian: apt-get install {}){hint}, \
         or set TESTKIT_ALLOW_MISSING={} to skip such tests.",
        tool.name, tool.debian, tool.key
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_tool_may_be_missing() {
        let check = |allowed: Option<&str>, expected: bool| {
            assert_eq!(is_allowed(allowed, "postgres"), expected, "{allowed:?}");
        };
        check(None, false);
        check(Some("postgres"), true);
        check(Some("chromium, postgres"), true);
        check(Some("chromium"), false);
        check(Some("postgresql"), false);
    }

    #[test]
    fn the_message_says_what_to_install_and_how_to_go_on_without() {
        let text = explanation(POSTGRES, "");
        assert!(text.contains("apt-get install postgresql"), "{text}");
        assert!(text.contains("TESTKIT_ALLOW_MISSING=postgres"), "{text}");
    }

    #[test]
    fn programs_are_found_in_the_path_first_and_then_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("only-here-3141"), "").unwrap();
        assert!(find(&["sh"], &[]).is_some_and(|file| file.is_absolute()));
        assert_eq!(find(&["only-here-3141"], &[]), None);
        assert_eq!(
            find(&["nowhere-at-all", "only-here-3141"], &[folder.path().to_owned()]),
            Some(folder.path().join("only-here-3141"))
        );
    }
}
