//! The settings form. What was chosen but not saved yet travels in the ids of its components, so that any replica
//! can answer the next click without storing anything.

use ui::Language;

use super::{BLUE, GREEN};
use crate::{
    discord::{
        message::{Button, ButtonStyle, Embed, Message, Row, Select, SelectOption},
        requests::ROLES,
        texts,
    },
    store::settings::UserSettings,
};

const LANGUAGES: [&str; 3] = ["auto", "zh-CN", "en"];
const TONES: [&str; 3] = ["competitive", "casual", "balanced"];
const DETAILS: [&str; 2] = ["concise", "detailed"];
/// The role menu's line for none.
const NO_ROLE: &str = "none";

/// Settings as chosen so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft(pub UserSettings);

impl Draft {
    /// One letter or digit a setting; see [`Draft::decode`].
    fn encode(&self) -> String {
        let place = |list: &[&str], value: &str| list.iter().position(|known| *known == value).unwrap_or(0);
        let settings = &self.0;
        let language = place(&LANGUAGES, settings.language.as_deref().unwrap_or("auto"));
        let role = settings.role.as_deref().and_then(|role| ROLES.iter().position(|known| *known == role));
        format!(
            "{language}{}{}{}{}{}",
            role.map_or(0, |role| role + 1),
            place(&TONES, &settings.tone),
            place(&DETAILS, &settings.detail),
            u8::from(settings.timeline),
            u8::from(settings.allow_historical_analysis),
        )
    }

    /// Reads what the form wrote into an id; `None` for anything else.
    pub fn decode(text: &str) -> Option<Self> {
        let digits: Vec<usize> = text
            .chars()
            .map(|digit| digit.to_digit(10).map(|digit| digit as usize))
            .collect::<Option<_>>()?;
        let &[language, role, tone, detail, timeline, history] = digits.as_slice() else { return None };
        let flag = |digit| (digit <= 1).then_some(digit == 1);
        Some(Self(UserSettings {
            language: LANGUAGES.get(language).filter(|tag| **tag != "auto").map(|tag| (*tag).to_owned()),
            role: role.checked_sub(1).and_then(|role| ROLES.get(role)).map(|role| (*role).to_owned()),
            tone: (*TONES.get(tone)?).to_owned(),
            detail: (*DETAILS.get(detail)?).to_owned(),
            timeline: flag(timeline)?,
            allow_historical_analysis: flag(history)?,
        }))
    }

    /// The settings after a menu or switch was used; `None` when it is none of the form's.
    pub fn change(mut self, what: &str, value: &str) -> Option<Self> {
        let known = |list: &[&str]| list.contains(&value).then(|| value.to_owned());
        match what {
            "language" => self.0.language = known(&LANGUAGES).map(|tag| (tag != "auto").then_some(tag))?,
            "role" if value == NO_ROLE => self.0.role = None,
            "role" => self.0.role = Some(known(&ROLES)?),
            "tone" => self.0.tone = known(&TONES)?,
            "detail" => self.0.detail = known(&DETAILS)?,
            "timeline" => self.0.timeline = !self.0.timeline,
            "history" => self.0.allow_historical_analysis = !self.0.allow_historical_analysis,
            _ => return None,
        }
        Some(self)
    }
}

/// The form, with a line about what was just done.
pub fn settings(draft: &Draft, notice: Option<&str>, language: Language) -> Message {
    let text = |id: &str| texts::text(language, id);
    let code = draft.encode();
    let now = &draft.0;
    let colour = if notice.is_some() { GREEN } else { BLUE };
    let embed = Embed::new(text("settings-title"), colour)
        .describe(notice.map_or_else(|| text("settings-text"), str::to_owned));
    let menu = |what: &str, values: &[&str], chosen: &str| {
        let options = values.iter().map(|value| SelectOption {
            label: format!("{}: {}", text(&format!("settings-{what}")), option_text(what, value, language)),
            value: (*value).to_owned(),
            description: None,
            chosen: *value == chosen,
        });
        Row::Select(Select {
            custom_id: format!("chimera:set:{what}:{code}"),
            placeholder: text(&format!("settings-{what}")),
            options: options.collect(),
            min: 1,
            max: 1,
        })
    };
    let switch = |what: &str, is_on: bool| {
        let state = text(if is_on { "settings-on" } else { "settings-off" });
        Button::new(
            format!("chimera:set:{what}:{code}"),
            format!("{}: {state}", text(&format!("settings-{what}"))),
            if is_on { ButtonStyle::Primary } else { ButtonStyle::Secondary },
        )
    };
    let roles: Vec<&str> = std::iter::once(NO_ROLE).chain(ROLES).collect();
    Message::card(embed)
        .only_for_the_asker()
        .with_row(menu("language", &LANGUAGES, now.language.as_deref().unwrap_or("auto")))
        .with_row(menu("role", &roles, now.role.as_deref().unwrap_or(NO_ROLE)))
        .with_row(menu("tone", &TONES, &now.tone))
        .with_row(menu("detail", &DETAILS, &now.detail))
        .with_row(Row::Buttons(vec![
            switch("timeline", now.timeline),
            switch("history", now.allow_historical_analysis),
            Button::new(format!("chimera:set:save:{code}"), text("settings-save"), ButtonStyle::Success),
            Button::new(format!("chimera:set:reset:{code}"), text("settings-reset"), ButtonStyle::Danger),
        ]))
        .fit()
}

fn option_text(what: &str, value: &str, language: Language) -> String {
    match (what, value) {
        ("language", "auto") => texts::text(language, "settings-language-auto"),
        ("language", "zh-CN") => texts::text(language, "settings-language-zh"),
        ("language", _) => texts::text(language, "settings-language-en"),
        ("role", NO_ROLE) => texts::text(language, "settings-role-none"),
        ("role", role) => texts::text(language, &format!("role-{role}")),
        (what, value) => texts::text(language, &format!("settings-{what}-{value}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_survives_the_way_through_an_id() {
        let default = Draft(UserSettings::default());
        assert_eq!(Draft::decode(&default.encode()), Some(default.clone()));
        let steps = [
            ("language", "en"),
            ("role", "support"),
            ("tone", "casual"),
            ("detail", "concise"),
            ("timeline", ""),
            ("history", ""),
        ];
        let mut draft = default;
        for (what, value) in steps {
            draft = draft.change(what, value).unwrap();
            assert_eq!(Draft::decode(&draft.encode()), Some(draft.clone()), "{what}");
        }
        assert_eq!(draft.0.role.as_deref(), Some("support"));
        assert_eq!(draft.clone().change("role", NO_ROLE).unwrap().0.role, None);
        assert_eq!(draft.clone().change("language", "auto").unwrap().0.language, None);
        assert_eq!(draft.clone().change("tone", "rude"), None);
        assert_eq!(draft.change("colour", "red"), None);
        for bad in ["", "12345", "00009", "0000000", "abcdef", "003000", "000020"] {
            assert_eq!(Draft::decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_form_shows_what_is_chosen() {
        let draft = Draft(UserSettings::default()).change("tone", "casual").unwrap();
        let message = settings(&draft, None, Language::En);
        let Row::Select(tones) = &message.rows[2] else { panic!("{message:?}") };
        let chosen: Vec<_> =
            tones.options.iter().filter(|option| option.chosen).map(|option| &option.value).collect();
        assert_eq!(chosen, ["casual"]);
        assert_eq!(message.rows.len(), 5);
    }
}
