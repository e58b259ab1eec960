//! `chimera explain`: every term, input and weight of a score, so that it can be made again by hand.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use chimera_core::{
    explain::{self, Explanation},
    report::Review,
    score::PlayerScore,
};
use clap::Args;
use serde_json::json;
use storage::Database;

use super::{
    Invocation,
    records::{Documents, puuid_of},
};
use crate::{
    static_data::{LANGUAGES, Library},
    store::analyses::{self, AnalysisKey},
};

/// Flags of `chimera explain`.
#[derive(Args, Debug)]
#[command(override_usage = "chimera explain MATCH PLAYER\n       \
                            chimera explain --match FILE [--timeline FILE] PLAYER")]
pub(super) struct Explain {
    /// A stored match, such as NA1_4567890123 (not with --match), and the player: a PUUID, Name#TAG, or a champion
    /// that only one player had; a PUUID that begins with a dash goes after `--`
    #[arg(value_name = "MATCH PLAYER", required = true, num_args = 1..=2)]
    words: Vec<String>,
    /// The match from a file, as Riot's Match-V5 gives it
    #[arg(long = "match", value_name = "FILE")]
    match_file: Option<PathBuf>,
    /// Its timeline
    #[arg(long = "timeline", value_name = "FILE", requires = "match_file")]
    timeline_file: Option<PathBuf>,
}

impl Explain {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        match (self.words.as_slice(), &self.match_file) {
            ([player], Some(file)) => {
                let documents = Documents::read(file, self.timeline_file.as_ref())?;
                let (explanation, _) = explained(invocation, &documents, player)?;
                print(invocation, &explanation, None)
            }
            ([match_id, player], None) => {
                let database = invocation.database().await?;
                let documents = Documents::stored(&database, match_id).await?;
                let (explanation, puuid) = explained(invocation, &documents, player)?;
                let stored = stored_score(&database, match_id, &puuid).await?;
                database.close().await;
                let agreement = stored.map(|stored| agreement(&stored, &explanation));
                print(invocation, &explanation, agreement)
            }
            ([_], None) => bail!("name a match and a player, or a file with --match and a player"),
            _ => bail!("the match is in the file already; name only the player"),
        }
    }
}

fn explained(
    invocation: &Invocation,
    documents: &Documents,
    player: &str,
) -> anyhow::Result<(Explanation, String)> {
    let library = Library::open(&invocation.config().static_data)?;
    let found = documents.record()?;
    let timeline = documents.timeline(&found)?;
    let names = LANGUAGES.map(|language| library.names(language));
    let puuid = puuid_of(&found, player, &names.each_ref().map(AsRef::as_ref))?;
    Ok((explain::explain(&found, timeline.as_ref(), &puuid)?, puuid))
}

/// The score of the finished review, where there is one.
async fn stored_score(
    database: &Database,
    match_id: &str,
    puuid: &str,
) -> anyhow::Result<Option<(String, PlayerScore)>> {
    let key =
        AnalysisKey { match_id: match_id.to_owned(), puuid: puuid.to_owned(), kind: "analyze".to_owned() };
    let finished = analyses::find(database, &key).await?.and_then(|analysis| analysis.finished);
    let Some(finished) = finished else { return Ok(None) };
    let review: Review =
        serde_json::from_str(&finished.score_json).context("the stored review cannot be read")?;
    Ok(Some((review.version, review.score)))
}

/// Whether a stored score is what its own inputs give, and what this program gives today: bit for bit.
fn agreement((version, stored): &(String, PlayerScore), now: &Explanation) -> Result<String, String> {
    explain::redo(stored)
        .map_err(|difference| format!("the stored score is not what its inputs give: {difference}"))?;
    if *version != now.version {
        return Ok(format!("the stored score is of version {version} and agrees with its own inputs"));
    }
    let is_same = stored.total.map(f64::to_bits) == now.total.map(f64::to_bits)
        && stored.dimensions.len() == now.dimensions.len()
        && stored.dimensions.iter().zip(&now.dimensions).all(|(stored, now)| {
            stored.dimension == now.dimension && stored.value.to_bits() == now.value.to_bits()
        });
    if is_same {
        Ok("the stored score is the same, bit for bit".to_owned())
    } else {
        Err(format!("the stored score is another one: its total is {:?}", stored.total))
    }
}

fn print(
    invocation: &Invocation,
    explanation: &Explanation,
    agreement: Option<Result<String, String>>,
) -> anyhow::Result<ExitCode> {
    let is_good = !matches!(agreement, Some(Err(_)));
    let words = agreement.map(|agreement| agreement.unwrap_or_else(|difference| difference));
    if invocation.json {
        invocation.print_json(&json!({
            "explanation": explanation, "stored": words, "stored_agrees": words.is_some().then_some(is_good),
        }))?;
    } else {
        print!("{}", explanation.text());
        words.iter().for_each(|words| println!("\n{words}"));
    }
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::from(3) })
}
