//! Query parameters that are signed because of their name.

use crate::diagnostic::codes;
use crate::spec::document::{Document, ParameterIn};
use crate::spec::problems::{Finding, Problems};
use crate::spec::signed::is_signed;

pub(super) fn check(document: &Document, problems: &mut Problems) {
    for item in &document.paths {
        let in_path = item.path.value.split_once('?').map_or("", |(_, names)| names);
        let own = item.operations.iter().flat_map(|operation| &operation.parameters);
        for parameter in item.parameters.iter().chain(own) {
            let name = parameter.name.value.as_str();
            let is_said = parameter.hints.signed || in_path.split('&').any(|known| known == name);
            if parameter.place == ParameterIn::Query && is_signed(name) && !is_said {
                let message = format!("the query parameter `{name}` has the name of a sub-resource, and is signed");
                let help = format!(
                    "if that is meant, say so: write `x-signed: true` beside it, or name it in the path, as `?{name}`"
                );
                problems.report(Finding::warning(codes::SIGNED_PARAMETER, parameter.name.span, message).help(help));
            }
        }
    }
}
