//! The kinds of problems. A code, once published, keeps its name and its meaning.
//!
//! Each code has a meaning and, in the paragraph after it, a remedy; `DIAGNOSTICS.md` and `cargo codegen explain` print both.
//! The label stands below the underlined place if a report has nothing more exact.
//!
//! The checks that report a code are in `spec/` and `model/`, those of warnings in `lint.rs`. Every code has an example in
//! `codegen/tests/fixtures/faulty` or `warned`.

/// What is known of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The code itself.
    pub name: &'static str,
    /// The cause in a few words.
    pub label: &'static str,
    /// Markdown: the meaning, an empty line, how to mend it.
    pub explanation: &'static str,
}

/// What is known of the code of this name.
pub fn find(name: &str) -> Option<&'static Code> {
    ALL.iter().find(|code| code.name == name)
}

/// The page that lists all codes, made of them and of what the command prints for the fixtures.
const PAGE: &str = include_str!("../../DIAGNOSTICS.md");

/// The part of the page about this code, in Markdown; `None` for what is no code.
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

        /// All codes: how to read a file, keys and values, references, paths and operations, parameters and
        /// responses, types; and last the warnings.
        pub const ALL: &[Code] = &[$(
            Code { name: $name, label: $label, explanation: concat!($($line, "\n"),*) }
        ),*];
    };
}

