//! Where the story stands: place, company, hour and mood, read back from the turns and the canon.

use fastrand::Rng;

use crate::canon::{EntityKind, Language};
use crate::memory::{Fact, mentions, sentences};
use crate::narrator::NarratorInput;
use crate::narrator::action::{self, Action, Deed};
use crate::narrator::cast::{Figure, cast, spoken_of};
use crate::narrator::voice::{Pool, Voice};

/// Turns between one hour of the day and the next.
const TURNS_PER_HOUR: u64 = 4;
/// A fact is brought up of its own accord within this many turns.
const FACT_DUE_TURNS: u64 = 3;

/// What a passage is about.
pub(super) struct Scene {
    pub(super) deed: Deed,
    pub(super) place: Option<Figure>,
    /// Whether the player came to `place` in this turn.
    pub(super) arrived: bool,
    /// Who is there to speak.
    pub(super) company: Option<Figure>,
    /// Whether they were not in the recent turns.
    pub(super) is_new: bool,
    /// Whether the player turns to them by name.
    pub(super) is_addressed: bool,
    /// What the player asked about.
    pub(super) topic: Option<Figure>,
    /// Somebody or something to speak of.
    pub(super) other: Option<Figure>,
    /// Another place.
    pub(super) elsewhere: Option<Figure>,
    /// The fact to bring up, as a clause.
    pub(super) fact: Option<String>,
    /// What tells the hour, when it has just changed.
    pub(super) hour: Option<Pool>,
    pub(super) mood: Option<Pool>,
    /// Weather that the canon knows.
    pub(super) weather: Vec<&'static str>,
}

pub(super) fn read(input: &NarratorInput<'_>, voice: &'static Voice, rng: &mut Rng) -> Scene {
    let figures = cast(input.canon, voice, input.language);
    let deed = action::read(input.story, input.language);
    let wished = format!("{}\n{}", input.story, input.directions.intents.join("\n"));
    let named = spoken_of(&wished, &figures);
    let before = place_before(input, &figures);
    let place =
        if deed.action == Action::Go { destination(input, &figures, &named, before, rng) } else { before };
    let arrived = deed.action == Action::Go && place.is_some() && place != before;

    let stays = if arrived { 0 } else { staying_percent(deed.action) };
    let (company, is_new) = company(input, &figures, &named, &deed, stays, rng);
    let is_addressed = company.is_some_and(|figure| named.contains(&figure)) && is_address(deed.action);
    let apart = |figure: &&Figure| Some(*figure) != company && Some(*figure) != place;
    let topic = named.iter().copied().find(|figure| apart(figure) && !figure.told.is_empty());
    let others: Vec<&Figure> =
        figures.iter().filter(|figure| figure.kind == EntityKind::Character && apart(figure)).collect();
    let places: Vec<&Figure> =
        figures.iter().filter(|figure| figure.kind == EntityKind::Location && apart(figure)).collect();
    Scene {
        place: place.cloned(),
        arrived,
        company: company.cloned(),
        is_new,
        is_addressed,
        topic: topic.cloned(),
        other: rng.choice(&others).map(|figure| (*figure).clone()),
        elsewhere: rng.choice(&places).map(|figure| (*figure).clone()),
        fact: due_fact(input).map(|fact| clause(fact, input.language)),
        hour: hour(input, voice),
        mood: mood(input, voice),
        weather: weather(input, voice),
        deed,
    }
}

/// Where the player went last, or else the place the opening names first.
fn place_before<'a>(input: &NarratorInput<'_>, figures: &'a [Figure]) -> Option<&'a Figure> {
    let went = input.history.iter().rev().find_map(|turn| {
        if action::read(&turn.story, input.language).action != Action::Go {
            return None;
        }
        let reached = turn.reply.split("\n\n").next().unwrap_or_default();
        first_place(&turn.story, figures).or_else(|| first_place(reached, figures))
    });
    let opening = || first_place(&input.canon.opening()?.text, figures);
    let listed = || figures.iter().find(|figure| figure.kind == EntityKind::Location);
    went.or_else(opening).or_else(listed)
}

