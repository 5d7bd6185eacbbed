//! Methods that the handwritten SDK defines on `QingStor` and `Bucket`.
//!
//! The test checks that the generator knows the names of all these methods. The generator refuses an operation of the
//! same name. Otherwise rustc would report a duplicate definition in generated code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use qingstor_codegen::naming::{HANDWRITTEN_METHODS, TRAIT_METHODS};

/// Returns the names of the methods in all `impl QingStor` and `impl Bucket` blocks. `code` must be formatted by
/// rustfmt.
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

/// Returns the traits that `QingStor` and `Bucket` derive or implement. `code` must be formatted by rustfmt.
fn traits(code: &str) -> impl Iterator<Item = &str> {
    let is_handle = |name: &str| ["Bucket", "QingStor"].contains(&name.trim_start_matches("crate::"));
    let mut derived = "";
    code.lines().flat_map(move |line| {
        let implemented = line.strip_prefix("impl").and_then(|rest| rest.strip_suffix(" {")?.split_once(" for "));
        let implemented = implemented.filter(|(_, target)| is_handle(target)).map_or("", |(name, _)| name.trim());
        let of_type = line.strip_prefix("pub struct ").and_then(|rest| rest.split([' ', ';']).next());
        let of_type = if of_type.is_some_and(is_handle) { std::mem::take(&mut derived) } else { "" };
        derived = line.strip_prefix("#[derive(").and_then(|rest| rest.strip_suffix(")]")).unwrap_or(derived);
        let names = of_type.split(", ").chain([implemented]).filter(|name| !name.is_empty());
        names.map(|name| name.rsplit("::").next().unwrap_or(name))
    })
}

/// Returns the contents of all handwritten files of the SDK.
fn sources() -> Vec<String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/src")];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.extend((!path.ends_with("generated")).then_some(path));
            } else {
                sources.push(fs::read_to_string(&path).unwrap());
            }
        }
    }
    sources
}

#[test]
fn generator_reserves_the_methods_of_all_traits_of_the_handles() {
    let sources = sources();
    let found: BTreeSet<&str> = sources.iter().flat_map(|code| traits(code)).collect();
    assert!(found.contains("Clone") && found.contains("Debug"), "{found:?}");
    let known = TRAIT_METHODS.map(|(name, _)| name);
    let missing: Vec<&&str> = found.iter().filter(|name| !known.contains(name)).collect();
    assert!(missing.is_empty(), "add {missing:?} and their methods to TRAIT_METHODS in codegen/src/naming.rs");
}

#[test]
fn generator_reserves_the_names_of_handwritten_methods() {
    let sources = sources();
    let handwritten: BTreeSet<String> = sources.iter().flat_map(|code| methods(code)).map(str::to_owned).collect();
    assert!(handwritten.contains("presign_object") && handwritten.contains("send"), "{handwritten:?}");
    assert_eq!(handwritten, HANDWRITTEN_METHODS.map(str::to_owned).into());
}
