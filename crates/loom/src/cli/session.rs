//! `loom session`.

use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use chassis::audit::{AuditEvent, Outcome};
use clap::Subcommand;

use super::{
    Invocation,
    table::{plain, prose, table},
};
use crate::{
    app::App,
    ids::{SessionId, TurnId},
    play::tree,
    routes::{
        problems,
        views::{BranchView, SessionView, TurnView},
    },
    store::{
        branches::{self, Branch},
        sessions::{self, ListFilter, Session as Row},
        turns,
    },
};

/// Sessions that one listing shows at most.
const LIST_LIMIT: usize = 200;

/// What to do with sessions.
#[derive(Debug, Subcommand)]
pub(super) enum Session {
    /// List sessions, the last played first
    List {
        /// Also the archived ones
        #[arg(long)]
        archived: bool,
        /// Where the listing before ended
        #[arg(long)]
        cursor: Option<String>,
        /// How many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show a session: its branches and the last turns of one
    Show {
        /// Session id, or its first characters
        id: String,
        /// Branch name; the one played last when absent
        #[arg(long)]
        branch: Option<String>,
        /// Turns to show
        #[arg(long, default_value_t = 5)]
        turns: usize,
    },
    /// Open a branch at a turn, and make it the one that is played
    Branch {
        /// Session id, or its first characters
        id: String,
        /// Name of the new branch
        name: String,
        /// Turn number on the branch played last; its head when absent
        #[arg(long)]
        at: Option<i64>,
    },
    /// Move a branch's head back to a turn; nothing is deleted
    Rollback {
        /// Session id, or its first characters
        id: String,
        /// Turn number to go back to; 0 is the beginning
        #[arg(long)]
        to: i64,
        /// Branch name; the one played last when absent
        #[arg(long)]
        branch: Option<String>,
    },
    /// Put a session into the archive
    Archive {
        /// Session id, or its first characters
        id: String,
        /// Take it out again
        #[arg(long)]
        undo: bool,
    },
    /// Delete a session with its whole tree; without --yes only says what would go
    Delete {
        /// Session id
        id: String,
        /// Really delete
        #[arg(long)]
        yes: bool,
    },
}

impl Session {
    pub(super) async fn run(self, invocation: Invocation) -> anyhow::Result<ExitCode> {
        let app = invocation.open().await?;
        match self {
            Self::List { archived, cursor, limit } => {
                let filter = ListFilter { user_id: None, archived, cursor };
                list(&invocation, &app, &filter, limit).await?;
            }
            Self::Show { id, branch, turns } => {
                show(&invocation, &app, &id, branch.as_deref(), turns).await?;
            }
            Self::Branch { id, name, at } => open_branch(&invocation, &app, &id, &name, at).await?,
            Self::Rollback { id, to, branch } => {
                rollback(&invocation, &app, &id, to, branch.as_deref()).await?;
            }
            Self::Archive { id, undo } => archive(&app, &id, !undo).await?,
            Self::Delete { id, yes } => delete(&app, &id, yes).await?,
        }
        app.database.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// A session by its id or the beginning of it, if that is unique.
pub(super) async fn find(app: &App, id: &str) -> anyhow::Result<Row> {
    if let Some(session) = sessions::find(&app.database, &SessionId(id.to_owned())).await? {
        return Ok(session);
    }
    let mut matching = sessions::with_prefix(&app.database, id, 2).await?;
    match (matching.pop(), matching.is_empty()) {
        (Some(session), true) => Ok(session),
        (Some(_), false) => bail!("more than one session begins with `{id}`: give more of its id"),
        (None, _) => bail!("there is no session `{id}`; `loom session list` shows them"),
    }
}

async fn branch_of(app: &App, session: &Row, name: Option<&str>) -> anyhow::Result<Branch> {
    let name = name.unwrap_or(&session.active_branch);
    branches::find(&app.database, &session.id, name)
        .await?
        .with_context(|| format!("the session has no branch `{name}`; `loom session show` lists them"))
}

/// A failure of the tree as the API would put it.
fn explained(error: &crate::play::PlayError) -> anyhow::Error {
    let problem = problems::play(error);
    anyhow!("{} {}", problem.detail, problem.action)
}

async fn list(invocation: &Invocation, app: &App, filter: &ListFilter, limit: usize) -> anyhow::Result<()> {
    if !(1..=LIST_LIMIT).contains(&limit) {
        bail!("--limit {limit} is out of range; it must be from 1 to {LIST_LIMIT}");
    }
    let page = sessions::list(&app.database, filter, limit).await?;
    let next = page.next;
    if invocation.json {
        let items: Vec<_> = page.items.into_iter().map(SessionView::from).collect();
        return invocation.print_json(&serde_json::json!({ "items": items, "next_cursor": next }));
    }
    let row = |it: &Row| {
        let archived = if it.archived { "archived" } else { "" };
        vec![
            it.id.0.clone(),
            plain(&it.name, 32),
            plain(&it.canon, 24),
            it.turn_count.to_string(),
            it.last_activity[..16].to_owned(),
            archived.to_owned(),
        ]
    };
    let rows: Vec<_> = page.items.iter().map(row).collect();
    print!("{}", table(&["ID", "NAME", "CANON", "TURNS", "LAST PLAYED (UTC)", ""], &rows));
    if let Some(next) = next {
        println!("more: --cursor '{next}'");
    }
    Ok(())
}

async fn show(
    invocation: &Invocation,
    app: &App,
    id: &str,
    branch: Option<&str>,
    count: usize,
) -> anyhow::Result<()> {
    let session = find(app, id).await?;
    let branch = branch_of(app, &session, branch).await?;
    let all = branches::list(&app.database, &session.id, 1_000).await?;
    let told = match &branch.head {
        Some(head) => turns::page(&app.database, &session.id, head, count.clamp(1, 200)).await?.items,
        None => Vec::new(),
    };
    if invocation.json {
        let branches: Vec<_> = all.into_iter().map(BranchView::from).collect();
        let turns: Vec<_> = told.into_iter().rev().map(TurnView::from).collect();
        let session = SessionView::from(session);
        return invocation
            .print_json(&serde_json::json!({ "session": session, "branches": branches, "turns": turns }));
    }
    println!("{}  {}", session.id, plain(&session.name, 80));
    println!(
        "canon {}, {} turn(s), last played {} UTC",
        session.canon, session.turn_count, session.last_activity
    );
    for known in &all {
        let mark = if known.name == branch.name { "*" } else { " " };
        println!("{mark} {} (turn {})", plain(&known.name, 80), known.head_number);
    }
    for turn in told.iter().rev() {
        println!("\n[{}] > {}\n\n{}", turn.number, prose(&turn.input), prose(&turn.reply));
        if let Some(code) = &turn.degraded_code {
            println!("    (told offline: {code})");
        }
    }
    Ok(())
}

async fn at_number(app: &App, branch: &Branch, number: i64) -> anyhow::Result<Option<TurnId>> {
    if number == 0 {
        return Ok(None);
    }
    let head = branch.head.as_ref().with_context(|| format!("branch `{}` has no turns yet", branch.name))?;
    let found = turns::ancestor_at(&app.database, &branch.session_id, head, number).await?;
    found.map(Some).with_context(|| {
        format!("branch `{}` has no turn {number}; it ends with turn {}", branch.name, branch.head_number)
    })
}

async fn open_branch(
    invocation: &Invocation,
    app: &App,
    id: &str,
    name: &str,
    at: Option<i64>,
) -> anyhow::Result<()> {
    let session = find(app, id).await?;
    let from = branch_of(app, &session, None).await?;
    let at = match at {
        Some(number) => at_number(app, &from, number).await?,
        None => from.head.clone(),
    };
    let branch = tree::open_branch(&app.player, &session, name, at.as_ref())
        .await
        .map_err(|error| explained(&error))?;
    print_branch(invocation, branch)
}

async fn rollback(
    invocation: &Invocation,
    app: &App,
    id: &str,
    number: i64,
    name: Option<&str>,
) -> anyhow::Result<()> {
    let session = find(app, id).await?;
    let branch = branch_of(app, &session, name).await?;
    let head = at_number(app, &branch, number).await?;
    let moved = tree::move_head(&app.player, &session, &branch.name, head.as_ref(), Some(&branch.head))
        .await
        .map_err(|error| explained(&error))?;
    print_branch(invocation, moved)
}

fn print_branch(invocation: &Invocation, branch: Branch) -> anyhow::Result<()> {
    if invocation.json {
        return invocation.print_json(&BranchView::from(branch));
    }
    println!("branch {} ends with turn {}", branch.name, branch.head_number);
    Ok(())
}

async fn archive(app: &App, id: &str, archived: bool) -> anyhow::Result<()> {
    let mut session = find(app, id).await?;
    session.archived = archived;
    session.updated_at = app.clock.now_text();
    sessions::update(&app.database, &session).await?;
    println!("{} {}", session.id, if archived { "is archived" } else { "is out of the archive" });
    Ok(())
}

async fn delete(app: &App, id: &str, yes: bool) -> anyhow::Result<()> {
    let session = find(app, id).await?;
    if !yes {
        println!(
            "would delete {} ({}) with {} turn(s); add --yes to do it, there is no way back but a backup",
            session.id,
            plain(&session.name, 60),
            session.turn_count
        );
        return Ok(());
    }
    let deleted = sessions::delete(&app.database, &session.id).await;
    app.logs.audit().record(&AuditEvent {
        actor: "terminal".to_owned(),
        action: "session.delete".to_owned(),
        subject: format!("session {}", session.id),
        outcome: if deleted.is_ok() { Outcome::Ok } else { Outcome::Failed },
        detail: format!("{} turn(s)", session.turn_count),
        request_id: None,
    });
    deleted?;
    println!("deleted {}", session.id);
    Ok(())
}
