//! `loom canon`.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use chassis::clock::Clock;
use clap::Subcommand;
use loom_core::canon::{self, CanonProblem, Severity};

use super::{
    Invocation,
    table::{plain, table},
};
use crate::{
    app,
    canon_dir::{self, CanonDir, Loaded},
    routes::views::{ChangeView, ProblemView, VersionView},
    store::canons,
};

/// Versions that a history shows.
const VERSIONS: i64 = 200;

/// What to do with worlds.
#[derive(Debug, Subcommand)]
pub(super) enum Canon {
    /// List the canons of the folder
    List,
    /// Check canons and list their problems with file and line; exit code 1 when one cannot be played
    Validate {
        /// Keys in the canon folder, or paths; all of the folder when none is given
        canons: Vec<String>,
        /// Also fail on warnings
        #[arg(long)]
        strict: bool,
    },
    /// Compare two versions of a canon; without hashes, the last version played and what is on disk
    Diff {
        /// Key in the canon folder
        canon: String,
        /// Hash of the older version, or its first characters
        #[arg(long)]
        from: Option<String>,
        /// Hash of the newer version, or its first characters
        #[arg(long)]
        to: Option<String>,
    },
    /// Show the versions of a canon that turns were played under
    History {
        /// Key in the canon folder
        canon: String,
    },
}

impl Canon {
    pub(super) async fn run(self, invocation: Invocation) -> anyhow::Result<ExitCode> {
        let database = app::open_database(invocation.config(), Clock::system()).await?;
        app::migrate(invocation.config(), &database).await?;
        let folder =
            CanonDir::open(&invocation.config().canon.directory, database.clone(), Clock::system()).await;
        let code = match self {
            Self::List => list(&invocation, &folder).await?,
            Self::Validate { canons, strict } => validate(&invocation, &folder, &canons, strict).await?,
            Self::Diff { canon, from, to } => {
                let versions = canons::list(&database, &canon, VERSIONS).await?;
                diff(&invocation, &folder, &canon, &versions, (from.as_deref(), to.as_deref())).await?
            }
            Self::History { canon } => {
                history(&invocation, canons::list(&database, &canon, VERSIONS).await?)?
            }
        };
        database.close().await;
        Ok(code)
    }
}

