//! Differences between two descriptions.

use std::fmt;

use super::description::{Description, Element, Place};

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    /// Place, such as `PutObject > header Content-Length`. For an attribute, its name follows: `: required`.
    pub(crate) at: String,
    pub(crate) change: Change,
    /// File of the place in our specification, or else in the official one.
    file: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    Missing,
    Added,
    /// An attribute with different values.
    Changed {
        official: String,
        ours: String,
    },
    /// An attribute that only our specification has.
    Attribute {
        name: &'static str,
        ours: String,
    },
}

#[cfg(test)]
impl Difference {
    pub(crate) fn new(at: &str, change: Change) -> Self {
        Self { at: at.to_owned(), change, file: "api.yaml".to_owned() }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ", self.file, self.at)?;
        match &self.change {
            Change::Missing => write!(f, "is missing"),
            Change::Added => write!(f, "is not in the official specification"),
            Change::Changed { official, ours } => write!(f, "is `{official}` officially and `{ours}` here"),
            Change::Attribute { ours, .. } => write!(f, "is `{ours}` here and missing officially"),
        }
    }
}

/// Returns all differences. A missing or added element is one difference, without its parts.
pub(crate) fn compare(official: &Description, ours: &Description) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (place, element) in &official.0 {
        match ours.0.get(place) {
            Some(same) => attributes(place, element, same, &mut differences),
            None if has_parent(ours, place) => differences.push(whole(place, element, Change::Missing)),
            None => {}
        }
    }
    for (place, element) in &ours.0 {
        if !official.0.contains_key(place) && has_parent(official, place) {
            differences.push(whole(place, element, Change::Added));
        }
    }
    differences
}

fn has_parent(description: &Description, place: &Place) -> bool {
    place.split_last().is_none_or(|(_, parent)| parent.is_empty() || description.0.contains_key(parent))
}

fn whole(place: &Place, element: &Element, change: Change) -> Difference {
    Difference { at: place.join(" > "), change, file: element.file.clone() }
}

