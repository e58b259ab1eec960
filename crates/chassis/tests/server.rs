//! The server with real sockets: draining, slow clients and many clients.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, routing::get};
use chassis::{
    Shutdown,
    http::{ListenError, ShellSettings, listen, serve, shell},
    logs::Logs,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
};

#[cfg(test)]
mod kit {
    use super::*;

    pub(super) struct Server {
        pub(super) address: SocketAddr,
        pub(super) shutdown: Shutdown,
        /// Requests to `/wait` that have begun.
        pub(super) begun: Arc<Semaphore>,
        /// Lets requests to `/wait` end.
        pub(super) gate: Arc<Semaphore>,
        pub(super) task: JoinHandle<std::io::Result<()>>,
    }

    pub(super) async fn start(drain: Duration) -> Server {
        let (begun, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (begun_inside, gate_inside) = (Arc::clone(&begun), Arc::clone(&gate));
        let wait = move || async move {
            begun_inside.add_permits(1);
            gate_inside.acquire().await.unwrap().forget();
            "done"
        };
        let routes = Router::new().route("/", get(|| async { "hello" })).route("/wait", get(wait));
        let router = shell(routes, &ShellSettings::default(), &Logs::off(), None);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), Shutdown::new());
        let stop = shutdown.clone();
        let task = tokio::spawn(async move { serve(listener, router, &stop, drain).await });
        Server { address, shutdown, begun, gate, task }
    }

    pub(super) async fn ask(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        rest(&mut stream).await
    }

    /// Everything until the server closes; a reset counts as the end.
    pub(super) async fn rest(stream: &mut TcpStream) -> String {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        String::from_utf8(bytes).unwrap()
    }
}

use kit::{ask, rest, start};

#[tokio::test]
async fn a_request_under_way_is_finished_and_new_ones_are_refused() {
    let server = start(Duration::from_secs(30)).await;
    let under_way = tokio::spawn(ask(server.address, "/wait"));
    server.begun.acquire().await.unwrap().forget();
    server.shutdown.trigger();
    // The listener is closed as soon as the server has seen the wish to stop.
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!server.task.is_finished());
    server.gate.add_permits(1);
    assert!(under_way.await.unwrap().ends_with("done"));
    server.task.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_is_cut_after_the_drain() {
    let server = start(Duration::from_secs(10)).await;
    let under_way = tokio::spawn(ask(server.address, "/wait"));
    server.begun.acquire().await.unwrap().forget();
    let began = tokio::time::Instant::now();
    server.shutdown.trigger();
    server.task.await.unwrap().unwrap();
    assert_eq!(began.elapsed().as_secs(), 10);
    assert_eq!(under_way.await.unwrap(), "");
}

#[tokio::test]
async fn idle_and_unused_connections_do_not_hold_the_drain() {
    let server = start(Duration::from_secs(3600)).await;
    let mut unused = TcpStream::connect(server.address).await.unwrap();
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    server.shutdown.trigger();
    server.task.await.unwrap().unwrap();
    assert!(rest(&mut idle).await.ends_with("hello"));
    assert_eq!(rest(&mut unused).await, "");
}

#[tokio::test(start_paused = true)]
async fn a_head_that_never_ends_is_given_up() {
    let server = start(Duration::from_secs(1)).await;
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
    let began = tokio::time::Instant::now();
    let answer = rest(&mut slow).await;
    assert!(!answer.contains("200"), "{answer}");
    assert!((10..=20).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert!(ask(server.address, "/").await.ends_with("hello"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_clients_at_once_are_all_served() {
    let server = start(Duration::from_secs(30)).await;
    let clients = 300;
    let asking: Vec<_> = (0..clients).map(|_| tokio::spawn(ask(server.address, "/wait"))).collect();
    server.begun.acquire_many(clients).await.unwrap().forget();
    server.gate.add_permits(clients as usize);
    for answer in asking {
        assert!(answer.await.unwrap().ends_with("done"));
    }
}

#[tokio::test]
async fn nonsense_is_refused_and_harms_nobody() {
    let server = start(Duration::from_secs(1)).await;
    for nonsense in ["\0\0\0\0\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET\r\n\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(nonsense.as_bytes()).await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{nonsense:?}: {answer}");
    }
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(1 << 20));
    let _ = stream.write_all(head.as_bytes()).await;
    assert!(!rest(&mut stream).await.contains("200 OK"));
    assert!(ask(server.address, "/").await.ends_with("hello"));
}

#[tokio::test]
async fn an_address_that_cannot_be_had_says_why() {
    let taken = listen("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let held = listen(&taken.to_string()).await.unwrap();
    let error = listen(&taken.to_string()).await.unwrap_err();
    assert!(
        matches!(error, ListenError::InUse { .. }) && error.to_string().contains(&taken.to_string()),
        "{error}"
    );
    drop(held);
    for address in ["203.0.113.7:8000", "127.0.0.1", "127.0.0.1:99999", ""] {
        assert!(matches!(listen(address).await, Err(ListenError::Unusable { .. })), "{address}");
    }
}
