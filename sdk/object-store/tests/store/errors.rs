//! Errors, and secrets in them.

use std::error::Error as _;

use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt};
use qingstor_emulator::FaultPlan;
use qingstor_object_store::{QingStorStore, QingStorStoreBuilder};
use qingstor_sdk::{Config, ErrorKind, QingStor};

use crate::support::{TestStore, answer};

/// Returns the error of a GET that is answered with an error.
async fn error_of_get(status: u16, code: Option<&str>) -> Error {
    let test = TestStore::with_faults(FaultPlan::new().rule(answer("GetObject", status, code))).await;
    test.store.get(&Path::from("folder/object")).await.unwrap_err()
}

#[tokio::test]
async fn statuses_have_the_variants_of_object_store() {
    let is_at = |path: &str| path == "folder/object";
    for (status, code) in [(404, Some("object_not_exists")), (404, None), (400, Some("upload_not_exists"))] {
        let error = error_of_get(status, code).await;
        assert!(matches!(&error, Error::NotFound { path, .. } if is_at(path)), "{error}");
    }
    let error = error_of_get(412, Some("precondition_failed")).await;
    assert!(matches!(&error, Error::Precondition { path, .. } if is_at(path)), "{error}");
    let error = error_of_get(401, Some("signature_not_matched")).await;
    assert!(matches!(&error, Error::Unauthenticated { path, .. } if is_at(path)), "{error}");
    let error = error_of_get(403, Some("permission_denied")).await;
    assert!(matches!(&error, Error::PermissionDenied { path, .. } if is_at(path)), "{error}");
    let error = error_of_get(501, Some("not_implemented")).await;
    assert!(matches!(&error, Error::NotSupported { .. }), "{error}");
}

#[tokio::test]
async fn other_errors_are_generic_with_the_error_of_the_sdk_as_source() {
    let error = error_of_get(400, Some("invalid_argument")).await;
    assert!(matches!(&error, Error::Generic { store: "QingStor", .. }), "{error}");
    let source = error.source().unwrap().downcast_ref::<qingstor_sdk::Error>().unwrap();
    assert_eq!((source.kind(), source.code()), (ErrorKind::Service, Some("invalid_argument")));
    let text = error.to_string();
    assert!(text.contains("GetObject of key \"folder/object\" in bucket \"bucket\""), "{text}");
}

#[tokio::test]
async fn list_of_a_missing_bucket_is_not_found() {
    let test = TestStore::start().await;
    let account = QingStor::new(crate::support::config(&test.emulator)).unwrap();
    let store = QingStorStore::new(account.bucket("missing", test.emulator.zone()));
    let error = store.list_with_delimiter(None).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
}

#[tokio::test]
async fn no_secret_is_in_debug_output_or_errors() {
    const SECRET: &str = "hunter2-secret-access-key";
    let test = TestStore::start().await;
    let builder = QingStorStoreBuilder::new()
        .with_config(Config::new("ID", SECRET).endpoint(test.emulator.endpoint()))
        .with_options([
            ("qingstor_access_key_id", test.emulator.access_key_id()),
            ("qingstor_secret_access_key", SECRET),
        ])
        .with_bucket_name("bucket");
    let mut texts = vec![format!("{builder:?}"), format!("{builder:#?}")];
    let store = builder.clone().build().unwrap();
    let error = store.get(&Path::from("object")).await.unwrap_err();
    assert!(matches!(error, Error::Unauthenticated { .. }), "{error}");
    texts.extend([format!("{store:?}"), store.to_string(), error.to_string(), format!("{error:?}")]);
    for (key, value) in [
        ("qingstor_zones", SECRET),
        ("qingstor_secret_access_key", &format!("{SECRET}\n")),
        ("qingstor_access_key_id", ""),
    ] {
        if let Err(error) = builder.clone().with_option(key, value).build() {
            texts.extend([error.to_string(), format!("{error:?}")]);
        }
    }
    let only_one = QingStorStoreBuilder::new().with_bucket_name("b").with_option("qingstor_secret_access_key", SECRET);
    let error = only_one.build().unwrap_err();
    texts.extend([error.to_string(), format!("{error:?}")]);
    let in_url = QingStorStoreBuilder::new().with_url(format!("qingstor://user:{SECRET}@bucket/prefix"));
    texts.push(format!("{in_url:?}"));
    let error = in_url.build().unwrap_err();
    texts.extend([error.to_string(), format!("{error:?}")]);
    assert!(texts.len() >= 14, "{texts:?}");
    for text in texts {
        assert!(!text.contains("hunter2"), "{text}");
    }
}
