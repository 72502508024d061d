//! What must hold of every printed configuration, whatever the settings; the whole texts stand in
//! `docs/`.

use std::time::Duration;

use super::*;
use crate::config::{ClientIpHeader, IdentityHeader, PublicUrl, Scheme};
use crate::proxies::all;
use crate::proxies::caddy::{ORDER, snippets};
use crate::proxies::claims::spellings;

/// What is printed for the proxy of this name.
fn print(name: &str, config: &Config) -> String {
    let mut known = all::printable();
    let (_, configuration) = known.find(|(proxy, _)| proxy.name == name).expect(name);
    text(configuration, config)
}

/// The script that HAProxy's configuration loads.
fn print_script(config: &Config) -> String {
    let mut known = all::printable().filter_map(|(_, configuration)| script(configuration, config));
    known.next().expect("a script")
}

fn example() -> Config {
    let mut config = Config {
        public_url: Some(PublicUrl::new(Scheme::Https, "auth.example.com", None)),
        ..Config::default()
    };
    config.session.cookie_domain = Some("example.com".to_owned());
    config
}

/// Settings that change the text, each by itself.
fn variants() -> Vec<Config> {
    let mut variants = vec![example(), Config::default()];
    let mut vary = |change: fn(&mut Config)| {
        for mut config in [example(), Config::default()] {
            change(&mut config);
            variants.push(config);
        }
    };
    vary(|c| c.path_prefix = "/.portcullis".to_owned());
    vary(|c| c.listen = vec!["unix:/run/portcullis/http.sock".parse().unwrap()]);
    vary(|c| c.listen = Vec::new());
    vary(|c| c.listen = vec!["[::]:3000".parse().unwrap()]);
    vary(|c| c.session.proxy_cache = Some(Duration::from_secs(10)));
    vary(|c| {
        c.identity.headers = vec![IdentityHeader::XForwardedUser, IdentityHeader::XAuthRequestUser]
    });
    vary(|c| c.identity.resolver_headers = true);
    vary(|c| c.proxy.client_ip_header = ClientIpHeader::CfConnectingIp);
    vary(|c| c.proxy.client_ip_header = ClientIpHeader::XRealIp);
    vary(|c| c.public_url = Some(PublicUrl::new(Scheme::Http, "auth.example.com", Some(8000))));
    vary(|c| c.session.cookie_domain = None);
    variants
}

#[test]
fn no_text_has_a_place_left_to_fill_and_all_brackets_close() {
    for config in variants() {
        for text in all::printable().flat_map(|(_, printed)| {
            [Some(text(printed, &config)), script(printed, &config)].into_iter().flatten()
        }) {
            assert!(!text.contains('<') && !text.contains('>'), "{text}");
            assert_eq!(text.matches('{').count(), text.matches('}').count(), "{text}");
            assert!(
                text.ends_with('\n') && !text.ends_with("\n\n") && !text.contains("\n\n\n"),
                "{text}"
            );
            assert!(text.lines().all(|line| line.trim_end() == line), "{text}");
        }
    }
}

#[test]
fn the_snippets_by_themselves_are_those_of_the_whole_text() {
    for config in variants() {
        let text = print("caddy", &config);
        assert!(text.contains(&snippets(&deployment(&config))), "{text}");
        assert!(text.contains(&format!("{{\n\t{ORDER}\n")), "{text}");
    }
}

#[test]
fn every_identity_header_is_taken_from_the_visitor_before_it_is_taken_from_the_gate() {
    for config in variants() {
        for name in deployment(&config).identity {
            let caddy = print("caddy", &config);
            // CGI and its heirs take each of these for the same header.
            for sent in spellings(name) {
                let fits =
                    |pattern: &str| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
                        (Some(rest), Some(_)) => sent.contains(rest.trim_end_matches('*')),
                        (None, Some(start)) => sent.starts_with(start),
                        _ => pattern == sent,
                    };
                let stripped = caddy
                    .lines()
                    .filter_map(|line| line.trim().strip_prefix("request_header -"))
                    .any(fits);
                assert!(stripped, "{sent}\n{caddy}");
            }
            let copied = caddy.lines().find(|line| line.contains("copy_headers")).unwrap();
            assert!(copied.split(' ').any(|word| word == name), "{name}\n{caddy}");

            let nginx = print("nginx", &config);
            let sent = |line: &str| line.split_whitespace().take(2).eq(["proxy_set_header", name]);
            let emptied =
                nginx.lines().filter(|line| sent(line) && line.ends_with("\"\";")).count();
            // The question, the refusal and the pages.
            assert_eq!(emptied, 3, "{name}\n{nginx}");
            assert_eq!(
                nginx.lines().filter(|line| sent(line) && line.contains(" $portcullis_")).count(),
                1,
                "{nginx}"
            );

            let traefik = print("traefik", &config);
            assert!(traefik.contains(&format!("          {name}: \"\"\n")), "{name}\n{traefik}");
            for sent in spellings(name) {
                assert!(
                    traefik.contains(&format!("          {sent}: \"\"\n")),
                    "{sent}\n{traefik}"
                );
            }
            assert!(traefik.contains(&format!("          - {name}\n")), "{name}\n{traefik}");

            let haproxy = print("haproxy", &config);
            let stripped = format!("\n    http-request del-header {name}\n");
            let (before, _) = haproxy.split_once("lua.portcullis").expect("the question");
            // Other spellings go by their marks.
            assert!(before.contains(&stripped) && before.contains(MARKED_NAMES), "{haproxy}");
            let taken = format!("\n  \"{}\",\n", name.to_ascii_lowercase());
            assert!(print_script(&config).contains(&taken), "{name}");
        }
    }
}

