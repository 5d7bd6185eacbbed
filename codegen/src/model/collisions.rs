//! Names that differ in the specification and not in Rust.

use std::collections::BTreeMap;

use crate::diagnostic::codes;
use crate::spec::problems::{Finding, Problems, Spanned};

/// Reports every name that `in_rust` makes the same as an earlier one. `owners` says what the names belong to.
pub(super) fn one_of_each<'n>(
    owners: &str,
    names: impl Iterator<Item = Spanned<&'n str>>,
    in_rust: impl Fn(&str) -> String,
    problems: &mut Problems,
) {
    let mut taken: BTreeMap<String, Spanned<&str>> = BTreeMap::new();
    for name in names {
        let rust_name = in_rust(name.value);
        if let Some(first) = taken.get(&rust_name) {
            let (first, other) = (first.span, first.value);
            let message = format!("{owners} `{other}` and `{}` would both be `{rust_name}` in Rust", name.value);
            let finding = Finding::error(codes::NAME_COLLISION, name.span, message).help("rename one of them");
            problems.report(finding.related(first, "the other is here"));
        } else {
            taken.insert(rust_name, name);
        }
    }
}

/// Reports a name that the generated code needs for itself. `kind` is what it names: `a field`.
pub(super) fn not_reserved(
    owner: &str,
    name: &Spanned<&str>,
    rust_name: &str,
    why: &str,
    kind: &str,
    problems: &mut Problems,
) {
    let message = format!("{owner} `{}` would be `{rust_name}` in Rust, which {why}", name.value);
    let help = format!("such {kind} cannot be generated; rename it");
    problems.error(codes::RESERVED_NAME, name.span, message, help);
}
