//! Reading the canon folder from disk: confined to the folder, bounded in size, following no link out of it.

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
    time::SystemTime,
};

use loom_core::canon::{self, ParsedCanon, ReadFailure};

/// Largest file that is read.
pub const FILE_LIMIT_BYTES: u64 = 2 * 1024 * 1024;
/// Files of one canon that are looked at.
const FILES_LIMIT: usize = 512;
/// Folders below a canon that are looked into.
const DEPTH_LIMIT: usize = 6;
/// The entry files of a folder, in order of preference.
const ENTRIES: [&str; 4] = ["canon.md", "README.md", "readme.md", "index.md"];

/// A canon name that cannot be one.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{key}` is not the name of a canon: use the folder's or file's own name, without `/`, `\\` or a leading dot"
)]
pub struct CanonKeyError {
    /// What was given, shortened.
    pub key: String,
}

/// Dates and sizes of a canon's files: it changes when any of them does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Signature(Vec<(String, u64, Option<SystemTime>)>);

/// A canon read from disk.
pub(super) struct CanonOnDisk {
    /// What the parser made of it.
    pub(super) parsed: ParsedCanon,
    /// Every Markdown file of it.
    pub(super) files: BTreeMap<String, String>,
}

/// Runs file work off the async threads. A panic there is a bug and is passed on.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Whether a name can be that of a folder entry.
pub(super) fn check_key(key: &str) -> Result<(), CanonKeyError> {
    let plain = !key.is_empty()
        && key.len() <= 120
        && !key.starts_with('.')
        && !key.chars().any(|c| c.is_control() || matches!(c, '/' | '\\' | ':' | '\0'));
    if plain { Ok(()) } else { Err(CanonKeyError { key: key.chars().take(60).collect() }) }
}

/// Every canon of the folder with the signature of its files.
pub(super) fn scan(root: &Path) -> BTreeMap<String, Signature> {
    let mut found = BTreeMap::new();
    let Ok(entries) = fs::read_dir(root) else { return found };
    for entry in entries.flatten() {
        let Ok(key) = entry.file_name().into_string() else { continue };
        if check_key(&key).is_err() {
            continue;
        }
        let paths = list(root, &key);
        if !paths.is_empty() {
            let signature = paths.iter().map(|(name, path)| stamp(name, path)).collect();
            found.insert(key, Signature(signature));
        }
    }
    found
}

fn stamp(name: &str, path: &Path) -> (String, u64, Option<SystemTime>) {
    let metadata = fs::metadata(path).ok();
    (
        name.to_owned(),
        metadata.as_ref().map_or(0, fs::Metadata::len),
        metadata.and_then(|it| it.modified().ok()),
    )
}

/// The Markdown files of a canon: path within it, path on disk.
fn list(root: &Path, key: &str) -> Vec<(String, PathBuf)> {
    let base = root.join(key);
    if base.is_file() {
        return if is_markdown(key) { vec![(key.to_owned(), base)] } else { Vec::new() };
    }
    let mut found = Vec::new();
    let mut open = vec![(String::new(), base, 0_usize)];
    while let Some((prefix, folder, depth)) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with('.') || found.len() >= FILES_LIMIT {
                continue;
            }
            let relative = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < DEPTH_LIMIT => {
                    open.push((relative, entry.path(), depth + 1));
                }
                Ok(kind) if !kind.is_dir() && is_markdown(&name) => found.push((relative, entry.path())),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

fn is_markdown(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|it| it.eq_ignore_ascii_case("md") || it.eq_ignore_ascii_case("markdown"))
}

/// Where parsing begins.
pub(super) fn entry_of<'a>(key: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.contains(&key) {
        return key.to_owned();
    }
    ENTRIES
        .iter()
        .find(|entry| names.contains(entry))
        .map_or_else(|| ENTRIES[0].to_owned(), |entry| (*entry).to_owned())
}

/// The entry of a folder that has none: it includes all the others in order of name.
pub(super) fn synthetic_entry<'a>(
    entry: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Option<String> {
    if names.clone().any(|name| name == entry) {
        return None;
    }
    Some(names.map(|name| format!("@include {name}\n")).collect())
}

/// Reads a canon and parses it.
pub(super) fn read_canon(root: &Path, key: &str) -> CanonOnDisk {
    let paths = list(root, key);
    let names: Vec<&str> = paths.iter().map(|(name, _)| name.as_str()).collect();
    let entry = entry_of(key, names.iter().copied());
    let synthetic = synthetic_entry(&entry, names.iter().copied());
    let mut files = BTreeMap::new();
    let mut failures = BTreeMap::new();
    for (name, path) in &paths {
        match read_file(root, path) {
            Ok(text) => {
                files.insert(name.clone(), text);
            }
            Err(failure) => {
                failures.insert(name.clone(), failure);
            }
        }
    }
    let parsed = canon::parse(&entry, &mut |path| match (files.get(path), failures.get(path), &synthetic) {
        (Some(text), _, _) => Ok(text.clone()),
        (None, Some(failure), _) => Err(failure.clone()),
        (None, None, Some(text)) if path == entry => Ok(text.clone()),
        _ => Err(ReadFailure::Missing),
    });
    CanonOnDisk { parsed, files }
}

/// Reads one file. A link that leads out of the folder is refused.
pub(super) fn read_file(root: &Path, path: &Path) -> Result<String, ReadFailure> {
    let real_root = root.canonicalize().map_err(|error| failure(&error))?;
    let real = path.canonicalize().map_err(|error| failure(&error))?;
    if !real.starts_with(&real_root) {
        return Err(ReadFailure::Outside);
    }
    let file = fs::File::open(&real).map_err(|error| failure(&error))?;
    let length = file.metadata().map_err(|error| failure(&error))?.len();
    if length > FILE_LIMIT_BYTES {
        return Err(ReadFailure::TooLarge { bytes: length, limit: FILE_LIMIT_BYTES });
    }
    let mut bytes = Vec::new();
    file.take(FILE_LIMIT_BYTES + 1).read_to_end(&mut bytes).map_err(|error| failure(&error))?;
    String::from_utf8(bytes).map_err(|error| ReadFailure::NotUtf8 { byte: error.utf8_error().valid_up_to() })
}

fn failure(error: &std::io::Error) -> ReadFailure {
    if error.kind() == std::io::ErrorKind::NotFound {
        ReadFailure::Missing
    } else {
        ReadFailure::Other(error.to_string())
    }
}
