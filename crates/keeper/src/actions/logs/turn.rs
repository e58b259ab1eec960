//! Rotation: the file that is written is renamed (its writer opens a new one), old copies are packed, older deleted.
//!
//! Nothing is copied and truncated, and no copy is removed before its packed form was read back: the same number of
//! lines, the same bytes.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use flate2::{Compression, bufread::MultiGzDecoder, write::GzEncoder};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::rotated;

/// How old copies may become.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub(super) compress_after: Duration,
    pub(super) delete_after: Duration,
}

/// One thing that was done, or was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Done {
    pub(super) file: PathBuf,
    pub(super) what: What,
    pub(super) why: String,
}

/// What was done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    Renamed,
    Packed,
    Deleted,
    /// It should have been packed and could not.
    Kept,
}

impl What {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Renamed => "renamed",
            Self::Packed => "packed",
            Self::Deleted => "deleted",
            Self::Kept => "LEFT",
        }
    }
}

/// Rotates one log file. Stops between two files when asked to.
pub(super) fn rotate(
    path: &Path,
    rule: &Rule,
    now: Timestamp,
    stop: &CancellationToken,
) -> io::Result<Vec<Done>> {
    let mut all = Vec::new();
    for copy in rotated::of(path) {
        if stop.is_cancelled() {
            return Ok(all);
        }
        let age = Duration::try_from(now.duration_since(copy.made_at)).unwrap_or_default();
        let days = age.as_secs() / 86_400;
        if age >= rule.delete_after {
            fs::remove_file(&copy.path)?;
            all.push(Done { file: copy.path, what: What::Deleted, why: format!("{days} days old") });
        } else if age >= rule.compress_after && !copy.is_packed {
            let (what, why) = match pack(&copy.path)? {
                Ok(lines) => (What::Packed, format!("{days} days old, {lines} line(s)")),
                Err(why) => (What::Kept, why.to_owned()),
            };
            all.push(Done { file: copy.path, what, why });
        }
    }
    if let Some(done) = rename(path, now)? {
        all.push(done);
    }
    Ok(all)
}

/// Renames the file that is written, unless it is empty or its new name is taken.
fn rename(path: &Path, now: Timestamp) -> io::Result<Option<Done>> {
    let Ok(about) = fs::symlink_metadata(path) else { return Ok(None) };
    if !about.is_file() || about.len() == 0 {
        return Ok(None);
    }
    let target = rotated::name(path, now);
    let why = format!("to {}", target.display());
    // A second name first, which fails where there is one already; nothing is ever replaced.
    match fs::hard_link(path, &target) {
        Ok(()) => fs::remove_file(path)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
        Err(_) if !target.exists() => fs::rename(path, &target)?,
        Err(error) => return Err(error),
    }
    Ok(Some(Done { file: path.to_owned(), what: What::Renamed, why }))
}

/// What a file holds.
#[derive(Debug, PartialEq, Eq)]
struct Content {
    lines: u64,
    bytes: u64,
    hash: Vec<u8>,
}

/// Packs a copy and removes it; gives its number of lines, or the reason why it is left as it is.
fn pack(path: &Path) -> io::Result<Result<u64, &'static str>> {
    let with = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let (packed, part) = (with(".gz"), with(".gz.part"));
    let before = fs::metadata(path)?;
    let plain = content(BufReader::new(File::open(path)?))?;
    if packed.exists() {
        // Somebody was interrupted after the last step but one.
        if unpacked(&packed).ok().as_ref() != Some(&plain) {
            return Ok(Err("a packed copy with other content is there"));
        }
    } else {
        write_packed(path, &part)?;
        if unpacked(&part).ok().as_ref() != Some(&plain) {
            fs::remove_file(&part)?;
            return Ok(Err("the packed copy did not read back the same"));
        }
        fs::set_permissions(&part, before.permissions())?;
        fs::rename(&part, &packed)?;
    }
    let after = fs::metadata(path)?;
    if after.len() != before.len() || after.modified()? != before.modified()? {
        fs::remove_file(&packed)?;
        return Ok(Err("it is still being written"));
    }
    fs::remove_file(path)?;
    Ok(Ok(plain.lines))
}

