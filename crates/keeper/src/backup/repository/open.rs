//! Opening a repository, or making it.

use std::sync::Arc;

use chassis::{Clock, Secret};
use rustic_core::{ConfigOptions, Credentials, FileType, Id, KeyOptions, ReadBackend, repofile::MasterKey};
use serde::Deserialize;

use super::{
    Master, PATIENCE, Repository, RepositoryError,
    files::{FileError, Files},
    glue::{Glue, GlueOptions, path_of},
    keys::write_key,
};

/// Memory that opening a key may take.
const MOST_MEMORY: u64 = 1 << 30;
/// Rounds that opening a key may take.
const MOST_ROUNDS: u64 = 64;

/// Size of a data file of a small repository; it grows with the square root of the whole, by 32 MiB for 1 TB. A few of
/// them are in memory at a time.
const DATA_FILE_SIZE: &str = "8MiB";

/// The part of a key file that says how costly it is to open.
#[derive(Deserialize)]
struct Cost {
    #[serde(rename = "N")]
    n: u64,
    r: u64,
    p: u64,
}

impl Repository {
    /// Opens the repository with a password. This takes a moment, which is what protects the password.
    pub fn open(files: Arc<dyn Files>, password: &Secret) -> Result<Self, RepositoryError> {
        if !has_config(&files)? {
            return Err(not_there(&files)?);
        }
        let listing = Glue::new(&files, GlueOptions::default());
        let keys = listing.list_with_size(FileType::Key).map_err(|error| listing.explain(&error))?;
        let mut wrong = None;
        for (key, _) in &keys {
            match open_with_key(&files, *key, password) {
                Ok(master) => {
                    let (key, clock, patience) = (*key, Clock::system(), PATIENCE);
                    return Ok(Self { files, master, key, clock, patience });
                }
                Err(RepositoryError::WrongPassword { .. }) => {}
                Err(error @ RepositoryError::Damaged { .. }) => wrong = Some(error),
                Err(other) => return Err(other),
            }
        }
        Err(match wrong {
            _ if keys.is_empty() => {
                RepositoryError::damaged("keys", "no key is left, and without one nothing can be read")
            }
            Some(RepositoryError::Damaged { file, reason }) if file.starts_with("keys/") => {
                RepositoryError::damaged(file, format!("{reason}, and no other key fits the password"))
            }
            Some(error) => error,
            None => RepositoryError::WrongPassword { place: files.place() },
        })
    }

    /// Opens the repository, or makes a new one where there is nothing yet. One that was left half-made is made again.
    pub fn open_or_create(files: Arc<dyn Files>, password: &Secret) -> Result<Self, RepositoryError> {
        match Self::open(Arc::clone(&files), password) {
            Err(RepositoryError::NotThere { .. }) => {}
            opened => return opened,
        }
        // Keys without a configuration open nothing: somebody was killed while making the repository.
        let (all, keys, locks) = (files.list("")?, files.list("keys")?, files.list("locks")?);
        if all.len() > keys.len() + locks.len() {
            // Unless somebody else has made it since.
            let foreign = RepositoryError::Foreign { place: files.place() };
            return if has_config(&files)? { Self::open(files, password) } else { Err(foreign) };
        }
        let glue = Glue::new(&files, GlueOptions::default());
        let master = MasterKey::new();
        // First, so that there is never a configuration without a key.
        write_key(&files, &master, password, Clock::system().now())?;
        let made = glue.unopened(None).and_then(|closed| {
            closed.init(&Credentials::Masterkey(master), &KeyOptions::default(), &config())
        });
        match made {
            Ok(_) => remove_keys(&files, keys.into_iter().map(|(key, _)| key))?,
            Err(_) if has_config(&files)? => give_way(&files, password)?,
            Err(error) => return Err(glue.explain(&error)),
        }
        Self::open(files, password)
    }
}

/// Data files of restic's size. Those that the library makes by itself are twice as big: several of them are in memory
/// at once, and the time to look up a blob in one grows with the number of blobs in it.
fn config() -> ConfigOptions {
    let mut options = ConfigOptions::default();
    options.set_datapack_size = DATA_FILE_SIZE.parse().ok();
    options
}

/// Somebody else has made the repository at the same moment: our key, which opens nothing, goes.
fn give_way(files: &Arc<dyn Files>, password: &Secret) -> Result<(), RepositoryError> {
    if !files.list("snapshots")?.is_empty() {
        // It is older than that moment, and not ours to tidy.
        return Ok(());
    }
    for (name, _) in files.list("keys")? {
        let Ok(key) = name.parse() else { continue };
        match open_with_key(files, key, password) {
            Err(RepositoryError::Damaged { file, .. }) if file == "config" => {
                remove_keys(files, [name].into_iter())?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn remove_keys(
    files: &Arc<dyn Files>,
    mut names: impl Iterator<Item = String>,
) -> Result<(), RepositoryError> {
    Ok(names.try_for_each(|name| files.remove(&format!("keys/{name}")))?)
}

fn has_config(files: &Arc<dyn Files>) -> Result<bool, RepositoryError> {
    match files.read("config") {
        Ok(_) => Ok(true),
        Err(FileError::NotFound { .. }) => Ok(false),
        Err(other) => Err(other.into()),
    }
}

/// What is the matter with a place without a configuration.
fn not_there(files: &Arc<dyn Files>) -> Result<RepositoryError, RepositoryError> {
    for folder in ["snapshots", "index", "data"] {
        if files.list(folder)?.iter().any(|(name, _)| name.parse::<Id>().is_ok()) {
            return Ok(RepositoryError::damaged(
                "config",
                "it is not there, and without it nothing can be read",
            ));
        }
    }
    Ok(RepositoryError::NotThere { place: files.place() })
}

fn open_with_key(files: &Arc<dyn Files>, key: Id, password: &Secret) -> Result<Master, RepositoryError> {
    let glue = Glue::new(files, GlueOptions { only_key: Some(key), ..GlueOptions::default() });
    is_affordable(&glue, key)?;
    let opened = glue.open_with(&Credentials::password(password.expose()), None)?;
    Ok(Master(opened.key()))
}

/// Refuses a key that would take all memory, or none.
fn is_affordable(glue: &Glue, key: Id) -> Result<(), RepositoryError> {
    let path = path_of(FileType::Key, &key);
    let bytes = glue.read_full(FileType::Key, &key).map_err(|error| glue.explain(&error))?;
    let cost: Cost = serde_json::from_slice(&bytes)
        .map_err(|_| RepositoryError::damaged(path.as_str(), "it is not a key of this format"))?;
    let memory = cost.n.saturating_mul(cost.r).saturating_mul(128);
    let is_fine = cost.n.is_power_of_two() && cost.n > 1 && memory <= MOST_MEMORY && cost.p <= MOST_ROUNDS;
    is_fine
        .then_some(())
        .ok_or_else(|| RepositoryError::damaged(path, "to open it would take too much memory"))
}
