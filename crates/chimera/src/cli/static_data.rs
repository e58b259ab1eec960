//! `chimera static sync` and `chimera arena sync`: bring the tables of names up to date.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::{Invocation, files};
use crate::static_data::{
    Incoming, Kind, LANGUAGES, Language, Source, Synced, check_arena_patch, read_shape, sync_arena,
    sync_table,
};

/// A whole champion list with all spells has some ten megabytes.
const FILE_LIMIT_BYTES: u64 = 32 * 1024 * 1024;

/// A language by its tag.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Lang {
    /// Simplified Chinese
    #[value(name = "zh-CN")]
    ZhCn,
    /// English
    En,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::ZhCn => Self::ZhCn,
            Lang::En => Self::En,
        }
    }
}

/// Names of champions, items, runes and spells.
#[derive(Debug, Subcommand)]
pub(super) enum Static {
    /// Write the tables of names from Data Dragon
    Sync(StaticSync),
}

/// Flags of `chimera static sync`.
#[derive(Args, Debug)]
pub(super) struct StaticSync {
    /// `latest`, or a patch such as 16.3; with --file only for files that do not name theirs
    patch: Option<String>,
    /// Only this language
    #[arg(long, ignore_case = true)]
    lang: Option<Lang>,
    /// Read champion.json, item.json, runesReforged.json or summoner.json instead of fetching; may be repeated
    #[arg(long, value_name = "FILE", requires = "lang")]
    file: Vec<PathBuf>,
}

/// Names of Arena augments.
#[derive(Debug, Subcommand)]
pub(super) enum Arena {
    /// Write the table of augments from CommunityDragon
    Sync(ArenaSync),
}

/// Flags of `chimera arena sync`.
#[derive(Args, Debug)]
pub(super) struct ArenaSync {
    /// The patch; has to be the one that ARENA_DATA_VERSION locks the program to
    patch: String,
    /// Which table
    #[arg(long, ignore_case = true, default_value = "zh-CN")]
    lang: Lang,
    /// Read arena/<language>.json or cherry-augments.json instead of fetching
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Static {
    pub(super) async fn run(self, invocation: Invocation) -> anyhow::Result<ExitCode> {
        let Self::Sync(sync) = self;
        let synced = if sync.file.is_empty() {
            fetch_all(&invocation, &sync).await?
        } else {
            read_all(&invocation, &sync)?
        };
        report(&invocation, &synced)
    }
}

fn read_all(invocation: &Invocation, sync: &StaticSync) -> anyhow::Result<Vec<Synced>> {
    let folder = &invocation.config().static_data.directory;
    let language = sync.lang.map_or(Language::ZhCn, Language::from);
    let mut synced = Vec::new();
    for path in &sync.file {
        let taken =
            incoming(path).and_then(|incoming| sync_table(folder, language, sync.patch.as_deref(), incoming));
        synced.push(taken.with_context(|| format!("cannot take {}", path.display()))?);
    }
    Ok(synced)
}

async fn fetch_all(invocation: &Invocation, sync: &StaticSync) -> anyhow::Result<Vec<Synced>> {
    let settings = &invocation.config().static_data;
    let Some(patch) = &sync.patch else {
        bail!("name a patch, such as `chimera static sync latest`, or files with `--lang LANG --file FILE`");
    };
    let source = Source::new(settings)?;
    let patch = source.data_dragon_patch(patch).await?;
    let languages: Vec<Language> = sync.lang.map_or(LANGUAGES.to_vec(), |lang| vec![lang.into()]);
    // All are fetched before any is written.
    let mut fetched = Vec::new();
    for language in languages {
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Augments) {
            let body = source.data_dragon(&patch, kind, language).await?;
            let incoming =
                read_shape(&body).with_context(|| format!("Data Dragon's {} cannot be read", kind.name()))?;
            fetched.push((language, incoming));
        }
    }
    fetched
        .into_iter()
        .map(|(language, incoming)| sync_table(&settings.directory, language, Some(&patch), incoming))
        .collect()
}

impl Arena {
    pub(super) async fn run(self, invocation: Invocation) -> anyhow::Result<ExitCode> {
        let Self::Sync(sync) = self;
        let settings = &invocation.config().static_data;
        let language = Language::from(sync.lang);
        check_arena_patch(&sync.patch, &settings.arena_version)?;
        let synced = match &sync.file {
            Some(path) => {
                let incoming = incoming(path)?;
                sync_arena(&settings.directory, language, &sync.patch, &settings.arena_version, incoming)
                    .with_context(|| format!("cannot take {}", path.display()))?
            }
            None => {
                let body = Source::new(settings)?.arena(&sync.patch, language).await?;
                let incoming = read_shape(&body).context("CommunityDragon's list cannot be read")?;
                sync_arena(&settings.directory, language, &sync.patch, &settings.arena_version, incoming)?
            }
        };
        report(&invocation, &[synced])
    }
}

fn incoming(path: &std::path::Path) -> anyhow::Result<Incoming> {
    let bytes = files::read(path, FILE_LIMIT_BYTES)?;
    read_shape(&bytes).with_context(|| format!("cannot take {}", path.display()))
}

fn report(invocation: &Invocation, synced: &[Synced]) -> anyhow::Result<ExitCode> {
    if invocation.json {
        let lines: Vec<_> = synced
            .iter()
            .map(|it| {
                json!({
                    "file": it.path, "version": it.version, "entries": it.entries, "added": it.added,
                    "renamed": it.renamed,
                })
            })
            .collect();
        invocation.print_json(&lines)?;
        return Ok(ExitCode::SUCCESS);
    }
    for it in synced {
        println!(
            "{}: patch {}, {} names, {} of them new, {} changed",
            it.path.display(),
            it.version,
            it.entries,
            it.added,
            it.renamed
        );
    }
    Ok(ExitCode::SUCCESS)
}
