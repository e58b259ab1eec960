//! One event of a timeline, flat and small: what it does not carry is 0.

use serde::Deserialize;

use crate::evidence::Objective;
use crate::loose::{self, Loose, Number};
use crate::match_record::{ParticipantId, TeamId};

/// What is used of an event. `ParticipantId(0)` is nobody: minions, monsters, an execution.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// Milliseconds of game time.
    pub at_ms: u64,
    /// What happened.
    pub kind: EventKind,
    /// Who bought, sold, levelled, or placed the ward.
    pub who: ParticipantId,
    /// Who killed, took or destroyed.
    pub killer: ParticipantId,
    /// Who died.
    pub victim: ParticipantId,
    /// Who helped.
    pub assistants: Assistants,
    /// The side that lost the building, or the side that took the monster.
    pub team: TeamId,
    /// What was taken, for buildings and monsters.
    pub objective: Option<Objective>,
    /// Where.
    pub place: Option<Place>,
    /// The item; for an undo the item that is gone again.
    pub item: u32,
    /// The level reached, the slot of the skill, or the length of a row of kills.
    pub number: u32,
    /// Gold beyond an ordinary kill.
    pub shutdown_gold: u32,
}

/// The kinds that are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// Any other; never kept.
    #[default]
    Other,
    /// A champion died.
    ChampionKill,
    /// The first kill of the match.
    FirstBlood,
    /// A row of kills; `number` is its length so far.
    MultiKill,
    /// A tower or an inhibitor fell; `team` lost it.
    BuildingKill,
    /// A tower plate fell; `team` lost it.
    PlateDestroyed,
    /// A large monster fell; `team` took it.
    MonsterKill,
    /// A ward was placed.
    WardPlaced,
    /// A ward was destroyed.
    WardKill,
    /// An item was bought.
    ItemPurchased,
    /// An item was used up, mostly to build another one.
    ItemDestroyed,
    /// A purchase or sale was taken back.
    ItemUndo,
    /// A level was reached.
    LevelUp,
    /// A skill was learnt or improved.
    SkillLevelUp,
    /// The game ended.
    GameEnd,
}

/// A place on the map, in Riot's units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// From the blue side's corner to the right.
    pub x: u32,
    /// From the blue side's corner upwards.
    pub y: u32,
}

/// Who helped; numbers above 31 are nobody's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Assistants(u32);

impl Assistants {
    /// Whether this player helped.
    pub fn contains(self, id: ParticipantId) -> bool {
        id.0 < 32 && self.0 & (1 << id.0) != 0
    }

    /// Whether nobody helped.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Who helped, by ascending number.
    pub fn iter(self) -> impl Iterator<Item = ParticipantId> {
        (1..32).map(ParticipantId).filter(move |&id| self.contains(id))
    }

    fn of(ids: &[Number]) -> Self {
        let bits = ids.iter().map(|id| id.count()).filter(|id| (1..32).contains(id));
        Self(bits.fold(0, |all, id| all | 1 << id))
    }
}

impl Event {
    /// Whether this player killed, took or helped.
    pub fn has_hand_in(&self, id: ParticipantId) -> bool {
        id.0 > 0 && (self.killer == id || self.assistants.contains(id))
    }
}

/// An event as Riot writes it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireEvent {
    #[serde(rename = "type")]
    kind: WireKind,
    timestamp: Number,
    participant_id: Number,
    creator_id: Number,
    killer_id: Number,
    victim_id: Number,
    #[serde(deserialize_with = "loose::list")]
    assisting_participant_ids: Vec<Number>,
    team_id: Number,
    killer_team_id: Number,
    monster_type: Monster,
    monster_sub_type: Monster,
    building_type: Building,
    kill_type: Special,
    #[serde(deserialize_with = "loose::object")]
    position: WirePlace,
    item_id: Number,
    before_id: Number,
    level: Number,
    skill_slot: Number,
    multi_kill_length: Number,
    shutdown_bounty: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WirePlace {
    x: Number,
    y: Number,
}

