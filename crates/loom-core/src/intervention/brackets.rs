//! Finds the brackets that matter and where they end, in one pass and without recursion.

use super::InterventionKind;
use super::keyword::{self, Start};

/// Half-width and full-width forms of a bracket count as the same: input methods mix them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// `( )` and `（ ）`.
    Round,
    /// `[ ]`, `［ ］` and `【 】`.
    Square,
}

/// What a bracket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// An intervention; its content begins at this byte.
    Intervention(InterventionKind, usize),
    /// A keyword in round brackets that belongs into square ones.
    WrongFamily(InterventionKind),
    /// A keyword without a colon.
    NoColon(InterventionKind),
    /// Part of the story, or of an intervention's content.
    Plain,
}

/// An opening bracket, and its end if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bracket {
    /// Byte of the opening bracket.
    pub(super) open: usize,
    /// Byte after the opening bracket.
    pub(super) content: usize,
    /// Bytes of the closing bracket: its start and the byte after it.
    pub(super) close: Option<(usize, usize)>,
    pub(super) purpose: Purpose,
    family: Family,
}

/// Every bracket with a keyword, and every bracket after the start of an intervention, in order of opening.
///
/// Plain brackets outside interventions are not followed, so that a smiley cannot unbalance what comes later. Inside
/// an intervention a closing bracket ends the innermost open one of its family, and whatever was left open within.
/// A backslash takes a bracket's meaning away. Linear in the text.
pub(super) fn find(text: &str) -> Vec<Bracket> {
    let mut brackets: Vec<Bracket> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut open_in_family = [0_usize; 2];
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        let after = at + c.len_utf8();
        match c {
            '\\' => escaped = true,
            '(' | '（' | '[' | '［' | '【' => {
                let family = if matches!(c, '(' | '（') { Family::Round } else { Family::Square };
                let purpose = purpose(family, &text[after..], after);
                if !open.is_empty() || matches!(purpose, Purpose::Intervention(..)) {
                    open.push(brackets.len());
                    open_in_family[family as usize] += 1;
                } else if purpose == Purpose::Plain {
                    continue;
                }
                brackets.push(Bracket { open: at, content: after, close: None, purpose, family });
            }
            ')' | '）' | ']' | '］' | '】' => {
                let family = if matches!(c, ')' | '）') { Family::Round } else { Family::Square };
                if open_in_family[family as usize] == 0 {
                    continue;
                }
                while let Some(index) = open.pop() {
                    let bracket = &mut brackets[index];
                    open_in_family[bracket.family as usize] -= 1;
                    if bracket.family == family {
                        bracket.close = Some((at, after));
                        break;
                    }
                }
            }
            _ => {}
        }
    }
    brackets
}

fn purpose(family: Family, rest: &str, at: usize) -> Purpose {
    let fits = |kind| family == Family::Square || kind == InterventionKind::Ooc;
    match keyword::read(rest) {
        Start::Keyword(kind, content) if fits(kind) => Purpose::Intervention(kind, at + content),
        Start::Keyword(kind, _) => Purpose::WrongFamily(kind),
        Start::NoColon(kind) if fits(kind) => Purpose::NoColon(kind),
        Start::NoColon(_) | Start::Plain => Purpose::Plain,
    }
}
