use super::*;
use crate::address::Hosts;

fn hits(rule: &FaultRule, seed: u64, index: u64, requests: usize) -> Vec<bool> {
    let rule = Rule::new(rule.clone()).unwrap();
    (0..requests).map(|_| rule.look(seed, index).is_some()).collect()
}

fn rule() -> FaultRule {
    FaultRule::new(Fault::LoseAnswer)
}

#[test]
fn the_same_seed_hits_the_same() {
    let rule = rule().probability(0.3);
    let expected = hits(&rule, 7, 0, 1000);
    assert_eq!(hits(&rule, 7, 0, 1000), expected);
    assert_ne!(hits(&rule, 8, 0, 1000), expected);
    assert_ne!(hits(&rule, 7, 1, 1000), expected);
}

#[test]
fn the_share_that_is_hit_is_the_probability() {
    for (probability, expected) in [(0.0, 0..=0), (0.1, 900..=1100), (0.5, 4800..=5200), (1.0, 10_000..=10_000)] {
        for seed in 0..20 {
            let hit = hits(&rule().probability(probability), seed, 0, 10_000).into_iter().filter(|hit| *hit).count();
            assert!(expected.contains(&hit), "{probability} {seed}: {hit}");
        }
    }
}

#[test]
fn some_are_let_through_first_and_some_are_hit_at_most() {
    assert_eq!(hits(&rule().skip(2), 0, 0, 4), [false, false, true, true]);
    assert_eq!(hits(&rule().count(2), 0, 0, 4), [true, true, false, false]);
    assert_eq!(hits(&rule().skip(1).count(2), 0, 0, 4), [false, true, true, false]);
    assert_eq!(hits(&rule().count(0), 0, 0, 2), [false, false]);
    let hit = hits(&rule().probability(0.5).count(3), 0, 0, 100);
    assert_eq!(hit.iter().filter(|hit| **hit).count(), 3);
    let unlimited = hits(&rule().probability(0.5), 0, 0, 100);
    let last = hit.iter().rposition(|hit| *hit).unwrap();
    assert_eq!(hit[..=last], unlimited[..=last]);
}

#[test]
fn what_else_is_left_to_chance_varies_from_hit_to_hit() {
    let rule = Rule::new(rule()).unwrap();
    let drawn: std::collections::HashSet<_> = (0..1000).map(|_| rule.look(0, 0).unwrap()).collect();
    assert_eq!(drawn.len(), 1000);
}

fn request(target: &str) -> Request {
    let (parts, ()) = http::Request::builder().method("PUT").uri(target).body(()).unwrap().into_parts();
    Request::new(parts, &Hosts::new("pek3a", &[])).unwrap()
}

#[test]
fn rules_look_at_what_they_are_about() {
    let part = "/b/logs/k?upload_id=1&part_number=3";
    for (rule, expected) in [
        (rule(), true),
        (rule().operation("UploadMultipart"), true),
        (rule().operation("PutObject"), false),
        (rule().part(3), true),
        (rule().part(1).part(3), true),
        (rule().part(1), false),
        (rule().key("logs/k"), true),
        (rule().key("logs"), false),
        (rule().key_prefix("logs/"), true),
        (rule().key_prefix("/logs/"), false),
        (rule().operation("UploadMultipart").part(3).key("other"), false),
        (FaultRule::new(Fault::CloseOnAccept), false),
    ] {
        let about = Rule::new(rule.clone()).unwrap().is_about(Operation::UploadMultipart, &request(part), true);
        assert_eq!(about, expected, "{rule:?}");
    }
    let no_key = Rule::new(rule().key_prefix("")).unwrap();
    assert!(!no_key.is_about(Operation::PutBucket, &request("/b"), true));
    let no_part = Rule::new(rule().part(3)).unwrap();
    assert!(!no_part.is_about(Operation::PutObject, &request("/b/k"), true));
    let bodies = Rule::new(FaultRule::new(Fault::FlipReceivedBit { at: None })).unwrap();
    assert!(!bodies.is_about(Operation::PutObject, &request("/b/k"), false));
    assert!(bodies.is_about(Operation::PutObject, &request("/b/k"), true));
}

#[test]
fn the_first_rule_that_hits_decides_and_the_next_do_not_look() {
    let plan = FaultPlan::new().rule(rule().count(2)).rule(FaultRule::new(Fault::WrongEtag).skip(1));
    let faults = Faults::new(plan).unwrap();
    let names: Vec<_> =
        (0..4).map(|_| faults.of_request(Operation::PutObject, &request("/b/k"), true).map(|hit| hit.name())).collect();
    assert_eq!(names, [Some("lose_answer"), Some("lose_answer"), None, Some("wrong_etag")]);
    assert_eq!(faults.fired(), [2, 1]);
}

#[test]
fn what_has_no_sense_is_refused_with_its_rule() {
    let error = |wrong| Faults::new(FaultPlan::new().rule(rule()).rule(wrong)).unwrap_err().to_string();
    for (wrong, expected) in [
        (rule().operation("PutObjects"), "there is no operation `PutObjects`; did you mean `PutObject`?"),
        (rule().probability(1.5), "a probability is from 0 to 1, not 1.5"),
        (rule().probability(f64::NAN), "a probability is from 0 to 1, not NaN"),
        (rule().operation("PutObject").part(1), "`part` is for UploadMultipart; requests of PutObject name no part"),
        (
            FaultRule::new(Fault::SlowSend { bytes_per_second: 0 }),
            "a speed is at least 1 byte per second; to stop altogether is a stall",
        ),
        (
            FaultRule::new(Fault::ErrorAnswer { status: 200, code: None, retry_after: None }),
            "the status of an error is from 400 to 599, not 200",
        ),
        (
            FaultRule::new(Fault::CloseOnAccept).key("k"),
            "`close_on_accept` happens before there is a request: it takes no operation, part or key",
        ),
    ] {
        assert_eq!(error(wrong), format!("rule 2 of the fault plan: {expected}"));
    }
    let unknown = error(rule().operation("nothing like it"));
    assert!(unknown.contains("there are ListBuckets, PutBucket, ListObjects"), "{unknown}");
}
