//! The page cursor: finds the position of the next page and the end of a list, and detects cycles.

use std::borrow::Cow;

use crate::operation::ResponseInfo;
use crate::value::{UnreadableEntry, WireValue};

/// The position in a list, which generated `advance` functions move to the next page.
#[doc(hidden)]
#[derive(Debug)]
pub struct PageCursor<Item> {
    /// Number of pages before the current one.
    pages: u64,
    /// Markers of an earlier request, for [cycle detection](Self::is_known).
    earlier: Option<Markers>,
    /// Items of the previous page, for lists whose marker is a count. The count always grows, so only equal items show
    /// that the server repeats a page.
    previous: Vec<Item>,
    page: PageState,
}

type Markers = Vec<Option<String>>;

/// Facts about the current page from which the cursor tells whether there is a next page.
#[derive(Debug, Default)]
struct PageState {
    /// True if the server reports that the list continues.
    has_more: Option<bool>,
    /// Markers in the request for the page.
    requested: Markers,
    /// Markers of the next page in the response.
    next: Markers,
    /// True if the page has items that are not on earlier pages. `None` if the end of the list does not depend on it.
    has_new: Option<bool>,
    /// Fields of the page that could not be used.
    unusable_fields: Vec<String>,
    /// Entries that were left out of the items.
    unreadable: Vec<UnreadableEntry>,
    /// True if the last item determines the next page, because the marker in the response could not be used.
    is_after_last_item: bool,
    /// True if the marker in the response could not be used, and no item can replace it.
    is_next_lost: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FinishedPage {
    /// True if the page is returned to the caller.
    pub(super) is_new: bool,
    pub(super) next: NextPage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextPage {
    Exists,
    None,
    /// The server reported that the list continues, but not where, or not in a form that can be used.
    Unknown,
    /// The next request would be the same as an earlier one.
    Repeated,
}

impl<Item> Default for PageCursor<Item> {
    fn default() -> Self {
        Self { pages: 0, earlier: None, previous: Vec::new(), page: PageState::default() }
    }
}

#[allow(dead_code, reason = "a specification may not use all kinds of pagination")]
impl<Item: Clone + PartialEq> PageCursor<Item> {
    /// Starts a page whose items are the list `items`, with the values of the response that could not be used.
    pub(crate) fn start(&mut self, response: &ResponseInfo, items: &str) {
        if let Some(unusable) = &response.unusable {
            self.page.unusable_fields.clone_from(&unusable.fields);
            self.page.unreadable = unusable.entries.iter().filter(|entry| entry.list == items).cloned().collect();
        }
    }

    /// Records whether the server reports that the list continues, in the field `name`. If the field cannot be used,
    /// the list must not appear to be complete.
    pub(crate) fn has_more(&mut self, name: &str, has_more: Option<bool>) {
        self.page.has_more = if self.is_unusable(name) { Some(true) } else { has_more };
    }

    /// Sets `marker` to the one in the response, in the field `name`. If the field cannot be used, `last`, a property
    /// of the last item, replaces it.
    pub(crate) fn next<'a, T: WireValue + Clone>(
        &mut self,
        name: &str,
        marker: &mut Option<T>,
        mut next: Option<&'a T>,
        last: Option<&'a T>,
    ) {
        let text = |value: &T| value.text().map(Cow::into_owned).filter(|text| !text.is_empty());
        let requested = marker.as_ref().and_then(text);
        if self.page.is_after_last_item {
            // This marker is a position within the first one, which was replaced.
            next = None;
        } else if self.is_unusable(name) {
            next = last;
            self.page.is_after_last_item = true;
            self.page.is_next_lost = last.and_then(text).is_none_or(|last| Some(last) == requested);
            // The next page, if there is one, contains the entries after the last item again.
            let is_last_page = self.page.is_next_lost || self.page.has_more == Some(false);
            self.page.unreadable.retain(|entry| !entry.is_last || is_last_page);
        }
        self.page.requested.push(requested);
        self.page.next.push(next.and_then(text));
        *marker = next.filter(|next| text(next).is_some()).cloned();
    }

    fn is_unusable(&self, name: &str) -> bool {
        self.page.unusable_fields.iter().any(|field| field == name)
    }

    /// Takes the entries that were left out of the current page.
    pub(super) fn take_unreadable(&mut self) -> Vec<UnreadableEntry> {
        std::mem::take(&mut self.page.unreadable)
    }

    /// Sets `marker` to the largest number on the page. Items up to the previous marker are removed, because they were
    /// on an earlier page.
    pub(crate) fn last<N: PartialOrd + Copy>(
        &mut self,
        marker: &mut Option<N>,
        items: &mut Vec<Item>,
        number: impl Fn(&Item) -> Option<N>,
    ) {
        if let Some(marker) = *marker {
            items.retain(|item| number(item).is_none_or(|number| number > marker));
        }
        let mut largest = *marker;
        for number in items.iter().filter_map(number) {
            if largest.is_none_or(|largest| number > largest) {
                largest = Some(number);
            }
        }
        self.page.has_new = Some(largest != *marker);
        *marker = largest;
    }

    /// Increases `marker` by the number of items on the page, including those that were left out.
    ///
    /// A server that ignores the marker returns the same page again, possibly in another order. Therefore, the items
    /// are compared with those of the previous page.
    pub(crate) fn count<N: Copy + Into<i128> + TryFrom<i128>>(&mut self, marker: &mut Option<N>, items: &[Item]) {
        let before = marker.map_or(0, Into::into);
        let count = items.len() + self.page.unreadable.len();
        let after = N::try_from(before + count as i128);
        self.page.has_new = Some(items.iter().any(|item| !self.previous.contains(item)) && after.is_ok());
        self.previous = items.to_vec();
        *marker = after.ok().or(*marker);
    }

    /// Finishes the current page and decides what follows.
    pub(super) fn finish_page(&mut self) -> FinishedPage {
        let PageState { has_more, requested, next, has_new, is_next_lost, .. } = std::mem::take(&mut self.page);
        self.pages += 1;
        // If there are several markers, only the first one tells whether the position of the next page is known. The
        // others are positions among the entries that share the first marker.
        let is_next_known = next.first().is_none_or(Option::is_some);
        let is_repeated = !next.is_empty() && (next == requested || self.is_known(next));
        FinishedPage {
            // The only page of an empty list has no new items, but the caller needs it.
            is_new: self.pages == 1 || has_new != Some(false),
            next: match (has_more, is_next_known) {
                (Some(false), _) => NextPage::None,
                _ if is_next_lost => NextPage::Unknown,
                (Some(true), false) => NextPage::Unknown,
                (None, false) => NextPage::None,
                _ if is_repeated => NextPage::Repeated,
                // If the marker is computed from the items, a list ends with a page without new items.
                (None, true) if has_new == Some(false) => NextPage::None,
                (Some(true), true) if has_new == Some(false) => NextPage::Repeated,
                _ => NextPage::Exists,
            },
        }
    }

    /// Returns true if a request with these markers is known to have been sent before.
    ///
    /// This is Brent's cycle detection: one earlier request is stored, and replaced whenever the number of pages
    /// doubles. The memory does not depend on the length of the list.
    fn is_known(&mut self, next: Markers) -> bool {
        let is_known = self.earlier.as_ref() == Some(&next);
        if self.pages.is_power_of_two() {
            self.earlier = Some(next);
        }
        is_known
    }
}

#[cfg(test)]
mod tests;