fn write_packed(path: &Path, part: &Path) -> io::Result<()> {
    let mut encoder = GzEncoder::new(BufWriter::new(File::create(part)?), Compression::default());
    io::copy(&mut File::open(path)?, &mut encoder)?;
    let mut writer = encoder.finish()?;
    writer.flush()?;
    writer.get_ref().sync_all()
}

fn unpacked(path: &Path) -> io::Result<Content> {
    content(MultiGzDecoder::new(BufReader::new(File::open(path)?)))
}

fn content(mut reader: impl Read) -> io::Result<Content> {
    let (mut lines, mut bytes, mut hasher) = (0_u64, 0_u64, Sha256::new());
    let mut block = vec![0; 64 * 1024];
    loop {
        let count = reader.read(&mut block)?;
        if count == 0 {
            return Ok(Content { lines, bytes, hash: hasher.finalize().to_vec() });
        }
        lines += block[..count].iter().filter(|byte| **byte == b'\n').count() as u64;
        bytes += count as u64;
        hasher.update(&block[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule {
        compress_after: Duration::from_secs(7 * 86_400),
        delete_after: Duration::from_secs(30 * 86_400),
    };

    fn rotated_at(path: &Path, now: &str) -> Vec<(What, String)> {
        let done = rotate(path, &RULE, now.parse().unwrap(), &CancellationToken::new()).unwrap();
        let name = |one: &Done| one.file.file_name().unwrap().to_str().unwrap().to_owned();
        done.iter().map(|one| (one.what, name(one))).collect()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_renamed_then_packed_then_deleted_and_no_line_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        fs::write(folder.path().join("app.log.notes"), "mine").unwrap();
        let writer = chassis::logs::LogFile::new(path.clone());
        writer.write_line("one");
        assert_eq!(rotated_at(&path, "2026-03-02T10:00:00Z"), [(What::Renamed, "app.log".to_owned())]);
        writer.write_line("two");
        assert_eq!(fs::read_to_string(&path).unwrap(), "two\n", "the writer has opened a new one");
        let first = "app.log.20260302T100000Z".to_owned();
        assert_eq!(fs::read_to_string(folder.path().join(&first)).unwrap(), "one\n");

        let week = rotated_at(&path, "2026-03-09T10:00:00Z");
        assert_eq!(week, [(What::Packed, first.clone()), (What::Renamed, "app.log".to_owned())]);
        let content = unpacked(&folder.path().join(format!("{first}.gz"))).unwrap();
        assert_eq!((content.lines, content.bytes), (1, 4));
        assert_eq!(
            names(folder.path()),
            [format!("{first}.gz"), "app.log.20260309T100000Z".to_owned(), "app.log.notes".to_owned()]
        );
        let month = rotated_at(&path, "2026-04-01T10:00:00Z");
        assert_eq!(month[0], (What::Deleted, format!("{first}.gz")));
        assert!(names(folder.path()).contains(&"app.log.notes".to_owned()), "not one of ours");
    }

    #[test]
    fn an_interrupted_packing_is_finished_and_a_different_one_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        let copy = folder.path().join("app.log.20260302T100000Z");
        fs::write(&copy, "one\ntwo\n").unwrap();
        write_packed(&copy, &folder.path().join("app.log.20260302T100000Z.gz")).unwrap();
        fs::write(folder.path().join("app.log.20260302T100000Z.gz.part"), "half").unwrap();
        assert_eq!(rotated_at(&path, "2026-03-10T00:00:00Z")[0].0, What::Packed);
        fs::write(&copy, "other\n").unwrap();
        assert_eq!(rotated_at(&path, "2026-03-10T00:00:00Z")[0].0, What::Kept);
        assert_eq!(fs::read_to_string(&copy).unwrap(), "other\n");
    }
}
