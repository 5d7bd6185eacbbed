//! Lists of versions: content, order and pages.

use crate::support::{Client, md5_hex};
use qingstor_emulator::Emulator;
use serde_json::Value;

async fn start_with_versioning() -> (Emulator, Client) {
    let emulator = Emulator::builder().bucket("b").start().await.unwrap();
    let client = Client::new(&emulator);
    client.put("/b/a", "null").await.expect(201);
    client.put("/b?versioning", r#"{"status":"ENABLED"}"#).await.expect(200);
    (emulator, client)
}

async fn list(client: &Client, query: &str) -> Value {
    client.get(&format!("/b?versions{query}")).await.expect(200).json()
}

fn lines(list: &Value) -> Vec<String> {
    let keys = list["keys"].as_array().unwrap().iter();
    let mut lines: Vec<String> = keys.map(|key| format!("{} {}", key["key"], key["version_id"])).collect();
    lines.extend(list["common_prefixes"].as_array().unwrap().iter().map(ToString::to_string));
    lines
}

/// Returns the entries of all pages.
async fn walk(client: &Client, query: &str, limit: usize) -> Vec<String> {
    let (mut key, mut id) = (String::new(), String::new());
    let mut all = Vec::new();
    loop {
        let page = list(client, &format!("{query}&limit={limit}&key_marker={key}&version_id_marker={id}")).await;
        let lines = lines(&page);
        assert!(lines.len() <= limit);
        assert_eq!(page["key_marker"], key);
        assert_eq!(page["version_id_marker"], id);
        all.extend(lines);
        assert!(all.len() < 100, "{all:?}");
        let next = |name: &str| page[name].as_str().unwrap().to_owned();
        (key, id) = (next("next_key_marker"), next("next_version_id_marker"));
        if page["has_more"] == false {
            assert_eq!((key, id), (String::new(), String::new()));
            return all;
        }
    }
}

#[tokio::test]
async fn lists_properties_of_versions_and_delete_markers() {
    let (_emulator, client) = start_with_versioning().await;
    let headers = [("content-type", "text/x"), ("x-qs-storage-class", "STANDARD_IA")];
    let put = client.send("PUT", "/b/a", &headers, "data").await.expect(201);
    let deleted = client.delete("/b/a").await.expect(204);
    let page = list(&client, "").await;
    assert_eq!((&page["name"], &page["limit"], &page["has_more"]), (&"b".into(), &100.into(), &false.into()));
    assert!(page["owner"]["id"].is_string());

    let [marker, version, null] = page["keys"].as_array().unwrap().as_slice() else { panic!("{page}") };
    assert_eq!(marker["version_id"], deleted.header("x-qs-version-id"));
    assert_eq!((&marker["is_latest"], &marker["delete_marker"]), (&true.into(), &true.into()));
    assert_eq!((&marker["size"], &marker["etag"], &marker["mime_type"]), (&0.into(), &"".into(), &"".into()));
    assert_eq!(version["version_id"], put.header("x-qs-version-id"));
    assert_eq!((&version["is_latest"], &version["delete_marker"]), (&false.into(), &false.into()));
    assert_eq!((&version["size"], &version["etag"]), (&4.into(), &md5_hex(b"data").into()));
    assert_eq!((&version["mime_type"], &version["storage_class"]), (&"text/x".into(), &"STANDARD_IA".into()));
    assert_eq!((&version["encrypted"], &version["key"]), (&false.into(), &"a".into()));
    for time in ["created", "modified"] {
        version[time].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    }
    assert_eq!((&null["version_id"], &null["is_latest"]), (&"null".into(), &false.into()));
}

#[tokio::test]
async fn pages_of_any_size_contain_every_version_once() {
    let (_emulator, client) = start_with_versioning().await;
    for key in ["a", "a", "d/x", "d/y", "d/y", "e", "z"] {
        client.put(&format!("/b/{key}"), key).await.expect(201);
    }
    client.delete("/b/d/x").await.expect(204);
    client.delete("/b/z").await.expect(204);

    let all = lines(&list(&client, "").await);
    assert_eq!(all.len(), 10);
    let keys: Vec<&str> = all.iter().map(|line| line.split(' ').next().unwrap().trim_matches('"')).collect();
    assert_eq!(keys, ["a", "a", "a", "d/x", "d/x", "d/y", "d/y", "e", "z", "z"]);
    assert_eq!(all[2], "\"a\" \"null\"");
    let mut rolled_up = walk(&client, "&delimiter=/", 100).await;
    assert_eq!(rolled_up.len(), 7);
    rolled_up.sort();
    for limit in 1..=11 {
        assert_eq!(walk(&client, "", limit).await, all, "limit {limit}");
        assert_eq!(walk(&client, "&prefix=d/", limit).await, all[3..7], "limit {limit}");
        let mut lines = walk(&client, "&delimiter=/", limit).await;
        lines.sort();
        assert_eq!(lines, rolled_up, "limit {limit}");
    }
    assert!(rolled_up.contains(&"\"d/\"".to_owned()));
}

#[tokio::test]
async fn accepts_markers_that_do_not_exist() {
    let (_emulator, client) = start_with_versioning().await;
    let mut ids = Vec::new();
    for text in ["1", "2", "3"] {
        ids.push(client.put("/b/k", text).await.expect(201).header("x-qs-version-id").to_owned());
    }
    let after = format!("&key_marker=k&version_id_marker={}", ids[1]);
    let rest = lines(&list(&client, &after).await);
    assert_eq!(rest, [format!("\"k\" \"{}\"", ids[0])]);
    client.delete(&format!("/b/k?version_id={}", ids[1])).await.expect(204);
    assert_eq!(lines(&list(&client, &after).await), rest);
    // A key marker without a version id marker skips all versions of the key.
    assert_eq!(lines(&list(&client, "&key_marker=k").await).len(), 0);
    assert_eq!(lines(&list(&client, "&key_marker=a").await).len(), 2);

    for query in [&*format!("&version_id_marker={}", ids[0]), "&key_marker=k&version_id_marker=made-up"] {
        let response = client.get(&format!("/b?versions{query}")).await.expect(400);
        assert_eq!(response.code(), "invalid_argument", "{query}");
    }
    let nothing = list(&client, "&limit=0").await;
    assert_eq!((lines(&nothing).len(), &nothing["has_more"]), (0, &false.into()));
}
