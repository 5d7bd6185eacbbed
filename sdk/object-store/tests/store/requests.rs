//! The requests that the store sends.

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use qingstor_emulator::{Fault, FaultPlan, FaultRule, Offset};

use crate::support::{TestStore, count};

#[tokio::test]
async fn list_requests_pages_of_1000() {
    let test = TestStore::start().await;
    test.store.put(&Path::from("a/object"), "content".into()).await.unwrap();
    assert_eq!(test.store.list(Some(&Path::from("a"))).count().await, 1);
    let requests = test.requests().await.unwrap();
    let list = requests.iter().find(|request| request.contains("ListObjects")).unwrap();
    assert!(list.contains("limit=1000") && list.contains("prefix=a%2F"), "{list}");
}

#[tokio::test]
async fn lists_continue_on_the_next_page() {
    let test = TestStore::start().await;
    let store = &test.store;
    let locations: Vec<_> = (0..2010).map(|number| Path::from(format!("{}/{number:04}", number / 2))).collect();
    let writes = locations.iter().map(|location| store.put(location, "content".into()));
    stream::iter(writes).buffer_unordered(20).try_for_each(async |_| Ok(())).await.unwrap();

    let mut listed: Vec<_> = store.list(None).map_ok(|object| object.location).try_collect().await.unwrap();
    listed.sort_by(|one, other| one.filename().cmp(&other.filename()));
    assert!(listed == locations);
    let folders = store.list_with_delimiter(None).await.unwrap().common_prefixes;
    assert_eq!(folders.len(), 1005);
    let after = store.list_with_offset(None, &Path::from("500/1000")).count().await;
    let expected = locations.iter().filter(|location| **location > Path::from("500/1000")).count();
    assert_eq!(after, expected);
    let requests = test.requests().await.unwrap();
    let pages = 3 + 2 + expected.div_ceil(1000);
    assert_eq!(count(&requests, "ListObjects"), pages);
}

#[tokio::test]
async fn read_resumes_after_the_connection_broke() {
    let cut = |after| FaultRule::new(Fault::CutAnswer { after: Offset::Bytes(after) }).operation("GetObject").count(1);
    let test = TestStore::with_faults(FaultPlan::new().rule(cut(700_000)).rule(cut(0)).rule(cut(100_000))).await;
    let content: Bytes = (0..1_000_000u32).flat_map(u32::to_le_bytes).collect();
    let location = Path::from("object");
    test.store.put(&location, content.clone().into()).await.unwrap();
    let range = 1_000_001..3_999_999;
    let read = test.store.get_range(&location, range.clone()).await.unwrap();
    assert!(read == content[range.start as usize..range.end as usize]);
    assert_eq!(test.emulator.faults_fired(), [1, 1, 1]);
}

#[tokio::test]
async fn list_with_offset_sends_the_offset_as_marker() {
    let test = TestStore::start().await;
    let store = test.store.clone().with_prefix(Path::from("p"));
    for name in ["a", "b", "c"] {
        store.put(&Path::from(name), "content".into()).await.unwrap();
    }
    let list = store.list_with_offset(None, &Path::from("a"));
    let locations: Vec<_> = list.map_ok(|object| object.location.to_string()).try_collect().await.unwrap();
    assert_eq!(locations, ["b", "c"]);
    let requests = test.requests().await.unwrap();
    let list = requests.iter().find(|request| request.contains("ListObjects")).unwrap();
    assert!(list.contains("marker=p%2Fa"), "{list}");
}

#[tokio::test]
async fn list_paginated_continues_with_its_token() {
    let test = TestStore::start().await;
    let store = test.store.clone().with_prefix(Path::from("p"));
    for number in 0..5 {
        store.put(&Path::from(format!("folder/{number}")), "content".into()).await.unwrap();
    }
    let mut options =
        PaginatedListOptions { max_keys: Some(2), offset: Some("folder/0".to_owned()), ..Default::default() };
    let mut names = Vec::new();
    loop {
        let page = store.list_paginated(Some("fol"), options.clone()).await.unwrap();
        assert!(page.result.objects.len() <= 2);
        names.extend(page.result.objects.into_iter().map(|object| object.location.to_string()));
        options.page_token = page.page_token;
        if options.page_token.is_none() {
            break;
        }
    }
    assert_eq!(names, ["folder/1", "folder/2", "folder/3", "folder/4"]);
}

#[tokio::test]
async fn rename_is_a_head_and_one_move() {
    let test = TestStore::start().await;
    let (from, to) = (Path::from("from"), Path::from("to"));
    test.store.put(&from, "content".into()).await.unwrap();
    test.store.rename(&from, &to).await.unwrap();
    let requests = test.requests().await.unwrap();
    assert_eq!((requests.len(), count(&requests, "HeadObject"), count(&requests, "PutObject")), (3, 1, 2));
}
