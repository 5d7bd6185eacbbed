//! `multipart/form-data` (RFC 7578): fields, then at most one file, of which nothing is copied.

use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;

use crate::Body;

/// The content type, which names the boundary, and the body.
pub(super) fn write(fields: &[(&str, &str)], file: Option<(&str, Body)>) -> (String, Body) {
    let boundary = boundary(fields, random_boundary);
    let mut before = String::new();
    for (name, value) in fields {
        before.push_str(&format!("--{boundary}\r\n{}\r\n\r\n{value}\r\n", disposition(name)));
    }
    let content_type = format!("multipart/form-data; boundary={boundary}");
    let end = format!("--{boundary}--\r\n");
    let Some((name, file)) = file else {
        return (content_type, Bytes::from(before + &end).into());
    };
    let described = disposition(name);
    // Without a file name, servers take it for a field; without a type, for text.
    before.push_str(&format!(
        "--{boundary}\r\n{described}; filename=\"{}\"\r\ncontent-type: application/octet-stream\r\n\r\n",
        quoted(name)
    ));
    (content_type, file.framed(before.into(), format!("\r\n{end}").into()))
}

fn disposition(name: &str) -> String {
    format!("content-disposition: form-data; name=\"{}\"", quoted(name))
}

/// A name as browsers write it: what would end it, or the line, is percent-encoded.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// What occurs in no field. A file is not searched for it: that one holds by chance 128 bits that nobody could know
/// is less likely than any other failure.
fn boundary(fields: &[(&str, &str)], mut candidate: impl FnMut() -> String) -> String {
    loop {
        let boundary = candidate();
        if !fields.iter().any(|(name, value)| name.contains(&boundary) || value.contains(&boundary)) {
            return boundary;
        }
    }
}

fn random_boundary() -> String {
    // Seeded by the operating system; 128 bits of it are not to be guessed from outside.
    let random = RandomState::new();
    format!("qingstor-{:016x}{:016x}", random.hash_one(0u8), random.hash_one(1u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &Body) -> String {
        String::from_utf8(body.as_bytes().unwrap().to_vec()).unwrap()
    }

    #[test]
    fn fields_are_written_in_order_and_as_they_are() {
        let (content_type, body) = write(&[("key", "ü\r\n--x"), ("redirect", "")], None);
        let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
        assert_eq!(
            text(&body),
            format!(
                "--{boundary}\r\ncontent-disposition: form-data; name=\"key\"\r\n\r\nü\r\n--x\r\n\
                 --{boundary}\r\ncontent-disposition: form-data; name=\"redirect\"\r\n\r\n\r\n--{boundary}--\r\n"
            )
        );
    }

    #[test]
    fn no_name_can_end_its_line() {
        assert_eq!(quoted("a\"; x=\"\r\n\r\nb"), "a%22; x=%22%0D%0A%0D%0Ab");
    }

    #[test]
    fn the_boundary_occurs_in_no_field() {
        let mut candidates = ["in-name", "in-value", "free"].into_iter().map(str::to_owned);
        let fields = [("x-in-name", "a"), ("b", "--in-value\r\n")];
        assert_eq!(boundary(&fields, || candidates.next().unwrap()), "free");
    }

    #[test]
    fn boundaries_are_legal_and_differ() {
        let (one, other) = (random_boundary(), random_boundary());
        assert_ne!(one, other);
        assert!(one.len() <= 70 && one.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{one}");
    }

    #[test]
    fn the_file_comes_last_and_its_length_is_known() {
        let (_, body) = write(&[("key", "k")], Some(("file", Body::stream(5, NoStream))));
        assert!(!body.is_replayable(), "its stream is not");
        let (content_type, framed) = write(&[("key", "k")], Some(("file", "12345".into())));
        assert!(framed.is_replayable());
        assert_eq!(framed.len(), body.len());
        let (_, without) = write(&[("key", "k")], None);
        let boundary = content_type.split('=').nth(1).unwrap();
        let head = "--\r\ncontent-disposition: form-data; name=\"file\"; filename=\"file\"\r\n\
                    content-type: application/octet-stream\r\n\r\n\r\n";
        assert_eq!(framed.len(), without.len() + (head.len() + boundary.len() + 5) as u64);
    }

    struct NoStream;

    impl futures_core::Stream for NoStream {
        type Item = Result<Bytes, std::io::Error>;

        fn poll_next(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            std::task::Poll::Ready(None)
        }
    }
}
