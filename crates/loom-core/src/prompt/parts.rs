//! Everything that could go into a request, and the joining of what was chosen.

use crate::prompt::budget::Choice;
use crate::prompt::wording;
use crate::prompt::{
    DropReason, Dropped, MessageRole, Part, PartKind, PartSource, Prompt, PromptInput, PromptMessage,
};
use crate::session::PastTurn;

/// What chat formats add around one message and around a whole request, after OpenAI's published count.
pub(super) const TOKENS_PER_MESSAGE: usize = 4;
pub(super) const TOKENS_PER_REQUEST: usize = 3;

/// All parts in prompt order, none dropped yet; `message` is filled in when they are joined.
pub(super) struct Candidates {
    pub(super) contract: Part,
    pub(super) canon_heading: Part,
    pub(super) canon: Vec<Part>,
    pub(super) rules_heading: Part,
    pub(super) rules: Vec<Part>,
    /// The prose a session begins with, which the player has read.
    pub(super) opening: Option<Part>,
    pub(super) summary: Option<Part>,
    pub(super) history: Vec<HistoryTurn>,
    pub(super) facts_heading: Part,
    pub(super) facts: Vec<Part>,
    /// Tone, directions, the heading above the player's words if anything is before them, and the words.
    pub(super) tail: Vec<Part>,
}

/// A past turn's two parts.
pub(super) struct HistoryTurn {
    pub(super) number: u64,
    pub(super) parts: [Part; 2],
    /// Set when it is out whatever the budget.
    pub(super) excluded: Option<DropReason>,
}

impl HistoryTurn {
    /// Both messages with what their format costs.
    pub(super) fn cost(&self) -> usize {
        self.parts.iter().map(|part| part.tokens + TOKENS_PER_MESSAGE).sum()
    }
}

pub(super) fn collect(input: &PromptInput<'_>) -> Candidates {
    let language = input.settings.language;
    let heading = |kind, role| framing(input, role, wording::heading(kind, language));
    Candidates {
        contract: part(
            input,
            PartKind::Contract,
            MessageRole::System,
            "contract",
            wording::contract(&input.canon.name, input.settings),
        ),
        canon_heading: heading(PartKind::Canon, MessageRole::System),
        canon: canon(input),
        rules_heading: heading(PartKind::Rules, MessageRole::System),
        rules: rules(input),
        opening: opening(input),
        summary: summary(input),
        history: history(input),
        facts_heading: heading(PartKind::Facts, MessageRole::User),
        facts: facts(input),
        tail: tail(input),
    }
}

/// Lays the chosen parts out as messages and lists the rest.
pub(super) fn join(input: &PromptInput<'_>, candidates: Candidates, choice: &Choice) -> Prompt {
    let mut page = Page::default();
    page.next_message();
    page.push(candidates.contract);
    page.push_group(candidates.canon_heading, candidates.canon, &choice.canon);
    page.push_group(candidates.rules_heading, candidates.rules, &choice.rules);
    if let Some(opening) = candidates.opening {
        page.keep_or_drop(opening, choice.opening);
    }
    if let Some(summary) = candidates.summary {
        page.keep_or_drop(summary, choice.summary);
    }
    for turn in candidates.history {
        if turn.excluded.is_none() && turn.number >= choice.history_start {
            for part in turn.parts {
                page.next_message();
                page.push(part);
            }
        } else {
            page.drop_turn(&turn);
        }
    }
    page.next_message();
    page.push_group(candidates.facts_heading, candidates.facts, &choice.facts);
    candidates.tail.into_iter().for_each(|part| page.push(part));
    page.finish(input)
}

fn part(input: &PromptInput<'_>, kind: PartKind, role: MessageRole, label: &str, text: String) -> Part {
    Part {
        kind,
        label: label.to_owned(),
        role,
        message: 0,
        tokens: input.counter.count(&text),
        text,
        exact: input.counter.exact(),
        sources: Vec::new(),
        turn_id: None,
    }
}

fn framing(input: &PromptInput<'_>, role: MessageRole, text: &str) -> Part {
    part(input, PartKind::Framing, role, "heading", text.to_owned())
}

fn canon(input: &PromptInput<'_>) -> Vec<Part> {
    let sections = input.canon.prompt_sections().filter(|section| !section.text.trim().is_empty());
    sections
        .map(|section| {
            let text = format!("\n\n## {}\n\n{}", section.title, section.text.trim());
            let sources = vec![source(input, &section.source)];
            Part { sources, ..part(input, PartKind::Canon, MessageRole::System, &section.title, text) }
        })
        .collect()
}

fn rules(input: &PromptInput<'_>) -> Vec<Part> {
    let rules = input.canon.rules.iter();
    rules
        .map(|rule| {
            let title = rule.title.as_deref().unwrap_or(&rule.id);
            let text = format!("\n\n## {title}\n\n{}", rule.text.trim());
            let sources = vec![source(input, &rule.source)];
            Part { sources, ..part(input, PartKind::Rules, MessageRole::System, &rule.id, text) }
        })
        .collect()
}

fn opening(input: &PromptInput<'_>) -> Option<Part> {
    let section = input.canon.opening().filter(|section| !section.text.trim().is_empty())?;
    let text = wording::opening(&section.text, input.settings.language);
    let sources = vec![source(input, &section.source)];
    Some(Part { sources, ..part(input, PartKind::Canon, MessageRole::System, &section.title, text) })
}

fn source(input: &PromptInput<'_>, place: &crate::canon::SourceRef) -> PartSource {
    PartSource { place: place.clone(), canon_hash: input.canon.hash.clone() }
}