/// The place named; else the one that the last passage pointed to; else any other.
fn destination<'a>(
    input: &NarratorInput<'_>,
    figures: &'a [Figure],
    named: &[&'a Figure],
    before: Option<&'a Figure>,
    rng: &mut Rng,
) -> Option<&'a Figure> {
    if let Some(place) = named.iter().find(|figure| figure.kind == EntityKind::Location) {
        return Some(place);
    }
    if named.iter().any(|figure| figure.present) {
        return before;
    }
    let hook = input.history.last().and_then(|turn| turn.reply.split("\n\n").last()).unwrap_or_default();
    first_place(hook, figures).filter(|place| Some(*place) != before).or_else(|| {
        let others =
            figures.iter().filter(|figure| figure.kind == EntityKind::Location && Some(*figure) != before);
        rng.choice(others.collect::<Vec<_>>())
    })
}

fn first_place<'a>(text: &str, figures: &'a [Figure]) -> Option<&'a Figure> {
    first_named(text, figures.iter().filter(|figure| figure.kind == EntityKind::Location))
}

/// The figure named first, however its name begins: a name that stands inside another counts for the longer one.
fn first_named<'a>(text: &str, figures: impl Iterator<Item = &'a Figure>) -> Option<&'a Figure> {
    let text = text.to_lowercase();
    figures
        .filter_map(|figure| {
            let name = figure.name.to_lowercase();
            text.find(&name).map(|at| (at, usize::MAX - name.len(), figure))
        })
        .min_by_key(|(at, shortness, _)| (*at, *shortness))
        .map(|(_, _, figure)| figure)
}

/// Whoever the player names; else the one who was there, this often in a hundred; else now and then someone new. A
/// player who speaks is not left alone.
fn company<'a>(
    input: &NarratorInput<'_>,
    figures: &'a [Figure],
    named: &[&'a Figure],
    deed: &Deed,
    stays_percent: u8,
    rng: &mut Rng,
) -> (Option<&'a Figure>, bool) {
    let was_there =
        |figure: &Figure| input.history.iter().rev().take(4).any(|turn| figure.is_named_in_full(&turn.reply));
    if let Some(figure) = named.iter().copied().find(|figure| figure.present) {
        return (Some(figure), !was_there(figure));
    }
    if let Some(figure) = last_company(input, figures)
        && rng.u8(0..100) < stays_percent
    {
        return (Some(figure), false);
    }
    let strangers: Vec<&Figure> =
        figures.iter().filter(|figure| figure.present && !was_there(figure)).collect();
    let comes = is_address(deed.action) || rng.u8(0..100) < 50;
    let stranger = if comes { rng.choice(&strangers).copied() } else { None };
    (stranger, stranger.is_some())
}

fn is_address(action: Action) -> bool {
    matches!(action, Action::Ask | Action::Say | Action::Give)
}

fn staying_percent(action: Action) -> u8 {
    match action {
        Action::Ask | Action::Say | Action::Give => 90,
        Action::Hide | Action::Follow | Action::Go => 20,
        _ => 55,
    }
}

fn last_company<'a>(input: &NarratorInput<'_>, figures: &'a [Figure]) -> Option<&'a Figure> {
    let middle = input.history.last()?.reply.split("\n\n").nth(1)?;
    first_named(middle, figures.iter().filter(|figure| figure.present))
}

/// A fact just set; else one that no reply has taken up yet; else one whose subject the player names.
fn due_fact<'a>(input: &NarratorInput<'a>) -> Option<&'a Fact> {
    let facts = &input.state.facts;
    let taken_up = |fact: &Fact| {
        let since = input.history.iter().filter(|turn| turn.number >= fact.turn_number);
        since.into_iter().any(|turn| mentions(&turn.reply, &fact.subject))
    };
    let young = |fact: &Fact| fact.turn_number + FACT_DUE_TURNS >= input.number;
    let waiting = facts.iter().rev().find(|fact| young(fact) && !taken_up(fact));
    waiting.or_else(|| facts.iter().rev().find(|fact| mentions(input.story, &fact.subject)))
}

