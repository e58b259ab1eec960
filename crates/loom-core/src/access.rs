//! Who may do what in a story: the roles people hold, and the lowest role each kind of change asks for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a person is in a story; a later role may do everything an earlier one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Plays: writes turns.
    Player,
    /// Builds: also changes the canon.
    Builder,
    /// Runs the server.
    Operator,
}

/// The lowest role that may do a thing, or nobody at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grant {
    /// Closed to everyone, operators included.
    Nobody,
    /// Open to everyone who can play; canons also write `anyone` or `allow`.
    Player,
    /// Open to builders and operators.
    Builder,
    /// Open to operators only.
    Operator,
}

impl Grant {
    /// Whether a person in `role` may.
    pub fn permits(self, role: Role) -> bool {
        match self {
            Self::Nobody => false,
            Self::Player => true,
            Self::Builder => role >= Role::Builder,
            Self::Operator => role >= Role::Operator,
        }
    }
}

/// What a canon allows to whom. Everything in the story is open to players unless the canon says otherwise; only
/// the canon itself is for builders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Changing the canon's own text.
    pub edit: Grant,
    /// `(OOC: …)`: a word to the narrator outside the story.
    pub ooc: Grant,
    /// `[TONE: …]`.
    pub tone: Grant,
    /// `[INTENT: …]`.
    pub intent: Grant,
    /// `[QUERY: …]`.
    pub query: Grant,
    /// `[EDIT: subject: text]`: setting a fact of the running story.
    pub world_edit: Grant,
    /// `[RETCON: target: text]`: changing what already happened, on a new branch.
    pub retcon: Grant,
}

impl Default for Permissions {
    fn default() -> Self {
        Self {
            edit: Grant::Builder,
            ooc: Grant::Player,
            tone: Grant::Player,
            intent: Grant::Player,
            query: Grant::Player,
            world_edit: Grant::Player,
            retcon: Grant::Player,
        }
    }
}

/// A word that is no role or grant, with what would have been one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not one of {expected}")]
pub struct UnknownWord {
    /// The word as written.
    pub word: String,
    /// The accepted words, comma-separated.
    pub expected: &'static str,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Player => "player",
            Self::Builder => "builder",
            Self::Operator => "operator",
        })
    }
}

impl FromStr for Role {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word.trim().to_lowercase().as_str() {
            "player" => Ok(Self::Player),
            "builder" => Ok(Self::Builder),
            "operator" => Ok(Self::Operator),
            _ => Err(UnknownWord { word: word.to_owned(), expected: "player, builder, operator" }),
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "nobody",
            Self::Player => "player",
            Self::Builder => "builder",
            Self::Operator => "operator",
        })
    }
}

impl FromStr for Grant {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word.trim().to_lowercase().as_str() {
            "nobody" | "none" | "deny" | "false" | "禁止" => Ok(Self::Nobody),
            "player" | "players" | "anyone" | "everyone" | "allow" | "true" | "玩家" | "允许" => {
                Ok(Self::Player)
            }
            "builder" | "builders" | "构建者" => Ok(Self::Builder),
            "operator" | "operators" | "管理员" => Ok(Self::Operator),
            _ => Err(UnknownWord {
                word: word.to_owned(),
                expected: "nobody, player, builder, operator, allow, deny",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_open_upwards() {
        let cases = [
            (Grant::Nobody, [false, false, false]),
            (Grant::Player, [true, true, true]),
            (Grant::Builder, [false, true, true]),
            (Grant::Operator, [false, false, true]),
        ];
        for (grant, expected) in cases {
            let seen = [Role::Player, Role::Builder, Role::Operator].map(|role| grant.permits(role));
            assert_eq!(seen, expected, "{grant}");
        }
    }

    #[test]
    fn words_round_trip_and_synonyms_are_read() {
        for role in [Role::Player, Role::Builder, Role::Operator] {
            assert_eq!(role.to_string().parse(), Ok(role));
        }
        for grant in [Grant::Nobody, Grant::Player, Grant::Builder, Grant::Operator] {
            assert_eq!(grant.to_string().parse(), Ok(grant));
        }
        assert_eq!(" Anyone ".parse(), Ok(Grant::Player));
        assert_eq!("deny".parse(), Ok(Grant::Nobody));
        insta::assert_snapshot!("wizard".parse::<Role>().unwrap_err(), @"`wizard` is not one of player, builder, operator");
    }
}
