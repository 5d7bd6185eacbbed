//! HTTPS: trusted and refused certificates, and connections that end without `close_notify`.

use std::env;
use std::fs;
use std::time::Duration;

use qingstor_emulator::{CertificateAuthority, Emulator, ServerCertificate, TlsFront};
use qingstor_sdk::operations::{GetObjectInput, HeadBucketInput, ListObjectsInput, PutObjectInput};
use qingstor_sdk::{Bucket, Config, Error, ErrorKind, QingStor};
use qingstor_tests::{RawResponse, RawServer, TestBucket, is_child_process, run_in_child_process};

use crate::quick_retries;

const NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

fn authority() -> CertificateAuthority {
    CertificateAuthority::new("a private cloud").unwrap()
}

/// Starts an emulator behind a front with this certificate.
async fn start(certificate: &ServerCertificate) -> (TestBucket, TlsFront) {
    let test = TestBucket::start().await.unwrap();
    let front = TlsFront::start("127.0.0.1:0", test.emulator().port(), certificate).await.unwrap();
    (test, front)
}

fn https_bucket(config: Config, front: &TlsFront) -> Bucket {
    QingStor::new(config.endpoint(front.endpoint()).retry(quick_retries())).unwrap().bucket("bucket", None)
}

async fn put_and_get(bucket: &Bucket) -> Result<(), Error> {
    let data = vec![7; 1 << 20];
    bucket.put_object("key", PutObjectInput::new().body(data.clone())).await?;
    let object = bucket.get_object("key", GetObjectInput::new()).await?;
    assert_eq!(object.body.bytes().await?, data);
    Ok(())
}

#[tokio::test]
async fn certificate_of_a_private_authority_is_accepted_for_address_and_name() {
    let authority = authority();
    let (test, front) = start(&authority.certificate(&NAMES).unwrap()).await;
    for host in NAMES {
        let endpoint = format!("https://{host}:{}", front.port());
        let config = test.config().endpoint(endpoint).root_certificate(authority.pem());
        put_and_get(&QingStor::new(config).unwrap().bucket("bucket", None)).await.unwrap();
    }
}

#[tokio::test]
async fn several_authorities_are_trusted_together() {
    let authorities = [authority(), authority(), authority()];
    let [first, second, third] = authorities.each_ref().map(CertificateAuthority::pem);
    for authority in &authorities {
        let (test, front) = start(&authority.certificate(&NAMES).unwrap()).await;
        let config = test.config().root_certificate(&first).root_certificate([&*second, &third].concat());
        put_and_get(&https_bucket(config, &front)).await.unwrap();
    }
}

#[tokio::test]
async fn refused_certificate_is_an_error_after_one_attempt() {
    let authority = authority();
    let other = CertificateAuthority::new("another cloud").unwrap();
    for (certificate, trusted, cause) in [
        (authority.certificate(&NAMES), &other, "UnknownIssuer); if it is from a private authority, set that"),
        (authority.expired_certificate(&NAMES), &authority, "certificate expired"),
        (authority.certificate(&["other.example"]), &authority, "not valid for name \"127.0.0.1\""),
    ] {
        let (test, front) = start(&certificate.unwrap()).await;
        let bucket = https_bucket(test.config().root_certificate(trusted.pem()), &front);
        let error = put_and_get(&bucket).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
        let text = error.to_string();
        let expected = format!("no connection to {}: the certificate of the server is not accepted", front.endpoint());
        assert!(text.contains(&expected) && text.contains(cause), "{text}");
        assert!(!text.contains("network"), "{text}");
        assert_eq!(front.connections(), 1, "{text}");
    }
}

#[tokio::test]
async fn invalid_certificates_are_accepted_on_request() {
    let authority = authority();
    for certificate in [authority.expired_certificate(&NAMES), authority.certificate(&["other.example"])] {
        let (test, front) = start(&certificate.unwrap()).await;
        let config = test.config().danger_accept_invalid_certificates(true);
        put_and_get(&https_bucket(config, &front)).await.unwrap();
    }
}

#[test]
fn unusable_certificates_are_configuration_errors() {
    for pem in [
        "",
        "not PEM",
        "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ] {
        let error = QingStor::new(Config::anonymous().root_certificate(pem)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains("root_certificate contains no usable certificate"), "{error}");
    }
}

#[tokio::test]
async fn authority_is_loaded_from_qingstor_ca_file() {
    if !is_child_process() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem").display().to_string();
        let test = "tls::authority_is_loaded_from_qingstor_ca_file";
        return run_in_child_process(test, &[("QINGSTOR_CA_FILE", &file)], &[]).await.unwrap();
    }
    let file = env::var("QINGSTOR_CA_FILE").unwrap();
    let error = Config::from_env().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    let error = error.to_string();
    assert!(error.contains("QINGSTOR_CA_FILE") && error.contains(&file) && error.contains("cannot be read"), "{error}");

    fs::write(&file, "not PEM").unwrap();
    let error = QingStor::new(Config::from_env().unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    let error = error.to_string();
    assert!(error.contains("QINGSTOR_CA_FILE") && error.contains("no usable certificate"), "{error}");

    let authority = authority();
    fs::write(&file, authority.pem()).unwrap();
    let test = TestBucket::on(Emulator::builder().allow_anonymous(true)).await.unwrap();
    let certificate = authority.certificate(&NAMES).unwrap();
    let front = TlsFront::start("127.0.0.1:0", test.emulator().port(), &certificate).await.unwrap();
    put_and_get(&https_bucket(Config::from_env().unwrap(), &front)).await.unwrap();
}

