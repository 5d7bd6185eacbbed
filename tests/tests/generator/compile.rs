//! Compiles code that is generated from other specifications.
//!
//! The tests generate operations, and sample inputs of these operations, in a copy of the SDK. They check that both
//! compile without a warning, for each fixture of `codegen/tests/fixtures/features` and for QingStor's official
//! specification. rustdoc must accept the documentation.

use std::path::PathBuf;

use qingstor_codegen::Loaded;

use crate::sdk_copy::{Sdk, load, root};

#[test]
fn code_for_all_fixtures_compiles_without_warnings() {
    let sdk = Sdk::copy();
    let mut checked = 0;
    for entry in root().join("codegen/tests/fixtures/features").read_dir().unwrap() {
        let spec = entry.unwrap().path();
        assert_eq!(sdk.check(&load(&spec).api), "", "{}", spec.display());
        checked += 1;
    }
    assert!(checked >= 8, "only {checked} fixtures were found");
}

#[test]
fn rustdoc_accepts_descriptions_with_html_brackets_and_code() {
    let spec = root().join("codegen/tests/fixtures/features/descriptions.yaml");
    assert_eq!(Sdk::copy().document(&load(&spec).api), "");
}

fn official() -> Option<Loaded> {
    let spec = std::env::var_os("QINGSTOR_OFFICIAL_SPEC").map(PathBuf::from);
    if spec.is_none() {
        println!("skipped, because QINGSTOR_OFFICIAL_SPEC is not set");
    }
    spec.map(|spec| load(&spec))
}

#[test]
fn code_for_the_official_specification_compiles_without_warnings() {
    let Some(official) = official() else { return };
    let sdk = Sdk::copy();
    assert_eq!(sdk.check(&official.api), "");
    assert_eq!(sdk.document(&official.api), "");
}

#[test]
#[ignore = "builds the SDK and its dependencies once more"]
fn examples_for_the_official_specification_compile() {
    let Some(official) = official() else { return };
    let printed = Sdk::copy().test_examples(&official.api);
    // Each operation has one example.
    let expected = format!("{} passed; 0 failed; 0 ignored", official.api.operations.len());
    assert!(printed.contains(&expected), "{printed}");
}
