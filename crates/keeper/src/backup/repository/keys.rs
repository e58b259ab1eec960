//! The passwords that open a repository.

use std::sync::Arc;

use chassis::Secret;
use jiff::{Timestamp, tz::TimeZone};
use rustic_core::{
    FileType, Id, ReadBackend,
    repofile::{KeyFile, MasterKey},
};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Repository, RepositoryError,
    files::Files,
    glue::{Glue, GlueOptions, hash_of, path_of},
    seal::Seal,
};

/// What opening a key costs, as restic has it on a machine like this: 32 MiB of memory, gone through four times.
/// `rustic_core` makes keys that need 128 MiB once, which is as much work, and by far the most memory of a backup.
const COST: (u32, u32, u32) = (1 << 15, 8, 4);

/// A password of a repository, by the file that it opens.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Key {
    /// The name of the file.
    pub id: String,
    /// Where it was made.
    pub host: Option<String>,
    /// By whom.
    pub user: Option<String>,
    /// When, where that was written down.
    pub created_at: Option<Timestamp>,
    /// Whether it is the one that is in use now.
    pub is_current: bool,
}

#[derive(Deserialize)]
struct Written {
    hostname: Option<String>,
    username: Option<String>,
    created: Option<Timestamp>,
}

impl Repository {
    /// The keys there are.
    pub fn keys(&self) -> Result<Vec<Key>, RepositoryError> {
        let glue = Glue::new(&self.files, GlueOptions::default());
        let ids = glue.list_with_size(FileType::Key).map_err(|error| glue.explain(&error))?;
        let mut keys = Vec::with_capacity(ids.len());
        for (id, _) in ids {
            let bytes = glue.read_full(FileType::Key, &id).map_err(|error| glue.explain(&error))?;
            let written: Written = serde_json::from_slice(&bytes).map_err(|_| {
                RepositoryError::damaged(path_of(FileType::Key, &id), "it is not a key of this format")
            })?;
            keys.push(Key {
                id: id.to_hex().to_string(),
                host: written.hostname,
                user: written.username,
                created_at: written.created,
                is_current: id == self.key,
            });
        }
        keys.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(keys)
    }

    /// Lets another password open it too; gives the name of its key.
    pub fn add_key(&self, password: &Secret) -> Result<String, RepositoryError> {
        let _lock = self.share(&CancellationToken::new())?;
        write_key(&self.files, &self.master.0, password, self.clock.now())
    }

    /// Takes a key away; not the one in use.
    pub fn remove_key(&self, id: &str) -> Result<(), RepositoryError> {
        let refuse = |reason: &str| RepositoryError::Key { id: id.to_owned(), reason: reason.to_owned() };
        let _lock = self.lock_alone(&CancellationToken::new())?;
        let key: Id = id.parse().map_err(|_| refuse("a key has 64 hexadecimal digits"))?;
        if key == self.key {
            return Err(refuse("it is the one in use; open the repository with another password first"));
        }
        if !self.files.list("keys")?.iter().any(|(name, _)| name == id) {
            return Err(refuse("there is no such key"));
        }
        Ok(self.files.remove(&path_of(FileType::Key, &key))?)
    }
}

/// Writes a file from which a password opens the key under all keys; gives its name.
pub(super) fn write_key(
    files: &Arc<dyn Files>,
    master: &MasterKey,
    password: &Secret,
    now: Timestamp,
) -> Result<String, RepositoryError> {
    let (n, r, p) = COST;
    // Four random UUIDs have 488 random bits.
    let salt = std::iter::repeat_with(Uuid::new_v4).take(4).flat_map(Uuid::into_bytes).collect();
    let mut key = KeyFile {
        hostname: Some(super::lock::host_name()),
        username: None,
        created: Some(now.to_zoned(TimeZone::UTC)),
        kdf: "scrypt".to_owned(),
        n,
        r,
        p,
        data: Vec::new(),
        salt,
    };
    let failed = || RepositoryError::other("a key could not be made");
    let (encrypt, k, r) = key.kdf_key(&password.expose()).map_err(|_| failed())?.to_keys();
    let text = serde_json::to_vec(master).map_err(RepositoryError::other)?;
    key.data = Seal::of_parts(&encrypt, &k, &r).and_then(|seal| seal.close(&text)).ok_or_else(failed)?;
    let text = serde_json::to_vec(&key).map_err(RepositoryError::other)?;
    let id = hash_of(&text);
    files.write(&path_of(FileType::Key, &id), &[text.into()])?;
    Ok(id.to_hex().to_string())
}
