//! Compares our specification with the official one of QingStor.
//!
//! Both must have the same operations, parameters, statuses and fields, each with the same location, type and
//! `required`. Exceptions are listed with their reasons in `fixtures/deliberate_differences.yaml`.
//!
//! The official specification is not part of this repository. The comparison runs only if `QINGSTOR_OFFICIAL_SPEC`
//! names its root file. The test reads both specifications without the generator, so that an error of the generator
//! cannot hide a difference.

mod comparison;
mod description;
mod list;
mod source;

use std::path::{Path, PathBuf};

use comparison::compare;
use description::Description;
use list::List;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn committed_list() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/deliberate_differences.yaml");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn all_differences_from_the_official_specification_are_listed() {
    let Some(official) = std::env::var_os("QINGSTOR_OFFICIAL_SPEC").map(PathBuf::from) else {
        println!("QINGSTOR_OFFICIAL_SPEC does not name a copy of the official specification: nothing was compared");
        return;
    };
    let official = Description::read(&official).unwrap();
    assert_eq!(official.operations(), 50, "the official specification has another version");
    let ours = Description::read(&root().join("specs/qingstor/2016-01-06/api.yaml")).unwrap();
    let list = List::parse(&committed_list()).unwrap();
    let unlisted = list.unlisted(&compare(&official, &ours));
    assert!(unlisted.is_empty(), "{} differences:\n{}", unlisted.len(), unlisted.join("\n"));
}

#[test]
fn the_committed_list_is_well_formed() {
    List::parse(&committed_list()).unwrap();
}

#[test]
fn our_specification_is_equal_to_itself() {
    let ours = Description::read(&root().join("specs/qingstor/2016-01-06/api.yaml")).unwrap();
    assert!(ours.operations() >= 49, "{}", ours.operations());
    assert!(compare(&ours, &ours).is_empty());
}
