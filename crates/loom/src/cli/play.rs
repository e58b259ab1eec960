//! `loom play`: a story in the terminal, told as it comes.

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;
use futures::StreamExt;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{
    Invocation, session,
    table::{plain, prose},
};
use crate::{
    app::App,
    auth::Caller,
    ids::TurnId,
    play::{Action, ExpectedHead, PlayRequest, TurnEvent, TurnNotes, tree},
    routes::{problems, sessions as creating},
    store::{
        branches,
        sessions::{self, Session},
        states,
        turns::{self, Turn},
    },
};

/// Flags of `loom play`.
#[derive(Args, Debug)]
pub(super) struct Play {
    /// Go on with a session: its id or the first characters; `last` is the one played last
    #[arg(long, conflicts_with_all = ["canon", "name"])]
    session: Option<String>,
    /// Begin under this canon; the configured default when absent
    #[arg(long)]
    canon: Option<String>,
    /// Name of the new session
    #[arg(long)]
    name: Option<String>,
}

const HELP: &str = "\
  write what your character does or says, then Enter
  (OOC: …) [EDIT: thing: fact] [RETCON: #3: …] [TONE: …] [INTENT: …] [QUERY: …] work in any line
  /again     tell the last turn again        /back [N]  go back N turns (1)
  /facts     what the story keeps to         /where     session, branch, turn
  /help      this list                       /quit      leave; everything is kept";

/// One seat at the table.
struct Seat {
    app: App,
    session: Session,
    branch: String,
    head: Option<TurnId>,
    prompt: bool,
}

impl Play {
    pub(super) async fn run(self, invocation: Invocation) -> anyhow::Result<ExitCode> {
        let app = invocation.open().await?;
        let session = self.session(&app).await?;
        let branch = branches::find(&app.database, &session.id, &session.active_branch)
            .await?
            .context("the session's branch is gone")?;
        let mut seat = Seat {
            branch: branch.name,
            head: branch.head,
            session,
            prompt: std::io::stdin().is_terminal(),
            app,
        };
        seat.open().await?;
        let outcome = seat.play().await;
        let drain = std::time::Duration::from_secs(seat.app.config.server.drain_seconds);
        seat.app.player.tracker().close();
        let _ = tokio::time::timeout(drain, seat.app.player.tracker().wait()).await;
        seat.app.gateway.flush().await?;
        seat.app.database.close().await;
        outcome.map(|()| ExitCode::SUCCESS)
    }

    async fn session(&self, app: &App) -> anyhow::Result<Session> {
        match self.session.as_deref() {
            Some("last") => {
                let page = sessions::list(&app.database, &sessions::ListFilter::default(), 1).await?;
                page.items.into_iter().next().context("nothing was played yet; leave --session out to begin")
            }
            Some(id) => session::find(app, id).await,
            None => {
                let new = creating::NewSession {
                    name: self.name.clone(),
                    canon: self.canon.clone(),
                    settings: crate::settings::SessionSettings::default(),
                };
                creating::begin(app, &Caller::local(), new)
                    .await
                    .map_err(|problem| anyhow::anyhow!("{} {}", problem.detail, problem.action))
            }
        }
    }
}

impl Seat {
    /// Shows where the story stands: its opening, or the last turn.
    async fn open(&self) -> anyhow::Result<()> {
        println!("{}  ({})", plain(&self.session.name, 80), self.session.id);
        if let Some(head) = &self.head {
            if let Some(turn) = turns::find(&self.app.database, &self.session.id, head).await? {
                println!("\n[{}] > {}\n\n{}\n", turn.number, prose(&turn.input), prose(&turn.reply));
            }
            return Ok(());
        }
        let canon = self.app.canons.for_play(&self.session.canon).await?;
        if let Some(opening) = canon.opening() {
            println!("\n{}\n", prose(opening.text.trim()));
        }
        println!("/help lists what you can do.\n");
        Ok(())
    }

    async fn play(&mut self) -> anyhow::Result<()> {
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        loop {
            if self.prompt {
                print!("> ");
                std::io::stdout().flush()?;
            }
            let Some(line) = lines.next_line().await? else { return Ok(()) };
            let line = line.trim();
            match line.split_once(' ').map_or((line, ""), |(word, rest)| (word, rest.trim())) {
                ("", _) => {}
                ("/quit" | "/q", _) => return Ok(()),
                ("/help", _) => println!("{HELP}"),
                ("/again", _) => self.again().await?,
                ("/back", count) => self.back(count).await?,
                ("/facts", _) => self.facts().await?,
                ("/where", _) => self.whereabouts().await?,
                _ => self.turn(Action::Say(line.to_owned())).await?,
            }
        }
    }

    async fn again(&mut self) -> anyhow::Result<()> {
        match self.head.clone() {
            Some(head) => self.turn(Action::Regenerate(head)).await,
            None => {
                println!("there is no turn yet");
                Ok(())
            }
        }
    }

    /// Plays one turn, printing it as it comes. What goes wrong is said; the story goes on.
    async fn turn(&mut self, action: Action) -> anyhow::Result<()> {
        let request = PlayRequest {
            caller: Caller::local(),
            session: self.session.id.clone(),
            branch: Some(self.branch.clone()),
            key: TurnId::generate().0,
            action,
            expected_head: ExpectedHead::Is(self.head.clone()),
            provider_key: None,
            request_id: "terminal".to_owned(),
        };
        let mut events = std::pin::pin!(self.app.player.play(request).events());
        println!();
        while let Some(event) = events.next().await {
            match event {
                TurnEvent::Started { .. } => {}
                TurnEvent::Delta(text) => {
                    print!("{}", prose(&text));
                    std::io::stdout().flush()?;
                }
                TurnEvent::Discarded(reason) => println!("\n--- broken off ({reason}); told anew:\n"),
                TurnEvent::Finished { turn, branch, .. } => {
                    print_notes(&turn);
                    self.head = Some(turn.id.clone());
                    self.branch = branch.unwrap_or_else(|| self.branch.clone());
                }
                TurnEvent::Failed(error) => {
                    let problem = problems::play(&error);
                    println!("{} {}\n", problem.detail, problem.action);
                }
            }
        }
        Ok(())
    }

    async fn back(&mut self, count: &str) -> anyhow::Result<()> {
        let count: i64 = if count.is_empty() { 1 } else { count.parse().unwrap_or(0) };
        let branch = branches::find(&self.app.database, &self.session.id, &self.branch)
            .await?
            .context("the branch is gone")?;
        let target = branch.head_number - count;
        if count < 1 || target < 0 {
            println!("/back takes a number of turns, at most {}", branch.head_number);
            return Ok(());
        }
        let head = match &branch.head {
            Some(head) if target > 0 => {
                turns::ancestor_at(&self.app.database, &self.session.id, head, target).await?
            }
            _ => None,
        };
        let moved =
            tree::move_head(&self.app.player, &self.session, &self.branch, head.as_ref(), Some(&branch.head))
                .await;
        match moved {
            Ok(branch) => {
                self.head = branch.head;
                println!("back at turn {target}; what came after it is kept in the tree");
            }
            Err(error) => println!("{}", problems::play(&error).detail),
        }
        Ok(())
    }

    async fn facts(&self) -> anyhow::Result<()> {
        let state = match &self.head {
            Some(head) => {
                turns::find(&self.app.database, &self.session.id, head).await?.and_then(|it| it.state_id)
            }
            None => None,
        };
        let world = states::load(&self.app.database, state.as_ref()).await?.world;
        if world.facts.is_empty() {
            println!("nothing was set yet; [EDIT: thing: fact] sets something");
        }
        for fact in &world.facts {
            println!("{}: {} (turn {})", plain(&fact.subject, 60), plain(&fact.text, 400), fact.turn_number);
        }
        if let Some(tone) = &world.tone {
            println!("tone: {}", plain(tone, 200));
        }
        Ok(())
    }

    async fn whereabouts(&self) -> anyhow::Result<()> {
        let branch = branches::find(&self.app.database, &self.session.id, &self.branch).await?;
        let number = branch.map_or(0, |branch| branch.head_number);
        println!("session {}, branch {}, turn {number}", self.session.id, self.branch);
        Ok(())
    }
}

/// What stands beside the story.
fn print_notes(turn: &Turn) {
    println!("\n");
    let notes = TurnNotes::from_json(&turn.notes);
    for answer in &notes.answers {
        println!("    ? {}\n      {}", plain(&answer.question, 200), prose(&answer.answer));
    }
    for note in &notes.interventions {
        match &note.needed {
            Some(needed) => println!("    {} was not done: it takes the role {needed}", note.kind),
            None => println!("    {} done", note.kind),
        }
    }
    if let Some(retcon) = &notes.retcon {
        println!(
            "    now on branch {}, behind turn {}; {} later turn(s) of {} lean on what changed",
            retcon.branch,
            retcon.plan.turn_number,
            retcon.affected.len(),
            retcon.from_branch
        );
    }
    if let Some(code) = &turn.degraded_code {
        println!("    (told offline: {code}; /again tells it anew)");
    }
    println!();
}
