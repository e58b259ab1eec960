//! Certificates of services, as a TLS handshake or a file shows them: their time and their names. Who vouches for them
//! is not asked, for services show private ones too.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, ErrorKind, Read},
    net::{IpAddr, TcpStream, ToSocketAddrs},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use keeper_core::plan::{Plan, service::Service, value::Period};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{self, CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::time::timeout;
use x509_parser::{extensions::GeneralName, pem::Pem, prelude::X509Certificate};

use super::Probe;
use crate::actions::path_of;

/// A certificate must be renewed so long before it expires, where the plan says nothing of it.
const USUAL_WARNING: Period = Period::days(30);
const HTTPS_PORT: u16 = 443;
/// A file with certificates is not larger.
const FILE_BYTES: u64 = 1 << 20;
const DAY_SECONDS: i64 = 86_400;

/// Where a certificate is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Endpoint { host: String, port: u16 },
    File(PathBuf),
}

/// What is of interest in one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Certificate {
    not_before: i64,
    not_after: i64,
    names: Vec<String>,
    addresses: Vec<IpAddr>,
    /// Signed by itself, as roots are.
    is_root: bool,
}

/// Looks at one certificate that a service shows.
pub(super) async fn probe(
    plan: &Plan,
    of: &str,
    service: &Service,
    text: &str,
    now: Timestamp,
    limit: Duration,
) -> Probe {
    let place = place(service, text);
    let (host, work) = match &place {
        Place::Endpoint { host, .. } => (Some(host.clone()), place.clone()),
        Place::File(_) => (None, place.clone()),
    };
    let read = tokio::task::spawn_blocking(move || read(&work, limit));
    // Names are looked up by the system, whose patience is its own.
    let read = match timeout(limit.saturating_mul(2), read).await {
        Ok(Ok(read)) => read,
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(no_answer(limit)),
    };
    let (ok, found) = match read {
        Ok(chain) => judge(&chain, host.as_deref(), now, warning(plan, text)),
        Err(why) => (false, why),
    };
    Probe { of: of.to_owned(), what: format!("certificate {text}"), ok: Some(ok), found }
}

/// How long before its end the plan wants it renewed.
fn warning(plan: &Plan, text: &str) -> Period {
    let own = plan.secret.iter().find(|secret| secret.certificate.as_deref() == Some(text));
    own.and_then(|secret| secret.renew_before).unwrap_or(USUAL_WARNING)
}

fn place(service: &Service, text: &str) -> Place {
    let text = text.strip_prefix("https://").map_or(text, |rest| rest.trim_end_matches('/'));
    let path = path_of(service, text);
    let ending = Path::new(text).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if text.contains('/') || ["pem", "crt", "cer", "cert"].contains(&ending) || path.is_file() {
        return Place::File(path);
    }
    let parts = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    // Without its brackets, the last part of an address looks like a port.
    let (host, port) = match parts {
        Some((host, port)) if text.parse::<IpAddr>().is_err() => (host, port),
        _ => (text, HTTPS_PORT),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Place::Endpoint { host: host.to_owned(), port }
}

fn no_answer(limit: Duration) -> String {
    format!("no answer within {} s", limit.as_secs_f32())
}

/// The shown certificate first, then what it rests on. Blocks.
fn read(place: &Place, limit: Duration) -> Result<Vec<Certificate>, String> {
    let chain = match place {
        Place::Endpoint { host, port } => shown(host, *port, limit)?,
        Place::File(path) => in_file(path)?,
    };
    let read =
        |der: &Vec<u8>| certificate(der).ok_or_else(|| "shows something that is no certificate".to_owned());
    let chain = chain.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    if chain.is_empty() { Err("shows no certificate".to_owned()) } else { Ok(chain) }
}

fn in_file(path: &Path) -> Result<Vec<Vec<u8>>, String> {
    let mut bytes = Vec::new();
    let opened = File::open(path).and_then(|file| file.take(FILE_BYTES).read_to_end(&mut bytes));
    opened.map_err(|error| error.to_string())?;
    let blocks = Pem::iter_from_buffer(&bytes).collect::<Result<Vec<_>, _>>();
    let blocks = blocks.map_err(|error| format!("cannot be read as PEM: {error}"))?;
    let certificates = blocks.into_iter().filter(|block| block.label == "CERTIFICATE");
    Ok(certificates.map(|block| block.contents).collect())
}

fn shown(host: &str, port: u16, limit: Duration) -> Result<Vec<Vec<u8>>, String> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| "is no host name".to_owned())?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Witness(provider)))
        .with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())?;
    let mut stream = connect(host, port, limit).map_err(|error| sentence(&error, limit))?;
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(&mut stream) {
            // Who wants a certificate of ours has shown its own by then.
            if connection.peer_certificates().is_none() {
                return Err(sentence(&error, limit));
            }
            break;
        }
    }
    let chain = connection.peer_certificates().unwrap_or_default();
    Ok(chain.iter().map(|certificate| certificate.to_vec()).collect())
}

