//! What Discord sends when somebody uses a command, a button or a form, read leniently.
//!
//! Ids stay text: nothing is computed with them. Unknown fields are skipped and missing ones are empty, so that a new
//! kind of interaction gets a clean reply instead of a parse error.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// The largest body that is read; Discord's own are below 100 kB.
pub const MAX_BODY_BYTES: usize = 512 * 1024;

/// One interaction.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Interaction {
    /// Unique for ever; a second one is a replay.
    pub id: String,
    /// Ours.
    #[serde(default)]
    pub application_id: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Opens the reply for 15 minutes.
    pub token: InteractionToken,
    /// Where it happened.
    #[serde(default, deserialize_with = "null_is_default")]
    pub channel_id: String,
    /// The person's language, such as `zh-CN`.
    #[serde(default, deserialize_with = "null_is_default")]
    pub locale: String,
    /// Who, in a server.
    #[serde(default)]
    pub member: Option<Member>,
    /// Who, in a direct message.
    #[serde(default)]
    pub user: Option<User>,
    /// What exactly.
    #[serde(default, deserialize_with = "null_is_default")]
    pub data: Data,
}

/// What happened. Discord's numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "u64")]
pub enum Kind {
    /// Discord asks whether we are there.
    Ping,
    /// A command was sent.
    Command,
    /// A button or menu was used.
    Component,
    /// A command is being typed.
    Autocomplete,
    /// A form was sent.
    Modal,
    /// Something newer than this program.
    #[default]
    Unknown,
}

/// Opens the reply to one interaction for 15 minutes. Prints as `***`; serialises as it is, because a job has to
/// carry it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InteractionToken(String);

/// A member of a server.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Member {
    /// The person.
    #[serde(default)]
    pub user: Option<User>,
}

/// A person.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct User {
    /// Digits.
    pub id: String,
}

/// The command, component or form.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Data {
    /// A command's name.
    #[serde(default, deserialize_with = "null_is_default")]
    pub name: String,
    /// A command's kind; 1 is a slash command.
    #[serde(default, rename = "type")]
    pub kind: Option<u64>,
    /// A command's options.
    #[serde(default, deserialize_with = "null_is_default")]
    pub options: Vec<CommandOption>,
    /// A component's or form's id.
    #[serde(default, deserialize_with = "null_is_default")]
    pub custom_id: String,
    /// What was chosen in a menu.
    #[serde(default, deserialize_with = "null_is_default")]
    pub values: Vec<String>,
    /// A form's rows.
    #[serde(default, deserialize_with = "null_is_default")]
    pub components: Vec<Input>,
}

/// An option of a command.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct CommandOption {
    /// Its name.
    pub name: String,
    /// Text, number or flag.
    #[serde(default)]
    pub value: serde_json::Value,
    /// Whether it is the one being typed.
    #[serde(default)]
    pub focused: bool,
}

/// A row, a label or an input of a form.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Input {
    /// The input's id.
    #[serde(default, deserialize_with = "null_is_default")]
    pub custom_id: String,
    /// What was typed.
    #[serde(default)]
    pub value: Option<String>,
    /// What was chosen.
    #[serde(default, deserialize_with = "null_is_default")]
    pub values: Vec<String>,
    /// Inside a row.
    #[serde(default, deserialize_with = "null_is_default")]
    pub components: Vec<Input>,
    /// Inside a label.
    #[serde(default)]
    pub component: Option<Box<Input>>,
}

impl InteractionToken {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for an address.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it can stand in an address without escaping; Discord's always can.
    pub fn is_plain(&self) -> bool {
        let plain = |character: char| character.is_ascii_alphanumeric() || "._-=".contains(character);
        (1..=2_000).contains(&self.0.len()) && self.0.chars().all(plain)
    }
}

impl fmt::Debug for InteractionToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("InteractionToken(***)")
    }
}

impl Kind {
    /// A stable word for metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Ping => "ping",
            Kind::Command => "command",
            Kind::Component => "component",
            Kind::Autocomplete => "autocomplete",
            Kind::Modal => "modal",
            Kind::Unknown => "unknown",
        }
    }
}

impl From<u64> for Kind {
    fn from(number: u64) -> Self {
        match number {
            1 => Kind::Ping,
            2 => Kind::Command,
            3 => Kind::Component,
            4 => Kind::Autocomplete,
            5 => Kind::Modal,
            _ => Kind::Unknown,
        }
    }
}

