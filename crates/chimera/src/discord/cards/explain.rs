//! How a score was made, term by term, for the person who presses the button.

use chimera_core::{
    report::PlayerFacts,
    score::{DimensionScore, PlayerScore, Term},
};

use super::{BLUE, Look, figures, review};
use crate::discord::{
    markdown,
    message::{Embed, Message},
};

/// Every dimension with its weight and terms. `chimera explain` prints the same in full precision.
pub fn explanation(player: &PlayerFacts, score: &PlayerScore, version: &str, look: &Look<'_>) -> Message {
    let champion = look.champion(player);
    let title = look.text_with("explain-title", &[("champion", champion.into())]);
    let Some(total) = score.total else {
        let embed = Embed::new(title, BLUE).describe(look.text("explain-none"));
        return Message::card(embed).only_for_the_asker().fit();
    };
    let head = look.text_with(
        "explain-head",
        &[("version", markdown::name(version).into()), ("score", figures::decimal(total).into())],
    );
    let mut embed = Embed::new(title, BLUE).describe(head);
    for dimension in &score.dimensions {
        embed = embed.field(heading(dimension, look), terms(dimension));
    }
    Message::card(embed).only_for_the_asker().fit()
}

fn heading(dimension: &DimensionScore, look: &Look<'_>) -> String {
    look.text_with(
        "explain-dimension",
        &[
            ("name", review::dimension_name(dimension.dimension, look).into()),
            ("value", figures::decimal(dimension.value).into()),
            ("weight", format!("{:.3}", dimension.weight).into()),
        ],
    )
}

fn terms(dimension: &DimensionScore) -> String {
    if dimension.terms.is_empty() {
        return figures::UNKNOWN.to_owned();
    }
    dimension.terms.iter().map(term).collect::<Vec<_>>().join("\n")
}

/// `kill_participation` 0.720 × 0.333 (kills 4, assists 9, team 18)
fn term(term: &Term) -> String {
    let inputs: Vec<_> = term
        .inputs
        .iter()
        .map(|input| format!("{} {}", input.name.replace('_', " "), short(input.value)))
        .collect();
    let inputs = if inputs.is_empty() { String::new() } else { format!(" ({})", inputs.join(", ")) };
    format!("`{}` {:.3} × {:.3}{inputs}", term.name, term.value, term.weight)
}

/// Whole numbers without a point, others with up to three digits.
fn short(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}
