//! Brings a message within every limit of Discord's, so that no name and no text can make it be refused.

use crate::discord::{
    cut::cut,
    limits,
    message::{Button, Embed, Message, Row, Select},
};

/// Below this a shortened text says nothing: fields are dropped instead, from the last one.
const SHORTEST_SHARE: usize = 24;
/// Stands where Discord demands a text and there is none.
const BLANK: &str = "—";

impl Message {
    /// The message within all limits: each text is cut, what is too many is dropped from the end, and where the
    /// texts of all embeds exceed their common limit the longest ones give way first.
    #[must_use]
    pub fn fit(mut self) -> Self {
        if let Some(content) = &mut self.content {
            shorten(content, limits::CONTENT);
        }
        self.embeds.truncate(limits::EMBEDS);
        self.embeds.iter_mut().for_each(fit_embed);
        fit_sum(&mut self.embeds);
        self.embeds.retain(has_something);
        self.rows = self.rows.into_iter().filter_map(fit_row).take(limits::ROWS).collect();
        self
    }
}

fn fit_embed(embed: &mut Embed) {
    embed.color &= 0x00FF_FFFF;
    drop_blank(&mut embed.title);
    drop_blank(&mut embed.description);
    if let Some(title) = &mut embed.title {
        shorten(title, limits::EMBED_NAME);
    }
    if let Some(description) = &mut embed.description {
        shorten(description, limits::EMBED_DESCRIPTION);
    }
    if embed.author.as_ref().is_some_and(|author| author.name.trim().is_empty()) {
        embed.author = None;
    }
    if let Some(author) = &mut embed.author {
        shorten(&mut author.name, limits::EMBED_NAME);
        if author.icon_url.as_deref().is_some_and(|url| !is_web_address(url)) {
            author.icon_url = None;
        }
    }
    if embed.footer.as_ref().is_some_and(|footer| footer.text.trim().is_empty()) {
        embed.footer = None;
    }
    if let Some(footer) = &mut embed.footer {
        shorten(&mut footer.text, limits::EMBED_FOOTER);
    }
    for picture in [&mut embed.image, &mut embed.thumbnail] {
        if picture.as_ref().is_some_and(|picture| !is_web_address(&picture.url)) {
            *picture = None;
        }
    }
    embed.fields.truncate(limits::EMBED_FIELDS);
    for field in &mut embed.fields {
        for (text, limit) in [(&mut field.name, limits::EMBED_NAME), (&mut field.value, limits::EMBED_VALUE)]
        {
            shorten(text, limit);
            if text.trim().is_empty() {
                BLANK.clone_into(text);
            }
        }
    }
}

/// The common limit: finds the greatest length at which cutting every text to it fits, and cuts.
fn fit_sum(embeds: &mut Vec<Embed>) {
    loop {
        let lengths: Vec<usize> = texts(embeds).iter().map(|text| limits::length(text)).collect();
        if lengths.iter().sum::<usize>() <= limits::EMBED_SUM {
            return;
        }
        let fits =
            |cap: usize| lengths.iter().map(|&length| length.min(cap)).sum::<usize>() <= limits::EMBED_SUM;
        let cap = (1..=limits::EMBED_DESCRIPTION).rev().find(|&cap| fits(cap)).unwrap_or(0);
        if cap >= SHORTEST_SHARE {
            for text in texts(embeds) {
                shorten(text, cap);
            }
            return;
        }
        let Some(last) = embeds.last_mut() else { return };
        if last.fields.pop().is_none() {
            embeds.pop();
        }
    }
}

fn texts(embeds: &mut [Embed]) -> Vec<&mut String> {
    let mut all = Vec::new();
    for embed in embeds {
        all.extend(embed.title.as_mut());
        all.extend(embed.description.as_mut());
        all.extend(embed.author.as_mut().map(|author| &mut author.name));
        all.extend(embed.footer.as_mut().map(|footer| &mut footer.text));
        for field in &mut embed.fields {
            all.push(&mut field.name);
            all.push(&mut field.value);
        }
    }
    all
}

fn fit_row(row: Row) -> Option<Row> {
    match row {
        Row::Buttons(buttons) => {
            let buttons: Vec<_> = buttons.into_iter().filter_map(fit_button).take(limits::BUTTONS).collect();
            (!buttons.is_empty()).then_some(Row::Buttons(buttons))
        }
        Row::Select(select) => fit_select(select).map(Row::Select),
    }
}

fn fit_button(mut button: Button) -> Option<Button> {
    shorten(&mut button.label, limits::BUTTON_LABEL);
    if button.label.trim().is_empty() && button.emoji.is_none() {
        BLANK.clone_into(&mut button.label);
    }
    can_come_back(&button.custom_id).then_some(button)
}

