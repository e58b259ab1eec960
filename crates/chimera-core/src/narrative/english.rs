//! The narrative of one player in English.

use super::moments::{self, Mood};
use super::words::{self, grouped, percent};
use super::{Detail, Story, Style, Tone, did_well, story};
use crate::fact_sheet::{FactSheet, Happening, Metric, Moment};
use crate::match_record::Role;
use crate::mode::Mode;
use crate::names::Language;
use crate::report::{Outcome, Side};
use crate::score::{Dimension, Tier};

const EN: Language = Language::En;

pub(super) fn paragraphs(sheet: &FactSheet, style: Style) -> Vec<String> {
    let detailed = style.detail == Detail::Detailed;
    let missing = match words::missing(sheet) {
        lines if lines.is_empty() => String::new(),
        lines => format!("Note: {}.", lines.join("; ")),
    };
    match story(sheet) {
        Story::Unplayed => vec![unplayed(sheet)],
        Story::Record => vec![opening(sheet, style), record(sheet), missing],
        Story::Scored => {
            let lane = [arc(sheet), if detailed { fight(sheet) } else { String::new() }];
            let mut all = vec![
                format!("{} {}", opening(sheet, style), score(sheet, style)),
                strengths(sheet, if detailed { 2 } else { 1 }),
                spaced(&lane),
                highlights(sheet, if detailed { 4 } else { 2 }),
                room(sheet, if detailed { 2 } else { 1 }),
            ];
            if detailed {
                all.push(build(sheet));
            }
            all.extend([missing, closing(sheet, style).to_owned()]);
            all
        }
    }
}

/// Sentences with a space between them.
pub(super) fn spaced(sentences: &[String]) -> String {
    let kept: Vec<&str> =
        sentences.iter().map(String::as_str).filter(|sentence| !sentence.is_empty()).collect();
    kept.join(" ")
}

fn unplayed(sheet: &FactSheet) -> String {
    let length = FactSheet::clock(sheet.duration_ms);
    let how = if sheet.result == Outcome::Remake { "in a remake" } else { "early, cut off by the servers" };
    format!("This game ended {how} at {length}, so there is no score and nothing to review.")
}

/// `7/2/11`.
fn kda(sheet: &FactSheet) -> String {
    let count = |metric| sheet.own(metric).unwrap_or_default();
    format!("{}/{}/{}", count(Metric::Kills), count(Metric::Deaths), count(Metric::Assists))
}

