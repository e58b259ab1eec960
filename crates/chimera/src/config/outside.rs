//! The options about other people's services: Discord, Riot, and the places where names come from.

use std::path::PathBuf;

use chassis::Secret;
use serde::{Deserialize, Serialize};

/// The bot's account and ways in.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiscordConfig {
    /// Number of the application; empty switches Discord off.
    pub application_id: String,
    /// The application's public key in hexadecimal, by which requests to `/discord/interactions` are verified; while
    /// it is changed, the old and the new one with a comma between them.
    pub public_key: String,
    /// The bot's token.
    pub bot_token: Secret,
    /// Register the commands for this server alone, where they appear at once; empty registers them everywhere.
    pub guild_id: String,
    /// Also take interactions from a gateway connection, for people without a public URL.
    pub gateway: bool,
    /// Address of Discord's API; empty is the public one.
    pub api_base_url: String,
    /// Address of Discord's gateway; empty is the public one.
    pub gateway_url: String,
    /// Leave emoji and block characters out of messages.
    pub ascii_safe: bool,
}

/// Where matches come from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RiotConfig {
    /// The key; without one, matches can only be read from files.
    pub api_key: Secret,
    /// File that holds only the key, and goes before it; read again whenever it changes. Empty names none.
    pub api_key_file: PathBuf,
    /// Address that stands in for every regional host; empty is the public ones.
    pub base_url: String,
    /// A call that has not answered by then is given up.
    pub timeout_ms: u64,
}

impl Default for RiotConfig {
    fn default() -> Self {
        Self {
            api_key: Secret::default(),
            api_key_file: PathBuf::new(),
            base_url: String::new(),
            timeout_ms: 10_000,
        }
    }
}

/// Names of champions, items, runes, spells and augments.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StaticDataConfig {
    /// Folder whose tables go before the built-in ones; the sync commands write there.
    pub directory: PathBuf,
    /// The patch that the Chinese augment table must be of; the program does not start with another.
    pub arena_version: String,
    /// Where `chimera static sync` fetches from.
    pub data_dragon_url: String,
    /// Where `chimera arena sync` fetches from.
    pub community_dragon_url: String,
    /// A fetch that is not done by then is given up.
    pub timeout_seconds: u64,
}

impl Default for StaticDataConfig {
    fn default() -> Self {
        Self {
            directory: PathBuf::from("assets"),
            arena_version: "15.5".to_owned(),
            data_dragon_url: "https://ddragon.leagueoflegends.com".to_owned(),
            community_dragon_url: "https://raw.communitydragon.org".to_owned(),
            timeout_seconds: 30,
        }
    }
}
