//! What `/health` says of each part.

use chassis::{clock::Clock, health::Health};
use jobs::Queue;
use llm::Gateway;
use storage::Database;

use super::VERSION;
use crate::{
    config::Config,
    discord::{self, guard::GuardState},
    riot,
    riot::RiotError,
};

/// Every component; without database or queue the program is down, without the others it still answers.
pub(super) fn components(
    config: &Config,
    clock: &Clock,
    database: &Database,
    gateway: &Gateway,
    queue: &Queue,
    riot: &riot::Client,
    api: &discord::Api,
) -> Health {
    let (database, gateway, queue, riot) = (database.clone(), gateway.clone(), queue.clone(), riot.clone());
    let (settings, api) = (discord_settings(config), api.clone());
    Health::new("chimera", VERSION, clock.clone())
        .component("database", true, move || {
            let database = database.clone();
            Box::pin(async move {
                database.ping().await.map_err(|error| error.to_string())?;
                Ok(database.backend().to_string())
            })
        })
        .component("queue", false, move || {
            let queue = queue.clone();
            Box::pin(async move { queue.health().await })
        })
        .component("riot", false, move || {
            let riot = riot.clone();
            Box::pin(async move { key_state(&riot) })
        })
        .component("discord", false, move || {
            let (settings, door) = (settings.clone(), door(&api));
            Box::pin(async move { door.and(settings) })
        })
        .component("models", false, move || {
            let gateway = gateway.clone();
            Box::pin(async move { models(&gateway) })
        })
}

/// No key is what a program is started with that only reads files.
fn key_state(riot: &riot::Client) -> Result<String, String> {
    match riot.check_key() {
        Ok(()) => Ok("a key is set".to_owned()),
        Err(RiotError::KeyMissing) => Ok("no key: matches cannot be fetched".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Whether anything is sent to Discord.
fn door(api: &discord::Api) -> Result<(), String> {
    match api.guard().state() {
        GuardState::Closed => Ok(()),
        GuardState::Open { since } => {
            Err(format!("nothing has been sent for {} s: Discord refused too many requests", since.as_secs()))
        }
        GuardState::Ramp { per_second } => {
            Err(format!("at most {per_second} request(s) a second while trust comes back"))
        }
    }
}

/// Half of what Discord needs is a mistake; none of it is a choice.
fn discord_settings(config: &Config) -> Result<String, String> {
    let discord = &config.discord;
    if discord.application_id.is_empty() {
        return Ok("not configured".to_owned());
    }
    match (discord.public_key.is_empty(), discord.gateway) {
        (true, false) => Err("no way in: set `discord.public_key` or `discord.gateway`".to_owned()),
        (false, false) => Ok("interactions by HTTP".to_owned()),
        (true, true) => Ok("interactions by gateway".to_owned()),
        (false, true) => Ok("interactions by HTTP and gateway".to_owned()),
    }
}

/// Without any provider the template narrative is what was asked for, so that is no fault.
fn models(gateway: &Gateway) -> Result<String, String> {
    let providers: Vec<_> = gateway.status().into_iter().filter(|provider| provider.in_order).collect();
    if providers.is_empty() {
        return Ok("template narrative".to_owned());
    }
    let open: Vec<_> = providers
        .iter()
        .filter(|it| it.breaker == llm::breaker::BreakerState::Open)
        .map(|it| it.name.as_str())
        .collect();
    if open.len() == providers.len() {
        return Err(format!("every provider fails: {}", open.join(", ")));
    }
    Ok(format!("{} of {} provider(s) answer", providers.len() - open.len(), providers.len()))
}
