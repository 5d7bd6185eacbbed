//! Our specification beside QingStor's own.
//!
//! Protects: every operation, parameter, status and field that QingStor publishes is ours too, with the same place, type
//! and `required`, or stands in `fixtures/deliberate_differences.yaml` with a reason; and nothing is there that QingStor
//! does not have, unless it stands there as well.
//!
//! QingStor's specification is not part of this repository: name its root file in `QINGSTOR_OFFICIAL_SPEC`. Without it
//! only the comparison and the list themselves are tested. It reads both sides with a reader of its own, so that a fault
//! of the generator's cannot hide a difference.

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
fn ours_is_the_official_specification_but_for_deliberate_differences() {
    let Some(official) = std::env::var_os("QINGSTOR_OFFICIAL_SPEC").map(PathBuf::from) else {
        println!("QINGSTOR_OFFICIAL_SPEC does not name a copy of the official specification: nothing was compared");
        return;
    };
    let official = Description::read(&official).unwrap();
    assert_eq!(official.operations(), 50, "this is not the specification that the list is about");
    let ours = Description::read(&root().join("specs/qingstor/2016-01-06/api.yaml")).unwrap();
    let list = List::parse(&committed_list()).unwrap();
    let faults = list.unexplained(&compare(&official, &ours));
    assert!(faults.is_empty(), "{} differences:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn the_committed_list_is_well_formed() {
    List::parse(&committed_list()).unwrap();
}

#[test]
fn our_own_specification_can_be_described() {
    let ours = Description::read(&root().join("specs/qingstor/2016-01-06/api.yaml")).unwrap();
    assert!(ours.operations() >= 49, "{}", ours.operations());
    assert!(compare(&ours, &ours).is_empty());
}
