//! One player's line of a match document.

use serde::{Deserialize, Serialize};

use super::{ParticipantId, TeamId};
use crate::loose::{self, Flag, Loose, Number, Text};

/// The PUUID of a computer player.
pub(super) const BOT: &str = "BOT";

/// One player's totals. Field names are Riot's.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Participant {
    /// The number within the match.
    pub participant_id: Number,
    /// Empty or `BOT` where nobody stands behind it.
    pub puuid: Text,
    /// The name before the `#`; empty where the game hides it.
    pub riot_id_game_name: Text,
    /// What the name before the `#` was called in 2023.
    pub riot_id_name: Text,
    /// The tag after the `#`.
    pub riot_id_tagline: Text,
    /// Riot's number of the champion.
    pub champion_id: Number,
    /// Riot's key of the champion, for example `Ahri`, the same in every language.
    pub champion_name: Text,
    /// The level at the end.
    pub champ_level: Number,
    /// The experience at the end.
    pub champ_experience: Number,
    /// 100 or 200; in Arena it means nothing.
    pub team_id: Number,
    /// Whether the side won; in Arena the upper half.
    pub win: Flag,
    /// Where the game says the player played; unknown outside the Rift.
    pub team_position: Role,
    /// The best guess for the player alone.
    pub individual_position: Role,
    /// Kills.
    pub kills: Number,
    /// Deaths.
    pub deaths: Number,
    /// Assists.
    pub assists: Number,
    /// The longest row.
    pub largest_multi_kill: Number,
    /// The most kills without a death.
    pub largest_killing_spree: Number,
    /// Whether the first kill was theirs.
    pub first_blood_kill: Flag,
    /// Gold.
    pub gold_earned: Number,
    /// Lane minions.
    pub total_minions_killed: Number,
    /// Jungle monsters.
    pub neutral_minions_killed: Number,
    /// Damage to champions.
    pub total_damage_dealt_to_champions: Number,
    /// The physical part of it.
    pub physical_damage_dealt_to_champions: Number,
    /// The magic part of it.
    pub magic_damage_dealt_to_champions: Number,
    /// The true part of it.
    pub true_damage_dealt_to_champions: Number,
    /// Damage taken.
    pub total_damage_taken: Number,
    /// Damage that armour, shields and the like took off.
    pub damage_self_mitigated: Number,
    /// Damage to monsters and buildings.
    pub damage_dealt_to_objectives: Number,
    /// Damage to towers.
    pub damage_dealt_to_turrets: Number,
    /// Healing given to others.
    pub total_heals_on_teammates: Number,
    /// Damage that shields for others took.
    pub total_damage_shielded_on_teammates: Number,
    /// Riot's own measure of vision.
    pub vision_score: Number,
    /// Wards placed.
    pub wards_placed: Number,
    /// Wards destroyed.
    pub wards_killed: Number,
    /// Control wards placed.
    pub detector_wards_placed: Number,
    /// Seconds of control, by Riot's weighting.
    #[serde(rename = "timeCCingOthers")]
    pub time_ccing_others: Number,
    /// Seconds of control, slows and all targets included.
    #[serde(rename = "totalTimeCCDealt")]
    pub total_time_cc_dealt: Number,
    /// Seconds in the game.
    pub time_played: Number,
    /// Seconds dead.
    pub total_time_spent_dead: Number,
    /// Item slot.
    pub item0: Number,
    /// Item slot.
    pub item1: Number,
    /// Item slot.
    pub item2: Number,
    /// Item slot.
    pub item3: Number,
    /// Item slot.
    pub item4: Number,
    /// Item slot.
    pub item5: Number,
    /// The trinket.
    pub item6: Number,
    /// The first spell.
    pub summoner1_id: Number,
    /// The second spell.
    pub summoner2_id: Number,
    /// The vote that ends a game with somebody missing; the same on all players.
    pub game_ended_in_early_surrender: Flag,
    /// Arena: 1 is best, 0 is not known.
    pub placement: Number,
    /// Arena, older name.
    pub subteam_placement: Number,
    /// Arena: the number of the small team.
    pub player_subteam_id: Number,
    /// Arena augment, 0 for none.
    pub player_augment1: Number,
    /// Arena augment, 0 for none.
    pub player_augment2: Number,
    /// Arena augment, 0 for none.
    pub player_augment3: Number,
    /// Arena augment, 0 for none.
    pub player_augment4: Number,
    /// Arena augment, 0 for none.
    pub player_augment5: Number,
    /// Arena augment, 0 for none.
    pub player_augment6: Number,
    /// Arena augment, 0 for none.
    pub player_augment7: Number,
    /// Arena augment, 0 for none.
    pub player_augment8: Number,
    /// The runes.
    #[serde(deserialize_with = "loose::object")]
    pub perks: Perks,
}

