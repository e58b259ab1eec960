//! What a token costs: the built-in table, an operator's own table over it, and one provider's own price.
//!
//! A model that nobody priced is an error, never zero.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::LlmError;
use crate::request::Usage;
use crate::settings::{ProviderKind, ProviderSettings};

const BUILT_IN: &str = include_str!("../prices.toml");

/// US dollars per million tokens, which is the same as millionths of a dollar per token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Tokens sent.
    pub input: f64,
    /// Tokens written.
    pub output: f64,
    /// Tokens sent that the provider had cached; the input price when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<f64>,
    /// Another price for the whole call when it sends very much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long: Option<LongPrice>,
}

/// Price of a call whose input is longer than `above` tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongPrice {
    /// Longest input, in tokens, that still has the normal price.
    pub above: u64,
    /// As [`Price::input`].
    pub input: f64,
    /// As [`Price::output`].
    pub output: f64,
    /// As [`Price::cached`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<f64>,
}

/// A provider's own price in the configuration: the word `"free"` or a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PriceSetting {
    /// Costs nothing, as on a machine of one's own.
    Free,
    /// Costs this.
    PerMillion(Price),
}

/// Prices by model name.
#[derive(Clone, Debug)]
pub struct PriceTable {
    version: String,
    models: BTreeMap<String, Price>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceFile {
    version: String,
    models: BTreeMap<String, Price>,
}

impl Price {
    /// Nothing costs anything.
    pub const FREE: Price = Price { input: 0.0, output: 0.0, cached: None, long: None };

    /// Millionths of a dollar, rounded up to a whole one and saturating.
    #[must_use]
    pub fn cost_microusd(&self, usage: &Usage) -> i64 {
        let long = self.long.filter(|long| usage.input_tokens > long.above);
        let (input, output, cached) = match long {
            Some(long) => (long.input, long.output, long.cached.unwrap_or(long.input)),
            None => (self.input, self.output, self.cached.unwrap_or(self.input)),
        };
        let cached_tokens = usage.cached_input_tokens.min(usage.input_tokens);
        let fresh_tokens = usage.input_tokens - cached_tokens;
        let cost =
            fresh_tokens as f64 * input + cached_tokens as f64 * cached + usage.output_tokens as f64 * output;
        // Floating point leaves dust such as 3.0000000000000004, which must not become 4.
        (cost - 1e-6).ceil().max(0.0) as i64
    }

    fn check(&self) -> Result<(), String> {
        let long = self.long.unwrap_or_default();
        let parts = [
            ("input", Some(self.input)),
            ("output", Some(self.output)),
            ("cached", self.cached),
            ("long.input", Some(long.input)),
            ("long.output", Some(long.output)),
            ("long.cached", long.cached),
        ];
        for (name, value) in parts {
            if value.is_some_and(|value| !value.is_finite() || !(0.0..=1_000_000.0).contains(&value)) {
                return Err(format!("{name} must be between 0 and 1000000 USD per million tokens"));
            }
        }
        Ok(())
    }
}

impl PriceTable {
    /// The table that was compiled in.
    ///
    /// # Errors
    /// Only if the file in the source tree is broken, which a test rules out.
    pub fn built_in() -> Result<PriceTable, LlmError> {
        PriceTable::parse(BUILT_IN).map_err(|reason| setting_error("prices.toml", reason))
    }

    /// The built-in table with the models of `path` laid over it; the version names both.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub fn with_file(path: &Path) -> Result<PriceTable, LlmError> {
        let mut table = PriceTable::built_in()?;
        let text = std::fs::read_to_string(path)
            .map_err(|error| setting_error("prices_file", format!("{}: {error}", path.display())))?;
        let own = PriceTable::parse(&text)
            .map_err(|reason| setting_error("prices_file", format!("{}: {reason}", path.display())))?;
        table.version = format!("{}+{}", table.version, own.version);
        table.models.extend(own.models);
        Ok(table)
    }