async fn list(invocation: &Invocation, folder: &CanonDir) -> anyhow::Result<ExitCode> {
    let all = folder.all().await;
    if invocation.json {
        let lines: Vec<_> = all
            .iter()
            .map(|it| {
                let hash = it.canon.as_ref().map(|canon| canon.hash.clone());
                serde_json::json!({ "key": it.key, "hash": hash, "problems": it.problems.len() })
            })
            .collect();
        invocation.print_json(&lines)?;
        return Ok(ExitCode::SUCCESS);
    }
    let row = |it: &Loaded| match &it.canon {
        Some(canon) => vec![
            it.key.clone(),
            plain(&canon.name, 40),
            canon.language.tag().to_owned(),
            plain(&canon.version, 16),
            canon.hash[..12].to_owned(),
            it.problems.len().to_string(),
        ],
        None => vec![
            it.key.clone(),
            "-".into(),
            "-".into(),
            "-".into(),
            "-".into(),
            it.problems.len().to_string(),
        ],
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    print!("{}", table(&["KEY", "NAME", "LANGUAGE", "VERSION", "HASH", "PROBLEMS"], &rows));
    Ok(ExitCode::SUCCESS)
}

/// One canon's name with its problems.
type Checked = (String, bool, Vec<CanonProblem>);

async fn validate(
    invocation: &Invocation,
    folder: &CanonDir,
    names: &[String],
    strict: bool,
) -> anyhow::Result<ExitCode> {
    let mut checked: Vec<Checked> = Vec::new();
    if names.is_empty() {
        for loaded in folder.all().await {
            checked.push((loaded.key.clone(), loaded.canon.is_some(), loaded.problems.to_vec()));
        }
        if checked.is_empty() {
            bail!("there is no canon in {}: name a path, or set `canon.directory`", folder.root().display());
        }
    }
    for name in names {
        checked.push(check_one(folder, name).await?);
    }
    let severe = |problem: &CanonProblem| match problem.severity {
        Severity::Error => true,
        Severity::Warning => strict,
        Severity::Info => false,
    };
    let failed = checked.iter().any(|(_, playable, problems)| !playable || problems.iter().any(severe));
    if invocation.json {
        let view = |(key, playable, problems): &Checked| {
            let problems: Vec<_> = problems.iter().map(ProblemView::from).collect();
            serde_json::json!({ "canon": key, "playable": playable, "problems": problems })
        };
        invocation.print_json(&checked.iter().map(view).collect::<Vec<_>>())?;
    } else {
        checked.iter().for_each(print_problems);
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn print_problems((key, playable, problems): &Checked) {
    for problem in problems {
        let severity = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        let place = format!("{key}/{}:{}:{}", problem.path, problem.line, problem.column);
        println!("{place}: {severity}[{}]: {}", problem.code, plain(&problem.message, 400));
        if !problem.hint.is_empty() {
            println!("    {}", plain(&problem.hint, 400));
        }
    }
    let verdict = if *playable { "can be played" } else { "cannot be played" };
    println!("{key}: {verdict}, {} problem(s)", problems.len());
}

/// A canon of the folder by its key, or any file or folder by its path.
async fn check_one(folder: &CanonDir, name: &str) -> anyhow::Result<Checked> {
    if let Some(loaded) = folder.get(name).await {
        return Ok((loaded.key.clone(), loaded.canon.is_some(), loaded.problems.to_vec()));
    }
    let path = PathBuf::from(name);
    let (Some(parent), Some(key)) = (path.parent(), path.file_name().and_then(|key| key.to_str())) else {
        bail!("`{name}` is neither a canon of {} nor a path", folder.root().display());
    };
    if !path.exists() {
        bail!("`{name}` is neither a canon of {} nor a path", folder.root().display());
    }
    let parent = if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() };
    let read = canon_dir::read_at(&parent, key).await;
    Ok((key.to_owned(), read.canon.is_some(), read.problems))
}

async fn diff(
    invocation: &Invocation,
    folder: &CanonDir,
    key: &str,
    versions: &[canons::CanonVersion],
    (from, to): (Option<&str>, Option<&str>),
) -> anyhow::Result<ExitCode> {
    let old = stored(versions, from)?;
    let new = match to {
        Some(_) => stored(versions, to)?,
        None => {
            let loaded =
                folder.get(key).await.with_context(|| format!("there is no canon `{key}` in the folder"))?;
            parse(key, &loaded.files)?
        }
    };
    let changes: Vec<_> = canon::diff(&old, &new).into_iter().map(ChangeView::from).collect();
    if invocation.json {
        invocation.print_json(&changes)?;
    } else if changes.is_empty() {
        println!("no difference");
    } else {
        for change in &changes {
            println!("{} {} {:?} ({}:{})", change.kind, change.what, change.title, change.path, change.line);
            println!("{}", change.unified);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn stored(versions: &[canons::CanonVersion], hash: Option<&str>) -> anyhow::Result<canon::Canon> {
    let version = versions
        .iter()
        .find(|version| hash.is_none_or(|hash| version.hash.starts_with(hash)))
        .context("no stored version matches; a version is stored when a turn is played under it")?;
    parse(&version.canon, &version.files)
}

fn parse(key: &str, files: &BTreeMap<String, String>) -> anyhow::Result<canon::Canon> {
    canon_dir::parse_files(key, files)
        .canon
        .with_context(|| format!("canon `{key}` cannot be played as it stands"))
}

fn history(invocation: &Invocation, versions: Vec<canons::CanonVersion>) -> anyhow::Result<ExitCode> {
    let versions: Vec<_> = versions.into_iter().map(VersionView::from).collect();
    if invocation.json {
        invocation.print_json(&versions)?;
        return Ok(ExitCode::SUCCESS);
    }
    let row = |it: &VersionView| {
        let commit = it.commit.clone().unwrap_or_else(|| "-".to_owned());
        vec![
            it.hash[..12].to_owned(),
            plain(&it.version, 16),
            commit,
            it.files.to_string(),
            it.first_seen_at.clone(),
        ]
    };
    let rows: Vec<_> = versions.iter().map(row).collect();
    print!("{}", table(&["HASH", "VERSION", "COMMIT", "FILES", "FIRST SEEN"], &rows));
    Ok(ExitCode::SUCCESS)
}
