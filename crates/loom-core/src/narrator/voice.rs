//! The words of the offline narrator, by language and occasion.
//!
//! A template may hold slots: `{name}` a person present, `{other}` a person or thing spoken of, `{place}` where the scene
//! is, `{elsewhere}` another place, `{thing}` what the player handles, `{desc}` a sentence of the canon, `{said}` the
//! same with a comma at its end, `{fact}` a fact of the story as a clause. One whose slots cannot all be filled is passed over.

use crate::canon::Language;
use crate::narrator::action::Action;

mod en;
mod en_deeds;
mod zh;
mod zh_deeds;

/// Templates for one occasion.
pub(super) type Pool = &'static [&'static str];

/// All occasions of one language.
pub(super) struct Voice {
    /// What comes of what the player does.
    pub(super) deed: fn(Action) -> Pool,
    /// The same with `{thing}`.
    pub(super) deed_with_thing: fn(Action) -> Pool,
    /// Coming to `{place}`.
    pub(super) arrive: Pool,
    /// Staying at `{place}`.
    pub(super) remain: Pool,
    /// `{name}` enters the story.
    pub(super) newcomer: Pool,
    /// `{name}`, whom the player turned to, turns to the player.
    pub(super) addressed: Pool,
    /// `{name}` does something small.
    pub(super) gesture: Pool,
    /// `{name}` speaks unasked.
    pub(super) line: Pool,
    /// `{name}` evades a question.
    pub(super) reply: Pool,
    /// `{name}` tells `{desc}` about `{other}`.
    pub(super) reply_about: Pool,
    /// Something happens.
    pub(super) event: Pool,
    /// Weather and surroundings, by a word the canon itself uses; the empty word goes with every canon.
    pub(super) weather: &'static [(&'static str, Pool)],
    /// The hours as they pass, from dusk, each with the words that tell it.
    pub(super) hours: [(Pool, Pool); 6],
    /// By words of a tone.
    pub(super) mood: &'static [(Pool, Pool)],
    /// A `{fact}` is brought up.
    pub(super) fact: Pool,
    /// Something to act on.
    pub(super) hook: Pool,
    /// Words in an entity's text that tell what a player should find out alone.
    pub(super) secret: Pool,
    /// Words that tell that somebody cannot be met.
    pub(super) gone: Pool,
    /// Names that mean the player.
    pub(super) player: Pool,
}

pub(super) fn voice(language: Language) -> &'static Voice {
    match language {
        Language::ZhCn => &zh::VOICE,
        Language::En => &en::VOICE,
    }
}
