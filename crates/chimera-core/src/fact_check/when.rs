//! Moments that a text points at by their time, and whether what it says of them fits.

use std::ops::Range;

use super::reading::{Reading, Sentence};
use crate::fact_sheet::{FactSheet, Happening, Metric, Moment};
use crate::names::NameKind;
use crate::report::{EvidenceKind, Objective};
use crate::score::Partial;

/// What a stretch of text says has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Category {
    Taken(Objective),
    Multi(u32),
    FirstBlood,
    Solo,
    Kill,
    Death,
    Fight,
    Wards,
    Level,
    Bounty,
}

impl Category {
    /// Whether a wrong one is a wrong claim by itself; the others only must not all be wrong.
    fn is_hard(self) -> bool {
        matches!(self, Category::Taken(_) | Category::Multi(_) | Category::FirstBlood)
    }
}

const WORDS: &[(&str, Category)] = &[
    ("远古巨龙|远古龙|elder dragon|elder drake|elder", Category::Taken(Objective::ElderDragon)),
    ("小龙坑|大龙坑|龙坑|dragon pit|baron pit", Category::Fight),
    ("小龙|元素龙|dragon|drake", Category::Taken(Objective::Dragon)),
    ("大龙|男爵|baron", Category::Taken(Objective::Baron)),
    ("先锋|herald", Category::Taken(Objective::Herald)),
    ("巢虫|虚空虫|grub", Category::Taken(Objective::Voidgrub)),
    ("厄塔汗|阿塔坎|atakhan", Category::Taken(Objective::Atakhan)),
    ("塔皮|镀层|plate", Category::Taken(Objective::Plate)),
    ("塔|tower|turret", Category::Taken(Objective::Tower)),
    ("水晶|inhibitor", Category::Taken(Objective::Inhibitor)),
    ("双杀|double kill", Category::Multi(2)),
    ("三杀|triple kill", Category::Multi(3)),
    ("四杀|quadra kill|quadra", Category::Multi(4)),
    ("五杀|penta kill|pentakill|penta", Category::Multi(5)),
    ("一血|first blood", Category::FirstBlood),
    ("被单杀", Category::Death),
    ("单杀|solo kill|one-on-one|1v1", Category::Solo),
    ("击杀|kill", Category::Kill),
    ("阵亡|倒下|died|death|dying", Category::Death),
    ("团战|teamfight|team fight|fight", Category::Fight),
    ("守卫|排眼|ward", Category::Wards),
    ("赏金|终结|bounty|shutdown", Category::Bounty),
];

/// Everything that a stretch of lower-case text says has happened.
pub(super) fn categories(text: &str) -> Vec<(Range<usize>, Category)> {
    let mut found: Vec<(Range<usize>, Category)> = Vec::new();
    for (words, category) in WORDS {
        for word in words.split('|') {
            for (at, _) in text.match_indices(word) {
                let span = at..at + word.len();
                if !found.iter().any(|(known, _)| known.start < span.end && span.start < known.end) {
                    found.push((span, *category));
                }
            }
        }
    }
    found
}

fn categories_of(moment: &Moment) -> Vec<Category> {
    use Category as C;
    match &moment.what {
        Happening::Fight { objective, .. } => {
            let taken = objective.map(|(kind, _)| C::Taken(kind));
            [C::Fight, C::Kill, C::Death].into_iter().chain(taken).collect()
        }
        Happening::Evidence(kind) => match kind {
            EvidenceKind::FirstBlood => vec![C::FirstBlood, C::Kill],
            EvidenceKind::FirstBloodVictim => vec![C::FirstBlood, C::Death],
            EvidenceKind::SoloKill => vec![C::Solo, C::Kill],
            EvidenceKind::SoloDeath => vec![C::Solo, C::Death],
            EvidenceKind::MultiKill { count } => vec![C::Multi(*count), C::Kill, C::Fight],
            EvidenceKind::Shutdown { .. } => vec![C::Kill, C::Bounty],
            EvidenceKind::BountyLost { .. } => vec![C::Death, C::Bounty],
            EvidenceKind::DeathBeforeObjective { objective, .. } => vec![C::Death, C::Taken(*objective)],
            EvidenceKind::Objective { objective, .. } => vec![C::Taken(*objective)],
            EvidenceKind::Conversion { objective, .. } => vec![C::Kill, C::Taken(*objective)],
            EvidenceKind::WardsCleared { .. } => vec![C::Wards],
            EvidenceKind::Takedowns { .. } => vec![C::Kill, C::Fight],
            EvidenceKind::ItemFinished { .. } => Vec::new(),
            EvidenceKind::LevelLead { .. } => vec![C::Level],
            EvidenceKind::DeathStreak { .. } => vec![C::Death],
            EvidenceKind::Fight { .. } => vec![C::Fight, C::Kill, C::Death],
        },
    }
}

/// The moments of a second.
pub(super) fn at_second(sheet: &FactSheet, seconds: u64) -> Vec<&Moment> {
    let is_then = |moment: &&Moment| moment.from_ms / 1000 == seconds || moment.to_ms / 1000 == seconds;
    sheet.moments.iter().filter(is_then).collect()
}

/// Whether a time is the length of the match, or a border of a gap that the sheet names.
pub(super) fn is_length(sheet: &FactSheet, seconds: u64) -> bool {
    sheet.duration_ms / 1000 == seconds
        || sheet.partial.iter().any(|partial| match partial {
            Partial::TimelineGap { from_ms, to_ms } => from_ms / 1000 == seconds || to_ms / 1000 == seconds,
            _ => false,
        })
}

