//! Proxies that environment variables configure.
//!
//! The test checks that requests to a server on this machine, as in tests and examples, do not go through a proxy.

use qingstor_sdk::operations::HeadBucketInput;
use qingstor_tests::{TestBucket, is_child_process, run_in_child_process};

#[tokio::test]
async fn requests_to_localhost_bypass_the_proxy() {
    if is_child_process() {
        TestBucket::start().await.unwrap().head_bucket(HeadBucketInput::new()).await.unwrap();
        return;
    }
    // No server listens on this port, so a request through the proxy would fail.
    let proxy_variables =
        ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].map(|name| (name, "http://127.0.0.1:1"));
    let test = "proxies::requests_to_localhost_bypass_the_proxy";
    run_in_child_process(test, &proxy_variables, &["no_proxy", "NO_PROXY"]).await.unwrap();
}
