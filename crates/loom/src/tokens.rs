//! Counts tokens: exactly, with the model family's own tokenizer, where one is at hand; otherwise by estimate.

use std::sync::Arc;

use loom_core::tokens::{Estimate, TokenCounter};
use sha2::{Digest, Sha256};
use tiktoken_rs::CoreBPE;

/// Counted texts that are remembered: canon sections, rules and past turns come back every turn.
const REMEMBERED: u64 = 8_192;
/// Shorter texts are counted faster than they are looked up.
const WORTH_REMEMBERING_BYTES: usize = 64;

type Counts = moka::sync::Cache<[u8; 32], usize>;

/// Chooses a counter for a model; tokenizers are loaded when they are first needed.
#[derive(Clone)]
pub struct Tokenizers {
    exact: bool,
    counts: Counts,
}

impl Tokenizers {
    /// With `exact` false every count is an estimate and no tokenizer is ever loaded.
    #[must_use]
    pub fn new(exact: bool) -> Self {
        Self { exact, counts: Counts::new(REMEMBERED) }
    }

    /// The counter for a model. Only OpenAI publishes its tokenizers; other families are estimated and say so.
    #[must_use]
    pub fn for_model(&self, model: &str) -> Arc<dyn TokenCounter> {
        match family(model).filter(|_| self.exact) {
            Some(family) => Arc::new(Exact { family, counts: self.counts.clone() }),
            None => Arc::new(Estimate),
        }
    }
}

/// The tokenizers OpenAI publishes for models in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    O200k,
    Cl100k,
}

/// The family of a model name, after the table at <https://github.com/openai/tiktoken> (`model.py`).
fn family(model: &str) -> Option<Family> {
    let name = model.rsplit('/').next().unwrap_or(model);
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    if starts(&["gpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "chatgpt-4o", "o1", "o3", "o4-mini", "gpt-oss"]) {
        Some(Family::O200k)
    } else if starts(&["gpt-4", "gpt-3.5"]) {
        Some(Family::Cl100k)
    } else {
        None
    }
}

struct Exact {
    family: Family,
    counts: Counts,
}

impl Exact {
    fn tokenizer(&self) -> &'static CoreBPE {
        match self.family {
            Family::O200k => tiktoken_rs::o200k_base_singleton(),
            Family::Cl100k => tiktoken_rs::cl100k_base_singleton(),
        }
    }

    fn key(&self, text: &str) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update([self.family as u8]);
        hasher.update(text.as_bytes());
        hasher.finalize().into()
    }
}

impl TokenCounter for Exact {
    fn count(&self, text: &str) -> usize {
        if text.len() < WORTH_REMEMBERING_BYTES {
            return self.tokenizer().encode_ordinary(text).len();
        }
        self.counts.get_with(self.key(text), || self.tokenizer().encode_ordinary(text).len())
    }

    fn exact(&self) -> bool {
        true
    }

    fn name(&self) -> &str {
        match self.family {
            Family::O200k => "o200k_base",
            Family::Cl100k => "cl100k_base",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_counted_by_its_own_family() {
        let cases = [
            ("gpt-4o-mini", "o200k_base"),
            ("openai/gpt-5-mini", "o200k_base"),
            ("gpt-4-turbo", "cl100k_base"),
            ("claude-sonnet-4", "estimate"),
            ("deepseek-chat", "estimate"),
            ("offline", "estimate"),
        ];
        for (model, expected) in cases {
            assert_eq!(Tokenizers::new(true).for_model(model).name(), expected, "{model}");
            assert_eq!(Tokenizers::new(false).for_model(model).name(), "estimate", "{model}");
        }
    }

    #[test]
    fn counts_are_those_of_the_published_tokenizer() {
        // "hello world" is two tokens in both; the long text is remembered and stays the same.
        let counter = Tokenizers::new(true).for_model("gpt-4o");
        assert_eq!(counter.count("hello world"), 2);
        let long = "hello world".repeat(20);
        assert_eq!(counter.count(&long), counter.count(&long));
        assert!(counter.exact());
    }
}
