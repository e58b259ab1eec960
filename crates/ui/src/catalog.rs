//! Texts by message id in both languages (Fluent), looked up without ever failing a page.
//!
//! A missing text shows its id and is counted; a program's tests call [`Catalog::missing`] so that none is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentError, FluentResource, FluentValue};

use crate::error::UiError;
use crate::locale::Language;

mod compare;

/// A value put into a text.
#[derive(Debug, Clone, PartialEq)]
pub enum Arg<'a> {
    /// Text, shown as it is. The result is plain text: markup escapes it later.
    Text(std::borrow::Cow<'a, str>),
    /// A number; it selects plural forms. Shown without grouping.
    Number(f64),
}

/// The texts of a program in both languages.
#[derive(Default)]
pub struct Catalog {
    bundles: Vec<(Language, FluentBundle<FluentResource>)>,
    outlines: Vec<(Language, BTreeMap<String, BTreeSet<String>>)>,
    lookups_failed: AtomicU64,
}

impl Catalog {
    /// Reads message files; a language may be given several. Fails on a syntax error or a repeated id: call it at
    /// start-up, with files that a test has checked.
    pub fn new(resources: &[(Language, &str)]) -> Result<Catalog, UiError> {
        let mut catalog = Catalog::default();
        for language in Language::ALL {
            let mut bundle = FluentBundle::new_concurrent(vec![fluent_language(language)]);
            // Isolation marks are invisible characters that would reach clipboards, titles and plain text.
            bundle.set_use_isolating(false);
            let mut outline = BTreeMap::new();
            for (_, text) in resources.iter().filter(|(of, _)| *of == language) {
                let resource = parse(language, text)?;
                outline.extend(compare::outline(&resource));
                bundle.add_resource(resource).map_err(|errors| duplicate(language, &errors))?;
            }
            catalog.bundles.push((language, bundle));
            catalog.outlines.push((language, outline));
        }
        Ok(catalog)
    }

    /// The text without arguments; the id itself when there is none.
    pub fn text(&self, language: Language, id: &str) -> String {
        self.text_with(language, id, &[])
    }

    /// The text with its arguments filled in. `id` may name an attribute: `login.placeholder`. A missing id gives
    /// the id, a missing argument `{$name}`; both are counted.
    pub fn text_with(&self, language: Language, id: &str, args: &[(&str, Arg<'_>)]) -> String {
        let (message_id, attribute) = id.split_once('.').map_or((id, None), |(id, name)| (id, Some(name)));
        let pattern = self.bundles.iter().find(|(of, _)| *of == language).and_then(|(_, bundle)| {
            let message = bundle.get_message(message_id)?;
            let pattern = match attribute {
                None => message.value()?,
                Some(name) => message.get_attribute(name)?.value(),
            };
            Some((bundle, pattern))
        });
        let Some((bundle, pattern)) = pattern else {
            self.lookups_failed.fetch_add(1, Ordering::Relaxed);
            return id.to_owned();
        };
        let mut values = FluentArgs::with_capacity(args.len());
        for (name, value) in args {
            values.set(*name, value.clone().into_fluent());
        }
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&values), &mut errors).into_owned();
        if !errors.is_empty() {
            self.lookups_failed.fetch_add(1, Ordering::Relaxed);
        }
        text
    }

    /// How many lookups found no text or lacked an argument since the start; worth a metric.
    pub fn lookups_failed(&self) -> u64 {
        self.lookups_failed.load(Ordering::Relaxed)
    }

    /// Whether the message (without attribute) exists in that language.
    pub fn has(&self, language: Language, id: &str) -> bool {
        self.bundles.iter().any(|(of, bundle)| *of == language && bundle.has_message(id))
    }

    /// Ids in both languages, sorted, with attributes as `id.name`.
    pub fn ids(&self) -> Vec<&str> {
        let ids: BTreeSet<&str> =
            self.outlines.iter().flat_map(|(_, outline)| outline.keys().map(String::as_str)).collect();
        ids.into_iter().collect()
    }

    /// Differences between the languages, one sentence each: an id that only one has, variables that differ.
    /// Empty is what a test asserts.
    pub fn missing(&self) -> Vec<String> {
        match self.outlines.as_slice() {
            [(first, left), (second, right)] => compare::differences(*first, left, *second, right),
            _ => Vec::new(),
        }
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Catalog")
            .field("messages", &self.ids().len())
            .field("lookups_failed", &self.lookups_failed())
            .finish_non_exhaustive()
    }
}

/// The texts of the shell and the components themselves.
pub fn shell_catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
        // The files are part of the binary and read by a test, so the empty catalog is never seen.
        Catalog::new(&SHELL_MESSAGES).unwrap_or_default()
    });
    &CATALOG
}

const SHELL_MESSAGES: [(Language, &str); 2] = [
    (Language::ZhCn, include_str!("../messages/zh-CN.ftl")),
    (Language::En, include_str!("../messages/en.ftl")),
];

