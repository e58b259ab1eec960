//! Claims about the sides of the map, about who did something, and about who won.

use std::ops::Range;

use super::ClaimKind;
use super::cast::is_whole;
use super::reading::Reading;
use super::when;
use crate::fact_sheet::{FactSheet, Happening, MapSide, Moment};
use crate::report::{Outcome, Region};

const COLOURS: &[(&str, MapSide)] = &[
    ("蓝色方|蓝方|蓝队|蓝色一方|blue side|blue team|blue", MapSide::Blue),
    ("红色方|红方|红队|红色一方|red side|red team|red", MapSide::Red),
];

const PLACES: &[&str] = &["野区", "高地", "基地", "jungle", "base", "buff"];

const ENEMY: &str = "对面|敌方|对手|敌人|对方|敌军|the enemy|enemy|opponents|opponent|opposing|other team|other side|击败|战胜|beat|beating|defeated|against";

const OWN: &str = "你们|我方|己方|你方|队伍|你|your team|your side|we|you|your";

const TAKES: &str = "拿下|拿到|推掉|推倒|摧毁|击破|控下|打掉|带走|夺下|收下|took|take|takes|taking|taken|secured|destroyed|claimed|got";

const WON: &str = "拿下胜利|获胜|取胜|赢下比赛|赢下这局|赢下了比赛|赢下本局|赢得比赛|赢得了比赛|赢了这局|胜利告终|胜利收场|拿下比赛|拿下了胜利|取得胜利|取得了胜利|赢得胜利|won the game|won the match|won this|and won in|won in|won on|victory|a win|win on";

const LOST: &str = "告负|落败|输掉比赛|输掉了比赛|输掉这局|输掉了这局|输了这局|惜败|失利|战败|败北|输给|失败告终|lost the game|lost the match|lost this|and lost in|lost in|lost on|defeat|a loss";

/// Whether one of the words stands in a text.
pub(super) fn has(text: &str, words: &str) -> bool {
    places(text, words).next().is_some()
}

fn places<'a>(text: &'a str, words: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    words.split('|').flat_map(move |word| {
        let hits = text.match_indices(word).map(move |(at, _)| at..at + word.len());
        hits.filter(move |span| !word.is_ascii() || is_whole(text, span.start, word))
    })
}

/// The claims of a clause that do not hold.
pub(super) fn wrong(
    reading: &Reading,
    sheet: &FactSheet,
    clause: &Range<usize>,
    moments: &[&Moment],
) -> Vec<(Range<usize>, ClaimKind)> {
    let text = &reading.lower[clause.clone()];
    let mut found = colours(text, sheet, moments);
    found.extend(takers(text, moments));
    found.extend(results(text, sheet));
    found.into_iter().map(|(span, kind)| (span.start + clause.start..span.end + clause.start, kind)).collect()
}

fn colours(text: &str, sheet: &FactSheet, moments: &[&Moment]) -> Vec<(Range<usize>, ClaimKind)> {
    let mut found: Vec<(Range<usize>, ClaimKind)> = Vec::new();
    let mut seen: Vec<Range<usize>> = Vec::new();
    for (words, colour) in COLOURS {
        for span in places(text, words) {
            if seen.iter().any(|known| known.start < span.end && span.start < known.end) {
                continue;
            }
            seen.push(span.clone());
            if !colour_holds(text, sheet, moments, *colour, &span) {
                found.push((span, ClaimKind::Side));
            }
        }
    }
    found
}

fn colour_holds(
    text: &str,
    sheet: &FactSheet,
    moments: &[&Moment],
    colour: MapSide,
    span: &Range<usize>,
) -> bool {
    let Some(own) = sheet.side else { return false };
    let after = text[span.end..].trim_start();
    if PLACES.iter().any(|place| after.starts_with(place)) {
        let regions = match colour {
            MapSide::Blue => [Region::BlueJungle, Region::BlueBase],
            MapSide::Red => [Region::RedJungle, Region::RedBase],
        };
        return moments.iter().any(|moment| match &moment.what {
            Happening::Fight { region, .. } => regions.contains(region),
            Happening::Evidence(_) => false,
        });
    }
    let of_taken = moments.iter().filter_map(|moment| when::taken(moment)).map(|(_, is_own)| is_own);
    let takers: Vec<bool> = of_taken.collect();
    let before = &text[..span.start];
    if !takers.is_empty() && has(after, TAKES) && !has(before, OWN) {
        return takers.iter().any(|is_own| if *is_own { colour == own } else { colour == own.other() });
    }
    let lead = before.len().saturating_sub(36);
    let lead = (lead..=before.len()).find(|at| before.is_char_boundary(*at)).unwrap_or(before.len());
    let nearest = |words: &str| places(&before[lead..], words).map(|hit| hit.end).max();
    let is_enemy = match (nearest(ENEMY), nearest(OWN)) {
        (Some(enemy), Some(own)) => enemy > own,
        (Some(_), None) => true,
        _ => false,
    };
    let won = if has(after, WON) || after.starts_with("胜") || after.starts_with("won") {
        Some(true)
    } else if has(after, LOST) || after.starts_with("lost") {
        Some(false)
    } else {
        None
    };
    match (won, sheet.result) {
        (Some(won), Outcome::Win | Outcome::Loss) if nearest(OWN).is_none() => {
            won == ((sheet.result == Outcome::Win) == (colour == own))
        }
        _ => colour == if is_enemy { own.other() } else { own },
    }
}

/// Who took something at the moments of the sentence.
fn takers(text: &str, moments: &[&Moment]) -> Vec<(Range<usize>, ClaimKind)> {
    let mut found = Vec::new();
    for take in places(text, TAKES) {
        let after = &text[take.end..];
        let said: Vec<_> = when::categories(after)
            .into_iter()
            .filter_map(|(_, category)| match category {
                when::Category::Taken(kind) => Some(kind),
                _ => None,
            })
            .collect();
        let before = &text[..take.start];
        let last = |words: &str| places(before, words).max_by_key(|hit| hit.end);
        let (own, enemy) = (last(OWN), last(ENEMY));
        let is_own = match (&own, &enemy) {
            (Some(own), Some(enemy)) => own.end > enemy.end,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => continue,
        };
        let facts: Vec<_> = moments
            .iter()
            .filter_map(|moment| when::taken(moment))
            .filter(|(kind, _)| said.contains(kind))
            .collect();
        if !facts.is_empty() && !facts.iter().any(|(_, side)| *side == is_own) {
            found.extend(if is_own { own } else { enemy }.map(|span| (span, ClaimKind::Side)));
        }
    }
    found
}

fn results(text: &str, sheet: &FactSheet) -> Vec<(Range<usize>, ClaimKind)> {
    let won = match sheet.result {
        Outcome::Win => true,
        Outcome::Loss => false,
        _ => return Vec::new(),
    };
    // A colour decides by itself who is meant.
    if COLOURS.iter().any(|(words, _)| has(text, words)) && !has(text, OWN) && !text.contains('站') {
        return Vec::new();
    }
    let of_enemy = has(text, "对面|敌方|对手|对方|the enemy|enemy team|opponents")
        && !has(text, "击败|战胜|beat|defeated|输给");
    let claims = [(WON, true), (LOST, false)];
    let wrong = claims.into_iter().filter(|(_, claim)| (*claim != of_enemy) != won);
    wrong
        .flat_map(|(words, _)| places(text, words).collect::<Vec<_>>())
        .map(|span| (span, ClaimKind::Result))
        .collect()
}
