//! What the emulator serves, for the table that `cargo codegen coverage` makes.
//!
//! Protects: the table names the emulator's real routes, and each of them is where the specification has the operation.

use std::fmt::Write;

use qingstor_codegen::model::Scope;

#[test]
fn the_emulator_serves_what_the_table_says() {
    let mut text = String::new();
    let mut served: Vec<_> = qingstor_emulator::operations().iter().collect();
    served.sort_by_key(|operation| operation.id());
    for operation in served {
        let routes = operation.paths().iter().map(|path| format!("{} {path}", operation.method()));
        writeln!(text, "{}: {}", operation.id(), routes.collect::<Vec<_>>().join(", ")).unwrap();
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "../snapshots" }, {
        insta::assert_snapshot!("emulator_routes", text);
    });
}

#[test]
fn a_route_is_where_the_specification_has_the_operation() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let loaded = qingstor_codegen::load(&root.join("specs/qingstor/2016-01-06/api.yaml"), &root).unwrap();
    for served in qingstor_emulator::operations() {
        let known = loaded.api.operations.iter().find(|operation| operation.id == served.id());
        let known = known.unwrap_or_else(|| panic!("{} is no operation of the specification", served.id()));
        let path = match known.scope {
            Scope::Service => "/",
            Scope::Bucket => "/{bucketName}",
            Scope::Object => "/{bucketName}/{objectKey}",
        };
        let (served_path, sub_resource) = served.path().split_once('?').unwrap_or((served.path(), ""));
        assert_eq!(served_path, path, "{}", served.id());
        assert_eq!(served.method(), format!("{:?}", known.method).to_uppercase(), "{}", served.id());
        // A sub-resource with a value is a query parameter to the specification: `upload_id`.
        let is_known = known.sub_resources.iter().any(|name| name == sub_resource)
            || known.inputs.iter().any(|input| input.name == sub_resource);
        assert!(sub_resource.is_empty() || is_known, "{}: {sub_resource}", served.id());
    }
}
