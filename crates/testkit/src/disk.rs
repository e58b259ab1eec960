//! Small disks, for tests of what happens when one is full: a tmpfs of a few megabytes.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use crate::{
    leash::{Leash, LeashOptions},
    tools,
};

/// Mounts, says so, and unmounts on SIGTERM. `$1` size in bytes, `$2` the mount point.
const MOUNT: &str = r#"
mount -t tmpfs -o "size=$1,mode=0700" tmpfs "$2" || exit 1
trap 'umount -l "$2"; exit 0' TERM
echo mounted
while :; do sleep 3600 & wait; done
"#;

const MOUNT_LIMIT: Duration = Duration::from_secs(10);
const FILLER: &str = "filler";

/// A file system of its own with a fixed size, unmounted when dropped or when the test process dies.
#[derive(Debug)]
pub struct SmallDisk {
    path: PathBuf,
    _leash: Leash,
}

impl SmallDisk {
    /// A disk of so many bytes, rounded up to whole memory pages. `None`, after a line on standard error, where we
    /// may not mount: only root may, and not in every container.
    ///
    /// # Panics
    /// When the temporary folder cannot be made, or the shell does not start.
    pub fn new(size_bytes: u64) -> Option<Self> {
        match mount(size_bytes) {
            Ok(Some(disk)) => Some(disk),
            Ok(None) => {
                tools::skipped("right to mount a small disk");
                None
            }
            Err(error) => panic!("mounting a small disk: {error:#}"),
        }
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fills the disk with a file named `filler` until nothing, or no more than `leave_bytes`, is free.
    ///
    /// # Errors
    /// When writing fails for another reason than a full disk.
    pub fn fill(&self, leave_bytes: u64) -> io::Result<()> {
        let path = self.path.join(FILLER);
        let mut file = File::options().create(true).append(true).open(path)?;
        let block = [0_u8; 4096];
        loop {
            match file.write(&block) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                Err(error) => return Err(error),
            }
        }
        let written = file.metadata()?.len();
        file.set_len(written.saturating_sub(leave_bytes))
    }

    /// Removes the filler.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn make_room(&self) -> io::Result<()> {
        match fs::remove_file(self.path.join(FILLER)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn mount(size_bytes: u64) -> anyhow::Result<Option<SmallDisk>> {
    let folder = tempfile::Builder::new().prefix("testkit-disk-").tempdir()?.keep();
    let path = folder.join("disk");
    fs::create_dir(&path)?;
    let log = folder.join("log");
    let mut leash = Leash::start(&LeashOptions {
        command: vec![
            "/bin/sh".into(),
            "-c".into(),
            MOUNT.into(),
            "disk".into(),
            OsString::from(size_bytes.to_string()),
            path.clone().into(),
        ],
        stop_signal: "TERM",
        log: log.clone(),
        folder,
        account: None,
    })?;
    let started = Instant::now();
    while started.elapsed() < MOUNT_LIMIT {
        if leash.ended().is_some() {
            return Ok(None);
        }
        if fs::read_to_string(&log).is_ok_and(|text| text.contains("mounted")) {
            return Ok(Some(SmallDisk { path, _leash: leash }));
        }
        thread::sleep(Duration::from_millis(5));
    }
    anyhow::bail!("mount was not done after {} s", MOUNT_LIMIT.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_disk_fills_up_empties_and_goes_away() {
        let Some(disk) = SmallDisk::new(256 * 1024) else { return };
        let path = disk.path().to_owned();
        let write = |bytes: usize| fs::write(path.join("data"), vec![1_u8; bytes]);
        write(100_000).unwrap();
        disk.fill(8 * 1024).unwrap();
        assert_eq!(write(200_000).unwrap_err().kind(), io::ErrorKind::StorageFull);
        disk.fill(0).unwrap();
        let full = fs::write(path.join("more"), [1_u8; 8192]).unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        disk.make_room().unwrap();
        disk.make_room().unwrap();
        write(200_000).unwrap();

        drop(disk);
        assert!(!path.exists());
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        assert!(!mounts.contains(path.to_str().unwrap()), "still mounted");
    }
}
