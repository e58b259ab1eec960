//! Reversible changes of the schema, with one history for all sets of a program.
//!
//! Each migration and its row in `schema_history` are one unit of work. Programs that start at the same moment are
//! safe: SQLite has one writer, on PostgreSQL an advisory lock is taken, and the history is read again under it.

mod history;
mod loss;
mod set;

pub use set::{Migration, MigrationSet, version_of};

use crate::database::Database;
use crate::error::StorageError;
use crate::settings::Backend;
use crate::transaction::Transaction;
use history::Recorded;

/// A migration that a call carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The set it belongs to.
    pub set: &'static str,
    /// Its version.
    pub version: i64,
    /// Its name.
    pub name: &'static str,
}

/// One migration the program knows, and whether the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationStatus {
    /// The set it belongs to.
    pub set: &'static str,
    /// Its version.
    pub version: i64,
    /// Its name.
    pub name: &'static str,
    /// When it was applied (UTC text), or `None` when it is still to come.
    pub applied_at: Option<String>,
}

/// Applies what is missing of each set, in the given order, and returns it; nothing missing is no error. When one
/// fails, those before it stay applied and it leaves no trace. Refuses a database whose history has gaps, was made
/// by a newer program, or whose migrations were edited afterwards.
pub async fn up(database: &Database, sets: &[&MigrationSet]) -> Result<Vec<Applied>, StorageError> {
    set::check_all(sets)?;
    let mut transaction = begin(database).await?;
    history::create(&mut transaction).await?;
    transaction.commit().await?;
    let mut applied = Vec::new();
    for set in sets {
        while let Some(migration) = apply_next(database, set).await? {
            tracing::info!(
                set = set.name,
                version = migration.version,
                name = migration.name,
                "migration applied"
            );
            applied.push(named(set, migration));
        }
    }
    Ok(applied)
}

/// Takes back the newest `steps` migrations of a set, newest first, all in one unit of work; returns them. Refuses
/// with [`StorageError::DataLoss`] when a table or column that would go holds data, unless `allow_data_loss`.
pub async fn down(
    database: &Database,
    set: &'static MigrationSet,
    steps: usize,
    allow_data_loss: bool,
) -> Result<Vec<Applied>, StorageError> {
    set::check_all(&[set])?;
    let backend = database.backend();
    let mut transaction = begin(database).await?;
    history::create(&mut transaction).await?;
    let recorded = history::read(&mut transaction, set).await?;
    history::check(set, &recorded, backend)?;
    let going: Vec<&'static Migration> = set.migrations[..recorded.len()].iter().rev().take(steps).collect();
    if !allow_data_loss {
        let texts: Vec<String> = going.iter().map(|migration| migration.down_text(backend)).collect();
        let losses = loss::count(&mut transaction, &texts.join("\n")).await?;
        if !losses.is_empty() {
            transaction.rollback().await?;
            return Err(StorageError::DataLoss { losses });
        }
    }
    for migration in &going {
        let text = migration.down_text(backend);
        transaction.run_script(&text).await.map_err(|cause| migration_failed(set, migration, cause))?;
        history::remove(&mut transaction, set, migration.version).await?;
    }
    transaction.commit().await?;
    Ok(going.into_iter().map(|migration| named(set, migration)).collect())
}

/// Every migration of the sets, oldest first, with the time it was applied. Changes nothing. Refuses a history that
/// [`up`] would refuse.
pub async fn status(
    database: &Database,
    sets: &[&'static MigrationSet],
) -> Result<Vec<MigrationStatus>, StorageError> {
    set::check_all(sets)?;
    let mut transaction = database.begin_read().await?;
    let known = history::exists(&mut transaction, database.backend()).await?;
    let mut statuses = Vec::new();
    for set in sets {
        let recorded = if known { history::read(&mut transaction, set).await? } else { Vec::new() };
        history::check(set, &recorded, database.backend())?;
        let mut times = recorded.into_iter().map(|row| row.applied_at);
        statuses.extend(set.migrations.iter().map(|migration| MigrationStatus {
            set: set.name,
            version: migration.version,
            name: migration.name,
            applied_at: times.next(),
        }));
    }
    transaction.rollback().await?;
    Ok(statuses)
}

/// Applies the first migration the database does not have; `None` when it has all.
async fn apply_next(
    database: &Database,
    set: &MigrationSet,
) -> Result<Option<&'static Migration>, StorageError> {
    let backend = database.backend();
    let mut transaction = begin(database).await?;
    let recorded = history::read(&mut transaction, set).await?;
    history::check(set, &recorded, backend)?;
    let Some(migration) = set.migrations.get(recorded.len()) else {
        transaction.rollback().await?;
        return Ok(None);
    };
    let text = migration.up_text(backend);
    transaction.run_script(&text).await.map_err(|cause| migration_failed(set, migration, cause))?;
    let row = Recorded {
        version: migration.version,
        name: migration.name.to_owned(),
        checksum: migration.checksum(backend),
        applied_at: database.now_text(),
    };
    history::add(&mut transaction, set, &row).await?;
    transaction.commit().await?;
    Ok(Some(migration))
}

/// A unit of work that no other program migrates beside.
async fn begin(database: &Database) -> Result<Transaction, StorageError> {
    let lease = database.quiet_lease(crate::connection::Role::Writer).await?;
    let mut transaction =
        Transaction::begin(lease, database.backend(), crate::connection::Role::Writer).await?;
    if database.backend() == Backend::Postgres {
        history::lock(&mut transaction).await?;
    }
    Ok(transaction)
}

fn named(set: &MigrationSet, migration: &'static Migration) -> Applied {
    Applied { set: set.name, version: migration.version, name: migration.name }
}

fn migration_failed(set: &MigrationSet, migration: &Migration, cause: StorageError) -> StorageError {
    StorageError::MigrationFailed {
        set: set.name.to_owned(),
        version: migration.version,
        name: migration.name.to_owned(),
        cause: Box::new(cause),
    }
}
