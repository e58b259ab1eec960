//! One row of a result, whichever database it came from.

use std::fmt;

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column, Decode, Postgres, Row as _, Sqlite, TypeInfo, ValueRef};

use crate::error::StorageError;
use crate::value::{Cell, FromColumn};

/// A row; its columns are read by name.
pub struct Row(pub(crate) Native);

pub(crate) enum Native {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// Names the columns; what they hold stays out of logs.
impl fmt::Debug for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Row").field("columns", &self.columns()).finish()
    }
}

impl Row {
    /// The value of a column. Text, bytes and numbers are copied out; a column may be read more than once.
    pub fn get<T: FromColumn>(&self, column: &str) -> Result<T, StorageError> {
        let Some(index) = self.index_of(column) else {
            return Err(StorageError::MissingColumn { column: column.to_owned(), columns: self.columns() });
        };
        let (cell, found) = match &self.0 {
            Native::Sqlite(row) => sqlite_cell(row, index),
            Native::Postgres(row) => postgres_cell(row, index),
        };
        cell.and_then(T::from_cell).ok_or_else(|| StorageError::ColumnType {
            column: column.to_owned(),
            expected: T::EXPECTED,
            found,
        })
    }

    /// The names of the columns, in the order of the statement.
    pub fn columns(&self) -> Vec<String> {
        match &self.0 {
            Native::Sqlite(row) => row.columns().iter().map(|column| column.name().to_owned()).collect(),
            Native::Postgres(row) => row.columns().iter().map(|column| column.name().to_owned()).collect(),
        }
    }

    fn index_of(&self, column: &str) -> Option<usize> {
        match &self.0 {
            Native::Sqlite(row) => sqlx::ColumnIndex::index(&column, row).ok(),
            Native::Postgres(row) => sqlx::ColumnIndex::index(&column, row).ok(),
        }
    }
}

/// The cell, or `None` when it cannot be read, and the name of its type for the error.
fn sqlite_cell(row: &SqliteRow, index: usize) -> (Option<Cell>, String) {
    let Ok(value) = row.try_get_raw(index) else { return (None, "nothing readable".to_owned()) };
    if value.is_null() {
        return (Some(Cell::Null), "NULL".to_owned());
    }
    let type_name = value.type_info().name().to_owned();
    let cell = match type_name.as_str() {
        "TEXT" => <String as Decode<Sqlite>>::decode(value).map(Cell::Text),
        "INTEGER" => <i64 as Decode<Sqlite>>::decode(value).map(Cell::Int),
        "REAL" => <f64 as Decode<Sqlite>>::decode(value).map(Cell::Real),
        "BLOB" => <Vec<u8> as Decode<Sqlite>>::decode(value).map(Cell::Bytes),
        _ => return (None, type_name),
    };
    (cell.ok(), type_name)
}

fn postgres_cell(row: &PgRow, index: usize) -> (Option<Cell>, String) {
    let Ok(value) = row.try_get_raw(index) else { return (None, "nothing readable".to_owned()) };
    if value.is_null() {
        return (Some(Cell::Null), "NULL".to_owned());
    }
    let type_name = value.type_info().name().to_owned();
    let cell = match type_name.as_str() {
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN" => {
            <String as Decode<Postgres>>::decode(value).map(Cell::Text)
        }
        "INT8" => <i64 as Decode<Postgres>>::decode(value).map(Cell::Int),
        "INT4" => <i32 as Decode<Postgres>>::decode(value).map(|number| Cell::Int(number.into())),
        "INT2" => <i16 as Decode<Postgres>>::decode(value).map(|number| Cell::Int(number.into())),
        "BOOL" => <bool as Decode<Postgres>>::decode(value).map(|flag| Cell::Int(flag.into())),
        "FLOAT8" => <f64 as Decode<Postgres>>::decode(value).map(Cell::Real),
        "FLOAT4" => <f32 as Decode<Postgres>>::decode(value).map(|number| Cell::Real(number.into())),
        "BYTEA" => <Vec<u8> as Decode<Postgres>>::decode(value).map(Cell::Bytes),
        _ => return (None, type_name),
    };
    (cell.ok(), type_name)
}