fn parse(language: Language, text: &str) -> Result<FluentResource, UiError> {
    FluentResource::try_new(text.to_owned()).map_err(|(_, errors)| UiError::Syntax {
        language: language.html_lang(),
        detail: errors
            .first()
            .map_or_else(String::new, |error| format!("{} at bytes {:?}", error.kind, error.pos)),
    })
}

fn duplicate(language: Language, errors: &[FluentError]) -> UiError {
    let id = errors
        .iter()
        .find_map(|error| match error {
            FluentError::Overriding { id, .. } => Some(id.clone()),
            _ => None,
        })
        .unwrap_or_default();
    UiError::DuplicateMessage { language: language.html_lang(), id }
}

fn fluent_language(language: Language) -> unic_langid::LanguageIdentifier {
    language.html_lang().parse().unwrap_or_default()
}

impl Arg<'_> {
    fn into_fluent(self) -> FluentValue<'static> {
        match self {
            Arg::Text(text) => FluentValue::String(text.into_owned().into()),
            Arg::Number(number) => FluentValue::from(number),
        }
    }
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Arg::Text(text.into())
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Arg::Text(text.as_str().into())
    }
}

impl From<String> for Arg<'_> {
    fn from(text: String) -> Self {
        Arg::Text(text.into())
    }
}

impl From<f64> for Arg<'_> {
    fn from(number: f64) -> Self {
        Arg::Number(number)
    }
}

impl From<u32> for Arg<'_> {
    fn from(number: u32) -> Self {
        Arg::Number(f64::from(number))
    }
}

/// Exact to 2^53, which no count that a page shows reaches.
macro_rules! arg_from_wide_integers {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Arg<'_> {
            fn from(number: $integer) -> Self {
                Arg::Number(number as f64)
            }
        }
    )*};
}
arg_from_wide_integers!(i64, u64, usize, i32);

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Catalog {
        Catalog::new(&[
            (Language::En, "turns = { $count ->\n    [one] one turn\n   *[other] { $count } turns\n }\nhello = Hello, { $name }.\n    .title = Greeting\n"),
            (Language::ZhCn, "turns = { $count } 回合\nhello = 你好，{ $name }。\n    .title = 问候\n"),
        ])
        .unwrap()
    }

    #[test]
    fn texts_are_chosen_by_language_and_number() {
        let catalog = sample();
        let turns = |language, count: i64| catalog.text_with(language, "turns", &[("count", count.into())]);
        assert_eq!(turns(Language::En, 1), "one turn");
        assert_eq!(turns(Language::En, 12000), "12000 turns");
        assert_eq!(turns(Language::ZhCn, 1), "1 回合");
        assert_eq!(catalog.text_with(Language::ZhCn, "hello", &[("name", "阿岚".into())]), "你好，阿岚。");
        assert_eq!(catalog.text(Language::En, "hello.title"), "Greeting");
        assert_eq!(catalog.lookups_failed(), 0);
        assert_eq!(catalog.missing(), Vec::<String>::new());
    }

    #[test]
    fn a_missing_text_shows_its_id_and_is_counted() {
        let catalog = sample();
        assert_eq!(catalog.text(Language::En, "nowhere"), "nowhere");
        assert_eq!(catalog.text(Language::En, "hello.nowhere"), "hello.nowhere");
        assert_eq!(catalog.text(Language::En, "hello"), "Hello, {$name}.");
        assert_eq!(catalog.lookups_failed(), 3);
    }

    #[test]
    fn a_bad_file_is_an_error_that_names_the_place() {
        let syntax = Catalog::new(&[(Language::En, "fine = yes\nbroken = { $\n")]).unwrap_err();
        assert!(
            matches!(&syntax, UiError::Syntax { language: "en", detail } if detail.contains("bytes")),
            "{syntax}"
        );
        let twice = Catalog::new(&[(Language::ZhCn, "a = 一"), (Language::ZhCn, "a = 二")]).unwrap_err();
        assert_eq!(twice, UiError::DuplicateMessage { language: "zh-CN", id: "a".to_owned() });
    }

    #[test]
    fn the_languages_are_compared() {
        let catalog = Catalog::new(&[
            (Language::En, "both = { $count ->\n    [one] { $name }\n   *[other] x\n }\nonly-en = x\nattribute = x\n    .title = { $who }\n"),
            (Language::ZhCn, "both = { $count }\nonly-zh = x\nattribute = x\n    .title = x\n"),
        ])
        .unwrap();
        assert_eq!(
            catalog.missing(),
            [
                "attribute.title: variables differ: zh-CN uses [], en uses [who]",
                "both: variables differ: zh-CN uses [count], en uses [count, name]",
                "only-en is missing in zh-CN",
                "only-zh is missing in en",
            ]
        );
    }

    #[test]
    fn the_shell_has_all_its_texts_in_both_languages() {
        let catalog = Catalog::new(&SHELL_MESSAGES).unwrap();
        assert_eq!(catalog.missing(), Vec::<String>::new());
        assert!(catalog.ids().len() > 10);
    }
}
