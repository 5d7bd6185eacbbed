//! Bounds that the specification sets, checked before anything is sent.

use std::fmt::Display;

use super::RequestEncoder;
use crate::value::WireValue;

#[allow(dead_code, reason = "the specification decides what of this is used")]
impl RequestEncoder {
    /// A number that must lie between two others; a number that was left out does.
    pub(crate) fn check_range<T>(
        &mut self,
        field: &'static str,
        value: impl Into<Option<T>>,
        low: Option<T>,
        high: Option<T>,
    ) where
        T: PartialOrd + Display,
    {
        let Some(value) = value.into() else { return };
        let fits = low.as_ref().is_none_or(|low| value >= *low) && high.as_ref().is_none_or(|high| value <= *high);
        if !fits {
            let wanted = bounds(low, high, "");
            self.refuse(field, format!("is {value}, but must be {wanted}"));
        }
    }

    /// Text whose length in bytes is bounded.
    pub(crate) fn check_length(
        &mut self,
        field: &'static str,
        value: &dyn WireValue,
        low: Option<u64>,
        high: Option<u64>,
    ) {
        let Some(length) = value.text().map(|text| text.len() as u64) else {
            return;
        };
        self.check_count(field, length, low, high, " bytes");
    }

    /// A list whose number of items is bounded.
    pub(crate) fn check_items(&mut self, field: &'static str, count: usize, low: Option<u64>, high: Option<u64>) {
        self.check_count(field, count as u64, low, high, " items");
    }

    fn check_count(&mut self, field: &'static str, count: u64, low: Option<u64>, high: Option<u64>, unit: &str) {
        if low.is_some_and(|low| count < low) || high.is_some_and(|high| count > high) {
            let wanted = bounds(low, high, unit);
            self.refuse(field, format!("has {count}{unit}, but must have {wanted}"));
        }
    }
}

fn bounds<T: Display>(low: Option<T>, high: Option<T>, unit: &str) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("{low} to {high}{unit}"),
        (Some(low), None) => format!("at least {low}{unit}"),
        (None, Some(high)) => format!("at most {high}{unit}"),
        (None, None) => "anything".to_owned(),
    }
}
