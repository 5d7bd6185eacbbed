//! Where the parts of an API are written.
//!
//! Protects: that every operation, field, type and value of an enum leads to its line and column, through references
//! and several files, and that an API is the same wherever it is written.

use std::fs;

use qingstor_codegen::Loaded;
use qingstor_codegen::model::{Origin, TypeKind};

const ROOT: &str = "swagger: \"2.0\"
info: {title: QingStor, version: \"1\"}
paths:
  /:
    $ref: ./service.yaml
parameters:
  class: {in: query, name: class, type: string, enum: [A, B]}
definitions:
  owner:
    $ref: ./definitions.yaml#/owner
";

const SERVICE: &str = "get:
  operationId: Get
  parameters:
    - $ref: \"#/parameters/class\"
    - name: é
      in: query
      type: string
  responses:
    200:
      headers:
        ETag: {type: string}
      schema:
        type: object
        properties:
          owner: {$ref: \"#/definitions/owner\"}
";

const DEFINITIONS: &str = "owner:
  type: object
  properties: {ü: {type: string}, id: {type: string}}
";

fn load(before: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("api.yaml", ROOT), ("service.yaml", SERVICE), ("definitions.yaml", DEFINITIONS)] {
        fs::write(folder.path().join(name), format!("{before}{text}")).unwrap();
    }
    qingstor_codegen::load(&folder.path().join("api.yaml"), folder.path()).unwrap_or_else(|it| panic!("{it:#?}"))
}

#[test]
fn every_part_leads_to_its_line() {
    let loaded = load("");
    let operation = &loaded.api.operations[0];
    let mut origins = vec![operation.origin];
    origins.extend(operation.inputs.iter().chain(&operation.outputs).map(|field| field.origin));
    for definition in &loaded.api.types {
        origins.push(definition.origin);
        match &definition.kind {
            TypeKind::Struct(fields) => origins.extend(fields.iter().map(|field| field.origin)),
            TypeKind::Enum(values) => origins.extend(values.iter().map(|value| value.origin)),
        }
    }
    let places = loaded.places(&origins);
    let places: Vec<String> = places.into_iter().map(|place| place.unwrap().to_string()).collect();
    assert_eq!(
        places,
        [
            "service.yaml:1:1",
            // Query parameters, the first of them shared; header; property.
            "api.yaml:7:28",
            "service.yaml:5:13",
            "service.yaml:11:9",
            "service.yaml:15:11",
            // The enum with its values, then the structure with its fields.
            "api.yaml:7:10",
            "api.yaml:7:56",
            "api.yaml:7:59",
            "definitions.yaml:2:3",
            "definitions.yaml:3:16",
            "definitions.yaml:3:35",
        ]
    );
    assert_eq!(loaded.places(&[Origin::default()]), [None], "an origin in no file has no place");
}

#[test]
fn an_api_is_the_same_wherever_it_is_written() {
    let (one, other) = (load(""), load("# A comment above.\n"));
    assert_eq!(one.api, other.api);
    let origin = |loaded: &Loaded| loaded.api.operations[0].origin;
    assert_ne!(one.places(&[origin(&one)]), other.places(&[origin(&other)]));
    assert!(!format!("{:?}", one.api).contains("Span"));
}
