//! Handler that stores an object from an HTML form.

use http::{HeaderMap, StatusCode, Uri, header};

use super::objects::store;
use super::{Call, check_granted_to_everyone};
use crate::address::check_key_length;
use crate::authenticate::check_form;
use crate::body::RequestBody;
use crate::error::{Code, Error};
use crate::form::{Fields, Form, check_policy};
use crate::headers::set_header;
use crate::metadata::{DEFAULT_CONTENT_TYPE, Properties};
use crate::response::Response;
use crate::settings::Permission;
use crate::store::Object;

pub(crate) async fn post(call: Call<'_>, body: &mut RequestBody) -> Result<Response, Error> {
    let request = call.request;
    let mut form = Form::open(body, request.header("content-type").unwrap_or_default())?;
    let (fields, file) = form.fields().await?;
    let is_signed_form = check_credentials(call, &fields)?;
    // The policy of a signed form does not cover the headers of the request. They are used only if the request itself
    // is signed.
    let signed_headers = (!request.is_anonymous()).then_some(&request.headers);
    let is_signed = is_signed_form || signed_headers.is_some();
    if !is_signed {
        check_granted_to_everyone(call.store(), call.bucket(), Permission::Write, call.context.allow_anonymous)?;
    }
    call.store().bucket(call.bucket())?;

    let key = object_key(&fields, file.name(), call.key())?;
    let redirect =
        fields.get("redirect").filter(|url| !url.is_empty()).map(|url| redirect_url(url, call)).transpose()?;
    let mut headers = fields.headers(signed_headers)?;
    choose_content_type(&mut headers, file.content_type())?;
    let properties = Properties::from_headers(&headers, !is_signed)?;

    let stored = file.store(&call.context.store, call.now).await?;
    form.discard_rest().await?;
    let mut response = store(call, Object::new(&key, properties, call.now).with_data(stored)).await?;
    if let Some(location) = redirect {
        *response.status_mut() = StatusCode::FOUND;
        set_header(response.headers_mut(), header::LOCATION, &location);
    }
    Ok(response)
}

/// Returns true if the form is signed. Refuses invalid credentials even if anonymous requests are allowed.
fn check_credentials(call: Call<'_>, fields: &Fields) -> Result<bool, Error> {
    match (fields.get("access_key_id"), fields.get("policy"), fields.get("signature")) {
        (None, None, None) => Ok(false),
        (Some(id), Some(policy), Some(signature)) => {
            check_form(&call.context.key_pairs, id, policy, signature)?;
            check_policy(policy, fields)?;
            Ok(true)
        }
        _ => Err(Error::invalid_argument(
            "the form needs all of the fields \"access_key_id\", \"policy\" and \"signature\", or none",
        )),
    }
}

/// Returns the key in the form. If the path also contains a key, it must be the same.
fn object_key(fields: &Fields, file_name: &str, path_key: &str) -> Result<String, Error> {
    let key = fields.key(file_name)?;
    if key.is_empty() {
        return Err(Error::new(Code::InvalidObjectName, "the object's key is empty"));
    }
    check_key_length(&key)?;
    if !path_key.is_empty() && path_key != key && fields.get("key") != Some(path_key) {
        return Err(Error::invalid_argument("the field \"key\" differs from the key in the path"));
    }
    Ok(key)
}

/// Sets the content type of the object: that of the form's field, or else that of the file. If both have one, they must
/// be the same, unless the file has the default type, which clients send for files of unknown type.
fn choose_content_type(headers: &mut HeaderMap, file_type: Option<&str>) -> Result<(), Error> {
    let Some(file_type) = file_type.filter(|text| !text.is_empty()) else {
        return Ok(());
    };
    let field = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty());
    match field {
        None => set_header(headers, header::CONTENT_TYPE, file_type),
        Some(field) if !same_type(field, file_type) && !same_type(file_type, DEFAULT_CONTENT_TYPE) => {
            let message = format!("the field \"content-type\" is {field}, and the file is {file_type}");
            return Err(Error::invalid_argument(message));
        }
        Some(_) => {}
    }
    Ok(())
}

/// Returns true if two content types are the same, apart from parameters such as the charset.
fn same_type(one: &str, other: &str) -> bool {
    let essence = |text: &str| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence(one) == essence(other)
}

/// Returns the URL to which the response redirects the browser, with the result in its query.
fn redirect_url(url: &str, call: Call<'_>) -> Result<String, Error> {
    let absolute = url
        .parse::<Uri>()
        .is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some());
    if !absolute || !url.is_ascii() {
        return Err(Error::invalid_argument("the field \"redirect\" is not an absolute http or https URL"));
    }
    // Removes the fragment, because text after `#` is not sent to the server of the URL.
    let url = url.split('#').next().unwrap_or_default();
    let separator = if url.contains('?') { '&' } else { '?' };
    Ok(format!("{url}{separator}status=201&code=created&message=Object+created&request_id={}", call.request_id))
}
