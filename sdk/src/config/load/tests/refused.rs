//! Invalid configurations, and the config that the errors name.

use super::*;

#[test]
fn rejects_one_access_key_without_the_other() {
    for (variables, file, message) in [
        (
            &[("ACCESS_KEY_ID", "hunter2")] as Variables<'_>,
            "",
            "the environment variable QINGSTOR_ACCESS_KEY_ID is set, but secret_access_key is not",
        ),
        (
            &[("SECRET_ACCESS_KEY", "hunter2")],
            "",
            "the environment variable QINGSTOR_SECRET_ACCESS_KEY is set, but access_key_id is not",
        ),
        (&[], "zone: a\nsecret_access_key: hunter2", "secret_access_key in FILE is set, but access_key_id is not"),
        (
            &[("ACCESS_KEY_ID", "hunter2")],
            PAIR,
            "the environment variable QINGSTOR_ACCESS_KEY_ID replaces access_key_id in FILE, but not the \
             other key of the pair: set both variables",
        ),
        (
            &[("SECRET_ACCESS_KEY", "hunter2")],
            "secret_access_key: hunter2",
            "the environment variable QINGSTOR_SECRET_ACCESS_KEY replaces secret_access_key in FILE, but \
             not the other key of the pair: set both variables",
        ),
    ] {
        assert_eq!(error(variables, file), message);
    }
    // One key in the file and the other in the environment make a pair.
    let config = load(&[("SECRET_ACCESS_KEY", "ENV_SECRET")], "access_key_id: FILE_ID").unwrap();
    assert_eq!(keys(&config), Some(("FILE_ID", "ENV_SECRET")));
    let config = load(&[("ACCESS_KEY_ID", "ENV_ID")], "secret_access_key: FILE_SECRET").unwrap();
    assert_eq!(keys(&config), Some(("ENV_ID", "FILE_SECRET")));
}

#[test]
fn errors_name_the_source_of_an_invalid_value() {
    for (variables, file, message) in [
        (
            &[] as Variables<'_>,
            "endpoint: http://a.example\nport: 80",
            "endpoint in FILE and port in FILE both set the endpoint",
        ),
        (
            &[("ENDPOINT", "http://a.example"), ("PROTOCOL", "http")],
            "",
            "QINGSTOR_ENDPOINT and the environment variable QINGSTOR_PROTOCOL both set",
        ),
        (&[("PORT", "80")], "endpoint: http://a.example", "QINGSTOR_PORT cannot be combined with endpoint in FILE"),
        (&[], "endpoint: a.example", "endpoint in FILE: the endpoint \"a.example\" has no scheme"),
        (&[("HOST", "a b")], "", "QINGSTOR_HOST: the host \"a b\" is neither"),
        (&[("PORT", "0")], "", "QINGSTOR_PORT is \"0\", but must be a port from 1 to 65535"),
        (&[], "port: 65536", "port in FILE is \"65536\", but must be a port"),
        (&[], "port: 0x50", "must be a port"),
        (&[], "host: a b\nprotocol: ftp", "protocol in FILE: the protocol \"ftp\""),
        (&[], "zone: a.b", "zone in FILE: the zone \"a.b\""),
        (&[], "connection_retries: 010", "connection_retries in FILE is \"010\", but must be a number"),
        (&[], "connection_retries: -1", "must be a number"),
        (&[], "connection_retries: 99999999999", "must be a number"),
        (&[], "additional_user_agent: a b", "additional_user_agent in FILE"),
        (&[], "enable_virtual_host_style: maybe", "is \"maybe\", but must be true or false"),
        (&[("ENABLE_DUAL_STACK", "maybe")], "", "QINGSTOR_ENABLE_DUAL_STACK is \"maybe\""),
        (
            &[],
            "enable_virtual_host_style: true\nvirtual_host_enabled: false",
            "enable_virtual_host_style in FILE and virtual_host_enabled in FILE contradict",
        ),
        (
            &[("ENABLE_VIRTUAL_HOST_STYLE", "true")],
            "endpoint: http://127.0.0.1",
            "endpoint in FILE contradicts the environment variable QINGSTOR_ENABLE_VIRTUAL_HOST_STYLE",
        ),
        (&[], "zone: a\nzone: b", "FILE: the key \"zone\" occurs twice"),
        (&[], "access_key_id: \"hunter2", "FILE: cannot read the value of \"access_key_id\""),
    ] {
        let error = error(variables, file);
        assert!(error.contains(message), "{message}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let both = "enable_virtual_host_style: true\nenable_virtual_style: yes\nvirtual_host_enabled: 1";
    assert_eq!(load(&[], both).unwrap().addressing_style, AddressingStyle::VirtualHost);
}
