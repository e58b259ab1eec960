//! Whether a request comes from Discord, is fresh, and comes for the first time.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use ed25519_dalek::{PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH, Signature, VerifyingKey};

/// A request signed longer ago, or further ahead, is not taken: either a replay or a clock that is off.
const FRESH_SECONDS: i64 = 5 * 60;
/// Ids that are remembered at most; ten minutes at 300 a second. Only requests with a valid signature count.
const REMEMBERED: usize = 200_000;

/// Why a request was not taken. None says more than a forger knows already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A header is missing or is not what Discord sends.
    #[error("the signature headers are missing or malformed")]
    Malformed,
    /// Signed with none of our keys.
    #[error("the signature does not match")]
    Forged,
    /// Signed too long ago, or in the future.
    #[error("the signature is too old or from the future")]
    Stale,
    /// The interaction was taken before.
    #[error("the interaction came before")]
    Replayed,
}

/// A key that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the public key number {position} is not 64 hexadecimal digits of an Ed25519 key")]
pub struct KeyError {
    /// From 1.
    pub position: usize,
}

/// The public keys of the application and the interactions of the last minutes. One per process: of two replicas,
/// each takes a replayed interaction once, and the job's key keeps the work single.
#[derive(Debug)]
pub struct Verifier {
    keys: Vec<VerifyingKey>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    ids: HashSet<String>,
    order: VecDeque<(i64, String)>,
}

impl Verifier {
    /// Takes the keys as Discord's portal shows them, in hexadecimal. Several are for the time of a rotation.
    pub fn new<'a>(keys_hex: impl IntoIterator<Item = &'a str>) -> Result<Self, KeyError> {
        let read = |(index, text): (usize, &str)| {
            let mut bytes = [0; PUBLIC_KEY_LENGTH];
            hex::decode_to_slice(text.trim(), &mut bytes)
                .ok()
                .and_then(|()| VerifyingKey::from_bytes(&bytes).ok())
                .filter(|key| !key.is_weak())
                .ok_or(KeyError { position: index + 1 })
        };
        let keys = keys_hex.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
        Ok(Self { keys, seen: Mutex::default() })
    }

    /// Whether there is any key; without one nothing is taken.
    pub fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Checks the two headers against the raw body. `now_s` is Unix time.
    pub fn check(&self, signature: &str, timestamp: &str, body: &[u8], now_s: i64) -> Result<(), Refusal> {
        let mut bytes = [0; SIGNATURE_LENGTH];
        hex::decode_to_slice(signature, &mut bytes).map_err(|_| Refusal::Malformed)?;
        let is_number =
            (1..=19).contains(&timestamp.len()) && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let signed_s: i64 = is_number.then(|| timestamp.parse().ok()).flatten().ok_or(Refusal::Malformed)?;
        let signature = Signature::from_bytes(&bytes);
        let mut message = Vec::with_capacity(timestamp.len() + body.len());
        message.extend_from_slice(timestamp.as_bytes());
        message.extend_from_slice(body);
        if !self.keys.iter().any(|key| key.verify_strict(&message, &signature).is_ok()) {
            return Err(Refusal::Forged);
        }
        if signed_s.abs_diff(now_s) > FRESH_SECONDS.unsigned_abs() {
            return Err(Refusal::Stale);
        }
        Ok(())
    }

    /// Takes an id the first time; call it after [`check`](Self::check).
    pub fn first_time(&self, interaction_id: &str, now_s: i64) -> Result<(), Refusal> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // A signature may be dated up to the limit ahead, so an id can return until twice the limit has passed.
        while seen.order.front().is_some_and(|(at, _)| now_s - at > 2 * FRESH_SECONDS)
            || seen.order.len() >= REMEMBERED
        {
            if let Some((_, id)) = seen.order.pop_front() {
                seen.ids.remove(&id);
            }
        }
        if !seen.ids.insert(interaction_id.to_owned()) {
            return Err(Refusal::Replayed);
        }
        seen.order.push_back((now_s, interaction_id.to_owned()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    const NOW_S: i64 = 1_760_000_000;

    fn pair(seed: u8) -> (SigningKey, String) {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let public = hex::encode(key.verifying_key().to_bytes());
        (key, public)
    }

    fn signed(key: &SigningKey, timestamp: &str, body: &[u8]) -> String {
        hex::encode(key.sign(&[timestamp.as_bytes(), body].concat()).to_bytes())
    }

    #[test]
    fn true_signatures_pass_and_others_do_not() {
        let (key, public) = pair(1);
        let verifier = Verifier::new([public.as_str()]).unwrap();
        let now = NOW_S.to_string();
        let signature = signed(&key, &now, b"body");
        let check = |signature: &str, timestamp: &str, body: &[u8], expected| {
            assert_eq!(verifier.check(signature, timestamp, body, NOW_S), expected, "{timestamp}");
        };
        check(&signature, &now, b"body", Ok(()));
        check(&signature, &now, b"body ", Err(Refusal::Forged));
        check(&signature, &(NOW_S + 1).to_string(), b"body", Err(Refusal::Forged));
        check(&signed(&pair(2).0, &now, b"body"), &now, b"body", Err(Refusal::Forged));
        for malformed in ["", "zz", &signature[2..], &format!("{signature}00")] {
            check(malformed, &now, b"body", Err(Refusal::Malformed));
        }
        for malformed in ["", "-1", "+17", "99999999999999999999", "17 ", "１７６００"] {
            check(&signature, malformed, b"body", Err(Refusal::Malformed));
        }
        for (age, expected) in
            [(300, Ok(())), (301, Err(Refusal::Stale)), (-300, Ok(())), (-301, Err(Refusal::Stale))]
        {
            let at = (NOW_S - age).to_string();
            check(&signed(&key, &at, b"body"), &at, b"body", expected);
        }
    }

    #[test]
    fn a_second_key_is_taken_while_keys_rotate() {
        let ((_, first), (key, second)) = (pair(1), pair(2));
        let verifier = Verifier::new([first.as_str(), second.as_str()]).unwrap();
        let now = NOW_S.to_string();
        assert_eq!(verifier.check(&signed(&key, &now, b"x"), &now, b"x", NOW_S), Ok(()));
        assert_eq!(Verifier::new([first.as_str(), "beef"]).unwrap_err().position, 2);
        assert!(Verifier::new(["00".repeat(32).as_str()]).is_err());
        assert!(!Verifier::new([]).unwrap().has_keys());
    }

    #[test]
    fn an_interaction_is_taken_once() {
        let verifier = Verifier::new([]).unwrap();
        assert_eq!(verifier.first_time("7", NOW_S), Ok(()));
        assert_eq!(verifier.first_time("8", NOW_S), Ok(()));
        assert_eq!(verifier.first_time("7", NOW_S + 600), Err(Refusal::Replayed));
        assert_eq!(verifier.first_time("7", NOW_S + 601), Ok(()));
    }
}
