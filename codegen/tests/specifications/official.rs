//! Tests that load the official specification of QingStor unchanged.
//!
//! The specification is not part of this repository. The tests run only if `QINGSTOR_OFFICIAL_SPEC` names its root
//! file.

use std::path::PathBuf;

use qingstor_codegen::Loaded;
use qingstor_codegen::diagnostic::{Problem, codes};
use qingstor_codegen::model::{
    Api, Field, FormEncoding, Location, RequestBody, ResponseBody, Shape, Treatment, TypeKind,
};

fn official() -> Option<Loaded> {
    let path = PathBuf::from(std::env::var_os("QINGSTOR_OFFICIAL_SPEC")?);
    let folder = path.parent().unwrap().to_owned();
    match qingstor_codegen::load(&path, &folder) {
        Ok(loaded) => Some(loaded),
        Err(problems) => {
            let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
            panic!("{}", lines.join("\n"));
        }
    }
}

fn operation<'a>(api: &'a Api, id: &str) -> &'a qingstor_codegen::model::Operation {
    api.operations.iter().find(|operation| operation.id == id).unwrap()
}

fn field<'f>(fields: &'f [Field], name: &str) -> &'f Field {
    fields.iter().find(|field| field.name == name).unwrap()
}

#[test]
fn loads_all_operations() {
    let Some(Loaded { api, warnings, .. }) = official() else { return };
    assert_eq!(api.operations.len(), 50);
    // The official specification does not have `x-signed`, which is a key of our dialect, and lacks descriptions.
    let of_code = |code: &str| warnings.iter().filter(|warning| warning.code == code).count();
    assert_eq!([codes::SIGNED_PARAMETER, codes::UNDESCRIBED].map(of_code), [17, 25]);
    assert_eq!(warnings.len(), 17 + 25, "{warnings:?}");
    assert_eq!((api.title.as_str(), api.version.as_str()), ("QingStor", "2016-01-06"));
    assert_eq!(api.operations[0].id, "ListBuckets");
}

#[test]
fn reads_paths_parameters_and_bodies() {
    let Some(Loaded { api, .. }) = official() else { return };
    let put = operation(&api, "PutObject");
    assert_eq!((put.request_body, put.source.as_str()), (RequestBody::Binary, "object.json"));
    let metadata = field(&put.inputs, "X-QS-MetaData");
    assert_eq!(metadata.location, Location::HeaderPrefix("X-QS-Meta-".to_owned()));
    assert_eq!(field(&put.inputs, "Content-Length").treatment, Treatment::ContentLength);
    assert_eq!(field(&put.inputs, "X-QS-Storage-Class").shape, Shape::Enum("Storage-Class".to_owned()));
    assert!(put.inputs.iter().all(|field| field.name != "zone" && field.name != "objectKey"));

    let upload = operation(&api, "UploadMultipart");
    assert!(upload.sub_resources.is_empty(), "upload_id is a parameter");
    assert!(field(&upload.inputs, "part_number").required);
    assert_eq!(operation(&api, "InitiateMultipartUpload").sub_resources, ["uploads"]);

    let get = operation(&api, "GetObject");
    assert_eq!((get.response_body, &get.success[..]), (ResponseBody::Binary, &[200, 206, 304][..]));
    let versioning = operation(&api, "PutBucketVersioning");
    assert_eq!(field(&versioning.inputs, "status").shape, Shape::Enum("versioning_status".to_owned()));
    let list = operation(&api, "ListObjects");
    assert_eq!(field(&list.outputs, "keys").shape, Shape::List(Box::new(Shape::Struct("key".to_owned()))));
    assert!(operation(&api, "DeleteMultipleObjects").inputs.iter().any(|field| field.name == "objects"));
}

#[test]
fn a_form_with_a_file_is_multipart_in_spite_of_its_declared_encoding() {
    let Some(Loaded { api, .. }) = official() else { return };
    let post = operation(&api, "PostObject");
    assert_eq!((post.request_body, &post.success[..]), (RequestBody::Form(FormEncoding::Multipart), &[302][..]));
    assert_eq!((&field(&post.inputs, "file").shape, field(&post.inputs, "key").required), (&Shape::Binary, true));
    assert_eq!(field(&post.inputs, "Content-Type").location, Location::Form);
    assert_eq!(field(&post.inputs, "Cache-Control").location, Location::Header);
}

#[test]
fn model_contains_only_types_that_operations_use() {
    let Some(Loaded { api, .. }) = official() else { return };
    let names: Vec<&str> = api.types.iter().map(|it| it.name.as_str()).collect();
    assert!(names.is_sorted());
    assert!(names.contains(&"cors_rule_allowed_methods"), "{names:?}");
    assert!(!names.contains(&"versioning"), "its properties are the fields of an input and an output");
    let grantee = api.types.iter().find(|it| it.name == "grantee").unwrap();
    let TypeKind::Struct(fields) = &grantee.kind else { panic!("a structure") };
    assert_eq!((fields[0].name.as_str(), fields[0].required), ("type", true));
    assert_eq!(grantee.source, "definitions.json");
}
