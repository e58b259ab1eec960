//! Model servers that users name: which addresses they may lead to.
//!
//! An address given as a number is checked before the call. A name is checked when the connection is made, and the
//! connection uses exactly the addresses that were checked, so a name that changes its mind between check and
//! connection (DNS rebinding) gains nothing. Redirects are off, and no system proxy looks names up behind our back.

mod gate;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(crate) use gate::{Gate, Rules, Verdict};
use reqwest::Url;

use crate::LlmError;
use crate::providers;
use crate::request::Endpoint;

/// An address that a user's endpoint may not lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RefusedAddress(pub IpAddr);

/// Checks what can be checked without a lookup and gives the completed address.
///
/// # Errors
/// [`LlmError::BadEndpoint`] when it is not a plain `http(s)` address, [`LlmError::PrivateEndpoint`] when its host is
/// a private address in any notation and `allow_private` is off.
pub fn check(endpoint: &Endpoint, allow_private: bool) -> Result<Url, LlmError> {
    let bad =
        |reason: String| LlmError::BadEndpoint { address: without_password(&endpoint.base_url), reason };
    if endpoint.base_url.trim().is_empty() {
        return Err(bad("it is empty".to_owned()));
    }
    if endpoint.model.trim().is_empty() {
        return Err(bad("no model is named for it".to_owned()));
    }
    let url = providers::base_url(endpoint.kind, &endpoint.base_url).map_err(bad)?;
    let host = url.host_str().unwrap_or_default();
    // The URL parser has already turned 2130706433, 0x7f.1 and 0177.0.0.1 into 127.0.0.1.
    let literal = host.trim_matches(['[', ']']).parse::<IpAddr>();
    match literal {
        Ok(address) if !allow_private && !is_public(address) => {
            Err(LlmError::PrivateEndpoint { host: host.to_owned(), address: address.to_string() })
        }
        _ => Ok(url),
    }
}

/// Whether an address belongs to the public internet. Addresses that carry another address inside (IPv4-mapped,
/// NAT64, 6to4, Teredo) do not: what they lead to is decided elsewhere.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// The ranges of the IANA special-purpose registry that are not globally reachable, and multicast.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

/// Global unicast is 2000::/3; inside it, the tunnels and the documentation ranges are not.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let is_global_unicast = (0x2000..=0x3fff).contains(&a);
    let is_special = matches!((a, b), (0x2001, 0..0x0200 | 0x0db8) | (0x2002 | 0x3fff, _));
    is_global_unicast && !is_special
}

fn without_password(address: &str) -> String {
    let cleaned = Url::parse(address.trim()).map(|mut url| {
        let _ = url.set_password(None);
        let _ = url.set_username("");
        url.set_query(None);
        url.to_string()
    });
    cleaned.unwrap_or_else(|_| address.chars().filter(|c| !c.is_control()).take(100).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::ProviderKind;

    fn endpoint(base_url: &str) -> Endpoint {
        Endpoint {
            kind: ProviderKind::OpenAi,
            base_url: base_url.to_owned(),
            model: "m".to_owned(),
            api_key: chassis::secret::Secret::default(),
        }
    }

    #[test]
    fn private_addresses_are_refused_in_every_notation() {
        for private in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://017700000001/",
            "http://0/",
            "http://0.0.0.0:8080/v1",
            "http://10.1.2.3/",
            "http://100.64.0.1/",
            "http://169.254.169.254/latest/meta-data",
            "http://172.31.255.255/",
            "http://192.168.1.1/",
            "http://192.0.0.8/",
            "http://198.18.0.1/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://１２７.０.０.１/",
            "http://[::]/",
            "http://[::1]/",
            "http://[::127.0.0.1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:8.8.8.8]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[64:ff9b:1::1]/",
            "http://[2002:7f00:1::]/",
            "http://[2001:0:7f00:1::]/",
            "http://[2001:db8::1]/",
            "http://[fe80::1]/",
            "http://[fec0::1]/",
            "http://[fc00::1]/",
            "http://[fd12:3456::1]/",
            "http://[ff02::1]/",
        ] {
            let error = check(&endpoint(private), false).unwrap_err();
            assert!(matches!(error, LlmError::PrivateEndpoint { .. }), "{private}: {error}");
            assert!(check(&endpoint(private), true).is_ok(), "{private}");
        }
    }

    #[test]
    fn public_addresses_and_names_pass() {
        for public in [
            "https://api.example.com/v1",
            "http://8.8.8.8/",
            "http://172.32.0.1/",
            "http://100.128.0.1/",
            "http://[2606:4700:4700::1111]/",
            "https://[2001:4860:4860::8888]:8443/v1/",
        ] {
            check(&endpoint(public), false).unwrap();
        }
    }

    #[test]
    fn what_is_not_a_plain_address_is_refused_without_showing_a_password() {
        let check_error = |base_url: &str, part: &str| {
            let text = check(&endpoint(base_url), true).unwrap_err().to_string();
            assert!(text.contains(part) && !text.contains("hunter2"), "{text}");
        };
        check_error("", "it is empty");
        check_error("file:///etc/passwd", "not http or https");
        check_error("gopher://a/", "not http or https");
        check_error("javascript:alert(1)", "not http or https");
        check_error("https://me:hunter2@example.com/", "do not belong");
        check_error("https://example.com/v1?key=hunter2", "must not have");
        check_error("http://[::1", "not an address");
        check_error("http://256.1.1.1/", "not an address");
        check_error("example.com/v1", "not an address");
    }
}
