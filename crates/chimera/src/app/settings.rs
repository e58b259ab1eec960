//! What the sections of the configuration mean for the parts that they configure.

use std::time::Duration;

use anyhow::{Context, bail};
use chassis::logs::{LogSettings, Logs};
use jobs::{Backend, QueueSettings};

use super::riot_key;
use crate::{
    config::Config,
    discord::{ApiSettings, incoming::is_snowflake, interactions},
    riot::RiotSettings,
};

/// Opens the log files and installs the process-wide subscriber.
pub fn open_logs(config: &Config) -> anyhow::Result<Logs> {
    let settings = log_settings(config)?;
    chassis::logs::init(&settings).context("the logs could not be opened")
}

/// What of the settings can be checked without starting anything.
pub fn check_settings(config: &Config) -> anyhow::Result<()> {
    log_settings(config)?;
    if !matches!(config.queue.backend.as_str(), "database" | "redis") {
        bail!("`queue.backend` is `{}`; use `database` or `redis`", config.queue.backend);
    }
    if config.queue.backend == "redis" && config.queue.redis_url.is_empty() {
        bail!("`queue.backend` is `redis` and `queue.redis_url` (REDIS_URL) is empty");
    }
    if !matches!(config.narrative.tier.as_str(), "template" | "small" | "strong") {
        bail!("`narrative.tier` is `{}`; use `template`, `small` or `strong`", config.narrative.tier);
    }
    if !(0.0..=1.0).contains(&config.experiment.weight_a) {
        bail!("`experiment.weight_a` is {}; it is a share, 0 to 1", config.experiment.weight_a);
    }
    if !(config.experiment.alpha > 0.0 && config.experiment.alpha < 1.0) {
        bail!("`experiment.alpha` is {}; it is a chance between 0 and 1", config.experiment.alpha);
    }
    check_discord(config)
}

fn check_discord(config: &Config) -> anyhow::Result<()> {
    let discord = &config.discord;
    interactions::verifier(discord).context("`discord.public_key` (DISCORD_PUBLIC_KEY) cannot be used")?;
    for (key, number) in
        [("discord.application_id", &discord.application_id), ("discord.guild_id", &discord.guild_id)]
    {
        if !number.is_empty() && !is_snowflake(number) {
            bail!("`{key}` is `{number}`; it is a number of Discord's, such as 123456789012345678");
        }
    }
    if discord.gateway && discord.bot_token.is_empty() {
        bail!("`discord.gateway` is on and `discord.bot_token` (DISCORD_BOT_TOKEN) is empty");
    }
    Ok(())
}

/// What the log section means.
pub fn log_settings(config: &Config) -> anyhow::Result<LogSettings> {
    Ok(config.logs.settings("chimera")?)
}

/// What the queue section means.
pub(super) fn queue(config: &Config) -> QueueSettings {
    let queue = &config.queue;
    let backend = if queue.backend == "redis" {
        Backend::Redis { url: queue.redis_url.clone(), prefix: queue.redis_prefix.clone() }
    } else {
        Backend::Database
    };
    QueueSettings { backend, max_attempts: queue.max_attempts, ..QueueSettings::default() }
}

/// What the Riot section means.
pub(super) fn riot(config: &Config) -> anyhow::Result<RiotSettings> {
    let riot = &config.riot;
    let api_key = match riot_key::read(&riot.api_key_file)? {
        Some(key) => key,
        None => riot.api_key.clone(),
    };
    Ok(RiotSettings {
        api_key,
        base_url: (!riot.base_url.is_empty()).then(|| riot.base_url.clone()),
        request_timeout: Duration::from_millis(riot.timeout_ms),
        ..RiotSettings::default()
    })
}

/// What the Discord section means.
pub fn discord(config: &Config) -> ApiSettings {
    let discord = &config.discord;
    let defaults = ApiSettings::default();
    let base_url = discord.api_base_url.trim_end_matches('/');
    ApiSettings {
        base_url: if base_url.is_empty() { defaults.base_url.clone() } else { base_url.to_owned() },
        bot_token: discord.bot_token.clone(),
        ..defaults
    }
}
