//! `chimera analyze`: the review of a match from files, without Discord, Riot, a database or a model.

use std::{path::PathBuf, process::ExitCode};

use chimera_core::{
    fact_sheet::FactSheet,
    names::Language,
    narrative::{self, Style},
    report,
};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::{
    Invocation, card_text,
    records::{Documents, puuid_of},
    static_data::Lang,
};
use crate::{
    discord::cards::{self, Look, ReviewExtras},
    static_data::{LANGUAGES, Library},
};

/// Flags of `chimera analyze`.
#[derive(Args, Debug)]
pub(super) struct Analyze {
    /// The match as Riot's Match-V5 gives it
    #[arg(long = "match", value_name = "FILE")]
    match_file: PathBuf,
    /// Its timeline; without one the review says what is missing
    #[arg(long = "timeline", value_name = "FILE")]
    timeline_file: Option<PathBuf>,
    /// Whom to review: a PUUID, Name#TAG, or a champion that only one player had
    #[arg(long, value_name = "PLAYER", allow_hyphen_values = true)]
    puuid: String,
    /// Language of the review
    #[arg(long, ignore_case = true, default_value = "zh-CN")]
    lang: Lang,
    /// Review the player's team
    #[arg(long)]
    team: bool,
    /// How the reader is spoken to
    #[arg(long, default_value = "balanced")]
    tone: ToneFlag,
    /// How much is said
    #[arg(long, default_value = "detailed")]
    detail: DetailFlag,
    /// Leave emoji and block characters out
    #[arg(long)]
    ascii: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ToneFlag {
    Competitive,
    Casual,
    Balanced,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DetailFlag {
    Concise,
    Detailed,
}

impl Analyze {
    pub(super) fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let library = Library::open(&invocation.config().static_data)?;
        let documents = Documents::read(&self.match_file, self.timeline_file.as_ref())?;
        let found = documents.record()?;
        let timeline = documents.timeline(&found)?;
        let all = LANGUAGES.map(|language| library.names(language));
        let puuid = puuid_of(&found, &self.puuid, &all.each_ref().map(AsRef::as_ref))?;
        let language = Language::from(self.lang);
        let names = library.names(language);
        let look = Look::new(&names, self.ascii);
        let style = self.style();
        let (document, narrative, message) = if self.team {
            let review = report::team_review(&found, timeline.as_ref(), &puuid)?;
            let sheet = FactSheet::of_team(&review, &names, language);
            let narrative = narrative::template(&sheet, style).text;
            let message = cards::team(&review, &extras(&narrative), &look);
            (serde_json::to_value(&review)?, narrative, message)
        } else {
            let review = report::review(&found, timeline.as_ref(), &puuid)?;
            let sheet = FactSheet::of_review(&review, &names, language);
            let narrative = narrative::template(&sheet, style).text;
            let message = cards::review(&review, &extras(&narrative), &look);
            (serde_json::to_value(&review)?, narrative, message)
        };
        if invocation.json {
            invocation.print_json(&json!({
                "review": document,
                "narrative": { "text": narrative, "language": language, "source": "template" },
            }))?;
        } else {
            print!("{}", card_text::of(&message));
        }
        Ok(ExitCode::SUCCESS)
    }

    fn style(&self) -> Style {
        let tone = match self.tone {
            ToneFlag::Competitive => narrative::Tone::Competitive,
            ToneFlag::Casual => narrative::Tone::Casual,
            ToneFlag::Balanced => narrative::Tone::Balanced,
        };
        let detail = match self.detail {
            DetailFlag::Concise => narrative::Detail::Concise,
            DetailFlag::Detailed => narrative::Detail::Detailed,
        };
        Style { tone, detail }
    }
}

fn extras(narrative: &str) -> ReviewExtras<'_> {
    ReviewExtras { narrative, shows_timeline: true, ..ReviewExtras::default() }
}
