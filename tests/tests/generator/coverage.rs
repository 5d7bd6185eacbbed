//! Tests that every operation of the specification has wire snapshots, an emulator route and a scenario.
//!
//! `specs/COVERAGE.md` is the snapshot of this test; `INSTA_UPDATE=always` writes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use qingstor_codegen::Loaded;
use qingstor_codegen::model::Scope;
use qingstor_codegen::rust::samples;

use crate::sdk_copy::{load, root};

const TABLE: &str = "specs/COVERAGE.md";
const WIRE: &str = "tests/tests/snapshots/wire";
/// Snapshot of the test `scenarios`, which contains the most typical scenario of each operation.
const SCENARIOS: &str = "tests/tests/snapshots/scenarios.snap";
const FEATURES: &str = "tests/features";

/// Operations that the emulator does not support, with the reason.
const WITHOUT_ROUTE: &[(&str, &str)] = &[("ImageProcess", "images are not processed; the answer is 501")];
/// Operations that no scenario calls, with the reason.
const WITHOUT_SCENARIO: &[(&str, &str)] = &[];

const HEAD: &str = "\
# Coverage

Every operation of the specification and the tests that it has. A test writes this file (CONTRIBUTING.md, “Adding an
operation”) and fails if an operation lacks

- two snapshots of the request that it sends: with the required fields only, and with all fields;
- a route of the emulator;
- a scenario that calls it, according to the SDK's own traces.

| operation | specification | method | on the wire | emulator | scenario |
| --- | --- | --- | --- | --- | --- |
";

fn specification() -> Loaded {
    load(&root().join("specs/qingstor/2016-01-06/api.yaml"))
}

/// Returns the ids of the operations that have both wire snapshots.
fn with_wire_snapshots() -> BTreeSet<String> {
    let names = root().join(WIRE).read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: BTreeSet<String> = names.collect();
    let minimal = names.iter().filter_map(|name| name.strip_suffix(".minimal.snap"));
    minimal.filter(|id| names.contains(&format!("{id}.full.snap"))).map(str::to_owned).collect()
}

/// Returns the emulator's routes of each operation, for example `PUT /{bucketName}?acl`.
fn routes() -> BTreeMap<String, String> {
    let served = qingstor_emulator::operations().iter().map(|operation| {
        let routes = operation.paths().iter().map(|path| format!("{} {path}", operation.method()));
        (operation.id().to_owned(), format!("`{}`", routes.collect::<Vec<_>>().join(", ")))
    });
    served.collect()
}

/// Returns the scenario of each operation, with a link to its feature file.
fn scenarios() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join(SCENARIOS)).unwrap();
    let (_, body) = text.rsplit_once("---\n").unwrap();
    let called = body.lines().filter(|line| !line.is_empty()).map(|line| {
        let (id, scenario) = line.split_once(": ").unwrap();
        let (file, name) = scenario.split_once(": ").unwrap();
        let feature = fs::read_to_string(root().join(FEATURES).join(file)).unwrap();
        let is_scenario = |line: &str| line.trim_start().starts_with("Scenario") && line.ends_with(name);
        assert!(feature.lines().any(is_scenario), "{file} has no scenario `{name}`: run the test `scenarios`");
        (id.to_owned(), format!("[{file}](../{FEATURES}/{file}): {}", name.replace('|', "\\|")))
    });
    called.collect()
}

/// Returns a cell of the table, which contains the route or scenario of an operation, or the reason for its exception.
///
/// Adds a line to `gaps` if the operation has neither or both.
fn cell(
    id: &str,
    found: &BTreeMap<String, String>,
    exceptions: &[(&str, &str)],
    missing: &str,
    gaps: &mut Vec<String>,
) -> String {
    let reason = exceptions.iter().find(|(excepted, _)| *excepted == id).map(|(_, reason)| reason);
    match (found.get(id), reason) {
        (Some(found), None) => found.clone(),
        (None, Some(reason)) => format!("none: {reason}"),
        (None, None) => {
            gaps.push(format!("{id}: {missing}"));
            String::new()
        }
        (Some(found), Some(_)) => {
            gaps.push(format!("{id}: has {found}, so remove its exception from this test"));
            String::new()
        }
    }
}

