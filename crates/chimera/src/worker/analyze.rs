//! `/analyze` and `/team-analyze`: from the request to the edited message, stage by stage.

use std::time::Duration;

use chimera_core::{profile::Profile, score::SCORE_VERSION};
use jobs::{Failure, Job};
use tokio::time::Instant;

use crate::{
    app::App,
    discord::{
        cards::{self, ReviewExtras},
        message::Message,
        requests::{AnalyzeRequest, ReviewKind},
    },
    metric_names,
    narrative::{self, Narrated},
    store::{
        analyses::{self, Analysis, AnalysisKey, Finished, Status},
        deliveries::{self, NewDelivery},
    },
};

use super::{
    documents,
    judge::{self, Judged},
    messenger,
    reader::Reader,
    record,
    stages::{Stage, Stages, milliseconds},
    subject::{self, Subject},
    trouble::Trouble,
};

/// How long a request waits for another worker that makes the same review.
const PATIENCE: Duration = Duration::from_secs(20);
const GLANCE: Duration = Duration::from_millis(250);

/// A review that is ready to be shown.
struct Ready {
    key: AnalysisKey,
    judged: Judged,
    narrative: String,
    degraded: Option<String>,
    is_own: bool,
}

pub(super) async fn run(app: &App, job: &Job, request: &AnalyzeRequest) -> Result<(), Failure> {
    if !messenger::owe(app, &request.reply, request.kind.as_str()).await? {
        return Ok(());
    }
    let mut stages = Stages::start();
    let mut key = None;
    let (outcome, result) = match review(app, job, request, &mut stages, &mut key).await {
        Ok(ready) => {
            let outcome = if ready.degraded.is_some() { "degraded" } else { "success" };
            (outcome, show(app, job, request, &ready, &mut stages).await)
        }
        Err(trouble) => {
            // The row first: what is told to the person must already be true.
            if let Some(key) = key.as_ref().filter(|_| messenger::is_over(app, &trouble, job, &request.reply))
            {
                give_up(app, key, &trouble.reason()).await?;
            }
            let match_id = key.as_ref().map(|key: &AnalysisKey| key.match_id.as_str());
            ("failed", messenger::conclude(app, job, &request.reply, &trouble, match_id).await)
        }
    };
    if !matches!(result, Err(Failure::Retry { .. } | Failure::Postpone { .. })) {
        count(app, request, outcome);
    }
    result
}

fn count(app: &App, request: &AnalyzeRequest, outcome: &'static str) {
    let service = match request.kind {
        ReviewKind::Analyze => "analyze",
        ReviewKind::Team => "team_analyze",
    };
    metrics::counter!(metric_names::REQUEST_TOTAL, "service" => service, "outcome" => outcome).increment(1);
    let age = request.reply.age(app.clock.now().as_millisecond());
    metrics::histogram!(metric_names::REQUEST_LATENCY_SECONDS, "service" => service)
        .record(age.as_secs_f64());
}

/// Everything up to the message. `key` is filled in as soon as it is known, for whoever has to say what failed.
async fn review(
    app: &App,
    job: &Job,
    request: &AnalyzeRequest,
    stages: &mut Stages,
    key: &mut Option<AnalysisKey>,
) -> Result<Ready, Trouble> {
    let reader = Reader::of(app, &request.reply).await?;
    let subject = subject::resolve(app, request).await?;
    let match_id = subject::match_id(app, &subject, request.match_index).await?;
    let found = key.insert(AnalysisKey {
        match_id,
        puuid: subject.puuid.clone(),
        kind: request.kind.as_str().to_owned(),
    });
    note_match(app, request, found).await?;
    stages.end(Stage::Resolve);
    if let Some(ready) = stored(app, job, request, found, &reader).await? {
        stages.end(Stage::Fetch);
        let ready = Ready { is_own: subject.is_own, ..ready };
        // Somebody else may have asked for it first.
        remember(app, request, &ready, &reader).await?;
        return Ok(ready);
    }
    start(app, found, &request.reply.user_id).await?;
    make(app, job, request, found, &subject, &reader, stages).await
}

async fn make(
    app: &App,
    job: &Job,
    request: &AnalyzeRequest,
    key: &AnalysisKey,
    subject: &Subject,
    reader: &Reader,
    stages: &mut Stages,
) -> Result<Ready, Trouble> {
    let documents = documents::load(app, &key.match_id, job.attempt).await?;
    stages.end(Stage::Fetch);
    let judged = judge::judge(&documents, &subject.puuid, request.kind)?;
    stages.end(Stage::Score);
    let narrated = narrative::write(app, &judged, reader.asking(request)).await;
    stages.end(Stage::Narrate);
    save(app, request, key, &judged, &narrated, subject, reader, stages).await?;
    stages.end(Stage::Save);
    Ok(Ready {
        key: key.clone(),
        judged,
        narrative: narrated.text,
        degraded: narrated.degraded.map(str::to_owned),
        is_own: subject.is_own,
    })
}

/// A finished review of the same match, player and kind, in the reader's language, tone and detail, and by today's
/// formulas.
async fn stored(
    app: &App,
    job: &Job,
    request: &AnalyzeRequest,
    key: &AnalysisKey,
    reader: &Reader,
) -> Result<Option<Ready>, Trouble> {
    if !app.config.analysis.cache {
        return Ok(None);
    }
    let Some(finished) = finished(app, job, key).await? else { return Ok(None) };
    if finished.version != SCORE_VERSION
        || finished.language != reader.language.html_lang()
        || finished.style != reader.style()
    {
        return Ok(None);
    }
    // A text that is not what it should have been is worth another try.
    if finished.degraded_reason.is_some() {
        return Ok(None);
    }
    let judged = Judged::from_json(request.kind, &finished.score_json);
    Ok(judged.map(|judged| Ready {
        key: key.clone(),
        judged,
        narrative: finished.narrative,
        degraded: None,
        is_own: false,
    }))
}

