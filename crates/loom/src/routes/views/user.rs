//! Users and their tokens.

use serde::Serialize;
use utoipa::ToSchema;

use super::rfc3339;
use crate::{
    ids::UserId,
    store::users::{Token, User},
};

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserView {
    /// Primary key.
    pub id: UserId,
    /// Unique.
    pub name: String,
    /// `player`, `builder` or `operator`.
    pub role: String,
    /// A disabled user's tokens are refused.
    pub disabled: bool,
    /// RFC 3339.
    pub created_at: String,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            name: user.name,
            role: user.role,
            disabled: user.disabled,
            created_at: rfc3339(&user.created_at),
        }
    }
}

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenView {
    /// The public half.
    pub id: String,
    /// What the owner calls it.
    pub label: String,
    /// A revoked token is refused.
    pub revoked: bool,
    /// RFC 3339.
    pub created_at: String,
    /// The whole token; only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl From<Token> for TokenView {
    fn from(token: Token) -> Self {
        Self {
            id: token.id,
            label: token.label,
            revoked: token.revoked,
            created_at: rfc3339(&token.created_at),
            token: None,
        }
    }
}
