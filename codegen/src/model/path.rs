//! Path keys: `/{bucketName}/{objectKey}?uploads`.

use std::collections::BTreeSet;

use super::api::Scope;
use crate::diagnostic::codes;
use crate::spec::problems::{Problems, Spanned};
use crate::spec::suggest::instead_of;

/// A path key, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PathKey {
    pub(super) scope: Scope,
    /// The names between braces.
    pub(super) placeholders: Vec<String>,
    /// What follows `?`.
    pub(super) sub_resources: Vec<String>,
    /// True if something about it has been reported.
    pub(super) is_faulty: bool,
}

const SCOPES: [(&str, Scope); 3] =
    [("/", Scope::Service), ("/{bucketName}", Scope::Bucket), ("/{bucketName}/{objectKey}", Scope::Object)];

const PLACEHOLDERS: [&str; 2] = ["bucketName", "objectKey"];

impl PathKey {
    /// Takes `key` apart. A faulty key is reported and read as well as possible.
    pub(super) fn read(key: &Spanned<String>, problems: &mut Problems) -> Self {
        let (path, query) = match key.value.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (key.value.as_str(), None),
        };
        let placeholders = placeholders(path);
        let scope = SCOPES.iter().find(|(known, _)| *known == path).map(|(_, scope)| *scope);
        if scope.is_none() {
            report_path(key, path, &placeholders, problems);
        }
        let sub_resources = query.map_or(Some(Vec::new()), |query| sub_resources(key, query, problems));
        Self {
            is_faulty: scope.is_none() || sub_resources.is_none(),
            scope: scope.unwrap_or(Scope::Service),
            placeholders,
            sub_resources: sub_resources.unwrap_or_default(),
        }
    }
}

fn placeholders(path: &str) -> Vec<String> {
    let after_braces = path.split('{').skip(1);
    after_braces.filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect()
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

fn sub_resources(key: &Spanned<String>, query: &str, problems: &mut Problems) -> Option<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut is_faulty = false;
    for name in query.split('&') {
        let fault = if name.is_empty() {
            Some("has an empty name after `?` or `&`".to_owned())
        } else if name.contains('=') {
            Some(format!("gives a value with `{name}`, but a sub-resource has none"))
        } else if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')) {
            Some(format!("has the sub-resource `{name}`, which is not a name"))
        } else if !seen.insert(name) {
            Some(format!("has the sub-resource `{name}` twice"))
        } else {
            None
        };
        if let Some(fault) = fault {
            is_faulty = true;
            let message = format!("the path `{}` {fault}", key.value);
            let help = "write names joined by `&` after the `?`, such as `?uploads`";
            problems.error(codes::SUB_RESOURCE_SYNTAX, key.span, message, help);
        }
    }
    (!is_faulty).then(|| query.split('&').map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::problems::tests::span;

    fn read(key: &str) -> PathKey {
        PathKey::read(&Spanned { value: key.to_owned(), span: span() }, &mut Problems::default())
    }

    #[test]
    fn a_path_says_what_it_addresses() {
        assert_eq!(read("/").scope, Scope::Service);
        assert_eq!(read("/{bucketName}?acl").scope, Scope::Bucket);
        let object = read("/{bucketName}/{objectKey}?uploads&v2");
        assert_eq!(object.scope, Scope::Object);
        assert_eq!(object.placeholders, ["bucketName", "objectKey"]);
        assert_eq!(object.sub_resources, ["uploads", "v2"]);
        assert!(!object.is_faulty);
    }

    #[test]
    fn other_paths_are_faulty() {
        for key in ["", "/{bucketName}/", "/{objectKey}", "/{bucketName", "?", "/?", "/?a=b", "/?a&a", "/?é", "/?a&"] {
            assert!(read(key).is_faulty, "{key}");
        }
    }
}
