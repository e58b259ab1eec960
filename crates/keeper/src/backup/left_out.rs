//! What a folder in a backup leaves out: keeper's own state file, and the databases of the plan's services.
//!
//! A copy of the file of a database that is being written is no backup of it. And it may not even be opened here:
//! closing a file lets go of all locks that this process has on it, those of SQLite among them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::bail;
use keeper_core::plan::{backup::Source, service::Database, value::ServiceName};

use super::{piece::FolderPiece, work::Work};

/// What SQLite keeps beside a database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A database, and what belongs to it.
struct Kept<'a> {
    /// Its whole path first.
    paths: Vec<PathBuf>,
    /// The service whose it is; none for keeper's own.
    service: Option<&'a ServiceName>,
}

/// Tells the folders what to leave out, and gives a remark for each database that lies in them. Fails where such a
/// database would be in no backup at all.
pub(super) fn from(work: &Work<'_>, folders: &mut [FolderPiece]) -> anyhow::Result<Vec<String>> {
    let (all, mut remarks) = (kept(work), Vec::new());
    for folder in folders {
        // What is not there is told when it is read.
        let Ok(root) = fs::canonicalize(&folder.path) else { continue };
        for one in &all {
            let Some(path) = one.paths.iter().find(|path| path.starts_with(&root) && path.exists()) else {
                continue;
            };
            let below = path.strip_prefix(&root).unwrap_or(path);
            let is_named = below.as_os_str().is_empty();
            let shown = if is_named { folder.path.clone() } else { folder.path.join(below) };
            remarks.push(one.remark(work, &shown, is_named)?);
        }
        folder.except = all.iter().flat_map(|one| one.paths.iter().cloned()).collect();
    }
    Ok(remarks)
}

fn kept<'a>(work: &Work<'a>) -> Vec<Kept<'a>> {
    let mut all = Vec::new();
    let files = &work.state.files;
    if let Ok(database) = fs::canonicalize(&files.database) {
        let mut paths = with_beside(database);
        paths.extend([&files.lock, &files.head, &files.reserve].into_iter().filter_map(|path| whole(path)));
        all.push(Kept { paths, service: None });
    }
    for (name, service) in &work.plan.service {
        let Some(Database::Sqlite(path)) = &service.database else { continue };
        if let Ok(database) = fs::canonicalize(crate::actions::path_of(service, path)) {
            all.push(Kept { paths: with_beside(database), service: Some(name) });
        }
    }
    all
}

fn with_beside(database: PathBuf) -> Vec<PathBuf> {
    let beside = BESIDE.map(|ending| {
        let mut name = database.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    });
    [database].into_iter().chain(beside).collect()
}

/// The whole path of a file, which need not be there yet.
fn whole(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(fs::canonicalize(folder).ok()?.join(path.file_name()?))
}

impl Kept<'_> {
    fn remark(&self, work: &Work<'_>, path: &Path, is_named: bool) -> anyhow::Result<String> {
        let shown = path.display();
        let Some(name) = self.service else {
            if is_named {
                bail!("{shown} is keeper's own, and cannot be a source of a backup");
            }
            return Ok(format!("left out {shown}: it is keeper's own"));
        };
        let takes = |source: &Source| matches!(source, Source::Database(taken) if taken == name);
        let taken = work.plan.backup.iter().any(|backup| backup.sources.iter().any(takes));
        if is_named || !taken {
            bail!(
                "{shown} is the database of the service {name}, and a copy of its file is no backup; \
                 add {{ database = \"{name}\" }} to the sources"
            );
        }
        Ok(format!("left out {shown}: it is backed up as a database"))
    }
}
