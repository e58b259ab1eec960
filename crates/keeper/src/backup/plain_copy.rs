//! Copies of a SQLite database that a plain `sqlite3` opens: one a day, the older ones deleted by the day in their
//! names.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use keeper_core::{plan::backup::PlainCopy, zone::Zone};

/// What stands for the day in a path.
const DAY: &str = "{date}";
/// How it is written.
const FORMAT: &str = "%Y%m%d";

/// Where the copy of this day belongs.
pub fn path(copy: &PlainCopy, taken_at: Timestamp, zone: &TimeZone) -> PathBuf {
    let day = zone.to_datetime(taken_at).date();
    PathBuf::from(copy.path.replace(DAY, &day.strftime(FORMAT).to_string()))
}

/// Gives a copy a second name by the day of the machine's own zone, where that is another day than the plan's: the
/// shell's `date` knows no other.
pub fn name_for_shells(
    copy: &PlainCopy,
    taken_at: Timestamp,
    machine: &TimeZone,
    written: &Path,
) -> anyhow::Result<()> {
    let also = path(copy, taken_at, machine);
    if also == written {
        return Ok(());
    }
    let failed = || format!("naming a copy {}", also.display());
    let mut link = also.clone().into_os_string();
    link.push(".new");
    match fs::remove_file(&link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error).with_context(failed),
        _ => {}
    }
    fs::hard_link(written, &link).and_then(|()| fs::rename(&link, &also)).with_context(failed)?;
    // Renaming one name of a file to another of its names leaves both.
    match fs::remove_file(&link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).with_context(failed),
        _ => Ok(()),
    }
}

/// Deletes copies older than their days, by the day in the name and never the newest; returns what is gone.
pub fn delete_old(copy: &PlainCopy, now: Timestamp, zone: &Zone) -> anyhow::Result<Vec<PathBuf>> {
    let path = Path::new(&copy.path);
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some((before, after)) = name.split_once(DAY) else {
        bail!("the file name in {} has no {DAY}, so old copies cannot be told from new ones", copy.path)
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut copies: Vec<(Date, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        let day = entry.file_name().to_str().and_then(|name| day_of(name, before, after));
        copies.extend(day.map(|day| (day, entry.path())));
    }
    let today = zone.rules().to_datetime(now).date();
    let mut gone = Vec::new();
    for path in old(copies, today, copy.keep_days) {
        fs::remove_file(&path).with_context(|| format!("deleting {}", path.display()))?;
        gone.push(path);
    }
    Ok(gone)
}

fn day_of(name: &str, before: &str, after: &str) -> Option<Date> {
    let day = name.strip_prefix(before)?.strip_suffix(after)?;
    // A shorter number would be read as well.
    if day.len() != 8 {
        return None;
    }
    Date::strptime(FORMAT, day).ok()
}

fn old(mut copies: Vec<(Date, PathBuf)>, today: Date, keep_days: u32) -> Vec<PathBuf> {
    copies.sort();
    copies.pop();
    let is_old = |day: Date| today.duration_since(day).as_hours() / 24 > i64::from(keep_days);
    copies.into_iter().filter(|(day, _)| is_old(*day)).map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(folder: &Path) -> PlainCopy {
        PlainCopy { path: folder.join("loom-{date}.db").display().to_string(), keep_days: 30 }
    }

    #[test]
    fn the_day_is_that_of_the_zone() {
        let copy = copy(Path::new("backup"));
        let at: Timestamp = "2026-03-01T18:00:00Z".parse().unwrap();
        assert_eq!(path(&copy, at, &TimeZone::UTC), Path::new("backup/loom-20260301.db"));
        let shanghai = Zone::named("Asia/Shanghai").unwrap();
        assert_eq!(path(&copy, at, shanghai.rules()), Path::new("backup/loom-20260302.db"));
    }

    #[test]
    fn the_shell_finds_it_by_its_own_day() {
        let folder = tempfile::tempdir().unwrap();
        let (copy, shanghai) = (copy(folder.path()), Zone::named("Asia/Shanghai").unwrap());
        let check = |at: &str, expected: &[&str]| {
            let at: Timestamp = at.parse().unwrap();
            let written = path(&copy, at, shanghai.rules());
            fs::write(&written, at.to_string()).unwrap();
            name_for_shells(&copy, at, &TimeZone::UTC, &written).unwrap();
            let own = path(&copy, at, &TimeZone::UTC);
            assert_eq!(fs::read_to_string(own).unwrap(), at.to_string(), "the newest of its day");
            let mut names: Vec<_> =
                fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            assert_eq!(names, expected);
        };
        check("2026-03-01T02:00:00Z", &["loom-20260301.db"]);
        check("2026-03-01T19:00:00Z", &["loom-20260301.db", "loom-20260302.db"]);
        check("2026-03-01T20:00:00Z", &["loom-20260301.db", "loom-20260302.db"]);
    }

    #[test]
    fn only_old_copies_are_deleted_and_never_the_newest() {
        let check = |names: &[&str], now: &str, expected: &[&str]| {
            let folder = tempfile::tempdir().unwrap();
            for name in names {
                fs::write(folder.path().join(name), "").unwrap();
            }
            let gone = delete_old(&copy(folder.path()), now.parse().unwrap(), &Zone::utc()).unwrap();
            let gone: Vec<_> = gone.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
            assert_eq!(gone, expected, "{names:?} {now}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), names.len() - expected.len());
        };
        let three = ["loom-20260101.db", "loom-20260102.db", "loom-20260131.db"];
        check(&three, "2026-01-31T23:59:59Z", &[]);
        check(&three, "2026-02-01T00:00:00Z", &["loom-20260101.db"]);
        check(&three, "2027-01-01T00:00:00Z", &["loom-20260101.db", "loom-20260102.db"]);
        let others =
            ["loom-.db", "loom-2026.db", "loom-20260101.db.part", "other-20200101.db", "loom-20200101.db"];
        check(&others, "2026-01-31T00:00:00Z", &[]);
        check(
            &["loom-20200101.db", "loom-20200102.db", "loom-99999999.db"],
            "2026-01-31T00:00:00Z",
            &["loom-20200101.db"],
        );
    }

    #[test]
    fn a_name_without_a_day_is_refused() {
        let copy = PlainCopy { path: "backup/loom.db".to_owned(), keep_days: 1 };
        assert!(delete_old(&copy, Timestamp::UNIX_EPOCH, &Zone::utc()).is_err());
    }
}
