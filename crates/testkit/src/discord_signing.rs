//! Signs interactions as Discord does: Ed25519 over the timestamp and the raw body.

use ed25519_dalek::{Signer, SigningKey};

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "x-signature-ed25519";
/// The header that carries the timestamp, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "x-signature-timestamp";

/// The key pair of an application.
#[derive(Debug, Clone)]
pub struct DiscordKey(SigningKey);

impl DiscordKey {
    /// The key pair that belongs to a seed; the same seed gives the same keys.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }

    /// The public key as Discord's developer pages show it.
    pub fn public_hex(&self) -> String {
        hex::encode(self.0.verifying_key().as_bytes())
    }

    /// The two headers of a request with this body.
    pub fn sign(&self, timestamp: &str, body: &[u8]) -> [(&'static str, String); 2] {
        let signature = self.0.sign(&[timestamp.as_bytes(), body].concat());
        [(SIGNATURE_HEADER, hex::encode(signature.to_bytes())), (TIMESTAMP_HEADER, timestamp.to_owned())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first two vectors of RFC 8032, section 7.1; the timestamp is the first part of the message.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let check = |seed: &str, public: &str, timestamp: &str, body: &[u8], signature: &str| {
            let key = DiscordKey::from_seed(hex::decode(seed).unwrap().try_into().unwrap());
            assert_eq!(key.public_hex(), public);
            let expected =
                [(SIGNATURE_HEADER, signature.to_owned()), (TIMESTAMP_HEADER, timestamp.to_owned())];
            assert_eq!(key.sign(timestamp, body), expected);
        };
        check(
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            b"",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595b\
             be24655141438e7a100b",
        );
        check(
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "r",
            b"",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb430\
             2aeeb00d291612bb0c00",
        );
    }
}