fn connect(host: &str, port: u16, limit: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, limit) {
            Ok(stream) => {
                stream.set_read_timeout(Some(limit))?;
                stream.set_write_timeout(Some(limit))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn sentence(error: &io::Error, limit: Duration) -> String {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => no_answer(limit),
        ErrorKind::ConnectionRefused => "no connection".to_owned(),
        ErrorKind::InvalidData => format!("does not answer in TLS as it should: {error}"),
        ErrorKind::UnexpectedEof => "hung up before it showed one".to_owned(),
        _ => error.to_string(),
    }
}

/// Sees what is shown and believes it, provided that whoever shows it has the key.
#[derive(Debug)]
struct Witness(Arc<CryptoProvider>);

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn certificate(der: &[u8]) -> Option<Certificate> {
    use x509_parser::prelude::FromDer;
    let (_, read) = X509Certificate::from_der(der).ok()?;
    let (mut names, mut addresses) = (Vec::new(), Vec::new());
    let alternatives = read.subject_alternative_name().ok().flatten();
    for name in alternatives.iter().flat_map(|it| &it.value.general_names) {
        match name {
            GeneralName::DNSName(name) => names.push((*name).to_owned()),
            GeneralName::IPAddress(bytes) => {
                let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
                addresses.extend(four.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from)));
            }
            _ => {}
        }
    }
    let validity = read.validity();
    Some(Certificate {
        not_before: validity.not_before.timestamp(),
        not_after: validity.not_after.timestamp(),
        names,
        addresses,
        is_root: read.subject() == read.issuer(),
    })
}

/// Whether it is well, and what was found.
fn judge(chain: &[Certificate], host: Option<&str>, now: Timestamp, warning: Period) -> (bool, String) {
    let Some(own) = chain.first() else { return (false, "shows no certificate".to_owned()) };
    let now = now.as_second();
    let left = own.not_after.saturating_sub(now);
    let mut wrong = Vec::new();
    if now < own.not_before {
        wrong.push(format!("is not valid before {}", day(own.not_before)));
    }
    if left <= 0 {
        wrong.push(format!("expired {} ago, on {}", days(-left), day(own.not_after)));
    } else if left <= i64::from(warning.as_seconds()) {
        let due = format!("renewal is due {warning} before");
        wrong.push(format!("expires in {}, on {}; {due}", days(left), day(own.not_after)));
    }
    if let Some(host) = host.filter(|host| !is_for(own, host)) {
        wrong.push(format!("is for {}, not for {host}", names(own)));
    }
    // Roots are looked up by who reads them, not taken from the chain.
    let spoilt = chain.iter().skip(1).filter(|it| !it.is_root).find(|it| it.not_after <= now);
    if let Some(spoilt) = spoilt {
        wrong.push(format!("rests on one that expired on {}", day(spoilt.not_after)));
    }
    if wrong.is_empty() {
        return (true, format!("expires in {}, on {}", days(left), day(own.not_after)));
    }
    (false, wrong.join("; "))
}

