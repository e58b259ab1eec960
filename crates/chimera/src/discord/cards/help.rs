//! What the bot can do, in one card, with the publisher's line.

use ui::Language;

use super::BLUE;
use crate::{
    app::VERSION,
    config::FeaturesConfig,
    discord::{
        message::{Embed, Message},
        texts,
    },
};

/// The card of `/help`; names only what is switched on.
pub fn help(features: &FeaturesConfig, language: Language) -> Message {
    let text = |id: &str| texts::text(language, id);
    let mut commands = vec!["help-bind", "help-unbind", "help-profile", "help-accounts"];
    if features.ai_analysis {
        commands.push("help-analyze");
    }
    if features.team_analysis {
        commands.push("help-team");
    }
    commands.push("help-settings");
    let commands: Vec<_> = commands.into_iter().map(text).collect();
    let footer = texts::text_with(language, "help-footer", &[("version", VERSION.into())]);
    let embed = Embed::new(text("help-title"), BLUE)
        .describe(text("help-text"))
        .field(text("help-commands"), commands.join("\n"))
        .field(text("help-modes"), text("help-modes-text"))
        .field(text("help-start"), text("help-start-text"))
        .field(text("help-privacy"), text("help-privacy-text"))
        .foot(format!("{footer}\n{}", text("legal")));
    Message::card(embed).only_for_the_asker().fit()
}
