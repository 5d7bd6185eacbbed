//! One probe for each point that QingStor's documentation leaves open.
//!
//! [`PROBES`] lists the behaviour of the emulator with its default settings, and the option that changes it.

use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use md5::{Digest, Md5};
use qingstor_sdk::operations::*;
use qingstor_sdk::types::ObjectPart;
use qingstor_sdk::{MIB, PresignedRequest, Result as SdkResult};

use crate::scenarios::HasStatus;
use crate::{PlainRequest, PlainResponse, content};

use super::report::{Check, Report};
use super::signed::{Location, Signer, access_key_id};
use super::{Site, pause, progress};

/// The observed behaviour, or the reason why it is not known.
type Observation = Result<String, String>;

/// A point that QingStor's documentation leaves open.
struct Probe {
    subject: &'static str,
    /// Behaviour of the emulator with its default settings.
    expected: &'static str,
    /// Option of the emulator that changes the behaviour.
    setting: Option<&'static str>,
    run: for<'s> fn(&'s Site) -> Pin<Box<dyn Future<Output = Observation> + 's>>,
}

/// Creates a probe that runs an asynchronous function.
macro_rules! probe {
    ($subject:literal, $function:ident, $expected:literal, $setting:expr) => {
        Probe {
            subject: $subject,
            expected: $expected,
            setting: $setting,
            run: |site| Box::pin(async { $function(site).await.map_err(|Failure(reason)| reason) }),
        }
    };
}

const PROBES: &[Probe] = &[
    // Multipart uploads.
    probe!(
        "error for an upload id that does not exist",
        unknown_upload,
        "404 upload_not_exists",
        Some("`--upload-not-exists-status`")
    ),
    probe!("error code of a second completion", second_completion, "upload_not_exists", None),
    probe!(
        "ETag in the response of UploadMultipart",
        part_etag,
        "MD5 of the part, in quotes",
        Some("`--variant no-part-etag`")
    ),
    probe!("ETag of a part in ListMultipart", listed_part_etag, "MD5 of the part, without quotes", None),
    probe!(
        "ETag of a multipart object if the completion proposes none",
        multipart_etag,
        "MD5 of the parts' hexadecimal MD5s, and the number of parts",
        Some("`--variant md5-of-multipart`")
    ),
    probe!("ETag of a multipart object if the completion proposes one", proposed_etag, "the proposed one", None),
    probe!("`count` of ListMultipart in a page of 2 of 3 parts", part_count, "3", Some("`--variant count-of-page`")),
    probe!(
        "parts 0, 1 and 2, listed with `part_number_marker=0`",
        part_marker,
        "1, 2",
        Some("`--variant marker-zero-lists-part-zero`")
    ),
    probe!("number of parts that ListMultipart returns without `limit`", default_part_limit, "1000 of 1001", None),
    probe!("completion with a part that was not uploaded", missing_part, "400 invalid_argument", None),
    probe!("completion with an empty list of parts", empty_completion, "400 invalid_argument", None),
    probe!("completion with parts in descending order", descending_parts, "400 invalid_argument", None),
    probe!("completion with a wrong ETag of a part", wrong_part_etag, "400 invalid_argument", None),
    probe!(
        "parts of 1 KiB that are not the last part",
        tiny_parts,
        "201 for the parts, 400 entity_too_small for the completion",
        Some("`--allow-tiny-parts`")
    ),
    probe!("ListMultipartUploads with `limit=1000`", upload_list_limit, "200", None),
    // Lists of objects.
    probe!(
        "number of keys of 1,005 that ListObjects returns",
        object_list_limits,
        "100 without limit, 1000 with limit=1001",
        Some("`--variant list-limit-100`")
    ),
    probe!("order of keys in ListObjects", list_order, "the order of their bytes in UTF-8", None),
    probe!("`marker` that is a key", marker_of_key, "the keys after it", None),
    probe!("`marker` that is not a key", marker_without_key, "the keys after it", None),
    probe!("ETag of an object in ListObjects", listed_etag, "MD5 of the object, in quotes", None),
    // Writes.
    probe!(
        "`If-None-Match` and `If-Match` that do not hold, on PutObject and CompleteMultipartUpload",
        conditional_writes,
        "201, the conditions are ignored",
        Some("`--variant conditional-writes`")
    ),
    probe!(
        "two concurrent AppendObject with `position=0`",
        append_race,
        "one succeeds, the other one gets 400 invalid_argument",
        None
    ),
    probe!("AppendObject to an object of PutObject", append_to_object, "400 invalid_object_state", None),
    probe!("PutObject with a chunked body", chunked_body, "201", Some("`--refuse-chunked`")),
    probe!(
        "PutObject with a hexadecimal Content-MD5",
        hexadecimal_md5,
        "201 if it is right, 400 bad_digest if it is wrong",
        None
    ),
    probe!("GetObject with a wrong customer key", wrong_customer_key, "400 invalid_argument", None),
    probe!("UploadMultipart with another customer key", wrong_part_key, "400 invalid_argument", None),
    probe!("Content-Length of HeadObject for an empty object", empty_object, "0", None),
    // Settings of the bucket.
    probe!(
        "GET of CORS, lifecycle, policy, notification, replication, logging and external mirror",
        settings,
        "200",
        None
    ),
    // Signatures.
    probe!("request without signature", unsigned, "403 permission_denied", None),
    probe!("malformed Authorization", malformed_authorization, "401 invalid_access_key_id", None),
    probe!("unknown access key id", unknown_access_key, "401 invalid_access_key_id", None),
    probe!("signed request without Date", without_date, "403 request_expired", None),
    probe!("Date of 16 minutes ago", old_date, "403 request_expired", None),
    probe!("signature of encoded query parameters", encoded_parameters, "200", None),
    probe!("signature of a bucket with the other form of the slash", bucket_slash, "200", None),
    probe!("presigned URL that is valid for ten years", long_lifetime, "200", None),
];

