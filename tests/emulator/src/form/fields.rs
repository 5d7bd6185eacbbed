//! The fields of a form that come before its file.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::error::{Code, Error};

/// More than anyone has a use for.
const MOST: usize = 100;
/// The fields that are headers of the object, beside those of QingStor itself.
const HEADERS: [HeaderName; 5] = [
    header::CACHE_CONTROL,
    header::CONTENT_DISPOSITION,
    header::CONTENT_ENCODING,
    header::CONTENT_TYPE,
    header::EXPIRES,
];
const OWN_HEADERS: &str = "x-qs-";

/// Names are in small letters: they are those of headers, and as indifferent to it.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(crate) fn add(&mut self, name: String, value: Vec<u8>) -> Result<(), Error> {
        let value = String::from_utf8(value)
            .map_err(|_| Error::invalid_argument(format!("the field \"{name}\" is not UTF-8")))?;
        // Of a field sent twice one value would be signed and the other one could be used.
        if self.get(&name).is_some() {
            return Err(Error::invalid_argument(format!("the field \"{name}\" was sent more than once")));
        }
        if name == "charset" && !value.eq_ignore_ascii_case("utf-8") && !value.eq_ignore_ascii_case("utf8") {
            let message = format!("the emulator reads forms in UTF-8 only, not in \"{value}\"");
            return Err(Error::new(Code::NotImplemented, message));
        }
        if self.0.len() == MOST {
            return Err(Error::invalid_argument(format!("the form has more than {MOST} fields")));
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

    /// The object's headers: those of a signed request, of which a form's own say more.
    pub(crate) fn headers(&self, signed_request: Option<&HeaderMap>) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        // The request's own type is that of the form.
        for name in HEADERS.into_iter().filter(|name| name != header::CONTENT_TYPE) {
            if let Some(value) = signed_request.and_then(|headers| headers.get(&name)) {
                headers.insert(name, value.clone());
            }
        }
        for (name, value) in self.iter() {
            if !name.starts_with(OWN_HEADERS) && !HEADERS.iter().any(|header| header == name) {
                continue;
            }
            let malformed = || Error::invalid_argument(format!("the field \"{name}\" cannot be a header"));
            let header: HeaderName = name.parse().map_err(|_| malformed())?;
            headers.insert(header, HeaderValue::from_str(value).map_err(|_| malformed())?);
        }
        Ok(headers)
    }

    /// The object's key: `${filename}` in it stands for the name of the file.
    pub(crate) fn key(&self, file_name: &str) -> Result<String, Error> {
        let key = self.get("key").ok_or_else(|| Error::invalid_argument("the form has no field \"key\""))?;
        Ok(key.replace("${filename}", file_name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn fields(fields: &[(&str, &str)]) -> Fields {
        let mut read = Fields::default();
        for (name, value) in fields {
            read.add((*name).to_owned(), value.as_bytes().to_vec()).unwrap();
        }
        read
    }

    #[test]
    fn some_fields_are_headers() {
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
        let of_the_form = sent.headers(None).unwrap();
        assert_eq!(of_the_form["cache-control"], "no-cache");
        assert_eq!(of_the_form.len(), 2);
        for (name, value) in [("x-qs-meta-a b", "1"), ("expires", "a\r\nb: c")] {
            let code = fields(&[(name, value)]).headers(None).unwrap_err().code();
            assert_eq!(code, Code::InvalidArgument, "{name}");
        }
    }

    #[test]
    fn keys_can_name_the_file() {
        let key = |key: &str, file: &str| fields(&[("key", key)]).key(file).unwrap();
        assert_eq!(key("user/tom/${filename}", "icon.jpg"), "user/tom/icon.jpg");
        assert_eq!(key("plain", "icon.jpg"), "plain");
        assert!(fields(&[]).key("f").unwrap_err().message().contains("\"key\""));
    }

    #[test]
    fn what_is_no_good() {
        let mut sent = fields(&[("key", "k")]);
        let mut code = |name: &str, value: &[u8]| sent.add(name.to_owned(), value.to_vec()).map_err(|e| e.code());
        assert_eq!(code("key", b"other"), Err(Code::InvalidArgument));
        assert_eq!(code("a", b"\xff"), Err(Code::InvalidArgument));
        assert_eq!(code("charset", b"GBK"), Err(Code::NotImplemented));
        assert_eq!(code("charset", b"utf-8"), Ok(()));
        for number in 2..MOST {
            assert_eq!(code(&number.to_string(), b""), Ok(()));
        }
        assert_eq!(code("one more", b""), Err(Code::InvalidArgument));
    }
}
