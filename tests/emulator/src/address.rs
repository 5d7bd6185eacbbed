//! Zone, bucket and key of a request, from its host and path.

use percent_encoding::percent_decode_str;

use crate::error::{Code, Error};

/// Zones of the service. If a host has one label before its base, such as `pek3a.qingstor.com`, that label is a zone if
/// it is in this list or is the zone of the emulator. Otherwise it is a bucket.
const ZONES: &[&str] =
    &["pek3a", "pek3b", "pek3c", "pek3d", "sh1a", "sh1b", "gd1", "gd2", "gd2a", "gd2b", "ap2a", "ap3"];

/// Base hosts of the public service.
const PUBLIC_HOSTS: &[&str] = &["qingstor.com", "qsstor.com"];

/// Maximum length of an object key, in bytes (QingStor's documentation).
const MAX_KEY_BYTES: usize = 1023;

/// The address that a request was sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// Empty for requests to the service.
    pub(crate) bucket: String,
    /// Empty for requests to the service or a bucket.
    pub(crate) key: String,
    /// True if the host, not the path, stands for the bucket. The string to sign depends on it.
    pub(crate) is_host_style: bool,
    pub(crate) zone: Option<String>,
    /// The base host, if it is one of the public service. If the host has no zone, `HEAD` of a bucket redirects to the
    /// zone of the bucket.
    pub(crate) public_host: Option<String>,
}

impl Address {
    pub(crate) fn is_bucket(&self) -> bool {
        !self.bucket.is_empty() && self.key.is_empty()
    }
}

/// The hosts that the emulator serves.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    bases: Vec<String>,
    zone: String,
}

impl Hosts {
    pub(crate) fn new(zone: &str, extra: &[String]) -> Self {
        let mut bases: Vec<String> = extra.iter().map(|base| base.to_ascii_lowercase()).collect();
        bases.extend(["localhost"].iter().chain(PUBLIC_HOSTS).map(|&base| base.to_owned()));
        // Longest first: if both `a.example` and `example` are bases, the base of `b.a.example` is `a.example`.
        bases.sort_by_key(|base| std::cmp::Reverse(base.len()));
        Self { bases, zone: zone.to_owned() }
    }

    /// Parses the address from a `Host` header and a raw path. The path is percent-decoded once. `//`, a leading `/`
    /// and `..` remain parts of the key. `bound_bucket` returns the bucket to which a domain is bound.
    pub(crate) fn locate(
        &self,
        host: &str,
        raw_path: &str,
        bound_bucket: impl Fn(&str) -> Option<String>,
    ) -> Result<Address, Error> {
        let host = strip_port(host).to_ascii_lowercase();
        let base = self.base(&host);
        let (bucket, zone) = base.map_or_else(|| (bound_bucket(&host), None), |base| self.labels(&host, base));
        let path = raw_path.strip_prefix('/').unwrap_or(raw_path);
        let is_host_style = bucket.is_some();
        let (bucket, raw_key) = match bucket {
            Some(bucket) => (bucket, path),
            None if path.is_empty() => (String::new(), ""),
            None => {
                let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
                (decode_bucket(bucket)?, key)
            }
        };
        let key = decode_key(raw_key)?;
        let public_host = base.filter(|base| PUBLIC_HOSTS.contains(base)).map(str::to_owned);
        Ok(Address { bucket, key, is_host_style, zone, public_host })
    }

    /// Returns the base host at the end of a host, or `None` for an IP address or an unknown name, such as the name of
    /// a container.
    fn base(&self, host: &str) -> Option<&str> {
        let is_under = |base: &&String| {
            host.strip_suffix(base.as_str()).is_some_and(|front| front.is_empty() || front.ends_with('.'))
        };
        self.bases.iter().find(is_under).map(String::as_str)
    }

