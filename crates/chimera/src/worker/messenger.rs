//! Brings one message to the person who asked, once: whoever holds the claim sends it, and a job that runs again sees
//! that it was sent.

use std::time::Duration;

use jobs::{DeadJob, Failure, Job};

use crate::{
    app::App,
    discord::{
        api::{ApiError, Delivered},
        cards,
        message::Message,
        requests::ReplyTo,
    },
    riot::RiotError,
    store::{
        analyses::AnalysisKey,
        deliveries::{self, Claim, Delivery, NewDelivery},
    },
};

use super::{analyze, reader::Reader, trouble::Trouble};

/// A request is told that it failed while its reply can still be edited: Discord takes edits for 15 minutes.
const LAST_MOMENT: Duration = Duration::from_mins(12);

/// Notes that a message is owed. False when it was sent, or given up, before: then nothing is left to do.
pub(super) async fn owe(app: &App, reply: &ReplyTo, kind: &str) -> Result<bool, Failure> {
    let new = NewDelivery {
        interaction_id: reply.interaction_id.clone(),
        kind: kind.to_owned(),
        ..NewDelivery::default()
    };
    let mut transaction = app.database.begin().await?;
    deliveries::open(&mut transaction, &new, app.clock.now()).await?;
    transaction.commit().await?;
    let found = deliveries::find(&app.database, &reply.interaction_id).await?;
    Ok(found.is_some_and(|delivery| delivery.status == "pending" || delivery.status == "sending"))
}

/// Sends the message, unless it was sent before. What Discord will never take is no reason to try again.
pub(super) async fn deliver(app: &App, reply: &ReplyTo, message: &Message) -> Result<(), Failure> {
    let id = &reply.interaction_id;
    // Anew each time: two attempts of one job may overlap, even in one worker.
    let claimant = uuid::Uuid::new_v4().to_string();
    // As long as the job's own lease: when a dead worker's job comes to another, its claim is over too.
    let lease = Duration::from_secs(app.config.queue.lease_seconds);
    match deliveries::claim(&app.database, id, &claimant, lease, app.clock.now()).await? {
        Claim::Over => return Ok(()),
        Claim::HeldByAnother => {
            return Err(Failure::retry_after("another worker is sending the message", lease));
        }
        Claim::Granted { .. } => {}
    }
    match app.discord.deliver(reply, message).await {
        Ok(how) => {
            let how = match how {
                Delivered::Edited => "edit",
                Delivered::Channel => "channel",
            };
            deliveries::mark_delivered(&app.database, id, how, app.clock.now()).await?;
            Ok(())
        }
        Err(error) if error.is_transient() => {
            deliveries::release(&app.database, id, &claimant, &error.to_string()).await?;
            Err(again(&error))
        }
        Err(error) => {
            deliveries::mark_failed(&app.database, id, &error.to_string(), app.clock.now()).await?;
            tracing::warn!(%error, "a message will never reach the person who asked");
            Err(Failure::permanent(error.to_string()))
        }
    }
}

fn again(error: &ApiError) -> Failure {
    match error {
        ApiError::Shut => Failure::postpone(error.to_string(), super::DOOR_SHUT),
        ApiError::RateLimited { retry_after } => Failure::retry_after(error.to_string(), *retry_after),
        _ => Failure::retry(error.to_string()),
    }
}

/// Tells the person what went wrong.
pub(super) async fn tell(
    app: &App,
    job: &Job,
    reply: &ReplyTo,
    trouble: &cards::Trouble,
    match_id: &str,
) -> Result<(), Failure> {
    let reader = Reader::of(app, reply).await?;
    let message = cards::trouble(trouble, match_id, job.id.as_str(), reader.language);
    deliver(app, reply, &message).await
}

/// Tells the person that all tries are used up, unless they were told something already.
pub(super) async fn give_up(app: &App, dead: &DeadJob, reply: &ReplyTo) -> Result<(), Failure> {
    if !owe(app, reply, &dead.job.kind).await? {
        return Ok(());
    }
    let found = deliveries::find(&app.database, &reply.interaction_id).await?;
    let Some(Delivery { match_id: Some(match_id), puuid: Some(puuid), kind, .. }) = found else {
        return tell(app, &dead.job, reply, &cards::Trouble::GaveUp, "").await;
    };
    // A worker that died left it running, and whoever asks next would wait for it.
    let key = AnalysisKey { match_id, puuid, kind };
    analyze::give_up(app, &key, &dead.reason).await?;
    tell(app, &dead.job, reply, &cards::Trouble::GaveUp, &key.match_id).await
}

/// Whether no further try will be made. Room under Riot's limits is waited for without counting tries, as long as the
/// reply can still be edited.
pub(super) fn is_over(app: &App, trouble: &Trouble, job: &Job, reply: &ReplyTo) -> bool {
    match trouble {
        Trouble::Riot(RiotError::RateLimited { retry_after }) => {
            reply.age(app.clock.now().as_millisecond()) + *retry_after > LAST_MOMENT
        }
        _ => trouble.again().is_none() || job.attempt >= job.max_attempts,
    }
}

/// What a request that came to nothing leads to: another try while there are some, a message otherwise.
pub(super) async fn conclude(
    app: &App,
    job: &Job,
    reply: &ReplyTo,
    trouble: &Trouble,
    match_id: Option<&str>,
) -> Result<(), Failure> {
    if !is_over(app, trouble, job, reply) {
        return Err(trouble.failure());
    }
    let card = trouble.card(match_id.is_some());
    tell(app, job, reply, &card, match_id.unwrap_or_default()).await?;
    // The person knows. Whether somebody else has to know is another matter.
    if trouble.is_operators() { Err(Failure::permanent(trouble.reason())) } else { Ok(()) }
}
