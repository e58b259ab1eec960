//! The sessions in what came out of a repository: only what is found there may be cleaned up in the service.

use std::{
    io::{self, Write},
    path::Path,
};

use anyhow::Context;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::{
    backup::{
        freeze::sqlite::engine,
        record::{Item, Kind},
        server,
    },
    process,
    store::foreign::sessions,
};

/// A line of a dump that is longer holds no session.
const LINE_BYTES: usize = 64 << 20;

/// The keys of the sessions in a restored database; none where it is no database, or has no table `sessions` with a
/// key. For [`proved_sessions::put`](crate::store::proved_sessions::put), once the proof was good.
pub async fn sessions(
    item: &Item,
    restored: &Path,
    stop: &CancellationToken,
) -> anyhow::Result<Option<Vec<String>>> {
    let found = match item.kind {
        Kind::Folder | Kind::Command => return Ok(None),
        Kind::Sqlite => in_file(restored).await,
        Kind::Postgres => in_dump(restored, stop).await,
    };
    found.with_context(|| format!("reading the sessions of {}", item.at))
}

async fn in_file(restored: &Path) -> anyhow::Result<Option<Vec<String>>> {
    let path = restored.to_owned();
    let read = move || sessions::ids_in_file(&engine::open_still(&path)?);
    Ok(tokio::task::spawn_blocking(read).await??)
}

/// By `pg_restore`, which reads this table out of the dump without a server.
async fn in_dump(restored: &Path, stop: &CancellationToken) -> anyhow::Result<Option<Vec<String>>> {
    let mut command = Command::new("pg_restore");
    command.args(["--data-only", "--schema=public", "--table=sessions", "--file=-"]).arg(restored);
    let rows = CopiedKeys::default();
    let (finished, rows) =
        process::run_into(command, &server::limits(), rows, stop).await.context("starting pg_restore")?;
    server::check_end("pg_restore", &finished)?;
    Ok(rows.keys)
}

/// Reads the column `id` out of the text that `COPY` takes.
#[derive(Debug, Default)]
struct CopiedKeys {
    line: Vec<u8>,
    /// Place of the key in the rows that follow; none outside of them.
    place: Option<usize>,
    /// None before the table was met.
    keys: Option<Vec<String>>,
}

impl CopiedKeys {
    fn end_of_line(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        match self.place {
            Some(_) if line == b"\\." => self.place = None,
            Some(place) => {
                let key = line.split(|byte| *byte == b'\t').nth(place).unwrap_or_default();
                let key = String::from_utf8(unescaped(key))
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
                self.keys.get_or_insert_default().push(key);
            }
            None => {
                let columns = std::str::from_utf8(&line).ok().and_then(|line| {
                    let rest = line.strip_prefix("COPY public.sessions (")?;
                    rest.strip_suffix(") FROM stdin;")
                });
                self.place = columns.and_then(|columns| columns.split(", ").position(|name| name == "id"));
                if self.place.is_some() {
                    self.keys.get_or_insert_default();
                }
            }
        }
        Ok(())
    }
}

impl Write for CopiedKeys {
    fn write(&mut self, block: &[u8]) -> io::Result<usize> {
        for part in block.split_inclusive(|byte| *byte == b'\n') {
            match part.strip_suffix(b"\n") {
                Some(end) => {
                    self.line.extend_from_slice(end);
                    self.end_of_line()?;
                }
                None => self.line.extend_from_slice(part),
            }
            if self.line.len() > LINE_BYTES {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a line of the dump is too long"));
            }
        }
        Ok(block.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Text as it was before `COPY` wrote it.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = text.iter().copied();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'r') => b'\r',
                Some(b'b') => 8,
                Some(b'f') => 12,
                Some(b'v') => 11,
                Some(other) => other,
                None => b'\\',
            },
            byte => byte,
        });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&[&str]>) {
        for size in [1, 3, 1_000] {
            let mut rows = CopiedKeys::default();
            text.as_bytes().chunks(size).for_each(|block| rows.write_all(block).unwrap());
            let expected = expected.map(|keys| keys.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(rows.keys, expected, "{text}");
        }
    }

    #[test]
    fn keys_are_read_out_of_a_dump() {
        check(
            "SET x;\n\nCOPY public.sessions (id, name) FROM stdin;\na\tb\nc\\\\\\td\te\n\\.\n",
            Some(&["a", "c\\\td"]),
        );
        check("COPY public.sessions (name, id) FROM stdin;\nb\ta\n\\.\nc\td\n", Some(&["a"]));
        check("COPY public.sessions (id) FROM stdin;\n\\.\n", Some(&[]));
        check("COPY public.sessions (name) FROM stdin;\na\n\\.\n", None);
        check("COPY public.sessions_old (id) FROM stdin;\na\n\\.\n", None);
        check("", None);
    }
}
