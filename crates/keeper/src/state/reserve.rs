//! Space set aside on the disk of the state file, given back when the disk is full, so that this can be written down.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

/// The reserve of one state file.
#[derive(Debug)]
pub struct Reserve {
    path: PathBuf,
    bytes: u64,
}

impl Reserve {
    /// A reserve of so many bytes at this path; nothing is written yet.
    #[must_use]
    pub fn new(path: PathBuf, bytes: u64) -> Self {
        Self { path, bytes }
    }

    /// Whether the space is set aside.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.bytes == 0 || fs::metadata(&self.path).is_ok_and(|file| file.len() == self.bytes)
    }

    /// Sets the space aside if twice as much is free. True when it was not there before and is now.
    pub fn fill(&self) -> io::Result<bool> {
        if self.is_there() {
            return Ok(false);
        }
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let about = nix::sys::statvfs::statvfs(folder.unwrap_or_else(|| ".".as_ref()))?;
        let free = about.blocks_available().saturating_mul(about.fragment_size());
        if free < self.bytes.saturating_mul(2) {
            return Ok(false);
        }
        // Zeros could become a hole that holds no space.
        let block = [0x5a_u8; 8 * 1024];
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.path)?;
        let mut left = self.bytes;
        while left > 0 {
            let part = usize::try_from(left).unwrap_or(block.len()).min(block.len());
            if let Err(error) = file.write_all(&block[..part]) {
                drop(file);
                fs::remove_file(&self.path)?;
                return Err(error);
            }
            left -= part as u64;
        }
        file.sync_all()?;
        Ok(true)
    }

    /// Gives the space back; false when there was none.
    #[must_use]
    pub fn release(&self) -> bool {
        self.bytes > 0 && fs::remove_file(&self.path).is_ok()
    }
}
