//! `specs/coverage.yaml`: what the table needs and nothing in the repository can tell.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::evidence::{Evidence, FEATURES, Scenario};
use super::official::OfficialSdk;
use crate::model::{Api, Operation};

/// Where it lies, relative to the workspace.
pub(super) const FILE: &str = "specs/coverage.yaml";

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Register {
    /// Operations that the emulator does not serve, and why.
    emulator_without: BTreeMap<String, String>,
    /// Operations that no scenario calls, and why.
    scenario_without: BTreeMap<String, String>,
    /// QingStor's own SDKs, a column each.
    pub(super) official: Vec<OfficialSdk>,
}

impl Register {
    pub(super) fn read(root: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(root.join(FILE)).map_err(|error| format!("{FILE}: {error}"))?;
        serde_yaml::from_str(&text).map_err(|error| format!("{FILE}: {error}"))
    }

    /// How the emulator is reached, or why it is not.
    pub(super) fn route(&self, operation: &Operation, evidence: &Evidence) -> Result<Result<String, String>, String> {
        let id = &operation.id;
        match (evidence.route(operation), self.emulator_without.get(id)) {
            (Some(route), None) => Ok(Ok(route.to_owned())),
            (None, Some(reason)) => Ok(Err(reason.clone())),
            (Some(_), Some(_)) => Err(format!(
                "{id}: the emulator serves it, though {FILE} says that it does not\n  \
                 help: remove it from `emulator_without`"
            )),
            (None, None) => Err(format!(
                "{id}: the emulator does not serve it\n  \
                 help: serve it (tests/emulator/src), or say in `emulator_without` of {FILE} why not"
            )),
        }
    }

    /// The scenario that shows the operation best, or why there is none.
    pub(super) fn scenario(
        &self,
        operation: &Operation,
        evidence: &Evidence,
    ) -> Result<Result<Scenario, String>, String> {
        let id = &operation.id;
        match (evidence.scenario(operation)?, self.scenario_without.get(id)) {
            (Some(scenario), None) => Ok(Ok(scenario)),
            (None, Some(reason)) => Ok(Err(reason.clone())),
            (Some(_), Some(_)) => Err(format!(
                "{id}: a scenario calls it, though {FILE} says that none does\n  \
                 help: remove it from `scenario_without`"
            )),
            (None, None) => Err(format!(
                "{id}: no scenario calls it\n  \
                 help: write one in {FEATURES}, run the test `scenarios` and accept its snapshot (CONTRIBUTING.md), or \
                 say in `scenario_without` of {FILE} why there is none"
            )),
        }
    }

    /// What speaks of operations that do not exist.
    pub(super) fn stale(&self, api: &Api) -> Vec<String> {
        let unknown = |id: &&String| !api.has_operation(id);
        let reasons = [("emulator_without", &self.emulator_without), ("scenario_without", &self.scenario_without)];
        let mut stale = Vec::new();
        for (key, without) in reasons {
            let unknown = without.keys().filter(unknown);
            stale.extend(unknown.map(|id| format!("{FILE}: `{key}` names `{id}`, which is no operation")));
        }
        stale.extend(self.official.iter().flat_map(|sdk| sdk.stale(api)));
        stale
    }
}
