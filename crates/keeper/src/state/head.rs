//! The head of the ledger in a file beside it, so that rows that are cut off are missed.
//!
//! The file has one line of a fixed length and is written over in place: that needs no space on a full disk.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Read},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use keeper_core::ledger::{Anchor, Hash};

/// The message of a log line that has the head beside it.
pub const IN_LOG: &str = "the ledger's head";
/// More of a log than this is not read.
const LOG_BYTES: u64 = 1 << 30;

/// Writes the head over the one before.
pub fn write(path: &Path, head: Anchor) -> io::Result<()> {
    let file: File = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    file.write_all_at(format!("{:020}:{}\n", head.seq, head.hash).as_bytes(), 0)?;
    file.sync_data()
}

/// Reads a head; none where there is no file. A file that says something else is an error.
pub fn read(path: &Path) -> io::Result<Option<Anchor>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    parse(text.trim()).map(Some).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{} holds no head of a ledger", path.display()))
    })
}

/// Reads `SEQ:HASH`, as logs and the file have it.
#[must_use]
pub fn parse(text: &str) -> Option<Anchor> {
    let (seq, hash) = text.split_once(':')?;
    Some(Anchor { seq: seq.parse().ok()?, hash: Hash::parse(hash)? })
}

/// Every head in a log file of keeper's, for people or as JSON.
pub fn in_log(path: &Path) -> io::Result<Vec<Anchor>> {
    let mut heads: Vec<Anchor> = Vec::new();
    for line in BufReader::new(File::open(path)?.take(LOG_BYTES)).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        if !line.contains(IN_LOG) {
            continue;
        }
        let words = line.split(|c: char| !c.is_ascii_hexdigit() && c != ':');
        heads.extend(words.filter_map(parse));
    }
    heads.sort_by_key(|head| head.seq);
    heads.dedup();
    Ok(heads)
}

/// Keeps a head that the ledger no longer agrees with, so that it goes on being missed.
pub fn set_aside(path: &Path, head: Anchor) -> io::Result<PathBuf> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{}", head.seq, &head.hash.to_string()[..12]));
    let aside = PathBuf::from(name);
    write(&aside, head)?;
    Ok(aside)
}

/// Heads that were set aside.
pub fn aside(path: &Path) -> Vec<Anchor> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let start = format!("{name}.");
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let ours = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&start));
    ours.filter_map(|entry| read(&entry.path()).ok().flatten()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keeper.db.head");
        assert_eq!(read(&path).unwrap(), None);
        let head = Anchor { seq: 12_345_678, hash: Hash::parse(&"ab".repeat(32)).unwrap() };
        write(&path, head).unwrap();
        write(&path, Anchor { seq: 9, ..head }).unwrap();
        assert_eq!(
            read(&path).unwrap(),
            Some(Anchor { seq: 9, ..head }),
            "a shorter number leaves nothing behind"
        );
        assert!(aside(&path).is_empty());
        set_aside(&path, head).unwrap();
        assert_eq!(aside(&path), [head]);
        let log = folder.path().join("keeper.log");
        let text = format!(
            "2026-03-02 00:30:00 INFO keeper: {IN_LOG} head={head}\n{{\"message\":\"{IN_LOG}\",\"head\":\"7:{}\"}}\n\
             another line with {head}\n{IN_LOG} cut head=3:abc",
            head.hash
        );
        fs::write(&log, text).unwrap();
        assert_eq!(in_log(&log).unwrap(), [Anchor { seq: 7, ..head }, head]);
        fs::write(&path, "nonsense").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("no head"));
    }
}
