use super::*;
use crate::address::Hosts;

fn hits(rule: &FaultRule, seed: u64, index: u64, requests: usize) -> Vec<bool> {
    let rule = ActiveRule::new(rule.clone()).unwrap();
    (0..requests).map(|_| rule.try_hit(seed, index).is_some()).collect()
}

fn rule() -> FaultRule {
    FaultRule::new(Fault::LoseAnswer)
}

#[test]
fn same_seed_hits_the_same_requests() {
    let rule = rule().probability(0.3);
    let expected = hits(&rule, 7, 0, 1000);
    assert_eq!(hits(&rule, 7, 0, 1000), expected);
    assert_ne!(hits(&rule, 8, 0, 1000), expected);
    assert_ne!(hits(&rule, 7, 1, 1000), expected);
}

#[test]
fn share_of_hits_matches_the_probability() {
    for (probability, expected) in [(0.0, 0..=0), (0.1, 900..=1100), (0.5, 4800..=5200), (1.0, 10_000..=10_000)] {
        for seed in 0..20 {
            let hit = hits(&rule().probability(probability), seed, 0, 10_000).into_iter().filter(|hit| *hit).count();
            assert!(expected.contains(&hit), "{probability} {seed}: {hit}");
        }
    }
}

#[test]
fn skip_and_count_limit_the_hits() {
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
fn random_number_differs_for_each_hit() {
    let rule = ActiveRule::new(rule()).unwrap();
    let numbers: std::collections::HashSet<_> = (0..1000).map(|_| rule.try_hit(0, 0).unwrap()).collect();
    assert_eq!(numbers.len(), 1000);
}

fn request(target: &str) -> Request {
    let (parts, ()) = http::Request::builder().method("PUT").uri(target).body(()).unwrap().into_parts();
    Request::new(parts, &Hosts::new("pek3a", &[]), |_| None).unwrap()
}

#[test]
fn rules_match_operation_part_and_key() {
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
        let applies =
            ActiveRule::new(rule.clone()).unwrap().applies_to(Operation::UploadMultipart, &request(part), true);
        assert_eq!(applies, expected, "{rule:?}");
    }
    let no_key = ActiveRule::new(rule().key_prefix("")).unwrap();
    assert!(!no_key.applies_to(Operation::PutBucket, &request("/b"), true));
    let no_part = ActiveRule::new(rule().part(3)).unwrap();
    assert!(!no_part.applies_to(Operation::PutObject, &request("/b/k"), true));
    let bodies = ActiveRule::new(FaultRule::new(Fault::FlipReceivedBit { at: None })).unwrap();
    assert!(!bodies.applies_to(Operation::PutObject, &request("/b/k"), false));
    assert!(bodies.applies_to(Operation::PutObject, &request("/b/k"), true));
}

#[test]
fn request_has_the_fault_of_the_first_rule_and_is_not_counted_by_later_ones() {
    let plan = FaultPlan::new().rule(rule().count(2)).rule(FaultRule::new(Fault::WrongEtag).skip(1));
    let faults = FaultInjector::new(plan).unwrap();
    let names: Vec<_> =
        (0..4).map(|_| faults.on_request(Operation::PutObject, &request("/b/k"), true).map(|hit| hit.name())).collect();
    assert_eq!(names, [Some("lose_answer"), Some("lose_answer"), None, Some("wrong_etag")]);
    assert_eq!(faults.hits(), [2, 1]);
}

#[test]
fn error_names_the_invalid_rule() {
    let error = |wrong| FaultInjector::new(FaultPlan::new().rule(rule()).rule(wrong)).unwrap_err().to_string();
    for (wrong, expected) in [
        (rule().operation("PutObjects"), "there is no operation `PutObjects`; did you mean `PutObject`?"),
        (rule().probability(1.5), "expected a probability from 0 to 1, not 1.5"),
        (rule().probability(f64::NAN), "expected a probability from 0 to 1, not NaN"),
        (rule().operation("PutObject").part(1), "`part` can be used with UploadMultipart only, not with PutObject"),
        (
            FaultRule::new(Fault::SlowSend { bytes_per_second: 0 }),
            "expected a whole number of bytes per second, at least 1, not 0",
        ),
        (
            FaultRule::new(Fault::ErrorAnswer { status: 200, code: None, retry_after: None }),
            "expected a status from 400 to 599, not 200",
        ),
        (
            FaultRule::new(Fault::CloseOnAccept).key("k"),
            "`close_on_accept` applies to connections; remove the operation, part or key",
        ),
    ] {
        assert_eq!(error(wrong), format!("rule 2 of the fault plan: {expected}"));
    }
    let unknown = error(rule().operation("nothing like it"));
    assert!(unknown.contains("the operations are ListBuckets, PutBucket, ListObjects"), "{unknown}");
}
