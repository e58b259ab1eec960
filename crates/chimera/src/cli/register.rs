//! `chimera register-commands`.

use std::process::ExitCode;

use anyhow::{Context, bail};
use chassis::clock::Clock;

use super::Invocation;
use crate::{
    app,
    discord::{Api, commands},
};

pub(super) async fn run(invocation: &Invocation) -> anyhow::Result<ExitCode> {
    let config = invocation.config();
    let discord = &config.discord;
    for (value, key, variable) in [
        (discord.application_id.as_str(), "discord.application_id", "DISCORD_APPLICATION_ID"),
        (discord.bot_token.expose(), "discord.bot_token", "DISCORD_BOT_TOKEN"),
    ] {
        if value.is_empty() {
            bail!("`{key}` ({variable}) is empty: take it from the application's page at Discord");
        }
    }
    let api = Api::new(app::discord_settings(config), Clock::system())
        .context("the client towards Discord cannot be made")?;
    let guild = Some(discord.guild_id.as_str()).filter(|guild| !guild.is_empty());
    let commands = commands::all(config);
    let registered = api
        .register_commands(&discord.application_id, guild, &commands)
        .await
        .context("Discord did not take the commands")?;
    let place = guild.map_or_else(|| "everywhere".to_owned(), |guild| format!("for server {guild}"));
    if invocation.json {
        invocation.print_json(&serde_json::json!({ "registered": registered, "guild_id": guild }))?;
    } else {
        println!("{registered} command(s) registered {place}");
    }
    Ok(ExitCode::SUCCESS)
}
