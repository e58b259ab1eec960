//! The program's tables: one module a noun, rows in, values out. Nothing else in the program writes SQL.

pub mod branches;
pub mod canons;
pub mod interventions;
pub mod sessions;
pub mod states;
pub mod turns;
pub mod users;

use storage::{MigrationSet, migration};

/// The story's own tables.
pub const MIGRATIONS: MigrationSet =
    MigrationSet { name: "loom", migrations: &[migration!("0001", "story", sqlite)] };

/// A page of rows and where the next one begins.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// At most as many rows as were asked for.
    pub items: Vec<T>,
    /// Opaque to clients; `None` at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts a list that was read with one row more than `limit` into a page, naming the next by `cursor`.
    pub fn cut(mut items: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(cursor) } else { None };
        Self { items, next }
    }
}
