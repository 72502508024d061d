//! Variables that container platforms put into every environment, about services and containers
//! that may be named after us: Kubernetes for each service, Docker for each link. They are no
//! settings, and no typing errors either.
//!
//! Recognised by name and value together, since `PORTCULLIS_PORT=3000` is somebody's mistake and
//! `PORTCULLIS_PORT=tcp://10.43.0.7:3000` is not. Sources: Kubernetes, "Accessing the Service,
//! environment variables"; Docker, "Legacy container links".

use std::net::IpAddr;

use super::environment::Environment;

/// Whether a platform has set the variable by its own naming scheme. The service may also be called
/// `portcullis-something`.
pub fn is_injected(name: &str, value: &str, environment: &Environment) -> bool {
    let is_port =
        |text: &str| text.parse::<u16>().is_ok() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_address = |text: &str| text.parse::<IpAddr>().is_ok();
    if name.ends_with("_SERVICE_HOST") {
        return is_address(value);
    }
    if name.ends_with("_SERVICE_PORT") || name.contains("_SERVICE_PORT_") {
        return is_port(value);
    }
    if let Some((_, behind)) = name.split_once("_PORT_") {
        let mut words = behind.splitn(3, '_');
        let (port, protocol) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        return is_port(port)
            && PROTOCOLS.contains(&protocol.to_ascii_lowercase().as_str())
            && match words.next() {
                None | Some("START" | "END") => is_endpoint(value),
                Some("PROTO") => PROTOCOLS.contains(&value),
                Some("PORT" | "PORT_START" | "PORT_END") => is_port(value),
                Some("ADDR") => is_address(value),
                Some(_) => false,
            };
    }
    if name.ends_with("_PORT") {
        return is_endpoint(value);
    }
    if name.ends_with("_NAME") {
        return is_link(value);
    }
    // The linked container's own variables: anything, under the alias that its name stands under
    // too.
    name.match_indices("_ENV_").filter_map(|(at, _)| name.get(..at)).any(|alias| {
        let named = environment.value(&format!("{alias}_NAME")).and_then(|value| value.to_str());
        named.is_some_and(is_link)
    })
}

const PROTOCOLS: [&str; 3] = ["tcp", "udp", "sctp"];

/// `tcp://10.43.0.7:3000`, `tcp://[fd00::7]:3000`
fn is_endpoint(value: &str) -> bool {
    let Some((protocol, address)) = value.split_once("://") else { return false };
    let bare = address.rsplit_once(':').is_some_and(|(host, port)| {
        // Kubernetes puts no brackets around an IPv6 address in old releases.
        host.parse::<IpAddr>().is_ok() && port.parse::<u16>().is_ok()
    });
    PROTOCOLS.contains(&protocol) && (bare || address.parse::<std::net::SocketAddr>().is_ok())
}

/// `/gate/portcullis`: the names of both containers.
fn is_link(value: &str) -> bool {
    let mut names = value.split('/');
    names.next() == Some("") && names.clone().count() == 2 && names.all(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn injected(name: &str, value: &str) -> bool {
        is_injected(name, value, &Environment::default())
    }

    #[test]
    fn what_kubernetes_says_of_a_service_is_known_by_its_form() {
        // As a pod of 1.30 has them for a service `portcullis` with a named port, and for one in
        // front of its metrics.
        for service in ["PORTCULLIS", "PORTCULLIS_METRICS", "PORTCULLIS_SESSION"] {
            for (name, value) in [
                ("SERVICE_HOST", "10.43.0.7"),
                ("SERVICE_PORT", "3000"),
                ("SERVICE_PORT_HTTP", "3000"),
                ("SERVICE_PORT_GRPC_WEB", "3000"),
                ("PORT", "tcp://10.43.0.7:3000"),
                ("PORT_3000_TCP", "tcp://10.43.0.7:3000"),
                ("PORT_3000_TCP_PROTO", "tcp"),
                ("PORT_3000_TCP_PORT", "3000"),
                ("PORT_3000_TCP_ADDR", "10.43.0.7"),
                ("PORT_53_UDP", "udp://10.43.0.7:53"),
                ("PORT_9_SCTP_ADDR", "fd00::7"),
                ("PORT", "tcp://[fd00::7]:3000"),
            ] {
                assert!(injected(&format!("{service}_{name}"), value), "{service}_{name}={value}");
            }
        }
    }

    #[test]
    fn what_docker_says_of_a_link_is_known_by_its_form() {
        for (name, value) in [
            ("PORTCULLIS_NAME", "/caddy/portcullis"),
            ("PORTCULLIS_PORT", "tcp://172.17.0.5:3000"),
            ("PORTCULLIS_PORT_3000_TCP_START", "tcp://172.17.0.5:3000"),
            ("PORTCULLIS_PORT_3000_TCP_PORT_END", "3005"),
        ] {
            assert!(injected(name, value), "{name}={value}");
        }
        let linked = Environment::of([("PORTCULLIS_NAME", "/caddy/portcullis")]);
        assert!(is_injected("PORTCULLIS_ENV_PATH", "/bin", &linked));
        assert!(is_injected("PORTCULLIS_ENV_A_ENV_B", "", &linked));
        assert!(!injected("PORTCULLIS_ENV_PATH", "/bin"));
    }

    #[test]
    fn what_a_person_wrote_is_none_of_it() {
        for (name, value) in [
            ("PORTCULLIS_PORT", "3000"),
            ("PORTCULLIS_PORT", "127.0.0.1:3000"),
            ("PORTCULLIS_PORT", "http://10.0.0.1:3000"),
            ("PORTCULLIS_PORT", "tcp://gate:3000"),
            ("PORTCULLIS_PORT", "tcp://10.0.0.1:99999"),
            ("PORTCULLIS_PORT", ""),
            ("PORTCULLIS_SERVICE_HOST", "gate"),
            ("PORTCULLIS_SERVICE_PORT", "+3"),
            ("PORTCULLIS_SERVICE_PORT", "http"),
            ("PORTCULLIS_PORT_3000_TCP_HOST", "10.0.0.1"),
            ("PORTCULLIS_PORT_X_TCP", "tcp://10.0.0.1:3"),
            ("PORTCULLIS_PORT_3000_HTTP", "tcp://10.0.0.1:3"),
            ("PORTCULLIS_COOKIE_NAME", "gate"),
            ("PORTCULLIS_NAME", "/gate"),
            ("PORTCULLIS_NAME", "//gate"),
            ("PORTCULLIS_LISTN", "tcp://10.0.0.1:3000"),
        ] {
            assert!(!injected(name, value), "{name}={value}");
        }
    }
}
