//! A message as Discord takes it; serialised it mentions nobody, whatever its texts say.

use serde::{Serialize, Serializer, ser::SerializeStruct};

mod fit;

/// Only the person who asked sees it.
const EPHEMERAL: u32 = 1 << 6;

/// What is sent, or put in the place of an earlier one. Cards build it and [`fit`](Message::fit) it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// Plain text above the embeds.
    pub content: Option<String>,
    /// The cards.
    pub embeds: Vec<Embed>,
    /// Rows of buttons and menus.
    pub rows: Vec<Row>,
    /// Whether only the person who asked sees it; counts when it is first sent, an edit cannot change it.
    pub ephemeral: bool,
}

/// One card.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Embed {
    /// Shown bold at the top.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The main text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `0xRRGGBB`.
    pub color: u32,
    /// Named paragraphs.
    pub fields: Vec<Field>,
    /// Shown small above the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<Author>,
    /// Shown small below everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footer: Option<Footer>,
    /// A large picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Picture>,
    /// A small picture in the corner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<Picture>,
}

/// A named paragraph of a card.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Field {
    /// The heading.
    pub name: String,
    /// The text.
    pub value: String,
    /// Whether it may stand beside others.
    pub inline: bool,
}

/// The line above a card's title.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Author {
    /// The text.
    pub name: String,
    /// A public `https` address of a small picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
}

/// The line below a card.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Footer {
    /// The text.
    pub text: String,
}

/// A picture that Discord fetches itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Picture {
    /// A public `https` address.
    pub url: String,
}

/// A row of components: up to five buttons, or one menu.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// Buttons from left to right.
    Buttons(Vec<Button>),
    /// A menu.
    Select(Select),
}

/// A button that comes back to us as an interaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Button {
    /// What comes back, at most 100 units; a longer one cannot come back and the button is left out.
    pub custom_id: String,
    /// The words on it.
    pub label: String,
    /// How it looks.
    pub style: ButtonStyle,
    /// A Unicode emoji before the words.
    pub emoji: Option<&'static str>,
    /// Whether it is grey and dead.
    pub disabled: bool,
}

/// How a button looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ButtonStyle {
    /// The one to press.
    Primary,
    /// One of several.
    Secondary,
    /// Keeps something.
    Success,
    /// Takes something away.
    Danger,
}

/// A menu of texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Select {
    /// What comes back.
    pub custom_id: String,
    /// Shown while nothing is chosen.
    pub placeholder: String,
    /// What can be chosen.
    pub options: Vec<SelectOption>,
    /// The fewest that must be chosen.
    pub min: usize,
    /// The most that may be chosen; 0 counts as 1.
    pub max: usize,
}

/// One line of a menu.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SelectOption {
    /// Shown.
    pub label: String,
    /// Comes back.
    pub value: String,
    /// Shown small below.
    pub description: Option<String>,
    /// Whether it is chosen already.
    pub chosen: bool,
}

impl Message {
    /// A message of one card.
    pub fn card(embed: Embed) -> Self {
        Self { embeds: vec![embed], ..Self::default() }
    }

    /// The same, seen only by the person who asked.
    #[must_use]
    pub fn only_for_the_asker(self) -> Self {
        Self { ephemeral: true, ..self }
    }

    /// Adds a row.
    #[must_use]
    pub fn with_row(mut self, row: Row) -> Self {
        self.rows.push(row);
        self
    }
}

impl Embed {
    /// A card with a title and a colour.
    pub fn new(title: impl Into<String>, color: u32) -> Self {
        Self { title: Some(title.into()), color, ..Self::default() }
    }

    /// Adds a paragraph that takes the whole width; one without text is left out.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.trim().is_empty() {
            self.fields.push(Field { name: name.into(), value, inline: false });
        }
        self
    }

    /// Sets the main text.
    #[must_use]
    pub fn describe(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Sets the line below.
    #[must_use]
    pub fn foot(mut self, text: impl Into<String>) -> Self {
        self.footer = Some(Footer { text: text.into() });
        self
    }
}

impl Button {
    /// A live button without emoji.
    pub fn new(custom_id: impl Into<String>, label: impl Into<String>, style: ButtonStyle) -> Self {
        Self { custom_id: custom_id.into(), label: label.into(), style, emoji: None, disabled: false }
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut message = serializer.serialize_struct("Message", 5)?;
        // An edit keeps what is not named: embeds and rows are always named, so that an edit replaces everything.
        message.serialize_field("content", self.content.as_deref().unwrap_or_default())?;
        message.serialize_field("embeds", &self.embeds)?;
        message.serialize_field("components", &self.rows)?;
        message.serialize_field("allowed_mentions", &serde_json::json!({ "parse": [] }))?;
        if self.ephemeral {
            message.serialize_field("flags", &EPHEMERAL)?;
        }
        message.end()
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let components = match self {
            Row::Buttons(buttons) => buttons.iter().map(Button::json).collect(),
            Row::Select(select) => vec![select.json()],
        };
        serde_json::json!({ "type": 1, "components": components }).serialize(serializer)
    }
}

impl Button {
    fn json(&self) -> serde_json::Value {
        let style = match self.style {
            ButtonStyle::Primary => 1,
            ButtonStyle::Secondary => 2,
            ButtonStyle::Success => 3,
            ButtonStyle::Danger => 4,
        };
        let mut json = serde_json::json!({
            "type": 2, "style": style, "custom_id": self.custom_id, "label": self.label, "disabled": self.disabled,
        });
        if let Some(emoji) = self.emoji {
            json["emoji"] = serde_json::json!({ "name": emoji });
        }
        json
    }
}

impl Select {
    /// Also used inside a modal, where the menu stands in a label.
    pub(crate) fn json(&self) -> serde_json::Value {
        let options: Vec<_> = self.options.iter().map(SelectOption::json).collect();
        serde_json::json!({
            "type": 3, "custom_id": self.custom_id, "placeholder": self.placeholder, "options": options,
            "min_values": self.min, "max_values": self.max.max(1),
        })
    }
}

impl SelectOption {
    fn json(&self) -> serde_json::Value {
        let mut json =
            serde_json::json!({ "label": self.label, "value": self.value, "default": self.chosen });
        if let Some(description) = &self.description {
            json["description"] = serde_json::json!(description);
        }
        json
    }
}
