//! Which settings count when the file is good, bad, missing or doubled, and where the Wi-Fi
//! password is afterwards.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::testing::Appliance;

fn appliance() -> Appliance {
    let appliance = Appliance::new();
    for folder in [appliance.places.run_dir(), appliance.places.state.clone()] {
        fs::create_dir_all(folder).unwrap();
    }
    appliance
}

/// Of "SECRET pass" for the network "home".
const KEY: &str = "5b8ec81d5c6f2c325923c61d4acefd4646a8ac7d92c23db02db07dc595ab5284";

fn problems(accepted: &Accepted) -> String {
    accepted.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[test]
fn without_a_file_the_defaults_count() {
    let appliance = appliance();
    let accepted = take(&appliance.places);
    assert_eq!((accepted.origin, accepted.settings), (Origin::NoFile, Settings::default()));
}

#[test]
fn a_file_from_windows_is_read() {
    let appliance = appliance();
    appliance.put(
        "Appliance.TOML.txt",
        "\u{FEFF}# comment\r\nhostname = \"house\"\r\n[gate]\r\ntitle = \"Ours\"\r\n",
    );
    let accepted = take(&appliance.places);
    assert_eq!((accepted.origin, accepted.settings.hostname.as_str()), (Origin::File, "house"));
}

#[test]
fn a_file_with_problems_leaves_the_last_good_settings_in_force() {
    let appliance = appliance();
    appliance.put("appliance.toml", "hostname = \"first\"");
    take(&appliance.places);
    for bad in ["hostname = \"se cond\"".as_bytes(), b"hostname =", b"\xFF\xFEh\0", &[b'#'; 70_000]]
    {
        appliance.put("appliance.toml", bad);
        let accepted = take(&appliance.places);
        assert_eq!(
            (accepted.origin, accepted.settings.hostname.as_str()),
            (Origin::LastGood, "first")
        );
        assert!(!accepted.problems.is_empty());
    }
    appliance.put("appliance.toml", "hostname = \"third\"");
    assert_eq!(take(&appliance.places).settings.hostname, "third");
}

#[test]
fn a_file_with_problems_and_none_before_leaves_the_defaults() {
    let appliance = appliance();
    appliance.put("appliance.toml", "\n\nhostnme = \"x\"");
    let accepted = take(&appliance.places);
    assert_eq!(
        (accepted.origin, accepted.settings.clone()),
        (Origin::Defaults, Settings::default())
    );
    assert_eq!(problems(&accepted), "line 3: unknown key `hostnme`: did you mean `hostname`?");
}

#[test]
fn two_files_of_that_name_are_refused_and_not_guessed_between() {
    let appliance = appliance();
    appliance.put("appliance.toml", "");
    appliance.put("appliance.toml.txt", "hostname = \"mine\"");
    let accepted = take(&appliance.places);
    assert_eq!(accepted.origin, Origin::Defaults);
    assert!(problems(&accepted).contains("appliance.toml and appliance.toml.txt are both there"));
}

#[test]
fn a_boot_partition_that_is_not_there_is_no_wish_for_the_defaults() {
    let appliance = appliance();
    appliance.put("appliance.toml", "hostname = \"house\"");
    take(&appliance.places);
    fs::remove_file(appliance.places.boot.join("appliance.toml")).unwrap();
    assert_eq!(take(&appliance.places).origin, Origin::LastGood);
    fs::remove_dir(&appliance.places.boot).unwrap();
    assert_eq!(take(&appliance.places).origin, Origin::LastGood);
    fs::create_dir(&appliance.places.boot).unwrap();
    appliance.put("config.txt", "");
    assert_eq!(take(&appliance.places).origin, Origin::NoFile);
}

#[test]
fn the_wifi_password_leaves_the_boot_partition_and_stays_in_force() {
    let appliance = appliance();
    let places = &appliance.places;
    appliance.put(
        "appliance.toml",
        "\u{FEFF}[wifi]\r\nssid = \"home\"\r\npsk = \"SECRET pass\"\r\n# end\r\n",
    );
    for _ in 0..2 {
        let accepted = take(places);
        assert_eq!(accepted.origin, Origin::File, "{}", problems(&accepted));
        assert_eq!(accepted.settings.wifi.unwrap().passphrase.unwrap().as_str(), KEY);
        assert_eq!(
            appliance.on_card("appliance.toml").unwrap(),
            "\u{FEFF}[wifi]\r\nssid = \"home\"\r\npsk = \"\"  # moved to the card's private part\r\n# end\r\n"
        );
    }
    assert_eq!(fs::metadata(places.wifi_password()).unwrap().permissions().mode() & 0o777, 0o600);
    for path in [places.last_good(), places.wifi_password()] {
        assert!(!fs::read_to_string(path).unwrap().contains("SECRET"));
    }
    assert_eq!(fs::read_dir(&places.boot).unwrap().count(), 1);
}

#[test]
fn the_last_good_settings_keep_their_wifi() {
    let appliance = appliance();
    appliance.put("appliance.toml", "[wifi]\nssid = \"home\"\npsk = \"SECRET pass\"\n");
    take(&appliance.places);
    appliance.put("appliance.toml", "[wifi]\nssid = \"other\"\npsk = \"short\"\n");
    let accepted = take(&appliance.places);
    assert_eq!(accepted.origin, Origin::LastGood);
    assert_eq!(accepted.settings.wifi.unwrap().passphrase.unwrap().as_str(), KEY);
    // What is refused is not touched: its writer is going to fix it.
    assert_eq!(
        appliance.on_card("appliance.toml").unwrap(),
        "[wifi]\nssid = \"other\"\npsk = \"short\"\n"
    );
}

#[test]
fn a_file_that_became_empty_is_no_wish_for_the_defaults() {
    let appliance = appliance();
    appliance.put("appliance.toml", "");
    assert_eq!(take(&appliance.places).origin, Origin::File, "there was nothing before");
    appliance.put("appliance.toml", "[wifi]\nssid = \"home\"\npsk = \"SECRET pass\"\n");
    take(&appliance.places);
    for empty in ["", " \r\n\t\n", "\u{FEFF}", "\0\0\0\0"] {
        appliance.put("appliance.toml", empty);
        let accepted = take(&appliance.places);
        assert_eq!(accepted.origin, Origin::LastGood, "{empty:?}");
        assert_eq!(accepted.settings.wifi.unwrap().passphrase.unwrap().as_str(), KEY);
    }
    fs::remove_file(appliance.places.boot.join("appliance.toml")).unwrap();
    appliance.put("config.txt", "");
    assert_eq!(take(&appliance.places).origin, Origin::NoFile);
}

#[test]
fn a_kept_password_is_for_its_own_network_only_and_goes_with_it() {
    let appliance = appliance();
    appliance.put("appliance.toml", "[wifi]\nssid = \"home\"\npsk = \"SECRET pass\"\n");
    take(&appliance.places);
    appliance.put("appliance.toml", "[wifi]\nssid = \"other\"\npsk = \"\"\n");
    let accepted = take(&appliance.places);
    assert_eq!(accepted.origin, Origin::LastGood);
    assert!(
        problems(&accepted).contains("no password is kept for the network \"other\""),
        "{}",
        problems(&accepted)
    );
    appliance.put("appliance.toml", "# no Wi-Fi\n");
    assert!(take(&appliance.places).settings.wifi.is_none());
    assert!(!appliance.places.wifi_password().exists());
}

/// Every file that is taken can be rendered for the gate, whatever it says.
#[test]
fn whatever_is_taken_the_gate_takes_too() {
    let zones = Path::new("/nonexistent");
    let hosts = [
        "",
        "auth.example.org",
        "portcullis.local",
        "a.b.example.org",
        "example.org",
        "xn--bcher-kva.example.org",
    ];
    let domains = ["", "example.org", "b.example.org", "portcullis.local", "org", "com"];
    let titles = ["", "Portcullis", "\\\" ''' \\\\ {x} #", "'", "ä \u{2028} ü", "[gate]"];
    let mut taken = 0;
    for host in hosts {
        for domain in domains {
            for title in titles {
                for hostname in ["", "portcullis", "house-1"] {
                    let text = format!(
                        "hostname = \"{hostname}\"\n[gate]\nhost = \"{host}\"\ndomain = \"{domain}\"\ntitle = \"{title}\"\n"
                    );
                    let Ok(parsed) = settings::parse(&text, zones) else { continue };
                    taken += 1;
                    let config = gate::config(&parsed.settings)
                        .unwrap_or_else(|error| panic!("{text}: {error}"));
                    assert_eq!(config.login.title, parsed.settings.gate.title);
                    assert_eq!(config.session.cookie_domain, parsed.settings.gate.domain);
                    let public = config.public_url.unwrap();
                    assert_eq!(public.as_str(), format!("https://{}", parsed.settings.gate.host));
                }
            }
        }
    }
    assert!(taken > 200, "{taken}");
}
