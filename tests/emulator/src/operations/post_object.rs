//! Storing an object from an HTML form.

use http::{HeaderMap, StatusCode, Uri, header};

use super::Call;
use super::put_object::{check_key, hex, quoted, store};
use crate::address::KEY_BYTES;
use crate::error::{Code, Error};
use crate::form::{Fields, Form, check_policy};
use crate::metadata::{DEFAULT_CONTENT_TYPE, Metadata, set, storage_class};
use crate::payload::Payload;
use crate::response::Answer;
use crate::settings::Permission;
use crate::sse;
use crate::store::NewObject;

pub(super) async fn post(call: Call<'_>, bucket: &str, path_key: &str, payload: &mut Payload) -> Result<Answer, Error> {
    let request = call.request;
    let mut form = Form::open(payload, request.header("content-type").unwrap_or_default())?;
    let (fields, file) = form.fields().await?;
    let is_signed_form = check_credentials(call, &fields)?;
    // The signature of a form covers its fields, and not what they are sent with.
    let signed_headers = (!request.is_anonymous()).then_some(&request.headers);
    let signed = is_signed_form || signed_headers.is_some();
    if !signed {
        call.operations.access.check_grant(bucket, Permission::Write, call.store())?;
    }
    call.store().bucket(bucket)?;

    let key = object_key(&fields, file.name(), path_key)?;
    let redirect = fields.get("redirect").filter(|url| !url.is_empty()).map(|url| landing(url, call)).transpose()?;
    let mut headers = fields.headers(signed_headers)?;
    settle_type(&mut headers, file.content_type())?;
    let metadata = Metadata::from_headers(&headers)?;
    let metadata = if signed { metadata } else { metadata.of_a_stranger() };
    let (storage_class, encryption) = (storage_class(&headers)?, sse::key_digest(&headers, sse::OWN)?);

    let received = file.store(&call.operations.store, call.now).await?;
    form.finish().await?;
    let object = NewObject {
        key,
        etag: quoted(&hex(&received.md5)),
        digested: true,
        modified: call.now,
        metadata,
        storage_class,
        encryption,
        extents: received.extents,
    };
    let mut answer = store(call, bucket, object).await?;
    if let Some(location) = redirect {
        *answer.status_mut() = StatusCode::FOUND;
        set(answer.headers_mut(), header::LOCATION, &location);
    }
    Ok(answer)
}

/// Whether the form is signed. Whoever sends credentials is held to them, even where none are needed.
fn check_credentials(call: Call<'_>, fields: &Fields) -> Result<bool, Error> {
    match (fields.get("access_key_id"), fields.get("policy"), fields.get("signature")) {
        (None, None, None) => Ok(false),
        (Some(id), Some(policy), Some(signature)) => {
            call.operations.authenticator.check_form(id, policy, signature)?;
            check_policy(policy, fields)?;
            Ok(true)
        }
        _ => Err(Error::invalid_argument("the fields access_key_id, policy and signature belong together")),
    }
}

/// A key in the path is no more than the same again.
fn object_key(fields: &Fields, file_name: &str, path_key: &str) -> Result<String, Error> {
    let key = fields.key(file_name)?;
    check_key(&key)?;
    if key.len() > KEY_BYTES {
        let message = format!("the object's key has {} bytes, more than {KEY_BYTES}", key.len());
        return Err(Error::new(Code::InvalidObjectName, message));
    }
    if !path_key.is_empty() && path_key != key && fields.get("key") != Some(path_key) {
        return Err(Error::invalid_argument("the field \"key\" is not the key in the path"));
    }
    Ok(key)
}

/// The type of the object, where its field and the file's own do not contradict each other. Clients call a file whose
/// type they do not know by the default.
fn settle_type(headers: &mut HeaderMap, of_file: Option<&str>) -> Result<(), Error> {
    let Some(of_file) = of_file.filter(|text| !text.is_empty()) else {
        return Ok(());
    };
    let field = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty());
    match field {
        None => set(headers, header::CONTENT_TYPE, of_file),
        Some(field) if !same_type(field, of_file) && !same_type(of_file, DEFAULT_CONTENT_TYPE) => {
            let message = format!("the field \"content-type\" is {field}, and the file is {of_file}");
            return Err(Error::invalid_argument(message));
        }
        Some(_) => {}
    }
    Ok(())
}

/// Parameters such as the charset aside.
fn same_type(one: &str, other: &str) -> bool {
    let essence = |text: &str| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence(one) == essence(other)
}

/// Where the browser is sent, with what has become of the form in the query.
fn landing(url: &str, call: Call<'_>) -> Result<String, Error> {
    let absolute = url
        .parse::<Uri>()
        .is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some());
    if !absolute || !url.is_ascii() {
        return Err(Error::invalid_argument("the field \"redirect\" is not an absolute URL of HTTP"));
    }
    // Behind a fragment the query would be part of it.
    let url = url.split('#').next().unwrap_or_default();
    let joint = if url.contains('?') { '&' } else { '?' };
    Ok(format!("{url}{joint}status=201&code=created&message=Object+created&request_id={}", call.request_id))
}
