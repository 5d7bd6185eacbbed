use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

mod refused;

type Variables<'a> = &'a [(&'a str, &'a str)];

/// Creates a home directory that contains `files`, given by path and content.
fn home(files: &[(&str, &str)]) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = home.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    home
}

/// Returns the environment with `variables`, whose names lack the prefix `QINGSTOR_`.
fn environment(variables: Variables<'_>) -> Environment {
    let named = variables.iter().filter(|(_, value)| !value.is_empty());
    named.map(|(name, value)| (format!("{PREFIX}{name}"), OsString::from(value))).collect()
}

/// Loads `variables` and the file in `home`.
fn load_at(variables: Variables<'_>, home: Option<&Path>) -> Result<Config> {
    let mut paths = file::default_paths(home);
    // A file for all users of this machine does not affect the tests.
    paths.retain(|path| home.is_some_and(|home| path.starts_with(home)));
    let config = from_environment_and_file(&environment(variables), home, &paths)?;
    config.check().map(|_| config)
}

/// Loads `variables`, and `file` from the first default path.
fn load(variables: Variables<'_>, file: &str) -> Result<Config> {
    let home = home(&[(".qingstor/config.yaml", file)]);
    load_at(variables, Some(home.path()))
}

fn endpoint_of(variables: Variables<'_>, file: &str) -> String {
    load(variables, file).unwrap().endpoint
}

/// Returns the error message, with `FILE` in place of the path of the file.
fn error(variables: Variables<'_>, file: &str) -> String {
    let home = home(&[(".qingstor/config.yaml", file)]);
    let error = load_at(variables, Some(home.path())).unwrap_err();
    let path: PathBuf = home.path().join(".qingstor").join("config.yaml");
    error.to_string().replace(&path.display().to_string(), "FILE")
}

fn keys(config: &Config) -> Option<(&str, &str)> {
    let credentials = config.credentials()?;
    Some((credentials.access_key_id(), credentials.secret_access_key().expose()))
}

const PAIR: &str = "access_key_id: FILE_ID\nsecret_access_key: FILE_SECRET\n";

#[test]
fn without_settings_the_default_is_anonymous() {
    let empty = home(&[]);
    for home in [None, Some(empty.path())] {
        let config = load_at(&[], home).unwrap();
        assert_eq!(keys(&config), None);
        assert_eq!(config.endpoint, "https://qingstor.com");
        assert_eq!(config.retry, RetryConfig::default());
    }
}

#[test]
fn loads_all_settings_from_a_file() {
    let file = "# of all tools\naccess_key_id: 'FILE_ID'\nsecret_access_key: FILE_SECRET\nhost: store.example\nport: 8080\n\
                protocol: http\nzone: sh1a\nconnection_retries: 4\nlog_level: warn\nenable_virtual_host_style: true\n\
                additional_user_agent: app/2\nenable_dual_stack: true\nhttp_config:\n  timeout: 5\n";
    let config = load(&[], file).unwrap();
    assert_eq!(keys(&config), Some(("FILE_ID", "FILE_SECRET")));
    assert_eq!(config.endpoint, "http://store.example:8080");
    assert_eq!(config.zone.as_deref(), Some("sh1a"));
    assert_eq!(config.addressing_style, AddressingStyle::VirtualHost);
    assert_eq!(config.additional_user_agent.as_deref(), Some("app/2"));
    assert_eq!(config.retry, RetryConfig::default().max_attempts(5));
}

