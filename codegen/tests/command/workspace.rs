//! A temporary workspace in which the command runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

pub(crate) const SPEC: &str = r##"
swagger: "2.0"
info: {title: QingStor, version: "2016-01-06"}
paths:
  /:
    get:
      operationId: ListBuckets
      summary: Lists the buckets.
      parameters:
        - {name: limit, in: query, type: integer}
      responses:
        200:
          schema:
            type: object
            properties:
              buckets: {type: array, items: {$ref: "#/definitions/bucket_summary"}}
definitions:
  bucket_summary:
    type: object
    properties: {name: {type: string}}
"##;

/// A workspace with a specification at the default path.
pub(crate) struct Workspace(pub(crate) TempDir);

impl Workspace {
    pub(crate) fn new() -> Self {
        let workspace = Self(tempfile::tempdir().unwrap());
        workspace.write("Cargo.toml", "[workspace]\nresolver = \"3\"\n");
        workspace.write("specs/qingstor/2016-01-06/api.yaml", SPEC);
        workspace
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    pub(crate) fn write(&self, relative: &str, content: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_in(self.0.path(), arguments)
    }

    pub(crate) fn run_in(&self, folder: &Path, arguments: &[&str]) -> Output {
        command().args(arguments).current_dir(folder).output().unwrap()
    }

    /// Returns all files below `relative` with their contents.
    pub(crate) fn files(&self, relative: &str) -> BTreeMap<PathBuf, String> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.path(relative)];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(folder) else { continue };
            for path in entries.map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let content = fs::read_to_string(&path).unwrap();
                    files.insert(path, content);
                }
            }
        }
        files
    }
}

pub(crate) fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_qingstor-codegen"))
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