    /// Returns the bucket and the zone that a host names in front of its base.
    fn labels(&self, host: &str, base: &str) -> (Option<String>, Option<String>) {
        let front = host.strip_suffix(base).unwrap_or("").trim_end_matches('.');
        match front.rsplit_once('.') {
            Some((bucket, zone)) => (Some(bucket.to_owned()), Some(zone.to_owned())),
            None if front.is_empty() => (None, None),
            None if front == self.zone || ZONES.contains(&front) => (None, Some(front.to_owned())),
            None => (Some(front.to_owned()), None),
        }
    }
}

/// Removes the port from a host.
fn strip_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn decode_bucket(raw: &str) -> Result<String, Error> {
    percent_decode_str(raw)
        .decode_utf8()
        .ok()
        .filter(|bucket| !bucket.is_empty())
        .map(|bucket| bucket.into_owned())
        .ok_or_else(|| Error::new(Code::InvalidBucketName, "the bucket's name is empty or not UTF-8"))
}

fn decode_key(raw: &str) -> Result<String, Error> {
    let key = percent_decode_str(raw)
        .decode_utf8()
        .map_err(|_| Error::new(Code::InvalidObjectName, "the object's key is not UTF-8 after percent-decoding"))?;
    check_key_length(&key)?;
    Ok(key.into_owned())
}

/// Checks that a key is not too long.
pub(crate) fn check_key_length(key: &str) -> Result<(), Error> {
    if key.len() > MAX_KEY_BYTES {
        let message = format!("the object's key has {} bytes, more than {MAX_KEY_BYTES}", key.len());
        return Err(Error::new(Code::InvalidObjectName, message));
    }
    Ok(())
}

/// The address of the object that a request copies or moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceAddress {
    pub(crate) bucket: String,
    pub(crate) key: String,
    /// `None` means the latest version.
    pub(crate) version_id: Option<String>,
}

/// Parses the source of a copy or move: `/bucket/key` or `/bucket/key?version_id=…`, percent-encoded. A `+` is not a
/// space. Any `?` except that of the last `?version_id=` belongs to the key, because one official client does not
/// encode ASCII keys.
pub(crate) fn parse_source(raw: &str) -> Result<SourceAddress, Error> {
    let malformed = || Error::invalid_argument(format!("the source \"{raw}\" is not of the form /bucket/key"));
    let decoded = |raw: &str| percent_decode_str(raw).decode_utf8().map(|text| text.into_owned());
    let (path, version_id) = raw.rsplit_once("?version_id=").unwrap_or((raw, ""));
    let path = decoded(path).map_err(|_| malformed())?;
    let version_id = decoded(version_id).map_err(|_| malformed())?;
    let (bucket, key) = path.strip_prefix('/').and_then(|path| path.split_once('/')).ok_or_else(malformed)?;
    if bucket.is_empty() || key.is_empty() || key.len() > MAX_KEY_BYTES {
        return Err(malformed());
    }
    let version_id = Some(version_id).filter(|id| !id.is_empty());
    Ok(SourceAddress { bucket: bucket.to_owned(), key: key.to_owned(), version_id })
}

