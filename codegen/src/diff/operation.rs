//! Operations.

use super::fields;
use super::judge::{Candidate, Cause, hint, judge};
use super::report::{Change, DESCRIPTION, Group, Kind, Side, Verdict};
use crate::model::api::{Api, Operation};
use crate::naming::snake_case;
use crate::rust::surface::{self, method_name, received, request_line, sent};

/// The differences of all operations, in the order of the old specification; then what is new.
pub(super) fn compare(old: &Api, new: &Api) -> Vec<Group> {
    let mut groups = Vec::new();
    for operation in &old.operations {
        let changes = match find(new, operation) {
            Some(now) => changed(old, operation, now),
            None => vec![gone(old, new, operation)],
        };
        groups.push(group(operation, changes));
    }
    for operation in new.operations.iter().filter(|operation| find(old, operation).is_none()) {
        let message = format!("is new: `{}`", request_line(operation));
        groups.push(group(operation, vec![whole(Verdict::Addition, message, operation)]));
    }
    groups.retain(|group| !group.changes.is_empty());
    groups
}

/// The operation that users call by the same name.
fn find<'a>(api: &'a Api, wanted: &Operation) -> Option<&'a Operation> {
    let method = snake_case(&wanted.id);
    api.operations.iter().find(|operation| snake_case(&operation.id) == method)
}

fn group(operation: &Operation, changes: Vec<Change>) -> Group {
    Group { kind: Kind::Operation, name: operation.id.clone(), rust: method_name(operation), changes }
}

fn whole(verdict: Verdict, message: String, operation: &Operation) -> Change {
    Change { verdict, ..Change::new("", message, operation.origin) }
}

fn gone(old: &Api, new: &Api, operation: &Operation) -> Change {
    let added = new.operations.iter().filter(|now| find(old, now).is_none());
    let candidates: Vec<Candidate<'_>> =
        added.map(|now| Candidate { name: &now.id, is_alike: request_line(now) == request_line(operation) }).collect();
    let hint = hint(&operation.id, &candidates);
    Change { side: Side::Old, hint, ..whole(Verdict::Breaking, "is gone".to_owned(), operation) }
}

fn changed(api: &Api, old: &Operation, new: &Operation) -> Vec<Change> {
    let mut causes = itself(old, new);
    let inputs = fields::causes(&old.inputs, &new.inputs, "input");
    causes.extend(inputs.into_iter().map(|it| it.within(|inputs| Operation { inputs, ..old.clone() })));
    let outputs = fields::causes(&old.outputs, &new.outputs, "output");
    causes.extend(outputs.into_iter().map(|it| it.within(|outputs| Operation { outputs, ..old.clone() })));
    let surface = |operation: &Operation| surface::of_operation(api, operation);
    judge(causes, (&surface(old), &surface(new)), new.origin, surface)
}

/// The differences of everything but the fields.
fn itself(old: &Operation, new: &Operation) -> Vec<Cause<Operation>> {
    let mut causes = Vec::new();
    let mut add = |part: &str, message: String, alone: Operation| {
        causes.push(Cause::new(part, message, new.origin, alone));
    };
    if old.id != new.id {
        let message = format!("its operationId is `{}`, and was `{}`", new.id, old.id);
        add("", message, Operation { id: new.id.clone(), ..old.clone() });
    }
    if request_line(old) != request_line(new) {
        let alone =
            Operation { scope: new.scope, method: new.method, sub_resources: new.sub_resources.clone(), ..old.clone() };
        add("request", format!("`{}` → `{}`", request_line(old), request_line(new)), alone);
    }
    if old.request_body != new.request_body {
        let message = format!("its body is {}, and was {}", sent(new.request_body), sent(old.request_body));
        add("request", message, Operation { request_body: new.request_body, ..old.clone() });
    }
    if old.idempotent != new.idempotent {
        let again = if new.idempotent { "is" } else { "is no longer" };
        let message = format!("{again} repeated by the SDK when an attempt fails");
        add("request", message, Operation { idempotent: new.idempotent, ..old.clone() });
    }
    if old.success != new.success {
        let list = |statuses: &[u16]| statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        let message = format!("succeeds with status {}; did with {}", list(&new.success), list(&old.success));
        add("response", message, Operation { success: new.success.clone(), ..old.clone() });
    }
    if old.response_body != new.response_body {
        let message = format!("its body is {}, and was {}", received(new.response_body), received(old.response_body));
        add("response", message, Operation { response_body: new.response_body, ..old.clone() });
    }
    if old.pagination != new.pagination {
        let message = match (&old.pagination, &new.pagination) {
            (None, _) => "can be paginated".to_owned(),
            (_, None) => "can no longer be paginated".to_owned(),
            (Some(old), Some(new)) if old.items != new.items => {
                format!("its pages are lists of `{}`, and were of `{}`", new.items, old.items)
            }
            _ => "finds its next page in another way".to_owned(),
        };
        add("pagination", message, Operation { pagination: new.pagination.clone(), ..old.clone() });
    }
    if old.summary != new.summary || old.description != new.description {
        let (summary, description) = (new.summary.clone(), new.description.clone());
        let alone = Operation { summary, description, ..old.clone() };
        causes.push(Cause::new("", DESCRIPTION, new.origin, alone).documentation());
    }
    if old.docs_url != new.docs_url {
        let alone = Operation { docs_url: new.docs_url.clone(), ..old.clone() };
        let message = "another link to the official documentation";
        causes.push(Cause::new("", message, new.origin, alone).documentation());
    }
    causes
}
