//! The slash commands: as Discord is told of them, and one module for what each does.

pub(crate) mod accounts;
pub(crate) mod analyze;
pub(crate) mod bind;
pub(crate) mod complete;
pub(crate) mod explain;
pub(crate) mod feedback;
mod outbox;
mod reply;
pub(crate) mod settings;

use serde_json::{Value, json};
use ui::Language;

use crate::{config::Config, discord::texts};

/// Option types of Discord's.
const TEXT: u8 = 3;
const NUMBER: u8 = 4;
const FLAG: u8 = 5;

/// The locales of Discord's that our Chinese texts are for.
const CHINESE: [&str; 2] = ["zh-CN", "zh-TW"];
const ENGLISH: [&str; 2] = ["en-US", "en-GB"];

/// Every command that is switched on, for [`Api::register_commands`](crate::discord::Api::register_commands).
pub fn all(config: &Config) -> Vec<Value> {
    let mut commands = vec![
        command("bind", &[option("force_rebind", FLAG)]),
        command("unbind", &[]),
        command("profile", &[]),
        command("accounts", &[]),
    ];
    if config.features.ai_analysis {
        let mut target = option("target", TEXT);
        target["autocomplete"] = json!(true);
        target["max_length"] = json!(60);
        commands.push(command("analyze", &[match_index(config), target]));
    }
    if config.features.team_analysis {
        let mut riot_id = option("riot_id", TEXT);
        riot_id["autocomplete"] = json!(true);
        riot_id["max_length"] = json!(60);
        commands.push(command("team-analyze", &[match_index(config), riot_id]));
    }
    commands.push(command("settings", &[]));
    commands.push(command("help", &[]));
    commands
}

fn match_index(config: &Config) -> Value {
    let mut option = option("match_index", NUMBER);
    option["min_value"] = json!(1);
    option["max_value"] = json!(config.analysis.history_matches.max(1));
    option
}

/// A slash command that works in servers and in direct messages.
fn command(name: &str, options: &[Value]) -> Value {
    let mut command = named(&format!("command-{name}"), name);
    command["type"] = json!(1);
    command["options"] = json!(options);
    command["contexts"] = json!([0, 1]);
    command["integration_types"] = json!([0]);
    command
}

fn option(name: &str, kind: u8) -> Value {
    let mut option = named(&format!("option-{name}"), name);
    option["type"] = json!(kind);
    option["required"] = json!(false);
    option
}

/// Name and description with their translations. The name itself is what comes back, whatever a person sees.
fn named(id: &str, name: &str) -> Value {
    let description = format!("{id}.description");
    let mut names = serde_json::Map::new();
    let mut descriptions = serde_json::Map::new();
    for (language, locales) in [(Language::ZhCn, CHINESE), (Language::En, ENGLISH)] {
        for locale in locales {
            names.insert(locale.to_owned(), json!(texts::text(language, id)));
            descriptions.insert(locale.to_owned(), json!(texts::text(language, &description)));
        }
    }
    json!({
        "name": name,
        "name_localizations": names,
        "description": texts::text(Language::En, &description),
        "description_localizations": descriptions,
    })
}

#[cfg(test)]
mod tests {
    use twilight_model::application::command::Command;

    use super::*;

    #[test]
    fn discord_would_take_every_command() {
        let commands = all(&Config::default());
        assert_eq!(commands.len(), 8);
        for mut command in commands {
            command["version"] = json!("1");
            command["default_member_permissions"] = Value::Null;
            let text = command.to_string();
            let read: Command = serde_json::from_str(&text).unwrap();
            twilight_validate::command::command(&read).unwrap_or_else(|error| panic!("{error}: {text}"));
            let names = [&read.name]
                .into_iter()
                .chain(read.name_localizations.iter().flat_map(|names| names.values()));
            for name in names {
                assert!(!name.contains(char::is_uppercase), "{name}");
            }
        }
    }

    #[test]
    fn what_is_switched_off_is_not_offered() {
        let mut config = Config::default();
        (config.features.ai_analysis, config.features.team_analysis) = (false, false);
        let names: Vec<_> = all(&config).iter().map(|command| command["name"].clone()).collect();
        assert_eq!(names, ["bind", "unbind", "profile", "accounts", "settings", "help"]);
    }
}
