//! The configuration file: read, parsed, and asked for the line of a key.

use std::{fs, io, path::Path};

use toml::de::{DeTable, DeValue};

use super::ConfigError;

/// A parsed file.
pub(super) struct Document {
    pub(super) table: toml::Table,
    text: String,
}

/// Reads and parses; syntax errors name the line and never quote it, as it may hold a secret.
pub(super) fn read(path: &Path) -> Result<Document, ConfigError> {
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ConfigError::FileMissing { path: path.to_owned() },
        _ => ConfigError::FileUnreadable { path: path.to_owned(), reason: error.to_string() },
    })?;
    Document::parse(path, text)
}

impl Document {
    /// `path` is for the error only.
    pub(super) fn parse(path: &Path, text: String) -> Result<Self, ConfigError> {
        match toml::from_str(&text) {
            Ok(table) => Ok(Self { table, text }),
            Err(error) => {
                let (line, column) = position(&text, error.span().map_or(0, |span| span.start));
                let reason = error.message().to_owned();
                Err(ConfigError::Syntax { path: path.to_owned(), line, column, reason })
            }
        }
    }

    /// The line of a dotted key, or of the nearest section above it that is in the file. Parses the text again:
    /// for errors only.
    pub(super) fn line_of(&self, key: &str) -> Option<usize> {
        let parsed = DeTable::parse(&self.text).ok()?;
        let mut table = parsed.get_ref();
        let mut offset = None;
        for part in key.split('.') {
            let Some((name, value)) = table.iter().find(|(name, _)| name.get_ref().as_ref() == part) else {
                break;
            };
            offset = Some(name.span().start);
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                _ => break,
            }
        }
        offset.map(|at| position(&self.text, at).0)
    }
}

/// Line and column, both from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}
