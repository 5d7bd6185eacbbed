//! Differences between operations.

use super::fields;
use super::isolate::Isolation;
use super::pair::{Pair, pairs};
use super::report::{Change, Group, Verdict};
use crate::model::api::{Api, Operation};
use crate::naming::snake_case;
use crate::rust::surface::{self, method_name, request_body, request_line, response_body};

/// Returns a group for each operation, in the order of the old specification with the added operations at the end.
pub(super) fn compare(old: &Api, new: &Api) -> Vec<Group> {
    let is_alike = |one: &Operation, other: &Operation| request_line(one) == request_line(other);
    let pairs = pairs(&old.operations, &new.operations, |operation| snake_case(&operation.id), is_alike);
    let groups = pairs.into_iter().map(|(_, pair)| {
        let (operation, changes) = match pair {
            Pair::Kept(before, after) => (before, changes(old, before, after)),
            Pair::Removed(operation, hint) => (operation, vec![Change::removed("", operation.origin, hint)]),
            Pair::Added(operation) => {
                let message = format!("is new: `{}`", request_line(operation));
                let change = Change::new("", message, operation.origin);
                (operation, vec![Change { verdict: Verdict::Addition, ..change }])
            }
        };
        Group { kind: "operation", name: operation.id.clone(), rust: method_name(operation), changes }
    });
    groups.collect()
}

fn changes(api: &Api, old: &Operation, new: &Operation) -> Vec<Change> {
    let surface = |operation: &Operation| surface::of_operation(api, operation);
    let mut isolation = Isolation::new(old, new, new.origin, surface);
    let mut add = |part: &str, message: String, edit: &dyn Fn(&mut Operation)| {
        isolation.add(Change::new(part, message, new.origin), edit);
    };
    if old.id != new.id {
        add("", format!("operationId `{}` → `{}`", old.id, new.id), &|edited| edited.id.clone_from(&new.id));
    }
    if request_line(old) != request_line(new) {
        add("request", format!("`{}` → `{}`", request_line(old), request_line(new)), &|edited| {
            (edited.scope, edited.method) = (new.scope, new.method);
            edited.sub_resources.clone_from(&new.sub_resources);
        });
    }
    if old.request_body != new.request_body {
        let message =
            format!("the body changes from {} to {}", request_body(old.request_body), request_body(new.request_body));
        add("request", message, &|edited| edited.request_body = new.request_body);
    }
    if old.idempotent != new.idempotent {
        let message = if new.idempotent { "becomes idempotent" } else { "is no longer idempotent" };
        let consequence = if new.idempotent { "retries" } else { "does not retry" };
        let message = format!("{message}, so the SDK {consequence} failed attempts");
        add("request", message, &|edited| edited.idempotent = new.idempotent);
    }
    if old.resumable != new.resumable {
        let verb = if new.resumable { "continues" } else { "no longer continues" };
        let message = format!("the SDK {verb} the body after its connection broke");
        add("response", message, &|edited| edited.resumable = new.resumable);
    }
    if old.success != new.success {
        let list = |statuses: &[u16]| statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        let message = format!("success statuses {} → {}", list(&old.success), list(&new.success));
        add("response", message, &|edited| edited.success.clone_from(&new.success));
    }
    if old.response_body != new.response_body {
        let (before, after) = (response_body(old.response_body), response_body(new.response_body));
        let message = format!("the body changes from {before} to {after}");
        add("response", message, &|edited| edited.response_body = new.response_body);
    }
    if old.pagination != new.pagination {
        let message = match (&old.pagination, &new.pagination) {
            (None, _) => "can be paginated".to_owned(),
            (_, None) => "can no longer be paginated".to_owned(),
            (Some(old), Some(new)) if old.items != new.items => {
                format!("the items of a page change from `{}` to `{}`", old.items, new.items)
            }
            _ => "requests the next page in another way".to_owned(),
        };
        add("pagination", message, &|edited| edited.pagination.clone_from(&new.pagination));
    }
    let documentation = |of: &Operation| {
        let bodies = [&of.request_body_description, &of.response_body_description].map(String::clone);
        (of.tag.clone(), of.summary.clone(), of.description.clone(), bodies)
    };
    if documentation(old) != documentation(new) {
        isolation.add_description("", new.origin);
    }
    if old.deprecated != new.deprecated {
        let message = if new.deprecated { "becomes deprecated" } else { "is no longer deprecated" };
        isolation.add_documentation("", message, new.origin);
    }
    if old.docs_url != new.docs_url {
        isolation.add_documentation("", "new link to the official documentation", new.origin);
    }
    fields::compare(&mut isolation, (&old.inputs, &new.inputs), "input", |operation| &mut operation.inputs);
    fields::compare(&mut isolation, (&old.outputs, &new.outputs), "output", |operation| &mut operation.outputs);
    isolation.finish()
}