/// Runs all probes and adds their results to the report.
pub(super) async fn run(site: &Site, expiring: Result<ExpiringUrl, String>, report: &mut Report) {
    for probe in PROBES {
        progress(&format!("probe: {}", probe.subject));
        report.add(Check::new(probe.subject, probe.expected, (probe.run)(site).await, probe.setting));
    }
    let expired = match expiring {
        Ok(url) => url.send(site).await,
        Err(error) => Err(error),
    };
    report.add(Check::new("presigned URL that has expired", "403 request_expired", expired, None));
}

/// The reason why a probe has no result.
struct Failure(String);

impl<E: std::fmt::Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

type Observed = Result<String, Failure>;

impl Site {
    fn key(&self, name: &str) -> String {
        format!("{}probes/{name}", self.prefix)
    }

    async fn put(&self, key: &str, body: impl Into<qingstor_sdk::Body>) -> SdkResult<()> {
        self.bucket.put_object(key, PutObjectInput::new().body(body)).await.map(drop)
    }

    async fn initiate(&self, key: &str) -> SdkResult<String> {
        let initiated = self.bucket.initiate_multipart_upload(key, InitiateMultipartUploadInput::new()).await?;
        Ok(initiated.upload_id)
    }

    /// Initiates an upload with parts 0, 1, … of the given content.
    async fn upload_parts(&self, key: &str, parts: &[Vec<u8>]) -> SdkResult<String> {
        let id = self.initiate(key).await?;
        for (number, part) in parts.iter().enumerate() {
            let input = UploadMultipartInput::new(&id, number as u32).body(part.clone());
            self.bucket.upload_multipart(key, input).await?;
        }
        Ok(id)
    }

    /// Completes an upload from the parts with these numbers.
    async fn complete(&self, key: &str, id: &str, numbers: &[u32]) -> SdkResult<CompleteMultipartUploadOutput> {
        let parts = numbers.iter().copied().map(ObjectPart::new);
        self.bucket.complete_multipart_upload(key, CompleteMultipartUploadInput::new(id, parts)).await
    }

