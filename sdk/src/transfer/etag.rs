//! MD5s of bodies and parts, their text forms, and the ETag of a multipart object.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use crate::md5_lanes::Md5Sum;

/// Checksum with which a transfer detects changed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Checksum {
    /// MD5.
    ///
    /// An upload sends a `Content-MD5` header with each request that carries bytes of the object, and the server refuses the
    /// request if the bytes differ. When a multipart upload is completed, the client proposes the ETag that S3 tools compute
    /// from the MD5s of the parts. A download compares the file with the ETag of the object.
    Md5,
}

/// Formats an MD5 for the `Content-MD5` header.
pub(crate) fn content_md5(sum: &Md5Sum) -> String {
    STANDARD.encode(sum)
}

/// Formats an MD5 in lower-case hexadecimal, without quotes, as in lists of parts.
pub(crate) fn hex(sum: &Md5Sum) -> String {
    format!("{:032x}", u128::from_be_bytes(*sum))
}

/// Parses an MD5 in hexadecimal, in upper or lower case, with or without the quotes of an ETag.
pub(crate) fn parse_hex(text: &str) -> Option<Md5Sum> {
    let digits = text.trim_matches('"');
    let is_md5 = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u128::from_str_radix(digits, 16).ok().filter(|_| is_md5).map(u128::to_be_bytes)
}

/// ETag of a multipart object: the MD5 of the MD5s of its parts, and the number of parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartsEtag {
    sum: Md5Sum,
    pub(crate) count: u32,
}

impl PartsEtag {
    /// Computes the ETag as S3 and its tools do, from the binary MD5s of the parts.
    pub(crate) fn of(sums: &[Md5Sum]) -> Self {
        Self::new(sums.as_flattened(), sums.len())
    }

    /// Computes the ETag as some servers do, from the hexadecimal MD5s of the parts.
    pub(crate) fn of_hex(sums: &[Md5Sum]) -> Self {
        Self::new(sums.iter().map(hex).collect::<String>().as_bytes(), sums.len())
    }

    fn new(sums: &[u8], count: usize) -> Self {
        Self { sum: Md5::digest(sums).into(), count: u32::try_from(count).unwrap_or(u32::MAX) }
    }

    /// Parses an ETag in upper or lower case, with or without quotes. Parsed ETags are equal in all these notations.
    pub(crate) fn parse(etag: &str) -> Option<Self> {
        let (sum, count) = etag.trim_matches('"').split_once('-')?;
        let is_number = count.bytes().all(|byte| byte.is_ascii_digit());
        let count = count.parse().ok().filter(|_| is_number)?;
        Some(Self { sum: parse_hex(sum)?, count })
    }
}

/// Formats the ETag with quotes, as in headers.
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
    fn md5_is_formatted_for_headers_and_lists() {
        // Test vectors of RFC 1321.
        assert_eq!(hex(&sum(b"abc")), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(content_md5(&sum(b"")), "1B2M2Y8AsgTpgAmY7PhCfg==");
    }

    #[test]
    fn parse_hex_accepts_32_hexadecimal_digits_only() {
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
        assert_eq!(parse_hex(&format!("{}-2", hex(&abc))), None, "an ETag of parts is not an MD5 of bytes");
    }

    #[test]
    fn parts_etag_equals_that_of_s3_tools() {
        // 8 MiB and 1 MiB of zeros, as `aws s3 cp` uploads them.
        let parts = [sum(&vec![0; 8 << 20]), sum(&vec![0; 1 << 20])];
        let joined: Vec<u8> = parts.concat();
        assert_eq!(PartsEtag::of(&parts).to_string(), format!("\"{}-2\"", hex(&sum(&joined))));
    }

    #[test]
    fn parts_etags_are_equal_in_every_notation() {
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