impl WireEvent {
    /// The event, where it is of a kind that is used and has a time.
    pub(super) fn read(&self) -> Option<Event> {
        let at_ms = self.timestamp.known()? as u64;
        let kind = match (self.kind.0, self.kill_type.0) {
            (EventKind::Other, _) => return None,
            (EventKind::FirstBlood, EventKind::Other) => return None,
            (EventKind::FirstBlood, special) => special,
            (kind, _) => kind,
        };
        let place = self.position.x.known().zip(self.position.y.known());
        let mut event = Event {
            at_ms,
            kind,
            who: id(if kind == EventKind::WardPlaced { self.creator_id } else { self.participant_id }),
            killer: id(self.killer_id),
            victim: id(self.victim_id),
            assistants: Assistants::of(&self.assisting_participant_ids),
            place: place.map(|(x, y)| Place { x: x as u32, y: y as u32 }),
            ..Event::default()
        };
        match kind {
            EventKind::BuildingKill => {
                event.team = TeamId(self.team_id.count());
                event.objective = self.building_type.0;
            }
            EventKind::PlateDestroyed => {
                event.team = TeamId(self.team_id.count());
                event.objective = Some(Objective::Plate);
            }
            EventKind::MonsterKill => {
                event.team = TeamId(self.killer_team_id.count());
                event.objective = self.monster_sub_type.0.filter(|&kind| kind == Objective::ElderDragon);
                event.objective = event.objective.or(self.monster_type.0).or(Some(Objective::Monster));
            }
            EventKind::ItemPurchased | EventKind::ItemDestroyed => event.item = self.item_id.count(),
            EventKind::ItemUndo => event.item = self.before_id.count(),
            EventKind::LevelUp => event.number = self.level.count(),
            EventKind::SkillLevelUp => event.number = self.skill_slot.count(),
            EventKind::MultiKill => event.number = self.multi_kill_length.count(),
            EventKind::ChampionKill => event.shutdown_gold = self.shutdown_bounty.count(),
            _ => {}
        }
        Some(event)
    }
}

fn id(number: Number) -> ParticipantId {
    ParticipantId(number.count())
}

macro_rules! words {
    ($name:ident($inner:ty) $(, $word:pat => $value:expr)+ $(,)?) => {
        #[derive(Default)]
        struct $name($inner);

        impl Loose for $name {
            fn of_text(value: &str) -> Self {
                match value {
                    $($word => Self($value),)+
                    _ => Self::default(),
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                loose::any(deserializer)
            }
        }
    };
}

words!(
    WireKind(EventKind),
    "CHAMPION_KILL" => EventKind::ChampionKill,
    "CHAMPION_SPECIAL_KILL" => EventKind::FirstBlood,
    "BUILDING_KILL" => EventKind::BuildingKill,
    "TURRET_PLATE_DESTROYED" => EventKind::PlateDestroyed,
    "ELITE_MONSTER_KILL" => EventKind::MonsterKill,
    "WARD_PLACED" => EventKind::WardPlaced,
    "WARD_KILL" => EventKind::WardKill,
    "ITEM_PURCHASED" => EventKind::ItemPurchased,
    "ITEM_DESTROYED" => EventKind::ItemDestroyed,
    "ITEM_UNDO" => EventKind::ItemUndo,
    "LEVEL_UP" => EventKind::LevelUp,
    "SKILL_LEVEL_UP" => EventKind::SkillLevelUp,
    "GAME_END" => EventKind::GameEnd,
);

words!(
    Special(EventKind),
    "KILL_FIRST_BLOOD" => EventKind::FirstBlood,
    "KILL_MULTI" => EventKind::MultiKill,
);

words!(
    Monster(Option<Objective>),
    "DRAGON" => Some(Objective::Dragon),
    "ELDER_DRAGON" => Some(Objective::ElderDragon),
    "BARON_NASHOR" => Some(Objective::Baron),
    "RIFTHERALD" => Some(Objective::Herald),
    "HORDE" | "VOIDGRUB" => Some(Objective::Voidgrub),
    "ATAKHAN" => Some(Objective::Atakhan),
);

words!(
    Building(Option<Objective>),
    "TOWER_BUILDING" => Some(Objective::Tower),
    "INHIBITOR_BUILDING" => Some(Objective::Inhibitor),
);
