//! The copies that rotation has left beside a log file, and when each was made.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, fmt::strtime, tz::TimeZone};

/// The time in the name of a copy.
const STAMP: &str = "%Y%m%dT%H%M%SZ";

/// One copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Copy {
    pub(super) path: PathBuf,
    /// When it was made, by its name, or else when it was last written.
    pub(super) made_at: Timestamp,
    pub(super) is_packed: bool,
}

/// The name that a log file gets when it is rotated now.
pub(super) fn name(path: &Path, now: Timestamp) -> PathBuf {
    let stamp = TimeZone::UTC.to_datetime(now).strftime(STAMP);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{stamp}"));
    PathBuf::from(name)
}

/// The copies of a log file, oldest first. A copy has its name with a time or a number behind it, and perhaps `.gz`;
/// everything else that lies there is nobody's business.
pub(super) fn of(path: &Path) -> Vec<Copy> {
    let (Some(folder), Some(own)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut copies: Vec<Copy> = entries.filter_map(|entry| copy(own, &entry)).collect();
    copies.sort_by(|one, other| (one.made_at, &one.path).cmp(&(other.made_at, &other.path)));
    copies
}

fn copy(own: &str, entry: &fs::DirEntry) -> Option<Copy> {
    let name = entry.file_name();
    let ending = name.to_str()?.strip_prefix(own)?.strip_prefix('.')?;
    let (stamp, is_packed) = ending.strip_suffix(".gz").map_or((ending, false), |stamp| (stamp, true));
    let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
    let by_name = || {
        let at = strtime::parse(STAMP, stamp).ok()?.to_datetime().ok()?;
        TimeZone::UTC.to_timestamp(at).ok()
    };
    let is_number = !stamp.is_empty() && stamp.bytes().all(|byte| byte.is_ascii_digit());
    let made_at = match by_name() {
        Some(at) => at,
        None if is_number => Timestamp::try_from(about.modified().ok()?).ok()?,
        None => return None,
    };
    Some(Copy { path: entry.path(), made_at, is_packed })
}
