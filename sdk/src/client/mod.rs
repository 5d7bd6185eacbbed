//! The internal client that the public handles share. It encodes, signs and sends operations, and decodes responses.

mod clock_skew;
mod presign;
mod proxy;
mod resume;
mod retry;
mod send;
pub mod sign;
mod tls;
#[cfg(feature = "rustls")]
mod tls_verifier;
mod transport;
mod url;

use std::sync::Arc;

use http::HeaderValue;

use crate::config::{Config, Endpoint};
use crate::error::{CallName, Error, Result};
use crate::operation::spec::OperationSpec;
use crate::operation::{Operation, RequestEncoder};
use crate::value::check_key;
use clock_skew::Clock;
pub use presign::PresignedRequest;
pub(crate) use retry::Attempts;
#[cfg(feature = "transfer")]
pub(crate) use retry::{can_retry, can_retry_body, can_retry_range};
use send::Call;
#[cfg(feature = "bench")]
pub(crate) use transport::Outgoing;
use transport::Transport;

/// The client for an account. A `QingStor` shares it with the handles for its buckets.
pub(crate) struct Client {
    config: Config,
    pub(crate) endpoint: Endpoint,
    user_agent: HeaderValue,
    pub(crate) clock: Clock,
    transport: Transport,
}

/// The resource that a call addresses.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Address<'a> {
    pub(crate) zone: Option<&'a str>,
    pub(crate) bucket: Option<&'a str>,
    pub(crate) key: Option<&'a str>,
}

impl Address<'_> {
    /// Returns the description of a call with this address for errors.
    pub(crate) fn call_name(&self, operation: &'static str) -> CallName {
        CallName { operation, bucket: self.bucket.map(str::to_owned), key: self.key.map(str::to_owned) }
    }
}

impl Client {
    pub(crate) fn new(config: Config) -> Result<Self> {
        let endpoint = config.check()?;
        let transport = Transport::new(&config, &endpoint)?;
        let user_agent = user_agent(config.additional_user_agent.as_deref())?;
        Ok(Self { config, endpoint, user_agent, clock: Clock::default(), transport })
    }

    /// Encodes `input`, sends it until it succeeds or the retry policy allows no other attempt, and decodes the response.
    ///
    /// The function is short, because it is compiled for each operation. The functions that it calls are compiled once.
    /// It is not an `async fn`, because its future would hold a second copy of the input. The input is encoded by the call of
    /// this function, and the request is sent by the future. That future is boxed inside, because futures are moved.
    pub(crate) fn execute<'a, I: Operation>(
        self: &'a Arc<Self>,
        input: I,
        address: Address<'_>,
    ) -> impl Future<Output = Result<I::Output>> + use<'a, I> {
        let call = self.encode(input, address).map(Box::new);
        async move { I::decode(Box::pin(self.send_resumable(call?)).await?) }
    }

    /// Sends a request as [`execute`](Self::execute) does, for a transfer that sends several requests for a part: all of
    /// them count their failed attempts in `attempts`. The transfer requests the rest of a body itself, so the body is not
    /// resumed.
    pub(crate) async fn execute_within<'a, I: Operation>(
        &'a self,
        attempts: &mut Attempts<'a>,
        input: I,
        address: Address<'_>,
    ) -> Result<I::Output> {
        let call = Box::new(self.encode(input, address)?);
        I::decode(Box::pin(self.send(&call, attempts)).await?)
    }

    /// Returns the attempts that the configuration allows for one request.
    pub(crate) fn attempts(&self) -> Attempts<'_> {
        Attempts::new(&self.config.retry)
    }

    /// Returns the attempts that remain after `failed` ones.
    fn attempts_after(&self, failed: u32) -> Attempts<'_> {
        Attempts::after(&self.config.retry, failed)
    }

    pub(crate) fn encode<I: Operation>(&self, input: I, address: Address<'_>) -> Result<Call> {
        let mut encoder = RequestEncoder::new(&I::SPEC);
        input.encode(&mut encoder);
        self.call(I::SPEC, encoder, address)
    }

    /// Returns the zone of the bucket, or that of the configuration if the bucket has none.
    pub(crate) fn zone_in_use<'a>(&'a self, bucket_zone: Option<&'a str>) -> Option<&'a str> {
        bucket_zone.or(self.config.zone.as_deref())
    }

    /// Checks a request and its address, and returns the call. It is not generic, so that it is compiled once for all
    /// operations.
    fn call(&self, spec: OperationSpec, mut encoder: RequestEncoder, address: Address<'_>) -> Result<Call> {
        let Address { zone, bucket, key } = address;
        let name = address.call_name(spec.name);
        if let Some(Err(problem)) = key.map(check_key) {
            encoder.refuse("key", problem);
        }
        let request = encoder.finish(self.config.credentials());
        let addressed = request.and_then(|request| {
            // The configuration was checked before, so only an argument of the call can cause an error.
            let target = self.endpoint.target(self.zone_in_use(zone), bucket, key, self.config.addressing_style);
            Ok((target.map_err(Error::into_invalid_input)?, request))
        });
        let (target, request) = addressed.map_err(|error| error.with_call(&name))?;
        Ok(Call { spec, name: Arc::new(name), target, request })
    }
}

fn user_agent(additional: Option<&str>) -> Result<HeaderValue> {
    let (version, os, arch) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    let additional = additional.map(|text| format!(" {text}")).unwrap_or_default();
    HeaderValue::from_str(&format!("qingstor-sdk-rust/{version} ({os}; {arch}){additional}"))
        .map_err(|error| Error::config("additional_user_agent must be printable ASCII").with_source(error))
}