/// HAProxy's line for names that applications take for others.
const MARKED_NAMES: &str = "\n    http-request del-header [^a-z0-9-] -m reg\n";

/// An error in the script ends the script, and HAProxy goes on with the next line.
#[test]
fn haproxy_denies_what_its_script_did_not_let_pass_before_it_chooses_a_backend() {
    for config in variants() {
        let text = print("haproxy", &config);
        let places = [
            "\n    http-request del-header Remote-User\n",
            "\n    http-request set-header X-Forwarded-For %[src]\n",
            "\n    http-request lua.portcullis ",
            "\n    http-request deny deny_status 503 unless portcullis_pages or { var(txn.portcullis_passed) -m bool }\n",
            "\n    http-request del-header X-Portcullis-Pass\n",
            "\n    use_backend portcullis if portcullis_pages\n",
            "\n    use_backend app if { ",
        ]
        .map(|line| text.find(line).unwrap_or_else(|| panic!("no {line} in\n{text}")));
        assert!(places.is_sorted(), "{text}");
        assert!(!text.contains("default_backend"), "{text}");
    }
}

#[test]
fn haproxy_takes_the_visitors_address_from_cloudflare_alone() {
    let mut config = example();
    assert!(!print("haproxy", &config).contains("set-src"));
    config.proxy.client_ip_header = ClientIpHeader::CfConnectingIp;
    let text = print("haproxy", &config);
    let (before, after) = text.split_once("    http-request set-src ").expect("the line");
    let listed =
        before.lines().filter_map(|line| line.split_once("acl portcullis_cloudflare src "));
    let listed: Vec<_> = listed.flat_map(|(_, ranges)| ranges.split(' ')).collect();
    let ranges: Vec<_> = config.proxy.cloudflare_ranges.iter().map(ToString::to_string).collect();
    assert_eq!(listed, ranges);
    assert!(after.contains("\n    http-request del-header CF-Connecting-IP\n"), "{text}");
    assert!(!before.contains("%[src]"), "{text}");
}

#[test]
fn the_login_page_of_a_shared_host_is_never_behind_the_question() {
    let text = print("caddy", &Config::default());
    let (pages, rest) =
        text.split_once("@portcullis_pages path /login* /logout* /setup* /enroll*\n").unwrap();
    assert!(!pages.contains("app.example.com {\n\timport portcullis\n"));
    assert!(rest.contains("\thandle {\n\t\timport portcullis\n"));
    let text = print("nginx", &Config::default());
    assert!(
        text.contains(
            "location ~ ^(/login|/logout|/setup|/enroll) {\n            auth_request off;\n"
        ),
        "{text}"
    );
    let text = print("haproxy", &Config::default());
    let pages = "    acl portcullis_pages path_beg /login /logout /setup /enroll\n";
    assert!(
        text.contains(pages)
            && text.contains("portcullis_site req.fhdr(host),host_only -i app.example.com\n"),
        "{text}"
    );
}

/// What nginx inherits, it asks about; each location of the gate's own says that it does not.
#[test]
fn nginx_is_guarded_by_the_server_and_the_gates_own_locations_alone_are_not() {
    for config in variants() {
        let text = print("nginx", &config);
        let own = if deployment(&config).login.is_some() { 3 } else { 4 };
        assert_eq!(text.matches("\n            auth_request off;\n").count(), own, "{text}");
        assert_eq!(text.matches("\n        auth_request     /_portcullis;\n").count(), 1, "{text}");
        assert_eq!(text.matches("proxy_intercept_errors off;").count(), 3, "{text}");
        assert!(
            text.contains(
                "\n        location / {\n            proxy_pass http://127.0.0.1:8080;\n        }"
            ),
            "{text}"
        );
    }
}

