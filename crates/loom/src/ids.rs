//! Newtypes for every id of the program, so that a turn is never taken for a session.

use serde::{Deserialize, Serialize};

/// Declares one id type: text, made from a version 7 UUID so that ids sort by the time they were made.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// A new id, later than every id made before it on this machine.
            #[must_use]
            pub fn generate() -> Self {
                Self(uuid::Uuid::now_v7().to_string())
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl From<&$name> for storage::Value {
            fn from(id: &$name) -> Self {
                Self::from(id.0.as_str())
            }
        }
    };
}

id!(
    /// One story of one user.
    SessionId
);
id!(
    /// One turn: what the player wrote and what was told.
    TurnId
);
id!(
    /// A named head of a session's tree.
    BranchId
);
id!(
    /// What a head remembers, as of one turn.
    StateId
);
id!(
    /// A person, or `local` while nobody has been added.
    UserId
);
