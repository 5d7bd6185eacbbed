use super::*;

#[test]
fn reads_every_fault_and_every_field_of_a_rule() {
    let text = "
seed: 42
clock_offset: -3600
rules:
- { fault: close_on_accept, count: 2 }
- { fault: { error_answer: { status: 429, code: fetch_throttled, retry_after: 3 } }, probability: 0.1, skip: 5 }
- { fault: { error_answer: { status: 500 } }, operation: PutObject, key: a }
- { fault: reset_before_answer, key_prefix: logs/ }
- { fault: { reset_in_body: { after: 1000 } }, part: 3 }
- { fault: { cut_answer: { after: 50% } } }
- { fault: lose_answer, operation: UploadMultipart, part: [1, 2] }
- { fault: { stall_in_body: { after: 0 } } }
- { fault: stall_before_answer }
- { fault: { stall_before_answer: { lasts: 2s } } }
- { fault: { stall_in_answer: { after: 1, lasts: 1m } } }
- { fault: { latency: { delay: 50ms } } }
- { fault: { slow_receive: { bytes_per_second: 1 } } }
- { fault: { slow_send: { bytes_per_second: 2 } } }
- { fault: { bandwidth: { bytes_per_second: 3 } } }
- { fault: flip_received_bit, probability: 1 }
- { fault: { flip_sent_bit: { at: 7 } } }
- fault: wrong_etag
";
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let response = |status, code: Option<&str>, retry_after| Fault::ErrorAnswer {
        status,
        code: code.map(str::to_owned),
        retry_after,
    };
    let plan = [
        FaultRule::new(Fault::CloseOnAccept).count(2),
        FaultRule::new(response(429, Some("fetch_throttled"), Some(3))).probability(0.1).skip(5),
        FaultRule::new(response(500, None, None)).operation("PutObject").key("a"),
        FaultRule::new(Fault::ResetBeforeAnswer).key_prefix("logs/"),
        FaultRule::new(Fault::ResetInBody { after: Offset::Bytes(1000) }).part(3),
        FaultRule::new(Fault::CutAnswer { after: Offset::Fraction(0.5) }),
        FaultRule::new(Fault::LoseAnswer).operation("UploadMultipart").part(1).part(2),
        FaultRule::new(Fault::StallInBody { after: Offset::Bytes(0), lasts: None }),
        FaultRule::new(Fault::StallBeforeAnswer { lasts: None }),
        FaultRule::new(Fault::StallBeforeAnswer { lasts: seconds(2) }),
        FaultRule::new(Fault::StallInAnswer { after: Offset::Bytes(1), lasts: seconds(60) }),
        FaultRule::new(Fault::Latency { delay: Duration::from_millis(50) }),
        FaultRule::new(Fault::SlowReceive { bytes_per_second: 1 }),
        FaultRule::new(Fault::SlowSend { bytes_per_second: 2 }),
        FaultRule::new(Fault::Bandwidth { bytes_per_second: 3 }),
        FaultRule::new(Fault::FlipReceivedBit { at: None }).probability(1.0),
        FaultRule::new(Fault::FlipSentBit { at: Some(Offset::Bytes(7)) }),
        FaultRule::new(Fault::WrongEtag),
    ];
    let expected = plan.into_iter().fold(FaultPlan::new().seed(42).clock_offset(-3600), FaultPlan::rule);
    assert_eq!(FaultPlan::from_yaml("plan", text).unwrap(), expected);
}

#[test]
fn reads_empty_plans() {
    for text in ["", "# nothing yet\n", "seed: 0\n", "rules: []\n"] {
        assert_eq!(FaultPlan::from_yaml("plan", text).unwrap(), FaultPlan::new(), "{text:?}");
    }
}

/// Returns the error message for a plan.
fn problem(text: &str) -> String {
    let error = FaultPlan::from_yaml("plan.yaml", text).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    error.to_string()
}

