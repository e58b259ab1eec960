//! A gate on this machine through which every call to a user's endpoint leaves.
//!
//! The HTTP client is told that the gate is its proxy. The gate looks the name up, refuses private addresses,
//! connects to exactly the addresses it checked, and lets only so many bytes back in: a client library that reads
//! error bodies and unfinished lines without limit cannot be made to fill the memory. TLS stays between the client
//! and the far end; the gate sees none of it. A token keeps other programs on this machine out.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Proxy, Url};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::{RefusedAddress, is_public};

/// Longest request head that is read.
const LONGEST_HEAD: usize = 64 * 1024;
/// Time for the client to send its head, and for the far end to accept a connection.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);

/// An open gate; dropping it closes it and cuts what runs through it.
#[derive(Debug)]
pub(crate) struct Gate {
    address: SocketAddr,
    token: String,
    verdict: Arc<Mutex<Option<Verdict>>>,
    listening: AbortHandle,
}

/// Why the gate ended a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The name leads to a private address.
    Refused(RefusedAddress),
    /// The far end sent more than the limit.
    TooLarge,
    /// The far end could not be reached.
    Unreachable(String),
}

/// What the gate lets through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) allow_private: bool,
    /// Most bytes that one connection lets in, framing and TLS included.
    pub(crate) most_bytes_in: u64,
}

/// The part of a proxy request that decides where it goes, and what to send there first.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    host: String,
    port: u16,
    /// `None` for a tunnel, whose first bytes come later.
    forward: Option<Vec<u8>>,
}