/// The result in the store; waits for another worker that is at it. A job that is tried again does not: the other
/// worker is likely to have been itself.
async fn finished(app: &App, job: &Job, key: &AnalysisKey) -> Result<Option<Finished>, Trouble> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match analyses::find(&app.database, key).await? {
            Some(Analysis { status: Status::Running, .. })
                if job.attempt == 1 && Instant::now() < deadline =>
            {
                tokio::time::sleep(GLANCE).await;
            }
            found => return Ok(found.and_then(|analysis| analysis.finished)),
        }
    }
}

async fn note_match(app: &App, request: &AnalyzeRequest, key: &AnalysisKey) -> Result<(), Trouble> {
    let delivery = NewDelivery {
        interaction_id: request.reply.interaction_id.clone(),
        match_id: Some(key.match_id.clone()),
        puuid: Some(key.puuid.clone()),
        kind: key.kind.clone(),
    };
    let mut transaction = app.database.begin().await?;
    deliveries::open(&mut transaction, &delivery, app.clock.now()).await?;
    Ok(transaction.commit().await?)
}

async fn start(app: &App, key: &AnalysisKey, user: &str) -> Result<(), Trouble> {
    let mut transaction = app.database.begin().await?;
    analyses::start(&mut transaction, key, user, app.clock.now()).await?;
    Ok(transaction.commit().await?)
}

async fn remember(
    app: &App,
    request: &AnalyzeRequest,
    ready: &Ready,
    reader: &Reader,
) -> Result<(), Trouble> {
    let Judged::One(review) = &ready.judged else { return Ok(()) };
    if !ready.is_own || !reader.settings.allow_historical_analysis {
        return Ok(());
    }
    let mut transaction = app.database.begin().await?;
    record::profile(app, &mut transaction, &request.reply.user_id, review).await?;
    Ok(transaction.commit().await?)
}

/// The row says that there will be no review.
pub(super) async fn give_up(app: &App, key: &AnalysisKey, reason: &str) -> Result<(), Failure> {
    let mut transaction = app.database.begin().await?;
    analyses::fail(&mut transaction, key, reason, app.clock.now()).await?;
    Ok(transaction.commit().await?)
}

#[expect(clippy::too_many_arguments, reason = "everything that one review wrote, stored in one unit of work")]
async fn save(
    app: &App,
    request: &AnalyzeRequest,
    key: &AnalysisKey,
    judged: &Judged,
    narrated: &Narrated,
    subject: &Subject,
    reader: &Reader,
    stages: &Stages,
) -> Result<(), Trouble> {
    let finished = Finished {
        score_json: judged.to_json()?,
        version: judged.version().to_owned(),
        language: reader.language.html_lang().to_owned(),
        style: reader.style(),
        narrative: narrated.text.clone(),
        narrative_source: narrated.source.clone(),
        degraded_reason: narrated.degraded.map(str::to_owned),
        stage_ms: stages.to_json(),
    };
    let now = app.clock.now();
    let mut transaction = app.database.begin().await?;
    analyses::finish(&mut transaction, key, &finished, now).await?;
    if let Some(call) = &narrated.call {
        llm::ledger::insert(&mut transaction, call).await?;
    }
    record::experiment(app, &mut transaction, request, key, narrated, milliseconds(stages.total())).await?;
    if let Judged::One(review) = judged
        && subject.is_own
        && reader.settings.allow_historical_analysis
    {
        record::profile(app, &mut transaction, &request.reply.user_id, review).await?;
    }
    Ok(transaction.commit().await?)
}

/// The card, sent.
async fn show(
    app: &App,
    job: &Job,
    request: &AnalyzeRequest,
    ready: &Ready,
    stages: &mut Stages,
) -> Result<(), Failure> {
    let reader = Reader::of(app, &request.reply).await?;
    let profile = if ready.is_own { record::known(app, request, &reader.settings).await? } else { None };
    let message = card(app, job, ready, &reader, profile.as_ref(), &stages.list());
    let delivered = messenger::deliver(app, &request.reply, &message).await;
    stages.end(Stage::Deliver);
    tracing::info!(
        job.id = %job.id.as_str(),
        match.id = %ready.key.match_id,
        kind = %request.kind,
        stages = %stages.to_json(),
        is_delivered = delivered.is_ok(),
        "a review is made"
    );
    delivered
}

fn card(
    app: &App,
    job: &Job,
    ready: &Ready,
    reader: &Reader,
    profile: Option<&Profile>,
    stages: &[(&'static str, u64)],
) -> Message {
    let summary = match &ready.judged {
        Judged::One(review) => profile.and_then(|profile| profile.summary(review.mode)),
        Judged::Team(_) => None,
    };
    let extras = ReviewExtras {
        narrative: &ready.narrative,
        degraded: ready.degraded.as_deref(),
        charts_url: None,
        charts_alt: "",
        stages,
        task_id: job.id.as_str(),
        has_buttons: app.config.features.feedback,
        shows_timeline: reader.settings.timeline,
        habits: summary.as_ref(),
        main_role: reader.settings.role.as_deref().filter(|_| ready.is_own),
    };
    match &ready.judged {
        Judged::One(review) => cards::review(review, &extras, &reader.look()),
        Judged::Team(review) => cards::team(review, &extras, &reader.look()),
    }
}
