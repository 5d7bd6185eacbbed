//! HTML forms that upload a file. The form contains fields, then the file, which is streamed to the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream::try_unfold;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use multer::{Constraints, Field, Multipart, SizeLimit};
use serde_json::{Map, Value};
use tokio::task::yield_now;

use crate::body::{BackgroundWriter, RequestBody, too_large};
use crate::clock::Moment;
use crate::error::{Code, Error};
use crate::limits::{MAX_BODY, MAX_FORM, MAX_FORM_FIELD};
use crate::store::{Store, Stored};

/// Name of the field with the file.
const FILE: &str = "file";

/// A form in a request body.
#[derive(Debug)]
pub(crate) struct Form<'a> {
    parts: Multipart<'a>,
    allowance: Allowance,
}

/// The file in a form.
#[derive(Debug)]
pub(crate) struct File<'a> {
    field: Field<'a>,
    allowance: Allowance,
}

/// Number of bytes that may still be read in the current section of the form: the fields before the file, the file, or
/// the fields after it. This limits the headers of a field, which multer keeps in memory without a limit of its own.
type Allowance = Arc<AtomicU64>;

impl<'a> Form<'a> {
    /// Creates a reader of the form in a request body.
    pub(crate) fn open(body: &'a mut RequestBody, content_type: &str) -> Result<Self, Error> {
        let boundary = multer::parse_boundary(content_type)
            .map_err(|error| Error::invalid_argument(format!("the form's Content-Type is invalid: {error}")))?;
        let allowance = Arc::new(AtomicU64::new(MAX_FORM));
        let frames = try_unfold((body, Arc::clone(&allowance)), |(body, allowance)| async move {
            if allowance.load(Ordering::Relaxed) == 0 {
                let message = format!("the form has more than {MAX_FORM} bytes besides its file");
                return Err(Error::new(Code::EntityTooLarge, message));
            }
            // multer reads until the stream is pending before it returns a field. Yielding keeps it from collecting all
            // data that has arrived.
            yield_now().await;
            let Some(frame) = body.next(u64::MAX).await? else {
                return Ok(None);
            };
            let _ = allowance.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                Some(left.saturating_sub(frame.len() as u64))
            });
            Ok(Some((frame, (body, allowance))))
        });
        let size = SizeLimit::new().per_field(MAX_FORM_FIELD).for_field(FILE, MAX_BODY);
        let constraints = Constraints::new().size_limit(size);
        Ok(Self { parts: Multipart::with_constraints(frames, boundary, constraints), allowance })
    }

    /// Reads the fields before the file and returns them with the file, whose content is not read yet.
    pub(crate) async fn fields(&mut self) -> Result<(Fields, File<'a>), Error> {
        let mut fields = Fields::default();
        while let Some(field) = self.parts.next_field().await.map_err(form_error)? {
            let Some(name) = field.name().map(str::to_ascii_lowercase).filter(|name| !name.is_empty()) else {
                return Err(Error::invalid_argument("a field of the form has no name"));
            };
            if name == FILE {
                // multer limits the size of the file.
                self.allowance.store(u64::MAX, Ordering::Relaxed);
                return Ok((fields, File { field, allowance: Arc::clone(&self.allowance) }));
            }
            let value = field.bytes().await.map_err(form_error)?;
            fields.add(name, value.into())?;
        }
        Err(Error::invalid_argument("the form has no field \"file\""))
    }

    /// Reads and discards the fields after the file.
    pub(crate) async fn discard_rest(mut self) -> Result<(), Error> {
        while let Some(mut field) = self.parts.next_field().await.map_err(form_error)? {
            while field.chunk().await.map_err(form_error)?.is_some() {}
        }
        Ok(())
    }
}

impl File<'_> {
    /// Returns the name of the file on the client, without its folders. Empty if the client sent none.
    pub(crate) fn name(&self) -> &str {
        self.field.file_name().and_then(|name| name.rsplit(['/', '\\']).next()).unwrap_or_default()
    }

    pub(crate) fn content_type(&self) -> Option<&str> {
        self.field.headers().get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok())
    }

    /// Writes the file to the store.
    pub(crate) async fn store(mut self, store: &Arc<Store>, now: Moment) -> Result<Stored, Error> {
        let mut writer = BackgroundWriter::new(store);
        while let Some(chunk) = self.field.chunk().await.map_err(form_error)? {
            writer.write(chunk).await?;
        }
        self.allowance.store(MAX_FORM, Ordering::Relaxed);
        writer.finish(now).await
    }
}

