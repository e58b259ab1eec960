//! `keeper ledger`: what happened, whether the record of it holds, and a copy of it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command's result goes to the terminal")]

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, ensure};
use clap::Subcommand;
use keeper_core::ledger::{Anchor, Row};
use serde_json::{Value, json};

use super::{
    Invocation,
    table::{plain, table},
};
use crate::{
    state::{self, Known, head},
    store::ledger_rows,
};

/// What to do with the ledger.
#[derive(Debug, Subcommand)]
pub(super) enum Ledger {
    /// Show the newest rows, oldest of them first
    List {
        /// How many
        #[arg(long, value_name = "NUMBER", default_value_t = 20)]
        last: u32,
    },
    /// Check every row, and that no known head is missing
    Verify {
        /// A head from a log or another place, as NUMBER:HASH; may be repeated
        #[arg(long = "anchor", value_name = "NUMBER:HASH", value_parser = anchor)]
        anchors: Vec<Anchor>,
        /// A log of keeper's, whose heads must be in the ledger too; may be repeated
        #[arg(long = "log", value_name = "FILE")]
        logs: Vec<PathBuf>,
    },
    /// Write every row as a line of JSON
    Export {
        /// New file to write, instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

fn anchor(text: &str) -> Result<Anchor, String> {
    head::parse(text).ok_or_else(|| "write NUMBER:HASH, as `keeper ledger verify` prints it".to_owned())
}

impl Ledger {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { last } => list(invocation, last).await,
            Self::Verify { anchors, logs } => verify(invocation, &anchors, &logs).await,
            Self::Export { output } => export(invocation, output).await,
        }
    }
}

async fn list(invocation: &Invocation, last: u32) -> anyhow::Result<ExitCode> {
    let state = invocation.state().await?;
    let mut rows = ledger_rows::newest(&state.database, last).await?;
    rows.reverse();
    if invocation.json {
        let rows: Vec<Value> = rows.iter().map(as_json).collect();
        invocation.print_json(&rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    let cells = |row: &Row| {
        let body: Value = serde_json::from_str(&row.body).unwrap_or_default();
        let event = body.get("event").and_then(Value::as_str).unwrap_or("?").to_owned();
        vec![row.seq.to_string(), row.at.to_string(), event, plain(&what(&body), 100)]
    };
    let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
    print!("{}", table(&["ROW", "AT", "EVENT", "WHAT"], &rows));
    Ok(ExitCode::SUCCESS)
}

/// The values of an event in a line.
fn what(body: &Value) -> String {
    let fields = body.as_object().into_iter().flatten();
    let told = fields.filter(|(key, value)| *key != "event" && !value.is_null());
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    told.map(|(key, value)| format!("{key}={}", text(value))).collect::<Vec<_>>().join(" ")
}

fn as_json(row: &Row) -> Value {
    let body: Value = serde_json::from_str(&row.body).unwrap_or_else(|_| Value::String(row.body.clone()));
    json!({ "seq": row.seq, "at": row.at, "body": body, "previous": row.previous, "hash": row.hash })
}

async fn verify(invocation: &Invocation, anchors: &[Anchor], logs: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let state = invocation.state().await?;
    let mut given: Vec<Known> = anchors
        .iter()
        .map(|anchor| Known { place: "the command line".to_owned(), anchor: *anchor })
        .collect();
    for path in logs {
        let heads = head::in_log(path).with_context(|| format!("reading {}", path.display()))?;
        ensure!(!heads.is_empty(), "{} holds no head of a ledger", path.display());
        let place = path.display().to_string();
        given.extend(heads.into_iter().map(|anchor| Known { place: place.clone(), anchor }));
    }
    let anchors: Vec<Anchor> = given.iter().map(|known| known.anchor).collect();
    let found = state::verify(&state, &anchors).await?;
    let against: Vec<Known> = state::known(&state)?.into_iter().chain(given).collect();
    if invocation.json {
        let json = match &found {
            Ok(all) => json!({ "ok": true, "verified": all, "against": against }),
            Err(broken) => {
                json!({ "ok": false, "break": broken, "sentence": broken.to_string(), "against": against })
            }
        };
        invocation.print_json(&json)?;
    }
    match found {
        Ok(all) => {
            if !invocation.json {
                println!("{} rows hold; the head is {}", all.rows, all.head);
                println!("{}", told(&against));
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(broken) => {
            if !invocation.json {
                println!("the ledger does not hold: {broken}");
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

/// The places of the heads that were looked for, each with its newest one.
fn told(against: &[Known]) -> String {
    let mut places: BTreeMap<&str, (usize, Anchor)> = BTreeMap::new();
    for Known { place, anchor } in against {
        let (count, newest) = places.entry(place).or_insert((0, *anchor));
        *count += 1;
        *newest = if anchor.seq > newest.seq { *anchor } else { *newest };
    }
    let line = |(place, (count, newest)): (&str, (usize, Anchor))| match count {
        1 => format!("row {} is that of {place}", newest.seq),
        _ => format!("{count} rows up to {} are those of {place}", newest.seq),
    };
    if places.is_empty() {
        return "no head is known from outside, so a cut tail would not be missed".to_owned();
    }
    places.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

async fn export(invocation: &Invocation, output: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let state = invocation.state().await?;
    let mut target: Box<dyn Write + Send> = match &output {
        Some(path) => {
            let file = File::create_new(path).with_context(|| format!("writing {}", path.display()))?;
            Box::new(BufWriter::new(file))
        }
        None => Box::new(BufWriter::new(io::stdout())),
    };
    let mut count = 0_u64;
    state
        .each_batch(|rows| {
            for row in &rows {
                serde_json::to_writer(&mut target, row)?;
                target.write_all(b"\n")?;
            }
            count += rows.len() as u64;
            Ok(())
        })
        .await?;
    target.flush()?;
    if let Some(path) = output {
        eprintln!("{count} rows in {}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}
