//! Which address a request came from.

use std::net::{IpAddr, SocketAddr};

use axum::{extract::ConnectInfo, http::Request};

/// The client's address, in the request's extensions: the connection's, or what a trusted proxy says. Absent when
/// the router is called without a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteAddress(pub IpAddr);

/// The last entry of `X-Forwarded-For` is the only one that our own proxy wrote; earlier ones are the client's word.
pub(super) fn of<B>(request: &Request<B>, trusted_proxies: bool) -> Option<IpAddr> {
    let connection = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let forwarded =
        request.headers().get_all("x-forwarded-for").iter().next_back().filter(|_| trusted_proxies);
    let forwarded = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    forwarded.or(connection).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(forwarded: &[&str], trusted: bool, expected: &str) {
        let mut request = Request::new(());
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 5))));
        for value in forwarded {
            request.headers_mut().append("x-forwarded-for", value.parse().unwrap());
        }
        assert_eq!(of(&request, trusted).unwrap().to_string(), expected, "{forwarded:?}");
    }

    #[test]
    fn believes_only_the_last_hop_and_only_when_told() {
        check(&[], true, "127.0.0.1");
        check(&["9.9.9.9"], false, "127.0.0.1");
        check(&["9.9.9.9"], true, "9.9.9.9");
        check(&["6.6.6.6, 9.9.9.9"], true, "9.9.9.9");
        check(&["6.6.6.6", "::ffff:9.9.9.9"], true, "9.9.9.9");
        check(&["9.9.9.9, nonsense"], true, "127.0.0.1");
    }
}