#[test]
fn environment_overrides_the_file() {
    let file = format!("{PAIR}endpoint: https://file.example\nzone: sh1a\nenable_virtual_host_style: yes\n");
    let variables = &[
        ("ACCESS_KEY_ID", "ENV_ID"),
        ("SECRET_ACCESS_KEY", "ENV_SECRET"),
        ("ENDPOINT", "http://127.0.0.1:9000"),
        ("ZONE", "pek3b"),
        ("ENABLE_VIRTUAL_HOST_STYLE", "0"),
        ("ADDITIONAL_USER_AGENT", "env/1"),
        ("CONNECTION_RETRIES", "0"),
    ];
    let config = load(variables, &file).unwrap();
    assert_eq!(keys(&config), Some(("ENV_ID", "ENV_SECRET")));
    assert_eq!(config.endpoint, "http://127.0.0.1:9000");
    assert_eq!(config.zone.as_deref(), Some("pek3b"));
    assert_eq!(config.addressing_style, AddressingStyle::Path);
    assert_eq!(config.additional_user_agent.as_deref(), Some("env/1"));
    assert_eq!(config.retry, RetryConfig::default().max_attempts(1));
}

#[test]
fn empty_values_are_unset() {
    let config = load(&[("ACCESS_KEY_ID", ""), ("ZONE", ""), ("CONFIG_PATH", "")], PAIR).unwrap();
    assert_eq!(keys(&config), Some(("FILE_ID", "FILE_SECRET")));
    let config = load(&[], "access_key_id: ''\nsecret_access_key:\nzone: ~\nendpoint: null\n").unwrap();
    assert_eq!((keys(&config), config.zone.as_deref()), (None, None));
}

#[test]
fn reads_the_named_file_or_the_first_default() {
    let home = home(&[(".config/qingstor.yaml", "zone: config"), ("named.yaml", "zone: named")]);
    let zone = |variables: Variables<'_>| load_at(variables, Some(home.path())).unwrap().zone;
    assert_eq!(zone(&[]).as_deref(), Some("config"));
    fs::create_dir(home.path().join(".qingstor")).unwrap();
    fs::write(home.path().join(".qingstor/config.yaml"), "zone: qingstor").unwrap();
    assert_eq!(zone(&[]).as_deref(), Some("qingstor"));
    let named = home.path().join("named.yaml").display().to_string();
    assert_eq!(zone(&[("CONFIG_PATH", &named)]).as_deref(), Some("named"));
    assert_eq!(from_file(Path::new(&named)).unwrap().zone.as_deref(), Some("named"));

    let missing = home.path().join("missing.yaml").display().to_string();
    let error = load_at(&[("CONFIG_PATH", &missing)], Some(home.path())).unwrap_err().to_string();
    assert!(error.contains(&missing) && error.contains("QINGSTOR_CONFIG_PATH"), "{error}");
    assert!(from_file(Path::new(&missing)).is_err());
    let zone = |path| zone(&[("CONFIG_PATH", path)]);
    assert_eq!(zone("~/named.yaml").as_deref(), Some("named"));
}

#[test]
fn default_files_have_an_order() {
    let paths = [".qingstor/config.yaml", ".config/qingstor.yaml", ".config/qingstor/config.yaml"];
    for (index, path) in paths.into_iter().enumerate() {
        let files: Vec<_> =
            paths[index..].iter().map(|other| (*other, format!("additional_user_agent: {other}"))).collect();
        let home = home(&files.iter().map(|(path, text)| (*path, text.as_str())).collect::<Vec<_>>());
        assert_eq!(load_at(&[], Some(home.path())).unwrap().additional_user_agent.as_deref(), Some(path));
    }
    let last = file::default_paths(Some(Path::new("/home/me"))).pop().unwrap();
    assert_eq!(last == Path::new("/etc/qingstor/config.yaml"), cfg!(unix));
}

/// Keys and zone in the environment.
const COMPLETE: Variables<'_> = &[("ACCESS_KEY_ID", "ENV_ID"), ("SECRET_ACCESS_KEY", "ENV_SECRET"), ("ZONE", "pek3b")];

/// The settings that the official JavaScript SDK writes to the default file when it is used for the first time.
const WRITTEN_BY_JAVASCRIPT_SDK: &str = "access_key_id: ''\nsecret_access_key: ''\nendpoint: 'https://qingstor.com'\n\
    host: 'qingstor.com'\nport: 443\nprotocol: 'https'\nconnection_retries: 3\nenable_virtual_host_style: false\n\
    additional_user_agent: ''\nlog_level: 'warn'\n";

