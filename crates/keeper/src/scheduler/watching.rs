//! Files and folders whose change makes a task due.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use keeper_core::{
    ledger::Event,
    plan::{
        Plan,
        backup::Source,
        set::{TaskId, Work},
    },
    schedule::Schedule,
};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::Keeper;
use crate::{
    state::{Entry, State},
    store::watched,
};

/// How often they are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// More entries of one folder than this are not looked at.
const ENTRIES: usize = 20_000;

/// What watched files looked like.
#[derive(Debug)]
pub(super) struct Watching {
    known: BTreeMap<String, String>,
    looked: Option<Instant>,
}

impl Watching {
    /// What they looked like when keeper last looked, which may be long ago.
    pub(super) async fn new(state: &State) -> anyhow::Result<Self> {
        Ok(Self { known: watched::all(&state.database).await?, looked: None })
    }
}

impl Keeper {
    /// Makes the tasks due whose files have changed.
    pub(super) async fn look_at_files(&mut self) -> anyhow::Result<()> {
        if self.watching.looked.is_some_and(|at| at.elapsed() < LOOK) {
            return Ok(());
        }
        self.watching.looked = Some(Instant::now());
        let watched = self.watched();
        let looks =
            move || watched.into_iter().map(|(id, paths)| (id, fingerprint(&paths))).collect::<Vec<_>>();
        for (id, now) in tokio::task::spawn_blocking(looks).await? {
            match self.watching.known.get(id.as_str()) {
                Some(before) if *before == now => continue,
                // The first look is no change, but a backup may never have been taken.
                None if !id.parts().1.starts_with("backup/") => {
                    watched::set(&self.state().database, id.as_str(), &now).await?;
                }
                before => {
                    let by = if before.is_some() {
                        "a change of its files"
                    } else {
                        "the first look at its files"
                    };
                    let by = by.to_owned();
                    let event = Event::TaskTriggered { task: id.clone(), by };
                    let entry = Entry { fingerprint: Some(now.clone()), ..event.into() };
                    self.append(self.clock.now(), vec![entry]).await?;
                }
            }
            self.watching.known.insert(id.to_string(), now);
        }
        Ok(())
    }

    /// Tasks that have been taken on and are due on change, with what they watch.
    fn watched(&self) -> Vec<(TaskId, Vec<PathBuf>)> {
        let on_change = self.timed.iter().filter(|timed| timed.schedule == Schedule::OnChange);
        on_change
            .filter(|timed| self.writer.history().task(&timed.id).is_some_and(|own| !own.is_retired()))
            .filter_map(|timed| {
                let (plan, work) = self.plans.plans.work(&timed.id)?;
                Some((timed.id.clone(), paths(plan, work)))
            })
            .collect()
    }
}

fn paths(plan: &Plan, work: Work<'_>) -> Vec<PathBuf> {
    match work {
        Work::Task(task) => {
            let service = task.service.as_ref().and_then(|name| plan.service.get(name));
            let folder = service.and_then(|service| service.directory.as_deref()).unwrap_or("");
            task.paths.iter().map(|path| Path::new(folder).join(path)).collect()
        }
        Work::Review(document) => vec![PathBuf::from(&document.path)],
        Work::Backup(backup) => backup
            .sources
            .iter()
            .filter_map(|source| match source {
                Source::Folder(path) => Some(PathBuf::from(path)),
                _ => None,
            })
            .collect(),
        Work::Experiment(_) => Vec::new(),
    }
}

/// Names, sizes and times of change of files and of everything in folders; links are not followed.
fn fingerprint(paths: &[PathBuf]) -> String {
    let mut open = paths.to_vec();
    let mut lines = Vec::new();
    while let Some(path) = open.pop() {
        let Ok(about) = fs::symlink_metadata(&path) else {
            lines.push(format!("{} absent", path.display()));
            continue;
        };
        if about.is_dir() {
            let entries = fs::read_dir(&path).into_iter().flatten().filter_map(Result::ok);
            open.extend(entries.map(|entry| entry.path()).take(ENTRIES - lines.len().min(ENTRIES)));
        } else {
            let (size, seconds, nanos) = (about.len(), about.mtime(), about.mtime_nsec());
            lines.push(format!("{} {size} {seconds}.{nanos}", path.display()));
        }
    }
    lines.sort();
    hex::encode(Sha256::digest(lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_anywhere_in_a_folder_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let paths = [folder.path().to_owned(), folder.path().join("absent")];
        let mut seen = vec![fingerprint(&paths)];
        fs::write(inner.join("a"), "1").unwrap();
        seen.push(fingerprint(&paths));
        fs::write(inner.join("a"), "12").unwrap();
        seen.push(fingerprint(&paths));
        fs::rename(inner.join("a"), inner.join("b")).unwrap();
        seen.push(fingerprint(&paths));
        assert_eq!(seen[3], fingerprint(&paths), "nothing has changed");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 4);
    }
}
