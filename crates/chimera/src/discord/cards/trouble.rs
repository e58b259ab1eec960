//! Everything that can go wrong, said to the person: what happened, whose it is to solve, and what to do next.

use std::time::Duration;

use ui::{Arg, Language};

use super::{ORANGE, RED};
use crate::discord::{
    markdown,
    message::{Embed, Message},
    texts,
};

/// What went wrong. The texts of all are in the `trouble-` messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The person has linked no account.
    NotBound,
    /// The person who was mentioned has linked no account.
    OtherNotBound,
    /// The person has only so many accounts.
    NoSuchAccount {
        /// How many.
        count: usize,
    },
    /// An account number below 1.
    NumberTooSmall,
    /// A target of no known form.
    TargetUnknown,
    /// Riot knows no such player.
    PlayerNotFound,
    /// Riot lists no matches.
    NoMatches,
    /// The history is shorter than the number asked for.
    IndexTooBig {
        /// How many there are.
        count: usize,
    },
    /// Listed, but not given out even after tries over minutes.
    MatchNotReady,
    /// Riot keeps matches of this mode private.
    NotShared,
    /// The match does not list the player, or hides them.
    NotInMatch,
    /// Riot refuses our key, or there is none: the operator's to solve.
    KeyRejected,
    /// Riot's limit is used up.
    RateLimited {
        /// For how long, where that is known.
        retry_after: Option<Duration>,
    },
    /// Riot does not answer, or answers with nonsense.
    RiotUnavailable,
    /// The request could not be written down in time.
    Busy,
    /// The operator has paused the work.
    Paused,
    /// All tries failed.
    GaveUp,
    /// Our own fault.
    Internal,
    /// The Riot account belongs to another Discord user.
    OwnedByAnother,
    /// No room for another account.
    TooManyAccounts,
    /// Not `Name#TAG`.
    BadRiotId,
    /// No platform of that name.
    BadRegion,
    /// No role of that name.
    BadRole,
    /// There is no account to unlink.
    NothingBound,
    /// A command or button of another version.
    UnknownCommand,
    /// The operator has switched the command off.
    SwitchedOff,
    /// Discord named no user.
    NoUser,
    /// The database did not answer.
    Storage,
    /// The match of an explanation is not stored any more.
    ExplainMissing,
}

impl Trouble {
    /// A stable word for logs and metrics; also the name of its texts.
    pub fn code(&self) -> &'static str {
        match self {
            Trouble::NotBound => "not_bound",
            Trouble::OtherNotBound => "other_not_bound",
            Trouble::NoSuchAccount { .. } => "no_such_account",
            Trouble::NumberTooSmall => "number_too_small",
            Trouble::TargetUnknown => "target_unknown",
            Trouble::PlayerNotFound => "player_not_found",
            Trouble::NoMatches => "no_matches",
            Trouble::IndexTooBig { .. } => "index_too_big",
            Trouble::MatchNotReady => "match_not_ready",
            Trouble::NotShared => "not_shared",
            Trouble::NotInMatch => "not_in_match",
            Trouble::KeyRejected => "key_rejected",
            Trouble::RateLimited { .. } => "rate_limited",
            Trouble::RiotUnavailable => "riot_unavailable",
            Trouble::Busy => "busy",
            Trouble::Paused => "paused",
            Trouble::GaveUp => "gave_up",
            Trouble::Internal => "internal",
            Trouble::OwnedByAnother => "owned_by_another",
            Trouble::TooManyAccounts => "too_many_accounts",
            Trouble::BadRiotId => "bad_riot_id",
            Trouble::BadRegion => "bad_region",
            Trouble::BadRole => "bad_role",
            Trouble::NothingBound => "nothing_bound",
            Trouble::UnknownCommand => "unknown_command",
            Trouble::SwitchedOff => "switched_off",
            Trouble::NoUser => "no_user",
            Trouble::Storage => "storage",
            Trouble::ExplainMissing => "explain_missing",
        }
    }

    /// Red is for what failed on our side or Riot's, orange for what the person can put right.
    fn colour(&self) -> u32 {
        match self {
            Trouble::KeyRejected
            | Trouble::RiotUnavailable
            | Trouble::GaveUp
            | Trouble::Internal
            | Trouble::Storage => RED,
            _ => ORANGE,
        }
    }

    fn arguments(&self) -> Vec<(&'static str, Arg<'static>)> {
        match self {
            Trouble::NoSuchAccount { count } | Trouble::IndexTooBig { count } => {
                vec![("count", (*count).into())]
            }
            Trouble::RateLimited { retry_after } => {
                let seconds = retry_after.map_or(0, |after| after.as_millis().div_ceil(1_000) as u64);
                vec![("seconds", seconds.into())]
            }
            _ => Vec::new(),
        }
    }
}

/// The card of a trouble. `match_id` and `task_id` may be empty; they are for the operator to look up.
pub fn trouble(trouble: &Trouble, match_id: &str, task_id: &str, language: Language) -> Message {
    let id = format!("trouble-{}", trouble.code());
    let arguments = trouble.arguments();
    let part = |name: &str| texts::text_with(language, &format!("{id}{name}"), &arguments);
    let mut foot = Vec::new();
    if !match_id.is_empty() {
        foot.push(markdown::plain_name(match_id));
    }
    if !task_id.is_empty() {
        let task_id = markdown::plain_name(task_id);
        foot.push(texts::text_with(language, "footer-task", &[("id", task_id.into())]));
    }
    let embed = Embed::new(part(""), trouble.colour())
        .describe(format!("{}\n\n{}", part(".text"), part(".next")))
        .foot(foot.join(" · "));
    Message::card(embed).fit()
}
