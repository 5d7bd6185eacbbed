//! The HTTP transport. Only this module, `proxy`, `tls` and `url` use reqwest.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body::{Body as _, Frame, SizeHint};
use reqwest::Url;
use tokio::time::timeout;

use crate::body::{Activity, AttemptBody, CancelOnDrop, CancellableBody, Incoming};
use crate::config::{Config, Endpoint, Target, Timeouts};
use crate::error::{Error, ErrorKind, Result, causes};

use super::proxy::{Proxy, Refusal, refusal};
use super::tls::{lasting_failure, with_tls};
use super::url::{ExactUrl, LatestOrigin};

/// Maximum number of headers of a response with much metadata, for which hyper's default of 100 is too small: names and
/// values have at most 2,048 bytes (PROTOCOL.md F2), so up to 1,043 entries fit, 39 of them with names of one character
/// and the others with two, all without a value. The rest is for the other headers.
const MAX_RESPONSE_HEADERS: usize = 1_100;

const BODY_NOT_SENT: &str = "the body could not be sent";

/// The HTTP client with its time limits.
pub(crate) struct Transport {
    client: reqwest::Client,
    /// Client that accepts [`MAX_RESPONSE_HEADERS`]. It is used from the first response on that needs it, because hyper
    /// allocates and fills a table of this size for each response.
    metadata_client: OnceLock<reqwest::Client>,
    proxy: Option<Arc<Proxy>>,
    latest_origin: LatestOrigin,
    timeouts: Timeouts,
}

/// A request with all headers.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: ExactUrl,
    pub(crate) headers: HeaderMap,
    pub(crate) body: AttemptBody,
}

impl Transport {
    pub(crate) fn new(config: &Config, endpoint: &Endpoint) -> Result<Self> {
        let proxy = Proxy::of(config, endpoint)?;
        let client = build(config, endpoint, proxy.as_ref(), None)?;
        Ok(Self {
            client,
            metadata_client: OnceLock::new(),
            proxy: proxy.map(Arc::new),
            latest_origin: LatestOrigin::default(),
            timeouts: config.timeouts,
        })
    }

    /// Accepts more headers in the responses to all later requests.
    pub(crate) fn accept_more_headers(&self, config: &Config, endpoint: &Endpoint) -> Result<()> {
        if self.metadata_client.get().is_none() {
            let client = build(config, endpoint, self.proxy.as_deref(), Some(MAX_RESPONSE_HEADERS))?;
            self.metadata_client.get_or_init(|| client);
        }
        Ok(())
    }

    pub(crate) fn url(&self, target: &Target, query: Option<&str>) -> Result<ExactUrl> {
        self.latest_origin.exact_url(target, query)
    }

    /// Sends a request and returns the response when its head has arrived.
    ///
    /// This is not an `async fn`, because its future would contain the request twice.
    pub(crate) fn send(
        &self,
        request: Outgoing,
    ) -> impl Future<Output = Result<http::Response<Incoming>>> + Send + use<> {
        let Outgoing { method, url, headers, body } = request;
        let mut timeouts = self.timeouts;
        if method.is_safe() {
            // The response timeout leaves the server time to execute a write. A request that only reads does not need
            // it.
            timeouts.response = timeouts.idle;
        }
        let mut outgoing = reqwest::Request::new(method, url.into());
        *outgoing.headers_mut() = headers;
        // Boxed to keep the future small.
        let url = Box::new(outgoing.url().clone());
        let activity = body.activity();
        let is_empty = body.size_hint().exact() == Some(0);
        let (body, request) = CancellableBody::new(body);
        *outgoing.body_mut() = Some(reqwest::Body::wrap(body));
        let sending = self.metadata_client.get().unwrap_or(&self.client).execute(outgoing);
        let proxy = self.proxy.clone();
        async move {
            if is_empty {
                check_is_empty(&request, timeouts.idle).await.map_err(Error::unsent)?;
            }
            let outcome = wait_for(pin!(sending), &activity, &timeouts).await?;
            let response = outcome.map_err(|error| {
                let error = classify(error, &url, proxy.as_deref());
                if activity.is_taken() { error } else { error.unsent() }
            })?;
            let response = http::Response::from(response);
            Ok(response.map(|body| Box::pin(Received { body, url, _request: request }) as Incoming))
        }
    }

    pub(crate) fn idle_timeout(&self) -> Duration {
        self.timeouts.idle
    }
}