#[tokio::test]
async fn authority_is_loaded_from_ssl_cert_file() {
    if !is_child_process() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem").display().to_string();
        let test = "tls::authority_is_loaded_from_ssl_cert_file";
        return run_in_child_process(test, &[("SSL_CERT_FILE", &file)], &["SSL_CERT_DIR"]).await.unwrap();
    }
    let authority = authority();
    fs::write(env::var("SSL_CERT_FILE").unwrap(), authority.pem()).unwrap();
    let (test, front) = start(&authority.certificate(&NAMES).unwrap()).await;
    put_and_get(&https_bucket(test.config(), &front)).await.unwrap();
}

#[tokio::test]
async fn client_without_system_certificates_presigns_and_its_first_https_request_fails() {
    if !is_child_process() {
        let missing = [("SSL_CERT_FILE", "/does/not/exist.pem"), ("SSL_CERT_DIR", "/does/not/exist")];
        let test = "tls::client_without_system_certificates_presigns_and_its_first_https_request_fails";
        return run_in_child_process(test, &missing, &[]).await.unwrap();
    }
    let authority = authority();
    let (test, front) = start(&authority.certificate(&NAMES).unwrap()).await;
    let bucket = https_bucket(test.config(), &front);
    bucket.presign_object("key", GetObjectInput::new(), Duration::from_secs(60)).unwrap();
    let error = put_and_get(&bucket).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("the certificate authorities of this system could not be loaded"), "{text}");
    assert!(text.contains("SSL_CERT_FILE"), "{text}");
    assert_eq!((error.kind(), front.connections()), (ErrorKind::Connect, 1), "{text}");
    put_and_get(&https_bucket(test.config().root_certificate(authority.pem()), &front)).await.unwrap();
}

/// Returns the body that a client reads from a server with this response.
async fn body_of(response: &str, sends_close_notify: bool) -> Result<Vec<u8>, Error> {
    let authority = authority();
    let certificate = authority.certificate(&NAMES).unwrap();
    let server = RawServer::start([response]).await.unwrap();
    let front = match sends_close_notify {
        true => TlsFront::start("127.0.0.1:0", server.port(), &certificate).await,
        false => TlsFront::start_without_close_notify("127.0.0.1:0", server.port(), &certificate).await,
    };
    let front = front.unwrap();
    let bucket = https_bucket(Config::anonymous().root_certificate(authority.pem()), &front);
    let object = bucket.get_object("key", GetObjectInput::new()).await?;
    object.body.bytes().await.map(Vec::from)
}

#[tokio::test]
async fn complete_body_is_accepted_without_close_notify() {
    for framing in ["content-length: 4\r\n\r\ndata", "transfer-encoding: chunked\r\n\r\n4\r\ndata\r\n0\r\n\r\n"] {
        let body = body_of(&format!("HTTP/1.1 200 OK\r\nx-qs-request-id: id\r\n{framing}"), false).await;
        assert_eq!(body.unwrap(), b"data", "{framing}");
    }
    let body = body_of("HTTP/1.1 200 OK\r\nx-qs-request-id: id\r\n\r\ndata", true).await;
    assert_eq!(body.unwrap(), b"data");
}

#[tokio::test]
async fn truncated_body_without_close_notify_is_a_connection_error() {
    // Without a length, only `close_notify` shows that the body is complete.
    for framing in ["content-length: 9\r\n\r\ndata", "transfer-encoding: chunked\r\n\r\n9\r\ndata", "\r\ndata"] {
        let body = body_of(&format!("HTTP/1.1 200 OK\r\nx-qs-request-id: id\r\n{framing}"), false).await;
        assert_eq!(body.unwrap_err().kind(), ErrorKind::Connection, "{framing}");
    }
}

#[tokio::test]
async fn truncated_response_without_close_notify_is_requested_again() {
    let truncated = "HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n{\"keys\":[]}";
    let complete = "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"keys\":[]}";
    let server = RawServer::start([truncated, complete]).await.unwrap();
    let authority = authority();
    let certificate = authority.certificate(&NAMES).unwrap();
    let front = TlsFront::start_without_close_notify("127.0.0.1:0", server.port(), &certificate).await.unwrap();
    let bucket = https_bucket(Config::anonymous().root_certificate(authority.pem()), &front);
    bucket.list_objects(ListObjectsInput::new()).await.unwrap();
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn tls_connection_is_kept_alive_and_replaced_when_the_server_closes_it() {
    let kept =
        || RawResponse::from("HTTP/1.1 200 OK\r\nx-qs-request-id: id\r\ncontent-length: 0\r\n\r\n").then_keep_alive();
    let server = RawServer::start([kept(), kept(), RawResponse::from(""), kept()]).await.unwrap();
    let authority = authority();
    let front = TlsFront::start("127.0.0.1:0", server.port(), &authority.certificate(&NAMES).unwrap()).await.unwrap();
    let bucket = https_bucket(Config::anonymous().root_certificate(authority.pem()), &front);
    for _ in 0..2 {
        bucket.head_bucket(HeadBucketInput::new()).await.unwrap();
    }
    assert_eq!(front.connections(), 1);
    bucket.head_bucket(HeadBucketInput::new()).await.unwrap();
    assert_eq!((server.requests().len(), front.connections()), (4, 2));
}
