//! `loom user`.

use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use chassis::audit::{AuditEvent, Outcome};
use clap::Subcommand;
use loom_core::access::Role;
use serde_json::json;
use storage::StorageError;

use super::{Invocation, table::table};
use crate::{
    app::App,
    routes::users::check_name,
    store::users::{self, User as Row},
};

/// What to do about people.
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Add somebody and print the first token; from the first user on, every call needs one
    Add {
        /// Unique name
        name: String,
        /// player, builder or operator
        #[arg(long, default_value = "player")]
        role: String,
    },
    /// Make another token and print it; it is not shown again
    Token {
        /// Whose
        name: String,
        /// What the owner calls it
        #[arg(long, default_value = "terminal")]
        label: String,
    },
    /// Refuse a token from now on
    Revoke {
        /// Whose
        name: String,
        /// The token's public half
        token: String,
    },
    /// Keep somebody out; the sessions stay
    Disable {
        /// Whom
        name: String,
    },
    /// Let somebody in again
    Enable {
        /// Whom
        name: String,
    },
    /// List everybody
    List,
}

impl User {
    pub(super) async fn run(self, invocation: Invocation) -> anyhow::Result<ExitCode> {
        let app = invocation.open().await?;
        match self {
            Self::Add { name, role } => add(&invocation, &app, &name, &role).await?,
            Self::Token { name, label } => {
                let user = find(&app, &name).await?;
                show_token(&invocation, &app, &user, &label).await?;
            }
            Self::Revoke { name, token } => {
                let user = find(&app, &name).await?;
                if !app.auth.revoke_token(&user.id, &token).await? {
                    bail!("{name} has no token `{token}`; `loom user list` shows them");
                }
                audit(&app, "token.revoke", &name);
                println!("revoked; a running server refuses it within half a minute");
            }
            Self::Disable { name } => set_disabled(&app, &name, true).await?,
            Self::Enable { name } => set_disabled(&app, &name, false).await?,
            Self::List => list(&invocation, &app).await?,
        }
        app.database.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

async fn add(invocation: &Invocation, app: &App, name: &str, role: &str) -> anyhow::Result<()> {
    check_name(name).map_err(|complaint| anyhow!(complaint))?;
    let role: Role = role.parse().with_context(|| format!("--role {role}"))?;
    let user = app.auth.add_user(name, role).await.map_err(|error| match error {
        StorageError::Unique { .. } => {
            anyhow!("there is a user called `{name}` already; choose another name")
        }
        error => anyhow::Error::from(error),
    })?;
    audit(app, "user.add", name);
    show_token(invocation, app, &user, "first").await
}

async fn show_token(invocation: &Invocation, app: &App, user: &Row, label: &str) -> anyhow::Result<()> {
    let (token, text) = app.auth.add_token(&user.id, label).await?;
    audit(app, "token.add", &user.name);
    if invocation.json {
        return invocation.print_json(&json!({
            "user": user.name, "role": user.role, "token_id": token.id, "label": label, "token": text,
        }));
    }
    println!("{} ({}), token {}, shown only now:\n{text}", user.name, user.role, token.id);
    Ok(())
}

async fn set_disabled(app: &App, name: &str, disabled: bool) -> anyhow::Result<()> {
    let user = find(app, name).await?;
    app.auth.set_disabled(&user.id, disabled).await?;
    audit(app, if disabled { "user.disable" } else { "user.enable" }, name);
    let word = if disabled { "disabled; a running server notices within half a minute" } else { "enabled" };
    println!("{name} is {word}");
    Ok(())
}

async fn list(invocation: &Invocation, app: &App) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    let mut rows = Vec::new();
    for user in users::list(&app.database).await? {
        let tokens: Vec<String> = users::tokens(&app.database, &user.id)
            .await?
            .iter()
            .filter(|it| !it.revoked)
            .map(|it| it.id.clone())
            .collect();
        let state = if user.disabled { "disabled" } else { "enabled" };
        rows.push(vec![user.name.clone(), user.role.clone(), state.to_owned(), tokens.join(" ")]);
        lines.push(
            json!({ "name": user.name, "role": user.role, "disabled": user.disabled, "tokens": tokens }),
        );
    }
    if invocation.json {
        return invocation.print_json(&lines);
    }
    print!("{}", table(&["NAME", "ROLE", "STATE", "TOKENS"], &rows));
    Ok(())
}

async fn find(app: &App, name: &str) -> anyhow::Result<Row> {
    users::find_by_name(&app.database, name)
        .await?
        .with_context(|| format!("there is no user called `{name}`; `loom user list` shows everybody"))
}

fn audit(app: &App, action: &str, name: &str) {
    app.logs.audit().record(&AuditEvent {
        actor: "terminal".to_owned(),
        action: action.to_owned(),
        subject: format!("user {name}"),
        outcome: Outcome::Ok,
        detail: String::new(),
        request_id: None,
    });
}
