//! The explain button: the stored score of a review, term by term.

use chimera_core::{
    report::{PlayerFacts, Review, TeamReview},
    score::PlayerScore,
};

use crate::{
    app::App,
    discord::{
        cards::{self, Look, Trouble},
        commands::reply::{self, Failed},
        handle::{Asked, Callback, Response},
        requests::ReviewKind,
        texts,
    },
    riot::routing,
    store::{
        analyses::{self, AnalysisKey},
        matches,
    },
};

/// What is needed of a stored review.
struct Stored {
    score: PlayerScore,
    player: PlayerFacts,
    version: String,
}

pub(crate) fn show(app: &App, asked: &Asked, participant: &str, match_id: &str) -> Option<Response> {
    let participant: u32 = participant.parse().ok()?;
    routing::platform_of_match_id(match_id)?;
    let match_id = match_id.to_owned();
    Some(reply::later(app, asked, Callback::Defer { is_public: false }, move |app, language| async move {
        let stored = find(&app, &match_id, participant).await?.ok_or(Trouble::ExplainMissing)?;
        let names = app.names.names(texts::core_language(language));
        Ok(cards::explanation(
            &stored.player,
            &stored.score,
            &stored.version,
            &Look::new(&names, app.config.discord.ascii_safe),
        ))
    }))
}

/// The score from the player's own review, or from one of the team.
async fn find(app: &App, match_id: &str, participant: u32) -> Result<Option<Stored>, Failed> {
    let players = matches::participants(&app.database, match_id).await?;
    let Some(player) = players.into_iter().find(|player| player.participant_id == i64::from(participant))
    else {
        return Ok(None);
    };
    for kind in [ReviewKind::Analyze, ReviewKind::Team] {
        let key = AnalysisKey {
            match_id: match_id.to_owned(),
            puuid: player.puuid.clone(),
            kind: kind.as_str().to_owned(),
        };
        let analysis = analyses::find(&app.database, &key).await?;
        let document = analysis.and_then(|analysis| analysis.finished).map(|finished| finished.score_json);
        let stored = document.and_then(|document| match kind {
            ReviewKind::Analyze => of_review(&document),
            ReviewKind::Team => of_team(&document, participant),
        });
        if stored.is_some() {
            return Ok(stored);
        }
    }
    Ok(None)
}

fn of_review(document: &str) -> Option<Stored> {
    let review: Review = serde_json::from_str(document).ok()?;
    Some(Stored { score: review.score, player: review.player, version: review.version })
}

fn of_team(document: &str, participant: u32) -> Option<Stored> {
    let team: TeamReview = serde_json::from_str(document).ok()?;
    let member = team.members.into_iter().find(|member| member.facts.participant_id.0 == participant)?;
    Some(Stored { player: member.facts, score: member.score, version: team.version })
}
