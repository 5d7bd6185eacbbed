//! An HTTP proxy that makes connections with `CONNECT`.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::RawRequest;
use crate::raw_server::read_head;

/// A proxy that answers `CONNECT`. Dropping it closes all connections.
#[derive(Debug)]
pub struct ConnectProxy {
    port: u16,
    requests: Arc<Mutex<Vec<RawRequest>>>,
    task: JoinHandle<()>,
}

impl ConnectProxy {
    /// Starts a proxy. After the status 200 from `answer`, it forwards the connection to `server_port` of 127.0.0.1,
    /// regardless of the name in the request. After any other status, it closes the connection.
    ///
    /// # Errors
    ///
    /// Returns an error if no port is free.
    pub async fn start(server_port: u16, answer: fn(&RawRequest) -> u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let requests = Arc::new(Mutex::default());
        let log = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                // Errors end the connection, which the client notices.
                connections.spawn(serve(client, server_port, answer, Arc::clone(&log)));
            }
        });
        Ok(Self { port, requests, task })
    }

    /// Returns the URL of the proxy, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the URL of the proxy with a user and a percent-encoded password.
    pub fn url_with_password(&self, user: &str, password: &str) -> String {
        format!("http://{user}:{password}@127.0.0.1:{}", self.port)
    }

    /// Returns the received requests.
    pub fn requests(&self) -> Vec<RawRequest> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for ConnectProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut client: TcpStream,
    server_port: u16,
    answer: fn(&RawRequest) -> u16,
    log: Arc<Mutex<Vec<RawRequest>>>,
) -> io::Result<()> {
    let request = read_head(&mut client).await?;
    let status = answer(&request);
    log.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    client.write_all(format!("HTTP/1.1 {status} Answer\r\n\r\n").as_bytes()).await?;
    if status == 200 {
        let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, server_port)).await?;
        copy_bidirectional(&mut client, &mut server).await?;
    }
    Ok(())
}
