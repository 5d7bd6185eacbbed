//! Names that differ in the specification but not in Rust, and names that generated code reserves.

use std::collections::BTreeMap;

use crate::diagnostic::codes;
use crate::naming::snake_case;
use crate::spec::problems::{Finding, Problems, Spanned};

/// Reports each name that has the same name in Rust as an earlier one. `owners` describes the names in the message.
pub(super) fn report_collisions<'n>(
    owners: &str,
    names: impl Iterator<Item = Spanned<&'n str>>,
    rust_name: impl Fn(&str) -> String,
    problems: &mut Problems,
) {
    let mut taken: BTreeMap<String, Spanned<&str>> = BTreeMap::new();
    for name in names {
        let rust_name = rust_name(name.value);
        if let Some(first) = taken.get(&rust_name) {
            let message =
                format!("{owners} `{}` and `{}` would both be `{rust_name}` in Rust", first.value, name.value);
            let finding = Finding::error(codes::NAME_COLLISION, name.span, message).help("rename one of them");
            problems.report(finding.related(first.span, "the other is here"));
        } else {
            taken.insert(rust_name, name);
        }
    }
}

/// Reports a name that generated code uses for something else. `reason` describes that use.
pub(super) fn report_reserved(owner: &str, name: &Spanned<&str>, reason: &str, problems: &mut Problems) {
    let rust_name = snake_case(name.value);
    let message = format!("{owner} `{}` would be `{rust_name}` in Rust, which {reason}", name.value);
    problems.error(codes::RESERVED_NAME, name.span, message, "choose another name");
}
