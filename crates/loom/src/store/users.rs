//! Rows of `users` and `user_tokens`.

use storage::{Database, Row, StorageError, params};

use crate::ids::UserId;

/// A person who may call.
#[derive(Clone, Debug)]
pub struct User {
    /// Primary key.
    pub id: UserId,
    /// Unique.
    pub name: String,
    /// `player`, `builder` or `operator`.
    pub role: String,
    /// A disabled user's tokens are refused; the sessions stay.
    pub disabled: bool,
    /// UTC text.
    pub created_at: String,
}

/// A token as it is stored: never the secret, only its hash.
#[derive(Clone, Debug)]
pub struct Token {
    /// The public half, by which it is found.
    pub id: String,
    /// Whose it is.
    pub user_id: UserId,
    /// Argon2 hash of the secret half, in PHC form.
    pub hash: String,
    /// What the owner calls it.
    pub label: String,
    /// A revoked token is refused.
    pub revoked: bool,
    /// UTC text.
    pub created_at: String,
}

fn user(row: &Row) -> Result<User, StorageError> {
    Ok(User {
        id: UserId(row.get("id")?),
        name: row.get("name")?,
        role: row.get("role")?,
        disabled: row.get("disabled")?,
        created_at: row.get("created_at")?,
    })
}

fn token(row: &Row) -> Result<Token, StorageError> {
    Ok(Token {
        id: row.get("id")?,
        user_id: UserId(row.get("user_id")?),
        hash: row.get("hash")?,
        label: row.get("label")?,
        revoked: row.get("revoked")?,
        created_at: row.get("created_at")?,
    })
}

/// Adds a user. A name that is taken comes back as a unique violation.
pub async fn insert(database: &Database, user: &User) -> Result<(), StorageError> {
    database
        .execute(
            "INSERT INTO users (id, name, role, disabled, created_at) VALUES ($1, $2, $3, $4, $5)",
            &params![
                &user.id,
                user.name.as_str(),
                user.role.as_str(),
                user.disabled,
                user.created_at.as_str()
            ],
        )
        .await?;
    Ok(())
}

/// Whether anybody was ever added; from then on every call needs a token.
pub async fn any(database: &Database) -> Result<bool, StorageError> {
    Ok(database.fetch_optional("SELECT id FROM users LIMIT 1", &[]).await?.is_some())
}

/// Everybody, by name.
pub async fn list(database: &Database) -> Result<Vec<User>, StorageError> {
    let rows = database.fetch_all("SELECT * FROM users ORDER BY name LIMIT 10000", &[]).await?;
    rows.iter().map(user).collect()
}

/// One user by name.
pub async fn find_by_name(database: &Database, name: &str) -> Result<Option<User>, StorageError> {
    let row = database.fetch_optional("SELECT * FROM users WHERE name = $1", &params![name]).await?;
    row.as_ref().map(user).transpose()
}

/// One user by id.
pub async fn find(database: &Database, id: &UserId) -> Result<Option<User>, StorageError> {
    let row = database.fetch_optional("SELECT * FROM users WHERE id = $1", &params![id]).await?;
    row.as_ref().map(user).transpose()
}

/// Lets a user in again, or keeps one out.
pub async fn set_disabled(database: &Database, id: &UserId, disabled: bool) -> Result<(), StorageError> {
    database.execute("UPDATE users SET disabled = $1 WHERE id = $2", &params![disabled, id]).await?;
    Ok(())
}

/// Adds a token.
pub async fn insert_token(database: &Database, token: &Token) -> Result<(), StorageError> {
    database
        .execute(
            "INSERT INTO user_tokens (id, user_id, hash, label, revoked, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
            &params![
                token.id.as_str(),
                &token.user_id,
                token.hash.as_str(),
                token.label.as_str(),
                token.revoked,
                token.created_at.as_str()
            ],
        )
        .await?;
    Ok(())
}

/// One token by its public half.
pub async fn find_token(database: &Database, id: &str) -> Result<Option<Token>, StorageError> {
    let row = database.fetch_optional("SELECT * FROM user_tokens WHERE id = $1", &params![id]).await?;
    row.as_ref().map(token).transpose()
}

/// A user's tokens, oldest first.
pub async fn tokens(database: &Database, user: &UserId) -> Result<Vec<Token>, StorageError> {
    let rows = database
        .fetch_all(
            "SELECT * FROM user_tokens WHERE user_id = $1 ORDER BY created_at LIMIT 1000",
            &params![user],
        )
        .await?;
    rows.iter().map(token).collect()
}

/// Refuses a token from now on; says whether there was one.
pub async fn revoke_token(database: &Database, user: &UserId, id: &str) -> Result<bool, StorageError> {
    let changed = database
        .execute("UPDATE user_tokens SET revoked = 1 WHERE id = $1 AND user_id = $2", &params![id, user])
        .await?;
    Ok(changed == 1)
}
