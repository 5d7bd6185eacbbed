//! Enumerations: the values known today, and room for those of tomorrow.

use serde::Serialize;

use super::names::pascal_case;
use super::type_names::{NameClash, UniqueNames};
use crate::model::api::EnumValue;

/// An enumeration.
#[derive(Debug, Clone, Serialize)]
pub struct EnumView {
    /// Its values.
    pub variants: Vec<VariantView>,
}

/// A value that is known.
#[derive(Debug, Clone, Serialize)]
pub struct VariantView {
    /// Its name in Rust.
    pub name: String,
    /// Itself, as a Rust string literal.
    pub literal: String,
    /// Lines of its doc comment.
    pub docs: Vec<String>,
}

/// The view of an enumeration.
pub(super) fn view(values: &[EnumValue]) -> Result<EnumView, NameClash> {
    let mut names = UniqueNames::new("values");
    let mut variants = Vec::new();
    for EnumValue { value, .. } in values {
        let name = variant_name(value);
        names.insert(value, &name)?;
        variants.push(VariantView { literal: format!("{value:?}"), docs: vec![format!("/// `{value}`")], name });
    }
    Ok(EnumView { variants })
}

/// The name of a value: not `Unknown`, which stands for all values that are not known.
pub(crate) fn variant_name(value: &str) -> String {
    match pascal_case(value) {
        name if name == "Unknown" => "UnknownValue".to_owned(),
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Origin;

    #[test]
    fn a_value_called_unknown_leaves_the_variant_unknown_alone() {
        assert_eq!(variant_name("unknown"), "UnknownValue");
        assert_eq!(variant_name("STANDARD_IA"), "StandardIa");
    }

    #[test]
    fn values_that_differ_in_punctuation_only_are_reported() {
        let value = |value: &str| EnumValue { value: value.to_owned(), origin: Origin::default() };
        let clash = view(&[value("a-b"), value("a_b")]).unwrap_err();
        assert_eq!(clash.rust_name, "AB");
    }
}
