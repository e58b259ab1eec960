//! What a number of a sheet measures.

use crate::report::Objective;
use crate::score::Dimension;

/// What a number measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Metric {
    /// Kills.
    Kills,
    /// Deaths.
    Deaths,
    /// Assists.
    Assists,
    /// (kills + assists) / deaths.
    Kda,
    /// Share of the side's kills with a hand in.
    KillParticipation,
    /// Minions and monsters.
    Cs,
    /// The same, per minute.
    CsPerMinute,
    /// The same at 10:00.
    CsAt10,
    /// The same at 15:00.
    CsAt15,
    /// Gold earned.
    Gold,
    /// The same, per minute.
    GoldPerMinute,
    /// Gold ahead of the lane opponent (team: of the other side) at 10:00.
    GoldDiff10,
    /// The same at 15:00.
    GoldDiff15,
    /// Experience ahead at 10:00.
    XpDiff10,
    /// Experience ahead at 15:00.
    XpDiff15,
    /// Damage to champions.
    Damage,
    /// The same, per minute.
    DamagePerMinute,
    /// Share of the side's damage.
    DamageShare,
    /// The physical part.
    PhysicalDamage,
    /// The magic part.
    MagicDamage,
    /// The true part.
    TrueDamage,
    /// Damage taken.
    DamageTaken,
    /// Damage taken off by armour, shields and the like.
    DamageMitigated,
    /// Damage to monsters and buildings.
    ObjectiveDamage,
    /// Damage to towers.
    TurretDamage,
    /// Healing given to others.
    Healing,
    /// Shields given to others.
    Shielding,
    /// Riot's measure of vision.
    VisionScore,
    /// Wards placed.
    WardsPlaced,
    /// Wards destroyed.
    WardsKilled,
    /// Control wards placed.
    ControlWards,
    /// Wards placed per minute.
    WardsPerMinute,
    /// Seconds of control.
    ControlSeconds,
    /// The level at the end.
    Level,
    /// The longest row of kills.
    MultiKill,
    /// The most kills without a death.
    KillingSpree,
    /// Seconds dead.
    DeadSeconds,
    /// The score.
    Total,
    /// The mean score of the own side.
    MeanTotal,
    /// The place within the own side by score.
    Rank,
    /// The place in Arena.
    Place,
    /// One dimension of the score.
    Dimension(Dimension),
    /// The place within the own side in one dimension.
    DimensionRank(Dimension),
    /// One dimension ahead of the side's mean.
    VersusTeam(Dimension),
    /// One dimension ahead of the lane opponent.
    VersusOpponent(Dimension),
    /// Share of kills that led to an objective.
    ConversionRate,
    /// Kills that led to an objective.
    Conversions,
    /// How many of a kind were taken; of a player: with a hand in, among the moments of the sheet.
    Taken(Objective),
    /// Solo kills among the moments of the sheet.
    SoloKills,
    /// How long the match took.
    Duration,
    /// Players on the own side, or of the match.
    Players,
    /// Sides in Arena.
    Sides,
    /// Augments chosen.
    Augments,
}