/// A fact as a clause that holds its subject.
pub(super) fn clause(fact: &Fact, language: Language) -> String {
    let subject = fact.subject.trim();
    let text = sentences(&fact.text).first().copied().unwrap_or_default();
    let text = text.trim_end_matches(['。', '.', '！', '!', '；', ';', '…']);
    let first_word = text.split_whitespace().next().unwrap_or_default();
    match language {
        Language::ZhCn if mentions(text, subject) => text.to_owned(),
        Language::ZhCn if text.starts_with(ZH_PREDICATES) => format!("{subject}{text}"),
        Language::ZhCn => format!("关于{subject}，{text}"),
        Language::En if mentions(text, subject) => uncapitalised(text),
        Language::En if EN_PREDICATES.contains(&first_word) => format!("{} {text}", with_article(subject)),
        Language::En => format!("as for {}, {}", with_article(subject), uncapitalised(text)),
    }
}

const ZH_PREDICATES: &[char] =
    &['是', '在', '有', '已', '被', '不', '没', '会', '能', '了', '就', '只', '从', '正', '仍', '再'];
const EN_PREDICATES: &[&str] = &[
    "is",
    "are",
    "was",
    "were",
    "has",
    "have",
    "had",
    "can",
    "cannot",
    "will",
    "does",
    "no",
    "never",
    "now",
    "once",
    "belongs",
    "lies",
    "stands",
    "opens",
    "knows",
    "remembers",
    "hangs",
    "holds",
    "must",
];

fn uncapitalised(text: &str) -> String {
    let common = [
        "The ", "A ", "An ", "There ", "It ", "Her ", "His ", "Their ", "Nobody ", "Every ", "All ", "This ",
    ];
    match common.iter().find(|word| text.starts_with(**word)) {
        Some(word) => format!("{}{}", word.to_lowercase(), &text[word.len()..]),
        None => text.to_owned(),
    }
}

fn with_article(subject: &str) -> String {
    let determined = ["the ", "a ", "an ", "my ", "your ", "his ", "her ", "their "];
    let subject = uncapitalised(subject);
    let common_noun = subject.starts_with(|first: char| first.is_lowercase());
    if common_noun && !determined.iter().any(|word| subject.starts_with(word)) {
        return format!("the {subject}");
    }
    subject
}

/// The day moves on from the hour in which the opening is set.
fn hour(input: &NarratorInput<'_>, voice: &'static Voice) -> Option<Pool> {
    let turns = input.number.saturating_sub(1);
    if turns == 0 || !turns.is_multiple_of(TURNS_PER_HOUR) {
        return None;
    }
    let opening = input.canon.opening().map_or("", |section| section.text.as_str());
    let start = voice
        .hours
        .iter()
        .enumerate()
        .flat_map(|(position, (words, _))| words.iter().map(move |word| (position, *word)))
        .filter_map(|(position, word)| opening.find(word).map(|at| (at, usize::MAX - word.len(), position)))
        .min()
        .map_or(0, |(_, _, position)| position);
    let passed = usize::try_from(turns / TURNS_PER_HOUR).unwrap_or(0);
    Some(voice.hours[(start + passed) % voice.hours.len()].1)
}

/// The pool that shares most words with the tone the player asked for.
fn mood(input: &NarratorInput<'_>, voice: &'static Voice) -> Option<Pool> {
    let text = input.state.tone.as_deref()?.to_lowercase();
    let score = |words: Pool| -> usize {
        let wanted = words.iter().filter(|word| is_wanted(&text, word));
        wanted.map(|word| word.chars().count().min(3)).sum()
    };
    voice
        .mood
        .iter()
        .map(|(words, pool)| (score(words), *pool))
        .filter(|(score, _)| *score > 0)
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, pool)| pool)
}

/// Whether a tone names a word, and does not name it to be spared it.
fn is_wanted(text: &str, word: &str) -> bool {
    mentions(text, word)
        && text.match_indices(word).any(|(at, _)| {
            let before = text[..at].trim_end();
            !before.ends_with(['不', '别', '少', '非', '要'])
                && !["not", "no", "less", "without", "never", "too"].iter().any(|word| before.ends_with(word))
        })
}

/// The weather of the words that the canon itself uses more than once.
fn weather(input: &NarratorInput<'_>, voice: &'static Voice) -> Vec<&'static str> {
    let known = |word: &str| {
        let entities = input.canon.entities.iter().map(|entity| &entity.text);
        let sections = input.canon.sections.iter().map(|section| &section.text);
        word.is_empty() || sections.chain(entities).filter(|text| mentions(text, word)).nth(1).is_some()
    };
    voice.weather.iter().filter(|(word, _)| known(word)).flat_map(|(_, pool)| pool.iter().copied()).collect()
}