impl Gate {
    /// Opens a gate on a free port of the loopback interface. Must be called inside a tokio runtime.
    pub(crate) fn open(rules: Rules) -> io::Result<Gate> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = TcpListener::from_std(listener)?;
        let token = format!("Gate {}", uuid::Uuid::new_v4().simple());
        let verdict = Arc::new(Mutex::new(None));
        let task = tokio::spawn(listen(listener, rules, token.clone(), Arc::clone(&verdict)));
        Ok(Gate { address, token, verdict, listening: task.abort_handle() })
    }

    /// The proxy setting that leads a client through this gate.
    pub(crate) fn proxy(&self) -> Result<Proxy, String> {
        let token = HeaderValue::from_str(&self.token).map_err(|error| error.to_string())?;
        let proxy = Proxy::all(format!("http://{}", self.address)).map_err(|error| error.to_string())?;
        Ok(proxy.custom_http_auth(token))
    }

    /// Why the last connection was ended, once.
    pub(crate) fn take_verdict(&self) -> Option<Verdict> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, rules: Rules, token: String, verdict: Arc<Mutex<Option<Verdict>>>) {
    // Connections end with the gate, because the set is dropped with this task.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((mut client, _)) = accepted else { return };
                let (token, verdict) = (token.clone(), Arc::clone(&verdict));
                connections.spawn(async move {
                    let passed = pass(&mut client, rules, &token).await;
                    // The client learns of the end only after the reason is in place.
                    if let Err(why) = passed {
                        *verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
                    }
                    drop(client);
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Carries one connection from its head to its end.
async fn pass(client: &mut TcpStream, rules: Rules, token: &str) -> Result<(), Verdict> {
    let unreachable = |error: io::Error| Verdict::Unreachable(error.to_string());
    // A client without the token, or one that talks nonsense, is not ours: it is cut off without a verdict.
    let Ok(Ok(bytes)) = timeout(STEP_TIMEOUT, read_head(client)).await else { return Ok(()) };
    let Some(head) = parse_head(&bytes, token) else { return Ok(()) };
    let addresses = look_up(&head.host, head.port, rules.allow_private).await?;
    let connecting = timeout(STEP_TIMEOUT, TcpStream::connect(addresses.as_slice())).await;
    let mut far = connecting
        .map_err(|_| Verdict::Unreachable("no connection in time".to_owned()))?
        .map_err(unreachable)?;
    let _ = far.set_nodelay(true);
    let greeted = match &head.forward {
        Some(first_bytes) => far.write_all(first_bytes).await,
        None => client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await,
    };
    greeted.map_err(unreachable)?;
    let (far_in, mut far_out) = far.split();
    let (mut client_in, mut client_out) = client.split();
    let mut limited = far_in.take(rules.most_bytes_in);
    // An HTTP client that stops sending has hung up, so whichever side ends first ends both.
    tokio::select! {
        _ = tokio::io::copy(&mut client_in, &mut far_out) => Ok(()),
        _ = tokio::io::copy(&mut limited, &mut client_out) => {
            if limited.limit() == 0 { Err(Verdict::TooLarge) } else { Ok(()) }
        }
    }
}

/// The addresses of a host, all of them checked.
async fn look_up(host: &str, port: u16, allow_private: bool) -> Result<Vec<SocketAddr>, Verdict> {
    let found = tokio::net::lookup_host((host, port)).await;
    let found: Vec<_> = found.map_err(|error| Verdict::Unreachable(error.to_string()))?.collect();
    match found.iter().map(SocketAddr::ip).find(|address| !allow_private && !is_public(*address)) {
        Some(address) => Err(Verdict::Refused(RefusedAddress(address))),
        None => Ok(found),
    }
}

/// Reads up to the empty line, and whatever came with it.
async fn read_head(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(2_048);
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        if bytes.len() > LONGEST_HEAD || client.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    Ok(bytes)
}

/// Reads `CONNECT host:port` or `POST http://host/path`; the latter is turned into `POST /path` without the token.
fn parse_head(bytes: &[u8], token: &str) -> Option<Head> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = text.split("\r\n");
    let mut request_line = lines.next()?.split(' ');
    let (method, target, version) = (request_line.next()?, request_line.next()?, request_line.next()?);
    let is_token = |line: &&str| {
        line.split_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case("proxy-authorization"))
    };
    let (tokens, headers): (Vec<&str>, Vec<&str>) = lines.partition(is_token);
    if tokens.first()?.split_once(':')?.1.trim() != token {
        return None;
    }
    let is_tunnel = method == "CONNECT";
    let url = Url::parse(&if is_tunnel { format!("https://{target}/") } else { target.to_owned() }).ok()?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let forward = || {
        let path = url.path();
        let head = format!("{method} {path}{query} {version}\r\n{}\r\n\r\n", headers.join("\r\n"));
        [head.as_bytes(), &bytes[end + 4..]].concat()
    };
    Some(Head {
        host: url.host_str()?.trim_matches(['[', ']']).to_owned(),
        port: url.port_or_known_default()?,
        forward: (!is_tunnel).then(forward),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_head_says_where_to_go_and_the_token_stays_here() {
        let check = |head: &str, expected: Option<(&str, u16, Option<&str>)>| {
            let parsed = parse_head(head.as_bytes(), "Gate t");
            let expected = expected.map(|(host, port, forward)| Head {
                host: host.to_owned(),
                port,
                forward: forward.map(|text| text.as_bytes().to_vec()),
            });
            assert_eq!(parsed, expected, "{head:?}");
        };
        let token = "Proxy-Authorization: Gate t\r\n";
        check(
            &format!(
                "POST http://a.example:81/v1/x?alt=sse HTTP/1.1\r\n{token}Host: a.example:81\r\n\r\n{{}}"
            ),
            Some(("a.example", 81, Some("POST /v1/x?alt=sse HTTP/1.1\r\nHost: a.example:81\r\n\r\n{}"))),
        );
        check(&format!("CONNECT a.example:443 HTTP/1.1\r\n{token}\r\n"), Some(("a.example", 443, None)));
        check(
            &format!("CONNECT [2606:4700::1]:8443 HTTP/1.1\r\n{token}\r\n"),
            Some(("2606:4700::1", 8_443, None)),
        );
        check("CONNECT a.example:443 HTTP/1.1\r\n\r\n", None);
        check("CONNECT a.example:443 HTTP/1.1\r\nProxy-Authorization: Gate x\r\n\r\n", None);
        check(&format!("GET / HTTP/1.1\r\n{token}\r\n"), None);
        check("", None);
    }

    proptest! {
        #[test]
        fn a_head_of_any_bytes_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse_head(&bytes, "Gate t");
            let _ = parse_head(&[b"POST http://a/ HTTP/1.1\r\n".as_slice(), &bytes, b"\r\n\r\n"].concat(), "Gate t");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_refused_at_lookup() {
        let refused = look_up("localhost", 80, false).await.unwrap_err();
        assert!(matches!(refused, Verdict::Refused(RefusedAddress(address)) if address.is_loopback()));
        assert!(!look_up("localhost", 80, true).await.unwrap().is_empty());
    }
}
