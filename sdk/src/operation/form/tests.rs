use super::*;

const SECRET: &str = "form-secret";

fn credentials() -> Credentials {
    Credentials::new("FORMKEY", SECRET)
}

/// Creates a form with two plain fields and the three signing fields, which may be unset.
fn form(key_id: Option<&str>, policy: Option<&str>, signature: Option<&str>) -> Form {
    let field = |name: &'static str, role, value: Option<&str>| Field {
        name: name.into(),
        role,
        value: value.map(str::to_owned),
    };
    Form {
        encoding: Encoding::UrlEncoded,
        fields: vec![
            field("access_key_id", Role::AccessKeyId, key_id),
            field("policy", Role::Policy, policy),
            field("signature", Role::Signature, signature),
            field("key", Role::Plain, Some("a \"key\" + ü")),
            field("redirect", Role::Plain, Some("https://example.com/?a=b")),
        ],
        file: None,
    }
}

fn written(form: Form, credentials: Option<&Credentials>) -> Result<String, String> {
    let written = form.write(credentials)?;
    assert!(written.is_signed);
    Ok(String::from_utf8(written.body.as_bytes().unwrap().to_vec()).unwrap())
}

const PLAIN: &str = "key=a%20%22key%22%20%2B%20%C3%BC&redirect=https%3A%2F%2Fexample.com%2F%3Fa%3Db";

#[test]
fn unset_signing_fields_are_computed() {
    // Computed with Python: base64(json.dumps(fields)), and base64(hmac(secret, policy, sha256)).
    let policy = "eyJrZXkiOiJhIFwia2V5XCIgKyDDvCIsInJlZGlyZWN0IjoiaHR0cHM6Ly9leGFtcGxlLmNvbS8/YT1iIn0=";
    let signature = "n8Dnd66qv4MD1LpmT+o3I8TSfCZo3iaYnrvvlCdx4Jg=";
    let expected =
        format!("access_key_id=FORMKEY&policy={}&signature={}&{PLAIN}", encode_query(policy), encode_query(signature));
    assert_eq!(written(form(None, None, None), Some(&credentials())), Ok(expected));
}

#[test]
fn policy_of_the_caller_is_signed() {
    let text = written(form(Some("FORMKEY"), Some("cG9saWN5"), None), Some(&credentials())).unwrap();
    assert_eq!(
        text,
        format!(
            "access_key_id=FORMKEY&policy=cG9saWN5&signature={}&{PLAIN}",
            encode_query("cTFiox1y3awsWwithMK7I/TbDJwnEqSGJJZJBzJ7O2o=")
        )
    );
}

#[test]
fn signature_of_the_caller_is_sent_unchanged() {
    let given = form(Some("OTHER"), Some("p"), Some("s"));
    let expected = format!("access_key_id=OTHER&policy=p&signature=s&{PLAIN}");
    assert_eq!(written(given, Some(&credentials())), Ok(expected.clone()));
    assert_eq!(written(form(Some("OTHER"), Some("p"), Some("s")), None), Ok(expected));
}

#[test]
fn anonymous_client_adds_no_signing_fields() {
    assert_eq!(written(form(None, None, None), None), Ok(PLAIN.to_owned()));
}

#[test]
fn anonymous_client_rejects_an_incomplete_signature() {
    for (key_id, policy, signature, expected) in [
        (Some("ID"), None, None, "has access_key_id, but not policy and signature"),
        (None, Some("p"), None, "has policy, but not access_key_id and signature"),
        (Some("ID"), Some("p"), None, "has access_key_id and policy, but not signature"),
        (None, Some("p"), Some("s"), "has policy and signature, but not access_key_id"),
    ] {
        let problem = written(form(key_id, policy, signature), None).unwrap_err();
        assert!(problem.contains(expected) && problem.contains("access key pair"), "{problem}");
    }
}

#[test]
fn rejects_signatures_that_cannot_be_verified() {
    let problem = written(form(None, None, Some("s")), Some(&credentials())).unwrap_err();
    assert!(problem.contains("policy is not"), "{problem}");
    let problem = written(form(Some("OTHER"), None, None), Some(&credentials())).unwrap_err();
    assert!(problem.contains("access_key_id is not that of this client"), "{problem}");
}

#[test]
fn debug_shows_names_only() {
    let shown = format!("{:?}", form(Some("ID"), Some("POLICY"), Some("SIGNATURE")));
    assert!(shown.contains("\"signature\"") && !shown.contains("SIGNATURE") && !shown.contains("POLICY"), "{shown}");
}

fn text(body: &Body) -> String {
    String::from_utf8(body.as_bytes().unwrap().to_vec()).unwrap()
}

#[test]
fn multipart_writes_fields_unchanged_and_in_order() {
    let (content_type, body) = write_multipart(&[("key", "ü\r\n--x"), ("redirect", "")], None);
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
fn multipart_names_cannot_end_their_line() {
    assert_eq!(quoted("a\"; x=\"\r\n\r\nb"), "a%22; x=%22%0D%0A%0D%0Ab");
}

#[test]
fn boundary_occurs_in_no_field() {
    let mut candidates = ["in-name", "in-value", "free"].into_iter().map(str::to_owned);
    let fields = [("x-in-name", "a"), ("b", "--in-value\r\n")];
    assert_eq!(boundary(&fields, || candidates.next().unwrap()), "free");
}

#[test]
fn random_boundaries_are_valid_and_differ() {
    let (one, other) = (random_boundary(), random_boundary());
    assert_ne!(one, other);
    assert!(one.len() <= 70 && one.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{one}");
}

#[test]
fn multipart_writes_the_file_last_with_known_length() {
    let (_, body) = write_multipart(&[("key", "k")], Some(("file", Body::stream(5, NoStream))));
    assert!(!body.is_rewindable(), "its stream is not");
    let (content_type, framed) = write_multipart(&[("key", "k")], Some(("file", "12345".into())));
    assert!(framed.is_rewindable());
    assert_eq!(framed.len(), body.len());
    let (_, without) = write_multipart(&[("key", "k")], None);
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
