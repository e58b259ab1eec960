//! Who is asked, in which order, with which model and parameters, and what that may cost at most.

use std::sync::Arc;

use chassis::secret::Secret;
use sha2::{Digest, Sha256};

use super::{Inner, unknown_provider};
use crate::LlmError;
use crate::cache::CacheKey;
use crate::endpoint::{self, Rules};
use crate::prices::{Price, PriceSetting};
use crate::providers::{Call, Network, Provider};
use crate::request::{Endpoint, Message, Request, Usage};
use crate::settings::ProviderSettings;

/// Name under which a user's own endpoint appears.
pub(super) const OWN: &str = "own";

/// A streamed word of four bytes travels in about 250 bytes of JSON.
const WIRE_FACTOR: u64 = 64;
/// Headers, TLS and whatever else a short reply brings along.
const WIRE_BASE: u64 = 256 * 1024;

/// Tokens that every message costs beside its text.
const TOKENS_PER_MESSAGE: u64 = 4;

/// One provider to try.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) provider: Arc<Provider>,
    pub(super) model: String,
    pub(super) price: Price,
    temperature: Option<f64>,
    max_output_tokens: u32,
}

impl Candidate {
    pub(super) fn call<'a>(&'a self, messages: &'a [Message]) -> Call<'a> {
        Call {
            model: &self.model,
            messages,
            temperature: self.temperature,
            max_output_tokens: self.max_output_tokens,
        }
    }

    /// A user's own endpoint is never cached: nobody else should be able to fill or read it.
    pub(super) fn cache_key(&self, request: &Request) -> Option<CacheKey> {
        let key = || {
            let Candidate { provider, model, .. } = self;
            CacheKey::of(&provider.name, model, self.temperature, self.max_output_tokens, &request.messages)
        };
        (request.cacheable && request.endpoint.is_none()).then(key)
    }

    /// The most a call may cost, in millionths of a dollar.
    pub(super) fn worst_cost_microusd(&self, input_tokens: u64) -> i64 {
        self.price.cost_microusd(&Usage {
            input_tokens,
            output_tokens: u64::from(self.max_output_tokens),
            ..Usage::default()
        })
    }
}

impl Inner {
    /// The providers to try for a request, first to last; empty when only the offline text is left.
    pub(super) fn plan(&self, request: &Request) -> Result<Vec<Candidate>, LlmError> {
        if let Some(endpoint) = &request.endpoint {
            return Ok(vec![self.own_candidate(endpoint, request)?]);
        }
        let chosen = request.provider.iter();
        let others = self.settings.order.iter().filter(|name| Some(*name) != request.provider.as_ref());
        let named = |(index, name): (usize, &String)| {
            let model = request.model.as_deref().filter(|_| index == 0);
            self.candidate(name, model, request)
        };
        chosen.chain(others).enumerate().map(named).collect()
    }

    fn candidate(&self, name: &str, model: Option<&str>, request: &Request) -> Result<Candidate, LlmError> {
        let provider = self.providers.get(name).ok_or_else(|| unknown_provider(name, &self.settings))?;
        provider.check_key()?;
        let settings = &provider.settings;
        let model = model.unwrap_or(&settings.model);
        Ok(Candidate {
            provider: Arc::clone(provider),
            price: self.prices.price_of(name, settings, model)?,
            model: model.to_owned(),
            temperature: request.temperature.or(settings.temperature),
            max_output_tokens: request.max_output_tokens.unwrap_or(settings.max_output_tokens),
        })
    }

    fn own_candidate(&self, endpoint: &Endpoint, request: &Request) -> Result<Candidate, LlmError> {
        let settings = ProviderSettings {
            kind: endpoint.kind,
            base_url: endpoint::check(endpoint, self.settings.allow_private_endpoints)?.to_string(),
            model: endpoint.model.clone(),
            price: Some(PriceSetting::Free),
            ..ProviderSettings::default()
        };
        let max_output_tokens = request.max_output_tokens.unwrap_or(settings.max_output_tokens);
        let build = || {
            let allow_private = self.settings.allow_private_endpoints;
            let most_bytes_in =
                (self.settings.max_reply_bytes as u64).saturating_mul(WIRE_FACTOR) + WIRE_BASE;
            let network = Network::UserSet(Rules { allow_private, most_bytes_in });
            let key = endpoint.api_key.clone();
            Arc::new(Provider::new(OWN, settings.clone(), key, network, &self.settings.breaker))
        };
        Ok(Candidate {
            provider: self.own.get_with(own_key(&settings, &endpoint.api_key), build),
            model: request.model.clone().unwrap_or_else(|| endpoint.model.clone()),
            price: Price::FREE,
            temperature: request.temperature,
            max_output_tokens,
        })
    }
}

/// Two users of one server share nothing, unless they share the key too.
fn own_key(settings: &ProviderSettings, key: &Secret) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [settings.kind.name(), &settings.base_url, &settings.model, key.expose()] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Rough count: four ASCII characters to a token, one token for any other character. Good enough to reserve money
/// and to book a call whose provider did not count; never used when the provider did.
pub(super) fn estimate_tokens(text: &str) -> u64 {
    let ascii = text.bytes().filter(u8::is_ascii).count() as u64;
    let others = text.chars().filter(|c| !c.is_ascii()).count() as u64;
    ascii.div_ceil(4) + others
}

pub(super) fn estimate_input_tokens(messages: &[Message]) -> u64 {
    messages.iter().map(|message| TOKENS_PER_MESSAGE + estimate_tokens(&message.text)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_estimated_for_both_scripts() {
        let check = |text: &str, expected: u64| assert_eq!(estimate_tokens(text), expected, "{text}");
        check("", 0);
        check("abcd", 1);
        check("hello world", 3);
        check("你好世界", 4);
        check("ab你", 2);
    }
}
