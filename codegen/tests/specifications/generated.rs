//! Snapshot tests of the generated code for each fixture in `fixtures/features`.
//!
//! `tests/tests/generator/compile.rs` tests that the code compiles with the SDK.

use std::path::Path;

use qingstor_codegen::{load, render};

fn generated(feature: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("tests/fixtures/features").join(feature).with_extension("yaml");
    let loaded = load(&path, root).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let files = render::format(&render::generate(&loaded.api).unwrap(), root.parent().unwrap()).unwrap();
    let own = files.iter().filter(|(path, _)| !path.ends_with("mod.rs"));
    own.map(|(path, content)| format!("======== {path}\n{content}\n")).collect()
}

macro_rules! features {
    ($($feature:ident),* $(,)?) => {$(
        #[test]
        fn $feature() {
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "../snapshots/generated" }, {
                insta::assert_snapshot!(stringify!($feature), generated(stringify!($feature)));
            });
        }
    )*};
}

features!(
    binary_body,
    binary_response,
    deep_types,
    descriptions,
    enums,
    forms,
    headers,
    json_body,
    json_response,
    names,
    pagination,
    query_parameters,
);

#[test]
fn every_fixture_has_a_snapshot() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/features");
    for entry in folder.read_dir().unwrap() {
        let name = entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
        let snapshot = format!("tests/snapshots/generated/{name}.snap");
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(&snapshot).exists(), "{snapshot} is missing");
    }
}

#[test]
fn generating_twice_returns_the_same_text() {
    assert_eq!(generated("names"), generated("names"));
}
