use super::*;

fn config() -> Config {
    Config::new("ID", "the secret")
}

fn error(config: &Config) -> String {
    config.check().unwrap_err().to_string()
}

#[test]
fn default_values() {
    let settings = config();
    let credentials = settings.credentials().unwrap();
    assert_eq!(credentials.access_key_id(), "ID");
    assert_eq!(credentials.secret_access_key().expose(), "the secret");
    assert_eq!(settings.check().unwrap().to_string(), "https://qingstor.com");
    assert_eq!(settings.zone, None);
    assert_eq!(settings.addressing_style, AddressingStyle::Path);
    assert_eq!(settings.additional_user_agent, None);
    assert_eq!(settings.timeouts.connect, Duration::from_secs(10));
    assert_eq!(settings.timeouts.idle, Duration::from_secs(60));
    assert_eq!(settings.timeouts.response, Duration::from_secs(120));
    assert!(Config::anonymous().credentials().is_none());
}

#[test]
fn setters_change_the_values() {
    let settings = config()
        .endpoint("http://localhost:9000/")
        .zone("PEK3B")
        .addressing_style(AddressingStyle::VirtualHost)
        .additional_user_agent("my-app/1.0")
        .connect_timeout(Duration::from_secs(1))
        .idle_timeout(Duration::from_secs(2))
        .response_timeout(Duration::from_secs(3));
    assert_eq!(settings.check().unwrap().to_string(), "http://localhost:9000");
    assert_eq!(settings.zone.as_deref(), Some("PEK3B"));
    assert_eq!(settings.addressing_style, AddressingStyle::VirtualHost);
    assert_eq!(settings.additional_user_agent.as_deref(), Some("my-app/1.0"));
    assert_eq!(settings.timeouts.connect, Duration::from_secs(1));
    assert_eq!(settings.timeouts.idle, Duration::from_secs(2));
    assert_eq!(settings.timeouts.response, Duration::from_secs(3));
    let settings = config().zone("").additional_user_agent("");
    assert_eq!((settings.zone, settings.additional_user_agent), (None, None));
}

#[test]
fn check_rejects_invalid_values() {
    for (config, message) in [
        (config().endpoint("qingstor.com"), "has no scheme"),
        (config().endpoint(""), "has no scheme"),
        (config().zone("pek3b.qingstor.com"), "the zone"),
        (config().additional_user_agent("my app"), "additional_user_agent"),
        (config().additional_user_agent("\"app\""), "additional_user_agent"),
        (config().additional_user_agent("app\r\nX: y"), "additional_user_agent"),
        (config().connect_timeout(Duration::ZERO), "connect_timeout is zero"),
        (config().idle_timeout(Duration::ZERO), "idle_timeout is zero"),
        (config().response_timeout(Duration::ZERO), "response_timeout is zero"),
        (Config::new("", "x"), "access_key_id is not"),
        (Config::new("ID", ""), "secret_access_key is not"),
        (Config::new("ID\n", "x"), "access_key_id contains white space"),
        (Config::new("ID", "x\n"), "secret_access_key starts or ends with white space"),
        (config().endpoint("http://127.0.0.1:9000").addressing_style(AddressingStyle::VirtualHost), "IP address"),
    ] {
        let error = error(&config);
        assert!(error.contains(message), "{message}: {error}");
    }
}

#[test]
fn errors_and_debug_contain_no_secret() {
    let config = Config::new("ID", "hunter2\n");
    assert!(!error(&config).contains("hunter2"));
    assert!(!format!("{config:?}").contains("hunter2"));
    // A PEM file may contain a private key. `Debug` of the bytes would show "hu" as these numbers.
    let config = Config::anonymous().root_certificate("hunter2");
    assert!(!format!("{config:?}").contains("104, 117"));
}
