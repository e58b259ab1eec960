//! From match and timeline to the review: the pure core's work, with what it could not read said.

use chimera_core::{
    report::{self, Review, ReviewError, TeamReview},
    timeline,
};

use crate::discord::requests::ReviewKind;

use super::{documents::Documents, trouble::Trouble};

/// What was asked for, judged.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Judged {
    /// One player.
    One(Box<Review>),
    /// The player's team.
    Team(Box<TeamReview>),
}

/// Scores the match. Takes about a millisecond of one core.
pub(super) fn judge(documents: &Documents, puuid: &str, kind: ReviewKind) -> Result<Judged, Trouble> {
    // A timeline that cannot be read makes the review partial; it does not prevent it.
    let timeline = documents.timeline_json.as_deref().and_then(|json| match timeline::parse(json) {
        Ok(timeline) => Some(timeline),
        Err(error) => {
            tracing::warn!(match.id = documents.record.id(), %error, "a timeline cannot be read");
            None
        }
    });
    let (record, timeline) = (&documents.record, timeline.as_ref());
    let judged = match kind {
        ReviewKind::Analyze => {
            report::review(record, timeline, puuid).map(|review| Judged::One(Box::new(review)))
        }
        ReviewKind::Team => {
            report::team_review(record, timeline, puuid).map(|review| Judged::Team(Box::new(review)))
        }
    };
    judged.map_err(|error| match error {
        ReviewError::NotInMatch { .. } => Trouble::NotInMatch,
        _ => Trouble::Unreadable { reason: error.to_string() },
    })
}

impl Judged {
    /// Reads what [`Judged::to_json`] wrote; nothing when an earlier version wrote something else.
    pub(super) fn from_json(kind: ReviewKind, json: &str) -> Option<Self> {
        match kind {
            ReviewKind::Analyze => serde_json::from_str(json).ok().map(Self::One),
            ReviewKind::Team => serde_json::from_str(json).ok().map(Self::Team),
        }
    }

    /// As it is stored.
    pub(super) fn to_json(&self) -> Result<String, Trouble> {
        let json = match self {
            Self::One(review) => serde_json::to_string(review),
            Self::Team(review) => serde_json::to_string(review),
        };
        json.map_err(|error| Trouble::Internal { reason: error.to_string() })
    }

    /// Which match it is of.
    pub(crate) fn match_id(&self) -> &str {
        match self {
            Self::One(review) => &review.match_id,
            Self::Team(review) => &review.match_id,
        }
    }

    /// Version of the formulas.
    pub(super) fn version(&self) -> &str {
        match self {
            Self::One(review) => &review.version,
            Self::Team(review) => &review.version,
        }
    }
}