pub(crate) fn fit_select(mut select: Select) -> Option<Select> {
    shorten(&mut select.placeholder, limits::PLACEHOLDER);
    select.options.retain(|option| (1..=limits::OPTION_TEXT).contains(&limits::length(&option.value)));
    let mut seen = std::collections::HashSet::new();
    select.options.retain(|option| seen.insert(option.value.clone()));
    select.options.truncate(limits::OPTIONS);
    for option in &mut select.options {
        shorten(&mut option.label, limits::OPTION_TEXT);
        if option.label.trim().is_empty() {
            BLANK.clone_into(&mut option.label);
        }
        drop_blank(&mut option.description);
        if let Some(description) = &mut option.description {
            shorten(description, limits::OPTION_TEXT);
        }
    }
    select.max = select.max.clamp(1, select.options.len().max(1));
    select.min = select.min.min(select.max);
    (can_come_back(&select.custom_id) && !select.options.is_empty()).then_some(select)
}

fn can_come_back(custom_id: &str) -> bool {
    (1..=limits::CUSTOM_ID).contains(&limits::length(custom_id))
}

/// An embed without any text or picture is refused.
fn has_something(embed: &Embed) -> bool {
    embed.title.is_some()
        || embed.description.is_some()
        || !embed.fields.is_empty()
        || embed.author.is_some()
        || embed.footer.is_some()
        || embed.image.is_some()
}

/// What Discord would fetch: `https`, or `http` for a desk.
fn is_web_address(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty())
        && url.len() <= 2_000
        && !url.chars().any(|character| character.is_whitespace() || character.is_control())
}

fn drop_blank(text: &mut Option<String>) {
    if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
        *text = None;
    }
}

fn shorten(text: &mut String, limit: usize) {
    if limits::length(text) > limit {
        *text = cut(text, limit).into_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discord::message::{ButtonStyle, Field, SelectOption};

    #[test]
    fn the_longest_texts_give_way_first() {
        let message = Message::card(
            Embed::new("short", 1)
                .describe("d".repeat(4_000))
                .field("a", "v".repeat(1_000))
                .field("b", "kept"),
        );
        let mut twice = message.clone();
        twice.embeds.push(message.embeds[0].clone());
        let mut fitted = twice.fit();
        let embed = fitted.embeds[0].clone();
        assert_eq!(embed.title.as_deref(), Some("short"));
        assert_eq!(embed.fields[1].value, "kept");
        assert_eq!(limits::length(&embed.fields[0].value), 1_000);
        let sum: usize = texts(&mut fitted.embeds).iter().map(|text| limits::length(text)).sum();
        assert!((5_980..=limits::EMBED_SUM).contains(&sum), "{sum}");
    }

    #[test]
    fn too_many_of_anything_are_dropped_from_the_end() {
        let mut embed = Embed::new("t", 1);
        for number in 0..40 {
            embed.fields.push(Field { name: format!("{number}"), value: "x".repeat(900), inline: true });
        }
        let mut message = Message { embeds: vec![embed; 12], ..Message::default() }.fit();
        assert!(message.embeds.len() <= limits::EMBEDS);
        assert_eq!(message.embeds[0].fields[0].name, "0");
        let sum: usize = texts(&mut message.embeds).iter().map(|text| limits::length(text)).sum();
        assert!(sum <= limits::EMBED_SUM, "{sum}");
    }

    #[test]
    fn components_that_discord_would_refuse_are_left_out() {
        let button = |id: &str| Button::new(id, "x".repeat(200), ButtonStyle::Primary);
        let select = Select {
            custom_id: "s".to_owned(),
            options: (0..60)
                .map(|n| SelectOption { value: format!("{}", n / 2), ..SelectOption::default() })
                .collect(),
            max: 90,
            ..Select::default()
        };
        let message = Message::default()
            .with_row(Row::Buttons(vec![button(&"i".repeat(101)), button("ok"), button("")]))
            .with_row(Row::Buttons(Vec::new()))
            .with_row(Row::Select(select))
            .fit();
        let [Row::Buttons(buttons), Row::Select(select)] = &message.rows[..] else { panic!("{message:?}") };
        assert_eq!(buttons.len(), 1);
        assert_eq!(limits::length(&buttons[0].label), limits::BUTTON_LABEL);
        assert_eq!((select.options.len(), select.max, select.options[0].label.as_str()), (25, 25, BLANK));
    }

    #[test]
    fn pictures_that_are_no_addresses_go() {
        let mut embed = Embed::new("t", 0xFF12_3456);
        embed.image = Some(crate::discord::message::Picture { url: "file:///etc/passwd".to_owned() });
        let message = Message::card(embed).fit();
        assert_eq!((message.embeds[0].image.as_ref(), message.embeds[0].color), (None, 0x0012_3456));
    }
}