#[test]
fn every_operation_has_wire_snapshots_an_emulator_route_and_a_scenario() {
    let loaded = specification();
    let operations = &loaded.api.operations;
    let (wire, routes, scenarios) = (with_wire_snapshots(), routes(), scenarios());
    let mut gaps = Vec::new();
    let excepted = [WITHOUT_ROUTE, WITHOUT_SCENARIO].concat();
    let named = wire.iter().chain(routes.keys()).chain(scenarios.keys()).map(String::as_str);
    for id in named.chain(excepted.iter().map(|(id, _)| *id)).collect::<BTreeSet<_>>() {
        if !operations.iter().any(|operation| operation.id == id) {
            gaps.push(format!(
                "{id}: has a snapshot, a route or an exception, but is not an operation of the specification"
            ));
        }
    }

    let mut table = HEAD.to_owned();
    for (sample, operation) in samples(&loaded.api).iter().zip(operations) {
        let id = &sample.id;
        let file = loaded.place(operation.origin).unwrap().file.strip_prefix("specs/").unwrap().to_owned();
        let handle = if sample.scope == Scope::Service { "QingStor" } else { "Bucket" };
        let module = sample.method.trim_start_matches("r#");
        if !wire.contains(id) {
            gaps.push(format!("{id}: no wire snapshots; run the test `wire` and accept the snapshots"));
        }
        let no_route = "no route; serve it in tests/emulator/src, or add an exception to this test";
        let route = cell(id, &routes, WITHOUT_ROUTE, no_route, &mut gaps);
        let no_scenario = "no scenario; add one to tests/features and accept the snapshot of the test `scenarios`, \
                           or add an exception to this test";
        let scenario = cell(id, &scenarios, WITHOUT_SCENARIO, no_scenario, &mut gaps);
        writeln!(
            table,
            "| {id} | [{}]({file}) | [`{handle}::{}`](../sdk/src/generated/operations/{module}.rs) \
             | [minimal](../{WIRE}/{id}.minimal.snap), [full](../{WIRE}/{id}.full.snap) | {route} | {scenario} |",
            file.rsplit('/').next().unwrap(),
            sample.method,
        )
        .unwrap();
    }
    assert!(gaps.is_empty(), "{}", gaps.join("\n"));

    let path = root().join(TABLE);
    if std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always") {
        fs::write(&path, &table).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap();
    assert!(written == table, "{TABLE} is out of date: run this test with INSTA_UPDATE=always");
}

#[test]
fn emulator_routes_have_the_paths_and_methods_of_the_specification() {
    let loaded = specification();
    for served in qingstor_emulator::operations() {
        let known = loaded.api.operations.iter().find(|operation| operation.id == served.id());
        let known = known.unwrap_or_else(|| panic!("{} is not an operation of the specification", served.id()));
        let path = match known.scope {
            Scope::Service => "/",
            Scope::Bucket => "/{bucketName}",
            Scope::Object => "/{bucketName}/{objectKey}",
        };
        let (served_path, sub_resource) = served.path().split_once('?').unwrap_or((served.path(), ""));
        assert_eq!(served_path, path, "{}", served.id());
        assert_eq!(served.method(), format!("{:?}", known.method).to_uppercase(), "{}", served.id());
        // A sub-resource with a value, such as `upload_id`, is a query parameter in the specification.
        let is_known = known.sub_resources.iter().any(|name| name == sub_resource)
            || known.inputs.iter().any(|input| input.name == sub_resource);
        assert!(sub_resource.is_empty() || is_known, "{}: {sub_resource}", served.id());
    }
}
