//! Rust names for the names of the specification.
//!
//! All identifiers of the generated code come from these functions. The model calls them to reject two names that would be
//! the same in Rust.

/// The name of a field, method, argument or module: `Content-MD5` → `content_md5`, `type` → `r#type`.
///
/// The prefix `X-QS-`, which says nothing in an SDK that speaks to nothing but QingStor, is dropped.
pub fn snake_case(name: &str) -> String {
    let words: Vec<String> = words(without_vendor_prefix(name)).iter().map(|word| word.to_lowercase()).collect();
    escape(words.join("_"), "_")
}

/// A name as documentation, messages and files spell it: without `r#`.
pub(crate) fn plain(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// The name of a type or an enum's variant: `cors_rule` → `CorsRule`, `STANDARD_IA` → `StandardIa`.
///
/// A word of mixed case keeps its spelling, so that an operation is called what its `operationId` says:
/// `PutBucketCNAME` stays `PutBucketCNAME`.
pub fn pascal_case(name: &str) -> String {
    let name = without_vendor_prefix(name);
    let joined: String = split(name).iter().map(|word| capitalised(word)).collect();
    escape(joined, "N")
}

/// The name of an operation's input or output: `PutBucketCNAME` and `input` → `PutBucketCNAMEInput`.
pub(crate) fn operation_type(id: &str, which: &str) -> String {
    // As one name, not two: `Self` alone would become `Self_`.
    pascal_case(&format!("{id}_{which}"))
}

/// Returns the name of a generated type. A name that generated files need for something else gets a suffix: `Option` →
/// `OptionType`.
pub(crate) fn type_name(name: &str) -> String {
    let name = pascal_case(name);
    if TAKEN.contains(&name.as_str()) { format!("{name}Type") } else { name }
}

/// Returns a key that is the same for two names if they would be the same type, or the same file, in Rust.
pub(crate) fn type_key(name: &str) -> String {
    snake_case(&type_name(name))
}

/// Returns the name of an enum's variant. It is never `Unknown`, the variant for values that the SDK does not know.
pub(crate) fn variant_name(value: &str) -> String {
    match pascal_case(value) {
        name if name == "Unknown" => "UnknownValue".to_owned(),
        name => name,
    }
}

/// Methods that the handwritten part of the SDK defines on `QingStor` and `Bucket`, private ones included. No operation can
/// have one of these names.
pub const OWN_METHODS: [&str; 24] = [
    "abort_stale_uploads",
    "address",
    "attempts",
    "bucket",
    "call",
    "copy",
    "download",
    "endpoint",
    "list",
    "name",
    "neighbour",
    "new",
    "outgoing",
    "paginate",
    "paginate_object",
    "presign",
    "presign_object",
    "send",
    "send_object",
    "send_object_within",
    "server_time",
    "upload",
    "zone",
    "zone_in_use",
];

/// Returns true if the SDK defines a method with this name.
pub(crate) fn is_own_method(name: &str) -> bool {
    OWN_METHODS.contains(&name)
}

/// Names that generated files import or use from Rust's prelude.
const TAKEN: [&str; 21] = [
    "BTreeMap",
    "Box",
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
    "Vec",
];

/// `name` without a leading `X-QS-`, in any case.
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

/// The keywords of the 2024 edition, sorted, those that are merely reserved included.
const KEYWORDS: [&str; 52] = [
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super",
    "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// The keywords that cannot be written as `r#…`, and `mod`: its file would be the `mod.rs` that lists the others.
const NEVER_RAW: [&str; 5] = ["Self", "crate", "mod", "self", "super"];

/// Makes an identifier of something that may be a keyword, empty, or begin with a digit.
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

/// The words between separators. What no ASCII identifier can hold is spelled as its code point, so that two names
/// which differ keep differing: `中` → `u4e2d`.
fn split(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let spells_anything = name.chars().any(|c| c.is_ascii_alphanumeric());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            if let Some(word) = words.last_mut() {
                word.push(c);
            }
        } else if c.is_ascii() && spells_anything {
            words.push(String::new());
        } else {
            words.push(format!("u{:x}", u32::from(c)));
            words.push(String::new());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The words of a name, those that only a change of case separates included: `PutBucketACL` → Put, Bucket, ACL.
fn words(name: &str) -> Vec<String> {
    split(name).iter().flat_map(|word| words_by_case(word)).collect()
}

fn words_by_case(word: &str) -> Vec<String> {
    // One word each to everyone but this rule.
    if matches!(word, "ETag" | "MetaData") {
        return vec![word.to_owned()];
    }
    let letters: Vec<char> = word.chars().collect();
    let mut words = vec![String::new()];
    for (index, &c) in letters.iter().enumerate() {
        let after = index.checked_sub(1).and_then(|before| letters.get(before));
        let before = letters.get(index + 1);
        let begins = c.is_ascii_uppercase()
            && after.is_some_and(|after| {
                !after.is_ascii_uppercase() || before.is_some_and(|before| before.is_ascii_lowercase())
            });
        if begins {
            words.push(String::new());
        }
        if let Some(current) = words.last_mut() {
            current.push(c);
        }
    }
    words
}

fn capitalised(word: &str) -> String {
    let shouted = !word.chars().any(|c| c.is_ascii_lowercase());
    let mut letters = word.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    let rest = letters.map(|c| if shouted { c.to_ascii_lowercase() } else { c });
    first.into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_written_in_snake_case() {
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
    fn methods_keep_acronyms_together() {
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
    fn types_and_variants_are_written_in_pascal_case() {
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
    fn inputs_are_named_after_their_operation() {
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
    fn names_that_rust_reserves_become_usable() {
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
    fn spells_other_characters_as_code_points() {
        assert_eq!(snake_case("*"), "u2a");
        assert_eq!(pascal_case("*"), "U2a");
        assert_eq!(snake_case("中文"), "u4e2d_u6587");
        assert_ne!(pascal_case("<"), pascal_case(">"));
    }

    #[test]
    fn the_vendor_prefix_alone_is_a_name() {
        assert_eq!(snake_case("X-QS-"), "x_qs");
        assert_eq!(without_vendor_prefix("X-QS-A"), "A");
        assert_eq!(without_vendor_prefix("é"), "é");
    }

    #[test]
    fn types_get_a_suffix_if_generated_files_need_their_name() {
        assert_eq!(type_name("option"), "OptionType");
        assert_eq!(type_name("Result"), "ResultType");
        assert_eq!(type_name("cors_rule"), "CorsRule");
    }

    #[test]
    fn no_variant_is_called_unknown() {
        assert_eq!(variant_name("unknown"), "UnknownValue");
        assert_eq!(variant_name("STANDARD_IA"), "StandardIa");
    }

    #[test]
    fn keywords_are_sorted_for_the_binary_search() {
        assert!(KEYWORDS.is_sorted());
        assert!(is_keyword("try"));
        assert!(!is_keyword("union"));
    }
}
