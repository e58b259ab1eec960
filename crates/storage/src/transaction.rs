//! A unit of work: statements that are kept together or not at all, with savepoints inside.
//!
//! Both databases behave the same here, and that is PostgreSQL's stricter way: once a statement has failed (or its
//! future was dropped half-way), nothing but rolling back is accepted, to a savepoint or whole. SQLite alone would
//! carry on with half a unit of work.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Handle;

use crate::connection::{Lease, Role, expect_row};
use crate::error::StorageError;
use crate::row::Row;
use crate::settings::Backend;
use crate::value::Value;

/// A unit of work. Dropped without [`commit`](Transaction::commit) it is rolled back.
pub struct Transaction {
    /// `None` only after the end, inside `commit`, `rollback` and `drop`.
    lease: Option<Lease>,
    state: State,
    savepoints: u32,
    id: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Healthy,
    /// A statement failed or is under way: a savepoint made before it can still be gone back to.
    Failed,
    /// The database may have rolled everything back by itself.
    Lost,
}

/// A point inside a unit of work to go back to. Ended by [`Transaction::release`] or [`Transaction::rollback_to`];
/// dropped, it ends with the unit of work.
#[derive(Debug)]
pub struct Savepoint {
    transaction: u64,
    depth: u32,
}

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

impl Transaction {
    pub(crate) async fn begin(lease: Lease, backend: Backend, role: Role) -> Result<Self, StorageError> {
        let begin = match (backend, role) {
            (Backend::Sqlite, Role::Writer) => "BEGIN IMMEDIATE",
            (Backend::Sqlite, Role::Reader) => "BEGIN",
            (Backend::Postgres, Role::Writer) => "BEGIN",
            (Backend::Postgres, Role::Reader) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        // The value exists before BEGIN is sent, so that a caller who gives up half-way still rolls back.
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let mut transaction = Transaction { lease: Some(lease), state: State::Failed, savepoints: 0, id };
        let outcome = transaction.lease()?.run_script(begin).await;
        transaction.leave(outcome)?;
        Ok(transaction)
    }

    /// Runs a statement that changes something; returns the number of rows it touched.
    pub async fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StorageError> {
        let outcome = self.enter()?.execute(sql, params).await;
        self.leave(outcome)
    }

    /// All rows of a statement, in memory at once. Sees this unit of work's own changes.
    pub async fn fetch_all(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StorageError> {
        let outcome = self.enter()?.fetch_all(sql, params).await;
        self.leave(outcome)
    }

    /// The first row, if there is one.
    pub async fn fetch_optional(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>, StorageError> {
        let outcome = self.enter()?.fetch_optional(sql, params).await;
        self.leave(outcome)
    }

    /// The first row; [`StorageError::MissingRow`] when there is none, which leaves the unit of work healthy.
    pub async fn fetch_one(&mut self, sql: &str, params: &[Value]) -> Result<Row, StorageError> {
        expect_row(self.fetch_optional(sql, params).await?, sql)
    }

    /// Several statements separated by `;`: for migrations.
    pub(crate) async fn run_script(&mut self, sql: &str) -> Result<(), StorageError> {
        let outcome = self.enter()?.run_script(sql).await;
        self.leave(outcome)
    }

    /// Marks a point to go back to. Savepoints nest; ending an outer one ends those inside it.
    pub async fn savepoint(&mut self) -> Result<Savepoint, StorageError> {
        let depth = self.savepoints + 1;
        let outcome = self.enter()?.execute(&format!("SAVEPOINT s{depth}"), &[]).await;
        self.leave(outcome)?;
        self.savepoints = depth;
        Ok(Savepoint { transaction: self.id, depth })
    }

    /// Keeps what happened since the savepoint, as part of the unit of work.
    pub async fn release(&mut self, savepoint: Savepoint) -> Result<(), StorageError> {
        let depth = self.valid(&savepoint)?;
        let outcome = self.enter()?.execute(&format!("RELEASE SAVEPOINT s{depth}"), &[]).await;
        self.leave(outcome)?;
        self.savepoints = depth - 1;
        Ok(())
    }

    /// Undoes what happened since the savepoint and makes a failed unit of work healthy again. Refused with
    /// [`StorageError::Aborted`] when the failure (a full disk, a lost connection) took the savepoints with it.
    pub async fn rollback_to(&mut self, savepoint: Savepoint) -> Result<(), StorageError> {
        let depth = self.valid(&savepoint)?;
        if self.state == State::Lost {
            return Err(StorageError::Aborted);
        }
        self.state = State::Failed;
        self.savepoints = depth - 1;
        let script = format!("ROLLBACK TO SAVEPOINT s{depth}; RELEASE SAVEPOINT s{depth}");
        let outcome = self.lease()?.run_script(&script).await;
        self.leave(outcome)
    }

    /// Keeps everything. When this returns `Ok` the changes survive what the settings promise (power cut or crash).
    /// A unit of work with a failed statement is rolled back instead and [`StorageError::Aborted`] returned.
    /// After [`StorageError::Unavailable`] it is not known whether the server kept it.
    pub async fn commit(mut self) -> Result<(), StorageError> {
        if self.state != State::Healthy {
            self.end().await;
            return Err(StorageError::Aborted);
        }
        let outcome = self.enter()?.run_script("COMMIT").await;
        match self.leave(outcome) {
            Ok(()) => {
                self.lease = None;
                Ok(())
            }
            Err(error) => {
                self.end().await;
                Err(error)
            }
        }
    }

    /// Undoes everything and waits until that is done.
    pub async fn rollback(mut self) -> Result<(), StorageError> {
        self.end().await;
        Ok(())
    }

    async fn end(&mut self) {
        if let Some(lease) = self.lease.as_mut() {
            lease.roll_back().await;
        }
        self.lease = None;
    }

    fn lease(&mut self) -> Result<&mut Lease, StorageError> {
        self.lease.as_mut().ok_or(StorageError::Closed)
    }

    fn valid(&self, savepoint: &Savepoint) -> Result<u32, StorageError> {
        if savepoint.transaction == self.id && savepoint.depth <= self.savepoints {
            Ok(savepoint.depth)
        } else {
            Err(StorageError::StaleSavepoint)
        }
    }

    /// Counts the statement as failed until [`leave`](Self::leave) hears otherwise: a dropped future never gets there.
    fn enter(&mut self) -> Result<&mut Lease, StorageError> {
        if self.state != State::Healthy {
            return Err(StorageError::Aborted);
        }
        self.state = State::Failed;
        self.lease()
    }

    fn leave<T>(&mut self, outcome: Result<T, StorageError>) -> Result<T, StorageError> {
        self.state = match &outcome {
            Ok(_) => State::Healthy,
            Err(error) if error.ends_unit_of_work() => State::Lost,
            Err(_) => State::Failed,
        };
        outcome
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Transaction").field("id", &self.id).field("state", &self.state).finish()
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(mut lease) = self.lease.take() else { return };
        match Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move { lease.roll_back().await });
            }
            // Closing the connection rolls back too.
            Err(_) => lease.discard(),
        }
    }
}
