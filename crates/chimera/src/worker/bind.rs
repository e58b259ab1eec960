//! `/bind`: asks Riot for the account behind a Riot ID and links it to the person.

use jobs::{Failure, Job};

use crate::{
    app::App,
    discord::{cards, requests::BindRequest},
    riot::{RiotError, routing},
    store::accounts::{self, Account, AccountError, Added, NewAccount},
};

use super::{messenger, reader::Reader, trouble::Trouble};

pub(super) async fn run(app: &App, job: &Job, request: &BindRequest) -> Result<(), Failure> {
    let reply = &request.reply;
    if !messenger::owe(app, reply, "bind").await? {
        return Ok(());
    }
    match link(app, request).await {
        Ok((account, added)) => {
            let reader = Reader::of(app, reply).await?;
            let message = cards::bound(&account, added, reader.language);
            messenger::deliver(app, reply, &message).await
        }
        Err(trouble) => messenger::conclude(app, job, reply, &trouble, None).await,
    }
}

async fn link(app: &App, request: &BindRequest) -> Result<(Account, Added), Trouble> {
    let platform = routing::alias_to_platform(&request.platform).ok_or_else(|| Trouble::Internal {
        reason: "a form was taken with an unknown platform".to_owned(),
    })?;
    let region = platform.account_region();
    let found = match app.riot.account_by_riot_id(region, &request.game_name, &request.tag_line).await {
        Err(RiotError::NotFound) => return Err(Trouble::UnknownPlayer),
        found => found?,
    };
    let or_typed = |known: String, typed: &str| if known.is_empty() { typed.to_owned() } else { known };
    let account = NewAccount {
        discord_user_id: request.reply.user_id.clone(),
        puuid: found.puuid,
        game_name: or_typed(found.game_name, &request.game_name),
        tag_line: or_typed(found.tag_line, &request.tag_line),
        platform: platform.as_str().to_owned(),
        nickname: request.nickname.clone(),
        main_roles: request.main_roles.clone(),
    };
    let added = match accounts::add(&app.database, &account, app.clock.now()).await {
        Ok(added) => added,
        Err(AccountError::OwnedByAnother) => return Err(Trouble::OwnedByAnother),
        Err(AccountError::TooMany) => return Err(Trouble::TooManyAccounts),
        Err(AccountError::Storage(error)) => return Err(error.into()),
    };
    let own = accounts::list(&app.database, &account.discord_user_id).await?;
    let linked = own.into_iter().find(|linked| linked.puuid == account.puuid);
    let gone = || Trouble::Internal { reason: "an account went as soon as it was linked".to_owned() };
    Ok((linked.ok_or_else(gone)?, added))
}
