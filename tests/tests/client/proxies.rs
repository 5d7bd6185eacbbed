//! Proxies of the environment are for other machines.
//!
//! Protects: tests and examples against a server on this machine work behind a corporate proxy too.

#![allow(clippy::unwrap_used)]

use std::process::Command;

use qingstor_sdk::HeadBucketInput;
use qingstor_tests::TestBucket;

const BEHIND_A_PROXY: &str = "QINGSTOR_TEST_BEHIND_A_PROXY";

#[tokio::test]
async fn a_server_on_this_machine_is_reached_without_a_proxy() {
    if std::env::var_os(BEHIND_A_PROXY).is_some() {
        TestBucket::start().await.unwrap().head_bucket(HeadBucketInput::new()).await.unwrap();
        return;
    }
    // The environment belongs to the whole process, so another one has the proxy, at which nobody listens.
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "proxies::a_server_on_this_machine_is_reached_without_a_proxy"])
        .env(BEHIND_A_PROXY, "1")
        .envs(["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].map(|name| (name, "http://127.0.0.1:1")))
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
}
