//! Bytes set aside in a file that only its owner reads, and that has no name as soon as it is whole: nothing of it
//! is left behind, not even by a process that is killed.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use keeper_core::ledger::Hash;

/// Beginning of the names of drafts. One that is older than the keeper that finds it was left by a killed one.
pub const DRAFT_PREFIX: &str = "draft-";

/// A file that is being set aside, removed when dropped.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    file: Option<File>,
    /// It is some kilobytes, and a draft is handed around.
    hasher: Box<blake3::Hasher>,
    size_bytes: u64,
}

/// Bytes that were set aside; they go with the last clone and its readers.
#[derive(Debug, Clone)]
pub struct Staged {
    file: Arc<File>,
    size_bytes: u64,
    blake3: Hash,
}

/// Reads [`Staged`] bytes from their beginning.
#[derive(Debug)]
pub struct StagedReader {
    staged: Staged,
    offset: u64,
}

impl Draft {
    /// An empty file (mode 0600) in `folder`, which is made (mode 0700) where it is missing.
    pub fn create(folder: &Path) -> io::Result<Self> {
        let mut builder = fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(builder.recursive(true), 0o700).create(folder)?;
        let path = folder.join(format!("{DRAFT_PREFIX}{}", uuid::Uuid::new_v4().simple()));
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self { path, file: Some(file), hasher: Box::default(), size_bytes: 0 })
    }

    /// Where it is until it is sealed.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Ends the writing, and takes the name away.
    pub fn seal(mut self) -> io::Result<Staged> {
        fs::remove_file(&self.path)?;
        let file = self.file.take().ok_or_else(gone)?;
        let blake3 = Hash::from(<[u8; 32]>::from(self.hasher.finalize()));
        Ok(Staged { file: Arc::new(file), size_bytes: self.size_bytes, blake3 })
    }
}

impl Write for Draft {
    fn write(&mut self, block: &[u8]) -> io::Result<usize> {
        let length = self.file.as_mut().ok_or_else(gone)?.write(block)?;
        self.hasher.update(&block[..length]);
        self.size_bytes += u64::try_from(length).unwrap_or_default();
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.file.is_some() {
            // Where it cannot be removed, whoever looks after the folder finds it by its name.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Staged {
    /// Its size.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// BLAKE3 of what was written, not of what is read back.
    pub fn blake3(&self) -> Hash {
        self.blake3
    }

    /// Reads it from its beginning; several may read at once.
    pub fn reader(&self) -> StagedReader {
        StagedReader { staged: self.clone(), offset: 0 }
    }
}

impl Read for StagedReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.staged.file.read_at(into, self.offset)?;
        self.offset += u64::try_from(length).unwrap_or_default();
        Ok(length)
    }
}

fn gone() -> io::Error {
    io::Error::other("the draft was already sealed")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn read(staged: &Staged) -> String {
        io::read_to_string(staged.reader()).unwrap()
    }

    #[test]
    fn what_is_staged_has_no_name_and_is_read_as_often_as_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        let mut draft = Draft::create(&inner).unwrap();
        assert_eq!(fs::metadata(draft.path()).unwrap().permissions().mode() & 0o777, 0o600);
        draft.write_all(b"one ").unwrap();
        draft.write_all(b"two").unwrap();
        let staged = draft.seal().unwrap();
        assert_eq!(fs::read_dir(&inner).unwrap().count(), 0);
        assert_eq!((read(&staged), read(&staged)), ("one two".to_owned(), "one two".to_owned()));
        assert_eq!(staged.size_bytes(), 7);
        assert_eq!(staged.blake3(), Hash::from(<[u8; 32]>::from(blake3::hash(b"one two"))));
    }

    #[test]
    fn a_draft_that_is_given_up_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        drop(Draft::create(folder.path()).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