/// Converts an error of multer to the response of the service.
fn form_error(error: multer::Error) -> Error {
    use multer::Error as FormError;
    match error {
        FormError::StreamReadFailed(cause) => match cause.downcast::<Error>() {
            Ok(error) => *error,
            Err(cause) => Error::new(Code::InvalidRequest, format!("the form cannot be read: {cause}")),
        },
        FormError::FieldSizeExceeded { field_name, limit } => match field_name.as_deref() {
            Some(FILE) => too_large(limit),
            name => Error::new(
                Code::EntityTooLarge,
                format!("the field \"{}\" has more than {limit} bytes", name.unwrap_or_default()),
            ),
        },
        FormError::IncompleteStream | FormError::IncompleteHeaders | FormError::IncompleteFieldData { .. } => {
            Error::new(Code::IncompleteBody, "the form ended before its closing boundary")
        }
        other => Error::new(Code::InvalidRequest, format!("the form cannot be read: {other}")),
    }
}

/// Maximum number of fields before the file.
const MAX_FIELDS: usize = 100;
/// Form fields that become headers of the object. Fields that start with [`QINGSTOR_PREFIX`] do so too.
const HEADERS: [HeaderName; 5] = [
    header::CACHE_CONTROL,
    header::CONTENT_DISPOSITION,
    header::CONTENT_ENCODING,
    header::CONTENT_TYPE,
    header::EXPIRES,
];
const QINGSTOR_PREFIX: &str = "x-qs-";

/// The fields before the file. Names are case-insensitive and stored in lower case.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Adds a field. Refuses a field that the emulator cannot handle.
    pub(crate) fn add(&mut self, name: String, value: Vec<u8>) -> Result<(), Error> {
        let value = String::from_utf8(value)
            .map_err(|_| Error::invalid_argument(format!("the field \"{name}\" is not UTF-8")))?;
        // The policy contains only one value of a repeated field. The object could be stored with the other value.
        if self.get(&name).is_some() {
            return Err(Error::invalid_argument(format!("the field \"{name}\" was sent more than once")));
        }
        if name == "charset" && !value.eq_ignore_ascii_case("utf-8") && !value.eq_ignore_ascii_case("utf8") {
            let message = format!("the emulator reads forms in UTF-8 only, not in \"{value}\"");
            return Err(Error::new(Code::NotImplemented, message));
        }
        if self.0.len() == MAX_FIELDS {
            return Err(Error::invalid_argument(format!("the form has more than {MAX_FIELDS} fields")));
        }
        self.0.push((name, value));
        Ok(())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the headers of the object. If the request itself is signed, its headers are used unless a field of the
    /// form replaces them.
    pub(crate) fn headers(&self, signed_request: Option<&HeaderMap>) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        // The Content-Type of the request describes the form, not the file.
        for name in HEADERS.into_iter().filter(|name| name != header::CONTENT_TYPE) {
            if let Some(value) = signed_request.and_then(|headers| headers.get(&name)) {
                headers.insert(name, value.clone());
            }
        }
        for (name, value) in self.iter() {
            if !name.starts_with(QINGSTOR_PREFIX) && !HEADERS.iter().any(|header| header == name) {
                continue;
            }
            let malformed = || Error::invalid_argument(format!("the field \"{name}\" cannot be a header"));
            let header: HeaderName = name.parse().map_err(|_| malformed())?;
            headers.insert(header, HeaderValue::from_str(value).map_err(|_| malformed())?);
        }
        Ok(headers)
    }

    /// Returns the object's key, in which `${filename}` stands for the name of the file.
    pub(crate) fn key(&self, file_name: &str) -> Result<String, Error> {
        let key = self.get("key").ok_or_else(|| Error::invalid_argument("the form has no field \"key\""))?;
        Ok(key.replace("${filename}", file_name))
    }
}

/// Fields that a policy does not cover.
const CREDENTIALS: [&str; 3] = ["access_key_id", "policy", "signature"];

/// Checks that the policy matches the form. The policy is base64 of a JSON object with exactly the fields before the
/// file, except the credentials.
pub(crate) fn check_policy(policy: &str, fields: &Fields) -> Result<(), Error> {
    let signed = parse_policy(policy).ok_or_else(|| {
        Error::invalid_argument("the field \"policy\" is not base64 of a JSON object with the form's fields")
    })?;
    for (name, value) in fields.iter().filter(|(name, _)| !CREDENTIALS.contains(name)) {
        match signed.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)) {
            None => return Err(violated(format!("the field \"{name}\" is not in the policy"))),
            Some((_, allowed)) if allowed.as_str() != Some(value) => {
                return Err(violated(format!("the value of the field \"{name}\" differs from the policy")));
            }
            Some(_) => {}
        }
    }
    match signed.keys().find(|name| fields.get(&name.to_ascii_lowercase()).is_none()) {
        Some(name) => Err(violated(format!("the field \"{name}\" of the policy is not in the form"))),
        None => Ok(()),
    }
}

