//! What many reviews say about one player.
//!
//! A profile keeps the last twenty matches of each mode and nothing else, so that it can be rebuilt, forgotten and
//! read by the person it is about. Everything shown is computed from those entries.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::match_record::{Role, TeamId};
use crate::mode::Mode;
use crate::report::{Outcome, Review};
use crate::score::Dimension;

mod trend;

pub use trend::{Direction, Trend};

/// How many matches of one mode are kept.
pub const KEPT: usize = 20;

/// Below this many matches nothing is said about habits.
pub const LEAST_MATCHES: usize = 5;

/// A dimension below the team's mean in this share of matches is persistently weak.
const PERSISTENT: f64 = 0.7;

/// A role in this share of matches is the primary one.
const PRIMARY_ROLE: f64 = 0.4;

/// How many champions are listed.
const CHAMPIONS: usize = 3;

/// One player over time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// Whose.
    pub puuid: String,
    /// How many different reviews went in, the forgotten ones included.
    pub reviews: u64,
    /// When it last changed, milliseconds since 1970.
    pub updated_at_ms: u64,
    /// The matches that are kept, by mode, oldest first.
    pub matches: BTreeMap<Mode, Vec<ProfileMatch>>,
}

/// What is kept of one match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProfileMatch {
    /// The match.
    pub match_id: String,
    /// When it began, milliseconds since 1970.
    pub started_at_ms: u64,
    /// Whether it was won, where anybody did; in Arena whether the team came into the upper half.
    pub won: Option<bool>,
    /// Riot's number of the champion.
    pub champion_id: u32,
    /// Riot's key of the champion.
    pub champion_key: String,
    /// Where the player played.
    pub role: Role,
    /// The score.
    pub total: f64,
    /// The version of the formulas; averages are over one version only.
    pub version: String,
    /// Each dimension and how far ahead of the team's mean it was.
    pub dimensions: BTreeMap<Dimension, DimensionEntry>,
}

/// One dimension of one kept match.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DimensionEntry {
    /// 0 to 100.
    pub value: f64,
    /// Ahead of the mean of the own side.
    pub vs_team_mean: f64,
}

/// What the kept matches of one mode say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Which mode.
    pub mode: Mode,
    /// Over how many matches.
    pub matches: usize,
    /// The mean total.
    pub mean_total: f64,
    /// The mean of each dimension.
    pub averages: BTreeMap<Dimension, f64>,
    /// The share of matches won, of those with a winner; in Arena those in the upper half.
    pub wins: Option<f64>,
    /// The dimension that is below the team's mean most often, when that is in at least 70 % of the matches.
    pub weak_dimension: Option<WeakDimension>,
    /// The champions played most.
    pub champions: Vec<ChampionCount>,
    /// How often each role was played.
    pub roles: BTreeMap<Role, usize>,
    /// The role of at least 40 % of the matches.
    pub primary_role: Option<Role>,
    /// Where the total is going.
    pub trend: Trend,
}

/// A habit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WeakDimension {
    /// Which dimension.
    pub dimension: Dimension,
    /// In which share of the matches it was below the team's mean.
    pub frequency: f64,
}

/// A champion and how often it was played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChampionCount {
    /// Riot's number of the champion.
    pub champion_id: u32,
    /// Riot's key of the champion.
    pub champion_key: String,
    /// In how many matches.
    pub matches: usize,
    /// In how many of them won.
    pub wins: usize,
}

/// Takes a review in. A review without a score changes nothing; one of a match that is already kept replaces it;
/// one older than everything kept is forgotten again at once. Adding a review of another player starts anew.
#[must_use]
pub fn add(mut profile: Profile, review: &Review, now_ms: u64) -> Profile {
    let Some(entry) = entry(review) else { return profile };
    if profile.puuid != review.player.puuid {
        profile = Profile { puuid: review.player.puuid.clone(), ..Profile::default() };
    }
    let kept = profile.matches.entry(review.mode).or_default();
    let is_new = !kept.iter().any(|one| one.match_id == entry.match_id);
    kept.retain(|one| one.match_id != entry.match_id);
    kept.push(entry);
    kept.sort_by(|one, other| {
        one.started_at_ms.cmp(&other.started_at_ms).then_with(|| one.match_id.cmp(&other.match_id))
    });
    let surplus = kept.len().saturating_sub(KEPT);
    kept.drain(..surplus);
    profile.reviews += u64::from(is_new);
    profile.updated_at_ms = now_ms;
    profile
}

