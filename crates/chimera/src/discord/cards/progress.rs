//! What a person sees while a worker is at it.

use ui::Language;

use super::{BLUE, GREEN, PURPLE};
use crate::discord::{
    markdown,
    message::{Embed, Message},
    requests::ReviewKind,
    texts,
};

/// The request was taken and will take a while.
pub fn progress(kind: ReviewKind, task_id: &str, language: Language) -> Message {
    let id = match kind {
        ReviewKind::Analyze => "progress-analyze",
        ReviewKind::Team => "progress-team",
    };
    card(id, PURPLE, task_id, language)
}

/// Another request for the same review came first.
pub fn in_progress(task_id: &str, language: Language) -> Message {
    card("in-progress", BLUE, task_id, language)
}

/// The review stands elsewhere, as after a reply came too late for an edit.
pub fn done(match_id: &str, language: Language) -> Message {
    let text = texts::text_with(language, "done.text", &[("match", markdown::name(match_id).into())]);
    Message::card(Embed::new(texts::text(language, "done"), GREEN).describe(text)).fit()
}

fn card(id: &str, colour: u32, task_id: &str, language: Language) -> Message {
    let embed = Embed::new(texts::text(language, id), colour)
        .describe(texts::text(language, &format!("{id}.text")))
        .foot(texts::text_with(language, "footer-task", &[("id", markdown::plain_name(task_id).into())]));
    Message::card(embed).fit()
}
