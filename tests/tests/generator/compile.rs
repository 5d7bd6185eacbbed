//! Compiles code that is generated from other specifications.
//!
//! The tests generate operations, and sample inputs of these operations, in a copy of the SDK. They check that both
//! compile without a warning, for each fixture of `codegen/tests/fixtures/features` and for QingStor's official
//! specification.

use std::path::PathBuf;

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
fn code_for_the_official_specification_compiles_without_warnings() {
    let Some(spec) = std::env::var_os("QINGSTOR_OFFICIAL_SPEC").map(PathBuf::from) else {
        println!("skipped, because QINGSTOR_OFFICIAL_SPEC is not set");
        return;
    };
    assert_eq!(Sdk::copy().check(&load(&spec).api), "");
}
