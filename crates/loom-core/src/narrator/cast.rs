//! The canon's named things as the offline narrator uses them: what they are called, and what may be said of them.

use crate::canon::{Canon, Entity, EntityKind, Language};
use crate::memory::{mentions, sentences};
use crate::narrator::voice::Voice;
use crate::tokens::is_cjk;

/// Sentences longer than this are not quoted: ideographs, or words.
const LONGEST_QUOTE: usize = 70;

/// Parts of names that are words of their own in a player's line.
const COMMON_WORDS: &[&str] = &[
    "The", "Old", "New", "Mother", "Father", "Sister", "Brother", "Lady", "Lord", "Sir", "House", "Street",
    "Road",
];

/// A named thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Figure {
    /// What it is called in the story.
    pub(super) name: String,
    /// What else the canon calls it.
    aliases: Vec<String>,
    pub(super) kind: EntityKind,
    /// Sentences of the canon fit to be told.
    pub(super) told: Vec<String>,
    /// A person who can be met.
    pub(super) present: bool,
}

/// Everyone and everything, the player left out.
pub(super) fn cast(canon: &Canon, voice: &Voice, language: Language) -> Vec<Figure> {
    canon
        .entities
        .iter()
        .map(|entity| figure(entity, voice, language))
        .filter(|figure| {
            !figure.name.is_empty() && !voice.player.contains(&figure.name.to_lowercase().as_str())
        })
        .collect()
}

/// The figures a text speaks of, those named in full before those named in part.
pub(super) fn spoken_of<'a>(text: &str, figures: &'a [Figure]) -> Vec<&'a Figure> {
    let full = figures.iter().filter(|figure| figure.is_named_in_full(text));
    let part =
        figures.iter().filter(|figure| !figure.is_named_in_full(text) && figure.is_named_in_part(text));
    full.chain(part).collect()
}

impl Figure {
    pub(super) fn is_named_in_full(&self, text: &str) -> bool {
        mentions(text, &self.name) || self.aliases.iter().any(|alias| mentions(text, alias))
    }

    /// A given name, a surname, or the last two ideographs, as people shorten names.
    fn is_named_in_part(&self, text: &str) -> bool {
        let ideographs: Vec<char> = self.name.chars().filter(|character| is_cjk(*character)).collect();
        if ideographs.len() >= 3 {
            let ending: String = ideographs[ideographs.len() - 2..].iter().collect();
            return text.contains(&ending);
        }
        let mut words = self.name.split_whitespace().filter(|word| {
            word.len() >= 3 && word.starts_with(char::is_uppercase) && !COMMON_WORDS.contains(word)
        });
        words.any(|word| mentions(text, word))
    }
}

fn figure(entity: &Entity, voice: &Voice, language: Language) -> Figure {
    let plain: String = entity.name.chars().filter(|character| !"*_`".contains(*character)).collect();
    let mut names = plain
        .split(['（', '）', '(', ')', '/', '／', '、', '，', ',', '—', '|'])
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty());
    let name = names.next().unwrap_or_default();
    let gone = voice.gone.iter().any(|word| mentions(&beginning(&entity.text, language), word));
    Figure {
        name,
        aliases: names.filter(|alias| alias.chars().count() >= 2).collect(),
        kind: entity.kind,
        told: told(entity, voice, language),
        present: entity.kind == EntityKind::Character && !gone,
    }
}

/// Where a description says that somebody cannot be met: "the late", "失踪的".
fn beginning(text: &str, language: Language) -> String {
    match language {
        Language::ZhCn => text.chars().take(6).collect(),
        Language::En => text.split_whitespace().take(3).collect::<Vec<_>>().join(" "),
    }
}

/// What anyone could see: for a person only what stands first, and for anything nothing from the first sentence on that
/// tells of a secret or a wish, as what follows usually explains it.
fn told(entity: &Entity, voice: &Voice, language: Language) -> Vec<String> {
    let plain: String = entity.text.chars().filter(|character| !"*_`#".contains(*character)).collect();
    let most = if entity.kind == EntityKind::Character { 2 } else { usize::MAX };
    sentences(&plain)
        .into_iter()
        .take_while(|sentence| !voice.secret.iter().any(|word| mentions(sentence, word)))
        .filter(|sentence| super::pen::length(sentence, language) <= LONGEST_QUOTE)
        .take(most)
        .map(|sentence| finished(sentence, language))
        .collect()
}

/// With a full stop at its end and, in English, a capital at its beginning.
fn finished(sentence: &str, language: Language) -> String {
    let body = sentence.trim_end_matches(['；', ';', '，', ',', '：', ':']);
    let closed = body.ends_with(|last: char| "。！？.!?…”\"』」".contains(last));
    let stop = match (closed, language) {
        (true, _) => "",
        (false, Language::ZhCn) => "。",
        (false, Language::En) => ".",
    };
    let mut letters = body.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}{stop}", letters.as_str())
}