#[test]
fn a_prefix_goes_before_every_address_of_the_gate() {
    let config = Config { path_prefix: "/.portcullis".to_owned(), ..Config::default() };
    let text = print("caddy", &config);
    assert!(
        text.contains("uri /.portcullis/verify/caddy?\n") && text.contains("path /.portcullis*\n"),
        "{text}"
    );
    let text = print("nginx", &config);
    assert!(text.contains("http://portcullis/.portcullis/verify/nginx;\n"), "{text}");
    assert!(text.contains("rewrite ^ /.portcullis/verify/nginx/refusal? break;\n"), "{text}");
    assert!(text.contains("location ~ ^(/\\.portcullis) {\n"), "{text}");
    assert!(print("traefik", &config).contains("3000/.portcullis/verify/traefik\""));
    let text = print("haproxy", &config);
    assert!(text.contains("127.0.0.1:3000 /.portcullis/verify/haproxy unless"), "{text}");
    assert!(text.contains("acl portcullis_pages path_beg /.portcullis\n"), "{text}");
}

#[test]
fn a_listener_on_all_addresses_is_asked_through_loopback_and_a_socket_by_its_path() {
    let gate = |listen: &str, proxy| {
        let listen = vec![listen.parse().unwrap()];
        print(proxy, &Config { listen, ..example() })
    };
    assert!(gate("0.0.0.0:4000", "caddy").contains("forward_auth 127.0.0.1:4000 {"));
    assert!(gate("[::]:4000", "nginx").contains("server [::1]:4000;"));
    let socket = "unix:/run/portcullis/http.sock";
    assert!(gate(socket, "caddy").contains("forward_auth unix//run/portcullis/http.sock {"));
    assert!(gate(socket, "nginx").contains("server unix:/run/portcullis/http.sock;"));
    assert!(gate(socket, "traefik").contains("# Traefik cannot ask over a Unix socket"));
    let text = gate(socket, "haproxy");
    assert!(text.contains("lua.portcullis unix@/run/portcullis/http.sock /verify/haproxy "));
    assert!(text.contains("    server gate unix@/run/portcullis/http.sock\n"), "{text}");
}

#[test]
fn a_cached_answer_is_kept_under_a_key_with_cookie_host_and_method_and_never_for_a_refusal() {
    let mut config = example();
    assert!(!print("nginx", &config).contains("proxy_cache"));
    config.session.proxy_cache = Some(Duration::from_secs(10));
    let text = print("nginx", &config);
    let key = r#"proxy_cache_key "$server_port\n$http_cookie\n$http_authorization\n$http_x_portcullis_pass\n$http_access_control_request_method\n$remote_addr\n$request_method\n$scheme://$host$request_uri";"#;
    assert!(text.contains(key));
    let (before, refusal) = text.split_once("location @portcullis_refusal").unwrap();
    assert!(before.contains(key) && !refusal.contains("proxy_cache"));
    assert!(before.contains("http {") && before.contains("keys_zone=portcullis:1m"));
}

#[test]
fn without_a_cookie_domain_the_example_is_on_the_login_host_since_no_other_sees_the_session() {
    let mut config = example();
    config.session.cookie_domain = None;
    let text = print("caddy", &config);
    assert!(
        text.contains("\nauth.example.com {\n\t@portcullis_pages")
            && !text.contains("app.example.com"),
        "{text}"
    );
}

#[test]
fn ports_and_plain_http_of_public_url_reach_both_sites() {
    let mut config = example();
    config.public_url = Some(PublicUrl::new(Scheme::Http, "auth.example.com", Some(8000)));
    let text = print("caddy", &config);
    assert!(
        text.contains("\nhttp://auth.example.com:8000 {")
            && text.contains("\nhttp://app.example.com:8000 {"),
        "{text}"
    );
    let text = print("nginx", &config);
    assert_eq!(text.matches("listen 8000;").count(), 2, "{text}");
    assert!(!text.contains("ssl"), "{text}");
    let text = print("haproxy", &config);
    assert!(
        text.contains("\n    bind :8000\n") && text.matches("    bind ").count() == 1,
        "{text}"
    );
    assert!(!text.contains("redirect"), "{text}");
}