/// The stretch of text that speaks of the time in a clause: the clause, and where it says nothing itself, the one after it.
pub(super) fn scope(
    reading: &Reading,
    sentence: &Sentence,
    clause: usize,
    has_time: &dyn Fn(usize) -> bool,
) -> Range<usize> {
    let span = sentence.clauses[clause].clone();
    let says_something =
        !categories(&reading.lower[span.clone()]).is_empty() || reading.mentions_in(&span).next().is_some();
    match sentence.clauses.get(clause + 1) {
        Some(next) if !says_something && !has_time(clause + 1) => span.start..next.end,
        _ => span,
    }
}

/// Words before somebody who suffered an event, or made the player suffer it.
const OBJECT_OF: &[&str] = &[
    "单杀",
    "单杀了",
    "击杀",
    "击杀了",
    "终结",
    "终结了",
    "被",
    "死于",
    "拿下",
    "干掉",
    "干掉了",
    "kill on",
    "killed",
    "killing",
    "shutdown on",
    "death to",
    "died to",
    "blood on",
    "given to",
    "solo killed",
    "against",
    "on",
];

/// Claims about these moments in a stretch of text that do not fit any of them: the kinds of event, and the champions.
pub(super) fn contradictions(
    reading: &Reading,
    sheet: &FactSheet,
    scope: &Range<usize>,
    moments: &[&Moment],
) -> (bool, Vec<Range<usize>>) {
    let said = categories(&reading.lower[scope.clone()]);
    let fits = |moment: &&&Moment| {
        let happened = categories_of(moment);
        let hard = said.iter().filter(|(_, category)| category.is_hard());
        let mut soft = said.iter().filter(|(_, category)| !category.is_hard()).peekable();
        let soft_fits = soft.peek().is_none() || soft.any(|(_, category)| happened.contains(category));
        hard.into_iter().all(|(_, category)| happened.contains(category))
            && (soft_fits || !said_hard(&said).is_empty())
    };
    let fitting: Vec<&&Moment> = moments.iter().filter(fits).collect();
    // One's own champion may always be named, but not as the one who was killed or did the killing.
    let own = |mention: &crate::names::Mention| {
        let before = &reading.lower[scope.start..mention.span.start];
        sheet
            .player()
            .map(|member| member.champion_id)
            .filter(|_| !OBJECT_OF.iter().any(|word| before.trim_end().ends_with(word)))
    };
    let strangers = reading.mentions_in(scope).filter(|mention| {
        let own = own(mention);
        let known = |id: &u32| {
            Some(*id) == own
                || fitting.iter().any(|moment| moment.champions.iter().any(|(champion, _)| champion == id))
        };
        mention.kind == NameKind::Champion && !mention.ids.iter().any(known)
    });
    let strangers =
        if fitting.is_empty() { Vec::new() } else { strangers.map(|mention| mention.span.clone()).collect() };
    (fitting.is_empty(), strangers)
}

fn said_hard(said: &[(Range<usize>, Category)]) -> Vec<Category> {
    said.iter().map(|(_, category)| *category).filter(|category| category.is_hard()).collect()
}

/// The numbers of a moment, by what they measure.
pub(super) fn numbers(moment: &Moment) -> Vec<(Metric, f64)> {
    let number = |metric, value: u32| vec![(metric, f64::from(value))];
    match &moment.what {
        Happening::Fight { own_kills, other_kills, .. } => {
            vec![
                (Metric::Kills, f64::from(*own_kills)),
                (Metric::Kills, f64::from(*other_kills)),
                (Metric::Deaths, f64::from(*other_kills)),
            ]
        }
        Happening::Evidence(kind) => match kind {
            EvidenceKind::Shutdown { gold } | EvidenceKind::BountyLost { gold } => {
                number(Metric::Gold, *gold)
            }
            EvidenceKind::WardsCleared { count } => number(Metric::WardsKilled, *count),
            EvidenceKind::LevelLead { level, .. } => number(Metric::Level, *level),
            EvidenceKind::DeathStreak { count } => number(Metric::Deaths, *count),
            EvidenceKind::MultiKill { count } | EvidenceKind::Takedowns { count } => {
                number(Metric::Kills, *count)
            }
            EvidenceKind::Fight { won_kills, lost_kills } => {
                vec![
                    (Metric::Kills, f64::from(*won_kills)),
                    (Metric::Kills, f64::from(*lost_kills)),
                    (Metric::Deaths, f64::from(*lost_kills)),
                ]
            }
            EvidenceKind::DeathBeforeObjective { after_ms, .. }
            | EvidenceKind::Conversion { after_ms, .. } => {
                vec![(Metric::DeadSeconds, (after_ms / 1000) as f64)]
            }
            _ => Vec::new(),
        },
    }
}

/// The kills of both sides in a fight.
pub(super) fn kills(moment: &Moment) -> Option<(f64, f64)> {
    let (own, other) = match &moment.what {
        Happening::Fight { own_kills, other_kills, .. } => (*own_kills, *other_kills),
        Happening::Evidence(EvidenceKind::Fight { won_kills, lost_kills }) => (*won_kills, *lost_kills),
        Happening::Evidence(_) => return None,
    };
    Some((f64::from(own), f64::from(other)))
}

/// Who took what at a moment, if anybody: the kind and whether it was the own side.
pub(super) fn taken(moment: &Moment) -> Option<(Objective, bool)> {
    match &moment.what {
        Happening::Fight { objective, .. } => *objective,
        Happening::Evidence(kind) => match kind {
            EvidenceKind::Objective { objective, .. } | EvidenceKind::Conversion { objective, .. } => {
                Some((*objective, true))
            }
            EvidenceKind::DeathBeforeObjective { objective, .. } => Some((*objective, false)),
            _ => None,
        },
    }
}