fn summary(input: &PromptInput<'_>) -> Option<Part> {
    let summary = &input.state.summary;
    if summary.text.trim().is_empty() {
        return None;
    }
    let label = format!("turns 1 to {}", summary.through_turn);
    let text = wording::summary(&summary.text, input.settings.language);
    Some(part(input, PartKind::Summary, MessageRole::System, &label, text))
}

fn history(input: &PromptInput<'_>) -> Vec<HistoryTurn> {
    let window_start = input.settings.window_start(input.number);
    input.history.iter().map(|turn| history_turn(input, turn, window_start)).collect()
}

fn history_turn(input: &PromptInput<'_>, turn: &PastTurn, window_start: u64) -> HistoryTurn {
    let language = input.settings.language;
    let mut said = match turn.story.trim() {
        "" => wording::no_story(false, language).to_owned(),
        story => story.to_owned(),
    };
    if turn.degraded {
        said.push_str(wording::degraded_mark(language));
    }
    let label = format!("turn {}", turn.number);
    let side = |role, text| Part {
        turn_id: Some(turn.id.clone()),
        ..part(input, PartKind::History, role, &label, text)
    };
    let excluded = if turn.number < window_start {
        Some(DropReason::Window)
    } else if turn.reply.trim().is_empty() {
        Some(DropReason::NoReply)
    } else {
        None
    };
    HistoryTurn {
        number: turn.number,
        parts: [side(MessageRole::User, said), side(MessageRole::Assistant, turn.reply.trim().to_owned())],
        excluded,
    }
}

fn facts(input: &PromptInput<'_>) -> Vec<Part> {
    let facts = input.state.facts.iter();
    facts
        .map(|fact| Part {
            turn_id: Some(fact.turn_id.clone()),
            ..part(
                input,
                PartKind::Facts,
                MessageRole::User,
                &fact.subject,
                wording::fact(fact, input.settings.language),
            )
        })
        .collect()
}

fn tail(input: &PromptInput<'_>) -> Vec<Part> {
    let language = input.settings.language;
    let tone = input.state.tone.iter().map(|text| (PartKind::Tone, "tone", text));
    let intents = input.directions.intents.iter().map(|text| (PartKind::Intent, "intent", text));
    let notes = input.directions.notes.iter().map(|text| (PartKind::Ooc, "note", text));
    let questions = input.directions.questions.iter().map(|text| (PartKind::Query, "question", text));
    let mut tail: Vec<Part> = tone
        .chain(intents)
        .chain(notes)
        .chain(questions)
        .map(|(kind, label, text)| {
            part(input, kind, MessageRole::User, label, wording::direction(kind, text, language))
        })
        .collect();
    if !tail.is_empty() || !input.state.facts.is_empty() {
        tail.push(framing(input, MessageRole::User, wording::heading(PartKind::Input, language)));
    }
    let story = match input.story.trim() {
        "" => {
            let directions = input.directions;
            let only_questions = !directions.questions.is_empty() && directions.intents.is_empty();
            wording::no_story(only_questions, language)
        }
        story => story,
    };
    let own = part(input, PartKind::Input, MessageRole::User, "player", story.to_owned());
    tail.push(Part { turn_id: Some(input.turn_id.to_owned()), ..own });
    tail
}

/// The request as it grows.
#[derive(Default)]
struct Page {
    parts: Vec<Part>,
    dropped: Vec<Dropped>,
    messages: usize,
}

impl Page {
    fn next_message(&mut self) {
        self.messages += 1;
    }

    fn push(&mut self, part: Part) {
        self.parts.push(Part { message: self.messages.saturating_sub(1), ..part });
    }

    fn keep_or_drop(&mut self, part: Part, keep: bool) {
        if keep {
            self.push(part);
        } else {
            let Part { kind, label, tokens, .. } = part;
            self.dropped.push(Dropped { kind, label, tokens, reason: DropReason::Budget });
        }
    }

    fn push_group(&mut self, heading: Part, parts: Vec<Part>, keep: &[bool]) {
        if keep.contains(&true) {
            self.push(heading);
        }
        for (part, keep) in parts.into_iter().zip(keep) {
            self.keep_or_drop(part, *keep);
        }
    }

    fn drop_turn(&mut self, turn: &HistoryTurn) {
        self.dropped.push(Dropped {
            kind: PartKind::History,
            label: format!("turn {}", turn.number),
            tokens: turn.cost(),
            reason: turn.excluded.unwrap_or(DropReason::Budget),
        });
    }

    fn finish(mut self, input: &PromptInput<'_>) -> Prompt {
        let cost = TOKENS_PER_REQUEST + TOKENS_PER_MESSAGE * self.messages;
        let format = framing(input, MessageRole::User, "");
        let label = format!("format of {} messages", self.messages);
        self.push(Part { label, tokens: cost, exact: false, ..format });

        let mut messages: Vec<PromptMessage> = Vec::with_capacity(self.messages);
        for part in &self.parts {
            match messages.get_mut(part.message) {
                Some(message) => message.text.push_str(&part.text),
                None => messages.push(PromptMessage { role: part.role, text: part.text.clone() }),
            }
        }
        Prompt {
            total_tokens: self.parts.iter().map(|part| part.tokens).sum(),
            parts: self.parts,
            dropped: self.dropped,
            messages,
            budget: input.settings.prompt_budget(),
            tokenizer: input.counter.name().to_owned(),
        }
    }
}
