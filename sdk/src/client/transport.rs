//! The seam to the HTTP library: nothing else knows reqwest.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body::Body as _;
use tokio::time::timeout;

use crate::body::{Activity, BodyError, ExactBody, Incoming, RevocableBody, Revocation};
use crate::config::{Settings, Target, Timeouts};
use crate::error::{Error, ErrorKind, Result};

use super::url::{ExactUrl, LatestOrigin};

const BODY_NOT_SENT: &str = "the body could not be sent";

#[derive(Clone, Debug)]
pub(crate) struct Transport {
    client: reqwest::Client,
    latest_origin: Arc<LatestOrigin>,
    timeouts: Timeouts,
}

/// A request with all its headers.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: ExactUrl,
    pub(crate) headers: HeaderMap,
    pub(crate) body: ExactBody,
}

/// Bytes of a response as they come in.
pub(crate) struct ResponseBytes {
    body: reqwest::Body,
    /// An answer may come while its request is still sent, which goes on as long as somebody reads the answer.
    _request: Option<Revocation>,
}

impl Transport {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        let builder = reqwest::Client::builder()
            .connect_timeout(settings.timeouts.connect)
            // Front ends close idle connections sooner than the library would, and a request on one that is just being
            // closed is lost.
            .pool_idle_timeout(Duration::from_secs(20))
            // A redirect means that the zone is wrong; following it would send a signature that does not fit.
            .redirect(reqwest::redirect::Policy::none())
            // Retries are decided where it is known what may be sent twice.
            .retry(reqwest::retry::never())
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(60));
        let builder = without_user_timeout(builder);
        // Nothing but this machine is meant, and no proxy elsewhere can reach it.
        let builder =
            if settings.endpoint.is_this_machine(settings.addressing_style) { builder.no_proxy() } else { builder };
        let client = with_tls(builder, settings.endpoint.is_https())?
            .build()
            .map_err(|error| Error::config("the HTTP client could not be set up").with_source(error.without_url()))?;
        Ok(Self { client, latest_origin: Arc::default(), timeouts: settings.timeouts })
    }

    pub(crate) fn url(&self, target: &Target, query: Option<&str>) -> Result<ExactUrl> {
        self.latest_origin.exact_url(target, query)
    }

    /// Sends one request and returns when the head of the answer is there.
    ///
    /// No `async fn`: its future would have the request twice, as it was handed over and as it is sent.
    pub(crate) fn send(
        &self,
        request: Outgoing,
        activity: Arc<Activity>,
    ) -> impl Future<Output = Result<http::Response<ResponseBytes>>> + Send + use<> {
        let Outgoing { method, url, headers, body } = request;
        let idle_timeout = self.timeouts.idle;
        // A response to a request that only reads is due as soon as bytes are.
        let response_timeout = if method.is_safe() { idle_timeout } else { self.timeouts.response };
        let mut outgoing = reqwest::Request::new(method, url.into());
        *outgoing.headers_mut() = headers;
        let (empty, revocation) = if body.size_hint().exact() == Some(0) {
            (Some(Box::new(body)), None)
        } else {
            let (body, revocation) = RevocableBody::new(body);
            *outgoing.body_mut() = Some(reqwest::Body::wrap(body));
            (None, Some(revocation))
        };
        // Nothing is sent before it is waited for.
        let sending = self.client.execute(outgoing);
        async move {
            if let Some(mut body) = empty {
                end(&mut body, idle_timeout).await?;
            }
            received(wait_for(pin!(sending), &activity, idle_timeout, response_timeout).await?, revocation)
        }
    }

    pub(crate) fn idle_timeout(&self) -> Duration {
        self.timeouts.idle
    }
}

impl Incoming for ResponseBytes {
    fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        loop {
            let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
            return Poll::Ready(match frame {
                None => None,
                Some(Err(error)) => Some(Err(classify(error))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => Some(Ok(bytes)),
                    Err(_trailers) => continue,
                },
            });
        }
    }

    fn remaining(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }
}

fn received(
    outcome: reqwest::Result<reqwest::Response>,
    request: Option<Revocation>,
) -> Result<http::Response<ResponseBytes>> {
    match outcome {
        Ok(response) => Ok(http::Response::from(response).map(|body| ResponseBytes { body, _request: request })),
        Err(error) => Err(classify(error)),
    }
}

/// Waits for the head of a response.
///
/// Fails if no byte of the request's body moves for `idle_timeout`, or if the response does not begin within
/// `response_timeout` after the last byte.
async fn wait_for<T>(
    mut sending: Pin<&mut impl Future<Output = T>>,
    activity: &Activity,
    idle_timeout: Duration,
    response_timeout: Duration,
) -> Result<T> {
    loop {
        let is_all_sent = activity.is_all_sent();
        let limit = if is_all_sent { response_timeout } else { idle_timeout };
        let idle = activity.last_move().elapsed();
        if idle >= limit {
            return Err(if is_all_sent && response_timeout != idle_timeout {
                let limit = limit.as_secs_f64();
                Error::new(ErrorKind::Timeout, format!("no answer came in the {limit} s after everything was sent"))
            } else {
                Error::stalled(limit)
            });
        }
        // The last byte may be sent meanwhile, and the other limit count from then on.
        if let Ok(outcome) = timeout((limit - idle).min(response_timeout), sending.as_mut()).await {
            return Ok(outcome);
        }
    }
}

/// The HTTP library does not ask a body that was announced as empty whether it is.
async fn end(body: &mut ExactBody, limit: Duration) -> Result<()> {
    let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context));
    match timeout(limit, frame).await {
        Ok(Some(Err(error))) => Err(Error::new(ErrorKind::Body, BODY_NOT_SENT).with_source(error)),
        Ok(_) => Ok(()),
        Err(_) => Err(Error::stalled(limit)),
    }
}

