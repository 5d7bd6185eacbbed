//! Generated code is as rustfmt would write it, in the style of this workspace.
//!
//! Protects: that `cargo fmt` leaves generated files alone, though the generator writes them without rustfmt.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use qingstor_codegen::diagnostic::Problem;
use qingstor_codegen::{load, render};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// What rustfmt would change in what is generated from `spec`; how many files there are.
fn difference(spec: &Path) -> (String, usize) {
    let loaded = load(spec, &root()).unwrap_or_else(|problems| {
        let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
        panic!("{}", lines.join("\n"));
    });
    let folder = tempfile::tempdir().unwrap();
    let files = render::generate(&loaded.api).unwrap();
    for (path, content) in &files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let output = Command::new("rustfmt")
        .args(["--edition", "2024", "--check", "--config-path"])
        .arg(root().join("rustfmt.toml"))
        // The other files are found from here.
        .arg("mod.rs")
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    assert_eq!(output.status.success(), said.is_empty(), "{said}");
    (said, files.len())
}

#[test]
fn rustfmt_finds_nothing_to_do_in_what_fixtures_give() {
    for entry in root().join("codegen/tests/fixtures/features").read_dir().unwrap() {
        let spec = entry.unwrap().path();
        assert_eq!(difference(&spec).0, "", "{}", spec.display());
    }
}

/// A name of this length, underscores between its words.
fn name(start: &str, length: usize) -> String {
    let mut name: String = start.chars().chain("_some_more_words".chars().cycle()).take(length).collect();
    if name.ends_with('_') {
        name.replace_range(length - 1.., "x");
    }
    name
}

/// One operation that lists, one that sends a body, and two types, with names of this length everywhere.
fn with_names_of(length: usize, paths: &mut String, definitions: &mut String) {
    let name = |start: &str| name(&format!("{start}{length}"), length);
    let header = |start: &str| name(start).replace('_', "-");
    let (bucket, key) = ("{$ref: '#/parameters/bucketName'}", "{$ref: '#/parameters/objectKey'}");
    let (path, parameters) = match length % 3 {
        0 => ("/", String::new()),
        1 => ("/{bucketName}", bucket.to_owned()),
        _ => ("/{bucketName}/{objectKey}", format!("{bucket}, {key}")),
    };
    paths.push_str(&format!(
        "  '{path}?{}&{}':
    parameters: [{parameters}]
    get:
      operationId: {}
      x-pagination: {{items: {items}, has_more: {more}, markers: {{{marker}: {{next: {next}}}}}}}
      parameters:
        - {{name: {marker}, in: query, type: string}}
        - {{name: {}, in: query, type: string, required: true, maxLength: 1000}}
        - {{name: {}, in: query, type: integer, minimum: 1, maximum: 10000}}
        - {{name: {}, in: header, type: string}}
        - {{name: {}, in: header, type: map}}
      responses:
        200:
          headers: {{{}: {{type: string}}, {}: {{type: integer}}}}
          schema:
            type: object
            properties:
              {items}: {{type: array, items: {{$ref: '#/definitions/{thing}'}}}}
              {more}: {{type: boolean}}
              {next}: {{type: string}}
    put:
      operationId: {}
      parameters:
        - {{name: {}, in: query, type: string, required: true}}
        - {{name: {}, in: query, type: integer, required: true}}
        - {{name: Body, in: body, schema: {{type: string, format: binary}}}}
      responses:
        201: {{headers: {{{}: {{type: string, required: true}}, {}: {{type: string, required: true}}}}}}
    post:
      operationId: {}
      parameters:
        - {{name: {}, in: formData, type: string, required: true}}
        - {{name: {}, in: formData, type: file, required: true}}
      responses: {{201: {{description: Done.}}}}\n",
        name("sub"),
        name("other"),
        name("list"),
        name("needed"),
        name("number"),
        header("header"),
        header("map"),
        header("one"),
        header("two"),
        name("put"),
        name("required"),
        name("wanted"),
        header("three"),
        header("four"),
        name("post"),
        name("text"),
        name("file"),
        items = name("items"),
        more = name("more"),
        marker = name("marker"),
        next = name("next"),
        thing = name("thing"),
    ));
    let short: Vec<String> = (0..length).map(|number| format!("v{number}")).collect();
    definitions.push_str(&format!(
        "  {}:
    type: object
    required: [id]
    properties:
      id: {{type: string}}
      {}: {{type: string}}
      {}: {{type: array, items: {{type: string}}}}
      {}: {{type: string, enum: [a, {}], x-enum-name: {}}}
      {}: {{type: string, enum: [{}], x-enum-name: {}}}\n",
        name("thing"),
        name("field"),
        header("wire"),
        name("kind"),
        name("value"),
        name("kind"),
        name("short"),
        short.join(", "),
        name("short"),
    ));
}

#[test]
fn nor_in_what_names_of_any_length_give() {
    let (mut paths, mut definitions) = (String::new(), String::new());
    for length in 12..75 {
        with_names_of(length, &mut paths, &mut definitions);
    }
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("api.yaml");
    let text = format!(
        "swagger: '2.0'\ninfo: {{title: Fixture, version: '1'}}\nparameters:\n  \
         bucketName: {{name: bucketName, in: path, type: string, required: true}}\n  \
         objectKey: {{name: objectKey, in: path, type: string, required: true}}\npaths:\n{paths}definitions:\n\
         {definitions}"
    );
    fs::write(&spec, text).unwrap();
    let (said, files) = difference(&spec);
    assert_eq!(said, "");
    assert!(files > 300, "{files}");
}

#[test]
fn nor_in_what_names_with_numbers_give() {
    let ids = ["GetV2", "GetV10", "GetV2a", "Type", "Async", "AB_c", "ABc", "Get", "Get_2x", "Get_10x", "V02x", "V2"];
    let paths = ids.iter().enumerate().map(|(index, id)| {
        format!(
            "  '/?s{index}': {{get: {{operationId: {id}, responses: {{200: {{description: OK}}}}, parameters: [\
             {{name: p, in: query, type: string, enum: [a], x-enum-name: {id}}},\
             {{name: q, in: query, type: string, enum: [b], x-enum-name: {id}_kind}}]}}}}\n"
        )
    });
    let paths: String = paths.collect();
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("api.yaml");
    fs::write(&spec, format!("swagger: '2.0'\ninfo: {{title: F, version: '1'}}\npaths:\n{paths}")).unwrap();
    assert_eq!(difference(&spec).0, "");
}

#[test]
fn nor_in_what_this_repositorys_specification_gives() {
    let (said, files) = difference(&root().join("specs/qingstor/2016-01-06/api.yaml"));
    assert_eq!(said, "");
    assert!(files > 20, "{files}");
}

#[test]
fn nor_in_what_the_official_specification_gives() {
    let Some(spec) = std::env::var_os("QINGSTOR_OFFICIAL_SPEC").map(PathBuf::from) else {
        println!("QINGSTOR_OFFICIAL_SPEC does not name a copy of the official specification: nothing to do");
        return;
    };
    assert_eq!(difference(&spec).0, "");
}
