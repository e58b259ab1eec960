//! Where a store is, with the secrets that reach it.

use std::path::PathBuf;

use anyhow::bail;
use chassis::{Secret, config::Environment};
use keeper_core::plan::backup::{Place, Store};

use crate::secrets;

/// Where a repository is.
#[derive(Debug, Clone)]
pub enum Location {
    /// A folder.
    Folder(PathBuf),
    /// A folder of a bucket of an S3-compatible object store.
    S3(S3Location),
}

/// A folder of a bucket of an S3-compatible object store.
#[derive(Debug, Clone)]
pub struct S3Location {
    /// Name of the bucket.
    pub bucket: String,
    /// Folder in it, without slashes at its ends; empty for the whole bucket.
    pub prefix: String,
    /// URL of the service; the region's own at AWS without one.
    pub endpoint: Option<String>,
    /// Its region; `us-east-1` without one.
    pub region: Option<String>,
    /// Name of the key.
    pub access_key_id: Secret,
    /// The key.
    pub secret_access_key: Secret,
}

impl Location {
    /// Reads the secrets of a store that has a repository, its password last.
    pub fn of(store: &Store, environment: &Environment) -> anyhow::Result<(Self, Secret)> {
        let place = match &store.place {
            Place::Folder(path) => Self::Folder(PathBuf::from(path)),
            Place::S3(s3) => Self::S3(S3Location {
                bucket: s3.bucket.clone(),
                prefix: s3.prefix.trim_matches('/').to_owned(),
                endpoint: s3.endpoint.clone(),
                region: s3.region.clone(),
                access_key_id: secrets::read(&s3.access_key_id, environment)?,
                secret_access_key: secrets::read(&s3.secret_access_key, environment)?,
            }),
            Place::Git(_) => bail!("the store {} is a git repository, not one of backups", store.name),
        };
        let Some(password) = &store.password else { bail!("the store {} has no password", store.name) };
        Ok((place, secrets::read(password, environment)?))
    }
}
