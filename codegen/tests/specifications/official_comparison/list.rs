//! The list of deliberate differences.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::comparison::{Change, Difference};

/// Allowed differences with their reasons.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    additions: Vec<Addition>,
    differences: Vec<Entry>,
}

/// Attributes that our specification may add to any element.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Addition {
    attributes: Vec<String>,
    reason: String,
}

/// Differences with a common reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    missing: Vec<String>,
    #[serde(default)]
    added: Vec<String>,
    #[serde(default)]
    changed: BTreeMap<String, Values>,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Values {
    official: String,
    ours: String,
}

impl List {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let list: Self = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        let reasons = list.additions.iter().map(|it| &it.reason).chain(list.differences.iter().map(|it| &it.reason));
        if reasons.into_iter().any(|reason| reason.trim().is_empty()) {
            return Err("an entry has no reason".to_owned());
        }
        if list.differences.iter().any(|it| it.missing.is_empty() && it.added.is_empty() && it.changed.is_empty()) {
            return Err("an entry has no differences".to_owned());
        }
        let mut seen = BTreeSet::new();
        let all = list.differences.iter().flat_map(|it| it.missing.iter().chain(&it.added).chain(it.changed.keys()));
        match all.into_iter().find(|at| !seen.insert(*at)) {
            Some(at) => Err(format!("`{at}` is listed twice")),
            None => Ok(list),
        }
    }

    /// Returns a line for each difference that is not listed, and for each listed difference that no longer exists.
    pub(crate) fn unlisted(&self, differences: &[Difference]) -> Vec<String> {
        let is_listed = |difference: &&Difference| {
            self.added_anywhere(difference) || self.differences.iter().any(|entry| entry.has(difference))
        };
        let mut lines: Vec<String> = differences.iter().filter(|it| !is_listed(it)).map(ToString::to_string).collect();
        for name in self.additions.iter().flat_map(|it| &it.attributes) {
            if !differences.iter().any(|it| matches!(it.change, Change::Attribute { name: added, .. } if added == name))
            {
                lines.push(format!("stale: the official specification has every `{name}`"));
            }
        }
        let used =
            |at: &String| differences.iter().any(|it| it.at == *at && self.differences.iter().any(|e| e.has(it)));
        for entry in &self.differences {
            let all = entry.missing.iter().chain(&entry.added).chain(entry.changed.keys());
            lines.extend(all.filter(|at| !used(at)).map(|at| format!("stale: `{at}` is no longer such a difference")));
        }
        lines
    }

    fn added_anywhere(&self, difference: &Difference) -> bool {
        let Change::Attribute { name, .. } = difference.change else { return false };
        self.additions.iter().any(|addition| addition.attributes.iter().any(|it| it == name))
    }
}

impl Entry {
    fn has(&self, difference: &Difference) -> bool {
        let at = &difference.at;
        match &difference.change {
            Change::Missing => self.missing.contains(at),
            Change::Added | Change::Attribute { .. } => self.added.contains(at),
            Change::Changed { official, ours } => {
                self.changed.get(at).is_some_and(|values| values.official == *official && values.ours == *ours)
            }
        }
    }
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
