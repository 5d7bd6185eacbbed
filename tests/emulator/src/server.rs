//! Accepts connections, serves them, and closes them so that clients receive the last response.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::access_log::AccessLog;
use crate::connection::{Connection, Ending, Socket};
use crate::listener::{Listener, ListenerCommand};
use crate::service::Service;

/// Maximum number of headers of a request. hyper's default of 100 refuses metadata that the service stores: names and
/// values have at most 2,048 bytes, so 1,043 entries without values fit (PROTOCOL.md F2). The rest is for the other
/// headers.
const MAX_REQUEST_HEADERS: usize = 1_100;
/// Maximum time for requests in progress to end after [`Emulator::stop`](crate::Emulator::stop).
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);
/// Maximum time for reading from a connection after the last response.
const LINGER_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum number of bytes that are read from a connection after the last response. The official clients send parts of
/// up to 128 MiB, and read no response before they have sent a whole part.
const MAX_LINGER_BYTES: usize = 1024 * 1024 * 1024;

/// Serves until `stop` changes or its sender is dropped.
pub(crate) async fn serve(
    service: Arc<Service>,
    log: Option<Arc<AccessLog>>,
    mut listener: Listener,
    mut commands: mpsc::Receiver<ListenerCommand>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(_) if service.faults.closes_connection() => {}
                Ok(stream) => {
                    let connection = Connection::new(stream, log.clone());
                    connections.spawn(serve_connection(connection, Arc::clone(&service), stop.clone()));
                }
                // The process has probably run out of file descriptors. Other connections may end before the next
                // attempt.
                Err(_) => sleep(Duration::from_millis(50)).await,
            },
            Some(command) = commands.recv() => listener.execute(command).await,
            _ = stop.changed() => break,
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    if timeout(SHUTDOWN_TIMEOUT, finished).await.is_err() {
        connections.shutdown().await;
    }
}

/// Serves the requests of one connection.
async fn serve_connection(connection: Arc<Connection>, service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    let handler = service_fn(|request: Request<Incoming>| {
        let (service, connection) = (Arc::clone(&service), Arc::clone(&connection));
        Box::pin(async move { Ok::<_, Infallible>(service.respond(request, &connection).await) })
    });
    let mut http = http1::Builder::new()
        // A client may close its sending side after the request and wait for the response.
        .half_close(true)
        // No limit on idle connections, because clients keep them for later requests.
        .header_read_timeout(None)
        .max_headers(MAX_REQUEST_HEADERS)
        .serve_connection(TokioIo::new(Socket(Arc::clone(&connection))), handler);
    let mut is_stopping = false;
    loop {
        tokio::select! {
            _ = poll_fn(|context| http.poll_without_shutdown(context)) => break,
            ending = connection.ended() => match ending {
                Ending::Close => break,
                Ending::Reset => return connection.close_with_reset(),
            },
            _ = stop.changed(), if !is_stopping => {
                is_stopping = true;
                if connection.is_stalled_forever() {
                    return connection.close_with_reset();
                }
                std::pin::Pin::new(&mut http).graceful_shutdown();
            }
        }
    }
    if !is_stopping {
        let parts = http.into_parts();
        connection.count_received(parts.read_buf.len());
        let _ = timeout(LINGER_TIMEOUT, linger(parts.io.into_inner(), &connection)).await;
    }
}

/// Reads and discards the bytes that arrive after the last response. If a connection is closed while there are unread
/// bytes, the kernel resets it, and a client that is still sending a body may see the reset instead of the response.
async fn linger(mut socket: Socket, connection: &Connection) -> std::io::Result<()> {
    socket.shutdown().await?;
    let mut buffer = vec![0; 64 * 1024];
    let mut total = 0;
    while total < MAX_LINGER_BYTES {
        match socket.read(&mut buffer).await? {
            0 => break,
            length => {
                connection.count_received(length);
                total += length;
            }
        }
    }
    Ok(())
}