fn day(second: i64) -> String {
    Timestamp::from_second(second)
        .map_or_else(|_| "no day".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
}

fn days(seconds: i64) -> String {
    match seconds / DAY_SECONDS {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

fn names(own: &Certificate) -> String {
    let mut all = own.names.clone();
    all.extend(own.addresses.iter().map(ToString::to_string));
    let shown = all.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len() {
        0 => "no name at all".to_owned(),
        1..=3 => shown,
        more => {
            let mut text = shown;
            let _ = write!(text, " and {} more", more - 3);
            text
        }
    }
}

/// As browsers compare: the alternative names only, and a star stands for one whole first word.
fn is_for(own: &Certificate, host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        return own.addresses.contains(&address);
    }
    let host = host.trim_end_matches('.');
    own.names.iter().any(|name| match name.strip_prefix("*.") {
        Some(rest) => host.split_once('.').is_some_and(|(_, parent)| parent.eq_ignore_ascii_case(rest)),
        None => name.eq_ignore_ascii_case(host),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(directory: &str) -> Service {
        let text = format!(
            "[plan]\nname = \"p\"\ntitle = \"P\"\nzone = \"UTC\"\n[service.app]\ndirectory = \"{directory}\""
        );
        keeper_core::plan::parse(&text, "p.toml").unwrap().service.into_values().next().unwrap()
    }

    #[test]
    fn places_are_endpoints_or_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::write(path.join("plain"), "").unwrap();
        let service = service(&path.display().to_string());
        let endpoint = |host: &str, port| Place::Endpoint { host: host.to_owned(), port };
        let check = |text: &str, expected: Place| assert_eq!(place(&service, text), expected, "{text}");
        check("loom.dev:443", endpoint("loom.dev", 443));
        check("loom.dev", endpoint("loom.dev", 443));
        check("https://loom.dev:8443/", endpoint("loom.dev", 8443));
        check("[::1]:8443", endpoint("::1", 8443));
        check("::1", endpoint("::1", 443));
        check("10.0.0.1:1", endpoint("10.0.0.1", 1));
        check("own.pem", Place::File(path.join("own.pem")));
        check("plain", Place::File(path.join("plain")));
        check("/etc/ssl/x", Place::File(PathBuf::from("/etc/ssl/x")));
    }

    fn one(not_before: i64, not_after: i64) -> Certificate {
        let names = vec!["a.org".to_owned(), "*.b.org".to_owned()];
        let addresses = vec![IpAddr::from([10, 0, 0, 1])];
        Certificate {
            not_before: not_before * DAY_SECONDS,
            not_after: not_after * DAY_SECONDS,
            names,
            addresses,
            is_root: false,
        }
    }

    #[test]
    fn time_and_names_are_judged() {
        let check = |chain: &[Certificate], host: Option<&str>, expected: (bool, &str)| {
            let now = Timestamp::from_second(100 * DAY_SECONDS).unwrap();
            let (ok, found) = judge(chain, host, now, Period::days(30));
            assert_eq!((ok, found.as_str()), expected);
        };
        check(&[one(0, 131)], None, (true, "expires in 31 days, on 1970-05-12"));
        check(&[one(0, 130)], None, (false, "expires in 30 days, on 1970-05-11; renewal is due 30d before"));
        check(&[one(0, 100)], None, (false, "expired less than a day ago, on 1970-04-11"));
        check(&[one(0, 90)], None, (false, "expired 10 days ago, on 1970-04-01"));
        check(&[one(101, 200)], None, (false, "is not valid before 1970-04-12"));
        check(&[one(0, 200)], Some("A.org"), (true, "expires in 100 days, on 1970-07-20"));
        check(&[one(0, 200)], Some("10.0.0.1"), (true, "expires in 100 days, on 1970-07-20"));
        check(&[one(0, 200)], Some("c.b.org"), (true, "expires in 100 days, on 1970-07-20"));
        check(&[one(0, 200)], Some("b.org"), (false, "is for a.org, *.b.org, 10.0.0.1, not for b.org"));
        check(
            &[one(0, 200)],
            Some("d.c.b.org"),
            (false, "is for a.org, *.b.org, 10.0.0.1, not for d.c.b.org"),
        );
        check(&[one(0, 200), one(0, 99)], None, (false, "rests on one that expired on 1970-04-10"));
        let root = Certificate { is_root: true, ..one(0, 99) };
        check(&[one(0, 200), root], None, (true, "expires in 100 days, on 1970-07-20"));
        check(&[], None, (false, "shows no certificate"));
    }
}
