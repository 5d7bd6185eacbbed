//! The sources of settings.

use std::fs;
use std::process::Command;

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode};
use qingstor_object_store::{QingStorStore, QingStorStoreBuilder};
use qingstor_sdk::operations::GetObjectInput;

use crate::support::{TestStore, config};

/// Stores an object with `store` and checks that it is in the bucket of `test` under `key`.
async fn assert_writes(store: &QingStorStore, test: &TestStore, key: &str) {
    store.put(&Path::from("object"), "content".into()).await.unwrap();
    let object = test.store.bucket().get_object(key, GetObjectInput::new()).await.unwrap();
    assert_eq!(object.body.bytes().await.unwrap(), "content");
}

fn error(builder: QingStorStoreBuilder) -> String {
    builder.build().unwrap_err().to_string()
}

#[tokio::test]
async fn builds_from_code() {
    let test = TestStore::start().await;
    let builder = QingStorStoreBuilder::new().with_config(config(&test.emulator).zone(test.emulator.zone()));
    let store = builder.with_bucket_name("bucket").build().unwrap();
    assert_writes(&store, &test, "object").await;
    assert_eq!(store.to_string(), "QingStorStore(bucket)");
}

#[tokio::test]
async fn builds_from_options_and_a_url() {
    let test = TestStore::start().await;
    let options = [
        ("qingstor_access_key_id", test.emulator.access_key_id()),
        ("QINGSTOR_SECRET_ACCESS_KEY", test.emulator.secret_access_key()),
        ("qingstor_endpoint", &test.emulator.endpoint()),
        ("qingstor_zone", test.emulator.zone()),
        ("qingstor_bucket", "bucket"),
        ("qingstor_conditional_writes", "check_then_write"),
        ("aws_region", "ignored"),
        ("timeout", "30s"),
    ];
    let store = QingStorStoreBuilder::new().with_options(options).build().unwrap();
    assert_writes(&store, &test, "object").await;
    let location = Path::from("created");
    store.put_opts(&location, "x".into(), PutMode::Create.into()).await.unwrap();

    let store =
        QingStorStoreBuilder::new().with_url("qingstor://bucket/a%20b/c/").with_options(options).build().unwrap();
    assert_writes(&store, &test, "a b/c/object").await;
    assert_eq!((store.to_string().as_str(), store.prefix()), ("QingStorStore(bucket/a b/c)", &Path::from("a b/c")));
}

#[tokio::test]
async fn options_take_precedence_over_the_configuration() {
    let test = TestStore::start().await;
    let endpoint = test.emulator.endpoint();
    let builder = QingStorStoreBuilder::new().with_config(config(&test.emulator).endpoint("http://127.0.0.1:1"));
    let store = builder.with_option("qingstor_endpoint", &endpoint).with_url("qingstor://bucket").build().unwrap();
    assert_writes(&store, &test, "object").await;
}

/// Program of the child process of [`builds_from_the_environment_and_a_file`].
#[tokio::test]
#[ignore = "runs in a child process with an environment of its own"]
async fn child_builds_from_its_environment() {
    let store = QingStorStoreBuilder::load().unwrap().with_url("qingstor://bucket/child").build().unwrap();
    store.put(&Path::from("object"), "content".into()).await.unwrap();
}

#[tokio::test]
async fn builds_from_the_environment_and_a_file() {
    let test = TestStore::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    let (id, secret) = (test.emulator.access_key_id(), test.emulator.secret_access_key());
    fs::write(&file, format!("access_key_id: {id}\nsecret_access_key: {secret}\nendpoint: http://127.0.0.1:1\n"))
        .unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "builder::child_builds_from_its_environment", "--ignored"]);
    // The endpoint of the environment replaces that of the file.
    command.env("QINGSTOR_CONFIG_PATH", &file).env("QINGSTOR_ENDPOINT", test.emulator.endpoint());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(test.store.head(&Path::from("child/object")).await.unwrap().size, 7);
}

#[test]
fn unusable_settings_are_errors_that_say_what_to_do() {
    let builder = QingStorStoreBuilder::new;
    assert!(error(builder()).contains("with_bucket_name"));
    assert!(error(builder().with_url("qingstor://a").with_bucket_name("b")).contains("two buckets are set"));
    for url in [
        "s3://bucket",
        "bucket/prefix",
        "qingstor:///prefix",
        "qingstor://bucket:80",
        "qingstor://bucket?zone=a",
        "qingstor://bucket/a//b",
    ] {
        let error = error(builder().with_url(url));
        assert!(error.contains("qingstor://bucket/prefix"), "{url}: {error}");
    }
    let bucket = || builder().with_bucket_name("bucket");
    assert!(error(bucket().with_option("qingstor_zones", "pek3b")).contains("did you mean zone?"));
    assert!(error(bucket().with_option("qingstor_conditional_writes", "yes")).contains("check_then_write"));
    assert!(error(bucket().with_option("qingstor_access_key_id", "ID")).contains("secret_access_key is not"));
    assert!(error(bucket().with_option("qingstor_endpoint", "ftp://x")).contains("endpoint"));
}
