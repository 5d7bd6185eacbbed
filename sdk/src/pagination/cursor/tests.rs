use proptest::prelude::*;

use super::*;

/// Reads pages, given by `has_more` and the next marker. Returns the number of pages that the caller gets and the
/// reason for the end.
fn pages_until_end(answers: impl IntoIterator<Item = (Option<bool>, &'static str)>) -> (usize, NextPage) {
    let mut cursor = PageCursor::<String>::default();
    let mut marker: Option<String> = None;
    let mut handed_over = 0;
    for (has_more, next) in answers {
        cursor.has_more("has_more", has_more);
        cursor.next("next_marker", &mut marker, Some(&next.to_owned()), None);
        let finished = cursor.finish_page();
        handed_over += usize::from(finished.is_new);
        if finished.next != NextPage::Exists {
            return (handed_over, finished.next);
        }
    }
    panic!("there is no end after {handed_over} pages");
}

#[test]
fn list_ends_when_the_server_reports_the_end() {
    assert_eq!(pages_until_end([(Some(true), "a"), (Some(true), "b"), (Some(false), "c")]), (3, NextPage::None));
    assert_eq!(pages_until_end([(Some(false), "")]), (1, NextPage::None));
    assert_eq!(pages_until_end([(None, "a"), (None, "")]), (2, NextPage::None), "an empty marker is enough");
    assert_eq!(pages_until_end([(Some(false), "a")]), (1, NextPage::None), "has_more takes precedence over a marker");
    assert_eq!(
        pages_until_end([(None, "a"), (Some(false), "a")]),
        (2, NextPage::None),
        "the last page may repeat the marker"
    );
}

#[test]
fn more_without_a_marker_is_unknown() {
    assert_eq!(pages_until_end([(Some(true), "")]), (1, NextPage::Unknown));
    assert_eq!(pages_until_end([(Some(true), "a"), (Some(true), "")]), (2, NextPage::Unknown));
}

#[test]
fn cycle_of_markers_ends_the_list() {
    let forever = |markers: &'static [&'static str]| markers.iter().cycle().map(|marker| (Some(true), *marker));
    assert_eq!(pages_until_end(forever(&["a"])), (2, NextPage::Repeated));
    let late = [(None, "1"), (None, "2"), (None, "3")].into_iter().chain(forever(&["a", "b", "c"]));
    for (end, most) in [
        (pages_until_end(forever(&["a", "b"])), 4),
        (pages_until_end(forever(&["a", "b", "c", "d", "e"])), 15),
        (pages_until_end(late), 12),
    ] {
        assert!(end.0 <= most && end.1 == NextPage::Repeated, "{end:?}");
    }
}

#[test]
fn first_of_several_markers_decides() {
    let mut cursor = PageCursor::<String>::default();
    let (mut key, mut upload) = (None, None);
    for (next_key, next_upload, next) in [
        ("a", "1", NextPage::Exists),
        // The key is the same, but the upload differs, so it is another page.
        ("a", "2", NextPage::Exists),
        ("b", "", NextPage::Exists),
        ("", "3", NextPage::None),
    ] {
        cursor.next("next_key", &mut key, Some(&next_key.to_owned()), None);
        cursor.next("next_upload", &mut upload, Some(&next_upload.to_owned()), None);
        assert_eq!(cursor.finish_page(), FinishedPage { is_new: true, next }, "{next_key} {next_upload}");
        assert_eq!((key.is_some(), upload.is_some()), (!next_key.is_empty(), !next_upload.is_empty()));
    }
}

fn last(cursor: &mut PageCursor<u32>, marker: &mut Option<u32>, items: &mut Vec<u32>) -> FinishedPage {
    cursor.last(marker, items, |item| Some(*item));
    cursor.finish_page()
}

#[test]
fn last_removes_items_of_earlier_pages() {
    let (mut cursor, mut marker) = (PageCursor::default(), None);
    let more = FinishedPage { is_new: true, next: NextPage::Exists };
    assert_eq!(last(&mut cursor, &mut marker, &mut vec![0, 1]), more);
    // A server may return the item at the marker again.
    let mut page = vec![1, 5];
    assert_eq!(last(&mut cursor, &mut marker, &mut page), more);
    assert_eq!((page, marker), (vec![5], Some(5)));
    let mut page = vec![0, 1, 5];
    assert_eq!(last(&mut cursor, &mut marker, &mut page), FinishedPage { is_new: false, next: NextPage::None });
    assert!(page.is_empty());
}

#[test]
fn empty_list_has_one_page() {
    let only = FinishedPage { is_new: true, next: NextPage::None };
    assert_eq!(last(&mut PageCursor::default(), &mut None, &mut Vec::new()), only);
    let mut cursor = PageCursor::<u32>::default();
    cursor.count(&mut None::<u64>, &[]);
    assert_eq!(cursor.finish_page(), only);
}

#[test]
fn count_ends_after_a_repeated_page() {
    let (mut cursor, mut offset) = (PageCursor::default(), Some(3_u32));
    for (finished, expected) in [
        (FinishedPage { is_new: true, next: NextPage::Exists }, 5),
        (FinishedPage { is_new: false, next: NextPage::None }, 7),
    ] {
        cursor.count(&mut offset, &["a", "b"]);
        assert_eq!((cursor.finish_page(), offset), (finished, Some(expected)));
    }
}

#[test]
fn count_recognizes_a_shuffled_page() {
    let (mut cursor, mut offset) = (PageCursor::default(), None::<u32>);
    for (page, then) in
        [(["a", "b", "c"], NextPage::Exists), (["c", "d", "e"], NextPage::Exists), (["e", "c", "d"], NextPage::None)]
    {
        cursor.count(&mut offset, &page);
        assert_eq!(cursor.finish_page().next, then, "{page:?}");
    }
}

#[test]
fn more_without_new_items_is_repeated() {
    let (mut cursor, mut marker) = (PageCursor::default(), Some(7));
    cursor.has_more("has_more", Some(true));
    cursor.last(&mut marker, &mut vec![3, 7], |item| Some(*item));
    assert_eq!(cursor.finish_page().next, NextPage::Repeated);
}

#[test]
fn count_overflow_ends_the_list() {
    let mut cursor = PageCursor::default();
    let mut offset = Some(u32::MAX);
    cursor.count(&mut offset, &["a"]);
    assert_eq!((cursor.finish_page().next, offset), (NextPage::None, Some(u32::MAX)));
}

proptest! {
    #[test]
    fn every_sequence_of_markers_ends(head in 0_usize..50, circle in 1_usize..50) {
        let mut cursor = PageCursor::<u32>::default();
        let mut marker: Option<String> = None;
        let mut pages = 0;
        loop {
            let next = if pages < head { pages } else { head + (pages - head) % circle };
            cursor.next("next_marker", &mut marker, Some(&next.to_string()), None);
            pages += 1;
            if cursor.finish_page().next != NextPage::Exists {
                break;
            }
        }
        prop_assert!(pages > head + circle, "the list ends after a marker has been repeated");
        prop_assert!(pages <= 3 * (head + circle) + 2, "{pages} pages");
    }
}
