//! Who is calling: tokens, the unnamed local player, and what a role may do.

use std::{sync::Arc, time::Duration};

use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};
use chassis::clock::Clock;
use loom_core::access::Role;
use moka::future::Cache;
use sha2::{Digest, Sha256};
use storage::{Database, StorageError};

use crate::{
    ids::UserId,
    store::users::{self, Token, User},
};

/// The user of every session while nobody has been added.
pub const LOCAL_USER: &str = "local";
/// What tokens begin with, so that scanners and people recognise one that leaked.
const PREFIX: &str = "loom";
/// A token that was verified is not hashed again for so long. A revoked one is refused at the latest then.
const REMEMBER: Duration = Duration::from_secs(30);
/// Password hashing is dear on purpose; more at once than this would be a way to keep the machine busy.
const HASHING_AT_ONCE: usize = 2;

/// Somebody who was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Whose sessions these are.
    pub user_id: UserId,
    /// For pages and logs.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The unnamed player of a program without users.
    pub local: bool,
}

impl Caller {
    /// The unnamed player: everything is theirs, because only this machine reaches the program.
    #[must_use]
    pub fn local() -> Self {
        Self {
            user_id: UserId(LOCAL_USER.to_owned()),
            name: LOCAL_USER.to_owned(),
            role: Role::Operator,
            local: true,
        }
    }

    /// Whether a session of `owner` is theirs to see.
    #[must_use]
    pub fn may_see(&self, owner: &UserId) -> bool {
        self.role == Role::Operator || &self.user_id == owner
    }
}

/// Why somebody was not let in.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// No token came with the request, and one is needed.
    #[error("no token was given")]
    Missing,
    /// The token is not of ours, is revoked, or its user is disabled. Which of these is not said.
    #[error("the token is not valid")]
    Invalid,
    /// The database refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Hashing failed.
    #[error("the token could not be hashed: {0}")]
    Hash(String),
}

/// Checks tokens and makes new ones.
#[derive(Clone)]
pub struct Auth {
    database: Database,
    clock: Clock,
    verified: Cache<[u8; 32], Caller>,
    anybody: Cache<(), bool>,
    hashing: Arc<tokio::sync::Semaphore>,
}

impl Auth {
    /// Over a database.
    #[must_use]
    pub fn new(database: Database, clock: Clock) -> Self {
        Self {
            database,
            clock,
            verified: Cache::builder().max_capacity(10_000).time_to_live(REMEMBER).build(),
            anybody: Cache::builder().max_capacity(1).time_to_live(Duration::from_secs(2)).build(),
            hashing: Arc::new(tokio::sync::Semaphore::new(HASHING_AT_ONCE)),
        }
    }

    /// Whether any user exists. From the first on, every call needs a token; learnt within two seconds.
    pub async fn users_exist(&self) -> Result<bool, StorageError> {
        if let Some(known) = self.anybody.get(&()).await {
            return Ok(known);
        }
        let any = users::any(&self.database).await?;
        self.anybody.insert((), any).await;
        Ok(any)
    }

    /// Who the bearer of a token is; without a token, the local player while there are no users.
    pub async fn identify(&self, token: Option<&str>) -> Result<Caller, AuthError> {
        if !self.users_exist().await? {
            return Ok(Caller::local());
        }
        let token = token.ok_or(AuthError::Missing)?;
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(caller) = self.verified.get(&digest).await {
            return Ok(caller);
        }
        let caller = self.verify(token).await?;
        self.verified.insert(digest, caller.clone()).await;
        Ok(caller)
    }

    async fn verify(&self, token: &str) -> Result<Caller, AuthError> {
        let (id, secret) = split(token).ok_or(AuthError::Invalid)?;
        let stored = users::find_token(&self.database, id).await?.ok_or(AuthError::Invalid)?;
        if !self.matches(secret.to_owned(), stored.hash.clone()).await? || stored.revoked {
            return Err(AuthError::Invalid);
        }
        let user = users::find(&self.database, &stored.user_id).await?.ok_or(AuthError::Invalid)?;
        if user.disabled {
            return Err(AuthError::Invalid);
        }
        let role = user.role.parse().map_err(|_| AuthError::Invalid)?;
        Ok(Caller { user_id: user.id, name: user.name, role, local: false })
    }

    async fn matches(&self, secret: String, hash: String) -> Result<bool, AuthError> {
        let _turn = self.hashing.acquire().await.map_err(|error| AuthError::Hash(error.to_string()))?;
        tokio::task::spawn_blocking(move || {
            PasswordHash::new(&hash)
                .is_ok_and(|parsed| Argon2::default().verify_password(secret.as_bytes(), &parsed).is_ok())
        })
        .await
        .map_err(|error| AuthError::Hash(error.to_string()))
    }

    /// Adds a user.
    pub async fn add_user(&self, name: &str, role: Role) -> Result<User, StorageError> {
        let user = User {
            id: UserId::generate(),
            name: name.to_owned(),
            role: role.to_string(),
            disabled: false,
            created_at: self.clock.now_text(),
        };
        users::insert(&self.database, &user).await?;
        self.anybody.invalidate(&()).await;
        Ok(user)
    }

    /// Makes a token for a user. The text is shown once; only its hash is kept.
    pub async fn add_token(&self, user: &UserId, label: &str) -> Result<(Token, String), AuthError> {
        let id = uuid::Uuid::new_v4().simple().to_string()[..12].to_owned();
        let secret = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        let plain = secret.clone();
        let hash = tokio::task::spawn_blocking(move || {
            Argon2::default().hash_password(plain.as_bytes()).map(|hash| hash.to_string())
        })
        .await
        .map_err(|error| AuthError::Hash(error.to_string()))?
        .map_err(|error| AuthError::Hash(error.to_string()))?;
        let token = Token {
            id: id.clone(),
            user_id: user.clone(),
            hash,
            label: label.to_owned(),
            revoked: false,
            created_at: self.clock.now_text(),
        };
        users::insert_token(&self.database, &token).await?;
        Ok((token, format!("{PREFIX}_{id}_{secret}")))
    }

    /// Keeps a user out at once, or lets one in again.
    pub async fn set_disabled(&self, user: &UserId, disabled: bool) -> Result<(), StorageError> {
        users::set_disabled(&self.database, user, disabled).await?;
        self.verified.invalidate_all();
        Ok(())
    }

    /// Refuses a token from now on; says whether the user had it.
    pub async fn revoke_token(&self, user: &UserId, id: &str) -> Result<bool, StorageError> {
        let revoked = users::revoke_token(&self.database, user, id).await?;
        self.verified.invalidate_all();
        Ok(revoked)
    }
}

fn split(token: &str) -> Option<(&str, &str)> {
    let mut parts = token.splitn(3, '_');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(PREFIX), Some(id), Some(secret)) if !id.is_empty() && !secret.is_empty() => Some((id, secret)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_split_at_the_first_two_underscores() {
        let cases = [
            ("loom_abc_secret", Some(("abc", "secret"))),
            ("loom_abc_se_cret", Some(("abc", "se_cret"))),
            ("loom__secret", None),
            ("loom_abc_", None),
            ("loom_abc", None),
            ("other_abc_secret", None),
            ("", None),
        ];
        for (token, expected) in cases {
            assert_eq!(split(token), expected, "{token}");
        }
    }
}
