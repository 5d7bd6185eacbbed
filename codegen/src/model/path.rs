//! Keys of paths, such as `/{bucketName}/{objectKey}?uploads`.

use std::collections::BTreeSet;

use super::api::Scope;
use crate::diagnostic::codes;
use crate::spec::problems::{Problems, Spanned};
use crate::spec::suggest::instead_of;

/// The parts of a path key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PathKey {
    pub(super) scope: Scope,
    /// Names in braces.
    pub(super) placeholders: Vec<String>,
    /// Names after `?`.
    pub(super) sub_resources: Vec<String>,
    /// True if an error about the key was reported.
    pub(super) is_faulty: bool,
}

const SCOPES: [(&str, Scope); 3] =
    [("/", Scope::Service), ("/{bucketName}", Scope::Bucket), ("/{bucketName}/{objectKey}", Scope::Object)];

const PLACEHOLDERS: [&str; 2] = ["bucketName", "objectKey"];

impl PathKey {
    /// Parses a key. Errors are reported, and the other parts are parsed nevertheless.
    pub(super) fn read(key: &Spanned<String>, problems: &mut Problems) -> Self {
        let (path, query) =
            key.value.split_once('?').map_or((key.value.as_str(), None), |(path, query)| (path, Some(query)));
        let after_braces = path.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
        let placeholders: Vec<String> = after_braces.map(|(name, _)| name.to_owned()).collect();
        let scope = SCOPES.iter().find(|(known, _)| *known == path).map(|(_, scope)| *scope);
        if scope.is_none() {
            report_path(key, path, &placeholders, problems);
        }
        let sub_resources: Vec<String> = query.iter().flat_map(|query| query.split('&')).map(str::to_owned).collect();
        let is_faulty = !check_sub_resources(key, &sub_resources, problems) || scope.is_none();
        Self { scope: scope.unwrap_or(Scope::Service), placeholders, sub_resources, is_faulty }
    }
}

fn report_path(key: &Spanned<String>, path: &str, placeholders: &[String], problems: &mut Problems) {
    let unknown: Vec<&String> = placeholders.iter().filter(|name| !PLACEHOLDERS.contains(&name.as_str())).collect();
    if unknown.is_empty() {
        let message = format!("the path `{path}` addresses neither the service, nor a bucket, nor an object");
        let help = "write `/`, `/{bucketName}` or `/{bucketName}/{objectKey}`";
        problems.error(codes::UNKNOWN_PATH, key.span, message, help);
    }
    for name in unknown {
        let message = format!("unknown placeholder `{{{name}}}` in the path `{path}`");
        let help = instead_of(name, &PLACEHOLDERS, "the placeholders are");
        problems.error(codes::UNKNOWN_PATH, key.span, message, help);
    }
}

/// Reports all errors in the names after `?`. Returns false if there are any.
fn check_sub_resources(key: &Spanned<String>, names: &[String], problems: &mut Problems) -> bool {
    let mut seen = BTreeSet::new();
    let mut is_correct = true;
    for name in names {
        let fault = if name.is_empty() {
            "has an empty name after `?` or `&`".to_owned()
        } else if name.contains('=') {
            format!("gives a value with `{name}`, but a sub-resource has none")
        } else if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')) {
            format!("has the sub-resource `{name}`, which is not a valid name")
        } else if !seen.insert(name) {
            format!("has the sub-resource `{name}` twice")
        } else {
            continue;
        };
        is_correct = false;
        let message = format!("the path `{}` {fault}", key.value);
        let help = "write names joined by `&` after the `?`, such as `?uploads`";
        problems.error(codes::SUB_RESOURCE_SYNTAX, key.span, message, help);
    }
    is_correct
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::problems::tests::span;

    fn read(key: &str) -> PathKey {
        PathKey::read(&Spanned { value: key.to_owned(), span: span() }, &mut Problems::default())
    }

    #[test]
    fn reads_scope_placeholders_and_sub_resources() {
        assert_eq!(read("/").scope, Scope::Service);
        assert_eq!(read("/{bucketName}?acl").scope, Scope::Bucket);
        let object = read("/{bucketName}/{objectKey}?uploads&v2");
        assert_eq!(object.scope, Scope::Object);
        assert_eq!(object.placeholders, ["bucketName", "objectKey"]);
        assert_eq!(object.sub_resources, ["uploads", "v2"]);
        assert!(!object.is_faulty);
    }

    #[test]
    fn marks_unknown_paths_and_bad_sub_resources_as_faulty() {
        for key in ["", "/{bucketName}/", "/{objectKey}", "/{bucketName", "?", "/?", "/?a=b", "/?a&a", "/?é", "/?a&"] {
            assert!(read(key).is_faulty, "{key}");
        }
    }
}
