//! The codes of diagnostics. A published code is never renamed and keeps its meaning.
//!
//! Each code has a label and an explanation. The label is printed below the underlined place, if a report has none of
//! its own. The explanation has two paragraphs: the rule and its reason, and how to fix the problem. `DIAGNOSTICS.md`
//! and `cargo codegen explain` print it.
//!
//! The modules `spec` and `model` report errors, and `lint` reports warnings. Every code has an example in
//! `codegen/tests/fixtures/faulty` or `warned`.

/// The code of a diagnostic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The code, such as `unknown-key`.
    pub name: &'static str,
    /// The cause in a few words.
    pub label: &'static str,
    /// The explanation, in Markdown.
    pub explanation: &'static str,
}

/// Returns the code with this name.
pub fn find(name: &str) -> Option<&'static Code> {
    ALL.iter().find(|code| code.name == name)
}

const PAGE: &str = include_str!("../../DIAGNOSTICS.md");

/// Returns the section of `DIAGNOSTICS.md` about this code, in Markdown. `None` if there is no such code.
pub fn explain(code: &str) -> Option<&'static str> {
    find(code)?;
    let start = PAGE.find(&format!("\n## {code}\n"))? + 1;
    let rest = PAGE.get(start..)?;
    let end = rest.find("\n## ").unwrap_or(rest.len());
    rest.get(..end).map(str::trim)
}