fn opening(sheet: &FactSheet, style: Style) -> String {
    let Some(player) = sheet.player() else { return String::new() };
    let champion = &player.champion;
    let length = FactSheet::clock(sheet.duration_ms);
    let what = match (sheet.mode, words::role(player.role, EN)) {
        (Mode::Arena, _) => match sheet.cast.iter().find(|member| member.side == Side::Ally) {
            Some(partner) => format!("your {champion} teamed up with {} in the Arena", partner.champion),
            None => format!("you took {champion} into the Arena"),
        },
        (Mode::Aram, _) => format!("you took {champion} into the Howling Abyss"),
        (_, Some(role)) => {
            format!("you played {champion} in the {role}").replace("in the support", "as support")
        }
        (_, None) => format!("you played {champion}"),
    };
    let side = sheet.side.map(|side| format!(" on the {}", words::side(side, EN))).unwrap_or_default();
    let end = match sheet.result {
        Outcome::Win => format!(" and won in {length}"),
        Outcome::Loss => format!(" and lost in {length}"),
        Outcome::Placement(place) => format!(" and finished {} after {length}", words::ordinal(place)),
        Outcome::Remake | Outcome::Unknown => format!(" for {length}"),
    };
    let part = sheet
        .own(Metric::KillParticipation)
        .map(|share| format!(" with {} kill participation", percent(share)));
    let part = part.filter(|_| sheet.mode != Mode::Arena).unwrap_or_default();
    let text = format!("{what}{side}{end}, going {}{part}.", kda(sheet));
    match style.tone {
        Tone::Casual => format!("GG! This time {text}"),
        Tone::Competitive | Tone::Balanced => capital(&text),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn record(sheet: &FactSheet) -> String {
    let number = |metric| grouped(sheet.own(metric).unwrap_or_default());
    let mut text = format!(
        "You dealt {} damage to champions, took {} damage and earned {} gold",
        number(Metric::Damage),
        number(Metric::DamageTaken),
        number(Metric::Gold)
    );
    if let Some(cs) = sheet.own(Metric::Cs).filter(|cs| *cs > 0.0) {
        text.push_str(&format!(", with {cs:.0} CS"));
    }
    text + "."
}

fn score(sheet: &FactSheet, style: Style) -> String {
    let (Some(total), Some(tier)) = (sheet.own(Metric::Total), sheet.tier) else { return String::new() };
    let won = did_well(sheet);
    let first = matches!(sheet.result, Outcome::Win | Outcome::Placement(1));
    let verdict = match (tier, won, style.tone) {
        (Tier::S | Tier::SPlus, true, Tone::Competitive) => "strong across the board",
        (Tier::S | Tier::SPlus, true, Tone::Casual) => "one for the highlight reel",
        (Tier::S | Tier::SPlus, true, Tone::Balanced) => "a very complete game",
        (Tier::S | Tier::SPlus, false, _) => "an excellent game of yours in spite of the result",
        (Tier::A, true, _) => "solid in most of what you did",
        (Tier::A, false, _) => "a steady game of yours even though it was not enough",
        (Tier::B, true, _) => "with bright spots and some details to polish",
        (Tier::B, false, _) => "with some bright spots to build on",
        (Tier::C, _, _) => "a game that asked a lot of you; a few moments are worth another look",
        (Tier::D, _, _) if first => "hard work, and your team brought it home",
        (Tier::D, _, _) => "a tough game; the points below are a good place to start",
    };
    let band = if tier > Tier::D { format!(" (tier {})", tier.as_str()) } else { String::new() };
    format!("Overall score {total:.1}{band}: {verdict}.")
}

fn strengths(sheet: &FactSheet, most: usize) -> String {
    let mut sentences = Vec::new();
    for (index, dimension) in sheet.strengths.iter().take(most).enumerate() {
        let Some(value) = sheet.own(Metric::Dimension(*dimension)) else { continue };
        let name = words::dimension(*dimension, EN);
        let lead = match index {
            0 if value >= 60.0 => format!("What stood out was {name} ({value:.1})"),
            0 => format!("Your best side was {name} ({value:.1})"),
            _ => format!("{} is worth a mention too ({value:.1})", capital(name)),
        };
        sentences.push(match reason(sheet, *dimension) {
            Some(reason) => format!("{lead}: {reason}."),
            None => format!("{lead}."),
        });
    }
    spaced(&sentences)
}

fn plural(count: f64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if (count - 1.0).abs() < 0.5 { one } else { many })
}

/// What the sheet has to say for a dimension.
fn reason(sheet: &FactSheet, dimension: Dimension) -> Option<String> {
    let own = |metric| sheet.own(metric);
    let count = |metric| own(metric).map(grouped);
    let deaths = || own(Metric::Deaths).map(|deaths| plural(deaths, "death", "deaths"));
    Some(match dimension {
        Dimension::Combat => {
            let kills = plural(own(Metric::Kills)?, "kill", "kills");
            let assists = plural(own(Metric::Assists)?, "assist", "assists");
            let kda = own(Metric::Kda)?;
            match own(Metric::Deaths)? {
                0.0 => format!("{kills} and {assists} without dying once"),
                _ => format!("{kills} and {assists} for {}, a KDA of {kda:.1}", deaths()?),
            }
        }
        Dimension::Economy => match own(Metric::CsPerMinute) {
            Some(pace) => {
                format!(
                    "{} CS ({pace:.1} CS per minute) and {} gold",
                    count(Metric::Cs)?,
                    count(Metric::Gold)?
                )
            }
            None => format!("{} gold earned", count(Metric::Gold)?),
        },
        Dimension::Objective => match (own(Metric::Conversions), own(Metric::ConversionRate)) {
            (Some(conversions), Some(rate)) if conversions > 0.0 => {
                let times = plural(conversions, "conversion", "conversions");
                format!("{times} of kills into objectives, a conversion rate of {}", percent(rate))
            }
            _ => format!("{} damage to objectives", count(Metric::ObjectiveDamage)?),
        },
        Dimension::Vision => format!(
            "a vision score of {}, with {} placed and {} destroyed",
            count(Metric::VisionScore)?,
            plural(own(Metric::WardsPlaced)?, "ward", "wards"),
            count(Metric::WardsKilled)?
        ),
        Dimension::Teamplay => {
            let assists = plural(own(Metric::Assists)?, "assist", "assists");
            match own(Metric::KillParticipation) {
                Some(share) => format!("{assists} and {} kill participation", percent(share)),
                None => assists,
            }
        }
        Dimension::Growth => format!("you finished at level {}", count(Metric::Level)?),
        Dimension::Tankiness => {
            format!(
                "{} damage taken and {} mitigated",
                count(Metric::DamageTaken)?,
                count(Metric::DamageMitigated)?
            )
        }
        Dimension::DamageComposition | Dimension::Damage => match own(Metric::DamageShare) {
            Some(share) => {
                format!(
                    "{} damage to champions, {} of your side's damage",
                    count(Metric::Damage)?,
                    percent(share)
                )
            }
            None => format!("{} damage to champions", count(Metric::Damage)?),
        },
        Dimension::Survivability => match own(Metric::Deaths)? {
            0.0 => "you did not die once".to_owned(),
            _ => format!("{} and {} seconds spent dead", deaths()?, count(Metric::DeadSeconds)?),
        },
        Dimension::CrowdControl => format!("{} seconds of crowd control", count(Metric::ControlSeconds)?),
        Dimension::Support => {
            format!(
                "{} healing and {} shielding for allies",
                count(Metric::Healing)?,
                count(Metric::Shielding)?
            )
        }
        Dimension::Placement => format!("you finished {}", words::ordinal(own(Metric::Place)? as u8)),
    })
}

/// How the lane went and what became of it.
fn arc(sheet: &FactSheet) -> String {
    let Some(gold) = sheet.own(Metric::GoldDiff10) else { return String::new() };
    let rival = sheet.lane_opponent().map_or_else(
        || "your lane opponent".to_owned(),
        |member| format!("your lane opponent {}", member.champion),
    );
    let amount = grouped(gold);
    let minions = sheet.own(Metric::CsAt10).map(|cs| format!(", with {cs:.0} CS")).unwrap_or_default();
    let won = sheet.result == Outcome::Win;
    match gold {
        500.0.. if won => format!(
            "At 10 minutes you were {amount} gold ahead of {rival}{minions}, and you kept that lead working."
        ),
        500.0.. => format!(
            "At 10 minutes you were {amount} gold ahead of {rival}{minions}, but the lead did not last."
        ),
        ..=-500.0 if won => format!(
            "At 10 minutes you were {amount} gold behind {rival}{minions}, and you worked your way back."
        ),
        ..=-500.0 => format!(
            "At 10 minutes you were {amount} gold behind {rival}{minions}, and the early pressure stayed."
        ),
        0.5.. => {
            format!("The lane was even: at 10 minutes you were just {amount} gold ahead of {rival}{minions}.")
        }
        ..=-0.5 => {
            format!("The lane was even: at 10 minutes you were just {amount} gold behind {rival}{minions}.")
        }
        _ => format!("At 10 minutes you and {rival} were level in gold{minions}."),
    }
}

fn fight(sheet: &FactSheet) -> String {
    let Some(moment) = sheet.best_fight.and_then(|index| sheet.moments.get(index)) else {
        return String::new();
    };
    let Happening::Fight { region, own_kills, other_kills, objective } = &moment.what else {
        return String::new();
    };
    let place = words::region(*region, EN).map(|place| format!(" {place}")).unwrap_or_default();
    let after = match objective {
        Some((taken, true)) => format!(", and your team went on to take {}", words::objective(*taken, EN)),
        Some((taken, false)) => format!(", and the enemy went on to take {}", words::objective(*taken, EN)),
        None => String::new(),
    };
    let from = FactSheet::clock(moment.from_ms);
    format!("The key fight broke out at {from}{place}: {own_kills} for {other_kills} in kills{after}.")
}

fn timed(sheet: &FactSheet, moment: &Moment) -> String {
    format!("{} at {}", moments::phrase(sheet, moment), FactSheet::clock(moment.from_ms))
}

fn highlights(sheet: &FactSheet, most: usize) -> String {
    let told = moments::highlights(sheet, most);
    let lines: Vec<String> = told.into_iter().map(|moment| timed(sheet, moment)).collect();
    if lines.is_empty() { String::new() } else { format!("Highlights: {}.", lines.join("; ")) }
}

fn room(sheet: &FactSheet, most: usize) -> String {
    let role = sheet.player().map_or(Role::Unknown, |player| player.role);
    let mut sentences = Vec::new();
    for (index, dimension) in sheet.improvements.iter().take(most).enumerate() {
        let Some(value) = sheet.own(Metric::Dimension(*dimension)) else { continue };
        let name = words::dimension(*dimension, EN);
        let lead = if index == 0 { "Most room to grow" } else { "After that" };
        let bad =
            |moment: &&Moment| moments::mood(moment) == Mood::Bad && moment.dimension == Some(*dimension);
        let example = moments::best_of(sheet.moments.iter().filter(bad).collect(), 1);
        let example = example.first().map(|moment| format!(", for example {}", timed(sheet, moment)));
        sentences.push(format!("{lead}: {name} ({value:.1}){}.", example.unwrap_or_default()));
        sentences.push(format!("{}.", advice(*dimension, role)));
    }
    spaced(&sentences)
}

/// Something to try; without any number, because it is no fact.
fn advice(dimension: Dimension, role: Role) -> &'static str {
    match dimension {
        Dimension::Economy if role == Role::Utility => {
            "Finish the quest of your support item early, and the key items come sooner"
        }
        Dimension::Growth if role == Role::Utility => {
            "Roam while your wave is pushed, and share the lane's experience the rest of the time"
        }
        Dimension::Growth if role == Role::Jungle => {
            "Clear camps soon after they come back and walk empty less often; the levels follow"
        }
        Dimension::Combat => {
            "Before a fight, check the key abilities on both sides and pick the moment that suits you"
        }
        Dimension::Economy => {
            "After pushing a wave, collect camps and side lanes on the way instead of walking empty"
        }
        Dimension::Objective => {
            "After a kill, look at the map: the nearest tower or dragon is often the next step"
        }
        Dimension::Vision => {
            "Bring a control ward from each recall and light up the river before objectives spawn"
        }
        Dimension::Teamplay => {
            "Keep an eye on your team and save your ultimate for the side of the map that can fight"
        }
        Dimension::Growth => "Miss fewer waves; with the levels, fights become easier",
        Dimension::Tankiness => "Let the front line soak damage and keep a defensive ability for the way in",
        Dimension::DamageComposition => {
            "Let the enemy's resistances decide the next item, so that your damage lands"
        }
        Dimension::Survivability => "When the map is dark, take a step back; alive you have the next fight",
        Dimension::CrowdControl => "Save your crowd control for the enemy who matters most",
        Dimension::Damage => "Stay in the fight for one more rotation of abilities before backing off",
        Dimension::Support => "Hold shields and heals for the moment an ally is focused",
        Dimension::Placement => "Play the early rounds safely and look for the opening once you are healthy",
    }
}