#[test]
fn file_of_the_javascript_sdk_is_accepted() {
    let config = load(COMPLETE, WRITTEN_BY_JAVASCRIPT_SDK).unwrap();
    assert_eq!(keys(&config), Some(("ENV_ID", "ENV_SECRET")));
    assert_eq!((config.endpoint.as_str(), config.zone.as_deref()), ("https://qingstor.com", Some("pek3b")));
    assert_eq!(config.retry, RetryConfig::default().max_attempts(4));
    assert_eq!(config.ignored, [""; 0]);
    for (variable, endpoint) in [
        (("ENDPOINT", "http://127.0.0.1:9000"), "http://127.0.0.1:9000"),
        (("HOST", "store.example"), "https://store.example"),
        (("PORT", "8443"), "https://qingstor.com:8443"),
        (("PROTOCOL", "http"), "http://qingstor.com"),
    ] {
        assert_eq!(endpoint_of(&[variable], WRITTEN_BY_JAVASCRIPT_SDK), endpoint);
    }
}

#[test]
fn custom_domain_is_used_for_other_hosts_than_qingstor() {
    use AddressingStyle::{CustomDomain, Path, VirtualHost};

    for (file, style) in [
        ("cname_support: true\nendpoint: https://files.example.com", CustomDomain),
        ("cname_support: true\nendpoint: https://files.example.com\nenable_virtual_host_style: true", CustomDomain),
        ("cname_support: false\nendpoint: https://files.example.com", Path),
        ("cname_support: true\nenable_virtual_host_style: true", VirtualHost),
        ("cname_support: true\nendpoint: https://pek3b.qingstor.com", Path),
        ("cname_support: true\nendpoint: https://notqingstor.com", CustomDomain),
    ] {
        assert_eq!(load(&[], file).unwrap().addressing_style, style, "{file}");
    }
    let error = error(&[("CNAME_SUPPORT", "true")], "endpoint: http://127.0.0.1:9000");
    assert!(error.contains("endpoint in FILE contradicts the environment variable QINGSTOR_CNAME_SUPPORT"), "{error}");
}

#[test]
fn from_environment_reads_no_file() {
    let config = from_environment(&environment(&[("ZONE", "pek3b"), ("CONFIG_PATH", "/does/not/exist")])).unwrap();
    assert_eq!(config.zone.as_deref(), Some("pek3b"));
}

#[cfg(unix)]
#[test]
fn rejects_variables_that_are_not_utf_8() {
    use std::os::unix::ffi::OsStringExt;

    let value = OsString::from_vec(b"hunter2\xFF".to_vec());
    let environment = Environment::from([("QINGSTOR_SECRET_ACCESS_KEY".to_owned(), value)]);
    let error = from_environment(&environment).unwrap_err().to_string();
    assert_eq!(error, "the environment variable QINGSTOR_SECRET_ACCESS_KEY is not UTF-8");
}