codes! {
    /// The file is missing, not a regular file, not readable or not UTF-8.
    ///
    /// Correct the path, or save the file as UTF-8.
    UNREADABLE_FILE = "unreadable-file", "cannot be read";
    /// The file says nothing.
    ///
    /// Begin with `swagger: "2.0"`, `info` and `paths`.
    EMPTY_FILE = "empty-file", "nothing is written here";
    /// The file is longer, deeper or, with its aliases written out, bigger than any specification has to be.
    ///
    /// Split it by `$ref`, or see whether another file was meant.
    TOO_LARGE = "too-large", "too much";
    /// The file is not YAML. The rest of that file is not checked.
    ///
    /// Most often a line is indented differently from the lines that it belongs to, a quote or a bracket is not
    /// closed, or a text needs quotes because it holds `: ` or begins with a character that YAML gives a meaning.
    YAML_SYNTAX = "yaml-syntax", "not YAML";
    /// A key stands twice in one map. YAML readers would keep one of them without a word.
    ///
    /// Keep one of them.
    DUPLICATE_KEY = "duplicate-key", "here again";
    /// A line break or another control character in a name, a value or any other text of one line.
    ///
    /// Write the text in one line. Only a `description` or a `summary` may have several.
    CONTROL_CHARACTER = "control-character", "holds a control character";
    /// A key that the dialect does not have in this place.
    ///
    /// Correct its spelling, move it where it belongs, or remove it; `specs/README.md` lists the keys of each place.
    UNKNOWN_KEY = "unknown-key", "not a key of this place";
    /// A key that has to be there.
    ///
    /// Add it.
    MISSING_KEY = "missing-key", "not among these keys";
    /// Text where a number belongs, a list where a map belongs, and so on.
    ///
    /// Write a value of the type that is asked for. Text that looks like a number or like `true` needs quotes.
    WRONG_TYPE = "wrong-type", "of another type";
    /// A word that is not among those allowed in this place.
    ///
    /// Write one of those that the report lists.
    UNKNOWN_VALUE = "unknown-value", "not among the words allowed here";
    /// A `type` that the dialect does not have, or not in this place.
    ///
    /// Write one of the types of `specs/README.md`.
    UNKNOWN_TYPE = "unknown-type", "not a type";
    /// A `format` that the dialect does not have, or not for this type.
    ///
    /// Write one of the type's formats, or none.
    UNKNOWN_FORMAT = "unknown-format", "not a format of this type";

    /// A `$ref` that cannot be understood.
    ///
    /// Write `./file.yaml`, `./file.yaml#/key` or `#/key`.
    BAD_REF = "bad-ref", "not a reference";
    /// A `$ref` to a file or a place that is not there.
    ///
    /// Correct the `$ref`, or add what it asks for. A path is relative to the file in which the `$ref` stands.
    REF_NOT_FOUND = "ref-not-found", "leads to nothing";
    /// A `$ref` that leads out of the specification's folder, be it by `..`, from the root or through a symbolic link.
    ///
    /// Move the file into the folder of the root file.
    REF_OUTSIDE = "ref-outside", "leads out of the folder";
    /// `$ref`s that lead to each other and nowhere else.
    ///
    /// Let one of them lead to a description.
    REF_LOOP = "ref-loop", "leads back to itself";
    /// A key beside `$ref`, which would be ignored.
    ///
    /// Move it to where the `$ref` leads, or remove it. Only `description` may stand beside `$ref`.
    REF_SIBLING = "ref-sibling", "means nothing beside `$ref`";

    /// A path that addresses neither the service, nor a bucket, nor an object.
    ///
    /// Write `/`, `/{bucketName}` or `/{bucketName}/{objectKey}`, and a sub-resource after a `?`.
    UNKNOWN_PATH = "unknown-path", "not a path of this API";
    /// Two paths that are one: they differ in the order of their sub-resources only.
    ///
    /// Join their operations under one of them.
    DUPLICATE_PATH = "duplicate-path", "the same path again";
    /// Something after a path's `?` that is not a list of names.
    ///
    /// Write names joined by `&`, such as `?uploads`. What has a value is a query parameter.
    SUB_RESOURCE_SYNTAX = "sub-resource-syntax", "not names joined by `&`";
    /// An HTTP method that the dialect does not have.
    ///
    /// Write one of `get`, `put`, `post`, `delete`, `head` and `options`, in small letters.
    UNKNOWN_METHOD = "unknown-method", "not a method of the dialect";
    /// A placeholder of the path without its parameter.
    ///
    /// Add the parameter, most often `$ref: "#/parameters/bucketName"`.
    MISSING_PATH_PARAMETER = "missing-path-parameter", "has a placeholder without a parameter";
    /// A path parameter without its placeholder.
    ///
    /// Add the placeholder to the path, or remove the parameter.
    UNUSED_PATH_PARAMETER = "unused-path-parameter", "not in the path";
    /// An `operationId` that is not a name.
    ///
    /// Begin with a letter, then use letters, digits, `_` and `-`.
    BAD_OPERATION_ID = "bad-operation-id", "not a name";
    /// An `operationId` that another operation has.
    ///
    /// Give one of the two another name.
    DUPLICATE_OPERATION_ID = "duplicate-operation-id", "taken already";

    /// A parameter that stands twice in one list.
    ///
    /// Keep one of them. The names of headers do not distinguish capitals.
    DUPLICATE_PARAMETER = "duplicate-parameter", "here again";
    /// A second `in: body`, or a second file in a form.
    ///
    /// A request has one body: make them one, an object with both.
    DUPLICATE_BODY = "duplicate-body", "a second body";
    /// The name of a header that HTTP does not allow.
    ///
    /// Use letters, digits and dashes.
    BAD_HEADER_NAME = "bad-header-name", "not the name of a header";
    /// Two names that become one in Rust.
    ///
    /// Rename one of them; an enum by `x-enum-name`, an object written in place by moving it to `definitions`.
    NAME_COLLISION = "name-collision", "the same name in Rust";
    /// A name that the generated code needs for itself.
    ///
    /// Rename it.
    RESERVED_NAME = "reserved-name", "taken by the generated code";
    /// A status that is not one.
    ///
    /// Write a number from 100 to 599, or `default`.
    BAD_STATUS = "bad-status", "not a status";
    /// An operation without a response below 400.
    ///
    /// Add the response of success.
    NO_SUCCESS_RESPONSE = "no-success-response", "none of these is below 400";
    /// Successful responses that contradict each other: the SDK has one output for all of them.
    ///
    /// Describe the same kind of body, and for each field the same type, in all responses below 400.
    CONFLICTING_RESPONSES = "conflicting-responses", "contradicts another response";
    /// A body beside the fields of a form, or another thing that a form leaves no room for.
    ///
    /// Make everything fields of the form, or everything properties of the body.
    MIXED_BODY = "mixed-body", "no room for this";
    /// A name in `x-pagination` that is no property of the answer or of its items, or no query parameter.
    ///
    /// Correct its spelling, or describe what it names.
    UNKNOWN_PAGE_FIELD = "unknown-page-field", "nothing has this name";
    /// A name in `x-pagination` that is there, but of a type that cannot be meant.
    ///
    /// Name another one, or correct its type.
    PAGE_FIELD_TYPE = "page-field-type", "leads to another type than it has to";
    /// An `x-pagination` that does not say how to find the next page.
    ///
    /// Name a list as `items`, and below `markers` at least one query parameter with `next`, `last` or `count`.
    BAD_PAGINATION = "bad-pagination", "does not lead to a next page";

    /// A required field that is not a property.
    ///
    /// Correct its spelling, or add the property.
    REQUIRED_NOT_PROPERTY = "required-not-property", "not a property";
    /// An `enum` without values.
    ///
    /// List its values, or remove it.
    EMPTY_ENUM = "empty-enum", "has no values";
    /// A value that stands twice in an `enum`.
    ///
    /// Keep one of them.
    DUPLICATE_ENUM_VALUE = "duplicate-enum-value", "here again";
    /// Two enums of one name with different values.
    ///
    /// Give both the same values, or one of them another `x-enum-name`.
    ENUM_MISMATCH = "enum-mismatch", "has other values here";
    /// A lower limit above the upper one, or one that the type cannot reach.
    ///
    /// Exchange or correct them, or choose a wider format.
    IMPOSSIBLE_LIMIT = "impossible-limit", "nothing is within this limit";
    /// A limit, or another key, that means nothing for this type.
    ///
    /// Remove it, or correct the type.
    MISPLACED_KEY = "misplaced-key", "means nothing here";
    /// A `default` that the field itself does not allow.
    ///
    /// Correct the default, or the limit that it breaks.
    BAD_DEFAULT = "bad-default", "not allowed by the field itself";
    /// A type that contains itself other than through an array or a map: no value of it would ever end.
    ///
    /// Put an array or a map between.
    RECURSIVE_TYPE = "recursive-type", "contains itself";
    /// Valid, but nothing that the generator could write.
    ///
    /// Describe it by what the generator has, as the report says.
    UNSUPPORTED = "unsupported", "cannot be generated";

    /// A parameter, header, property or type without a description: its documentation is empty. (Warning.)
    ///
    /// Say what it is, its unit and limits and, if it can be left out, what happens then.
    UNDESCRIBED = "undescribed", "has no description";
    /// An operation without a summary: its documentation begins with nothing. (Warning.)
    ///
    /// Say in one line what the operation does.
    MISSING_SUMMARY = "missing-summary", "has no summary";
    /// A query parameter whose name is also the name of a sub-resource. The SDK signs such a key, because the service
    /// does; whether that is meant the name alone does not show. (Warning.)
    ///
    /// If it is meant, say so: name it after the path's `?`, or write `x-signed: true` beside it. If not, see whether
    /// the parameter is really called so.
    SIGNED_PARAMETER = "signed-parameter", "signed, because a sub-resource has this name";
    /// A definition that no operation reaches, so that nothing is generated from it. (Warning.)
    ///
    /// Refer to it, or remove it.
    UNUSED_TYPE = "unused-type", "no operation reaches it";
    /// A shared parameter that no path and no operation lists. (Warning.)
    ///
    /// List it by `$ref`, or remove it.
    UNUSED_PARAMETER = "unused-parameter", "nothing lists it";
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
            assert!(code.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", code.name);
            assert!(!ALL[..index].iter().any(|other| other.name == code.name), "{}", code.name);
            assert!(!RETIRED.contains(&code.name), "{}", code.name);
        }
    }

    #[test]
    fn each_code_says_what_it_means_and_how_to_mend_it() {
        for code in ALL {
            let paragraphs: Vec<&str> = code.explanation.split("\n\n").collect();
            assert_eq!(paragraphs.len(), 2, "{}", code.name);
            assert!(paragraphs.iter().all(|it| it.trim().len() > 5), "{}", code.name);
            assert!(!code.label.is_empty() && !code.label.ends_with('.'), "{}", code.name);
        }
    }
}
