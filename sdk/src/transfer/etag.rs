//! MD5 digests of bodies and parts, and the ETags made of them.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use crate::md5_lanes::Md5Sum;

/// Checksum that protects the bytes of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Checksum {
    /// MD5. Uploads send `Content-MD5` with every part, which the server compares with the bytes it received, and give the
    /// object the ETag that S3 tools compute. Downloads compare the file with the ETag.
    Md5,
}

/// Formats a digest for the header `Content-MD5`.
pub(crate) fn content_md5(sum: &Md5Sum) -> String {
    STANDARD.encode(sum)
}

/// Formats a digest for ETags and part lists, without quotes.
pub(crate) fn hex(sum: &Md5Sum) -> String {
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Parses a digest in hexadecimal, in either case, with or without the quotes of an ETag.
pub(crate) fn parse_hex(text: &str) -> Option<Md5Sum> {
    let text = text.trim_matches('"').as_bytes();
    let (digits, rest) = text.as_chunks::<2>();
    let mut sum = Md5Sum::default();
    if digits.len() != sum.len() || !rest.is_empty() {
        return None;
    }
    for (byte, digits) in sum.iter_mut().zip(digits) {
        let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
        *byte = u8::try_from(high? << 4 | low?).ok()?;
    }
    Some(sum)
}

/// ETag of an object made of parts: the MD5 of the parts' MD5s, and the number of parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartsEtag {
    sum: Md5Sum,
    pub(crate) count: u32,
}

impl PartsEtag {
    pub(crate) fn of<'a>(sums: impl IntoIterator<Item = &'a Md5Sum>) -> Self {
        let mut md5 = Md5::new();
        let mut count = 0;
        for sum in sums {
            md5.update(sum);
            count += 1;
        }
        Self { sum: md5.finalize().into(), count }
    }

    /// Computes the variant of some servers, which hash the MD5s in hexadecimal.
    pub(crate) fn of_texts(sums: &[Md5Sum]) -> Self {
        let md5 = sums.iter().fold(Md5::new(), |md5, sum| md5.chain_update(hex(sum)));
        Self { sum: md5.finalize().into(), count: u32::try_from(sums.len()).unwrap_or(u32::MAX) }
    }

    /// Parses an ETag in either case, with or without quotes. ETags are compared in this form, never as text.
    pub(crate) fn parse(etag: &str) -> Option<Self> {
        let (sum, count) = etag.trim_matches('"').split_once('-')?;
        let is_number = count.bytes().all(|byte| byte.is_ascii_digit());
        let count = count.parse().ok().filter(|_| is_number)?;
        Some(Self { sum: parse_hex(sum)?, count })
    }
}

/// Formats the ETag in quotes, as in headers.
impl fmt::Display for PartsEtag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}-{}\"", hex(&self.sum), self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(bytes: &[u8]) -> Md5Sum {
        Md5::digest(bytes).into()
    }

    #[test]
    fn digests_are_formatted_for_headers_and_lists() {
        // Examples of RFC 1321.
        assert_eq!(hex(&sum(b"abc")), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(content_md5(&sum(b"")), "1B2M2Y8AsgTpgAmY7PhCfg==");
    }

    #[test]
    fn only_hexadecimal_digests_are_parsed() {
        let abc = sum(b"abc");
        for text in [hex(&abc), hex(&abc).to_uppercase(), format!("\"{}\"", hex(&abc))] {
            assert_eq!(parse_hex(&text), Some(abc), "{text}");
        }
        for text in [
            "",
            "\"\"",
            "900150983cd24fb0d6963f7d28e17f7",
            "900150983cd24fb0d6963f7d28e17f7g",
            "+90150983cd24fb0d6963f7d28e17f72",
        ] {
            assert_eq!(parse_hex(text), None, "{text}");
        }
        assert_eq!(parse_hex(&format!("{}-2", hex(&abc))), None, "the ETag of parts is not a digest of bytes");
    }

    #[test]
    fn the_etag_of_parts_is_that_of_s3_tools() {
        // 8 MiB and 1 MiB of zeros, as `aws s3 cp` uploads them.
        let parts = [sum(&vec![0; 8 << 20]), sum(&vec![0; 1 << 20])];
        let joined: Vec<u8> = parts.concat();
        assert_eq!(PartsEtag::of(&parts).to_string(), format!("\"{}-2\"", hex(&sum(&joined))));
    }

    #[test]
    fn etags_of_parts_are_equal_in_every_notation() {
        let etag = PartsEtag::of(&[sum(b"a"), sum(b"b")]);
        let text = etag.to_string();
        for written in [text.as_str(), text.trim_matches('"'), &text.to_uppercase()] {
            assert_eq!(PartsEtag::parse(written), Some(etag), "{written}");
        }
        assert_ne!(PartsEtag::parse(&text.replace("-2", "-3")), Some(etag));
        for other in [hex(&sum(b"a")), text.replace("-2", "-"), text.replace("-2", "-+2"), "\"x-2\"".to_owned()] {
            assert_eq!(PartsEtag::parse(&other), None, "{other}");
        }
    }
}
