//! The server: accepts, limits slow request heads, and drains on shutdown.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use crate::shutdown::Shutdown;

/// A request's head has to arrive within this time, which also ends idle connections: against clients that hold
/// connections open by sending a byte now and then.
const HEAD_LIMIT: Duration = Duration::from_secs(15);
/// How long to wait when the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another program has the port.
    #[error(
        "{address} is in use by another program; stop that one (`ss -ltnp` names it) or choose another port"
    )]
    InUse {
        /// As configured.
        address: String,
    },
    /// The system reserves the port.
    #[error("no permission to listen on {address}; ports below 1024 need root, choose a higher one")]
    Forbidden {
        /// As configured.
        address: String,
    },
    /// Anything else, such as an address that is not this machine's.
    #[error(
        "cannot listen on {address}: {reason}; it has to be this machine's own `address:port`, such as 127.0.0.1:8000"
    )]
    Unusable {
        /// As configured.
        address: String,
        /// What the system says.
        reason: String,
    },
}

/// Binds `address:port`; port 0 takes a free one.
pub async fn listen(address: &str) -> Result<TcpListener, ListenError> {
    let owned = || address.to_owned();
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse { address: owned() },
        io::ErrorKind::PermissionDenied => ListenError::Forbidden { address: owned() },
        _ => ListenError::Unusable { address: owned(), reason: error.to_string() },
    })
}

/// Serves HTTP/1.1 until `shutdown`; then stops accepting, lets requests under way finish for up to `drain`, and
/// cuts the rest. Streams should watch the shutdown token, or they use up the drain.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: &Shutdown,
    drain: Duration,
) -> io::Result<()> {
    let connections = Connections {
        router,
        tasks: TaskTracker::new(),
        stop: shutdown.token(),
        cut: CancellationToken::new(),
    };
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, remote)) => connections.spawn(stream, remote),
                Err(error) => recover(&error).await,
            },
            () = connections.stop.cancelled() => break,
        }
    }
    drop(listener);
    if !shutdown.wait_drained(connections.tasks.clone(), drain).await {
        tracing::warn!(open = connections.tasks.len(), "connections still open after the drain are cut");
        connections.cut.cancel();
        connections.tasks.wait().await;
    }
    Ok(())
}

/// A client that left before it was accepted is nobody's fault; anything else, such as too many open files, passes
/// only with time.
async fn recover(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "cannot accept a connection");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

struct Connections {
    router: Router,
    tasks: TaskTracker,
    stop: CancellationToken,
    cut: CancellationToken,
}

impl Connections {
    fn spawn(&self, stream: TcpStream, remote: SocketAddr) {
        // Small responses should not wait for more; a socket that refuses still works.
        let _ = stream.set_nodelay(true);
        let (stop, cut) = (self.stop.clone(), self.cut.clone());
        self.tasks.spawn(connection(stream, remote, self.router.clone(), stop, cut));
    }
}

async fn connection(
    stream: TcpStream,
    remote: SocketAddr,
    router: Router,
    stop: CancellationToken,
    cut: CancellationToken,
) {
    let was_used = Arc::new(AtomicBool::new(false));
    let mark = Arc::clone(&was_used);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        mark.store(true, Ordering::Relaxed);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(remote));
        router.clone().oneshot(request)
    });
    let server = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), service);
    let mut server = std::pin::pin!(server);
    tokio::select! {
        result = server.as_mut() => return log_end(result),
        () = stop.cancelled() => {}
    }
    // hyper would wait for the first request of a connection that never had one, such as a browser's preconnect.
    if !was_used.load(Ordering::Relaxed) {
        return;
    }
    server.as_mut().graceful_shutdown();
    tokio::select! {
        result = server => log_end(result),
        () = cut.cancelled() => {}
    }
}

/// Clients that break off or talk nonsense are everyday; they are worth a line only to someone who looks.
fn log_end(result: hyper::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(%error, "connection ended early");
    }
}
