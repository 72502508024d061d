//! Single values: durations, names, addresses, URLs, paths.

use super::super::names::{cookie_domain, path_prefix, public_url, redirect_hosts};
use super::*;

fn text(text: &str) -> Raw {
    Raw::Text(text.to_owned())
}

fn list(entries: &[&str]) -> Raw {
    Raw::List(entries.iter().map(|entry| (*entry).to_owned()).collect())
}

#[test]
fn durations_are_whole_numbers_with_a_unit() {
    for (written, seconds) in
        [("1s", 1), ("15m", 900), ("24h", 86_400), ("90d", 7_776_000), ("007s", 7)]
    {
        assert_eq!(duration(&text(written)), Ok(Duration::from_secs(seconds)), "{written}");
    }
}

#[test]
fn everything_else_is_no_duration() {
    let huge = format!("{}d", u64::MAX);
    for written in [
        "", "s", "15", "1.5h", "+5s", "-5s", "5 m", "5M", "1h30m", "0s", "0d", "٣s", "5é", "4000d",
        &huge,
    ] {
        assert!(duration(&text(written)).is_err(), "{written}");
    }
    assert!(duration(&Raw::Number(15)).is_err());
    assert_eq!(optional_duration(&text("")), Ok(None));
    assert!(
        optional_duration(&text("0s")).is_err_and(|message| message.contains("switches it off"))
    );
}

#[test]
fn a_public_url_is_an_origin() {
    let origin = |written: &str| {
        public_url(&text(written)).map(|url| url.map(|url| url.as_str().to_owned()))
    };
    for (written, read) in [
        ("https://auth.example.com", "https://auth.example.com"),
        ("https://Auth.Example.COM/", "https://auth.example.com"),
        ("HTTPS://auth.example.com:443", "https://auth.example.com"),
        ("http://auth.example.com:80", "http://auth.example.com"),
        ("https://auth.example.com:8443", "https://auth.example.com:8443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://192.168.1.2:3000", "http://192.168.1.2:3000"),
        ("http://[fd00::1]:3000", "http://[fd00::1]:3000"),
        ("http://[fd00::1]", "http://[fd00::1]"),
    ] {
        assert_eq!(origin(written), Ok(Some(read.to_owned())), "{written}");
    }
    assert_eq!(origin(""), Ok(None));
}

#[test]
fn a_public_url_with_more_than_an_origin_is_refused() {
    for written in [
        "auth.example.com",
        "ftp://auth.example.com",
        "//auth.example.com",
        "https://",
        "https:///",
        "https://:443",
        "https://auth.example.com/auth",
        "https://auth.example.com//",
        "https://auth.example.com?a=b",
        "https://auth.example.com/?a=b",
        "https://auth.example.com#x",
        "https://user@auth.example.com",
        "https://user:secret@auth.example.com",
        "https://auth.example.com:0",
        "https://auth.example.com:65536",
        "https://auth.example.com:+80",
        "https://auth.example.com:",
        "https://auth..example.com",
        "https://auth.example.com.",
        "https://auth_1.example.com",
        "https://-auth.example.com",
        "https://auth example.com",
        "https://[::1",
        "https://[zz]",
        "https://999.1.1.1",
        "https://münchen.example",
        "https://auth.example.com\\evil",
    ] {
        assert!(public_url(&text(written)).is_err(), "{written}");
    }
}

#[test]
fn a_path_prefix_starts_with_a_slash_and_does_not_end_with_one() {
    for written in ["", "/auth", "/a/b-c_d.e~f"] {
        assert_eq!(path_prefix(&text(written)), Ok(written.to_owned()));
    }
    for written in [
        "auth", "/", "/auth/", "//auth", "/a//b", "/a/../b", "/.", "/a?b", "/a%20b", "/a b",
        "/a;b", "/ä",
    ] {
        assert!(path_prefix(&text(written)).is_err(), "{written}");
    }
}

#[test]
fn listen_takes_addresses_and_sockets() {
    let addresses = listen(&list(&["127.0.0.1:3000", "[::1]:3000", "unix:/run/a"])).expect("good");
    assert_eq!(
        addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["127.0.0.1:3000", "[::1]:3000", "unix:/run/a"]
    );
    assert_eq!(
        listen(&list(&["127.0.0.1:0", "127.0.0.1:0"])).map(|addresses| addresses.len()),
        Ok(2)
    );
    for written in [
        "",
        "3000",
        ":3000",
        "localhost:3000",
        "127.0.0.1",
        "127.0.0.1:99999",
        "127.0.0.1:+1",
        "unix:",
        "unix:a",
        "tcp://1.1.1.1:1",
    ] {
        let message = listen(&list(&[written])).expect_err(written);
        assert!(message.contains(&format!("\"{written}\"")), "{message}");
    }
    let long = format!("unix:/{}", "a".repeat(107));
    assert!(listen(&list(&[&long])).is_err_and(|message| message.contains("at most 107 bytes")));
    assert!(listen(&list(&[&long[..long.len() - 1]])).is_ok());
    assert!(listen(&text("127.0.0.1:3000")).is_err());
}

#[test]
fn a_cookie_name_is_a_token_without_a_prefix_of_its_own() {
    for written in ["auth_token", "sid", "a-b.c"] {
        assert_eq!(cookie_name(&text(written)), Ok(written.to_owned()));
    }
    let long = "a".repeat(65);
    for written in [
        "",
        "a b",
        "a;b",
        "a=b",
        "a,b",
        "\"a\"",
        "ä",
        "a\r\nb",
        "__Host-a",
        "__secure-a",
        "auth_device",
        &long,
    ] {
        assert!(cookie_name(&text(written)).is_err(), "{written}");
    }
}