fn build(sheet: &FactSheet) -> String {
    let named = |name: &str| !name.starts_with('#');
    let items: Vec<_> =
        sheet.items.iter().map(|id| sheet.names.item(*id)).filter(|name| named(name)).collect();
    let augments: Vec<_> =
        sheet.augments.iter().map(|id| sheet.names.augment(*id)).filter(|name| named(name)).collect();
    let list = |title: &str, names: Vec<std::borrow::Cow<'_, str>>| {
        if names.is_empty() { String::new() } else { format!("{title}: {}.", names.join(", ")) }
    };
    spaced(&[list("Final build", items), list("Augments", augments)])
}

fn closing(sheet: &FactSheet, style: Style) -> &'static str {
    let won = matches!(sheet.result, Outcome::Win | Outcome::Placement(1));
    match (style.tone, won) {
        (Tone::Competitive, _) if sheet.moments.is_empty() => {
            "Start with the dimension that has the most room."
        }
        (Tone::Competitive, _) => "Take the times above to the replay.",
        (Tone::Casual, true) => "Enjoy it, and keep doing what works.",
        (Tone::Casual, false) => "Take a break; this one will teach you something on a second look.",
        (Tone::Balanced, true) => "Keep these habits.",
        (Tone::Balanced, false) => "Pick one point to try; there is no need to change everything at once.",
    }
}
