//! Tests of the places of operations, fields, types and enum values, through references and several files.

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
fn place_returns_the_line_and_column_of_each_part() {
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
    let places: Vec<String> = origins.iter().map(|origin| loaded.place(*origin).unwrap().to_string()).collect();
    assert_eq!(
        places,
        [
            "service.yaml:1:1",
            // Two query parameters (the first one is shared), a header and a property.
            "api.yaml:7:28",
            "service.yaml:5:13",
            "service.yaml:11:9",
            "service.yaml:15:11",
            // An enum with its values, and a structure with its fields.
            "api.yaml:7:10",
            "api.yaml:7:56",
            "api.yaml:7:59",
            "definitions.yaml:2:3",
            "definitions.yaml:3:16",
            "definitions.yaml:3:35",
        ]
    );
    assert_eq!(loaded.place(Origin::default()), None, "the default origin is in no file");
}

#[test]
fn comparing_apis_ignores_places() {
    let (first, second) = (load(""), load("# A comment above.\n"));
    assert_eq!(first.api, second.api);
    let origin = |loaded: &Loaded| loaded.api.operations[0].origin;
    assert_ne!(first.place(origin(&first)), second.place(origin(&second)));
    assert!(!format!("{:?}", first.api).contains("Span"));
}
