//! From one page to the next: where it begins, and whether there is one.

use std::borrow::Cow;

use crate::value::WireValue;

/// What is remembered of the pages before, however many there were.
#[derive(Debug)]
pub(super) struct Memory<Item> {
    /// How many pages there were.
    pages: u64,
    /// The markers that some page before was asked for with.
    earlier: Option<Markers>,
    /// The page before, where nothing but its items can tell it from the next one.
    page: Vec<Item>,
}

type Markers = Vec<Option<String>>;

impl<Item> Default for Memory<Item> {
    fn default() -> Self {
        Self { pages: 0, earlier: None, page: Vec::new() }
    }
}

/// Turns a page, as the generated `turn` of an input says.
#[doc(hidden)]
#[derive(Debug)]
pub struct PageTurn<'m, Item> {
    memory: &'m mut Memory<Item>,
    has_more: Option<bool>,
    /// What the page was asked for with.
    asked: Markers,
    /// Where the answer says that the next page begins.
    next: Markers,
    /// Whether there is something on the page that was not on those before, if that is how the end is found.
    is_new: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Whether the page is worth handing over.
    pub(super) is_news: bool,
    pub(super) then: Then,
}

/// What comes after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Another,
    End,
    /// There is more, but nobody knows where.
    Lost,
    /// What would be asked for was there before.
    Circle,
}

#[allow(dead_code, reason = "the specification decides what of this is used")]
impl<'m, Item: Clone + PartialEq> PageTurn<'m, Item> {
    pub(super) fn new(memory: &'m mut Memory<Item>) -> Self {
        Self { memory, has_more: None, asked: Vec::new(), next: Vec::new(), is_new: None }
    }

    /// Whether the answer says that there is another page.
    pub(crate) fn has_more(&mut self, has_more: Option<bool>) {
        self.has_more = has_more;
    }

    /// The answer says where the next page begins.
    pub(crate) fn next<T: WireValue + Clone>(&mut self, marker: &mut Option<T>, next: Option<&T>) {
        let text = |value: &T| value.text().map(Cow::into_owned).filter(|text| !text.is_empty());
        self.asked.push(marker.as_ref().and_then(text));
        self.next.push(next.and_then(text));
        *marker = next.filter(|next| text(next).is_some()).cloned();
    }

    /// The next page begins after the largest number on this one. What is not above the last marker was on a page before.
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
        self.is_new = Some(largest != *marker);
        *marker = largest;
    }

    /// The next page begins after as many items as there were so far. A server that does not count sends the same page
    /// again, in whatever order.
    pub(crate) fn count<N: Copy + Into<i128> + TryFrom<i128>>(&mut self, marker: &mut Option<N>, items: &[Item]) {
        let before = marker.map_or(0, Into::into);
        let after = N::try_from(before + items.len() as i128);
        self.is_new = Some(items.iter().any(|item| !self.memory.page.contains(item)) && after.is_ok());
        self.memory.page = items.to_vec();
        *marker = after.ok().or(*marker);
    }

    pub(super) fn verdict(self) -> Verdict {
        let Self { memory, has_more, asked, next, is_new } = self;
        memory.pages += 1;
        let is_first = memory.pages == 1;
        // Of several markers the first decides: the others say where to begin within it.
        let is_named = next.first().is_none_or(Option::is_some);
        let is_repeated = !next.is_empty() && (next == asked || memory.knows(next));
        Verdict {
            // The first page of an empty list has nothing new on it either, but it is the answer.
            is_news: is_first || is_new != Some(false),
            then: match (has_more, is_named) {
                (Some(false), _) => Then::End,
                (Some(true), false) => Then::Lost,
                (None, false) => Then::End,
                _ if is_repeated => Then::Circle,
                // Where the items themselves are what is counted, nothing new is how every list ends.
                (None, true) if is_new == Some(false) => Then::End,
                (Some(true), true) if is_new == Some(false) => Then::Circle,
                _ => Then::Another,
            },
        }
    }
}

impl<Item> Memory<Item> {
    /// Whether these markers were met before. Circles are found by Brent's method: an earlier marker is kept, and
    /// replaced whenever the number of pages doubles, so that a list of any length takes no memory to speak of.
    fn knows(&mut self, next: Markers) -> bool {
        let is_known = self.earlier.as_ref() == Some(&next);
        if self.pages.is_power_of_two() {
            self.earlier = Some(next);
        }
        is_known
    }
}

#[cfg(test)]
mod tests;