/// Builds the HTTP client. Without `max_headers`, hyper's default limit for the headers of a response applies.
fn build(
    config: &Config,
    endpoint: &Endpoint,
    proxy: Option<&Proxy>,
    max_headers: Option<usize>,
) -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .connect_timeout(config.timeouts.connect)
        // Servers close idle connections earlier than reqwest does by default. A request fails if it is sent while the
        // server closes the connection.
        .pool_idle_timeout(Duration::from_secs(20))
        // A redirect means that the zone is wrong, and the signature would not be valid for the new URL.
        .redirect(reqwest::redirect::Policy::none())
        // The send loop knows which requests are safe to retry.
        .retry(reqwest::retry::never())
        // Another crate of the application may enable features of reqwest that are on by default: unpacking of
        // responses, another name resolver, and HTTP/2.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .no_hickory_dns()
        .http1_only()
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_secs(60));
    let builder = match max_headers {
        Some(headers) => builder.http1_max_headers(headers),
        None => builder,
    };
    // reqwest sets TCP_USER_TIMEOUT to 30 s. Linux measures it from the time at which the receiver ran out of buffer
    // space, and does not restart it while there is no space for a whole segment. A slow connection would be closed
    // although bytes move all the time.
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let builder = builder.tcp_user_timeout(None);
    let builder = match proxy {
        Some(proxy) => proxy.apply(builder)?,
        None => builder.no_proxy(),
    };
    with_tls(builder, config, endpoint.is_https())?
        .build()
        .map_err(|error| Error::config("the HTTP client could not be set up").with_source(error.without_url()))
}

/// The body of a response.
struct Received {
    body: reqwest::Body,
    url: Box<Url>,
    /// Cancels the body of the request when the response is dropped. If the server responds early, hyper is still
    /// sending that body.
    _request: CancelOnDrop,
}

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        Pin::new(&mut self.body).poll_frame(context).map_err(|error| classify(error, &self.url, None))
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Waits for the head of a response.
///
/// # Errors
///
/// If no connection takes the request or no byte of its body moves for the idle timeout, or if the response does not
/// begin within the response timeout after the last byte.
async fn wait_for<T>(
    mut sending: Pin<&mut impl Future<Output = T>>,
    activity: &Activity,
    timeouts: &Timeouts,
) -> Result<T> {
    loop {
        let is_taken = activity.is_taken();
        let is_all_sent = is_taken && activity.is_all_sent();
        let limit = if is_all_sent { timeouts.response } else { timeouts.idle };
        let idle = activity.last_frame_at().elapsed();
        if idle >= limit {
            return Err(if !is_taken {
                let limit = limit.as_secs_f64();
                let message = format!(
                    "the request was not sent within {limit} s: no connection took it. If several Tokio runtimes use \
                     one client, the runtime that opened the connection must be running"
                );
                Error::new(ErrorKind::Timeout, message).unsent()
            } else if is_all_sent && timeouts.response != timeouts.idle {
                let limit = limit.as_secs_f64();
                Error::new(ErrorKind::Timeout, format!("no response came within {limit} s after the request was sent"))
            } else {
                Error::stalled(limit)
            });
        }
        // If the last byte is sent during this wait, the response timeout applies from then on, so the wait is not
        // longer than that.
        if let Ok(outcome) = timeout((limit - idle).min(timeouts.response), sending.as_mut()).await {
            return Ok(outcome);
        }
    }
}

/// Returns an error if a body that was announced as empty has bytes. hyper does not poll such a body.
async fn check_is_empty(request: &CancelOnDrop, limit: Duration) -> Result<()> {
    match timeout(limit, poll_fn(|context| request.poll_frame(context))).await {
        Ok(Some(Err(error))) => Err(Error::new(ErrorKind::Body, BODY_NOT_SENT).with_source(error)),
        Ok(_) => Ok(()),
        Err(_) => Err(Error::stalled(limit)),
    }
}

/// Text of hyper's error if the first bytes of the response are not HTTP. Its type is private.
const NOT_HTTP: &str = "invalid HTTP version";

/// Text of hyper's error if a response has too many or too long headers. Its type is private.
const TOO_MANY_HEADERS: &str = "message head is too large";

/// Returns true if the response was refused because it has more headers than the client accepts.
pub(crate) fn has_too_many_headers(error: &Error) -> bool {
    error.kind() == ErrorKind::Connection && causes(error).any(|cause| cause.to_string() == TOO_MANY_HEADERS)
}

/// Describes an error of reqwest for a request to `url`. `proxy` is the proxy of the client. The path and query of the
/// URL are not part of the message.
fn classify(error: reqwest::Error, url: &Url, proxy: Option<&Proxy>) -> Error {
    let (scheme, host) = (url.scheme(), url.host_str().unwrap_or_default());
    let server = format!("{scheme}://{host}:{}", url.port_or_known_default().unwrap_or_default());
    if is_body_error(&error) {
        return Error::new(ErrorKind::Body, BODY_NOT_SENT).with_source(Cause(error.without_url()));
    }
    if error.is_connect() {
        return connect_error(error, &server, proxy.and_then(|proxy| proxy.name_for(url)));
    }
    let is_not_http = causes(&error).any(|cause| cause.to_string().contains(NOT_HTTP));
    let hint = if is_not_http { " (the response is not HTTP; is it a port for https?)" } else { "" };
    let message = format!("the connection to {server} broke{hint}");
    Error::new(ErrorKind::Connection, message).with_source(Cause(error.without_url()))
}

