//! What is generated from each feature's specification compiles in place of the SDK's own operations, without a warning,
//! and so do samples of its operations, which stand in the documentation.

use std::path::PathBuf;

use crate::sdk_copy::{Sdk, load, root};

#[test]
fn fixtures_compile_without_a_warning() {
    let sdk = Sdk::copy();
    let mut checked = 0;
    for entry in root().join("codegen/tests/fixtures/features").read_dir().unwrap() {
        let spec = entry.unwrap().path();
        assert_eq!(sdk.check(&load(&spec).api), "", "{}", spec.display());
        checked += 1;
    }
    assert!(checked >= 8, "{checked}");
}

#[test]
fn the_official_specification_compiles_without_a_warning() {
    let Some(spec) = std::env::var_os("QINGSTOR_OFFICIAL_SPEC").map(PathBuf::from) else {
        println!("QINGSTOR_OFFICIAL_SPEC does not name a copy of the official specification: nothing to do");
        return;
    };
    assert_eq!(Sdk::copy().check(&load(&spec).api), "");
}