macro_rules! codes {
    ($($(#[doc = $line:literal])* $constant:ident = $name:literal, $label:literal;)*) => {
        $($(#[doc = $line])* pub const $constant: &str = $name;)*

        /// All codes: first errors of files, keys, references, paths, operations, parameters, responses and types, then
        /// warnings.
        pub const ALL: &[Code] = &[$(
            Code { name: $name, label: $label, explanation: concat!($($line, "\n"),*) }
        ),*];
    };
}

codes! {
    /// A file of the specification does not exist, cannot be read, is not a regular file or is not valid UTF-8.
    ///
    /// Correct the path or the permissions, or save the file as UTF-8.
    UNREADABLE_FILE = "unreadable-file", "cannot be read";
    /// The root file has no content. A specification needs at least `swagger`, `info` and `paths`.
    ///
    /// Start the file with `swagger: "2.0"`, `info` and `paths`, or pass another file with `--spec`.
    EMPTY_FILE = "empty-file", "no content";
    /// The specification exceeds a limit of the generator. There are limits for the size and nesting of a file, its
    /// keys and values with aliases expanded, the parameters in a list, and all schemas, parameters and responses
    /// together. They are far above the size of any real specification, and stop files that would take minutes to read
    /// or overflow the stack.
    ///
    /// Split the file with `$ref`, or check that it is the right file.
    TOO_LARGE = "too-large", "exceeds the limit";
    /// The file is not valid YAML. The rest of the file is not checked, because its structure is unknown.
    ///
    /// The most common causes are a line that is not indented like the lines it belongs to, a quote or bracket that is
    /// not closed, and a string without quotes that contains `: ` or starts with a special character of YAML.
    YAML_SYNTAX = "yaml-syntax", "not valid YAML";
    /// A mapping has the same key twice. YAML does not allow this, and most parsers silently ignore one of the values.
    ///
    /// Remove or rename one of the keys.
    DUPLICATE_KEY = "duplicate-key", "duplicate key";
    /// A name or another string that must be on one line contains a line break or another control character, or any
    /// string contains an invisible character that changes the direction of text. The generator writes strings into
    /// comments and literals. A line break would split them, and rustc rejects characters such as U+202E in them.
    ///
    /// Write the string on one line, and remove the invisible character. Only `description` and `summary` may have
    /// several lines.
    CONTROL_CHARACTER = "control-character", "contains a control character";
    /// The dialect does not have this key in this place. Unknown keys are errors because they are usually misspelled,
    /// and a misspelled key would silently have no effect.
    ///
    /// Correct the spelling, move the key to the place where it belongs, or remove it. `specs/README.md` lists the
    /// keys.
    UNKNOWN_KEY = "unknown-key", "not a known key here";
    /// A required key is missing. The generator has no default for it.
    ///
    /// Add the key. `specs/README.md` describes its value.
    MISSING_KEY = "missing-key", "a required key is missing";
    /// A value has the wrong type, such as a string in place of a number, or a list in place of a mapping.
    /// The generator does not convert values.
    ///
    /// Write a value of the type that the message names. Put a string in quotes if YAML would read it as a number or
    /// boolean.
    WRONG_TYPE = "wrong-type", "wrong type";
    /// A key that accepts only certain words has another value, which is usually misspelled.
    ///
    /// Write one of the words that the report lists.
    UNKNOWN_VALUE = "unknown-value", "not an allowed value";
    /// The dialect does not have this `type`, or does not allow it in this place. The type determines the Rust type.
    ///
    /// Write one of the types that `specs/README.md` lists.
    UNKNOWN_TYPE = "unknown-type", "not a known type";
    /// The dialect does not have this `format`, or does not allow it for this `type`. The format determines the Rust
    /// type.
    ///
    /// Write one of the formats of the type, or remove the key.
    UNKNOWN_FORMAT = "unknown-format", "not a format of this type";

    /// A `$ref` does not have one of the supported forms: a relative path, a pointer, or both. URLs are not supported,
    /// because code generation must not depend on the network.
    ///
    /// Write `./file.yaml`, `./file.yaml#/key` or `#/key`.
    BAD_REF = "bad-ref", "invalid reference";
    /// The file or the value to which a `$ref` refers does not exist.
    ///
    /// Correct the `$ref`, or add the missing value. A path is relative to the file that contains the `$ref`.
    REF_NOT_FOUND = "ref-not-found", "target not found";
    /// A `$ref` leads out of the specification's folder by `..`, an absolute path or a symbolic link. Such files are
    /// not read, so that a specification cannot disclose other files of the machine.
    ///
    /// Move the file into the folder of the root file.
    REF_OUTSIDE = "ref-outside", "outside of the specification's folder";
    /// `$ref`s refer to each other in a loop, so none of them leads to a value.
    ///
    /// Replace one of the `$ref`s with the value itself.
    REF_LOOP = "ref-loop", "refers back to itself";
    /// A mapping with `$ref` has another key. Swagger ignores keys beside `$ref`.
    ///
    /// Move the key to the target of the `$ref`, or remove it. Only `description` is allowed beside `$ref`.
    REF_SIBLING = "ref-sibling", "ignored beside `$ref`";

    /// A path refers to neither the service, a bucket nor an object. The path determines the handle of the SDK that has
    /// the method.
    ///
    /// Write `/`, `/{bucketName}` or `/{bucketName}/{objectKey}`, followed by a `?` if there are sub-resources.
    UNKNOWN_PATH = "unknown-path", "not a path of this API";
    /// Two paths differ only in the order of their sub-resources, which has no meaning in a URL.
    ///
    /// Move all operations to one of the paths.
    DUPLICATE_PATH = "duplicate-path", "the same path again";
    /// The text after the `?` of a path is not a list of sub-resources. A sub-resource has a name but no value.
    ///
    /// Write names separated by `&`, such as `?uploads`. If a key has a value, declare it as a query parameter.
    SUB_RESOURCE_SYNTAX = "sub-resource-syntax", "not names separated by `&`";
    /// The dialect does not have this HTTP method, because the service does not use it.
    ///
    /// Write `get`, `put`, `post`, `delete`, `head` or `options`, in lower case.
    UNKNOWN_METHOD = "unknown-method", "not a method of the dialect";
    /// A path has a placeholder, but the operation does not declare the parameter. Swagger requires a parameter with
    /// `in: path` for each placeholder.
    ///
    /// Add the parameter, usually as `$ref: "#/parameters/bucketName"`.
    MISSING_PATH_PARAMETER = "missing-path-parameter", "placeholder without a parameter";
    /// A parameter has `in: path`, but the path has no placeholder with its name, so the value would not be sent.
    ///
    /// Add the placeholder to the path, or remove the parameter.
    UNUSED_PATH_PARAMETER = "unused-path-parameter", "not in the path";
    /// An `operationId` is not a valid name. It becomes the name of a method and of two types.
    ///
    /// Start with a capital letter and continue with letters, digits, `_` and `-`.
    BAD_OPERATION_ID = "bad-operation-id", "not a valid name";
    /// Two operations have the same `operationId`. It becomes the name of a method, so it must be unique.
    ///
    /// Rename one of the operations.
    DUPLICATE_OPERATION_ID = "duplicate-operation-id", "already in use";

    /// A list declares the same parameter twice: the same name with the same `in`. Names of headers are compared
    /// without regard to case.
    ///
    /// Remove one of the parameters.
    DUPLICATE_PARAMETER = "duplicate-parameter", "duplicate parameter";
    /// An operation has two parameters with `in: body`, or a form has two files. A request has only one body.
    ///
    /// Combine the two, for example into one object with the properties of both.
    DUPLICATE_BODY = "duplicate-body", "second body";
    /// The name of a header contains a character that HTTP does not allow there.
    ///
    /// Use letters, digits and hyphens.
    BAD_HEADER_NAME = "bad-header-name", "not a valid header name";
    /// Two names of the specification become the same name in Rust, for example because they differ only in case or in
    /// the prefix `X-QS-`.
    ///
    /// Rename one of them. An enum can be renamed with `x-enum-name`, and an inline object by moving it to
    /// `definitions`.
    NAME_COLLISION = "name-collision", "same name in Rust";
    /// The generated code uses this name for something else, such as the body of a request, a method of the SDK, or a
    /// method of a trait that the SDK's handles implement.
    ///
    /// Choose another name.
    RESERVED_NAME = "reserved-name", "reserved by the generated code";
    /// The key of a response is not an HTTP status code. Ranges such as `2XX` are not supported.
    ///
    /// Write a number from 100 to 599, or `default`.
    BAD_STATUS = "bad-status", "not a status code";
    /// An operation has no response with a status code below 400, so its output is unknown.
    ///
    /// Add the response for success.
    NO_SUCCESS_RESPONSE = "no-success-response", "no status code below 400";
    /// Two successful responses of an operation contradict each other. The SDK has one output type for all of them.
    ///
    /// Use the same kind of body in all responses below 400, and the same type for each field.
    CONFLICTING_RESPONSES = "conflicting-responses", "contradicts another response";
    /// An operation has both a body and form fields, or a form and a header that the SDK sets itself. The fields
    /// of a form are the body of the request.
    ///
    /// Use either form fields or a body, and remove headers such as `Content-Type` from operations with a form.
    MIXED_BODY = "mixed-body", "not allowed here";
    /// `x-pagination` names something that does not exist: a property of the response, a property of its items, or a
    /// query parameter.
    ///
    /// Correct the spelling, or declare the property or parameter.
    UNKNOWN_PAGE_FIELD = "unknown-page-field", "does not exist";
    /// `x-pagination` names a property or parameter of the wrong type. For example, `items` must name a list, and
    /// `has_more` a boolean.
    ///
    /// Name another property or parameter, or correct its type.
    PAGE_FIELD_TYPE = "page-field-type", "wrong type";
    /// `x-pagination` does not determine how to request the next page.
    ///
    /// Name a list in `items`, and at least one query parameter in `markers`, with `next`, `last` or `count`.
    BAD_PAGINATION = "bad-pagination", "does not determine the next page";

    /// `required` of an object contains a name that is not one of its properties. Usually, one of them is misspelled.
    ///
    /// Correct the spelling, or add the property.
    REQUIRED_NOT_PROPERTY = "required-not-property", "not a property";
    /// An `enum` has no values, so no value would be valid.
    ///
    /// Add the values, or remove `enum`.
    EMPTY_ENUM = "empty-enum", "has no values";
    /// An `enum` contains the same value twice. Each value becomes a variant of a Rust enum.
    ///
    /// Remove one of them.
    DUPLICATE_ENUM_VALUE = "duplicate-enum-value", "duplicate value";
    /// Two enums with the same name have different values. The generator writes one Rust enum for each name.
    ///
    /// Use the same values in both places, or give one of the enums another `x-enum-name`.
    ENUM_MISMATCH = "enum-mismatch", "has other values here";
    /// A lower limit is greater than the upper limit, or a limit does not fit the type.
    ///
    /// Exchange or correct the limits, or use a wider format.
    IMPOSSIBLE_LIMIT = "impossible-limit", "no value satisfies this limit";
    /// A key is not allowed for this type, or in this place, and would have no effect.
    ///
    /// Remove the key, or correct the type.
    MISPLACED_KEY = "misplaced-key", "not allowed here";
    /// A `default` contradicts the type, the limits or the `enum` of its own schema.
    ///
    /// Correct the default or the schema.
    BAD_DEFAULT = "bad-default", "contradicts the schema";
    /// A type contains itself directly, without an array or a map between. A value of such a type would be infinite.
    ///
    /// Use an array or a map for one of the properties.
    RECURSIVE_TYPE = "recursive-type", "contains itself";
    /// The specification is valid, but the generator does not support this combination.
    ///
    /// Describe the value in the way that the report suggests.
    UNSUPPORTED = "unsupported", "not supported";

    /// A parameter, header, property or type has no description, so its generated documentation is only its name.
    /// (Warning.)
    ///
    /// Add a `description` with the meaning, the unit and, if the value is optional, the effect of leaving it unset.
    UNDESCRIBED = "undescribed", "has no description";
    /// An operation has no summary, which is the first line of its generated documentation. (Warning.)
    ///
    /// Add a `summary` of one line that describes what the operation does.
    MISSING_SUMMARY = "missing-summary", "has no summary";
    /// A query parameter has the name of a sub-resource. The service requires that query parameters with such names are
    /// signed, so the SDK signs it. The specification should show that this is intended. (Warning.)
    ///
    /// If the parameter is a sub-resource, name it after the `?` of the path, or add `x-signed: true`. Otherwise, check
    /// its name.
    SIGNED_PARAMETER = "signed-parameter", "signed, because it has the name of a sub-resource";
    /// No operation uses a definition, so no code is generated from it. Either the definition is obsolete, or a
    /// reference to it is missing. (Warning.)
    ///
    /// Refer to the definition, or remove it.
    UNUSED_TYPE = "unused-type", "not used by any operation";
    /// No path or operation uses a shared parameter. Either it is obsolete, or a reference to it is missing. (Warning.)
    ///
    /// Refer to the parameter with `$ref`, or remove it.
    UNUSED_PARAMETER = "unused-parameter", "not used by any operation";
    /// A YAML or JSON file is in the folder of the root file or below it, but no `$ref` leads to it. Its operations are
    /// missing in the SDK. A file with the key `swagger` is another specification and is not reported. (Warning.)
    ///
    /// Name the file in `paths` of the root file, or remove it.
    UNUSED_FILE = "unused-file", "a file is missing here";
    /// The first of an operation's `tags` is not one of the `tags` of the root file, so the operation would be in a
    /// group of its own, without a description. (Warning.)
    ///
    /// Correct the spelling, or add the tag to the root file.
    UNKNOWN_TAG = "unknown-tag", "not a tag of the root file";
}

/// Codes that are no longer reported. They must not be used again with another meaning.
pub const RETIRED: &[&str] = &[
    // Operations with `in: formData` were not supported.
    "form-operation",
];

#[cfg(test)]
mod tests {
    use super::{ALL, RETIRED};

    #[test]
    fn codes_are_unique_and_lower_case() {
        for (index, code) in ALL.iter().enumerate() {
            assert!(code.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", code.name);
            assert!(!ALL[..index].iter().any(|other| other.name == code.name), "{}", code.name);
            assert!(!RETIRED.contains(&code.name), "{}", code.name);
        }
    }

    #[test]
    fn explanations_have_two_paragraphs() {
        for code in ALL {
            let paragraphs: Vec<&str> = code.explanation.split("\n\n").collect();
            assert_eq!(paragraphs.len(), 2, "{}", code.name);
            assert!(paragraphs.iter().all(|it| it.trim().len() > 5), "{}", code.name);
            assert!(!code.label.is_empty() && !code.label.ends_with('.'), "{}", code.name);
        }
    }
}
