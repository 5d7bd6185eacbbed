//! The integration tests of object_store: each function once without faults, and once with a fault in a tenth of the requests.
//!
//! `response_extensions` is not applicable. It requires a store that object_store's own HTTP client sends requests for.

use object_store::integration as suite;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt};
use qingstor_emulator::{Fault, FaultPlan, FaultRule, Offset};
use qingstor_object_store::{ConditionalWrites, QingStorStore};

use crate::support::TestStore;

/// Defines two tests for each function of the suite.
macro_rules! integration_tests {
    ($($name:ident: |$store:ident| $run:expr;)*) => {
        mod without_faults {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                let test = TestStore::start().await;
                let $store = &test.store;
                $run;
            })*
        }

        mod with_faults {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                let test = TestStore::with_faults(faults_in_a_tenth_of_the_requests()).await;
                let $store = &test.store;
                $run;
            })*
        }
    };
}

integration_tests! {
    put_get_delete_list: |store| suite::put_get_delete_list(store).await;
    put_get_attributes: |store| suite::put_get_attributes(store).await;
    get_opts: |store| suite::get_opts(store).await;
    put_opts: |store| suite::put_opts(&checking(store), false).await;
    stream_get: |store| suite::stream_get(store).await;
    list_uses_directories_correctly: |store| suite::list_uses_directories_correctly(store).await;
    list_with_delimiter: |store| suite::list_with_delimiter(store).await;
    get_nonexistent_object: |store| {
        for location in [None, Some(Path::from("folder/missing"))] {
            let error = suite::get_nonexistent_object(store, location).await.unwrap_err();
            assert!(matches!(error, Error::NotFound { .. }), "{error}");
        }
    };
    rename_and_copy: |store| suite::rename_and_copy(store).await;
    copy_if_not_exists: |store| suite::copy_if_not_exists(&checking(store)).await;
    copy_rename_nonexistent_object: |store| suite::copy_rename_nonexistent_object(store).await;
    multipart: |store| suite::multipart(store, store).await;
    multipart_with_opts: |store| suite::multipart_with_opts(store, store).await;
    multipart_put_part_out_of_order: |store| suite::multipart_put_part_out_of_order(store, store).await;
    multipart_race_condition: |store| suite::multipart_race_condition(store, true).await;
    multipart_out_of_order: |store| suite::multipart_out_of_order(store).await;
    list_paginated: |store| suite::list_paginated(store, store).await;
    list_with_offset_exclusivity: |store| suite::list_with_offset_exclusivity(store).await;
}

/// Returns a store that emulates conditional writes.
fn checking(store: &QingStorStore) -> QingStorStore {
    store.clone().with_conditional_writes(ConditionalWrites::CheckThenWrite)
}

/// A store with a prefix passes the same tests of locations.
#[tokio::test]
async fn store_with_a_prefix_passes_the_tests_of_locations() {
    let test = TestStore::start().await;
    let store = test.store.clone().with_prefix(Path::from("a/prefix"));
    // Objects outside of the prefix. `a/prefix2` starts with the same characters.
    for location in ["other", "a/prefix2/object", "a/object"] {
        test.store.put_opts(&Path::from(location), "outside".into(), Default::default()).await.unwrap();
    }
    suite::put_get_delete_list(&store).await;
    suite::list_uses_directories_correctly(&store).await;
    suite::list_with_delimiter(&store).await;
    suite::list_with_offset_exclusivity(&store).await;
    suite::list_paginated(&store, &store).await;
    suite::rename_and_copy(&store).await;
    let list = test.store.list_with_delimiter(Some(&Path::from("a"))).await.unwrap();
    assert_eq!(list.objects[0].location, Path::from("a/object"));
}

/// Returns a plan with faults in a tenth of the requests: errors, resets before and after the execution, and bodies that are
/// cut.
///
/// The client retries operations that are idempotent. It does not repeat an initiation that the server may have executed,
/// because that would leave an upload behind. Initiations therefore get only the answer that the rate of requests is too high.
/// The environment variable `QINGSTOR_SEED` selects another seed.
fn faults_in_a_tenth_of_the_requests() -> FaultPlan {
    const IDEMPOTENT: [&str; 9] = [
        "PutObject",
        "GetObject",
        "HeadObject",
        "DeleteMultipleObjects",
        "ListObjects",
        "UploadMultipart",
        "CompleteMultipartUpload",
        "AbortMultipartUpload",
        "ListMultipart",
    ];
    let faults = [
        Fault::ErrorAnswer { status: 503, code: Some("service_unavailable".to_owned()), retry_after: None },
        Fault::ResetBeforeAnswer,
        Fault::LoseAnswer,
        Fault::ResetInBody { after: Offset::Bytes(100_000) },
        Fault::CutAnswer { after: Offset::Bytes(7) },
    ];
    let limited = Fault::ErrorAnswer { status: 429, code: None, retry_after: None };
    let seed = std::env::var("QINGSTOR_SEED").map_or(18, |seed| seed.parse().unwrap());
    let mut plan = FaultPlan::new().seed(seed);
    plan = plan.rule(FaultRule::new(limited).operation("InitiateMultipartUpload").probability(0.1));
    for operation in IDEMPOTENT {
        for fault in faults.clone() {
            plan = plan.rule(FaultRule::new(fault).operation(operation).probability(0.03));
        }
    }
    plan
}

#[tokio::test]
async fn plan_injects_faults_into_a_tenth_of_the_requests() {
    let test = TestStore::with_faults(faults_in_a_tenth_of_the_requests()).await;
    let location = Path::from("object");
    test.store.put(&location, "content".into()).await.unwrap();
    for _ in 0..250 {
        test.store.head(&location).await.unwrap();
        test.store.get(&location).await.unwrap().bytes().await.unwrap();
    }
    let requests = test.requests().await.unwrap();
    let faults = requests.iter().filter(|request| request.contains("\"fault\":")).count();
    let share = faults as f64 / requests.len() as f64;
    assert!((0.06..0.18).contains(&share), "{faults} faults in {} requests", requests.len());
}
