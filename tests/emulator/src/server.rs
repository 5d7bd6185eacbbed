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
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::access_log::AccessLog;
use crate::listening::{Listening, Order};
use crate::service::Service;
use crate::wire::{Ending, Socket, Wire};

/// How long requests under way may take once the server is to stop.
const GRACE: Duration = Duration::from_secs(2);
/// How long, and for how much, a closed connection is still read. The official clients send parts of up to 128 MiB
/// and read no answer before they have sent them whole.
const LINGER: Duration = Duration::from_secs(5);
const LINGER_BYTES: usize = 1024 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) service: Arc<Service>,
    pub(crate) log: Option<Arc<AccessLog>>,
}

impl Server {
    /// Serves until `stop` changes or its sender is gone.
    pub(crate) async fn serve(
        self,
        mut listening: Listening,
        mut orders: mpsc::Receiver<Order>,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listening.accept() => match accepted {
                    Ok(_) if self.service.faults.closes_connection() => {}
                    Ok(stream) => {
                        let wire = Wire::new(stream, self.log.clone());
                        connections.spawn(connection(wire, Arc::clone(&self.service), stop.clone()));
                    }
                    // Out of files, most likely: others have to end first.
                    Err(_) => sleep(Duration::from_millis(50)).await,
                },
                Some(order) = orders.recv() => listening.obey(order).await,
                _ = stop.changed() => break,
                Some(_) = connections.join_next() => {}
            }
        }
        drop(listening);
        let finished = async { while connections.join_next().await.is_some() {} };
        if timeout(GRACE, finished).await.is_err() {
            connections.shutdown().await;
        }
    }
}

async fn connection(wire: Arc<Wire>, service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    let handler = service_fn(|request: Request<Incoming>| {
        let (service, wire) = (Arc::clone(&service), Arc::clone(&wire));
        Box::pin(async move { Ok::<_, Infallible>(service.answer(request, &wire).await) })
    });
    let mut connection = http1::Builder::new()
        // A client may close its side when it has sent everything, and still wants the answer.
        .half_close(true)
        // Idle connections stay: clients keep them for later and dislike finding them closed.
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(Socket(Arc::clone(&wire))), handler);
    let mut stopping = false;
    loop {
        tokio::select! {
            _ = poll_fn(|context| connection.poll_without_shutdown(context)) => break,
            ending = wire.ended() => match ending {
                Ending::Close => break,
                Ending::Reset => return wire.close_with_reset(),
            },
            _ = stop.changed(), if !stopping => {
                stopping = true;
                if wire.stands_still() {
                    return wire.close_with_reset();
                }
                std::pin::Pin::new(&mut connection).graceful_shutdown();
            }
        }
    }
    if !stopping {
        let parts = connection.into_parts();
        wire.received(parts.read_buf.len());
        let _ = timeout(LINGER, linger(parts.io.into_inner(), &wire)).await;
    }
}

/// Reads on after the last answer. Closing with unread data would reset the connection, and the reset can overtake
/// the answer: a client still sending a refused body would see that instead of the reason.
async fn linger(mut socket: Socket, wire: &Wire) -> std::io::Result<()> {
    socket.shutdown().await?;
    let mut scratch = vec![0; 64 * 1024];
    let mut read = 0;
    while read < LINGER_BYTES {
        match socket.read(&mut scratch).await? {
            0 => break,
            length => {
                wire.received(length);
                read += length;
            }
        }
    }
    Ok(())
}
