//! Where the workspace is and which crates it has.

use std::path::{Path, PathBuf};

use anyhow::Context;
use cargo_metadata::{Metadata, MetadataCommand, Package};

/// The workspace on disk.
#[derive(Debug)]
pub struct Workspace {
    /// The folder of the root manifest.
    pub root: PathBuf,
    /// Where cargo builds, `CARGO_TARGET_DIR` respected.
    pub target: PathBuf,
    /// Our own crates.
    pub packages: Vec<Package>,
}

impl Workspace {
    /// Asks cargo. Needs no network and no dependency on disk.
    ///
    /// # Errors
    /// When cargo fails, for example on a broken manifest.
    pub fn load() -> anyhow::Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
        let metadata = MetadataCommand::new().manifest_path(&manifest).no_deps().exec();
        Self::from_metadata(metadata.with_context(|| format!("reading {}", manifest.display()))?)
    }

    fn from_metadata(metadata: Metadata) -> anyhow::Result<Self> {
        anyhow::ensure!(!metadata.packages.is_empty(), "the workspace has no crates");
        Ok(Self {
            root: metadata.workspace_root.into_std_path_buf(),
            target: metadata.target_directory.into_std_path_buf(),
            packages: metadata.packages,
        })
    }

    /// Cargo's full id of the crate of this name, when it builds a program of the same name. The bare name will not
    /// do: the registry has crates called like ours, and one of them may be among our dependencies.
    pub fn program(&self, name: &str) -> Option<&str> {
        let builds =
            |package: &&Package| package.targets.iter().any(|target| target.is_bin() && target.name == name);
        let found = self.packages.iter().find(|package| *package.name == *name).filter(builds)?;
        Some(&found.id.repr)
    }
}
