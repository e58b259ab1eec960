//! Whether champions, items and augments stand where they belong.

use std::ops::Range;

use super::ClaimKind;
use super::reading::Reading;
use crate::fact_sheet::{CastMember, FactSheet, Happening, Moment, Scope};
use crate::names::{Mention, NameKind};
use crate::report::{EvidenceKind, Side};

/// What stands before a champion, the nearest word counting, and the part it gives.
const MARKERS: &[(&str, Part)] = &[
    ("对位|对线|lane opponent|laning against|in lane against", Part::Opponent),
    ("opponent|against|versus|vs|面对|对手|对面|敌方|敌人|对方|enemy|enemies", Part::Enemy),
    ("ahead of|behind|up on|down on|领先|落后", Part::Enemy),
    ("搭档|partner|teamed up with|duo|together with|alongside", Part::Ally),
    ("队友|我方|己方|你们的|ally|allied|teammate", Part::Ally),
    ("你的|你用|使用|操刀|选用|选择了|选了|用|玩|your|as|played|playing|play|took|picked|pick", Part::Own),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Own,
    Opponent,
    Enemy,
    Ally,
}

/// The claims of one mention that do not hold. `moments` are those that its sentence points at, `is_scoped` says that
/// the mention was already held against them.
pub(super) fn wrong(
    reading: &Reading,
    sheet: &FactSheet,
    mention: &Mention,
    clause: &Range<usize>,
    moments: &[&Moment],
    is_scoped: bool,
) -> Option<ClaimKind> {
    match mention.kind {
        NameKind::Champion => {
            let members: Vec<&CastMember> =
                sheet.cast.iter().filter(|member| mention.ids.contains(&member.champion_id)).collect();
            let plays = !members.is_empty()
                && (is_scoped
                    || members
                        .iter()
                        .any(|member| fits_part(reading, sheet, mention, clause, member, moments)));
            (!plays).then_some(ClaimKind::Champion)
        }
        NameKind::Item => {
            let finished: Vec<u32> = moments.iter().filter_map(|moment| finished_item(moment)).collect();
            let known = |id: &u32| {
                if finished.is_empty() || !is_scoped {
                    sheet.items.contains(id)
                        || sheet.moments.iter().any(|moment| finished_item(moment) == Some(*id))
                } else {
                    finished.contains(id)
                }
            };
            // The same word may name a chosen augment.
            let is_augment = reading.mentions.iter().any(|other| {
                other.span == mention.span
                    && other.kind == NameKind::Augment
                    && other.ids.iter().any(|id| sheet.augments.contains(id))
            });
            (!is_augment && !mention.ids.iter().any(known)).then_some(ClaimKind::Item)
        }
        NameKind::Augment => {
            // The same word is also a name of something else: that reading is judged by itself.
            let twin = reading
                .mentions
                .iter()
                .any(|other| other.span == mention.span && other.kind != NameKind::Augment);
            let chosen = mention.ids.iter().any(|id| sheet.augments.contains(id));
            (!chosen && !twin && sheet.mode == crate::mode::Mode::Arena).then_some(ClaimKind::Augment)
        }
    }
}

fn finished_item(moment: &Moment) -> Option<u32> {
    match moment.what {
        Happening::Evidence(EvidenceKind::ItemFinished { item_id }) => Some(item_id),
        _ => None,
    }
}

/// Whether a member may be named here.
fn fits_part(
    reading: &Reading,
    sheet: &FactSheet,
    mention: &Mention,
    clause: &Range<usize>,
    member: &CastMember,
    moments: &[&Moment],
) -> bool {
    let is_own = member.side == Side::Player;
    match part(reading, mention, clause) {
        Some(Part::Own) => is_own,
        Some(Part::Opponent) => match sheet.lane_opponent() {
            Some(opponent) => opponent.champion_id == member.champion_id,
            None => member.side == Side::Enemy,
        },
        Some(Part::Enemy) => member.side == Side::Enemy,
        Some(Part::Ally) => member.side == Side::Ally,
        None if is_own || member.is_lane_opponent || sheet.scope == Scope::Team => true,
        None if sheet.mode == crate::mode::Mode::Arena && member.side == Side::Ally => true,
        None => moments.iter().any(|moment| moment.champions.iter().any(|(id, _)| *id == member.champion_id)),
    }
}

/// The part that the nearest word before a name gives it.
fn part(reading: &Reading, mention: &Mention, clause: &Range<usize>) -> Option<Part> {
    let after = &reading.lower[mention.span.end..clause.end.max(mention.span.end)];
    if ["搭档", "组队", "双人", "组合"].iter().any(|word| after.starts_with(word)) {
        return Some(Part::Ally);
    }
    if after.trim_start().starts_with("in lane") {
        return Some(Part::Opponent);
    }
    // A few words are near; what stands before another name belongs to that one.
    let earlier = reading
        .mentions_in(clause)
        .filter(|other| other.span.end <= mention.span.start)
        .map(|other| other.span.end);
    let mut start = earlier.max().unwrap_or(clause.start);
    let reach = 24;
    while mention.span.start - start > reach || !reading.lower.is_char_boundary(start) {
        start += 1;
    }
    let before = &reading.lower[start..mention.span.start];
    let mut nearest: Option<(usize, Part)> = None;
    for (words, part) in MARKERS {
        for word in words.split('|') {
            for (at, _) in before.match_indices(word) {
                let whole = !word.is_ascii() || is_whole(before, at, word);
                let end = at + word.len();
                if whole && nearest.is_none_or(|(known, _)| end > known) {
                    nearest = Some((end, *part));
                }
            }
        }
    }
    nearest.map(|(_, part)| part)
}

pub(super) fn is_whole(text: &str, at: usize, word: &str) -> bool {
    let is_letter =
        |neighbour: Option<char>| neighbour.is_some_and(|neighbour| neighbour.is_ascii_alphanumeric());
    !is_letter(text[..at].chars().next_back()) && !is_letter(text[at + word.len()..].chars().next())
}