    /// Completes an upload with this list of parts in JSON, which the SDK would not send.
    async fn complete_with(&self, key: &str, id: &str, parts: &str) -> Result<PlainResponse, Failure> {
        let input = CompleteMultipartUploadInput::new(id, [ObjectPart::new(0)]);
        let presigned = self.bucket.presign_object(key, input, MINUTE)?;
        Ok(self.send(&PlainRequest::of(&presigned).body(format!("{{\"object_parts\":{parts}}}"))).await?)
    }

    async fn head(&self, key: &str) -> SdkResult<HeadObjectOutput> {
        self.bucket.head_object(key, HeadObjectInput::new()).await
    }

    /// Sends a request and returns status and code.
    async fn observe(&self, request: &PlainRequest) -> Observed {
        Ok(describe(&self.send(request).await?))
    }

    async fn send(&self, request: &PlainRequest) -> std::io::Result<PlainResponse> {
        request.send_with(&self.http).await
    }

    /// Presigns a PutObject for any client.
    fn presigned_put(&self, key: &str, input: PutObjectInput) -> SdkResult<PresignedRequest> {
        self.bucket.presign_object(key, input, MINUTE)
    }
}

const MINUTE: Duration = Duration::from_secs(60);

/// Returns status and error code of a response, such as `404 object_not_exists`.
fn describe(response: &PlainResponse) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(&response.body).ok();
    let code = json.as_ref().and_then(|json| json["code"].as_str()).unwrap_or("without a code");
    if response.status < 400 { response.status.to_string() } else { format!("{} {code}", response.status) }
}

/// Returns status and error code of the result of an operation.
///
/// # Errors
///
/// Returns an error if the server did not respond.
fn outcome<T: HasStatus>(result: SdkResult<T>) -> Observed {
    match result {
        Ok(output) => Ok(output.status().to_string()),
        Err(error) => match error.status() {
            Some(status) => Ok(format!("{} {}", status.as_u16(), error.code().unwrap_or("without a code"))),
            None => Err(error.into()),
        },
    }
}

