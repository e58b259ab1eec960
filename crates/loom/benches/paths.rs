//! The paths that must stay flat, measured on one machine: `cargo bench -p loom@0.0.0`.
//!
//! SQLite with full synchronisation in a temporary folder; the offline narrator, so that no model is measured.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints figures, and stops when it cannot go on"
)]

use std::time::{Duration, Instant};

use chassis::{clock::Clock, logs::Logs};
use loom::{
    app::App,
    auth::Caller,
    commit::{Committer, HeadMove, TurnCommit},
    config::Config,
    ids::{BranchId, SessionId, TurnId},
    play::{Action, ExpectedHead, PlayRequest},
    routes::sessions::{NewSession, begin},
    store::{
        sessions::{self, ListFilter, Session},
        states,
        turns::{self, Turn},
    },
};
use loom_core::{access::Role, session::TurnSettings, tokens::Estimate, turn::TurnInput};

const LINE: &str =
    "I walk along the wall with one hand on the stone, and count the doors that are not there.";
const REPLY: &str = "The stone is wet and warm, which is wrong in either season. At the fourth door that is not there \
                     somebody has left a lamp, trimmed and filled, and a note that says only: later. What do you do?";

#[tokio::main]
async fn main() {
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        println!("a TLS provider was there already");
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("canon")).unwrap();
    let mut config = Config::default();
    config.database.url = format!("sqlite:{}", folder.path().join("bench.db").display());
    config.canon.directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../canon").into();
    config.logs.directory = String::new();
    let app = App::open(config, Logs::off(), Clock::system()).await.unwrap();
    let short = story(&app, 100).await;
    let long = story(&app, 10_000).await;
    many_sessions(&app, 10_000).await;
    println!("{:<58} {:>10} {:>10} {:>10}", "path", "median", "p95", "p99");
    store_only(&app).await;
    assemble(&app, &short, "assemble a prompt, session of 100 turns").await;
    assemble(&app, &long, "assemble a prompt, session of 10,000 turns").await;
    read(&app, &short, "open the last 50 turns, session of 100 turns").await;
    read(&app, &long, "open the last 50 turns, session of 10,000 turns").await;
    list(&app).await;
    one_more(&app, &short, "one more turn, session of 100 turns").await;
    one_more(&app, &long, "one more turn, session of 10,000 turns").await;
    app.database.close().await;
}

fn report(name: &str, mut samples: Vec<Duration>) {
    samples.sort_unstable();
    let at = |share: f64| {
        let rank = (share * (samples.len() - 1) as f64).round() as usize;
        format!("{:.3} ms", samples[rank].as_secs_f64() * 1_000.0)
    };
    println!("{name:<58} {:>10} {:>10} {:>10}", at(0.5), at(0.95), at(0.99));
}

fn turn(session: &SessionId, number: i64, parent: Option<TurnId>, canon_hash: &str) -> Turn {
    Turn {
        id: TurnId::generate(),
        session_id: session.clone(),
        parent_id: parent,
        number,
        turn_key: format!("bench-{number}"),
        kind: "story".to_owned(),
        role: "operator".to_owned(),
        input: LINE.to_owned(),
        story: LINE.to_owned(),
        reply: REPLY.to_owned(),
        notes: "{}".to_owned(),
        degraded_code: None,
        provider: "bench".to_owned(),
        model: "bench".to_owned(),
        canon_hash: canon_hash.to_owned(),
        state_id: None,
        outline: "{}".to_owned(),
        input_tokens: 1_000,
        output_tokens: 60,
        usage_exact: true,
        cost_microusd: 0,
        latency_ms: 1,
        created_at: Clock::system().now_text(),
    }
}

/// A session with a path of so many turns on its main branch.
async fn story(app: &App, length: i64) -> Session {
    let new = NewSession { name: None, canon: Some("ashfall-en".to_owned()), settings: Default::default() };
    let session = begin(app, &Caller::local(), new).await.unwrap();
    let canon = app.canons.for_play(&session.canon).await.unwrap();
    let mut transaction = app.database.begin().await.unwrap();
    let mut parent = None;
    for number in 1..=length {
        let turn = turn(&session.id, number, parent.take(), &canon.hash);
        turns::insert(&mut transaction, &turn).await.unwrap();
        parent = Some(turn.id);
    }
    let head = parent.map(|turn| turn.0);
    transaction
        .execute(
            "UPDATE branches SET head_turn_id = $1, head_number = $2 WHERE session_id = $3",
            &storage::params![head, length, &session.id],
        )
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    session
}

