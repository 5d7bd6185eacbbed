//! The internal client below the public handles: sends operations, with signature and retries.

mod clock_skew;
mod presign;
mod retry;
mod send;
pub mod sign;
mod transport;
mod url;

use std::borrow::BorrowMut;
use std::sync::Arc;

use http::HeaderValue;

use crate::config::{AddressingStyle, Config, Credentials, Endpoint, RetryConfig, Target};
use crate::error::{CallName, Error, Result};
use crate::operation::{EncodedRequest, Operation, RequestEncoder};
use crate::value::check_key;
use clock_skew::Clock;
pub use presign::PresignedRequest;
pub(crate) use retry::Attempts;
use send::Call;
#[cfg(feature = "bench")]
pub(crate) use transport::Outgoing;
use transport::Transport;

pub(crate) struct Client {
    pub(crate) endpoint: Endpoint,
    pub(crate) zone: Option<String>,
    pub(crate) addressing_style: AddressingStyle,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) retry: RetryConfig,
    /// The server's time is the same for all that are made of one another.
    pub(crate) clock: Arc<Clock>,
    pub(crate) transport: Transport,
}

/// What a call addresses.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Address<'a> {
    pub(crate) zone: Option<&'a str>,
    pub(crate) bucket: Option<&'a str>,
    pub(crate) key: Option<&'a str>,
}

impl Client {
    pub(crate) fn new(config: Config) -> Result<Self> {
        let settings = config.resolve()?;
        let transport = Transport::new(&settings)?;
        Ok(Self {
            user_agent: user_agent(settings.additional_user_agent.as_deref())?,
            endpoint: settings.endpoint,
            zone: settings.zone,
            addressing_style: settings.addressing_style,
            credentials: settings.credentials,
            retry: settings.retry,
            clock: Arc::default(),
            transport,
        })
    }

    /// Encodes `input`, sends it until it succeeds or `attempts` are used up, and decodes the response.
    ///
    /// The attempts belong to this request alone, or are borrowed from a transfer that sends several requests for a part.
    /// This function is compiled for each operation, so it is short. The functions that it calls are compiled once.
    pub(crate) async fn execute<'a, I: Operation>(
        &'a self,
        attempts: impl BorrowMut<Attempts<'a>> + Send,
        input: I,
        address: Address<'_>,
    ) -> Result<I::Output> {
        let (name, sending) = {
            let call = self.encode(input, address)?;
            (Arc::clone(&call.name), self.send(call, attempts))
        };
        let decoder = sending.await?;
        I::decode(decoder).map_err(|error| error.with_call(&name))
    }

    /// Returns the attempts that the configuration allows for one request.
    pub(crate) fn attempts(&self) -> Attempts<'_> {
        Attempts::new(&self.retry)
    }

    pub(crate) fn encode<I: Operation>(&self, input: I, address: Address<'_>) -> Result<Call> {
        let name = call_name(I::SPEC.name, address);
        let mut encoder = RequestEncoder::new(&I::SPEC);
        input.encode(&mut encoder);
        let request = self.addressed(encoder, address).map_err(|error| error.with_call(&name))?;
        let (target, request) = request;
        Ok(Call { spec: I::SPEC, name: Arc::new(name), target, request })
    }

    pub(crate) fn zone_in_use<'a>(&'a self, given: Option<&'a str>) -> Option<&'a str> {
        given.or(self.zone.as_deref())
    }

    fn addressed(&self, mut encoder: RequestEncoder, address: Address<'_>) -> Result<(Target, EncodedRequest)> {
        if let Some(Err(problem)) = address.key.map(check_key) {
            encoder.refuse("key", problem);
        }
        let request = encoder.finish(self.credentials.as_ref())?;
        let zone = self.zone_in_use(address.zone);
        // The configuration was checked when the client was made: what does not fit now came with the call.
        let target = self
            .endpoint
            .target(zone, address.bucket, address.key, self.addressing_style)
            .map_err(Error::into_invalid_input)?;
        Ok((target, request))
    }
}

fn call_name(operation: &'static str, address: Address<'_>) -> CallName {
    CallName { operation, bucket: address.bucket.map(str::to_owned), key: address.key.map(str::to_owned) }
}

fn user_agent(additional: Option<&str>) -> Result<HeaderValue> {
    let own = format!(
        "qingstor-sdk-rust/{} ({}; {})",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    let text = match additional {
        Some(additional) => format!("{own} {additional}"),
        None => own,
    };
    HeaderValue::from_str(&text)
        .map_err(|error| Error::config("additional_user_agent must be printable ASCII").with_source(error))
}