/// Returns the common observation, or all observations if they differ.
fn merge(observations: &[(&str, String)]) -> String {
    match observations {
        [(_, first), rest @ ..] if rest.iter().all(|(_, other)| other == first) => first.clone(),
        _ => {
            let all = observations.iter().map(|(name, observation)| format!("{name}: {observation}"));
            all.collect::<Vec<_>>().join("; ")
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn md5_hex(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

fn tiny_part_bodies() -> Vec<Vec<u8>> {
    (0..3).map(|seed| content(10, seed)).collect()
}

fn numbers(parts: &[ObjectPart]) -> String {
    parts.iter().map(|part| part.part_number.to_string()).collect::<Vec<_>>().join(", ")
}

async fn unknown_upload(site: &Site) -> Observed {
    let key = site.key("unknown-upload");
    let id = site.initiate(&key).await?;
    site.bucket.abort_multipart_upload(&key, AbortMultipartUploadInput::new(&id)).await?;
    let part = UploadMultipartInput::new(&id, 0).body("part");
    let part = outcome(site.bucket.upload_multipart(&key, part).await)?;
    let list = outcome(site.bucket.list_multipart(&key, ListMultipartInput::new(&id)).await)?;
    let complete = outcome(site.complete(&key, &id, &[0]).await)?;
    Ok(merge(&[("UploadMultipart", part), ("ListMultipart", list), ("CompleteMultipartUpload", complete)]))
}

async fn second_completion(site: &Site) -> Observed {
    let key = site.key("second-completion");
    let id = site.upload_parts(&key, &[content(10, 1)]).await?;
    site.complete(&key, &id, &[0]).await?;
    let second = outcome(site.complete(&key, &id, &[0]).await)?;
    Ok(second.rsplit(' ').next().unwrap_or_default().to_owned())
}

/// Describes the ETag of data with the given MD5.
fn describe_md5(etag: Option<&str>, md5: &str, of: &str) -> String {
    match etag {
        None | Some("") => "none".to_owned(),
        Some(etag) if etag == md5 => format!("MD5 of the {of}, without quotes"),
        Some(etag) if etag == format!("\"{md5}\"") => format!("MD5 of the {of}, in quotes"),
        Some(etag) => format!("another value: {etag}"),
    }
}

async fn part_etag(site: &Site) -> Observed {
    let (key, part) = (site.key("part-etag"), content(100, 1));
    let id = site.initiate(&key).await?;
    let output = site.bucket.upload_multipart(&key, UploadMultipartInput::new(&id, 0).body(part.clone())).await?;
    Ok(describe_md5(output.etag.as_deref(), &md5_hex(&part), "part"))
}

async fn listed_part_etag(site: &Site) -> Observed {
    let (key, part) = (site.key("listed-part-etag"), content(100, 1));
    let id = site.upload_parts(&key, std::slice::from_ref(&part)).await?;
    let presigned = site.bucket.presign_object(&key, ListMultipartInput::new(&id), MINUTE)?;
    let response = site.send(&PlainRequest::of(&presigned)).await?;
    let list: serde_json::Value = serde_json::from_slice(&response.body)?;
    Ok(describe_md5(list["object_parts"][0]["etag"].as_str(), &md5_hex(&part), "part"))
}

async fn multipart_etag(site: &Site) -> Observed {
    let key = site.key("multipart-etag");
    let parts = [content(4 * MIB, 1), content(100, 2)];
    let id = site.upload_parts(&key, &parts).await?;
    site.complete(&key, &id, &[0, 1]).await?;
    let etag = site.head(&key).await?.etag.unwrap_or_default();
    let hexadecimal: String = parts.iter().map(|part| md5_hex(part)).collect();
    let binary: Vec<u8> = parts.iter().flat_map(Md5::digest).collect();
    let known = [
        (md5_hex(&parts.concat()), "MD5 of the content"),
        (format!("{}-2", md5_hex(&binary)), "MD5 of the parts' binary MD5s, and the number of parts"),
        (
            format!("{}-2", md5_hex(hexadecimal.as_bytes())),
            "MD5 of the parts' hexadecimal MD5s, and the number of parts",
        ),
        (String::new(), "none"),
    ];
    let described = known.iter().find(|(value, _)| etag.trim_matches('"') == value);
    Ok(described.map_or_else(|| format!("another value: {etag}"), |(_, description)| (*description).to_owned()))
}

async fn proposed_etag(site: &Site) -> Observed {
    let (key, proposed) = (site.key("proposed-etag"), "\"4072783b8efb99a9e5817067d68f61c6\"");
    let id = site.upload_parts(&key, &[content(100, 1)]).await?;
    let input = CompleteMultipartUploadInput::new(&id, [ObjectPart::new(0)]).etag(proposed);
    site.bucket.complete_multipart_upload(&key, input).await?;
    let etag = site.head(&key).await?.etag.unwrap_or_default();
    Ok(if etag == proposed { "the proposed one".to_owned() } else { format!("another value: {etag}") })
}

async fn part_count(site: &Site) -> Observed {
    let key = site.key("part-count");
    let id = site.upload_parts(&key, &tiny_part_bodies()).await?;
    let presigned = site.bucket.presign_object(&key, ListMultipartInput::new(&id).limit(2), MINUTE)?;
    let response = site.send(&PlainRequest::of(&presigned)).await?;
    let list: serde_json::Value = serde_json::from_slice(&response.body)?;
    Ok(list["count"].to_string())
}

async fn part_marker(site: &Site) -> Observed {
    let key = site.key("part-marker");
    let id = site.upload_parts(&key, &tiny_part_bodies()).await?;
    let input = ListMultipartInput::new(&id).part_number_marker(0);
    Ok(numbers(&site.bucket.list_multipart(&key, input).await?.object_parts))
}

/// Runs `count` requests, 32 at a time.
async fn repeat<T, F>(count: u32, request: impl Fn(u32) -> F) -> SdkResult<()>
where
    F: Future<Output = SdkResult<T>>,
{
    for first in (0..count).step_by(32) {
        let batch = (first..count.min(first + 32)).map(&request);
        join_all(batch).await.into_iter().collect::<SdkResult<Vec<T>>>()?;
    }
    Ok(())
}

async fn default_part_limit(site: &Site) -> Observed {
    let key = site.key("default-part-limit");
    let id = site.initiate(&key).await?;
    let upload = |number| site.bucket.upload_multipart(&key, UploadMultipartInput::new(&id, number).body("part"));
    repeat(1001, upload).await?;
    let listed = site.bucket.list_multipart(&key, ListMultipartInput::new(&id)).await?.object_parts.len();
    site.bucket.abort_multipart_upload(&key, AbortMultipartUploadInput::new(&id)).await?;
    Ok(format!("{listed} of 1001"))
}

/// Completes an upload with parts 0 and 1 by a list of parts that is not valid.
async fn invalid_completion(site: &Site, name: &str, list: &str) -> Observed {
    let key = site.key(name);
    let id = site.upload_parts(&key, &[content(4 * MIB, 1), content(10, 2)]).await?;
    Ok(describe(&site.complete_with(&key, &id, list).await?))
}

async fn missing_part(site: &Site) -> Observed {
    invalid_completion(site, "missing-part", r#"[{"part_number":0},{"part_number":7}]"#).await
}

async fn empty_completion(site: &Site) -> Observed {
    invalid_completion(site, "empty-completion", "[]").await
}

async fn descending_parts(site: &Site) -> Observed {
    invalid_completion(site, "descending-parts", r#"[{"part_number":1},{"part_number":0}]"#).await
}

async fn wrong_part_etag(site: &Site) -> Observed {
    let list = r#"[{"part_number":0,"etag":"0123456789abcdef0123456789abcdef"},{"part_number":1}]"#;
    invalid_completion(site, "wrong-part-etag", list).await
}

async fn tiny_parts(site: &Site) -> Observed {
    let key = site.key("tiny-parts");
    let id = site.initiate(&key).await?;
    let mut parts = Vec::new();
    for (number, name) in [(0, "part 0"), (1, "part 1")] {
        let input = UploadMultipartInput::new(&id, number).body(content(1024, 1));
        parts.push((name, outcome(site.bucket.upload_multipart(&key, input).await)?));
    }
    let completion = outcome(site.complete(&key, &id, &[0, 1]).await)?;
    Ok(format!("{} for the parts, {completion} for the completion", merge(&parts)))
}

async fn upload_list_limit(site: &Site) -> Observed {
    let input = ListMultipartUploadsInput::new().prefix(&site.prefix).limit(1000);
    let presigned = site.bucket.presign(input, MINUTE)?;
    site.observe(&PlainRequest::of(&presigned)).await
}

async fn object_list_limits(site: &Site) -> Observed {
    let prefix = site.key("many/");
    let keys: Vec<String> = (0..1005).map(|number| format!("{prefix}{number}")).collect();
    let put = |number: u32| site.put(&keys[number as usize], "");
    repeat(1005, put).await?;
    let list = ListObjectsInput::new().prefix(&prefix);
    let without = site.bucket.list_objects(list.clone()).await?.keys.len();
    // The SDK may refuse a limit above 1,000, which the service documents as the maximum.
    let presigned = site.bucket.presign(list.limit(1000), MINUTE)?;
    let request = PlainRequest::new("GET", presigned.url().replacen("limit=1000", "limit=1001", 1));
    let response = site.send(&request).await?;
    let json: serde_json::Value = serde_json::from_slice(&response.body)?;
    let with = json["keys"].as_array().map_or_else(|| describe(&response), |keys| keys.len().to_string());
    Ok(format!("{without} without limit, {with} with limit=1001"))
}

/// Names that sort differently by bytes, by UTF-16 units and by the alphabet.
const NAMES: [&str; 8] = ["B", "a", "a-", "a/b", "z", "é", "\u{ff41}", "\u{1f980}"];

/// Creates an object for each name in [`NAMES`].
async fn create_names(site: &Site, folder: &str) -> SdkResult<String> {
    let prefix = site.key(folder);
    for name in NAMES {
        site.put(&format!("{prefix}{name}"), name).await?;
    }
    Ok(prefix)
}

/// Returns the names that are listed after a marker.
async fn listed_names(site: &Site, prefix: &str, marker: Option<&str>) -> SdkResult<Vec<String>> {
    let mut input = ListObjectsInput::new().prefix(prefix).limit(1000);
    input.marker = marker.map(|marker| format!("{prefix}{marker}"));
    let keys = site.bucket.list_objects(input).await?.keys;
    Ok(keys.iter().map(|object| object.key.strip_prefix(prefix).unwrap_or(&object.key).to_owned()).collect())
}

async fn list_order(site: &Site) -> Observed {
    let prefix = create_names(site, "order/").await?;
    let listed = listed_names(site, &prefix, None).await?;
    Ok(match listed == NAMES {
        true => "the order of their bytes in UTF-8".to_owned(),
        false => format!("another list: {}", listed.join(" ")),
    })
}

async fn names_after(site: &Site, folder: &str, marker: &str, first: usize) -> Observed {
    let prefix = create_names(site, folder).await?;
    let listed = listed_names(site, &prefix, Some(marker)).await?;
    Ok(match listed == NAMES[first..] {
        true => "the keys after it".to_owned(),
        false => format!("another list after {marker}: {}", listed.join(" ")),
    })
}

async fn marker_of_key(site: &Site) -> Observed {
    names_after(site, "marker-of-key/", "a-", 3).await
}

async fn marker_without_key(site: &Site) -> Observed {
    names_after(site, "marker-without-key/", "b", 4).await
}

async fn listed_etag(site: &Site) -> Observed {
    let key = site.key("listed-etag");
    site.put(&key, "content").await?;
    let listed = site.bucket.list_objects(ListObjectsInput::new().prefix(&key)).await?;
    let etag = listed.keys.first().and_then(|object| object.etag.as_deref());
    Ok(describe_md5(etag, &md5_hex(b"content"), "object"))
}

async fn conditional_writes(site: &Site) -> Observed {
    let key = site.key("conditional-writes");
    site.put(&key, "content").await?;
    let id = site.upload_parts(&key, &[content(10, 1)]).await?;
    let put = PlainRequest::of(&site.presigned_put(&key, PutObjectInput::new())?).body("other");
    let completion = CompleteMultipartUploadInput::new(&id, [ObjectPart::new(0)]);
    let completion = PlainRequest::of(&site.bucket.presign_object(&key, completion, MINUTE)?);
    let (absent, other) = (("if-none-match", "*"), ("if-match", "\"0123456789abcdef0123456789abcdef\""));
    let put_absent = site.observe(&put.clone().header(absent.0, absent.1)).await?;
    let put_other = site.observe(&put.header(other.0, other.1)).await?;
    let completed = site.observe(&completion.header(absent.0, absent.1)).await?;
    let observed = merge(&[
        ("PutObject with If-None-Match", put_absent),
        ("PutObject with If-Match", put_other),
        ("CompleteMultipartUpload with If-None-Match", completed),
    ]);
    Ok(if observed == "201" { "201, the conditions are ignored".to_owned() } else { observed })
}

async fn append_race(site: &Site) -> Observed {
    for round in 0..5 {
        let key = site.key(&format!("append-race-{round}"));
        let append = |body: &'static str| site.bucket.append_object(&key, AppendObjectInput::new(0).body(body));
        let (one, two) = tokio::join!(append("one"), append("two!"));
        let mut outcomes = [outcome(one)?, outcome(two)?];
        outcomes.sort();
        if outcomes != ["200", "400 invalid_argument"] {
            return Ok(format!("{} and {} in round {round}", outcomes[0], outcomes[1]));
        }
    }
    Ok("one succeeds, the other one gets 400 invalid_argument".to_owned())
}

async fn append_to_object(site: &Site) -> Observed {
    let key = site.key("append-to-object");
    site.put(&key, "content").await?;
    outcome(site.bucket.append_object(&key, AppendObjectInput::new(7).body("more")).await)
}

async fn chunked_body(site: &Site) -> Observed {
    let presigned = site.presigned_put(&site.key("chunked-body"), PutObjectInput::new())?;
    let request = PlainRequest::of(&presigned).body("content");
    Ok(describe(&request.send_chunked_with(&site.http).await?))
}

async fn hexadecimal_md5(site: &Site) -> Observed {
    let key = site.key("hexadecimal-md5");
    let mut observed = Vec::new();
    for digested in ["content", "other content"] {
        let input = PutObjectInput::new().content_md5(md5_hex(digested.as_bytes()));
        let request = PlainRequest::of(&site.presigned_put(&key, input)?).body("content");
        observed.push(site.observe(&request).await?);
    }
    Ok(format!("{} if it is right, {} if it is wrong", observed[0], observed[1]))
}

/// Returns a customer key and its MD5, in Base64.
fn customer_key(byte: u8) -> (String, String) {
    let key = [byte; 32];
    (STANDARD.encode(key), STANDARD.encode(Md5::digest(key)))
}

async fn wrong_customer_key(site: &Site) -> Observed {
    let key = site.key("customer-key");
    let (right, wrong) = (customer_key(1), customer_key(2));
    let put = PutObjectInput::new()
        .encryption_customer_algorithm("AES256")
        .encryption_customer_key(right.0)
        .encryption_customer_key_md5(right.1);
    site.bucket.put_object(&key, put.body("content")).await?;
    let get = GetObjectInput::new()
        .encryption_customer_algorithm("AES256")
        .encryption_customer_key(wrong.0)
        .encryption_customer_key_md5(wrong.1);
    site.observe(&PlainRequest::of(&site.bucket.presign_object(&key, get, MINUTE)?)).await
}

async fn wrong_part_key(site: &Site) -> Observed {
    let key = site.key("part-customer-key");
    let (right, wrong) = (customer_key(1), customer_key(2));
    let initiate = InitiateMultipartUploadInput::new()
        .encryption_customer_algorithm("AES256")
        .encryption_customer_key(right.0)
        .encryption_customer_key_md5(right.1);
    let id = site.bucket.initiate_multipart_upload(&key, initiate).await?.upload_id;
    let part = UploadMultipartInput::new(&id, 0)
        .encryption_customer_algorithm("AES256")
        .encryption_customer_key(wrong.0)
        .encryption_customer_key_md5(wrong.1);
    outcome(site.bucket.upload_multipart(&key, part.body("content")).await)
}

async fn empty_object(site: &Site) -> Observed {
    let key = site.key("empty-object");
    site.put(&key, "").await?;
    let presigned = site.bucket.presign_object(&key, HeadObjectInput::new(), MINUTE)?;
    let response = site.send(&PlainRequest::of(&presigned)).await?;
    Ok(response.header("content-length").unwrap_or("absent").to_owned())
}

async fn settings(site: &Site) -> Observed {
    let bucket = &site.bucket;
    let mut observed = Vec::new();
    for (name, presigned) in [
        ("CORS", bucket.presign(GetBucketCORSInput::new(), MINUTE)?),
        ("lifecycle", bucket.presign(GetBucketLifecycleInput::new(), MINUTE)?),
        ("policy", bucket.presign(GetBucketPolicyInput::new(), MINUTE)?),
        ("notification", bucket.presign(GetBucketNotificationInput::new(), MINUTE)?),
        ("replication", bucket.presign(GetBucketReplicationInput::new(), MINUTE)?),
        ("logging", bucket.presign(GetBucketLoggingInput::new(), MINUTE)?),
        ("external mirror", bucket.presign(GetBucketExternalMirrorInput::new(), MINUTE)?),
    ] {
        observed.push((name, site.observe(&PlainRequest::of(&presigned)).await?));
    }
    Ok(merge(&observed))
}

async fn unsigned(site: &Site) -> Observed {
    site.observe(&Location::bucket(site)?.get("acl")).await
}

async fn malformed_authorization(site: &Site) -> Observed {
    site.observe(&Location::bucket(site)?.get("acl").header("authorization", "QS malformed")).await
}

async fn unknown_access_key(site: &Site) -> Observed {
    let presigned = site.bucket.presign(GetBucketACLInput::new(), MINUTE)?;
    let id = access_key_id(presigned.url()).ok_or("the presigned URL has no access key id")?;
    let url = presigned.url().replace(&format!("access_key_id={id}"), "access_key_id=UNKNOWNACCESSKEYID");
    site.observe(&PlainRequest::new("GET", url)).await
}

async fn without_date(site: &Site) -> Observed {
    let location = Location::bucket(site)?;
    let request = Signer::from_environment()?.get(&location, "", None, &location.resource(""))?;
    site.observe(&request).await
}

async fn old_date(site: &Site) -> Observed {
    let location = Location::bucket(site)?;
    let date = SystemTime::now() - Duration::from_secs(16 * 60);
    let request = Signer::from_environment()?.get(&location, "", Some(date), &location.resource(""))?;
    site.observe(&request).await
}

async fn encoded_parameters(site: &Site) -> Observed {
    let (key, query) = (site.key("encoded-parameters"), "response-content-type=text%2Fplain");
    site.put(&key, "content").await?;
    let location = Location::object(site, &key)?;
    // The documented resource contains the decoded value.
    let resource = [location.resource(""), format!("?{query}").into_bytes()].concat();
    let request = Signer::from_environment()?.get(&location, query, Some(SystemTime::now()), &resource)?;
    site.observe(&request).await
}

async fn bucket_slash(site: &Site) -> Observed {
    let location = Location::bucket(site)?;
    let mut resource = location.resource("");
    match resource.last() {
        Some(b'/') => drop(resource.pop()),
        _ => resource.push(b'/'),
    }
    let request = Signer::from_environment()?.get(&location, "", Some(SystemTime::now()), &resource)?;
    site.observe(&request).await
}

async fn long_lifetime(site: &Site) -> Observed {
    let key = site.key("long-lifetime");
    site.put(&key, "content").await?;
    let ten_years = Duration::from_secs(10 * 365 * 24 * 3600);
    let presigned = site.bucket.presign_object(&key, GetObjectInput::new(), ten_years)?;
    site.observe(&PlainRequest::of(&presigned)).await
}

/// A presigned URL that expires a second after its creation.
pub(super) struct ExpiringUrl {
    request: PlainRequest,
    created: Instant,
}

impl ExpiringUrl {
    /// Seconds from the creation to the request. The server's clock may be a little behind.
    const WAIT: u64 = 6;

    pub(super) async fn create(site: &Site) -> Result<Self, String> {
        let key = site.key("expiring");
        let created = Instant::now();
        let presign = || site.bucket.presign_object(&key, GetObjectInput::new(), Duration::from_secs(1));
        let request = site.put(&key, "content").await.and_then(|()| presign());
        let request = PlainRequest::of(&request.map_err(|error| error.to_string())?);
        Ok(Self { request, created })
    }

    /// Waits until the URL has expired, and sends the request.
    async fn send(self, site: &Site) -> Observation {
        pause(Self::WAIT.saturating_sub(self.created.elapsed().as_secs())).await;
        site.observe(&self.request).await.map_err(|Failure(reason)| reason)
    }
}
