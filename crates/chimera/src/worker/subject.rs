//! Who is meant and which match: from what a person typed to a PUUID and a match id.

use crate::{
    app::App,
    discord::requests::{AnalyzeRequest, Target},
    riot::{Platform, Region, RiotError, routing},
    store::accounts::{self, Account},
};

use super::trouble::Trouble;

/// The player in the centre of a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    /// Riot's id.
    pub(super) puuid: String,
    /// Where the player plays.
    pub(super) platform: Platform,
    /// Whether it is the asker's primary account, which the asker's profile is about.
    pub(super) is_own: bool,
}

/// Finds the player.
pub(super) async fn resolve(app: &App, request: &AnalyzeRequest) -> Result<Subject, Trouble> {
    let user = &request.reply.user_id;
    match &request.target {
        Target::Primary => {
            let account = accounts::primary(&app.database, user).await?.ok_or(Trouble::NothingBound)?;
            bound(&account, true)
        }
        Target::Account(number) => {
            let own = accounts::list(&app.database, user).await?;
            let position = (*number as usize).checked_sub(1);
            match position.and_then(|position| own.get(position)) {
                Some(account) => bound(account, account.is_primary),
                None if own.is_empty() => Err(Trouble::NothingBound),
                None => Err(Trouble::NoSuchAccount { have: own.len() }),
            }
        }
        Target::User(other) => {
            let account = accounts::primary(&app.database, other).await?.ok_or(Trouble::OtherNotBound)?;
            bound(&account, other == user)
        }
        Target::RiotId { game_name, tag_line } => by_riot_id(app, user, game_name, tag_line).await,
    }
}

fn bound(account: &Account, is_own: bool) -> Result<Subject, Trouble> {
    let platform = routing::alias_to_platform(&account.platform)
        .ok_or_else(|| Trouble::Internal { reason: "a bound account has an unknown platform".to_owned() })?;
    Ok(Subject { puuid: account.puuid.clone(), platform, is_own })
}

/// Any region knows every account; the platform is asked for, because a tag says nothing about it.
async fn by_riot_id(app: &App, user: &str, game_name: &str, tag_line: &str) -> Result<Subject, Trouble> {
    let own = accounts::list(&app.database, user).await?;
    let near = own.first().and_then(|account| routing::alias_to_platform(&account.platform));
    let region = near.map_or(Region::Americas, Platform::account_region);
    let found = match app.riot.account_by_riot_id(region, game_name, tag_line).await {
        Err(RiotError::NotFound) => return Err(Trouble::UnknownPlayer),
        found => found?,
    };
    let platform = match app.riot.platform_of_account(region, &found.puuid).await {
        // Riot knows the name, and nobody of that name ever played this game.
        Err(RiotError::NotFound) => return Err(Trouble::UnknownPlayer),
        platform => platform?,
    };
    let is_own = own.iter().any(|account| account.is_primary && account.puuid == found.puuid);
    Ok(Subject { puuid: found.puuid, platform, is_own })
}

/// Which match is meant: 1 is the latest.
pub(super) async fn match_id(app: &App, subject: &Subject, index: u32) -> Result<String, Trouble> {
    let count = app.config.analysis.history_matches.clamp(1, 100);
    let ids = app.riot.match_ids(&subject.puuid, subject.platform, 0, count, None).await?;
    let position = (index as usize).checked_sub(1);
    let found = position.and_then(|position| ids.get(position)).cloned();
    found.ok_or(Trouble::NoSuchMatch { have: ids.len() })
}