#[test]
fn errors_name_line_column_and_field() {
    for (text, expected) in [
        ("sede: 1\n", "1:1: unknown field `sede`, expected one of `seed`, `clock_offset`, `rules`"),
        (
            "rules:\n- fault: lose_answer\n  operation: UploadMultiPart\n",
            "3:14: rules[0].operation: there is no operation `UploadMultiPart`; did you mean `UploadMultipart`?",
        ),
        (
            "rules:\n- fault: lose_answer\n- fault: loose_answer\n",
            "3:10: rules[1].fault: unknown variant `loose_answer`, expected one of `close_on_accept`, ",
        ),
        (
            "rules:\n- fault:\n    cut_answer: {after: 120%}\n",
            "3:25: rules[0].fault.cut_answer.after: expected a number of bytes, or a share from 0% to 100% of the body, not `120%`",
        ),
        (
            "rules:\n- fault:\n    latency: {delay: 50}\n",
            "3:22: rules[0].fault.latency.delay: expected a duration such as `500ms`, `2s` or `1m`, not `50`",
        ),
        (
            "rules:\n- fault:\n    error_answer: {status: 99999}\n",
            "3:28: rules[0].fault.error_answer.status: expected a status from 400 to 599, not `99999`",
        ),
        (
            "rules:\n- fault:\n    slow_send: {bytes_per_second: 0}\n",
            "3:35: rules[0].fault.slow_send.bytes_per_second: expected a whole number of bytes per second, at least 1, not `0`",
        ),
        ("rules:\n- fault: error_answer\n", "2:10: rules[0].fault: missing field `status`"),
        ("rules:\n- fault: {lose_answer: {after: 1}}\n", "2:25: rules[0].fault.lose_answer: unknown field `after`"),
        (
            "rules:\n- fault: {latency: {delay: 1s}, slow_send: {bytes_per_second: 1}}\n",
            "2:10: rules[0].fault: a rule can have one fault, and `slow_send` is a second one",
        ),
        ("rules:\n- fault: {}\n", "2:10: rules[0].fault: invalid type: map, expected enum"),
        ("rules:\n- operation: PutObject\n", "2:3: rules[0]: missing field `fault`"),
        (
            "rules:\n- fault: lose_answer\n  probability: 10%\n",
            "3:16: rules[0].probability: expected a probability from 0 to 1, not `10%`",
        ),
        (
            "rules:\n- fault: lose_answer\n  operation: PutObject\n  part: 1\n",
            "2:3: rules[0]: `part` can be used with UploadMultipart only, not with PutObject",
        ),
        (
            "rules:\n- fault: lose_answer\n  part: one\n",
            "3:9: rules[0].part: invalid type: string \"one\", expected the number of a part, or a list of numbers",
        ),
        ("seed: 1\nseed: 2\n", "1:1: duplicate field `seed`"),
        ("seed: 1\n\t- x\n", "2:1: found a tab character that violates indentation"),
    ] {
        let problem = problem(text);
        assert!(problem.starts_with(&format!("plan.yaml:{expected}")), "{problem}");
    }
}

#[test]
fn error_names_a_missing_file() {
    let error = FaultPlan::load("/nowhere/plan.yaml").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(error.to_string().starts_with("cannot read the fault plan /nowhere/plan.yaml: "), "{error}");
}

#[test]
fn parses_durations() {
    assert_eq!(parse_duration("500ms"), Some(Duration::from_millis(500)));
    assert_eq!(parse_duration("2 s"), Some(Duration::from_secs(2)));
    assert_eq!(parse_duration("3m"), Some(Duration::from_secs(180)));
    for wrong in ["", "5", "s", "-1s", "1.5s", "forever", "99999999999999999999m"] {
        assert!(parse_duration(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn parses_offsets() {
    assert_eq!(parse_offset("0"), Some(Offset::Bytes(0)));
    assert_eq!(parse_offset("50%"), Some(Offset::Fraction(0.5)));
    assert_eq!(parse_offset("12.5 %"), Some(Offset::Fraction(0.125)));
    for wrong in ["", "%", "-1", "1.5", "101%", "-1%", "NaN%", "half"] {
        assert!(parse_offset(wrong).is_none(), "{wrong}");
    }
}