fn attributes(place: &Place, official: &Element, ours: &Element, differences: &mut Vec<Difference>) {
    let mut add = |name: &str, change| {
        let at = format!("{}: {name}", place.join(" > "));
        differences.push(Difference { at, change, file: ours.file.clone() });
    };
    for (name, value) in &official.attributes {
        match ours.attributes.get(name) {
            Some(same) if same == value => {}
            Some(other) => add(name, Change::Changed { official: value.clone(), ours: other.clone() }),
            None => add(name, Change::Missing),
        }
    }
    for (name, value) in &ours.attributes {
        if !official.attributes.contains_key(name) {
            add(name, Change::Attribute { name, ours: value.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICIAL: &str = r##"
paths:
  "/{bucketName}?acl":
    parameters: [{$ref: "#/parameters/bucketName"}]
    put:
      operationId: PutBucketACL
      externalDocs: {url: "https://example.com"}
      parameters:
        - {name: limit, in: query, type: integer}
        - {name: ETag, in: header, type: string, required: true}
        - {name: Body, in: body, schema: {type: object, required: [acl], properties: {acl: {type: array, items: {$ref: "#/definitions/acl"}}}}}
      responses:
        200: {description: OK, headers: {ETag: {type: string}}}
        412: {description: Failed}
parameters: {bucketName: {name: bucketName, in: path, type: string, required: true}}
definitions: {acl: {type: object, required: [type], properties: {type: {type: string, enum: [user, group]}, id: {type: string}}}}
"##;

    fn described(text: &str) -> Description {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api.yaml");
        std::fs::write(&path, text).unwrap();
        Description::read(&path).unwrap()
    }

    /// Returns the differences after `from` is replaced by `to`.
    fn after(from: &str, to: &str) -> Vec<String> {
        assert!(OFFICIAL.contains(from), "{from}");
        let differences = compare(&described(OFFICIAL), &described(&OFFICIAL.replace(from, to)));
        differences.iter().map(|it| it.to_string().replacen("api.yaml: ", "", 1)).collect()
    }

    #[test]
    fn ignores_descriptions_enum_order_and_names_that_are_not_sent() {
        let renamed = OFFICIAL
            .replace("#/definitions/acl", "#/definitions/grant")
            .replace("definitions: {acl", "definitions: {grant");
        assert!(compare(&described(OFFICIAL), &described(&renamed)).is_empty());
        assert!(after("description: OK", "description: Done").is_empty());
        assert!(after("name: Body", "name: acl").is_empty());
        assert!(after("[user, group]", "[group, user]").is_empty());
    }

    #[test]
    fn finds_each_kind_of_difference() {
        let nested = "PutBucketACL > body > acl > [] > type";
        for (from, to, expected) in [
            ("operationId: PutBucketACL", "operationId: PutACL", "PutBucketACL is missing"),
            ("operationId: PutBucketACL", "operationId: PutACL", "PutACL is not in the official specification"),
            ("    put:", "    post:", "PutBucketACL: method is `PUT` officially and `POST` here"),
            ("?acl", "?cors", "PutBucketACL: path is `/{bucketName}?acl` officially and `/{bucketName}?cors` here"),
            (
                "example.com",
                "example.org",
                "PutBucketACL: documentation is `https://example.com` officially and `https://example.org` here",
            ),
            ("name: limit", "name: maximum", "PutBucketACL > query limit is missing"),
            ("name: limit", "name: maximum", "PutBucketACL > query maximum is not in the official specification"),
            (
                "limit, in: query",
                "limit, in: header",
                "PutBucketACL > header limit is not in the official specification",
            ),
            (
                "type: integer",
                "type: string",
                "PutBucketACL > query limit: type is `integer` officially and `string` here",
            ),
            (
                "type: integer",
                "type: integer, format: int64",
                "PutBucketACL > query limit: format is `int64` here and missing officially",
            ),
            (
                "type: integer",
                "type: integer, required: true",
                "PutBucketACL > query limit: required is `false` officially and `true` here",
            ),
            (
                "string, required: true}\n        - {name: Body",
                "string}\n        - {name: Body",
                "PutBucketACL > header ETag: required is `true` officially and `false` here",
            ),
            (
                "in: body,",
                "in: body, required: true,",
                "PutBucketACL > body: required is `false` officially and `true` here",
            ),
            ("required: [acl], ", "", "PutBucketACL > body > acl: required is `true` officially and `false` here"),
            (
                "[type]",
                "[type, id]",
                "PutBucketACL > body > acl > [] > id: required is `false` officially and `true` here",
            ),
            (
                "id: {type: string}",
                "id: {type: integer}",
                "PutBucketACL > body > acl > [] > id: type is `string` officially and `integer` here",
            ),
            (", id: {type: string}", "", "PutBucketACL > body > acl > [] > id is missing"),
            ("[user, group]", "[user]", &format!("{nested} > enum > group is missing")),
            ("group]", "group, anyone]", &format!("{nested} > enum > anyone is not in the official specification")),
            (", enum: [user, group]", "", &format!("{nested} > enum is missing")),
            ("        412: {description: Failed}\n", "", "PutBucketACL > response 412 is missing"),
            ("412", "409", "PutBucketACL > response 409 is not in the official specification"),
            ("headers: {ETag", "headers: {Etag", "PutBucketACL > response 200 > header ETag is missing"),
            (
                "parameters: [{$ref: \"#/parameters/bucketName\"}]",
                "parameters: []",
                "PutBucketACL > path bucketName is missing",
            ),
        ] {
            let found = after(from, to);
            assert!(found.iter().any(|line| line == expected), "{from} -> {to}: {found:#?}");
            assert!(found.len() <= 2, "{from} -> {to}: {found:#?}");
        }
    }

    #[test]
    fn reports_a_missing_operation_once() {
        assert_eq!(
            after("headers: {ETag: {type: string}}", "headers: {}"),
            ["PutBucketACL > response 200 > header ETag is missing"]
        );
        let whole = compare(&described(OFFICIAL), &described("paths: {}"));
        assert_eq!(whole.len(), 1, "{whole:?}");
    }

    #[test]
    fn a_difference_names_the_file_of_our_specification() {
        let folder = tempfile::tempdir().unwrap();
        let (before, item) = OFFICIAL.split_once("    parameters: [").unwrap();
        let (item, after) = item.split_once("parameters: {bucketName").unwrap();
        let root = format!("{before}    $ref: \"./acl.yaml\"\nparameters: {{bucketName{after}");
        std::fs::write(folder.path().join("api.yaml"), root).unwrap();
        let item = format!("    parameters: [{item}").replace("type: integer", "type: string");
        std::fs::write(folder.path().join("acl.yaml"), item).unwrap();
        let ours = Description::read(&folder.path().join("api.yaml")).unwrap();
        let differences = compare(&described(OFFICIAL), &ours);
        assert_eq!(differences.len(), 1);
        assert!(
            differences[0].to_string().starts_with("acl.yaml: PutBucketACL > query limit: type"),
            "{}",
            differences[0]
        );
    }

    #[test]
    fn rejects_elements_that_cannot_be_described() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api.yaml");
        for (text, expected) in [
            ("{}", "no paths"),
            ("paths: {/: {$ref: ./none.yaml}}", "none.yaml"),
            ("paths: {/: {$ref: \"#/nothing\"}}", "does not exist"),
            ("a: {$ref: \"#/a\"}\npaths: {/: {$ref: \"#/a\"}}", "cycle"),
            ("paths: {/: {get: {}}}", "no operationId"),
            ("paths: {/: {get: {operationId: A}, put: {operationId: A}}}", "two operations"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = Description::read(&path).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
