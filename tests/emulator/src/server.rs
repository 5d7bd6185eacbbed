//! Connections: accepted, served, and closed so that the other side sees the last answer.

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
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::service::Service;

/// How long requests under way may take once the server is to stop.
const GRACE: Duration = Duration::from_secs(2);
/// How long, and for how much, a closed connection is still read. The official clients send parts of up to 128 MiB
/// and read no answer before they have sent them whole.
const LINGER: Duration = Duration::from_secs(5);
const LINGER_BYTES: usize = 1024 * 1024 * 1024;

/// Serves until `stop` changes or its sender is gone.
pub(crate) async fn serve(listener: TcpListener, service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&service), stop.clone()));
                }
                // Out of files, most likely: others have to end first.
                Err(_) => sleep(Duration::from_millis(50)).await,
            },
            _ = stop.changed() => break,
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, finished).await.is_err() {
        connections.shutdown().await;
    }
}

async fn connection(stream: TcpStream, service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    // Without it small answers would wait for acknowledgements. Nothing depends on it.
    let _ = stream.set_nodelay(true);
    let handler = service_fn(move |request: Request<Incoming>| {
        let service = Arc::clone(&service);
        Box::pin(async move { Ok::<_, Infallible>(service.answer(request).await) })
    });
    let mut connection = http1::Builder::new()
        // A client may close its side when it has sent everything, and still wants the answer.
        .half_close(true)
        // Idle connections stay: clients keep them for later and dislike finding them closed.
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), handler);
    let mut stopping = false;
    loop {
        tokio::select! {
            _ = poll_fn(|context| connection.poll_without_shutdown(context)) => break,
            _ = stop.changed(), if !stopping => {
                stopping = true;
                std::pin::Pin::new(&mut connection).graceful_shutdown();
            }
        }
    }
    if !stopping {
        let stream = connection.into_parts().io.into_inner();
        let _ = timeout(LINGER, linger(stream)).await;
    }
}

/// Reads on after the last answer. Closing with unread data would reset the connection, and the reset can overtake
/// the answer: a client still sending a refused body would see that instead of the reason.
async fn linger(mut stream: TcpStream) -> std::io::Result<()> {
    stream.shutdown().await?;
    let mut scratch = vec![0; 64 * 1024];
    let mut read = 0;
    while read < LINGER_BYTES {
        match stream.read(&mut scratch).await? {
            0 => break,
            length => read += length,
        }
    }
    Ok(())
}
