//! Tests of the model that is derived from a correct specification.

use qingstor_codegen::model::{Api, Field, Location, RequestBody, ResponseBody, Shape, Treatment, TypeKind};

/// Loads a specification with the given paths and definitions, both indented by two spaces.
fn load(paths: &str, definitions: &str) -> Api {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.yaml");
    let text = format!(
        "swagger: \"2.0\"\ninfo: {{title: QingStor, version: \"1\"}}\nparameters:\n  \
         bucketName: {{name: bucketName, in: path, type: string, required: true}}\n  \
         zone: {{name: zone, in: query, type: string}}\n\
         paths:\n{paths}\ndefinitions:\n{definitions}\n"
    );
    std::fs::write(&path, &text).unwrap();
    match qingstor_codegen::load(&path, folder.path()) {
        Ok(loaded) => loaded.api,
        Err(problems) => panic!("{text}\n{problems:#?}"),
    }
}

/// Loads a specification with one operation that has these parameters, one in each line.
fn with_parameters(parameters: &str) -> Api {
    let list: String = parameters.trim().lines().map(|line| format!("        - {}\n", line.trim())).collect();
    let paths = format!(
        "  /:\n    get:\n      operationId: Get\n      parameters:\n{list}      responses: {{200: {{description: OK}}}}"
    );
    load(&paths, "  {}")
}

fn field<'f>(fields: &'f [Field], name: &str) -> &'f Field {
    fields.iter().find(|field| field.name == name).unwrap_or_else(|| panic!("{name} in {fields:#?}"))
}

#[test]
fn the_shared_parameter_zone_is_not_an_input() {
    let api = load(
        r##"
  /{bucketName}:
    parameters:
      - $ref: "#/parameters/bucketName"
      - $ref: "#/parameters/zone"
    get: {operationId: A, responses: {200: {description: OK}}}
  /:
    get:
      operationId: B
      parameters: [{name: zone, in: query, type: string}]
      responses: {200: {description: OK}}"##,
        "  {}",
    );
    assert!(api.operations[0].inputs.is_empty());
    assert_eq!(api.operations[1].inputs[0].name, "zone");
}

#[test]
fn limits_and_format_determine_the_integer_type() {
    let api = with_parameters(
        "{name: a, in: query, type: integer}
         {name: b, in: query, type: integer, minimum: 0, maximum: 10000}
         {name: c, in: query, type: integer, minimum: 0}
         {name: d, in: query, type: integer, format: int32}
         {name: e, in: query, type: integer, minimum: -1, maximum: 1}
         {name: f, in: query, type: integer, minimum: 0, maximum: 4294967296}
         {name: g, in: query, type: integer, format: int64, minimum: 0, maximum: 1}",
    );
    let shapes: Vec<(u8, bool)> = api.operations[0]
        .inputs
        .iter()
        .map(|field| match field.shape {
            Shape::Integer { bits, signed } => (bits, signed),
            _ => panic!("{field:?}"),
        })
        .collect();
    assert_eq!(shapes, [(64, true), (32, false), (64, false), (32, true), (32, true), (64, false), (64, false)]);
}

#[test]
fn x_keys_determine_the_treatment_of_headers() {
    let api = with_parameters(
        "{name: Content-MD5, in: header, type: string, required: true, x-computed: content-md5}
         {name: Content-Length, in: header, type: integer, required: true}
         {name: X-QS-Copy-Source, in: header, type: string, x-encoding: path}
         {name: X-QS-Move-Source, in: header, type: string, x-encoding: path, x-idempotent: false}
         {name: X-QS-MetaData, in: header, type: map}
         {name: X-QS-Tags, in: header, type: map, x-header-prefix: X-QS-Tag-}
         {name: X-QS-Key, in: header, type: string, x-sensitive: true}
         {name: plain, in: query, type: boolean, default: false}",
    );
    let inputs = &api.operations[0].inputs;
    assert_eq!(inputs[0].name, "plain", "query parameters come first");
    assert_eq!(inputs[0].default.as_deref(), Some("false"));
    let md5 = field(inputs, "Content-MD5");
    assert_eq!((md5.treatment, md5.required), (Treatment::ContentMd5, false));
    let length = field(inputs, "Content-Length");
    assert_eq!((length.treatment, length.required), (Treatment::ContentLength, false));
    assert_eq!(field(inputs, "X-QS-Copy-Source").treatment, Treatment::PathEncoded);
    assert!(field(inputs, "X-QS-Move-Source").breaks_idempotency);
    assert!(!field(inputs, "X-QS-Copy-Source").breaks_idempotency);
    assert_eq!(field(inputs, "X-QS-MetaData").location, Location::HeaderPrefix("X-QS-Meta-".into()));
    assert_eq!(field(inputs, "X-QS-Tags").location, Location::HeaderPrefix("X-QS-Tag-".into()));
    assert!(field(inputs, "X-QS-Key").sensitive);
}

