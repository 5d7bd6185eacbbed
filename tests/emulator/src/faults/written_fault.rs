//! A fault in a plan: its name, or its name and what it takes.

use std::fmt;
use std::iter::empty;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::value::{MapDeserializer, StrDeserializer};
use serde::de::{DeserializeOwned, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::fault::{Fault, Offset};
use super::scalar::{duration, offset, optional_duration, optional_offset, speed, status};

pub(super) struct WrittenFault(pub(super) Fault);

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    CloseOnAccept,
    ErrorAnswer,
    ResetBeforeAnswer,
    ResetInBody,
    CutAnswer,
    LoseAnswer,
    StallInBody,
    StallBeforeAnswer,
    StallInAnswer,
    Latency,
    SlowReceive,
    SlowSend,
    Bandwidth,
    FlipReceivedBit,
    FlipSentBit,
    WrongEtag,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    #[serde(deserialize_with = "status")]
    status: u16,
    code: Option<String>,
    retry_after: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    #[serde(deserialize_with = "offset")]
    after: Offset,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct At {
    #[serde(default, deserialize_with = "optional_offset")]
    at: Option<Offset>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lasts {
    #[serde(default, deserialize_with = "optional_duration")]
    lasts: Option<Duration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AfterLasts {
    #[serde(deserialize_with = "offset")]
    after: Offset,
    #[serde(default, deserialize_with = "optional_duration")]
    lasts: Option<Duration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delay {
    #[serde(deserialize_with = "duration")]
    delay: Duration,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Speed {
    #[serde(deserialize_with = "speed")]
    bytes_per_second: u64,
}

impl Kind {
    fn with<E, S: Settings<E>>(self, settings: S) -> Result<Fault, E> {
        Ok(match self {
            Self::CloseOnAccept => settings.take().map(|Nothing {}| Fault::CloseOnAccept)?,
            Self::ErrorAnswer => {
                let Answer { status, code, retry_after } = settings.take()?;
                Fault::ErrorAnswer { status, code, retry_after }
            }
            Self::ResetBeforeAnswer => settings.take().map(|Nothing {}| Fault::ResetBeforeAnswer)?,
            Self::ResetInBody => settings.take().map(|After { after }| Fault::ResetInBody { after })?,
            Self::CutAnswer => settings.take().map(|After { after }| Fault::CutAnswer { after })?,
            Self::LoseAnswer => settings.take().map(|Nothing {}| Fault::LoseAnswer)?,
            Self::StallInBody => {
                settings.take().map(|AfterLasts { after, lasts }| Fault::StallInBody { after, lasts })?
            }
            Self::StallBeforeAnswer => settings.take().map(|Lasts { lasts }| Fault::StallBeforeAnswer { lasts })?,
            Self::StallInAnswer => {
                settings.take().map(|AfterLasts { after, lasts }| Fault::StallInAnswer { after, lasts })?
            }
            Self::Latency => settings.take().map(|Delay { delay }| Fault::Latency { delay })?,
            Self::SlowReceive => {
                settings.take().map(|Speed { bytes_per_second }| Fault::SlowReceive { bytes_per_second })?
            }
            Self::SlowSend => settings.take().map(|Speed { bytes_per_second }| Fault::SlowSend { bytes_per_second })?,
            Self::Bandwidth => {
                settings.take().map(|Speed { bytes_per_second }| Fault::Bandwidth { bytes_per_second })?
            }
            Self::FlipReceivedBit => settings.take().map(|At { at }| Fault::FlipReceivedBit { at })?,
            Self::FlipSentBit => settings.take().map(|At { at }| Fault::FlipSentBit { at })?,
            Self::WrongEtag => settings.take().map(|Nothing {}| Fault::WrongEtag)?,
        })
    }
}

/// What is written behind the name of a fault.
trait Settings<E> {
    fn take<T: DeserializeOwned>(self) -> Result<T, E>;
}

/// Behind a name that stands alone.
struct Alone<E>(PhantomData<E>);

impl<E: Error> Settings<E> for Alone<E> {
    fn take<T: DeserializeOwned>(self) -> Result<T, E> {
        T::deserialize(MapDeserializer::new(empty::<(&str, &str)>()))
    }
}

struct Written<'a, A>(&'a mut A);

impl<'de, A: MapAccess<'de>> Settings<A::Error> for Written<'_, A> {
    fn take<T: DeserializeOwned>(self) -> Result<T, A::Error> {
        self.0.next_value()
    }
}

impl<'de> Deserialize<'de> for WrittenFault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FaultVisitor).map(Self)
    }
}

struct FaultVisitor;

impl<'de> Visitor<'de> for FaultVisitor {
    type Value = Fault;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a fault, or a name and what it takes")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Fault, E> {
        let kind = Kind::deserialize(StrDeserializer::new(name))?;
        kind.with(Alone(PhantomData))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fault, A::Error> {
        let Some(kind) = map.next_key::<Kind>()? else {
            return Err(A::Error::custom("a fault has a name"));
        };
        let fault = kind.with(Written(&mut map))?;
        match map.next_key::<String>()? {
            Some(second) => Err(A::Error::custom(format!("a rule has one fault; `{second}` is a second one"))),
            None => Ok(fault),
        }
    }
}