/// Describes the error of a request for which there was no connection. If the message contains the cause, the error has
/// no source.
fn connect_error(error: reqwest::Error, server: &str, proxy: Option<String>) -> Error {
    let through = proxy.as_ref().map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default();
    if let Some(failure) = lasting_failure(&error) {
        return Error::new(ErrorKind::Connect, format!("no connection to {server}{through}: {failure}")).lasting();
    }
    match proxy.zip(refusal(&error)) {
        Some((proxy, Refusal::NeedsAuthentication)) => Error::new(
            ErrorKind::Connect,
            format!(
                "the proxy {proxy} asks for authentication (status 407); put user and password into its URL, such as \
                 http://user:password@proxy.example:3128"
            ),
        )
        .lasting(),
        Some((proxy, Refusal::Refused)) => Error::new(
            ErrorKind::Connect,
            format!("the proxy {proxy} refused CONNECT, the request for a connection to {server}"),
        ),
        None if error.is_timeout() => {
            Error::new(ErrorKind::Timeout, format!("connecting to {server}{through} took too long"))
                .with_source(Cause(error.without_url()))
        }
        None => Error::new(ErrorKind::Connect, format!("no connection to {server}{through}"))
            .with_source(Cause(error.without_url())),
    }
}

/// Hides the type of reqwest's error from callers, but shows its text and causes.
#[derive(Debug)]
struct Cause(reqwest::Error);

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

/// Returns true if the body of the request could not be read.
fn is_body_error(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| cause.is::<Error>())
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use bytes::Bytes;
    use futures_util::{StreamExt, stream};
    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::Body;

    const TIMEOUTS: Timeouts = Timeouts { connect: seconds(10), idle: seconds(60), response: seconds(120) };
    /// Size of the frames in which a short body is sent.
    const FRAME: usize = 64 << 10;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Sends `body` on a connection that takes a number of frames and pauses in each step, and stalls after the last
    /// one. Returns the error and the seconds after which it occurred.
    async fn failure(body: Body, steps: impl IntoIterator<Item = (usize, Duration)>) -> (String, u64) {
        let mut attempt = body.attempt();
        let activity = attempt.activity();
        let start = Instant::now();
        let connection = async {
            for (frames, pause) in steps {
                for _ in 0..frames {
                    poll_fn(|context| Pin::new(&mut attempt).poll_frame(context)).await.unwrap().unwrap();
                }
                sleep(pause).await;
            }
            pending::<()>().await;
        };
        activity.set_taken();
        let error = wait_for(pin!(connection), &activity, &TIMEOUTS).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        (error.to_string(), start.elapsed().as_secs())
    }

    fn body(frames: usize) -> Body {
        vec![7; frames * FRAME].into()
    }

    fn idle() -> String {
        "no byte moved for 60 s".to_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn idle_timeout_counts_from_the_last_frame() {
        assert_eq!(failure(body(16), []).await, (idle(), 60));
        assert_eq!(failure(body(16), [(4, seconds(59)), (1, seconds(59)), (1, seconds(0))]).await.1, 59 + 59 + 60);
        assert_eq!(failure(body(16), [(4, seconds(61)), (4, seconds(0))]).await, (idle(), 60));
    }

    #[tokio::test(start_paused = true)]
    async fn response_timeout_counts_from_the_last_byte() {
        let no_response = || "no response came within 120 s after the request was sent".to_owned();
        assert_eq!(failure(body(4), [(4, seconds(0))]).await, (no_response(), 120));
        assert_eq!(failure(body(4), [(3, seconds(59)), (1, seconds(0))]).await, (no_response(), 59 + 120));
        assert_eq!(failure(Body::empty(), []).await, (no_response(), 120));
    }

    #[tokio::test(start_paused = true)]
    async fn response_timeout_may_be_shorter_than_idle_timeout() {
        let mut attempt = Body::from("1").attempt();
        let activity = attempt.activity();
        let connection = async {
            sleep(seconds(1)).await;
            poll_fn(|context| Pin::new(&mut attempt).poll_frame(context)).await.unwrap().unwrap();
            pending::<()>().await;
        };
        activity.set_taken();
        let start = Instant::now();
        let timeouts = Timeouts { idle: seconds(3600), response: seconds(5), ..TIMEOUTS };
        wait_for(pin!(connection), &activity, &timeouts).await.unwrap_err();
        assert_eq!(start.elapsed(), seconds(6));
    }

    #[tokio::test(start_paused = true)]
    async fn idle_timeout_counts_from_the_last_frame_of_a_slow_stream() {
        let frames = stream::iter(0..16).then(|_| async {
            sleep(seconds(50)).await;
            Ok::<_, std::io::Error>(Bytes::from(vec![7; FRAME]))
        });
        let body = Body::stream(16 * FRAME as u64, frames);
        assert_eq!(failure(body, [(5, seconds(0))]).await, (idle(), 5 * 50 + 60));
    }
}
