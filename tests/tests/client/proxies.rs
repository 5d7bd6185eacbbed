//! Proxies of the environment are for other machines.
//!
//! Protects: tests and examples against a server on this machine work behind a corporate proxy too.

#![allow(clippy::unwrap_used)]

use qingstor_sdk::operations::HeadBucketInput;
use qingstor_tests::{TestBucket, is_child_process, run_in_child_process};

#[tokio::test]
async fn servers_on_this_machine_are_reached_without_a_proxy() {
    if is_child_process() {
        TestBucket::start().await.unwrap().head_bucket(HeadBucketInput::new()).await.unwrap();
        return;
    }
    // The address of a proxy that refuses connections.
    let proxies = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].map(|name| (name, "http://127.0.0.1:1"));
    let test = "proxies::servers_on_this_machine_are_reached_without_a_proxy";
    run_in_child_process(test, &proxies, &["no_proxy", "NO_PROXY"]).await.unwrap();
}