fn classify(error: reqwest::Error) -> Error {
    let (kind, message) = if find_cause::<BodyError>(&error).is_some() {
        (ErrorKind::Body, BODY_NOT_SENT)
    } else if error.is_connect() && error.is_timeout() {
        (ErrorKind::Timeout, "connecting to the server took too long")
    } else if error.is_connect() {
        (ErrorKind::Connect, "no connection to the server")
    } else {
        (ErrorKind::Connection, "the connection to the server broke")
    };
    let failure = Error::new(kind, message);
    let failure = if error.is_connect() { failure.unsent() } else { failure };
    failure.with_source(Cause(error.without_url()))
}

/// Keeps the HTTP library's own type out of what callers can name, and what it stands on reachable.
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

fn find_cause<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut cause = Some(error);
    while let Some(current) = cause {
        if let Some(found) = current.downcast_ref::<T>() {
            return Some(found);
        }
        cause = current.source();
    }
    None
}

/// Linux measures `TCP_USER_TIMEOUT` from when a receiver first had no room. While that never has room for a whole segment
/// it does not begin anew, and a connection on which bytes move all the time, but slowly, would end after the library's 30 s.
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
fn without_user_timeout(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder.tcp_user_timeout(None)
}

#[cfg(not(any(target_os = "android", target_os = "fuchsia", target_os = "linux")))]
fn without_user_timeout(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder
}

#[cfg(feature = "rustls")]
fn with_tls(builder: reqwest::ClientBuilder, secure: bool) -> Result<reqwest::ClientBuilder> {
    use rustls_platform_verifier::BuilderVerifierExt;

    let no_tls = |error: rustls::Error| Error::config("TLS could not be set up").with_source(error);
    // The provider is named here instead of installed for the process, which belongs to the application.
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(no_tls)?;
    // Reading the system's certificates takes time and fails where there are none, so only HTTPS does it.
    let config = if secure {
        config.with_platform_verifier().map_err(no_tls)?
    } else {
        config.with_root_certificates(rustls::RootCertStore::empty())
    };
    Ok(builder.tls_backend_preconfigured(config.with_no_client_auth()))
}

#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
fn with_tls(builder: reqwest::ClientBuilder, _secure: bool) -> Result<reqwest::ClientBuilder> {
    Ok(builder.tls_backend_native())
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn with_tls(builder: reqwest::ClientBuilder, secure: bool) -> Result<reqwest::ClientBuilder> {
    if secure {
        return Err(Error::config(
            "the endpoint is HTTPS, but qingstor-sdk was built without TLS: enable its feature `rustls` or `native-tls`",
        ));
    }
    Ok(builder)
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use bytes::Bytes;
    use futures_util::{StreamExt, stream};
    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::Body;

    const IDLE_TIMEOUT: Duration = seconds(60);
    const RESPONSE_TIMEOUT: Duration = seconds(120);
    /// Size of the frames of the body in these tests.
    const FRAME: usize = 64 << 10;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Returns the error of a connection that takes each number of frames and then pauses, forever at the end, and the
    /// seconds until it came.
    async fn failure(mut body: Body, steps: impl IntoIterator<Item = (usize, Duration)>) -> (String, u64) {
        let activity = Activity::new(body.len());
        let mut attempt = body.attempt(&activity);
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
        let error = wait_for(pin!(connection), &activity, IDLE_TIMEOUT, RESPONSE_TIMEOUT).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        (error.to_string(), start.elapsed().as_secs())
    }

    fn body(frames: usize) -> Body {
        vec![7; frames * FRAME].into()
    }

    fn nothing_moved() -> String {
        "nothing moved for 60 s".to_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn idle_timeout_counts_from_the_last_frame() {
        assert_eq!(failure(body(16), []).await, (nothing_moved(), 60));
        assert_eq!(failure(body(16), [(4, seconds(59)), (1, seconds(59)), (1, seconds(0))]).await.1, 59 + 59 + 60);
        assert_eq!(failure(body(16), [(4, seconds(61)), (4, seconds(0))]).await, (nothing_moved(), 60));
    }

    #[tokio::test(start_paused = true)]
    async fn response_timeout_counts_from_the_last_byte() {
        let no_response = || "no answer came in the 120 s after everything was sent".to_owned();
        assert_eq!(failure(body(4), [(4, seconds(0))]).await, (no_response(), 120));
        assert_eq!(failure(body(4), [(3, seconds(59)), (1, seconds(0))]).await, (no_response(), 59 + 120));
        assert_eq!(failure(Body::empty(), []).await, (no_response(), 120));
    }

    #[tokio::test(start_paused = true)]
    async fn response_timeout_may_be_shorter_than_idle_timeout() {
        let activity = Activity::new(1);
        let connection = async {
            let mut body = Body::from("1");
            let mut attempt = body.attempt(&activity);
            sleep(seconds(1)).await;
            poll_fn(|context| Pin::new(&mut attempt).poll_frame(context)).await.unwrap().unwrap();
            pending::<()>().await;
        };
        let start = Instant::now();
        wait_for(pin!(connection), &activity, seconds(3600), seconds(5)).await.unwrap_err();
        assert_eq!(start.elapsed(), seconds(6));
    }

    #[tokio::test(start_paused = true)]
    async fn idle_timeout_counts_for_a_slow_stream() {
        let frames = stream::iter(0..16).then(|_| async {
            sleep(seconds(50)).await;
            Ok::<_, std::io::Error>(Bytes::from(vec![7; FRAME]))
        });
        let body = Body::stream(16 * FRAME as u64, frames);
        assert_eq!(failure(body, [(5, seconds(0))]).await, (nothing_moved(), 5 * 50 + 60));
    }
}
