//! What a review leaves behind besides itself: the experiment's row, and the player's profile.

use chimera_core::{
    profile::{self, Profile},
    report::Review,
};
use storage::{StorageError, Transaction};

use crate::{
    app::App,
    discord::requests::AnalyzeRequest,
    narrative::Narrated,
    store::{
        analyses::AnalysisKey,
        experiments::{self, ExperimentRow},
        profiles::{self, ProfileError},
        settings::UserSettings,
    },
};

use super::trouble::Trouble;

/// One row for each review while an experiment runs.
pub(super) async fn experiment(
    app: &App,
    transaction: &mut Transaction,
    request: &AnalyzeRequest,
    key: &AnalysisKey,
    narrated: &Narrated,
    total_ms: u64,
) -> Result<(), Trouble> {
    let Some(part) = &narrated.experiment else { return Ok(()) };
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let row = ExperimentRow {
        key: key.clone(),
        discord_user_id: request.reply.user_id.clone(),
        cohort: part.cohort.as_str().to_owned(),
        variant: part.variant.id().to_owned(),
        seed: app.config.experiment.seed.clone(),
        input_tokens: whole(narrated.usage.input_tokens),
        output_tokens: whole(narrated.usage.output_tokens),
        cost_microusd: narrated.cost_microusd,
        model_ms: whole(narrated.model_ms),
        total_ms: whole(total_ms),
    };
    Ok(experiments::record(transaction, &row, app.clock.now()).await?)
}

/// What is known of a person, where it may be drawn upon.
pub(super) async fn known(
    app: &App,
    request: &AnalyzeRequest,
    settings: &UserSettings,
) -> Result<Option<Profile>, StorageError> {
    if !app.config.features.personalization || !settings.allow_historical_analysis {
        return Ok(None);
    }
    let stored = profiles::load(&app.database, &request.reply.user_id).await?;
    Ok(stored.and_then(|stored| serde_json::from_str(&stored.profile_json).ok()))
}

/// Adds the match to what is known of the player. A match that was counted before changes nothing.
pub(super) async fn profile(
    app: &App,
    transaction: &mut Transaction,
    user: &str,
    review: &Review,
) -> Result<(), Trouble> {
    if !app.config.features.personalization {
        return Ok(());
    }
    let stored = profiles::load_for_change(transaction, app.database.backend(), user).await?;
    // A profile of an older shape begins anew rather than stopping reviews.
    let known: Profile =
        stored.and_then(|stored| serde_json::from_str(&stored.profile_json).ok()).unwrap_or_default();
    if known.has(review) {
        return Ok(());
    }
    let now_ms = u64::try_from(app.clock.now().as_millisecond()).unwrap_or(0);
    let next = profile::add(known, review, now_ms);
    let json =
        serde_json::to_string(&next).map_err(|error| Trouble::Internal { reason: error.to_string() })?;
    match profiles::save(transaction, user, &review.player.puuid, &json, app.clock.now()).await {
        Ok(()) => Ok(()),
        Err(ProfileError::WritesOff) => {
            tracing::debug!("the writing of profiles is switched off");
            Ok(())
        }
        Err(ProfileError::Storage(error)) => Err(error.into()),
    }
}
