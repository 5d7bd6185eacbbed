//! Sub-resources: query keys that are part of the string to sign.

use super::document::ParameterIn;
use super::problems::Problems;
use super::table::Table;
use crate::diagnostic::codes;

/// The names of all sub-resources. A query key with such a name is signed in every operation.
///
/// The SDK signs a query key if its name is in its own copy of this list (`sdk/src/client/sign.rs`). A test keeps the
/// two equal.
pub const SUB_RESOURCES: [&str; 26] = [
    "acl",
    "append",
    "cname",
    "cors",
    "delete",
    "image",
    "lifecycle",
    "logging",
    "mirror",
    "notification",
    "part_number",
    "policy",
    "position",
    "replication",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "stats",
    "upload_id",
    "uploads",
    "version_id",
    "versioning",
    "versions",
];

/// Returns true if query keys of this name are signed.
pub(crate) fn is_signed(name: &str) -> bool {
    SUB_RESOURCES.contains(&name)
}

/// Returns true if the parameter has `x-signed: true`. Reports the key if it is false or contradicts the parameter.
pub(super) fn read(table: &Table, name: Option<&str>, place: Option<ParameterIn>, problems: &mut Problems) -> bool {
    let Some(flag) = table.flag("x-signed", problems) else { return false };
    let span = table.key_span("x-signed");
    if !flag.value {
        let message = format!("`x-signed: false` of {} has no effect, because the SDK signs by name", table.what);
        problems.error(codes::UNKNOWN_VALUE, flag.span, message, "write `x-signed: true`, or remove the key");
    } else if place.is_some_and(|place| place != ParameterIn::Query) {
        let message = format!("`x-signed` of {} is only allowed with `in: query`", table.what);
        problems.error(codes::MISPLACED_KEY, span, message, "remove it");
    } else if name.is_some_and(|name| !is_signed(name)) {
        let message = format!("`x-signed: true` of {}, whose name is not that of a sub-resource", table.what);
        problems.error(codes::MISPLACED_KEY, span, message, "remove it, because the parameter is not signed");
    }
    true
}

#[cfg(test)]
mod tests {
    use super::SUB_RESOURCES;

    #[test]
    fn sub_resources_are_sorted_and_unique() {
        assert!(SUB_RESOURCES.is_sorted_by(|one, next| one < next));
    }
}
