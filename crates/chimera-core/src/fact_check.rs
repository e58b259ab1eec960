//! Whether everything a text claims is in the fact sheet.
//!
//! Numbers, times, champions, items and sides are found in the text and each is held against the sheet *in its relation*:
//! a number against the facts of the word beside it and of the player the clause speaks of, a champion against its part
//! (one's own, opposite, in the event of that moment), a time against the events of that second and what the clause says of
//! them. What cannot be carried by a fact is reported; the caller then uses the template. Opinions and advice without
//! numbers pass: whether they are fair is the business of [`crate::compliance`].

use std::ops::Range;

use crate::fact_sheet::FactSheet;

mod cast;
mod figures;
mod judge;
mod labels;
mod numerals;
mod reading;
mod sides;
mod when;

/// A claim without a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    /// Where, in bytes of the text that was checked.
    pub span: Range<usize>,
    /// What it claims.
    pub kind: ClaimKind,
    /// The words.
    pub text: String,
}

/// What a claim is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClaimKind {
    /// A number.
    Number,
    /// A moment or length of time.
    Time,
    /// Who took part, or in which part.
    Champion,
    /// An item.
    Item,
    /// An Arena augment.
    Augment,
    /// A side of the map, or who did something.
    Side,
    /// Who won.
    Result,
    /// What happened at a moment.
    Event,
}

/// Every claim of a text that the sheet does not carry, in the order of the text.
#[must_use]
pub fn check(text: &str, sheet: &FactSheet) -> Vec<Unsupported> {
    let reading = reading::Reading::of(text, sheet);
    let mut found = judge::unsupported(&reading, sheet);
    found.sort_by_key(|(span, kind)| (span.start, *kind));
    found.dedup();
    let claim = |(span, kind): (Range<usize>, ClaimKind)| {
        let span = reading.origin(span);
        Unsupported { text: text.get(span.clone()).unwrap_or_default().to_owned(), span, kind }
    };
    found.into_iter().map(claim).collect()
}

#[cfg(test)]
mod tests;
