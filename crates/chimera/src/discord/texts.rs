//! The program's words in both languages.

use std::sync::LazyLock;

use ui::{Arg, Catalog, Language};

/// Message files, checked by a test.
const MESSAGES: [(Language, &str); 6] = [
    (Language::ZhCn, include_str!("../../locales/cards.zh-CN.ftl")),
    (Language::En, include_str!("../../locales/cards.en.ftl")),
    (Language::ZhCn, include_str!("../../locales/replies.zh-CN.ftl")),
    (Language::En, include_str!("../../locales/replies.en.ftl")),
    (Language::ZhCn, include_str!("../../locales/commands.zh-CN.ftl")),
    (Language::En, include_str!("../../locales/commands.en.ftl")),
];

/// A file that cannot be read leaves ids in the messages; a test keeps that from happening.
static TEXTS: LazyLock<Catalog> = LazyLock::new(|| {
    Catalog::new(&MESSAGES).unwrap_or_else(|error| {
        tracing::error!(%error, "the message files cannot be read");
        Catalog::default()
    })
});

/// The language of a reply when neither the person nor Discord names any.
pub const DEFAULT_LANGUAGE: Language = Language::ZhCn;

/// A text.
pub fn text(language: Language, id: &str) -> String {
    TEXTS.text(language, id)
}

/// A text with values.
pub fn text_with(language: Language, id: &str, arguments: &[(&str, Arg<'_>)]) -> String {
    TEXTS.text_with(language, id, arguments)
}

/// A text, or `otherwise` where there is none.
pub fn text_or(language: Language, id: &str, otherwise: &str) -> String {
    if TEXTS.has(language, id) { TEXTS.text(language, id) } else { otherwise.to_owned() }
}

/// The text under `prefix-key`, or under `prefix-other` for a key newer than the files.
pub fn text_or_other(language: Language, prefix: &str, key: &str) -> String {
    let id = format!("{prefix}-{key}");
    if TEXTS.has(language, &id) {
        TEXTS.text(language, &id)
    } else {
        TEXTS.text(language, &format!("{prefix}-other"))
    }
}

/// The language of the core's texts and names, as the one of ours.
pub fn language_of(language: chimera_core::names::Language) -> Language {
    match language {
        chimera_core::names::Language::ZhCn => Language::ZhCn,
        chimera_core::names::Language::En => Language::En,
    }
}

/// The language of ours, as the one of the core's texts and names.
pub fn core_language(language: Language) -> chimera_core::names::Language {
    match language {
        Language::ZhCn => chimera_core::names::Language::ZhCn,
        Language::En => chimera_core::names::Language::En,
    }
}

/// The person's own setting first, then what Discord shows them: English for who reads neither of ours, the default
/// for who does not say.
pub fn choose_language(setting: Option<&str>, locale: &str) -> Language {
    let read = |tag: &str| tag.parse::<Language>().ok();
    let otherwise = if locale.is_empty() { DEFAULT_LANGUAGE } else { Language::En };
    setting.and_then(read).or_else(|| read(locale)).unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_exists_in_both_languages() {
        let catalog = Catalog::new(&MESSAGES).unwrap();
        assert_eq!(catalog.missing(), Vec::<String>::new());
    }

    #[test]
    fn the_persons_setting_comes_first() {
        let check = |setting, locale, expected| {
            assert_eq!(choose_language(setting, locale), expected, "{setting:?} {locale}");
        };
        check(Some("en"), "zh-CN", Language::En);
        check(None, "en-GB", Language::En);
        check(None, "zh-TW", Language::ZhCn);
        check(None, "fr", Language::En);
        check(None, "", DEFAULT_LANGUAGE);
        check(Some("xx"), "", DEFAULT_LANGUAGE);
    }
}
