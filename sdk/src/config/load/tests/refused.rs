//! Invalid configurations, and the settings that their errors name.

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
        (&[] as Variables<'_>, "endpoint: a.example", "endpoint in FILE: the endpoint \"a.example\" has no scheme"),
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

#[test]
fn a_default_file_that_cannot_be_parsed_is_skipped_if_the_environment_has_the_keys() {
    for file in ["access_key_id: [hunter2", "zone: a\nzone: hunter2", "hunter2", "\0\u{7}hunter2"] {
        let config = load(COMPLETE, file).unwrap();
        assert_eq!(keys(&config), Some(("ENV_ID", "ENV_SECRET")));
        assert_eq!(config.ignored.len(), 1, "{file:?}");
        assert!(!config.ignored[0].contains("hunter2"), "{:?}", config.ignored);
        assert!(load(&COMPLETE[..1], file).is_err(), "{file:?}");
    }
}

#[test]
fn a_default_file_that_cannot_be_read_is_skipped() {
    let next = (".config/qingstor.yaml", "additional_user_agent: next/1");
    let large = "#".repeat((1 << 20) + 1);
    for (kind, cause) in [
        ("directory", "it is not a file"),
        ("link to itself", "symbolic links"),
        ("link to nothing", "No such file"),
        ("device", "it is not a file"),
        ("named pipe", "it is not a file"),
        ("too large", "it is larger than 1 MiB"),
    ] {
        let home = home(&[next]);
        let path = home.path().join(".qingstor/config.yaml");
        fs::create_dir(home.path().join(".qingstor")).unwrap();
        match kind {
            "directory" => fs::create_dir(&path).unwrap(),
            "too large" => fs::write(&path, &large).unwrap(),
            #[cfg(unix)]
            "link to itself" => std::os::unix::fs::symlink(&path, &path).unwrap(),
            #[cfg(unix)]
            "link to nothing" => std::os::unix::fs::symlink("missing", &path).unwrap(),
            #[cfg(unix)]
            "device" => std::os::unix::fs::symlink("/dev/zero", &path).unwrap(),
            #[cfg(unix)]
            "named pipe" => assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success()),
            _ => continue,
        }
        let config = load_at(COMPLETE, Some(home.path())).unwrap();
        assert_eq!(keys(&config), Some(("ENV_ID", "ENV_SECRET")), "{kind}");
        assert_eq!(config.additional_user_agent.as_deref(), Some("next/1"), "{kind}");
        let [ignored] = config.ignored.as_slice() else { panic!("{kind}: {:?}", config.ignored) };
        assert!(ignored.contains(&path.display().to_string()), "{ignored}");
        assert!(ignored.contains(cause) || cfg!(not(target_os = "linux")), "{ignored}");

        if kind != "named pipe" {
            let error = from_file(&path).unwrap_err().to_string();
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
    }
}

#[test]
fn misspelt_settings_are_refused_in_a_named_file_and_reported_in_a_default_file() {
    let hint = "the key \"endpiont\" is unknown: did you mean \"endpoint\"?";
    let home = home(&[(".qingstor/config.yaml", "endpiont: http://a.example\ncolor: red")]);
    let config = load_at(&[], Some(home.path())).unwrap();
    assert_eq!(config.endpoint, "https://qingstor.com");
    let path = home.path().join(".qingstor/config.yaml");
    assert_eq!(config.ignored, [format!("{}: {hint}", path.display())]);

    let error = from_file(&path).unwrap_err().to_string();
    assert!(error.ends_with(hint), "{error}");
    let error = load_at(&[("CONFIG_PATH", "~/.qingstor/config.yaml")], Some(home.path())).unwrap_err().to_string();
    assert!(error.contains(hint) && error.contains("QINGSTOR_CONFIG_PATH"), "{error}");
}

#[test]
fn misspelt_variables_are_reported() {
    let config = load(&[("ACCESS_KEY", "ID"), ("SECRET_KEY", "hunter2"), ("zone", "x"), ("COLOR", "red")], "").unwrap();
    assert_eq!((keys(&config), &config.zone), (None, &None));
    let hint =
        |name, known| format!("the environment variable QINGSTOR_{name} is unknown: did you mean QINGSTOR_{known}?");
    let hints = [("ACCESS_KEY", "ACCESS_KEY_ID"), ("SECRET_KEY", "SECRET_ACCESS_KEY"), ("zone", "ZONE")];
    assert_eq!(config.ignored, hints.map(|(name, known)| hint(name, known)));
    let config = load(&[("CONFIG_PAHT", "qingstor.yaml")], "").unwrap();
    assert_eq!(config.ignored, [hint("CONFIG_PAHT", "CONFIG_PATH")]);
    let config = load(&[("EMULATOR_SECRET_ACCESS_KEY", "x"), ("TEST_PORT", "1")], "").unwrap();
    assert_eq!(config.ignored, [""; 0]);
}
