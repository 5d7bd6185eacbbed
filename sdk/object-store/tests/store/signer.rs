//! Signed URLs, sent by a plain HTTP client.

use std::time::Duration;

use object_store::path::Path;
use object_store::signer::{Method, SignedUrlOptions, Signer};
use object_store::{Error, ObjectStoreExt};
use reqwest::Client;

use crate::support::TestStore;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn signed_urls_work_without_the_access_keys() {
    // Another test of this process may have installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let test = TestStore::start().await;
    let (client, location) = (Client::new(), Path::from("folder/a object+ü"));
    let store = test.store.clone().with_prefix(Path::from("p"));
    let url = async |method: Method| store.signed_url(method, &location, HOUR).await.unwrap();

    let put = client.put(url(Method::PUT).await).body("content").send().await.unwrap();
    assert_eq!(put.status(), 201);
    assert_eq!(store.get(&location).await.unwrap().bytes().await.unwrap(), "content");
    let get = client.get(url(Method::GET).await).send().await.unwrap();
    assert_eq!(get.text().await.unwrap(), "content");
    let head = client.head(url(Method::HEAD).await).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], "7");
    assert_eq!(client.get(url(Method::PUT).await).send().await.unwrap().status(), 401);
    assert_eq!(client.delete(url(Method::DELETE).await).send().await.unwrap().status(), 204);
    assert!(matches!(store.head(&location).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn other_methods_and_options_are_not_supported() {
    let test = TestStore::start().await;
    let location = Path::from("object");
    let error = test.store.signed_url(Method::POST, &location, HOUR).await.unwrap_err();
    assert!(matches!(&error, Error::NotSupported { .. }), "{error}");
    assert!(error.to_string().contains("POST"), "{error}");
    let options = SignedUrlOptions::new().with_query([("part_number", "1")]);
    let error = test.store.signed_url_opts(Method::PUT, &location, HOUR, &options).await.unwrap_err();
    assert!(matches!(error, Error::NotSupported { .. }), "{error}");
    let error = test.store.signed_url(Method::GET, &location, Duration::ZERO).await.unwrap_err();
    assert!(matches!(error, Error::Generic { .. }), "{error}");
}
