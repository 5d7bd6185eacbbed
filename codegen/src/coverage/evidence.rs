//! What is in the repository for each operation: snapshots that tests keep true.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::model::{Api, Operation};

/// Samples of what operations put on the wire, kept by the test `wire`.
pub(super) const WIRE: &str = "tests/tests/snapshots/wire";
/// How the emulator is reached, kept by the test `coverage`.
const ROUTES: &str = "tests/tests/snapshots/emulator_routes.snap";
/// Which scenario shows an operation, kept by the test `scenarios`.
const SCENARIOS: &str = "tests/tests/snapshots/scenarios.snap";
/// Our own features.
pub(super) const FEATURES: &str = "tests/features";

/// The files, as far as they are there.
#[derive(Debug)]
pub(super) struct Evidence {
    root: PathBuf,
    routes: BTreeMap<String, String>,
    scenarios: BTreeMap<String, String>,
    /// What the features say that the scenarios are in.
    features: BTreeMap<String, String>,
}

/// A scenario of our own.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scenario {
    /// The file in [`FEATURES`].
    pub(super) file: String,
    pub(super) name: String,
}

impl Evidence {
    pub(super) fn read(root: &Path) -> Result<Self, String> {
        let scenarios = pairs(root, SCENARIOS)?;
        let files: BTreeSet<&str> =
            scenarios.values().filter_map(|text| text.split_once(": ")).map(|it| it.0).collect();
        let read =
            |file: &str| (file.to_owned(), fs::read_to_string(root.join(FEATURES).join(file)).unwrap_or_default());
        let features = files.into_iter().map(read).collect();
        Ok(Self { root: root.to_owned(), routes: pairs(root, ROUTES)?, scenarios, features })
    }

    /// How the emulator is reached: `PUT /{bucketName}?acl`.
    pub(super) fn route(&self, operation: &Operation) -> Option<&str> {
        self.routes.get(&operation.id).map(String::as_str)
    }

    /// Whether both samples are there.
    pub(super) fn wire(&self, operation: &Operation) -> Result<(), String> {
        let id = &operation.id;
        for variant in ["minimal", "full"] {
            let path = format!("{WIRE}/{id}.{variant}.snap");
            if !self.root.join(&path).is_file() {
                return Err(format!(
                    "{id}: {path} is missing\n  help: run the test `wire` and accept what it sends (CONTRIBUTING.md)"
                ));
            }
        }
        Ok(())
    }

    /// The scenario that shows the operation best, if one calls it.
    pub(super) fn scenario(&self, operation: &Operation) -> Result<Option<Scenario>, String> {
        let id = &operation.id;
        let Some((file, name)) = self.scenarios.get(id).and_then(|text| text.split_once(": ")) else {
            return Ok(None);
        };
        let feature = self.features.get(file).map_or("", String::as_str);
        if !feature.lines().any(|line| line.trim().starts_with("Scenario") && line.trim_end().ends_with(name)) {
            return Err(format!(
                "{id}: {FEATURES}/{file} has no scenario `{name}`\n  \
                 help: run the test `scenarios` and accept its snapshot"
            ));
        }
        Ok(Some(Scenario { file: file.to_owned(), name: name.to_owned() }))
    }

    /// What speaks of operations that do not exist.
    pub(super) fn stale(&self, api: &Api) -> Vec<String> {
        let routes = self.routes.keys().map(|id| (ROUTES, id));
        let all = routes.chain(self.scenarios.keys().map(|id| (SCENARIOS, id)));
        all.filter(|(_, id)| !api.has_operation(id))
            .map(|(file, id)| format!("{file} names `{id}`, which is no operation of the specification"))
            .collect()
    }
}

/// The lines `key: value` of a snapshot. One that is not there has none, which every operation complains of.
fn pairs(root: &Path, file: &str) -> Result<BTreeMap<String, String>, String> {
    let text = match fs::read_to_string(root.join(file)) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(format!("{file}: {error}")),
    };
    // Before it stands what insta knows of the snapshot, between two such lines.
    let body = text.splitn(3, "---\n").nth(2).ok_or_else(|| format!("{file} is no snapshot"))?;
    let pairs = body.lines().filter(|line| !line.is_empty()).map(|line| {
        let pair = line.split_once(": ").ok_or_else(|| format!("{file}: `{line}` is not `operation: …`"))?;
        Ok((pair.0.to_owned(), pair.1.to_owned()))
    });
    pairs.collect()
}
