//! Saving a canon file from the editor: checked first, written whole, never over somebody else's change.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use loom_core::canon::{self, CanonProblem, Severity};
use sha2::{Digest, Sha256};

use super::{CanonDir, files};

/// Why a file was not saved. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The canon is unknown or its name is no name.
    #[error("there is no canon `{0}`")]
    UnknownCanon(String),
    /// The path leaves the canon, or is no Markdown file.
    #[error("`{0}` is not a Markdown file inside the canon")]
    BadPath(String),
    /// The file changed since the editor read it.
    #[error("`{path}` was changed by somebody else in the meantime")]
    Changed {
        /// Which file.
        path: String,
        /// Hash of what is there now.
        current_hash: String,
    },
    /// The canon could not be played with this text.
    #[error("the canon would not be playable: {} problem(s)", .0.len())]
    Unplayable(Vec<CanonProblem>),
    /// The text is too long.
    #[error("the file would have {bytes} bytes; {limit} is the limit")]
    TooLarge {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        limit: u64,
    },
    /// The disk refused.
    #[error("the file could not be written: {0}")]
    Disk(#[from] io::Error),
}

/// Hash of one file's text, by which an editor says which text it changed.
#[must_use]
pub fn file_hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// What a canon would be with one file changed.
pub async fn preview(
    canons: &CanonDir,
    key: &str,
    path: &str,
    text: &str,
) -> Result<canon::ParsedCanon, SaveError> {
    let path = checked_path(key, path)?;
    let loaded = canons.get(key).await.ok_or_else(|| SaveError::UnknownCanon(key.to_owned()))?;
    let mut files = loaded.files.as_ref().clone();
    files.insert(path, text.to_owned());
    Ok(super::parse_files(key, &files))
}

/// Saves one file and reads the canon again; returns its new hash.
///
/// `expected_hash` is the hash of the text that the editor began with; `None` saves a new file and refuses an
/// existing one.
pub async fn save(
    canons: &CanonDir,
    key: &str,
    path: &str,
    text: &str,
    expected_hash: Option<&str>,
) -> Result<String, SaveError> {
    if text.len() as u64 > files::FILE_LIMIT_BYTES {
        return Err(SaveError::TooLarge { bytes: text.len(), limit: files::FILE_LIMIT_BYTES });
    }
    canons.refresh().await;
    let parsed = preview(canons, key, path, text).await?;
    if parsed.canon.is_none() {
        let errors =
            parsed.problems.into_iter().filter(|problem| problem.severity == Severity::Error).collect();
        return Err(SaveError::Unplayable(errors));
    }
    let name = checked_path(key, path)?;
    let loaded = canons.get(key).await.ok_or_else(|| SaveError::UnknownCanon(key.to_owned()))?;
    let current_hash = loaded.files.get(&name).map(|text| file_hash(text));
    if current_hash.as_deref() != expected_hash {
        return Err(SaveError::Changed { path: name, current_hash: current_hash.unwrap_or_default() });
    }
    let target = disk_path(canons.root(), key, &name);
    let root = canons.root().to_owned();
    let body = text.to_owned();
    files::blocking(move || write_whole(&root, &target, &body)).await?;
    canons.refresh().await;
    Ok(file_hash(text))
}

fn checked_path(key: &str, path: &str) -> Result<String, SaveError> {
    files::check_key(key).map_err(|_| SaveError::UnknownCanon(key.to_owned()))?;
    let bad = || SaveError::BadPath(path.chars().take(120).collect());
    let resolved = canon::resolve_include(key, path).map_err(|_| bad())?;
    let hidden = resolved.split('/').any(|part| part.starts_with('.') || part.is_empty());
    let markdown = Path::new(&resolved).extension().is_some_and(|it| it.eq_ignore_ascii_case("md"));
    if hidden || !markdown { Err(bad()) } else { Ok(resolved) }
}

fn disk_path(root: &Path, key: &str, name: &str) -> PathBuf {
    if name == key { root.join(key) } else { root.join(key).join(name) }
}

/// Writes beside the target and renames, so that a reader sees the old text or the new one, and a full disk leaves
/// the old one.
fn write_whole(root: &Path, target: &Path, text: &str) -> io::Result<()> {
    let folder = target.parent().ok_or_else(|| io::Error::other("the file has no folder"))?;
    let real_root = root.canonicalize()?;
    if !folder.canonicalize()?.starts_with(&real_root) {
        return Err(io::Error::other("the folder lies outside the canon folder"));
    }
    let draft = folder.join(format!(".{}.draft", uuid::Uuid::now_v7()));
    let written = fs::File::create_new(&draft)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&draft, target));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}
