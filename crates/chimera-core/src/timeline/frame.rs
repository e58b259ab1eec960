//! What the players had at one moment of a timeline.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::Bytes;
use crate::loose::{self, Number, Object};
use crate::match_record::ParticipantId;

/// One moment. What is inside is parsed when it is asked for; a frame that cannot be parsed has no players.
#[derive(Debug, Clone)]
pub struct Frame<'json> {
    /// Milliseconds of game time.
    pub at_ms: u64,
    pub(super) json: Bytes<'json>,
}

/// What one player had.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PlayerFrame {
    /// The number within the match.
    pub id: ParticipantId,
    /// The level.
    pub level: f64,
    /// The experience.
    pub xp: f64,
    /// Gold earned so far.
    pub gold: f64,
    /// Lane minions and jungle monsters.
    pub cs: f64,
    /// Armour, magic resistance and health, where the frame has them.
    pub body: Option<Body>,
}

/// What a champion can take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Body {
    /// Armour.
    pub armor: f64,
    /// Magic resistance.
    pub magic_resist: f64,
    /// The most health.
    pub health_max: f64,
}

impl Frame<'_> {
    /// Who had what, by ascending number. The cost is that of parsing some ten kilobytes.
    pub fn players(&self) -> Vec<PlayerFrame> {
        let read: Result<WirePlayers, _> = serde_json::from_slice(&self.json);
        let mut players = read.map(|read| read.0).unwrap_or_default();
        players.sort_by_key(|player| player.id);
        players.dedup_by_key(|player| player.id);
        players
    }
}

impl PlayerFrame {
    /// The state between this one and a later one, `share` of the way.
    pub(super) fn towards(&self, later: &PlayerFrame, share: f64) -> PlayerFrame {
        let between = |from: f64, to: f64| from + (to - from) * share;
        PlayerFrame {
            id: self.id,
            level: between(self.level, later.level),
            xp: between(self.xp, later.xp),
            gold: between(self.gold, later.gold),
            cs: between(self.cs, later.cs),
            body: self.body,
        }
    }
}

/// The players of a frame. Keys are not read: they need not be the players' numbers.
#[derive(Default)]
struct WirePlayers(Vec<PlayerFrame>);

impl<'de> Deserialize<'de> for WirePlayers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(WirePlayersVisitor)
    }
}

struct WirePlayersVisitor;

impl<'de> Visitor<'de> for WirePlayersVisitor {
    type Value = WirePlayers;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("players by number")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<WirePlayers, A::Error> {
        let mut players = Vec::with_capacity(10);
        while let Some((_, player)) = entries.next_entry::<IgnoredAny, Object<WirePlayer>>()? {
            players.extend(player.0.as_ref().and_then(WirePlayer::read));
        }
        Ok(WirePlayers(players))
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WirePlayer {
    participant_id: Number,
    level: Number,
    xp: Number,
    total_gold: Number,
    minions_killed: Number,
    jungle_minions_killed: Number,
    #[serde(deserialize_with = "loose::object")]
    champion_stats: WireStats,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireStats {
    armor: Number,
    magic_resist: Number,
    health_max: Number,
}

impl WirePlayer {
    /// The player, where the numbers that matter are known.
    fn read(&self) -> Option<PlayerFrame> {
        let id = ParticipantId(self.participant_id.count());
        let stats = &self.champion_stats;
        let body = || {
            Some(Body {
                armor: stats.armor.known()?,
                magic_resist: stats.magic_resist.known()?,
                health_max: stats.health_max.known()?,
            })
        };
        (id.0 > 0).then_some(PlayerFrame {
            id,
            level: self.level.known()?,
            xp: self.xp.known()?,
            gold: self.total_gold.known()?,
            cs: self.minions_killed.known()? + self.jungle_minions_killed.known()?,
            body: body(),
        })
    }
}