#[test]
fn a_cookie_domain_is_a_name_with_a_dot() {
    assert_eq!(cookie_domain(&text("Example.com")), Ok(Some("example.com".to_owned())));
    assert_eq!(cookie_domain(&text(".example.com")), Ok(Some("example.com".to_owned())));
    assert_eq!(cookie_domain(&text("")), Ok(None));
    for written in [
        "com",
        "localhost",
        "192.168.1.1",
        "1.1",
        "::1",
        "example.com.",
        "..example.com",
        "*.example.com",
        "a b.c",
        "https://a.b",
        "a.b:1",
    ] {
        assert!(cookie_domain(&text(written)).is_err(), "{written}");
    }
    assert!(cookie_domain(&text("com")).is_err_and(|message| message.contains("has no dot")));
}

#[test]
fn redirect_hosts_are_bare_names() {
    assert_eq!(
        redirect_hosts(&list(&["A.example.org", "b"])),
        Ok(vec!["a.example.org".to_owned(), "b".to_owned()])
    );
    for written in ["", "https://a.b", "a.b:443", "*.a.b", "a.b/c", "1.2.3.4", "[::1]"] {
        assert!(redirect_hosts(&list(&[written])).is_err(), "{written}");
    }
}

#[test]
fn trust_comes_as_flag_number_text_or_list() {
    assert_eq!(trust(&Raw::Flag(true)), Ok(Trust::Everybody));
    assert_eq!(trust(&Raw::Flag(false)), Ok(Trust::Nobody));
    assert_eq!(trust(&Raw::Number(2)), Ok(Trust::Hops(2)));
    assert_eq!(trust(&text("loopback")), Ok(Trust::default()));
    assert_eq!(trust(&text("loopback, 10.0.0.0/8")), trust(&list(&["loopback", "10.0.0.0/8"])));
    assert!(trust(&list(&["loopback", "bogus"])).is_err_and(|message| message.contains("bogus")));
    for everything in ["0.0.0.0/0", "::/0"] {
        assert!(trust(&text(everything)).is_err_and(|message| message.contains(everything)));
    }
    assert!(trust(&Raw::Number(-1)).is_err());
}

#[test]
fn numbers_have_bounds_and_limits_are_never_zero() {
    assert_eq!(attempts(&Raw::Number(5)), Ok(5));
    assert_eq!(skew(&Raw::Number(0)), Ok(0));
    for (read, written) in [
        (attempts(&Raw::Number(0)), 0),
        (attempts(&Raw::Number(-1)), -1),
        (attempts(&Raw::Number(i64::MAX)), 1),
    ] {
        assert!(read.is_err(), "{written}");
    }
    assert!(connections(&Raw::Number(0)).is_err());
    assert!(skew(&Raw::Number(3)).is_err());
    assert!(attempts(&text("5")).is_err());
}

#[test]
fn words_are_taken_from_their_list_only() {
    assert_eq!(same_site(&text("Lax")), Ok(SameSite::Lax));
    assert!(same_site(&text("lux")).is_err_and(|message| message.contains("\"strict\"")));
    assert_eq!(client_ip_header(&text("cf-connecting-ip")), Ok(ClientIpHeader::CfConnectingIp));
    assert!(client_ip_header(&text("Forwarded")).is_err());
    assert_eq!(require_sync(&Raw::Flag(true)), Ok(RequireSync::Always));
    assert!(require_sync(&text("yes")).is_err());
    assert_eq!(
        identity_headers(&list(&["x-forwarded-user", "X-Forwarded-User"])),
        Ok(vec![IdentityHeader::XForwardedUser])
    );
    assert!(identity_headers(&list(&["Remote-User"])).is_err());
    assert!(log_level(&text("off")).is_err());
    assert!(flag(&text("true")).is_err());
}

#[test]
fn cloudflares_ranges_are_built_in_and_can_be_replaced() {
    assert_eq!(cloudflare_ranges(&list(&[])).map(|ranges| ranges.len()), Ok(22));
    assert_eq!(cloudflare_ranges(&list(&["10.0.0.0/8"])).map(|ranges| ranges.len()), Ok(1));
    assert!(cloudflare_ranges(&list(&["cloudflare"])).is_err());
    assert!(cloudflare_ranges(&list(&["0.0.0.0/0"])).is_err());
    assert_eq!(local_ranges(&list(&[])), Ok(Vec::new()));
    assert_eq!(
        local_ranges(&list(&["100.64.0.0/10", "2001:db8::/48"])).map(|ranges| ranges.len()),
        Ok(2)
    );
    assert!(local_ranges(&list(&["home"])).is_err() && local_ranges(&list(&["::/0"])).is_err());
}

#[test]
fn a_shown_value_can_be_read_again() {
    for value in ["plain", "a\"b\\c", "line\nend\u{7f}\u{1b}", "ä"] {
        let file = format!("public_url = {}", shown(&text(value)));
        let entries = super::super::toml_file::parse(&file).entries;
        assert_eq!(entries.first().map(|entry| entry.value.clone()), Some(text(value)));
    }
    assert_eq!(shown(&list(&["a", "b"])), "[\"a\", \"b\"]");
}
