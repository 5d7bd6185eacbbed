//! Protects: that every list ends, and none before it does, whatever servers say and do not say.

use proptest::prelude::*;

use super::*;

/// Turns pages that name their successor, each with `has_more`, until there is an end: how many were handed over, and
/// which end it is.
fn pages_until_end(answers: impl IntoIterator<Item = (Option<bool>, &'static str)>) -> (usize, Then) {
    let mut memory = Memory::<String>::default();
    let mut marker: Option<String> = None;
    let mut handed_over = 0;
    for (has_more, next) in answers {
        let mut turn = PageTurn::new(&mut memory);
        turn.has_more(has_more);
        turn.next(&mut marker, Some(&next.to_owned()));
        let verdict = turn.verdict();
        handed_over += usize::from(verdict.is_news);
        if verdict.then != Then::Another {
            return (handed_over, verdict.then);
        }
    }
    panic!("there is no end after {handed_over} pages");
}

#[test]
fn a_list_ends_where_the_server_says_so() {
    assert_eq!(pages_until_end([(Some(true), "a"), (Some(true), "b"), (Some(false), "c")]), (3, Then::End));
    assert_eq!(pages_until_end([(Some(false), "")]), (1, Then::End));
    assert_eq!(pages_until_end([(None, "a"), (None, "")]), (2, Then::End), "the marker alone says it");
    assert_eq!(pages_until_end([(Some(false), "a")]), (1, Then::End), "it says so, whatever it names");
    assert_eq!(pages_until_end([(None, "a"), (Some(false), "a")]), (2, Then::End), "nor is that a circle");
}

#[test]
fn a_list_of_which_there_is_more_is_not_complete() {
    assert_eq!(pages_until_end([(Some(true), "")]), (1, Then::Lost));
    assert_eq!(pages_until_end([(Some(true), "a"), (Some(true), "")]), (2, Then::Lost));
}

#[test]
fn a_list_ends_where_it_would_go_round_in_a_circle() {
    let forever = |markers: &'static [&'static str]| markers.iter().cycle().map(|marker| (Some(true), *marker));
    assert_eq!(pages_until_end(forever(&["a"])), (2, Then::Circle));
    let late = [(None, "1"), (None, "2"), (None, "3")].into_iter().chain(forever(&["a", "b", "c"]));
    for (end, most) in [
        (pages_until_end(forever(&["a", "b"])), 4),
        (pages_until_end(forever(&["a", "b", "c", "d", "e"])), 15),
        (pages_until_end(late), 12),
    ] {
        assert!(end.0 <= most && end.1 == Then::Circle, "{end:?}");
    }
}

#[test]
fn of_several_markers_the_first_decides() {
    let mut memory = Memory::<String>::default();
    let (mut key, mut upload) = (None, None);
    for (next_key, next_upload, then) in [
        ("a", "1", Then::Another),
        // The same key, another upload: not the page that was just asked for.
        ("a", "2", Then::Another),
        ("b", "", Then::Another),
        ("", "3", Then::End),
    ] {
        let mut turn = PageTurn::new(&mut memory);
        turn.next(&mut key, Some(&next_key.to_owned()));
        turn.next(&mut upload, Some(&next_upload.to_owned()));
        assert_eq!(turn.verdict(), Verdict { is_news: true, then }, "{next_key} {next_upload}");
        assert_eq!((key.is_some(), upload.is_some()), (!next_key.is_empty(), !next_upload.is_empty()));
    }
}

fn last(memory: &mut Memory<u32>, marker: &mut Option<u32>, items: &mut Vec<u32>) -> Verdict {
    let mut turn = PageTurn::new(memory);
    turn.last(marker, items, |item| Some(*item));
    turn.verdict()
}

#[test]
fn what_is_not_above_the_marker_was_there_before() {
    let (mut memory, mut marker) = (Memory::default(), None);
    let more = Verdict { is_news: true, then: Then::Another };
    assert_eq!(last(&mut memory, &mut marker, &mut vec![0, 1]), more);
    // A server whose marker is inclusive.
    let mut page = vec![1, 5];
    assert_eq!(last(&mut memory, &mut marker, &mut page), more);
    assert_eq!((page, marker), (vec![5], Some(5)));
    let mut page = vec![0, 1, 5];
    assert_eq!(last(&mut memory, &mut marker, &mut page), Verdict { is_news: false, then: Then::End });
    assert!(page.is_empty());
}

#[test]
fn an_empty_list_is_one_page() {
    let only = Verdict { is_news: true, then: Then::End };
    assert_eq!(last(&mut Memory::default(), &mut None, &mut Vec::new()), only);
    let mut memory = Memory::<u32>::default();
    let mut turn = PageTurn::new(&mut memory);
    turn.count(&mut None::<u64>, &[]);
    assert_eq!(turn.verdict(), only);
}

#[test]
fn a_server_that_does_not_count_is_asked_twice() {
    let (mut memory, mut offset) = (Memory::default(), Some(3_u32));
    for (verdict, expected) in
        [(Verdict { is_news: true, then: Then::Another }, 5), (Verdict { is_news: false, then: Then::End }, 7)]
    {
        let mut turn = PageTurn::new(&mut memory);
        turn.count(&mut offset, &["a", "b"]);
        assert_eq!((turn.verdict(), offset), (verdict, Some(expected)));
    }
}

#[test]
fn a_page_that_was_shuffled_is_not_another_one() {
    let (mut memory, mut offset) = (Memory::default(), None::<u32>);
    for (page, then) in
        [(["a", "b", "c"], Then::Another), (["c", "d", "e"], Then::Another), (["e", "c", "d"], Then::End)]
    {
        let mut turn = PageTurn::new(&mut memory);
        turn.count(&mut offset, &page);
        assert_eq!(turn.verdict().then, then, "{page:?}");
    }
}

#[test]
fn a_server_that_says_there_is_more_and_brings_nothing_new_goes_round() {
    let (mut memory, mut marker) = (Memory::default(), Some(7));
    let mut turn = PageTurn::new(&mut memory);
    turn.has_more(Some(true));
    turn.last(&mut marker, &mut vec![3, 7], |item| Some(*item));
    assert_eq!(turn.verdict().then, Then::Circle);
}

#[test]
fn a_count_beyond_its_type_is_the_end() {
    let mut memory = Memory::default();
    let mut offset = Some(u32::MAX);
    let mut turn = PageTurn::new(&mut memory);
    turn.count(&mut offset, &["a"]);
    assert_eq!((turn.verdict().then, offset), (Then::End, Some(u32::MAX)));
}

proptest! {
    #[test]
    fn every_order_of_markers_comes_to_an_end(head in 0_usize..50, circle in 1_usize..50) {
        let mut memory = Memory::<u32>::default();
        let mut marker: Option<String> = None;
        let mut pages = 0;
        loop {
            let next = if pages < head { pages } else { head + (pages - head) % circle };
            let mut turn = PageTurn::new(&mut memory);
            turn.next(&mut marker, Some(&next.to_string()));
            pages += 1;
            if turn.verdict().then != Then::Another {
                break;
            }
        }
        prop_assert!(pages > head + circle, "not before the first marker comes again");
        prop_assert!(pages <= 3 * (head + circle) + 2, "{pages} pages");
    }
}
