//! `keeper ledger`: what happened, whether the record of it holds, and a copy of it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command's result goes to the terminal")]

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context;
use clap::Subcommand;
use keeper_core::ledger::{Anchor, Row};
use serde_json::{Value, json};

use super::{
    Invocation,
    table::{plain, table},
};
use crate::{
    state::{self, head},
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
            Self::Verify { anchors } => verify(invocation, &anchors).await,
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

async fn verify(invocation: &Invocation, anchors: &[Anchor]) -> anyhow::Result<ExitCode> {
    let state = invocation.state().await?;
    let found = state::verify(&state, anchors).await?;
    if invocation.json {
        let json = match &found {
            Ok(all) => json!({ "ok": true, "verified": all }),
            Err(broken) => json!({ "ok": false, "break": broken, "sentence": broken.to_string() }),
        };
        invocation.print_json(&json)?;
    }
    match found {
        Ok(all) => {
            if !invocation.json {
                println!(
                    "{} rows hold; {} known head(s) are in them; the head is {}",
                    all.rows, all.anchors, all.head
                );
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
