//! The sub-resources: query keys that are part of the string to sign.

use super::document::ParameterIn;
use super::problems::Problems;
use super::table::Table;
use crate::diagnostic::codes;

/// All that are known, whichever operation has them. The SDK signs by name, so its list has to be the same.
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

/// Returns true if a query key of this name is signed.
pub(crate) fn is_signed(name: &str) -> bool {
    SUB_RESOURCES.contains(&name)
}

/// Returns true if the parameter says that it is signed: `x-signed: true`, which may be said only where it is so.
pub(super) fn read(table: &Table, name: Option<&str>, place: Option<ParameterIn>, problems: &mut Problems) -> bool {
    let Some(flag) = table.flag("x-signed", problems) else { return false };
    let span = table.key_span("x-signed");
    if !flag.value {
        let message = format!("`x-signed: false` of {} says what the SDK does not do: it signs by name", table.what);
        problems.error(codes::UNKNOWN_VALUE, flag.span, message, "write `x-signed: true`, or remove it");
    } else if place.is_some_and(|place| place != ParameterIn::Query) {
        let message = format!("`x-signed` of {} is for query parameters only", table.what);
        problems.error(codes::MISPLACED_KEY, span, message, "remove it");
    } else if name.is_some_and(|name| !is_signed(name)) {
        let message = format!("`x-signed: true` of {}, which is not the name of a sub-resource", table.what);
        problems.error(codes::MISPLACED_KEY, span, message, "remove it: the parameter is not signed");
    }
    true
}

#[cfg(test)]
mod tests {
    use super::SUB_RESOURCES;

    #[test]
    fn each_name_stands_once_and_in_order() {
        assert!(SUB_RESOURCES.is_sorted_by(|one, next| one < next));
    }
}
