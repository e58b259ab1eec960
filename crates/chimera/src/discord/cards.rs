//! Cards: pure functions from what happened to a message that fits every limit, in both languages.

use chimera_core::{
    names::Names,
    report::{Outcome, PlayerFacts},
};
use ui::Language;

use crate::discord::{markdown, texts};

mod accounts;
mod build;
mod evidence;
mod explain;
mod figures;
mod help;
mod lineup;
mod profile;
mod progress;
mod review;
mod settings;
mod team;
mod trouble;

pub(crate) use self::accounts::{plain_riot_name, region, riot_name};
pub use self::{
    accounts::{account_list, already_bound, bound, confirm_removal, unbound},
    explain::explanation,
    help::help,
    profile::{confirm_forgetting, forgotten, profile},
    progress::{done, in_progress, progress},
    review::{ReviewExtras, review},
    settings::{Draft, settings},
    team::team,
    trouble::{Trouble, trouble},
};

/// Information.
const BLUE: u32 = 0x0034_98DB;
/// Success, and a victory.
const GREEN: u32 = 0x002E_CC71;
/// Warnings.
const ORANGE: u32 = 0x00F3_9C12;
/// Errors, and a defeat.
const RED: u32 = 0x00E7_4C3C;
/// Work under way.
const PURPLE: u32 = 0x009B_59B6;
/// Arena.
const BLURPLE: u32 = 0x0058_65F2;
/// A match that counts for nobody.
const GREY: u32 = 0x0095_A5A6;

/// How cards are written for one reader.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The words.
    pub language: Language,
    /// The names of champions, items and so on, in the same language.
    pub names: &'a Names,
    /// Leaves emoji and block characters out, for screens that cannot show them.
    pub is_ascii: bool,
}

impl<'a> Look<'a> {
    /// In the language of the names.
    pub fn new(names: &'a Names, is_ascii: bool) -> Self {
        Self { language: texts::language_of(names.language()), names, is_ascii }
    }
}

impl Look<'_> {
    fn text(&self, id: &str) -> String {
        texts::text(self.language, id)
    }

    fn text_with(&self, id: &str, arguments: &[(&str, ui::Arg<'_>)]) -> String {
        texts::text_with(self.language, id, arguments)
    }

    /// A heading with its emoji, where emoji are wanted.
    fn heading(&self, emoji: &str, id: &str) -> String {
        if self.is_ascii { self.text(id) } else { format!("{emoji} {}", self.text(id)) }
    }

    fn emoji(&self, emoji: &'static str) -> Option<&'static str> {
        (!self.is_ascii).then_some(emoji)
    }

    /// A list of names; nothing for an empty one.
    fn joined(&self, names: impl IntoIterator<Item = String>) -> String {
        let separator = if self.language == Language::ZhCn { "、" } else { ", " };
        names.into_iter().collect::<Vec<_>>().join(separator)
    }

    fn champion(&self, player: &PlayerFacts) -> String {
        self.champion_of(player.champion_id, &player.champion_key)
    }

    fn champion_of(&self, id: u32, key: &str) -> String {
        markdown::name(&self.names.champion_of(id, key))
    }
}

fn outcome_text(language: Language, outcome: Outcome) -> String {
    match outcome {
        Outcome::Win => texts::text(language, "outcome-win"),
        Outcome::Loss => texts::text(language, "outcome-loss"),
        Outcome::Remake => texts::text(language, "outcome-remake"),
        Outcome::Placement(place) => {
            texts::text_with(language, "outcome-placement", &[("place", u32::from(place).into())])
        }
        Outcome::Unknown => texts::text(language, "outcome-unknown"),
    }
}

fn outcome_colour(outcome: Outcome) -> u32 {
    match outcome {
        Outcome::Win => GREEN,
        Outcome::Loss => RED,
        Outcome::Remake => GREY,
        Outcome::Placement(_) => BLURPLE,
        Outcome::Unknown => BLUE,
    }
}
