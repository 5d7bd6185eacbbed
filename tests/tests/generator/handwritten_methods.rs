//! Methods that the handwritten SDK defines on `QingStor` and `Bucket`.
//!
//! The test checks that the generator knows the names of all these methods. The generator refuses an operation of the
//! same name. Otherwise rustc would report a duplicate definition in generated code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use qingstor_codegen::naming::HANDWRITTEN_METHODS;

/// Returns the names of the methods in all `impl QingStor` and `impl Bucket` blocks. `code` must be formatted by rustfmt.
fn methods(code: &str) -> impl Iterator<Item = &str> {
    let mut is_in_block = false;
    code.lines().filter_map(move |line| {
        let target = line.strip_prefix("impl ").and_then(|rest| rest.strip_suffix(" {"));
        is_in_block = match target {
            Some(target) => ["Bucket", "QingStor"].contains(&target.trim_start_matches("crate::")),
            None => is_in_block && line != "}",
        };
        let (before, after) = line.strip_prefix("    ").filter(|_| is_in_block)?.split_once("fn ")?;
        let is_method = before.split_whitespace().all(|word| ["pub", "pub(crate)", "async", "const"].contains(&word));
        after.split(|character: char| !character.is_alphanumeric() && character != '_').next().filter(|_| is_method)
    })
}

#[test]
fn generator_reserves_the_names_of_handwritten_methods() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/src")];
    let mut handwritten = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.extend((!path.ends_with("generated")).then_some(path));
            } else {
                handwritten.extend(methods(&fs::read_to_string(&path).unwrap()).map(str::to_owned));
            }
        }
    }
    assert!(handwritten.contains("presign_object") && handwritten.contains("send"), "{handwritten:?}");
    assert_eq!(handwritten, HANDWRITTEN_METHODS.map(str::to_owned).into());
}