/// The runes of one player.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Perks {
    /// The three shards.
    #[serde(deserialize_with = "loose::object")]
    pub stat_perks: StatPerks,
    /// The primary path, then the secondary one.
    #[serde(deserialize_with = "loose::objects")]
    pub styles: Vec<PerkStyle>,
}

/// The shards.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct StatPerks {
    /// First row.
    pub offense: Number,
    /// Second row.
    pub flex: Number,
    /// Third row.
    pub defense: Number,
}

/// One path of runes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PerkStyle {
    /// `primaryStyle` or `subStyle`.
    pub description: Text,
    /// The number of the path.
    pub style: Number,
    /// The runes taken from it.
    #[serde(deserialize_with = "loose::objects")]
    pub selections: Vec<PerkSelection>,
}

/// One rune.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PerkSelection {
    /// Its number.
    pub perk: Number,
}

/// Where a player played.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", from = "RoleName")]
pub enum Role {
    /// The upper lane.
    Top,
    /// The jungle.
    Jungle,
    /// The middle lane.
    Middle,
    /// The lower lane, the carry.
    Bottom,
    /// The lower lane, the support.
    Utility,
    /// Not stated, or a mode without lanes.
    #[default]
    Unknown,
}

/// A role as Riot (`MIDDLE`) or our own documents (`middle`) write it.
#[derive(Default)]
struct RoleName(Role);

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        name.0
    }
}

impl<'de> Deserialize<'de> for RoleName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        loose::any(deserializer)
    }
}

impl Loose for RoleName {
    fn of_text(value: &str) -> Self {
        Self(match value {
            "TOP" | "top" => Role::Top,
            "JUNGLE" | "jungle" => Role::Jungle,
            "MIDDLE" | "middle" => Role::Middle,
            "BOTTOM" | "bottom" => Role::Bottom,
            "UTILITY" | "utility" => Role::Utility,
            _ => Role::Unknown,
        })
    }
}

impl Participant {
    /// The number within the match; 0 only before the document was accepted.
    pub fn id(&self) -> ParticipantId {
        ParticipantId(self.participant_id.count())
    }

    /// The side. Arena players belong to their small team.
    pub fn team(&self, is_arena: bool) -> TeamId {
        TeamId(if is_arena { self.player_subteam_id.count() } else { self.team_id.count() })
    }

    /// The role, by the team's assignment, else by the player's own lane.
    pub fn role(&self) -> Role {
        if self.team_position == Role::Unknown { self.individual_position } else { self.team_position }
    }

    /// `Name#TAG`, where the game does not hide it.
    pub fn riot_id(&self) -> Option<String> {
        let name =
            if self.riot_id_game_name.is_empty() { &self.riot_id_name } else { &self.riot_id_game_name };
        if name.is_empty() || self.is_bot() {
            return None;
        }
        let tag = &self.riot_id_tagline;
        Some(if tag.is_empty() { name.to_string() } else { format!("{}#{}", &**name, &**tag) })
    }

    /// Whether the game plays this champion itself.
    pub fn is_bot(&self) -> bool {
        &*self.puuid == BOT
    }

    /// Whether the game hides who this is. Hidden players are counted and never named.
    pub fn is_hidden(&self) -> bool {
        self.puuid.is_empty()
    }

    /// The place in Arena, where it is known.
    pub fn place(&self) -> Option<u8> {
        let places = [self.placement, self.subteam_placement];
        let found = places.iter().map(|place| place.count()).find(|&place| place > 0);
        found.and_then(|place| u8::try_from(place).ok())
    }

    /// The six items in slot order, empty slots left out.
    pub fn items(&self) -> Vec<u32> {
        let slots = [self.item0, self.item1, self.item2, self.item3, self.item4, self.item5];
        slots.iter().map(|slot| slot.count()).filter(|&item| item > 0).collect()
    }

    /// The augments in slot order, empty slots left out.
    pub fn augments(&self) -> Vec<u32> {
        let slots = [
            self.player_augment1,
            self.player_augment2,
            self.player_augment3,
            self.player_augment4,
            self.player_augment5,
            self.player_augment6,
            self.player_augment7,
            self.player_augment8,
        ];
        slots.iter().map(|slot| slot.count()).filter(|&augment| augment > 0).collect()
    }
}
