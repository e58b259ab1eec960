//! Whether what came out of a repository is what went in, as findings that a person reads.

pub mod postgres;
mod sessions;
pub mod sqlite;

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use keeper_core::ledger::Hash;

use super::record::Item;

pub use sessions::sessions;

const BLOCK_BYTES: usize = 1 << 20;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether it is as it must be; a backup is good only when all its findings are.
    pub good: bool,
    /// What was seen, in one short sentence without a full stop.
    pub text: String,
}

impl Finding {
    /// It is as it must be.
    pub fn good(text: impl Into<String>) -> Self {
        Self { good: true, text: text.into() }
    }

    /// It is not.
    pub fn bad(text: impl Into<String>) -> Self {
        Self { good: false, text: text.into() }
    }
}

/// Compares a restored file with the size and the hash that were recorded when it was read from its source.
pub fn bytes(item: &Item, restored: &Path) -> Finding {
    let Some(expected) = item.blake3 else {
        return Finding::bad(format!("the record of {} holds no hash to compare with", item.at));
    };
    match size_and_hash(restored) {
        Err(error) => Finding::bad(format!("the restored {} cannot be read: {error}", item.at)),
        Ok((size_bytes, _)) if size_bytes != item.size_bytes => Finding::bad(format!(
            "the restored {} has {size_bytes} bytes, its source had {}",
            item.at, item.size_bytes
        )),
        Ok((_, hash)) if hash != expected => {
            Finding::bad(format!("the restored {} has other bytes than its source (BLAKE3 differs)", item.at))
        }
        Ok((size_bytes, _)) => {
            Finding::good(format!("all {size_bytes} bytes are those of the source (BLAKE3)"))
        }
    }
}

/// Whether a file or folder was restored; each of its bytes was compared with the snapshot as it was written.
pub fn folder(item: &Item, restored: &Path) -> Finding {
    match std::fs::symlink_metadata(restored) {
        Ok(_) => Finding::good(format!("{} is there, every file compared with the snapshot", item.at)),
        Err(error) => Finding::bad(format!("the restored {} cannot be read: {error}", item.at)),
    }
}

fn size_and_hash(path: &Path) -> io::Result<(u64, Hash)> {
    let (mut file, mut hasher, mut block) = (File::open(path)?, blake3::Hasher::new(), vec![0; BLOCK_BYTES]);
    let mut size_bytes = 0;
    loop {
        let length = file.read(&mut block)?;
        if length == 0 {
            return Ok((size_bytes, Hash::from(<[u8; 32]>::from(hasher.finalize()))));
        }
        hasher.update(&block[..length]);
        size_bytes += u64::try_from(length).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs};

    use super::*;
    use crate::backup::record::Kind;

    fn check(recorded: &[u8], with_hash: bool, restored: &[u8], expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, restored).unwrap();
        let item = Item {
            at: "commands/x".to_owned(),
            kind: Kind::Command,
            size_bytes: u64::try_from(recorded.len()).unwrap(),
            blake3: with_hash.then(|| Hash::from(<[u8; 32]>::from(blake3::hash(recorded)))),
            rows: BTreeMap::new(),
            content: None,
            damage: None,
        };
        let found = bytes(&item, &path);
        assert_eq!(found.text, expected);
        assert_eq!(found.good, recorded == restored && with_hash);
    }

    #[test]
    fn bytes_are_compared_with_the_record() {
        check(b"abc", true, b"abc", "all 3 bytes are those of the source (BLAKE3)");
        check(b"", true, b"", "all 0 bytes are those of the source (BLAKE3)");
        check(
            b"abc",
            true,
            b"abd",
            "the restored commands/x has other bytes than its source (BLAKE3 differs)",
        );
        check(b"abc", true, b"ab", "the restored commands/x has 2 bytes, its source had 3");
        check(b"abc", false, b"abc", "the record of commands/x holds no hash to compare with");
    }
}
