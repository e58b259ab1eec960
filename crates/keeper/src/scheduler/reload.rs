//! The plan files while keeper runs: a good change is taken over, a bad one refused, and the old plan stays.

use std::{fs, os::unix::fs::MetadataExt, path::PathBuf, sync::Arc};

use chassis::config::Environment;
use keeper_core::{ledger::Event, plan::PlanProblem};

use super::{Keeper, snapshot};
use crate::{plan_file, secrets, state::Entry};

/// What plan files look like from outside, so that they are read only when they have changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Stamp {
    files: Vec<Option<(u64, u64, i64, i64)>>,
    /// The same at two looks in a row, so that nobody is in the middle of writing.
    is_settled: bool,
}

impl Stamp {
    /// A settled look at the files.
    pub(super) fn of(files: &[PathBuf]) -> Self {
        let look = |path: &PathBuf| {
            let about = fs::metadata(path).ok()?;
            Some((about.ino(), about.len(), about.mtime(), about.mtime_nsec()))
        };
        Self { files: files.iter().map(look).collect(), is_settled: true }
    }
}

impl Keeper {
    /// Takes changed plan files over.
    pub(super) async fn reload(&mut self) -> anyhow::Result<()> {
        let now = Stamp::of(&self.files);
        if now == self.stamp {
            return Ok(());
        }
        let is_settled = !self.stamp.is_settled && now.files == self.stamp.files;
        self.stamp = Stamp { is_settled, ..now };
        if !is_settled {
            return Ok(());
        }
        match plan_file::load(&self.files) {
            Ok(loaded) => {
                secrets::register(loaded.plans.plans(), &Environment::read());
                let known = |file: &plan_file::LoadedFile| self.plans.files.contains(file);
                let changed: Vec<Entry> = loaded
                    .files
                    .iter()
                    .filter(|file| !known(file))
                    .map(|file| {
                        let name = file.path.display().to_string();
                        tracing::info!(file = name, "a changed plan is carried out from now on");
                        Entry::from(Event::ConfigLoaded { file: name, hash: file.hash })
                    })
                    .collect();
                self.append(self.clock.now(), changed).await?;
                self.refused = None;
                self.timed = loaded.plans.timed_tasks();
                self.outlines = snapshot::outlines(&loaded.plans);
                self.take_backups_over(&loaded.plans);
                self.plans = Arc::new(loaded);
            }
            Err(refused) => self.refuse(&refused.problems).await?,
        }
        Ok(())
    }

    async fn refuse(&mut self, problems: &[PlanProblem]) -> anyhow::Result<()> {
        let Some(problem) = problems.first() else { return Ok(()) };
        let first = chassis::redact::text(&problem.to_string()).into_owned();
        if self.refused.as_deref() == Some(&first) {
            return Ok(());
        }
        tracing::error!("a changed plan is refused and the one before stays: {first}");
        let event = Event::ConfigRefused {
            file: problem.file.clone(),
            problems: u32::try_from(problems.len()).unwrap_or(u32::MAX),
            first: first.clone(),
        };
        self.append(self.clock.now(), vec![event.into()]).await?;
        self.refused = Some(first);
        Ok(())
    }
}
