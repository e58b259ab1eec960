//! The two languages and how a request asks for one of them.

use std::fmt;
use std::str::FromStr;

use crate::error::UiError;

/// A language that every text a person reads exists in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Language {
    /// Simplified Chinese as written on the mainland.
    #[serde(rename = "zh-CN")]
    ZhCn,
    /// English.
    #[serde(rename = "en")]
    En,
}

impl Language {
    /// Both languages, in the order in which the switch shows them.
    pub const ALL: [Language; 2] = [Language::ZhCn, Language::En];

    /// The tag for `<html lang>`, cookies and query strings.
    pub fn html_lang(self) -> &'static str {
        match self {
            Language::ZhCn => "zh-CN",
            Language::En => "en",
        }
    }

    /// The language's name in itself, so that a lost reader finds the way back.
    pub fn native_name(self) -> &'static str {
        match self {
            Language::ZhCn => "中文",
            Language::En => "English",
        }
    }

    /// The one the switch offers.
    pub fn other(self) -> Language {
        match self {
            Language::ZhCn => Language::En,
            Language::En => Language::ZhCn,
        }
    }

    /// The best of our languages in an `Accept-Language` header by q-value, the earlier one on a tie; `None` when
    /// the header names neither (`*` alone counts as neither: the caller's default is as good).
    pub fn from_accept_language(header: &str) -> Option<Language> {
        let mut best: Option<(Language, f32)> = None;
        for item in header.split(',').take(32) {
            let mut fields = item.split(';');
            let Some(language) = fields.next().and_then(|tag| tag.parse().ok()) else { continue };
            let quality = fields
                .find_map(|field| field.trim().strip_prefix("q=")?.trim().parse::<f32>().ok())
                .unwrap_or(1.0);
            let beats = best.is_none_or(|(_, best_quality)| quality > best_quality);
            if quality > 0.0 && quality <= 1.0 && beats {
                best = Some((language, quality));
            }
        }
        best.map(|(language, _)| language)
    }
}

impl FromStr for Language {
    type Err = UiError;

    /// Reads any BCP 47 tag of ours, in any case: `zh`, `zh-Hans-CN`, `zh_TW` and so on are Chinese, `en-GB` English.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let tag = text.trim();
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("zh") {
            Ok(Language::ZhCn)
        } else if primary.eq_ignore_ascii_case("en") {
            Ok(Language::En)
        } else {
            Err(UiError::UnknownLanguage(tag.chars().take(40).collect()))
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.html_lang())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_leniently() {
        for tag in ["zh-CN", "zh", "ZH-hans", "zh_TW", " zh-Hant-HK "] {
            assert_eq!(tag.parse(), Ok(Language::ZhCn), "{tag}");
        }
        for tag in ["en", "EN-gb", "en_US"] {
            assert_eq!(tag.parse(), Ok(Language::En), "{tag}");
        }
        for tag in ["", "fr", "english", "zhen", "*"] {
            assert_eq!(tag.parse::<Language>(), Err(UiError::UnknownLanguage(tag.to_owned())));
        }
    }

    #[test]
    fn accept_language_follows_the_quality() {
        let cases = [
            ("zh-CN,zh;q=0.9,en;q=0.8", Some(Language::ZhCn)),
            ("en-US,en;q=0.9,zh;q=0.8", Some(Language::En)),
            ("fr, zh;q=0.4, en;q=0.7", Some(Language::En)),
            ("en;q=0.5, zh;q=0.5", Some(Language::En)),
            ("en;q=0, zh;q=0.1", Some(Language::ZhCn)),
            ("en;q=NaN, zh;q=0.1", Some(Language::ZhCn)),
            ("en;q=9", None),
            ("fr, de;q=0.5, *;q=0.1", None),
            ("", None),
            (";;;,,,q=", None),
        ];
        for (header, expected) in cases {
            assert_eq!(Language::from_accept_language(header), expected, "{header}");
        }
    }
}