impl Interaction {
    /// The person's id, in a server or alone.
    pub fn user_id(&self) -> Option<&str> {
        let member = self.member.as_ref().and_then(|member| member.user.as_ref());
        member.or(self.user.as_ref()).map(|user| user.id.as_str()).filter(|id| is_snowflake(id))
    }

    /// An option's text; numbers are written out.
    pub fn option_text(&self, name: &str) -> Option<String> {
        match &self.data.options.iter().find(|option| option.name == name)?.value {
            serde_json::Value::String(text) => Some(text.clone()),
            serde_json::Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// An option's whole number.
    pub fn option_number(&self, name: &str) -> Option<i64> {
        let value = &self.data.options.iter().find(|option| option.name == name)?.value;
        value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
    }

    /// Whether an option is switched on.
    pub fn option_flag(&self, name: &str) -> bool {
        let value = self.data.options.iter().find(|option| option.name == name).map(|option| &option.value);
        value.and_then(serde_json::Value::as_bool).unwrap_or(false)
    }

    /// A form's input: what was typed, or what was chosen.
    pub fn inputs(&self, custom_id: &str) -> Vec<&str> {
        let mut found = Vec::new();
        for input in &self.data.components {
            collect(input, custom_id, &mut found, 0);
        }
        found
    }
}

/// Rows and labels are one deep; what is nested deeper is nobody's form.
fn collect<'a>(input: &'a Input, custom_id: &str, found: &mut Vec<&'a str>, depth: u8) {
    if input.custom_id == custom_id {
        found.extend(input.value.as_deref());
        found.extend(input.values.iter().map(String::as_str));
    }
    if depth < 3 {
        input.components.iter().chain(input.component.as_deref()).for_each(|inner| {
            collect(inner, custom_id, found, depth + 1);
        });
    }
}

/// Whether a text is an id of Discord's; only such are put into addresses.
pub fn is_snowflake(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Interaction {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn options_are_read_by_name_and_type() {
        let interaction = read(
            r#"{"id":"1","type":2,"token":"t","data":{"name":"analyze","type":1,"options":[
                {"name":"match_index","type":4,"value":3},{"name":"target","type":3,"value":"Faker#KR1"},
                {"name":"force_rebind","type":5,"value":true}]},"member":{"user":{"id":"42"}}}"#,
        );
        assert_eq!(interaction.option_number("match_index"), Some(3));
        assert_eq!(interaction.option_text("match_index").as_deref(), Some("3"));
        assert_eq!(interaction.option_text("target").as_deref(), Some("Faker#KR1"));
        assert!(interaction.option_flag("force_rebind") && !interaction.option_flag("target"));
        assert_eq!(interaction.user_id(), Some("42"));
    }

    #[test]
    fn forms_of_rows_and_of_labels_are_read() {
        let row = r#"[{"type":1,"components":[{"type":4,"custom_id":"riot_id","value":"A#B1"}]}]"#;
        let label = r#"[{"type":18,"component":{"type":4,"custom_id":"riot_id","value":"A#B1"}},
                        {"type":18,"component":{"type":3,"custom_id":"roles","values":["top","mid"]}}]"#;
        for components in [row, label] {
            let interaction =
                read(&format!(r#"{{"id":"1","type":5,"token":"t","data":{{"components":{components}}}}}"#));
            assert_eq!(interaction.inputs("riot_id"), ["A#B1"]);
        }
        let interaction =
            read(&format!(r#"{{"id":"1","type":5,"token":"t","data":{{"components":{label}}}}}"#));
        assert_eq!(interaction.inputs("roles"), ["top", "mid"]);
    }

    #[test]
    fn what_is_unknown_or_missing_is_no_error() {
        let interaction = read(r#"{"id":"1","type":77,"token":"t","channel_id":null,"data":null,"new":[1]}"#);
        assert_eq!((interaction.kind, interaction.user_id()), (Kind::Unknown, None));
        assert_eq!(read(r#"{"id":"1","type":2,"token":"t","user":{"id":"../x"}}"#).user_id(), None);
    }

    #[test]
    fn a_token_is_not_shown() {
        let interaction = read(r#"{"id":"1","type":2,"token":"very-secret"}"#);
        assert!(!format!("{interaction:?}").contains("very-secret"));
        assert!(interaction.token.is_plain());
        assert!(!InteractionToken::new("a/../b".to_owned()).is_plain());
    }
}
