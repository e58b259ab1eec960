//! Discord's limits on a message, and how text is counted against them.

/// `content` of a message.
pub const CONTENT: usize = 2_000;
/// Embeds of a message.
pub const EMBEDS: usize = 10;
/// Title of an embed, and name of a field or author.
pub const EMBED_NAME: usize = 256;
/// Description of an embed.
pub const EMBED_DESCRIPTION: usize = 4_096;
/// Fields of an embed.
pub const EMBED_FIELDS: usize = 25;
/// Value of a field.
pub const EMBED_VALUE: usize = 1_024;
/// Footer of an embed.
pub const EMBED_FOOTER: usize = 2_048;
/// All texts of all embeds of a message together.
pub const EMBED_SUM: usize = 6_000;
/// Rows of components.
pub const ROWS: usize = 5;
/// Buttons in a row.
pub const BUTTONS: usize = 5;
/// A component's own id.
pub const CUSTOM_ID: usize = 100;
/// The words on a button.
pub const BUTTON_LABEL: usize = 80;
/// Options of a select menu, and choices of an autocompletion.
pub const OPTIONS: usize = 25;
/// Label, value or description of an option; name or value of a choice.
pub const OPTION_TEXT: usize = 100;
/// The hint in an empty select menu.
pub const PLACEHOLDER: usize = 150;
/// Title of a modal, and label of a modal's component.
pub const MODAL_LABEL: usize = 45;

/// The length of a text in UTF-16 units. Discord does not say what it counts; this is never less than the number of
/// characters, so what fits here fits either way.
pub fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}