#[test]
fn an_enum_is_named_after_its_parameter_unless_ambiguous() {
    let operation = |path: &str, id: &str, enums: &str| {
        format!(
            "  {path}:\n    get:\n      operationId: {id}\n      parameters:\n{enums}      \
             responses: {{200: {{description: OK}}}}\n"
        )
    };
    let class = "        - {name: X-QS-Storage-Class, in: header, type: string, enum: [A, B]}\n";
    let kind = |values: &str| format!("        - {{name: kind, in: query, type: string, enum: [{values}]}}\n");
    let paths = operation("/", "One", &format!("{class}{}", kind("x, y")))
        + &operation("/?two", "Two", &format!("{class}{}", kind("x, z")));
    let api = load(&paths, "  {}");
    let shape = |operation: usize, name: &str| field(&api.operations[operation].inputs, name).shape.clone();
    assert_eq!(shape(0, "X-QS-Storage-Class"), Shape::Enum("Storage-Class".into()));
    assert_eq!(shape(1, "X-QS-Storage-Class"), Shape::Enum("Storage-Class".into()));
    assert_eq!(shape(0, "kind"), Shape::Enum("One_kind".into()));
    assert_eq!(shape(1, "kind"), Shape::Enum("Two_kind".into()));
    let names: Vec<&str> = api.types.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["One_kind", "Storage-Class", "Two_kind"]);
}

#[test]
fn enums_that_differ_only_in_the_order_of_values_are_one_type() {
    let api = with_parameters(
        "{name: a, in: query, type: string, x-enum-name: StorageClass, enum: [A, B]}
         {name: b, in: query, type: string, x-enum-name: StorageClass, enum: [B, A]}",
    );
    assert_eq!(api.types.len(), 1);
    let TypeKind::Enum(values) = &api.types[0].kind else { panic!("an enum") };
    assert_eq!(values.iter().map(|value| value.value.as_str()).collect::<Vec<_>>(), ["A", "B"]);
}

#[test]
fn properties_of_bodies_become_fields_of_inputs_and_outputs() {
    let api = load(
        r##"
  /{bucketName}?delete:
    parameters: [{$ref: "#/parameters/bucketName"}]
    post:
      operationId: DeleteMultipleObjects
      parameters:
        - name: anything
          in: body
          schema: {$ref: "#/definitions/deletion"}
      responses:
        200:
          headers: {ETag: {type: string, required: true}}
          schema:
            type: object
            required: [deleted]
            properties:
              deleted: {type: array, items: {$ref: "#/definitions/key"}}
              inner: {type: object, description: inline, properties: {id: {type: string}}}
              open: {type: object}
              counts: {type: object, additionalProperties: {type: integer}}
              owner: {$ref: "#/definitions/key", description: described at the use}"##,
        r##"
  deletion:
    type: object
    required: [objects]
    properties:
      objects: {type: array, items: {$ref: "#/definitions/key"}, minItems: 1, maxItems: 1000}
      mode: {type: string, enum: [fast, slow]}
  key: {type: object, description: A key., properties: {key: {type: string}}}
  unused: {type: object, properties: {id: {type: string}}}"##,
    );
    let operation = &api.operations[0];
    assert_eq!((operation.request_body, operation.response_body), (RequestBody::Json, ResponseBody::Json));
    assert_eq!(operation.sub_resources, ["delete"]);
    assert!(!operation.idempotent, "POST is not idempotent");
    let objects = field(&operation.inputs, "objects");
    assert!(objects.required);
    assert_eq!((objects.limits.min_items, objects.limits.max_items), (Some(1), Some(1000)));
    assert_eq!(field(&operation.inputs, "mode").shape, Shape::Enum("deletion_mode".into()));
    assert!(field(&operation.outputs, "ETag").required);
    assert!(field(&operation.outputs, "deleted").required);
    assert_eq!(field(&operation.outputs, "inner").shape, Shape::Struct("DeleteMultipleObjects_inner".into()));
    assert_eq!(field(&operation.outputs, "open").shape, Shape::Json);
    let counts = Shape::Map(Box::new(Shape::Integer { bits: 64, signed: true }));
    assert_eq!(field(&operation.outputs, "counts").shape, counts);
    assert_eq!(field(&operation.outputs, "owner").description, "described at the use");
    let names: Vec<&str> = api.types.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["DeleteMultipleObjects_inner", "deletion_mode", "key"]);
}

#[test]
fn a_field_that_one_success_response_lacks_is_optional() {
    let api = load(
        r##"
  /:
    get:
      operationId: Get
      x-idempotent: false
      responses:
        200:
          headers: {A: {type: string, required: true}}
          schema: {type: object, required: [id, name], properties: {id: {type: string}, name: {type: string}}}
        202:
          headers: {a: {type: string}}
          schema: {type: object, required: [id, more], properties: {id: {type: string}, more: {type: string}}}
        304: {description: not modified}
        404: {description: ignored, headers: {B: {type: string}}}
        default: {description: ignored}"##,
        "  {}",
    );
    let operation = &api.operations[0];
    assert_eq!(operation.success, [200, 202, 304]);
    let required: Vec<(&str, bool)> =
        operation.outputs.iter().map(|field| (field.name.as_str(), field.required)).collect();
    assert_eq!(required, [("A", false), ("id", true), ("name", false), ("more", false)]);
    assert!(!operation.idempotent);
}

#[test]
fn a_type_can_contain_itself_in_an_array() {
    let api = load(
        r##"
  /:
    get:
      operationId: Get
      responses:
        200: {schema: {type: object, properties: {tree: {$ref: "#/definitions/tree"}}}}"##,
        r##"
  tree:
    type: object
    properties:
      branches: {type: array, items: {$ref: "#/definitions/tree"}}
      by_name: {type: object, additionalProperties: {$ref: "#/definitions/tree"}}"##,
    );
    assert_eq!(api.types.len(), 1);
}
