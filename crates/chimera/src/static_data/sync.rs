//! Lays incoming names over the tables and writes the files, whole or not at all.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use super::{Incoming, Kind, Language, Library, Table};

/// What writing a table did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synced {
    /// The file.
    pub path: PathBuf,
    /// The table's patch now.
    pub version: String,
    /// Entries in all.
    pub entries: usize,
    /// Ids that were not there before.
    pub added: usize,
    /// Ids that are called otherwise now.
    pub renamed: usize,
}

/// Whether a text is a patch such as `16.3` or `16.3.1`; it goes into addresses.
pub(super) fn is_patch(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let is_number = |part: &&str| (1..=4).contains(&part.len()) && part.chars().all(|c| c.is_ascii_digit());
    (2..=3).contains(&parts.len()) && parts.iter().all(is_number)
}

/// Writes a table of champions, items, runes or spells with `incoming` laid over what there is.
pub fn sync_table(
    folder: &Path,
    language: Language,
    patch: Option<&str>,
    incoming: Incoming,
) -> anyhow::Result<Synced> {
    if incoming.kind == Kind::Augments {
        bail!("it lists augments, which `chimera arena sync PATCH --file FILE` takes, locked to their patch");
    }
    let version = match (incoming.version, patch) {
        (Some(own), Some(patch)) if own != patch => bail!("it is of patch {own} and not of {patch}"),
        (Some(version), _) => version,
        (None, Some(patch)) if is_patch(patch) => patch.to_owned(),
        (None, Some(patch)) => bail!("`{patch}` is no patch; write one such as 16.3.1"),
        (None, None) => {
            bail!("it does not say of which patch it is: name that, such as `static sync 16.3.1`")
        }
    };
    let before = Library::table(folder, incoming.kind, language)?;
    let after = before.merged(&Table { version, entries: incoming.entries });
    write(folder, incoming.kind, language, &before, &after)
}

/// Whether augments of a patch may be taken: it has to be the one that the program is locked to.
pub fn check_arena_patch(patch: &str, locked_to: &str) -> anyhow::Result<()> {
    if !is_patch(patch) {
        bail!("`{patch}` is no patch; write one such as 16.3");
    }
    if patch != locked_to {
        bail!(
            "patch {patch} is not the one the program is locked to, {locked_to}: set `static_data.arena_version` \
             (ARENA_DATA_VERSION) to {patch} first; nothing was written"
        );
    }
    Ok(())
}

/// Writes the table of augments. `patch` has to be the one that the program is locked to; the file becomes of that
/// patch, and the names of ids that it no longer lists are kept.
pub fn sync_arena(
    folder: &Path,
    language: Language,
    patch: &str,
    locked_to: &str,
    incoming: Incoming,
) -> anyhow::Result<Synced> {
    check_arena_patch(patch, locked_to)?;
    if incoming.kind != Kind::Augments {
        bail!("it lists {} and no augments", incoming.kind.name());
    }
    let before = Library::table(folder, Kind::Augments, language)?;
    let mut after = before.clone();
    after.entries.extend(incoming.entries);
    patch.clone_into(&mut after.version);
    write(folder, Kind::Augments, language, &before, &after)
}

fn write(
    folder: &Path,
    kind: Kind,
    language: Language,
    before: &Table,
    after: &Table,
) -> anyhow::Result<Synced> {
    let path = folder.join(kind.file(language));
    replace(&path, &after.to_text(kind)).with_context(|| format!("cannot write {}", path.display()))?;
    let changed =
        |(id, entry): &(&u32, &super::Entry)| before.entries.get(*id).is_some_and(|known| known != *entry);
    Ok(Synced {
        path,
        version: after.version.clone(),
        entries: after.entries.len(),
        added: after.entries.keys().filter(|id| !before.entries.contains_key(id)).count(),
        renamed: after.entries.iter().filter(changed).count(),
    })
}

/// A reader sees the old file or the new one, never half of either.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = folder.join(name);
    let written = File::create(&partial)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::static_data::{Entry, read_shape};

    fn augments(names: &str) -> Incoming {
        read_shape(names.as_bytes()).unwrap()
    }

    #[test]
    fn patches() {
        let check = |text: &str, expected: bool| assert_eq!(is_patch(text), expected, "{text}");
        check("15.5", true);
        check("16.10.1", true);
        check("16", false);
        check("latest", false);
        check("16.3/../../x", false);
        check("16.3.1.4", false);
        check("", false);
    }

    #[test]
    fn augments_are_locked_to_their_patch_and_old_names_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("arena/augments.zh_cn.json");
        let new = r#"{"augments":[{"id":93,"name":"新的"},{"id":2000,"name":"全新"}]}"#;
        let refusal = sync_arena(folder.path(), Language::ZhCn, "16.3", "15.5", augments(new)).unwrap_err();
        assert!(refusal.to_string().contains("ARENA_DATA_VERSION"), "{refusal}");
        assert!(!path.exists());
        let synced = sync_arena(folder.path(), Language::ZhCn, "16.3", "16.3", augments(new)).unwrap();
        assert_eq!((synced.added, synced.renamed, synced.version.as_str()), (1, 1, "16.3"));
        let table = Table::parse(Kind::Augments, &fs::read_to_string(&path).unwrap()).unwrap();
        let name = |id: u32| table.entries.get(&id).map(|entry: &Entry| entry.name.as_str());
        assert_eq!((name(93), name(2000), table.entries.len()), (Some("新的"), Some("全新"), 187));
        assert!(name(405).is_some(), "an old name was lost");
        let ids: Vec<u32> = table.entries.keys().copied().collect();
        assert!(ids.is_sorted());
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "a partial file is left");
    }

    #[test]
    fn a_table_needs_a_patch_and_only_one() {
        let folder = tempfile::tempdir().unwrap();
        let spells = r#"{"type":"summoner","data":{"F":{"key":"4","name":"Flash!"}}}"#;
        let incoming = |version: Option<&str>| Incoming {
            version: version.map(str::to_owned),
            ..read_shape(spells.as_bytes()).unwrap()
        };
        let check = |own: Option<&str>, patch: Option<&str>, expected: Result<&str, &str>| {
            let synced = sync_table(folder.path(), Language::En, patch, incoming(own));
            match expected {
                Ok(version) => assert_eq!(synced.unwrap().version, version),
                Err(part) => assert!(synced.unwrap_err().to_string().contains(part), "{part}"),
            }
        };
        check(None, None, Err("of which patch"));
        check(Some("99.1.1"), Some("99.2.1"), Err("99.1.1 and not of 99.2.1"));
        check(None, Some("../x"), Err("no patch"));
        check(None, Some("99.1.1"), Ok("99.1.1"));
        check(Some("99.2.1"), None, Ok("99.2.1"));
        check(Some("1.2.1"), None, Ok("99.2.1"));
    }
}
