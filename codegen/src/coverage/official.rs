//! What QingStor's own SDKs call an operation.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::register::FILE;
use crate::model::{Api, Operation, Scope};
use crate::rust::names::snake_case;

/// One of QingStor's own SDKs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfficialSdk {
    /// The head of its column, with the version.
    pub(super) name: String,
    /// What its methods are called on: for the account, and for a bucket.
    service: String,
    bucket: String,
    /// How methods are spelled.
    spelling: Spelling,
    /// The methods that it really has, each with what it is called on.
    methods: BTreeSet<String>,
    /// Operations that it does not have, and why.
    without: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Spelling {
    PascalCase,
    SnakeCase,
}

impl OfficialSdk {
    /// What it calls the operation, or why it does not have it.
    pub(super) fn method(&self, operation: &Operation) -> Result<Result<String, String>, String> {
        let (id, name) = (&operation.id, self.expected(operation));
        match (self.methods.contains(&name), self.without.get(id)) {
            (true, None) => Ok(Ok(name)),
            (false, Some(reason)) => Ok(Err(reason.clone())),
            (true, Some(_)) => Err(format!(
                "{id}: {} has `{name}`, though {FILE} says that it lacks the operation\n  help: remove one of the two",
                self.name
            )),
            (false, None) => Err(format!(
                "{id}: it is not known what {} calls it; the rule says `{name}`\n  \
                 help: look into its source, then add that to `methods` in {FILE}, or to `without` why it has none",
                self.name
            )),
        }
    }

    /// What speaks of nothing.
    pub(super) fn stale(&self, api: &Api) -> Vec<String> {
        let expected: BTreeSet<String> = api.operations.iter().map(|operation| self.expected(operation)).collect();
        let methods = self.methods.difference(&expected);
        let mut stale: Vec<String> =
            methods.map(|name| format!("{FILE}: `{name}` of {} belongs to no operation", self.name)).collect();
        for id in self.without.keys().filter(|id| !api.has_operation(id)) {
            stale.push(format!("{FILE}: `without` of {} names `{id}`, which is no operation", self.name));
        }
        stale
    }

    /// The rule of the template that all official SDKs are generated with: on a bucket, the word is not repeated.
    fn expected(&self, operation: &Operation) -> String {
        let (handle, name) = match operation.scope {
            Scope::Service => (&self.service, operation.id.clone()),
            Scope::Bucket => (&self.bucket, operation.id.replacen("Bucket", "", 1)),
            Scope::Object => (&self.bucket, operation.id.clone()),
        };
        let name = match self.spelling {
            Spelling::PascalCase => name,
            Spelling::SnakeCase => snake_case(&name),
        };
        format!("{handle}.{name}")
    }
}
