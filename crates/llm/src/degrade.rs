//! The last resort: the caller's own offline text, streamed like a reply and always marked with its reason.

use crate::providers::Failure;
use crate::request::Degraded;

/// Name under which the offline text appears as provider and model.
pub const OFFLINE: &str = "offline";

/// Most pieces an offline text is streamed in.
const PIECES: usize = 8;

/// One provider that did not answer.
#[derive(Clone, Debug)]
pub(crate) struct ProviderFailure {
    pub(crate) provider: String,
    pub(crate) failure: Failure,
}

/// Sums up why no model answered. One common code is kept; different ones become `provider_unavailable`.
pub(crate) fn summarise(failures: &[ProviderFailure]) -> Degraded {
    let mut codes = failures.iter().map(|failed| failed.failure.degraded_code());
    let code = match codes.next() {
        None => "no_provider",
        Some(first) if codes.all(|code| code == first) => first,
        Some(_) => "provider_unavailable",
    };
    let provider_errors =
        failures.iter().map(|failed| format!("{}: {}", failed.provider, failed.failure)).collect();
    Degraded { code, provider_errors }
}

/// Cuts a text into a few pieces that together are exactly the text.
pub(crate) fn pieces(text: &str) -> Vec<&str> {
    let size = text.len().div_ceil(PIECES).max(1);
    let mut pieces = Vec::with_capacity(PIECES);
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = size.min(rest.len());
        while !rest.is_char_boundary(end) {
            end += 1;
        }
        let (piece, tail) = rest.split_at(end);
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::providers::FailureKind;

    #[test]
    fn one_common_code_is_kept_and_a_mixture_is_unavailable() {
        let check = |kinds: &[FailureKind], expected: &str| {
            let failures: Vec<_> = kinds
                .iter()
                .map(|kind| ProviderFailure {
                    provider: "p".to_owned(),
                    failure: Failure::new(*kind, "because"),
                })
                .collect();
            assert_eq!(summarise(&failures).code, expected, "{kinds:?}");
        };
        check(&[], "no_provider");
        check(&[FailureKind::RateLimited], "rate_limited");
        check(&[FailureKind::Timeout, FailureKind::Timeout], "timeout");
        check(&[FailureKind::Timeout, FailureKind::RateLimited], "provider_unavailable");
        check(&[FailureKind::CircuitOpen], "provider_unavailable");
    }

    proptest! {
        #[test]
        fn pieces_are_few_not_empty_and_add_up(text in "\\PC*") {
            let cut = pieces(&text);
            prop_assert!(cut.len() <= PIECES && cut.iter().all(|piece| !piece.is_empty()));
            prop_assert_eq!(cut.concat(), text);
        }
    }
}
