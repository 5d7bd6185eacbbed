//! Timestamps that JSON documents contain as seconds since the Unix epoch.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Timestamp;

/// A timestamp to be written into the JSON of a request as seconds since the Unix epoch, rounded down.
#[allow(dead_code, reason = "generated code may not use it")]
pub(crate) struct UnixTime<'a, T>(pub(crate) &'a T);

impl Serialize for UnixTime<'_, Timestamp> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.as_unix())
    }
}

impl Serialize for UnixTime<'_, Option<Timestamp>> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().map(Timestamp::as_unix).serialize(serializer)
    }
}

/// A required or optional timestamp that is decoded from seconds since the Unix epoch.
pub(crate) trait FromUnixTime: Sized {
    /// Type of the JSON value: `i64` or `Option<i64>`.
    type Seconds: for<'de> Deserialize<'de>;

    fn from_seconds<E: de::Error>(seconds: Self::Seconds) -> Result<Self, E>;
}

impl FromUnixTime for Timestamp {
    type Seconds = i64;

    fn from_seconds<E: de::Error>(seconds: i64) -> Result<Self, E> {
        Self::from_unix(seconds).map_err(E::custom)
    }
}

impl FromUnixTime for Option<Timestamp> {
    type Seconds = Option<i64>;

    fn from_seconds<E: de::Error>(seconds: Option<i64>) -> Result<Self, E> {
        seconds.map(Timestamp::from_seconds).transpose()
    }
}

/// Serializes a field with a timestamp. Generated code uses the module in `#[serde(with = "unix_time")]`.
#[allow(dead_code, reason = "generated code may not use it")]
pub(crate) fn serialize<'a, T, S>(timestamp: &'a T, serializer: S) -> Result<S::Ok, S::Error>
where
    S: Serializer,
    UnixTime<'a, T>: Serialize,
{
    UnixTime(timestamp).serialize(serializer)
}

/// Deserializes a field with a timestamp, as [`serialize`] writes it.
#[allow(dead_code, reason = "generated code may not use it")]
pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromUnixTime,
    D: Deserializer<'de>,
{
    T::from_seconds(T::Seconds::deserialize(deserializer)?)
}