#[test]
fn an_ipv6_address_is_written_as_each_proxy_has_it() {
    let config = Config {
        public_url: Some(PublicUrl::new(Scheme::Https, "[fd00::5]", Some(8443))),
        ..Config::default()
    };
    assert!(print("caddy", &config).contains("\n[fd00::5]:8443 {"));
    assert!(print("traefik", &config).contains("rule: \"Host(`fd00::5`)\""));
    let text = print("nginx", &config);
    assert!(
        text.contains("listen [::]:8443 ssl;") && text.contains("server_name [fd00::5];"),
        "{text}"
    );
    assert!(text.contains("/etc/nginx/certificates/fd00::5.crt;"), "{text}");
    let text = print("haproxy", &config);
    assert!(text.contains("\n    bind [::]:8443 v4v6 ssl crt "), "{text}");
    assert!(text.contains("portcullis_site req.fhdr(host),host_only -i [fd00::5]\n"), "{text}");
}

/// The names that a line of Envoy's removes: a dot is any character, and a part in brackets one of
/// several.
fn removed_by(line: &str) -> Vec<String> {
    let Some((_, rest)) = line.split_once("remove_on_match: {key_matcher: {safe_regex: {regex: \"")
    else {
        return Vec::new();
    };
    let pattern = rest.split('"').next().unwrap_or_default();
    match pattern.split_once('(') {
        None => vec![pattern.to_owned()],
        Some((start, ends)) => {
            ends.trim_end_matches(')').split('|').map(|end| format!("{start}{end}")).collect()
        }
    }
}

fn fits(pattern: &str, sent: &str) -> bool {
    pattern.len() == sent.len()
        && pattern.bytes().zip(sent.bytes()).all(|(p, s)| p == b'.' || p == s)
}

#[test]
fn envoy_removes_every_spelling_of_what_a_visitor_may_not_claim_before_it_asks() {
    for config in variants() {
        let text = print("envoy", &config);
        let (mutations, rest) = text.split_once("          route_config:\n").expect("routes");
        let removed: Vec<_> = mutations.lines().flat_map(removed_by).collect();
        let overrides = ["X-HTTP-Method-Override", "X-Rewrite-URL", "X-Original-URL"];
        let identity = deployment(&config).identity;
        for name in identity.iter().copied().chain(overrides).chain(["X-Forwarded-Uri"]) {
            for sent in spellings(name).into_iter().chain([name.replace('-', ".")]) {
                let sent = sent.to_ascii_lowercase();
                assert!(removed.iter().any(|pattern| fits(pattern, &sent)), "{sent}\n{text}");
            }
        }
        let (_, copied) = rest.split_once("allowed_upstream_headers:\n").expect("a list");
        for name in identity {
            let line = format!("- {{exact: {}}}\n", name.to_ascii_lowercase());
            assert_eq!(copied.matches(&line).count(), 1, "{name}\n{text}");
        }
        // Cloudflare's word on the address stays where the gate reads it.
        let reads = config.proxy.client_ip_header == ClientIpHeader::CfConnectingIp;
        let stays = !removed.iter().any(|pattern| fits(pattern, "cf-connecting-ip"));
        assert_eq!(stays, reads, "{text}");
    }
}

#[test]
fn envoy_asks_about_everything_but_the_gates_own_pages() {
    for config in variants() {
        let text = print("envoy", &config);
        let deployment = deployment(&config);
        // The lines of the filter, and of each place that it leaves out.
        let unasked = text.matches("ExtAuthzPerRoute, disabled: true}").count();
        let pages = if deployment.login.is_some() { 1 } else { deployment.pages().len() };
        assert_eq!(unasked, pages, "{text}");
        assert_eq!(text.matches("{cluster: portcullis, timeout: 30s}").count(), pages, "{text}");
        assert_eq!(text.matches("route: {cluster: app, ").count(), 1, "{text}");
        assert_eq!(text.matches("failure_mode_allow: false\n").count(), 1, "{text}");
        let asks_at = format!("path_prefix: {}/verify/envoy\n", config.path_prefix);
        assert_eq!(text.matches(&asks_at).count(), 1, "{text}");
        let by_tls = deployment.app.scheme == Scheme::Https;
        assert_eq!(text.contains("transport_sockets.tls"), by_tls, "{text}");
    }
    let socket = Config {
        listen: vec!["unix:/run/portcullis/http.sock".parse().unwrap()],
        ..Config::default()
    };
    let text = print("envoy", &socket);
    assert!(text.contains("address: {pipe: {path: /run/portcullis/http.sock}}"), "{text}");
    let text = print("envoy", &Config { listen: vec!["[::]:3000".parse().unwrap()], ..example() });
    assert!(text.contains("{address: \"::1\", port_value: 3000}"), "{text}");
    assert!(text.contains("uri: \"http://[::1]:3000\""), "{text}");
}
