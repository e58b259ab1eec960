//! Which game was played: by `gameMode`, then by queue, then by map.

use serde::{Deserialize, Serialize};

use crate::match_record::Match;

/// The kinds of game that are scored by their own yardstick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// Summoner's Rift with its lanes, whatever the queue: ranked, normal, Swiftplay, Clash, against bots.
    Rift,
    /// One lane for all.
    Aram,
    /// Small teams, rounds, augments.
    Arena,
    /// Anything else: a plain record without a score.
    Other,
}

impl Mode {
    /// A stable word for documents, logs and labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Rift => "rift",
            Mode::Aram => "aram",
            Mode::Arena => "arena",
            Mode::Other => "other",
        }
    }
}

/// Rift modes with faster gold and shorter cooldowns: scored by the Rift's yardsticks, with a mark that says so.
const BORROWED: &[&str] =
    &["URF", "ARURF", "SNOWURF", "ONEFORALL", "ULTBOOK", "ASSASSINATE", "ARSR", "SWIFTPLAY"];

/// The mode of a match.
pub fn of(found: &Match) -> Mode {
    let info = &found.info;
    let by_name = match &*info.game_mode {
        "CHERRY" => Some(Mode::Arena),
        "ARAM" | "KIWI" | "ARAMCLASH" => Some(Mode::Aram),
        "CLASSIC" => by_map(info.map_id.count()).or(Some(Mode::Rift)),
        name if BORROWED.contains(&name) => Some(Mode::Rift),
        "" => None,
        _ => Some(Mode::Other),
    };
    let by_number = || by_queue(info.queue_id.count()).or_else(|| by_map(info.map_id.count()));
    by_name.or_else(by_number).unwrap_or(Mode::Other)
}

/// Whether the mode is scored by yardsticks made for another one.
pub fn is_borrowed(found: &Match) -> bool {
    let info = &found.info;
    let by_queue =
        info.game_mode.is_empty() && matches!(info.queue_id.count(), 480 | 900 | 1010 | 1020 | 1400 | 1900);
    BORROWED.contains(&&*info.game_mode) || by_queue
}

/// The queues that are known. Riot's own list lags, so a name always comes first.
fn by_queue(queue: u32) -> Option<Mode> {
    match queue {
        400 | 420 | 430 | 440 | 480 | 490 | 700 | 830..=850 | 870..=890 => Some(Mode::Rift),
        900 | 1010 | 1020 | 1400 | 1900 => Some(Mode::Rift),
        100 | 450 | 720 | 2400 => Some(Mode::Aram),
        1700..=1750 => Some(Mode::Arena),
        _ => None,
    }
}

fn by_map(map: u32) -> Option<Mode> {
    match map {
        11 => Some(Mode::Rift),
        12 | 14 => Some(Mode::Aram),
        30 => Some(Mode::Arena),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::match_record;

    #[track_caller]
    fn check(mode: &str, queue: u32, map: u32, expected: Mode) {
        let json = format!(r#"{{"info":{{"gameMode":"{mode}","queueId":{queue},"mapId":{map}}}}}"#);
        assert_eq!(of(&match_record::parse(json.as_bytes()).unwrap()), expected, "{json}");
    }

    #[test]
    fn the_name_comes_first_then_the_queue_then_the_map() {
        check("CLASSIC", 420, 11, Mode::Rift);
        check("CLASSIC", 700, 11, Mode::Rift);
        check("CLASSIC", 450, 12, Mode::Aram);
        check("CLASSIC", 0, 0, Mode::Rift);
        check("SWIFTPLAY", 480, 11, Mode::Rift);
        check("URF", 900, 11, Mode::Rift);
        check("ARAM", 450, 12, Mode::Aram);
        check("KIWI", 2400, 12, Mode::Aram);
        check("CHERRY", 1700, 30, Mode::Arena);
        check("CHERRY", 9999, 0, Mode::Arena);
        check("STRAWBERRY", 1810, 33, Mode::Other);
        check("NEXUSBLITZ", 1300, 21, Mode::Other);
        check("BRAWL", 2300, 35, Mode::Other);
        check("", 490, 0, Mode::Rift);
        check("", 720, 0, Mode::Aram);
        check("", 1750, 0, Mode::Arena);
        check("", 0, 30, Mode::Arena);
        check("", 0, 0, Mode::Other);
    }
}
