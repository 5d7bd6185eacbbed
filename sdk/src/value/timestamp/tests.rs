use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::tz::{Offset, TimeZone};
use proptest::prelude::*;

use super::*;

fn http_date(text: &str) -> Option<i64> {
    Timestamp::parse_http_date(text).ok().map(|time| time.as_unix())
}

fn rfc3339(text: &str) -> String {
    match Timestamp::parse_rfc3339(text) {
        Ok(timestamp) => timestamp.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn parses_rfc3339() {
    for (text, expected) in [
        ("2015-08-16T14:52:12Z", "2015-08-16T14:52:12Z"),
        ("2015-08-16t14:52:12z", "2015-08-16T14:52:12Z"),
        ("2015-08-16 14:52:12Z", "2015-08-16T14:52:12Z"),
        ("2015-08-16T14:52:12.000Z", "2015-08-16T14:52:12Z"),
        ("2015-08-16T14:52:12.5Z", "2015-08-16T14:52:12.500Z"),
        ("2015-08-16T14:52:12.0001Z", "2015-08-16T14:52:12.000100Z"),
        ("2015-08-16T14:52:12.123456789987Z", "2015-08-16T14:52:12.123456789Z"),
        ("2015-08-16T14:52:12+08:00", "2015-08-16T06:52:12Z"),
        ("2015-12-31T23:52:12.25-00:30", "2016-01-01T00:22:12.250Z"),
        ("2015-08-16T14:52:12-00:00", "2015-08-16T14:52:12Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ("2016-02-29T00:00:00Z", "2016-02-29T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"),
    ] {
        assert_eq!(rfc3339(text), expected, "{text}");
    }
}

#[test]
fn rejects_text_that_is_not_rfc3339() {
    for text in [
        "",
        "2015-08-16",
        "2015-08-16T14:52:12",
        "2015-08-16T14:52Z",
        "2015-08-16T14:52:12.Z",
        "2015-08-16T14:52:12,5Z",
        "2015-08-16T14:52:12+0800",
        "2015-08-16T14:52:12+24:00",
        "2015-08-16T14:52:12+08:60",
        "2015-08-16T14:52:12Zx",
        " 2015-08-16T14:52:12Z",
        "2015-08-16_14:52:12Z",
        "2015-13-16T14:52:12Z",
        "2015-00-16T14:52:12Z",
        "2015-08-32T14:52:12Z",
        "2015-08-00T14:52:12Z",
        "2015-02-29T14:52:12Z",
        "1900-02-29T14:52:12Z",
        "2015-08-16T24:00:00Z",
        "2015-08-16T14:60:12Z",
        "2015-08-16T14:52:61Z",
        "+015-08-16T14:52:12Z",
        "２015-08-16T14:52:12Z",
        "0000-12-31T23:59:59Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ] {
        assert!(rfc3339(text).contains("is not a date"), "{text}");
    }
    assert!(rfc3339(&"9".repeat(1000)).len() < 200);
}

#[test]
fn parses_http_dates_of_all_three_formats() {
    for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
        assert_eq!(http_date(text), Some(784_111_777), "{text}");
    }
    assert_eq!(http_date("Wed Nov 16 08:49:37 1994"), Some(784_111_777 + 10 * 86_400));
    assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
}

#[test]
fn parses_http_dates_with_unusual_values() {
    for (text, rejected) in [
        ("Mon, 06 Nov 1994 08:49:37 GMT", "another day of the week"),
        ("Sat, 31 Dec 2016 23:59:60 GMT", "leap second"),
        ("Wed, 31 Dec 1969 23:59:59 GMT", "before 1970"),
        ("Mon, 01 Jan 0001 00:00:00 GMT", "before 1970"),
    ] {
        assert_eq!(http_date(text), None, "{rejected}: {text}");
    }
    for text in [" Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT \t"] {
        assert_eq!(http_date(text), Some(784_111_777), "white space: {text:?}");
    }
    let year = |text| Timestamp::parse_http_date(text).unwrap().civil().year;
    assert_eq!(year("Monday, 06-Nov-00 08:49:37 GMT"), 2000);
    assert_eq!(year("Wednesday, 06-Nov-69 08:49:37 GMT"), 2069);
    assert_eq!(year("Friday, 06-Nov-70 08:49:37 GMT"), 1970);
}

#[test]
fn rejects_text_that_is_not_an_http_date() {
    for text in [
        "",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 NOV 1994 08:49:37 GMT",
        "Xyz, 06 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "2015-08-16T14:52:12Z",
    ] {
        assert_eq!(http_date(text), None, "{text}");
    }
}

#[test]
fn formats_http_dates_before_1970() {
    for (seconds, text) in [
        (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        (MIN_SECONDS, "Mon, 01 Jan 0001 00:00:00 GMT"),
        (MAX_SECONDS, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ] {
        assert_eq!(Timestamp::from_unix(seconds).unwrap().to_http_date(), text);
    }
}

#[test]
fn accepts_the_years_1_to_9999() {
    assert_eq!(Timestamp::from_unix(MIN_SECONDS).unwrap().to_string(), "0001-01-01T00:00:00Z");
    assert_eq!(Timestamp::from_unix(MAX_SECONDS).unwrap().to_string(), "9999-12-31T23:59:59Z");
    for seconds in [MIN_SECONDS - 1, MAX_SECONDS + 1, i64::MIN, i64::MAX] {
        let error = Timestamp::from_unix(seconds).unwrap_err().to_string();
        assert!(error.contains(&format!("{seconds} s since")), "{error}");
    }
}

#[test]
fn converts_system_times_before_the_epoch_and_out_of_range() {
    let half_before = UNIX_EPOCH - Duration::from_millis(500);
    let timestamp = Timestamp::from(half_before);
    assert_eq!(timestamp.to_string(), "1969-12-31T23:59:59.500Z");
    assert_eq!(timestamp.as_unix(), -1);
    assert_eq!(SystemTime::from(timestamp), half_before);
    if let Some(far) = UNIX_EPOCH.checked_add(Duration::from_secs(1 << 40)) {
        assert_eq!(Timestamp::from(far).as_unix(), MAX_SECONDS);
    }
    if let Some(far) = UNIX_EPOCH.checked_sub(Duration::from_secs(1 << 40)) {
        assert_eq!(Timestamp::from(far).as_unix(), MIN_SECONDS);
    }
}

#[test]
fn serde_uses_rfc3339() {
    let timestamp: Timestamp = serde_json::from_str("\"2015-08-16T14:52:12.5+00:00\"").unwrap();
    assert_eq!(serde_json::to_string(&timestamp).unwrap(), "\"2015-08-16T14:52:12.500Z\"");
    let error = serde_json::from_str::<Timestamp>("\"yesterday\"").unwrap_err();
    assert!(error.to_string().starts_with("\"yesterday\" is not a date and time"), "{error}");
    assert!(serde_json::from_str::<Timestamp>("5").is_err());
}

fn any_timestamp() -> impl Strategy<Value = Timestamp> {
    let fraction = prop_oneof![Just(0), (0..1_000u32).prop_map(|millis| millis * 1_000_000), 0..NANOS_PER_SECOND];
    (MIN_SECONDS..=MAX_SECONDS, fraction).prop_map(|(seconds, nanos)| Timestamp { seconds, nanos })
}

proptest! {
    #[test]
    fn formats_dates_as_jiff_does(time in any_timestamp()) {
        // The range of jiff ends a day earlier, so that every offset can be applied to every time.
        let Ok(theirs) = jiff::Timestamp::new(time.seconds, 0) else { return Ok(()) };
        let utc = theirs.to_zoned(TimeZone::UTC);
        prop_assert_eq!(time.to_http_date(), utc.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
        if let Ok(text) = DateTimePrinter::new().timestamp_to_rfc9110_string(&theirs) {
            prop_assert_eq!(time.to_http_date(), text);
        }
        let theirs: jiff::Timestamp = time.to_string().parse().unwrap();
        prop_assert_eq!(
            theirs.as_nanosecond(),
            i128::from(time.seconds) * i128::from(NANOS_PER_SECOND) + i128::from(time.nanos)
        );
    }

    #[test]
    fn parses_its_own_output(time in any_timestamp()) {
        prop_assert_eq!(time.to_string().parse(), Ok(time));
        if time.seconds >= 0 {
            prop_assert_eq!(Timestamp::parse_http_date(&time.to_http_date()).unwrap().seconds, time.seconds);
        }
        // On other platforms, `SystemTime` has a lower precision or starts later.
        if cfg!(unix) {
            prop_assert_eq!(Timestamp::from(SystemTime::from(time)), time);
        }
        let json = serde_json::to_string(&time).unwrap();
        prop_assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), time);
    }

    #[test]
    fn parses_offsets_as_jiff_does(time in any_timestamp(), minutes in -1439..1440i32) {
        let offset = Offset::from_seconds(minutes * 60).unwrap();
        let Ok(theirs) = jiff::Timestamp::new(time.seconds, time.nanos.cast_signed()) else { return Ok(()) };
        let text = theirs.display_with_offset(offset).to_string();
        // RFC 3339 cannot represent local years with more than four digits.
        prop_assume!(!text.starts_with('-') && !text.starts_with("0000"));
        prop_assert_eq!(text.parse(), Ok(time), "{}", text);
    }

    #[test]
    fn accepts_the_dates_that_jiff_accepts(
        text in "[0-9]{3}[0-9]-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-6][0-9])"
    ) {
        // Unlike `Timestamp`, jiff supports the year 0000 and offsets of 24 hours and more, but not the last day of
        // 9999.
        prop_assume!(!text.starts_with("0000") && !text.starts_with("0001-01-01") && !text.starts_with("9999-12-3"));
        let theirs = text.parse::<jiff::Timestamp>().ok().map(|time| time.as_nanosecond());
        let ours = text
            .parse::<Timestamp>()
            .ok()
            .map(|time| i128::from(time.seconds) * i128::from(NANOS_PER_SECOND) + i128::from(time.nanos));
        prop_assert_eq!(ours, theirs, "{}", text);
    }

    #[test]
    fn orders_by_time(one in any_timestamp(), other in any_timestamp()) {
        let nanos = |time: Timestamp| i128::from(time.seconds) * i128::from(NANOS_PER_SECOND) + i128::from(time.nanos);
        prop_assert_eq!(one.cmp(&other), nanos(one).cmp(&nanos(other)));
    }

    #[test]
    fn parsing_never_panics(text in any::<String>(), shape in "[A-Za-z0-9:, .+-]{0,40}") {
        for text in [text, shape] {
            let _ = Timestamp::parse_rfc3339(&text);
            let _ = Timestamp::parse_http_date(&text);
        }
    }
}
