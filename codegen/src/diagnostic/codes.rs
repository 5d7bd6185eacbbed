//! The kinds of problems. A code, once published, keeps its name and its meaning.

macro_rules! codes {
    ($($(#[$meaning:meta])* $name:ident = $code:literal;)*) => {
        $($(#[$meaning])* pub const $name: &str = $code;)*

        /// All codes, in the order of this file: how to read a file, keys and values, references, paths and
        /// operations, parameters and responses, types.
        pub const ALL: &[&str] = &[$($name),*];
    };
}

codes! {
    /// The file is missing, not a regular file, not readable or not UTF-8.
    UNREADABLE_FILE = "unreadable-file";
    /// The file says nothing.
    EMPTY_FILE = "empty-file";
    /// The file is longer, deeper or, with its aliases written out, bigger than any specification has to be.
    TOO_LARGE = "too-large";
    /// The file is not YAML.
    YAML_SYNTAX = "yaml-syntax";
    /// A key stands twice in one map.
    DUPLICATE_KEY = "duplicate-key";
    /// A line break or another control character in a name, a value or any other text of one line.
    CONTROL_CHARACTER = "control-character";
    /// A key that the dialect does not have in this place.
    UNKNOWN_KEY = "unknown-key";
    /// A key that has to be there.
    MISSING_KEY = "missing-key";
    /// Text where a number belongs, a list where a map belongs, and so on.
    WRONG_TYPE = "wrong-type";
    /// A word that is not among those allowed in this place.
    UNKNOWN_VALUE = "unknown-value";
    /// A `type` that the dialect does not have, or not in this place.
    UNKNOWN_TYPE = "unknown-type";
    /// A `format` that the dialect does not have, or not for this type.
    UNKNOWN_FORMAT = "unknown-format";

    /// A `$ref` that cannot be understood.
    BAD_REF = "bad-ref";
    /// A `$ref` to a file or a place that is not there.
    REF_NOT_FOUND = "ref-not-found";
    /// A `$ref` that leads out of the specification's folder.
    REF_OUTSIDE = "ref-outside";
    /// `$ref`s that lead to each other and nowhere else.
    REF_LOOP = "ref-loop";
    /// A key beside `$ref`, which would be ignored.
    REF_SIBLING = "ref-sibling";

    /// A path that addresses neither the service, nor a bucket, nor an object.
    UNKNOWN_PATH = "unknown-path";
    /// Two paths that are one.
    DUPLICATE_PATH = "duplicate-path";
    /// Something after a path's `?` that is not a list of names.
    SUB_RESOURCE_SYNTAX = "sub-resource-syntax";
    /// An HTTP method that the dialect does not have.
    UNKNOWN_METHOD = "unknown-method";
    /// A placeholder of the path without its parameter.
    MISSING_PATH_PARAMETER = "missing-path-parameter";
    /// A path parameter without its placeholder.
    UNUSED_PATH_PARAMETER = "unused-path-parameter";
    /// An `operationId` that is not a name.
    BAD_OPERATION_ID = "bad-operation-id";
    /// An `operationId` that another operation has.
    DUPLICATE_OPERATION_ID = "duplicate-operation-id";

    /// A parameter that stands twice in one list.
    DUPLICATE_PARAMETER = "duplicate-parameter";
    /// A second `in: body`, or a second file in a form.
    DUPLICATE_BODY = "duplicate-body";
    /// The name of a header that HTTP does not allow.
    BAD_HEADER_NAME = "bad-header-name";
    /// Two names that become one in Rust.
    NAME_COLLISION = "name-collision";
    /// A name that the generated code needs for itself.
    RESERVED_NAME = "reserved-name";
    /// A status that is not one.
    BAD_STATUS = "bad-status";
    /// An operation without a response below 400.
    NO_SUCCESS_RESPONSE = "no-success-response";
    /// Successful responses that contradict each other.
    CONFLICTING_RESPONSES = "conflicting-responses";
    /// A body beside the fields of a form, or another thing that a form leaves no room for.
    MIXED_BODY = "mixed-body";
    /// A name in `x-pagination` that is no property of the answer or of its items, or no query parameter.
    UNKNOWN_PAGE_FIELD = "unknown-page-field";
    /// A name in `x-pagination` that is there, but of a type that cannot be meant.
    PAGE_FIELD_TYPE = "page-field-type";
    /// An `x-pagination` that does not say how to find the next page.
    BAD_PAGINATION = "bad-pagination";

    /// A required field that is not a property.
    REQUIRED_NOT_PROPERTY = "required-not-property";
    /// An `enum` without values.
    EMPTY_ENUM = "empty-enum";
    /// A value that stands twice in an `enum`.
    DUPLICATE_ENUM_VALUE = "duplicate-enum-value";
    /// Two enums of one name with different values.
    ENUM_MISMATCH = "enum-mismatch";
    /// A lower limit above the upper one, or one that the type cannot reach.
    IMPOSSIBLE_LIMIT = "impossible-limit";
    /// A limit, or another key, that means nothing for this type.
    MISPLACED_KEY = "misplaced-key";
    /// A `default` that the field itself does not allow.
    BAD_DEFAULT = "bad-default";
    /// A type that contains itself other than through an array or a map.
    RECURSIVE_TYPE = "recursive-type";
    /// Valid, but nothing that the generator could write.
    UNSUPPORTED = "unsupported";
}

/// Codes of earlier versions. None of them is ever given another meaning.
pub const RETIRED: &[&str] = &[
    // Operations with `in: formData` were left out; now they are generated.
    "form-operation",
];

#[cfg(test)]
mod tests {
    use super::{ALL, RETIRED};

    #[test]
    fn codes_are_distinct_words() {
        for (index, code) in ALL.iter().enumerate() {
            assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code}");
            assert!(!ALL[..index].contains(code), "{code}");
            assert!(!RETIRED.contains(code), "{code}");
        }
    }
}
