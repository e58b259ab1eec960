//! Certificates that a server shows in a handshake, and those in files.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command as Process,
    sync::Arc,
    time::Duration,
};

use chassis::Clock;
use jiff::SignedDuration;
use keeper::{
    actions::{Surroundings, carry_out},
    progress::Gauge,
};
use keeper_core::plan::{self, command::Command};
use rustls::{
    ServerConfig, ServerConnection,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use testkit::{free_port, tools};
use tokio_util::sync::CancellationToken;

/// A certificate for `localhost` that is good for a hundred days from now, and its key.
fn certificate(folder: &Path) -> Option<(PathBuf, PathBuf)> {
    let Some(openssl) = tools::find(&["openssl"], &[]) else {
        tools::missing(tools::OPENSSL, "");
        return None;
    };
    let (own, key) = (folder.join("own.pem"), folder.join("own.key"));
    let mut command = Process::new(openssl);
    command.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "100",
    ]);
    command.args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout"]);
    let output = command.arg(&key).arg("-out").arg(&own).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some((own, key))
}

/// Shows the certificate to everybody who knocks.
fn server(own: &Path, key: &Path) -> u16 {
    let chain = vec![CertificateDer::from_pem_file(own).unwrap()];
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key).unwrap())
        .unwrap();
    let config = Arc::new(config);
    let greet = move |mut stream: TcpStream| {
        let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        while connection.is_handshaking() && connection.complete_io(&mut stream).is_ok() {}
    };
    listen(greet)
}

/// Does this with everybody who connects.
fn listen(greet: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(greet));
    port
}

/// The line of `health` about this certificate, so many days and an hour from now.
async fn line(of: &str, more: &str, days: i64) -> String {
    let now = Clock::system().now() + SignedDuration::from_hours(days * 24 + 1);
    let text = format!(
        "[plan]\nname = \"p\"\ntitle = \"P\"\nzone = \"UTC\"\n[service.app]\ncertificates = [\"{of}\"]\n{more}"
    );
    let plan = plan::parse(&text, "p.toml").unwrap();
    let clock = Clock::fixed(now);
    let stop = CancellationToken::new();
    let around = Surroundings {
        plan: &plan,
        state: None,
        rows: None,
        scratch: Path::new("scratch"),
        progress: &Gauge::default(),
        clock: &clock,
        stop,
    };
    let command = Command::parse("health app --timeout 2s").unwrap();
    let report = carry_out(&around, &command).await.unwrap();
    let line = report.text.lines().find(|line| line.contains("certificate")).unwrap().to_owned();
    line.split_whitespace().skip(3).collect::<Vec<_>>().join(" ")
}

async fn check(of: &str, days: i64, start: &str) {
    let found = line(of, "", days).await;
    assert!(found.starts_with(start), "{of} in {days} days: {found}");
}

#[tokio::test]
async fn what_a_server_shows_is_held_against_time_and_name() {
    let folder = tempfile::tempdir().unwrap();
    let Some((own, key)) = certificate(folder.path()) else { return };
    let port = server(&own, &key);
    let endpoint = format!("localhost:{port}");
    check(&endpoint, 0, "ok expires in 99 days, on ").await;
    check(&endpoint, 75, "BAD expires in 24 days, on ").await;
    check(&endpoint, 100, "BAD expired less than a day ago, on ").await;
    check(&endpoint, 110, "BAD expired 10 days ago, on ").await;
    check(&endpoint, -1, "BAD is not valid before ").await;
    check(&format!("127.0.0.1:{port}"), 0, "BAD is for localhost, not for 127.0.0.1").await;
    // The plan's own limit for this one.
    let secret = format!(
        "[[role]]\nname = \"chief\"\ntitle = \"C\"\nduties = \"all\"\ncontact.email = \"c@example.org\"\n[[secret]]\n\
         name = \"own\"\nkind = \"certificate\"\nowner = \"chief\"\nrenew_before = \"10d\"\ncertificate = \"{endpoint}\""
    );
    let found = line(&endpoint, &secret, 75).await;
    assert!(found.starts_with("ok expires in 24 days"), "{found}");
}

#[tokio::test]
async fn files_are_read_too() {
    let folder = tempfile::tempdir().unwrap();
    let Some((own, key)) = certificate(folder.path()) else { return };
    let path = |path: &Path| path.display().to_string();
    check(&path(&own), 0, "ok expires in 99 days, on ").await;
    check(&path(&own), 99, "BAD expires in less than a day, on ").await;
    check(&path(&key), 0, "BAD shows no certificate").await;
    let cut = folder.path().join("cut.pem");
    let text = fs::read_to_string(&own).unwrap();
    fs::write(&cut, &text[..text.len() / 2]).unwrap();
    check(&path(&cut), 0, "BAD cannot be read as PEM").await;
    fs::write(&cut, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    check(&path(&cut), 0, "BAD shows something that is no certificate").await;
    check(&path(&folder.path().join("absent.pem")), 0, "BAD No such file").await;
}

#[tokio::test]
async fn servers_that_show_none_are_told_apart() {
    check(&format!("localhost:{}", free_port().unwrap()), 0, "BAD no connection").await;
    let plain = listen(|mut stream| {
        use std::io::Write;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    check(&format!("localhost:{plain}"), 0, "BAD does not answer in TLS as it should").await;
    let silent = listen(|stream| {
        std::thread::spawn(move || {
            // As long as the other side waits.
            let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
            let mut left = [0; 4_096];
            while std::io::Read::read(&mut &stream, &mut left).is_ok_and(|count| count > 0) {}
        });
    });
    check(&format!("localhost:{silent}"), 0, "BAD no answer within 2 s").await;
}
