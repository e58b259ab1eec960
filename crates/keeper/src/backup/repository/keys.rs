//! The passwords that open a repository.

use chassis::Secret;
use jiff::Timestamp;
use rustic_core::{FileType, Id, KeyOptions, ReadBackend};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{
    Repository, RepositoryError,
    glue::{Glue, GlueOptions, path_of},
};

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
        let lock = self.share(&CancellationToken::new())?;
        let glue =
            Glue::new(&self.files, GlueOptions { lease: Some(lock.lease()), ..GlueOptions::default() });
        let opened = glue.open(&self.master.0)?;
        let options = KeyOptions::default().hostname(super::lock::host_name()).with_created(true);
        let added = opened.add_key(password.expose(), &options);
        Ok(added.map_err(|error| glue.explain(&error))?.to_hex().to_string())
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