#[test]
fn endpoint_has_priority_over_its_parts_in_the_same_source() {
    for (variables, file) in [
        (&[] as Variables<'_>, "endpoint: https://a.example\nhost: a.example\nport: 443\nprotocol: https"),
        (&[], "endpoint: https://a.example\nhost: b.example\nport: 80\nprotocol: http"),
        (&[], "endpoint: https://a.example\nhost: not a host\nport: none\nprotocol: ftp"),
        (&[("ENDPOINT", "https://a.example"), ("HOST", "b.example"), ("PORT", "80")], ""),
        (&[("ENDPOINT", "https://a.example"), ("HOST", "b.example")], "endpoint: https://b.example\nport: 80"),
    ] {
        assert_eq!(endpoint_of(variables, file), "https://a.example", "{variables:?} {file}");
    }
}

#[test]
fn combines_endpoint_parts() {
    for (variables, file, endpoint) in [
        (&[] as Variables<'_>, "host: a.example", "https://a.example"),
        (&[], "port: 8443", "https://qingstor.com:8443"),
        (&[], "protocol: http", "http://qingstor.com"),
        (&[], "protocol: http\nport: 443", "http://qingstor.com:443"),
        (&[], "host: '::1'\nport: 443", "https://[::1]"),
        (&[("HOST", "b.example")], "host: a.example\nport: 80", "https://b.example:80"),
        (&[("HOST", "b.example")], "endpoint: http://a.example:9000", "https://b.example"),
        (
            &[("HOST", "b.example")],
            "endpoint: http://a.example:9000\nhost: a.example\nport: 8443",
            "https://b.example:8443",
        ),
        (&[("ENDPOINT", "http://b.example")], "host: a.example\nport: 80", "http://b.example"),
        (&[("PORT", "80")], "endpoint: https://a.example", "https://a.example:80"),
        (&[("PROTOCOL", "http")], "endpoint: https://a.example:8443", "http://a.example:8443"),
        (&[("PROTOCOL", "http")], "endpoint: https://a.example\nport: 443\nprotocol: https", "http://a.example"),
    ] {
        assert_eq!(endpoint_of(variables, file), endpoint, "{variables:?} {file}");
    }
}

#[test]
fn reads_the_certificates_of_ca_file() {
    let home = home(&[("ca.pem", "certificates")]);
    let path = home.path().join("ca.pem").display().to_string();
    for config in [load(&[("CA_FILE", &path)], ""), load(&[], &format!("ca_file: {path}"))] {
        let [certificates] = &config.unwrap().root_certificates[..] else { panic!("no certificates") };
        assert_eq!(certificates.pem, b"certificates");
        assert!(certificates.origin.contains(&path), "{}", certificates.origin);
    }
    let error = error(&[], "ca_file: /does/not/exist.pem");
    assert!(error.starts_with("ca_file in FILE, \"/does/not/exist.pem\", cannot be read: "), "{error}");
    // Reading a pipe or device could take forever.
    assert!(self::error(&[], "ca_file: /dev/zero").contains("it is not a file"));
}

#[test]
fn settings_replace_the_values_that_they_contain() {
    let config = Config::new("id", "secret").endpoint("http://a.example:9000").zone("pek3b");
    let settings = [("zone", "sh1a"), ("port", "9001"), ("enable_virtual_style", "true"), ("endpoint", "")];
    let config = config.apply_settings(settings).unwrap();
    assert_eq!(keys(&config), Some(("id", "secret")));
    assert_eq!((config.endpoint.as_str(), config.zone.as_deref()), ("http://a.example:9001", Some("sh1a")));
    assert_eq!(config.addressing_style, AddressingStyle::VirtualHost);

    let settings = [("enable_virtual_host_style", "false"), ("host", "b.example")];
    let config = config.apply_settings(settings).unwrap();
    assert_eq!((config.endpoint.as_str(), config.zone.as_deref()), ("https://b.example", Some("sh1a")));
    assert_eq!(config.addressing_style, AddressingStyle::Path);

    let settings = [("access_key_id", "first"), ("access_key_id", "id2"), ("secret_access_key", "secret2")];
    let config = config.apply_settings(settings.into_iter().chain([("cname_support", "true")])).unwrap();
    assert_eq!(keys(&config), Some(("id2", "secret2")));
    assert_eq!(config.addressing_style, AddressingStyle::CustomDomain);
}

#[test]
fn unusable_settings_are_refused() {
    let error = |key: &str, value: &str| Config::anonymous().apply_settings([(key, value)]).unwrap_err().to_string();
    assert_eq!(error("zones", "a"), "the setting \"zones\" is unknown: did you mean zone?");
    assert_eq!(error("color", "a"), "the setting \"color\" is unknown");
    assert_eq!(error("access_key_id", "hunter2"), "the setting access_key_id is set, but secret_access_key is not");
    assert_eq!(error("port", "x"), "the setting port is \"x\", but must be a port from 1 to 65535");
}