    /// Date of the table; goes to every ledger row.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Price of a model: its own entry, or the longest entry of which it is a dated form. `gpt-4o` prices
    /// `gpt-4o-2024-08-06`, but not `gpt-4o-mini`, which is another model at another price.
    #[must_use]
    pub fn find(&self, model: &str) -> Option<Price> {
        let model = model.to_ascii_lowercase();
        let name = model.strip_prefix("models/").unwrap_or(&model);
        let is_form_of = |entry: &str| {
            name.strip_prefix(entry).is_some_and(|rest| rest.is_empty() || is_dated_suffix(rest))
        };
        self.models
            .iter()
            .filter(|(entry, _)| is_form_of(entry))
            .max_by_key(|(entry, _)| entry.len())
            .map(|(_, price)| *price)
    }

    /// Price of a model at one provider: the provider's own, free for Ollama, else the table's.
    ///
    /// # Errors
    /// [`LlmError::UnknownPrice`] when nobody knows it.
    pub fn price_of(
        &self,
        provider: &str,
        settings: &ProviderSettings,
        model: &str,
    ) -> Result<Price, LlmError> {
        match (&settings.price, settings.kind) {
            (Some(PriceSetting::Free), _) => Ok(Price::FREE),
            (Some(PriceSetting::PerMillion(price)), _) => Ok(*price),
            (None, ProviderKind::Ollama) => Ok(Price::FREE),
            (None, _) => self.find(model).ok_or_else(|| LlmError::UnknownPrice {
                provider: provider.to_owned(),
                model: model.to_owned(),
            }),
        }
    }

    fn parse(text: &str) -> Result<PriceTable, String> {
        let file: PriceFile = toml::from_str(text).map_err(|error| error.to_string())?;
        for (model, price) in &file.models {
            price.check().map_err(|reason| format!("{model}: {reason}"))?;
        }
        let models =
            file.models.into_iter().map(|(model, price)| (model.to_ascii_lowercase(), price)).collect();
        Ok(PriceTable { version: file.version, models })
    }
}

/// `-2024-08-06`, `-20250929`, `-0613`, `-001`, `-latest`, `-preview-09-2025`: the same model at another date.
fn is_dated_suffix(rest: &str) -> bool {
    let Some(parts) = rest.strip_prefix(['-', '@']) else { return false };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.split('-').enumerate().all(|(index, part)| match part {
        "latest" | "preview" | "exp" => true,
        // "-5" after "claude-sonnet-4" names another model; a date or revision has at least three digits.
        number => is_number(number) && (number.len() >= 3 || index > 0 && number.len() == 2),
    })
}

fn setting_error(key: &str, reason: String) -> LlmError {
    LlmError::Setting { key: key.to_owned(), reason }
}

impl Serialize for PriceSetting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            PriceSetting::Free => serializer.serialize_str("free"),
            PriceSetting::PerMillion(price) => price.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for PriceSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PriceSetting, D::Error> {
        deserializer.deserialize_any(PriceSettingVisitor)
    }
}

struct PriceSettingVisitor;

