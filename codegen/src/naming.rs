//! Converts names of the specification to names in Rust.
//!
//! All identifiers in generated code come from these functions. The model uses them to report two names that would be
//! the same in Rust.

use heck::ToSnakeCase;

/// Returns the name of a field, method, argument or module: `Content-MD5` → `content_md5`, `type` → `r#type`.
///
/// The prefix `X-QS-` is removed, because it is the same for all headers of QingStor.
pub fn snake_case(name: &str) -> String {
    let words: Vec<String> = words(without_vendor_prefix(name)).iter().map(|word| snake_case_word(word)).collect();
    escape(words.join("_"), "_")
}

/// Removes `r#` from a name, for documentation, messages and file names.
pub(crate) fn plain(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// Returns the name of a type or an enum variant: `cors_rule` → `CorsRule`, `STANDARD_IA` → `StandardIa`.
///
/// A word in mixed case stays unchanged, so that types have the name of their operation: `PutBucketCNAME`.
pub fn pascal_case(name: &str) -> String {
    let name = without_vendor_prefix(name);
    let joined: String = words(name).iter().map(|word| capitalised(word)).collect();
    escape(joined, "N")
}

/// Returns the name of the input or output of an operation: `PutBucketCNAME` and `input` → `PutBucketCNAMEInput`.
pub(crate) fn operation_type(id: &str, suffix: &str) -> String {
    // The suffix is added before the conversion, because `Self` alone would become `Self_`.
    pascal_case(&format!("{id}_{suffix}"))
}

/// Returns the name of a generated type. A name that generated files already use gets a suffix: `Option` →
/// `OptionType`.
pub(crate) fn type_name(name: &str) -> String {
    let name = pascal_case(name);
    if NAMES_IN_USE.contains(&name.as_str()) { format!("{name}Type") } else { name }
}

/// Returns a key for finding collisions. It is equal for two names if their types, or the files of their types, would
/// have the same name.
pub(crate) fn type_key(name: &str) -> String {
    snake_case(&type_name(name))
}

/// Returns the name of an enum variant. `Unknown` is reserved for values that the SDK does not know.
pub(crate) fn variant_name(value: &str) -> String {
    match pascal_case(value) {
        name if name == "Unknown" => "UnknownValue".to_owned(),
        name => name,
    }
}

/// Handwritten methods of `QingStor` and `Bucket`, including private methods. No operation can have one of these names.
pub const HANDWRITTEN_METHODS: [&str; 26] = [
    "abort_stale_uploads",
    "address",
    "attempts",
    "bucket",
    "call_name",
    "complete_upload",
    "copy",
    "download",
    "endpoint",
    "in_same_zone",
    "list",
    "name",
    "new",
    "outgoing",
    "paginate",
    "paginate_object",
    "presign",
    "presign_object",
    "rename",
    "send",
    "send_object",
    "send_object_within",
    "server_time",
    "upload",
    "zone",
    "zone_in_use",
];

/// Methods of the traits that `QingStor` and `Bucket` implement, some of them because every type does. An operation
/// with such a name would hide the method of the trait.
pub const TRAIT_METHODS: [(&str, &[&str]); 9] = [
    ("Any", &["type_id"]),
    ("Borrow", &["borrow"]),
    ("BorrowMut", &["borrow_mut"]),
    ("Clone", &["clone", "clone_from"]),
    ("Debug", &["fmt"]),
    ("From", &["from"]),
    ("Into", &["into"]),
    ("ToOwned", &["clone_into", "to_owned"]),
    ("TryFrom", &["try_from", "try_into"]),
];

/// Returns the reason why an operation cannot have the method `name`, if there is one.
pub(crate) fn method_in_use(name: &str) -> Option<String> {
    if HANDWRITTEN_METHODS.contains(&name) {
        return Some("is a handwritten method of the SDK".to_owned());
    }
    let (name_of_trait, _) = TRAIT_METHODS.iter().find(|(_, methods)| methods.contains(&name))?;
    Some(format!("is a method of the trait `{name_of_trait}`, which `QingStor` and `Bucket` implement"))
}

/// Names that generated files import, or use from the prelude of Rust.
const NAMES_IN_USE: [&str; 23] = [
    "BTreeMap",
    "Box",
    "ByteRange",
    "Debug",
    "Default",
    "Deserialize",
    "Err",
    "From",
    "Into",
    "IntoIterator",
    "None",
    "ObjectSource",
    "Ok",
    "Option",
    "Result",
    "Secret",
    "Serialize",
    "Some",
    "String",
    "Timestamp",
    "ToString",
    "UnixTime",
    "Vec",
];

/// Removes the prefix `X-QS-`, in upper or lower case.
pub fn without_vendor_prefix(name: &str) -> &str {
    const PREFIX: &str = "X-QS-";
    match name.get(..PREFIX.len()) {
        Some(start) if start.eq_ignore_ascii_case(PREFIX) && name.len() > PREFIX.len() => &name[PREFIX.len()..],
        _ => name,
    }
}

/// Returns true if Rust reserves `name`.
pub fn is_keyword(name: &str) -> bool {
    KEYWORDS.binary_search(&name).is_ok()
}

/// Keywords and reserved words of the 2024 edition, sorted.
const KEYWORDS: [&str; 52] = [
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super",
    "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Keywords that cannot be written as `r#…`, and `mod`, whose file would replace the `mod.rs` of the folder.
const NEVER_RAW: [&str; 5] = ["Self", "crate", "mod", "self", "super"];

/// Converts a name that may be a keyword, empty, or begin with a digit, to an identifier.
fn escape(name: String, before_digit: &str) -> String {
    if name.is_empty() {
        return if before_digit == "_" { "empty".to_owned() } else { "Empty".to_owned() };
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        return format!("{before_digit}{name}");
    }
    if NEVER_RAW.contains(&name.as_str()) {
        return format!("{name}_");
    }
    if is_keyword(&name) {
        return format!("r#{name}");
    }
    name
}

/// Splits a name into words at ASCII characters that an identifier cannot contain. A character outside of ASCII becomes
/// a word with its code point, so that different names stay different: `中` → `u4e2d`. So does every character of a name
/// without ASCII letters and digits: `*` → `u2a`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let has_letters = name.chars().any(|c| c.is_ascii_alphanumeric());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            if let Some(word) = words.last_mut() {
                word.push(c);
            }
        } else if c.is_ascii() && has_letters {
            words.push(String::new());
        } else {
            words.push(format!("u{:x}", u32::from(c)));
            words.push(String::new());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn snake_case_word(word: &str) -> String {
    match word {
        // These names are commonly written as one word.
        "ETag" | "MetaData" => word.to_lowercase(),
        _ => word.to_snake_case(),
    }
}

fn capitalised(word: &str) -> String {
    let is_upper_case = !word.chars().any(|c| c.is_ascii_lowercase());
    let mut letters = word.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    let rest = letters.map(|c| if is_upper_case { c.to_ascii_lowercase() } else { c });
    first.into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snake_case_converts_parameter_names() {
        for (name, expected) in [
            ("limit", "limit"),
            ("upload_id", "upload_id"),
            ("response-content-type", "response_content_type"),
            ("Content-MD5", "content_md5"),
            ("ETag", "etag"),
            ("Location", "location"),
            ("X-QS-Storage-Class", "storage_class"),
            ("x-qs-storage-class", "storage_class"),
            ("X-QS-MetaData", "metadata"),
            ("X-QS-Encryption-Customer-Key-MD5", "encryption_customer_key_md5"),
            ("If-None-Match", "if_none_match"),
            ("Referer", "referer"),
            ("isLatest", "is_latest"),
        ] {
            assert_eq!(snake_case(name), expected, "{name}");
        }
    }

    #[test]
    fn snake_case_keeps_acronyms_together() {
        for (name, expected) in [
            ("GetBucketACL", "get_bucket_acl"),
            ("PutBucketCORS", "put_bucket_cors"),
            ("DeleteBucketCNAME", "delete_bucket_cname"),
            ("ListObjects", "list_objects"),
            ("ParseHTTPDate", "parse_http_date"),
            ("GetV2Object", "get_v2_object"),
        ] {
            assert_eq!(snake_case(name), expected, "{name}");
        }
    }

    #[test]
    fn pascal_case_converts_types_and_variants() {
        for (name, expected) in [
            ("cors_rule", "CorsRule"),
            ("PutBucketCNAME", "PutBucketCNAME"),
            ("PutBucketACL_body", "PutBucketACLBody"),
            ("STANDARD_IA", "StandardIa"),
            ("FULL_CONTROL", "FullControl"),
            ("GET", "Get"),
            ("tupu-porn", "TupuPorn"),
            ("X-QS-Storage-Class", "StorageClass"),
            ("Option", "Option"),
        ] {
            assert_eq!(pascal_case(name), expected, "{name}");
        }
    }

    #[test]
    fn operation_type_appends_the_suffix() {
        for (id, expected) in [
            ("PutBucketCNAME", "PutBucketCNAMEInput"),
            ("ListObjects", "ListObjectsInput"),
            ("Self", "SelfInput"),
            ("GET", "GetInput"),
        ] {
            assert_eq!(operation_type(id, "input"), expected, "{id}");
        }
    }

    #[test]
    fn keywords_digits_and_empty_names_become_identifiers() {
        for (name, expected) in [
            ("type", "r#type"),
            ("Type", "r#type"),
            ("async", "r#async"),
            ("self", "self_"),
            ("Self", "self_"),
            ("super", "super_"),
            ("crate", "crate_"),
            ("Mod", "mod_"),
            ("2fa", "_2fa"),
            ("", "empty"),
            ("union", "union"),
        ] {
            assert_eq!(snake_case(name), expected, "{name}");
        }
        for (name, expected) in [("self", "Self_"), ("2fa", "N2fa"), ("404", "N404"), ("", "Empty"), ("type", "Type")] {
            assert_eq!(pascal_case(name), expected, "{name}");
        }
    }

    #[test]
    fn other_characters_become_code_points() {
        assert_eq!(snake_case("*"), "u2a");
        assert_eq!(pascal_case("*"), "U2a");
        assert_eq!(snake_case("中文"), "u4e2d_u6587");
        assert_ne!(pascal_case("<"), pascal_case(">"));
    }

    #[test]
    fn without_vendor_prefix_keeps_a_name_that_is_only_the_prefix() {
        assert_eq!(snake_case("X-QS-"), "x_qs");
        assert_eq!(without_vendor_prefix("X-QS-A"), "A");
        assert_eq!(without_vendor_prefix("é"), "é");
    }

    #[test]
    fn type_name_adds_a_suffix_to_names_in_use() {
        assert_eq!(type_name("option"), "OptionType");
        assert_eq!(type_name("Result"), "ResultType");
        assert_eq!(type_name("cors_rule"), "CorsRule");
    }

    #[test]
    fn variant_name_is_never_unknown() {
        assert_eq!(variant_name("unknown"), "UnknownValue");
        assert_eq!(variant_name("STANDARD_IA"), "StandardIa");
    }

    #[test]
    fn keywords_are_sorted() {
        assert!(KEYWORDS.is_sorted());
        assert!(is_keyword("try"));
        assert!(!is_keyword("union"));
    }
}