fn parse_policy(policy: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&STANDARD.decode(policy.trim()).ok()?).ok()
}

fn violated(message: String) -> Error {
    Error::new(Code::FormPolicyViolated, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(fields: &[(&str, &str)]) -> Fields {
        let mut result = Fields::default();
        for (name, value) in fields {
            result.add((*name).to_owned(), value.as_bytes().to_vec()).unwrap();
        }
        result
    }

    #[test]
    fn fields_become_headers() {
        let mut request = HeaderMap::new();
        request.insert("content-type", HeaderValue::from_static("multipart/form-data; boundary=x"));
        request.insert("cache-control", HeaderValue::from_static("no-store"));
        request.insert("content-encoding", HeaderValue::from_static("gzip"));
        request.insert("x-qs-meta-a", HeaderValue::from_static("not the object's"));
        let sent = fields(&[("cache-control", "no-cache"), ("x-qs-meta-b", "1"), ("key", "k"), ("host", "h")]);
        let headers = sent.headers(Some(&request)).unwrap();
        assert_eq!(headers["cache-control"], "no-cache");
        assert_eq!(headers["content-encoding"], "gzip");
        assert_eq!(headers["x-qs-meta-b"], "1");
        assert_eq!(headers.len(), 3);
        let without_request = sent.headers(None).unwrap();
        assert_eq!(without_request["cache-control"], "no-cache");
        assert_eq!(without_request.len(), 2);
        for (name, value) in [("x-qs-meta-a b", "1"), ("expires", "a\r\nb: c")] {
            let code = fields(&[(name, value)]).headers(None).unwrap_err().code;
            assert_eq!(code, Code::InvalidArgument, "{name}");
        }
    }

    #[test]
    fn key_can_contain_the_file_name() {
        let key = |key: &str, file: &str| fields(&[("key", key)]).key(file).unwrap();
        assert_eq!(key("user/tom/${filename}", "icon.jpg"), "user/tom/icon.jpg");
        assert_eq!(key("plain", "icon.jpg"), "plain");
        assert!(fields(&[]).key("f").unwrap_err().message.contains("\"key\""));
    }

    #[test]
    fn rejects_invalid_fields() {
        let mut sent = fields(&[("key", "k")]);
        let mut code = |name: &str, value: &[u8]| sent.add(name.to_owned(), value.to_vec()).map_err(|e| e.code);
        assert_eq!(code("key", b"other"), Err(Code::InvalidArgument));
        assert_eq!(code("a", b"\xff"), Err(Code::InvalidArgument));
        assert_eq!(code("charset", b"GBK"), Err(Code::NotImplemented));
        assert_eq!(code("charset", b"utf-8"), Ok(()));
        for number in 2..MAX_FIELDS {
            assert_eq!(code(&number.to_string(), b""), Ok(()));
        }
        assert_eq!(code("one more", b""), Err(Code::InvalidArgument));
    }

    fn check(policy: &str, sent: &[(&str, &str)]) -> Result<(), (Code, String)> {
        let mut fields = Fields::default();
        for (name, value) in sent {
            fields.add((*name).to_owned(), value.as_bytes().to_vec()).unwrap();
        }
        check_policy(&STANDARD.encode(policy), &fields).map_err(|error| (error.code, error.message))
    }

    #[test]
    fn form_must_match_its_policy() {
        let policy = r#"{"key":"user/${filename}","Content-Type":"text/x"}"#;
        let credentials = [("access_key_id", "a"), ("policy", "p"), ("signature", "s")];
        let sent = [("key", "user/${filename}"), ("content-type", "text/x")];
        assert_eq!(check(policy, &[&credentials[..], &sent].concat()), Ok(()));
        for (sent, name) in [
            (&[("key", "other"), ("content-type", "text/x")][..], "key"),
            (&[("key", "user/${filename}")][..], "Content-Type"),
            (&[("key", "user/${filename}"), ("content-type", "text/x"), ("x-qs-meta-a", "1")][..], "x-qs-meta-a"),
        ] {
            let (code, message) = check(policy, sent).unwrap_err();
            assert_eq!(code, Code::FormPolicyViolated);
            assert!(message.contains(name), "{message}");
        }
        assert_eq!(check(r#"{"key":1}"#, &[("key", "1")]).unwrap_err().0, Code::FormPolicyViolated);
    }

    #[test]
    fn rejects_malformed_policies() {
        for policy in ["[]", "key", ""] {
            assert_eq!(check(policy, &[]).unwrap_err().0, Code::InvalidArgument, "{policy}");
        }
        assert!(check_policy("*", &Fields::default()).is_err());
    }
}
