//! Methods that are written by hand, beside those of operations.
//!
//! Protects: an operation that has the name of one of them is an error of the specification, and not one of the compiler
//! in generated code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use qingstor_codegen::naming::OWN_METHODS;

/// Where they are.
const FILES: [&str; 4] = ["bucket.rs", "client.rs", "transfer.rs", "transfer/stale.rs"];

/// The methods in the blocks of `code` that begin with this line, formatted by rustfmt.
fn methods<'a>(code: &'a str, block: &'a str) -> impl Iterator<Item = String> + 'a {
    let blocks = code.lines().skip_while(move |line| *line != block).take_while(|line| *line != "}");
    blocks.filter_map(|line| {
        let (before, after) = line.strip_prefix("    ")?.split_once("fn ")?;
        let is_method = before.split_whitespace().all(|word| ["pub", "pub(crate)", "async", "const"].contains(&word));
        let name = after.split(|character: char| !character.is_alphanumeric() && character != '_').next()?;
        is_method.then(|| name.to_owned())
    })
}

#[test]
fn the_generator_knows_the_methods_that_are_written_by_hand() {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/src");
    let mut written = BTreeSet::new();
    for file in FILES {
        let block = if file == "client.rs" { "impl QingStor {" } else { "impl Bucket {" };
        let code = fs::read_to_string(sdk.join(file)).unwrap();
        assert_eq!(code.lines().filter(|line| *line == block).count(), 1, "{file}: one block is read");
        written.extend(methods(&code, block));
    }
    assert!(written.contains("presign_object") && written.contains("send"), "{written:?}");
    assert_eq!(written, OWN_METHODS.map(str::to_owned).into());
}

#[test]
fn there_are_no_others_in_other_files() {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/src");
    let mut folders = vec![sdk.clone()];
    let mut with_methods = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.extend((!path.ends_with("generated")).then_some(path));
                continue;
            }
            let code = fs::read_to_string(&path).unwrap();
            let is_block = |line: &str| {
                let target = line.strip_prefix("impl ").and_then(|rest| rest.strip_suffix(" {"));
                target.is_some_and(|target| ["Bucket", "QingStor"].contains(&target.trim_start_matches("crate::")))
            };
            if code.lines().any(is_block) {
                with_methods.insert(path.strip_prefix(&sdk).unwrap().display().to_string());
            }
        }
    }
    assert_eq!(with_methods, FILES.map(str::to_owned).into());
}
