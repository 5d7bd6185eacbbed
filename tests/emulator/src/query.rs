//! The query of a request, with encoded and decoded values.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::error::Error;

#[derive(Debug, Default)]
pub(crate) struct Query {
    pub(crate) parameters: Vec<Parameter>,
}

#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// The value as it was sent. One official client signs this form.
    pub(crate) raw: String,
    pub(crate) value: String,
}

impl Query {
    /// Parses a query such as `a=b&c&d=`. A `+` is a space, because some clients use form encoding.
    pub(crate) fn parse(raw: &str) -> Self {
        let parameters = raw
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Parameter { name: decode(name), raw: value.to_owned(), value: decode(value) }
            })
            .collect();
        Self { parameters }
    }

    /// Returns true if the query has a parameter with this name, with or without a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.parameters.iter().any(|parameter| parameter.name == name)
    }

    /// Returns the value of a parameter. An empty value counts as absent, because clients send `prefix=` for no prefix.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|parameter| parameter.name == name)
            .map(|parameter| parameter.value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Returns the value of a parameter as a whole number.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<u64>, Error> {
        self.text(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| Error::invalid_argument(format!("{name} must be a whole number, not \"{text}\"")))
            })
            .transpose()
    }
}

fn decode(text: &str) -> String {
    let spaced: Cow<'_, str> = if text.contains('+') { text.replace('+', " ").into() } else { text.into() };
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_values_and_treats_empty_ones_as_absent() {
        let query = Query::parse("uploads&prefix=&delimiter=%2F&x=a+b%20c&limit=7");
        assert!(query.has("uploads"));
        assert_eq!(query.text("uploads"), None);
        assert!(query.has("prefix"));
        assert_eq!(query.text("prefix"), None);
        assert_eq!(query.text("delimiter"), Some("/"));
        assert_eq!(query.text("x"), Some("a b c"));
        assert_eq!(query.integer("limit").unwrap(), Some(7));
        assert!(query.integer("x").is_err());
        assert_eq!(query.integer("none").unwrap(), None);
    }
}