async fn many_sessions(app: &App, count: usize) {
    let mut transaction = app.database.begin().await.unwrap();
    for number in 0..count {
        let now = app.clock.now_text();
        let session = Session {
            id: SessionId::generate(),
            user_id: Caller::local().user_id,
            name: format!("session {number}"),
            canon: "ashfall-en".to_owned(),
            settings: Default::default(),
            active_branch: "main".to_owned(),
            archived: false,
            turn_count: 0,
            cost_microusd: 0,
            created_at: now.clone(),
            updated_at: now.clone(),
            last_activity: now,
        };
        sessions::insert(&mut transaction, &session).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

async fn head(app: &App, session: &Session) -> (TurnId, i64) {
    let branch = loom::store::branches::find(&app.database, &session.id, "main").await.unwrap().unwrap();
    (branch.head.unwrap(), branch.head_number)
}

async fn branch_id(app: &App, session: &Session) -> BranchId {
    loom::store::branches::find(&app.database, &session.id, "main").await.unwrap().unwrap().id
}

async fn store_only(app: &App) {
    let session = story(app, 1).await;
    let committer = Committer::start(app.database.clone());
    let branch = branch_id(app, &session).await;
    let (mut parent, mut number) = head(app, &session).await;
    let mut samples = Vec::new();
    for _ in 0..2_000 {
        number += 1;
        let stored = turn(&session.id, number, Some(parent.clone()), "");
        let next = stored.id.clone();
        let target =
            HeadMove::Advance { branch: branch.clone(), name: "main".to_owned(), expected: Some(parent) };
        let commit = TurnCommit {
            turn: stored,
            target,
            state: None,
            interventions: Vec::new(),
            citations: Vec::new(),
            ledger: None,
        };
        let started = Instant::now();
        committer.commit(commit).await.unwrap();
        samples.push(started.elapsed());
        parent = next;
    }
    report("store a turn, full synchronisation, one at a time", samples);
}

async fn assemble(app: &App, session: &Session, name: &str) {
    let canon = app.canons.for_play(&session.canon).await.unwrap();
    let settings = TurnSettings { language: canon.language, ..TurnSettings::default() };
    let (head, number) = head(app, session).await;
    let mut samples = Vec::new();
    for _ in 0..300 {
        let started = Instant::now();
        let parent = turns::find(&app.database, &session.id, &head).await.unwrap().unwrap();
        let memory = states::load(&app.database, parent.state_id.as_ref()).await.unwrap();
        let history =
            turns::history(&app.database, &session.id, &head, settings.history_needed()).await.unwrap();
        let input = TurnInput {
            canon: &canon,
            state: &memory.world,
            history: &history,
            turn_id: "bench",
            number: u64::try_from(number).unwrap() + 1,
            raw: LINE,
            role: Role::Player,
            settings: &settings,
            counter: &Estimate,
            retcon: None,
        };
        let begun = loom_core::turn::begin(&input).unwrap();
        samples.push(started.elapsed());
        assert!(begun.prompt.total_tokens > 100);
    }
    report(name, samples);
}

async fn read(app: &App, session: &Session, name: &str) {
    let (head, _) = head(app, session).await;
    let mut samples = Vec::new();
    for _ in 0..300 {
        let started = Instant::now();
        let page = turns::page(&app.database, &session.id, &head, 50).await.unwrap();
        samples.push(started.elapsed());
        assert_eq!(page.items.len(), 50);
    }
    report(name, samples);
}

async fn list(app: &App) {
    let mut samples = Vec::new();
    let mut cursor = None;
    for _ in 0..200 {
        let filter =
            ListFilter { user_id: Some(Caller::local().user_id), archived: false, cursor: cursor.take() };
        let started = Instant::now();
        let page = sessions::list(&app.database, &filter, 50).await.unwrap();
        samples.push(started.elapsed());
        cursor = page.next;
    }
    report("list a page of 50 out of 10,000 sessions", samples);
}

async fn one_more(app: &App, session: &Session, name: &str) {
    let mut samples = Vec::new();
    for number in 0..200 {
        let request = PlayRequest {
            caller: Caller::local(),
            session: session.id.clone(),
            branch: None,
            key: format!("more-{number}"),
            action: Action::Say(LINE.to_owned()),
            expected_head: ExpectedHead::Any,
            provider_key: None,
            request_id: String::new(),
        };
        let started = Instant::now();
        app.player.play(request).outcome().await.unwrap();
        samples.push(started.elapsed());
    }
    report(name, samples);
}