fn entry(review: &Review) -> Option<ProfileMatch> {
    let is_placed = !review.match_id.is_empty() && !review.player.puuid.is_empty();
    let total = review.score.total.filter(|_| is_placed)?;
    let dimension = |delta: &crate::report::Delta| DimensionEntry {
        value: delta.value,
        vs_team_mean: delta.vs_team_mean,
    };
    Some(ProfileMatch {
        match_id: review.match_id.clone(),
        started_at_ms: review.started_at_ms,
        won: won(review),
        champion_id: review.player.champion_id,
        champion_key: review.player.champion_key.clone(),
        role: review.player.role,
        total,
        version: review.version.clone(),
        dimensions: review.deltas.iter().map(|delta| (delta.dimension, dimension(delta))).collect(),
    })
}

impl Profile {
    /// Whether this very review was taken in already.
    pub fn has(&self, review: &Review) -> bool {
        self.puuid == review.player.puuid
            && self.matches.get(&review.mode).is_some_and(|kept| {
                kept.iter().any(|one| one.match_id == review.match_id && one.version == review.version)
            })
    }

    /// What the kept matches of one mode say; `None` below [`LEAST_MATCHES`]. Only matches scored by the version
    /// of the newest one count: numbers of different formulas cannot be averaged.
    pub fn summary(&self, mode: Mode) -> Option<Summary> {
        let kept = self.matches.get(&mode)?;
        let version = &kept.last()?.version;
        let kept: Vec<&ProfileMatch> = kept.iter().filter(|one| one.version == *version).collect();
        if kept.len() < LEAST_MATCHES {
            return None;
        }
        let totals: Vec<f64> = kept.iter().map(|one| one.total).collect();
        let roles = roles(&kept);
        let primary =
            roles.iter().filter(|(role, _)| **role != Role::Unknown).max_by_key(|(_, count)| **count);
        let is_primary = |count: usize| count as f64 >= PRIMARY_ROLE * kept.len() as f64;
        Some(Summary {
            mode,
            matches: kept.len(),
            mean_total: mean(totals.iter().copied()).unwrap_or(0.0),
            averages: averages(&kept),
            wins: mean(kept.iter().filter_map(|one| one.won).map(|won| f64::from(u8::from(won)))),
            weak_dimension: weak_dimension(&kept),
            champions: champions(&kept),
            primary_role: primary.filter(|(_, count)| is_primary(**count)).map(|(role, _)| *role),
            roles,
            trend: trend::of(&totals),
        })
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

fn won(review: &Review) -> Option<bool> {
    match review.result {
        Outcome::Win => Some(true),
        Outcome::Loss => Some(false),
        Outcome::Placement(place) => {
            let teams: BTreeSet<TeamId> = review.others.iter().map(|other| other.team).collect();
            let count = teams.len() + usize::from(!teams.contains(&review.player.team));
            Some(2 * usize::from(place) <= count)
        }
        Outcome::Remake | Outcome::Unknown => None,
    }
}

fn averages(kept: &[&ProfileMatch]) -> BTreeMap<Dimension, f64> {
    let of = |dimension: Dimension| {
        let values = kept.iter().filter_map(|one| one.dimensions.get(&dimension)).map(|entry| entry.value);
        mean(values).map(|mean| (dimension, mean))
    };
    Dimension::ALL.into_iter().filter_map(of).collect()
}

fn weak_dimension(kept: &[&ProfileMatch]) -> Option<WeakDimension> {
    let of = |dimension: Dimension| {
        let entries: Vec<_> = kept.iter().filter_map(|one| one.dimensions.get(&dimension)).collect();
        let is_below = |entry: &&&DimensionEntry| {
            entry.vs_team_mean < 0.0 && !crate::team::is_out_of_reach(entry.value, dimension)
        };
        let below = entries.iter().filter(is_below).count();
        (entries.len() >= LEAST_MATCHES)
            .then(|| WeakDimension { dimension, frequency: below as f64 / entries.len() as f64 })
    };
    let weak = Dimension::ALL.into_iter().filter_map(of).filter(|weak| weak.frequency >= PERSISTENT);
    weak.min_by(|one, other| {
        other.frequency.total_cmp(&one.frequency).then(one.dimension.cmp(&other.dimension))
    })
}

fn champions(kept: &[&ProfileMatch]) -> Vec<ChampionCount> {
    let mut counts: BTreeMap<u32, ChampionCount> = BTreeMap::new();
    for one in kept {
        let champion_key = one.champion_key.clone();
        let new = ChampionCount { champion_id: one.champion_id, champion_key, matches: 0, wins: 0 };
        let count = counts.entry(one.champion_id).or_insert(new);
        count.matches += 1;
        count.wins += usize::from(one.won == Some(true));
    }
    let mut counts: Vec<ChampionCount> = counts.into_values().collect();
    counts.sort_by_key(|count| (std::cmp::Reverse(count.matches), count.champion_id));
    counts.truncate(CHAMPIONS);
    counts
}

fn roles(kept: &[&ProfileMatch]) -> BTreeMap<Role, usize> {
    let mut roles = BTreeMap::new();
    for one in kept {
        *roles.entry(one.role).or_default() += 1;
    }
    roles
}
