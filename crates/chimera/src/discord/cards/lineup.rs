//! Players in a table of fixed width, one line each.

use chimera_core::report::Member;

use super::{Look, figures, review};
use crate::discord::{limits, markdown};

/// Columns of rank, champion, player, score, K/D/A, damage and vision.
const WIDTHS: [usize; 7] = [2, 10, 12, 5, 8, 5, 4];

/// A code block with as many lines as fit into one field.
pub(super) fn lineup(members: &[Member], look: &Look<'_>) -> String {
    // A rank is one within a team; of several teams the order of the lines is what counts.
    let is_one_team = members.windows(2).all(|pair| pair[0].facts.team == pair[1].facts.team);
    let head = look.text("lineup-head");
    let mut table = line(head.split('|').map(str::to_owned));
    for (place, member) in (1..).zip(members) {
        let next =
            line(cells(member, member.rank.filter(|_| is_one_team).unwrap_or(place), look).into_iter());
        if limits::length(&table) + limits::length(&next) + 9 > limits::EMBED_VALUE {
            break;
        }
        table.push('\n');
        table.push_str(&next);
    }
    if members.is_empty() { String::new() } else { format!("```\n{table}\n```") }
}

fn cells(member: &Member, rank: u32, look: &Look<'_>) -> [String; 7] {
    let facts = &member.facts;
    let full = review::player_name(facts, look).unwrap_or_else(|| figures::UNKNOWN.to_owned());
    let name = full.split('#').next().unwrap_or_default().to_owned();
    [
        rank.to_string(),
        markdown::plain_name(&look.names.champion_of(facts.champion_id, &facts.champion_key)),
        name,
        member.score.total.map_or_else(|| figures::UNKNOWN.to_owned(), figures::decimal),
        format!("{}/{}/{}", facts.kills, facts.deaths, facts.assists),
        figures::thousands(facts.damage_to_champions),
        facts.vision_score.to_string(),
    ]
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<_> = cells.zip(WIDTHS).map(|(cell, width)| figures::padded(&cell, width)).collect();
    cells.join(" ").trim_end().to_owned()
}
