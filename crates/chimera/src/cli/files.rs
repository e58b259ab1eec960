//! Files that a person names on the command line: read with a limit, written whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

/// Reads a file of at most `limit_bytes`.
pub(super) fn read(path: &Path, limit_bytes: u64) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("cannot read {}", path.display());
    let file = File::open(path).with_context(cannot)?;
    let mut bytes = Vec::new();
    file.take(limit_bytes + 1).read_to_end(&mut bytes).with_context(cannot)?;
    if bytes.len() as u64 > limit_bytes {
        bail!("{} is larger than {limit_bytes} bytes, which is the limit for such a file", path.display());
    }
    Ok(bytes)
}

/// Whether a file begins with these bytes; a shorter one does not.
pub(super) fn begins_with(path: &Path, beginning: &[u8]) -> anyhow::Result<bool> {
    let cannot = || format!("cannot read {}", path.display());
    let mut head = Vec::new();
    let file = File::open(path).with_context(cannot)?;
    file.take(beginning.len() as u64).read_to_end(&mut head).with_context(cannot)?;
    Ok(head == beginning)
}

/// A file that appears under its name, readable by its owner alone, when it is complete and on disk.
pub(super) struct NewFile {
    target: PathBuf,
    partial: PathBuf,
    file: Option<File>,
}

impl NewFile {
    /// Refuses a name that is taken.
    pub(super) fn create(target: &Path) -> anyhow::Result<Self> {
        if target.exists() {
            bail!("{} exists already: choose another name, nothing was changed", target.display());
        }
        let mut name = target.as_os_str().to_owned();
        name.push(".partial");
        let partial = PathBuf::from(name);
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial);
        let file = file.with_context(|| format!("cannot create {}", partial.display()))?;
        Ok(Self { target: target.to_owned(), partial, file: Some(file) })
    }

    /// Adds a line.
    pub(super) fn line(&mut self, text: &str) -> anyhow::Result<()> {
        if let Some(file) = &mut self.file {
            file.write_all(text.as_bytes())
                .and_then(|()| file.write_all(b"\n"))
                .with_context(|| format!("cannot write {}", self.partial.display()))?;
        }
        Ok(())
    }

    /// Puts the file under its name.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        if let Some(file) = self.file.take() {
            file.sync_all().with_context(|| format!("cannot flush {}", self.partial.display()))?;
        }
        fs::rename(&self.partial, &self.target)
            .with_context(|| format!("cannot rename {} to {}", self.partial.display(), self.target.display()))
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // After `finish` there is none by this name; after a failure nobody wants half a file.
        let _ = fs::remove_file(&self.partial);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert!(begins_with(&path, b"123").unwrap() && !begins_with(&path, b"123456").unwrap());
        let error = read(&path, 4).unwrap_err().to_string();
        assert!(error.contains("a.json") && error.contains('4'), "{error}");
        assert!(format!("{:#}", read(&folder.path().join("b"), 4).unwrap_err()).contains("cannot read"));
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let mut file = NewFile::create(&path).unwrap();
        file.line("1").unwrap();
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let mut file = NewFile::create(&path).unwrap();
        file.line("2").unwrap();
        file.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "2\n");
        assert!(NewFile::create(&path).is_err());
    }
}