/// Checks the name of a new bucket: 6 to 63 characters of `a-z 0-9 -`, with a letter or digit at both ends.
pub(crate) fn check_bucket_name(name: &str) -> Result<(), Error> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let good = (6..=63).contains(&name.len())
        && name.bytes().all(|byte| plain(byte) || byte == b'-')
        && name.bytes().next().is_some_and(plain)
        && name.bytes().last().is_some_and(plain);
    if good {
        return Ok(());
    }
    let message =
        format!("\"{name}\" is not a bucket name: 6 to 63 of a-z, 0-9 and \"-\", with a letter or digit at both ends");
    Err(Error::new(Code::InvalidBucketName, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locate(host: &str, path: &str) -> Address {
        Hosts::new("pek3a", &["store.example".to_owned()]).locate(host, path, |_| None).unwrap()
    }

    fn target(host: &str, path: &str) -> (String, String) {
        let Address { bucket, key, .. } = locate(host, path);
        (bucket, key)
    }

    fn pair(bucket: &str, key: &str) -> (String, String) {
        (bucket.to_owned(), key.to_owned())
    }

    #[test]
    fn locates_bucket_and_key_in_path_style() {
        for host in [
            "127.0.0.1:9000",
            "[::1]:9000",
            "localhost",
            "pek3b.localhost:1",
            "pek3a.qingstor.com:443",
            "some-container:9000",
        ] {
            assert_eq!(target(host, "/"), pair("", ""));
            assert_eq!(target(host, "/b"), pair("b", ""));
            assert_eq!(target(host, "/b/"), pair("b", ""));
            assert_eq!(target(host, "/b/k"), pair("b", "k"));
            assert!(!locate(host, "/b/k").is_host_style);
        }
        assert_eq!(locate("pek3b.localhost:1", "/").zone.as_deref(), Some("pek3b"));
    }

    #[test]
    fn locates_bucket_and_key_in_host_style() {
        for host in
            ["b.localhost:9000", "b.pek3b.localhost", "B.anywhere.localhost", "b.pek3a.qingstor.com", "b.store.example"]
        {
            assert_eq!(target(host, "/a/b"), pair("b", "a/b"), "{host}");
            assert!(locate(host, "/a/b").is_host_style);
            assert_eq!(target(host, "/"), pair("b", ""));
        }
    }

    #[test]
    fn decodes_keys_once_and_keeps_them_otherwise() {
        let key = |path: &str| locate("127.0.0.1", path).key;
        assert_eq!(key("/b//a"), "/a");
        assert_eq!(key("/b/a//b"), "a//b");
        assert_eq!(key("/b/../a/./b"), "../a/./b");
        assert_eq!(key("/b/a%2Fb%2fc"), "a/b/c");
        assert_eq!(key("/b/a%252F+%2B"), "a%2F++");
        assert_eq!(key("/b/%E4%B8%AD"), "中");
        assert_eq!(key("/b/folder/"), "folder/");
    }

    #[test]
    fn rejects_invalid_keys_and_bucket_names() {
        let hosts = Hosts::new("pek3a", &[]);
        assert!(hosts.locate("localhost", "/b/%FF", |_| None).is_err());
        assert!(hosts.locate("localhost", &format!("/b/{}", "a".repeat(1024)), |_| None).is_err());
        assert!(hosts.locate("localhost", &format!("/b/{}", "a".repeat(1023)), |_| None).is_ok());
        assert!(check_bucket_name("my-bucket").is_ok());
        for name in ["short", "Upper-case", "-dash-first", "dash-last-", "dot.in.it", ""] {
            assert!(check_bucket_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn parses_copy_sources() {
        for (raw, key, version_id) in [
            ("/b/a%20b+c%2Fd", "a b+c/d", None),
            ("/b/!@#$%^&*", "!@#$%^&*", None),
            ("/b/k?version_id=Nj%3D", "k", Some("Nj=")),
            ("/b/k?version_id=", "k", None),
            ("/b/k%3Fversion_id=1", "k?version_id=1", None),
            ("/b/k%3Fversion_id=1?version_id=2", "k?version_id=1", Some("2")),
            ("/b/k?version_id=1?version_id=2", "k?version_id=1", Some("2")),
            ("/b/what?.txt", "what?.txt", None),
        ] {
            let version_id = version_id.map(str::to_owned);
            let source = SourceAddress { bucket: "b".into(), key: key.into(), version_id };
            assert_eq!(parse_source(raw).unwrap(), source, "{raw}");
        }
        for bad in ["", "/", "/b", "/b/", "b/k", "//k", "/b/?version_id=1", "/b/k?version_id=%FF"] {
            assert!(parse_source(bad).is_err(), "{bad}");
        }
    }
}
