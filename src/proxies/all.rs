//! All proxies and all addresses at which they ask, found by name.

use super::logged_request::LoggedRequest;
use super::reverse_proxy::VerifyEndpoint;
use super::reverse_proxy::{PassForm, PrintedConfiguration, RefusalForm, ReverseProxy};
use crate::original::purpose::ForwardingFamily;

// `ALL`, from the files of this folder (src/build.rs).
include!(concat!(env!("OUT_DIR"), "/proxies.rs"));

/// `/verify`: whichever proxy asks.
pub static ANY: VerifyEndpoint = VerifyEndpoint {
    path: "/verify",
    proxy: None,
    family: ForwardingFamily::Any,
    pass: PassForm::AllHeaders,
    refusal: RefusalForm::Whole,
};

/// How many addresses there are.
pub const ENDPOINT_COUNT: usize = 1 + count(ALL);

/// Every address at which a proxy asks.
pub static ENDPOINTS: [&VerifyEndpoint; ENDPOINT_COUNT] = endpoints(ALL);

/// The address at this path behind `path_prefix`. One that goes on behind its own path is looked
/// for only where no other is.
pub fn endpoint(path: &[u8]) -> Option<&'static VerifyEndpoint> {
    find(&ENDPOINTS, path)
}

fn find(among: &[&'static VerifyEndpoint], path: &[u8]) -> Option<&'static VerifyEndpoint> {
    let mut endpoints = among.iter().copied();
    let whole = endpoints.find(|endpoint| endpoint.path.as_bytes() == path);
    whole.or_else(|| among.iter().copied().find(|endpoint| endpoint.goes_on_as(path)))
}

/// The proxies whose configuration can be printed, with that configuration.
pub fn printable() -> impl Iterator<Item = (&'static ReverseProxy, &'static PrintedConfiguration)> {
    ALL.iter().filter_map(|proxy| Some((*proxy, proxy.configuration.as_ref()?)))
}

/// The request in a line of some proxy's access log; `None` where it holds none.
pub fn logged_request(line: &[u8]) -> Option<LoggedRequest<'_>> {
    ALL.iter().filter_map(|proxy| proxy.read_log_line).find_map(|read| read(line))
}

/// The proxies whose access logs can be read.
pub fn with_readable_log() -> impl Iterator<Item = &'static ReverseProxy> {
    ALL.iter().copied().filter(|proxy| proxy.read_log_line.is_some())
}

/// The command that prints a configuration, for who knows which proxy is meant.
pub fn print_command() -> String {
    let names: Vec<_> = printable().map(|(proxy, _)| proxy.name).collect();
    let (first, others) = names.split_first().map_or(("", &[][..]), |(one, rest)| (*one, rest));
    format!("portcullis proxy print {first}  # or {}", others.join(", "))
}

const fn count(mut proxies: &[&ReverseProxy]) -> usize {
    let mut count = 0;
    while let [proxy, others @ ..] = proxies {
        count += proxy.endpoints.len();
        proxies = others;
    }
    count
}

/// `N` is [`ENDPOINT_COUNT`] for all.
#[allow(clippy::indexing_slicing, reason = "computed by the compiler, which checks it")]
const fn endpoints<const N: usize>(
    mut proxies: &[&'static ReverseProxy],
) -> [&'static VerifyEndpoint; N] {
    let mut found = [&ANY; N];
    let mut place = 1;
    while let [proxy, others @ ..] = proxies {
        let mut own = proxy.endpoints;
        while let [endpoint, further @ ..] = own {
            found[place] = endpoint;
            place += 1;
            own = further;
        }
        proxies = others;
    }
    found
}

/// The address at this path, which a test names.
#[cfg(test)]
pub fn endpoint_at(path: &str) -> &'static VerifyEndpoint {
    endpoint(path.as_bytes()).expect(path)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::proxies::sixth::SIXTH;

    #[test]
    fn each_address_is_there_once_and_found_by_its_whole_path() {
        let paths: BTreeSet<_> = ENDPOINTS.iter().map(|endpoint| endpoint.path).collect();
        assert_eq!(paths.len(), ENDPOINT_COUNT);
        for own in ENDPOINTS {
            assert_eq!(endpoint(own.path.as_bytes()), Some(own));
            let below = own.family.extends_the_address().then_some(own);
            assert_eq!(endpoint(format!("{}/", own.path).as_bytes()), below, "{own:?}");
            assert_eq!(endpoint(format!("{}//x", own.path).as_bytes()), below, "{own:?}");
            for other in [format!("{}x", own.path), format!("{}#/", own.path)] {
                assert_eq!(endpoint(other.as_bytes()), None, "{other}");
            }
        }
        assert_eq!(endpoint(b""), None);
    }

    #[test]
    fn one_more_proxy_is_found_at_its_address() {
        const ALL_AND_ONE: usize = ENDPOINT_COUNT + 1;
        let proxies: Vec<_> = ALL.iter().copied().chain([&SIXTH]).collect();
        assert_eq!(1 + count(&proxies), ALL_AND_ONE);
        let found = endpoints::<ALL_AND_ONE>(&proxies);
        assert_eq!(find(&found, b"/verify/sixth"), SIXTH.endpoints.first());
        assert_eq!(find(&found, b"/verify"), Some(&ANY));
        assert!(ENDPOINTS.iter().all(|known| find(&found, known.path.as_bytes()).is_some()));
    }

    #[test]
    fn every_proxy_asks_below_its_own_name() {
        for proxy in ALL {
            let first = proxy.endpoints.first().expect("an address");
            assert_eq!(first.path, format!("/verify/{}", proxy.name));
            for endpoint in proxy.endpoints {
                assert_eq!(endpoint.proxy, Some(*proxy));
                assert!(endpoint.path.starts_with(first.path));
                assert_ne!(endpoint.family, ForwardingFamily::Any, "its own headers alone");
            }
        }
    }

    #[test]
    fn each_form_of_a_log_is_told_from_the_others() {
        for (line, host) in [
            (
                r#"{"logger":"http.log.access","request":{"method":"GET","host":"one","uri":"/"}}"#,
                Some("one"),
            ),
            (r#"{"RequestMethod":"GET","RequestPath":"/","RequestAddr":"two"}"#, Some("two")),
            ("::1 - - [t] \"GET / HTTP/1.1\" 200 2", None),
        ] {
            let readers = ALL.iter().filter_map(|proxy| proxy.read_log_line);
            assert_eq!(readers.filter(|read| read(line.as_bytes()).is_some()).count(), 1, "{line}");
            let request = logged_request(line.as_bytes()).expect(line);
            assert_eq!(request.host.as_deref(), host, "{line}");
        }
        assert_eq!(logged_request(b"GET / HTTP/1.1"), None);
    }

    #[test]
    fn the_command_names_all_whose_configuration_can_be_printed() {
        let command = print_command();
        let names = command.split_once("print ").map_or("", |(_, names)| names);
        let names: Vec<_> = names.split(['#', ',', ' ']).filter(|word| *word != "or").collect();
        let names: Vec<_> = names.into_iter().filter(|word| !word.is_empty()).collect();
        assert_eq!(names, printable().map(|(proxy, _)| proxy.name).collect::<Vec<_>>());
        assert!(command.starts_with("portcullis proxy print caddy  # or "), "{command}");
    }
}