impl<'de> Visitor<'de> for PriceSettingVisitor {
    type Value = PriceSetting;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("\"free\" or { input = USD, output = USD, cached = USD } per million tokens")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<PriceSetting, E> {
        if text == "free" {
            Ok(PriceSetting::Free)
        } else {
            Err(E::invalid_value(de::Unexpected::Str(text), &self))
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PriceSetting, A::Error> {
        let price = Price::deserialize(MapAccessDeserializer::new(map))?;
        price.check().map_err(de::Error::custom)?;
        Ok(PriceSetting::PerMillion(price))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> PriceTable {
        PriceTable::parse(
            "version = \"2026-01-01\"\n[models]\n\
             \"gpt-4o\" = { input = 2.5, output = 10.0, cached = 1.25 }\n\
             \"gpt-4o-mini\" = { input = 0.15, output = 0.6 }\n\
             \"claude-sonnet-4\" = { input = 3.0, output = 15.0 }\n\
             \"gemini-2.5-flash\" = { input = 0.3, output = 2.5 }\n",
        )
        .unwrap()
    }

    #[test]
    fn the_longest_dated_form_wins_and_other_models_do_not_match() {
        let check = |model: &str, expected: Option<f64>| {
            assert_eq!(table().find(model).map(|price| price.input), expected, "{model}");
        };
        check("gpt-4o", Some(2.5));
        check("GPT-4o", Some(2.5));
        check("gpt-4o-2024-08-06", Some(2.5));
        check("gpt-4o-latest", Some(2.5));
        check("gpt-4o-mini", Some(0.15));
        check("gpt-4o-mini-2024-07-18", Some(0.15));
        check("gpt-4omni", None);
        check("gpt-4o-audio", None);
        check("gpt-4", None);
        check("claude-sonnet-4-20250514", Some(3.0));
        check("claude-sonnet-4@20250514", Some(3.0));
        check("claude-sonnet-4-5", None);
        check("claude-sonnet-4-5-20250929", None);
        check("models/gemini-2.5-flash", Some(0.3));
        check("gemini-2.5-flash-001", Some(0.3));
        check("gemini-2.5-flash-preview-09-2025", Some(0.3));
        check("gemini-2.5-flash-lite", None);
        check("", None);
        check("gpt-4o-", None);
    }

    #[test]
    fn cost_counts_cached_input_and_rounds_up() {
        let price = Price { input: 2.5, output: 10.0, cached: Some(1.25), long: None };
        let check = |input: u64, cached: u64, output: u64, expected: i64| {
            let usage = Usage {
                input_tokens: input,
                output_tokens: output,
                cached_input_tokens: cached,
                exact: true,
            };
            assert_eq!(price.cost_microusd(&usage), expected, "{input} {cached} {output}");
        };
        check(0, 0, 0, 0);
        check(1, 0, 0, 3);
        check(1_000, 0, 500, 7_500);
        check(1_000, 1_000, 0, 1_250);
        check(1_000, 5_000, 0, 1_250);
        check(u64::MAX, 0, u64::MAX, i64::MAX);
        let long = LongPrice { above: 1_000, input: 5.0, output: 20.0, cached: None };
        let tiered = Price { long: Some(long), ..price };
        let cost = |input_tokens: u64| {
            tiered.cost_microusd(&Usage { input_tokens, output_tokens: 1, ..Usage::default() })
        };
        assert_eq!((cost(1_000), cost(1_001)), (2_510, 5_025));
        assert_eq!(Price::FREE.cost_microusd(&Usage { input_tokens: 9, ..Usage::default() }), 0);
    }

    #[test]
    fn the_built_in_table_prices_every_default_provider() {
        let table = PriceTable::built_in().unwrap();
        assert!(table.version().len() == "2026-11-21".len(), "{}", table.version());
        for (name, provider) in &crate::LlmSettings::default().providers {
            table.price_of(name, provider, &provider.model).unwrap();
        }
    }

    #[test]
    fn an_unknown_model_is_an_error_that_says_what_to_do() {
        let error = table().price_of("openai", &ProviderSettings::default(), "gpt-9").unwrap_err();
        insta::assert_snapshot!(error, @r#"no price is known for model "gpt-9" of provider "openai": add `price = { input = USD, output = USD }` (per million tokens) or `price = "free"` to [llm.providers.openai], or list the model in llm.prices_file"#);
    }

    #[test]
    fn a_provider_may_set_its_own_price() {
        let check = |text: &str, expected: Option<PriceSetting>| {
            let parsed = toml::from_str::<ProviderSettings>(text).map(|settings| settings.price);
            assert_eq!(parsed.ok(), Some(expected), "{text}");
        };
        check("model = 'x'", None);
        check("price = 'free'", Some(PriceSetting::Free));
        check(
            "price = { input = 1, output = 2.5 }",
            Some(PriceSetting::PerMillion(Price { input: 1.0, output: 2.5, ..Price::FREE })),
        );
        for wrong in
            ["price = 'cheap'", "price = 3", "price = { input = -1, output = 0 }", "price = { input = 1 }"]
        {
            assert!(toml::from_str::<ProviderSettings>(wrong).is_err(), "{wrong}");
        }
    }
}
