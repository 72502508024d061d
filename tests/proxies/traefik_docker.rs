//! A site that Traefik finds by its container's labels, as docs/traefik.md has them, on the printed
//! file. Docker is played by what answers here; the container is one of the host's network.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use serde_json::{Value, json};

use crate::support::curl::Curl;
use crate::support::site::{Site, values};
use crate::support::test_stack::{ProxyKind, TestStack};
use crate::support::wait::{self, PATIENCE};

const PAGE: &str = include_str!("../../docs/traefik.md");

/// The page's section about labels.
fn section() -> &'static str {
    let (_, rest) = PAGE.split_once("## With Docker labels\n").expect("the section");
    rest.split("\n## ").next().expect("its text")
}

/// The labels of the example's container, with the names and places of the test.
fn labels(name: &str, application: SocketAddr) -> Value {
    let lines = section().lines().filter_map(|line| line.trim().split_once(": \""));
    let labels = lines.filter(|(label, _)| label.starts_with("traefik.")).map(|(label, value)| {
        let value = value.trim_end_matches('"').replace("app.example.com", name);
        (label.to_owned(), value.replace("8080", &application.port().to_string()).into())
    });
    let labels: serde_json::Map<_, _> = labels.collect();
    assert_eq!(labels.len(), 6, "{labels:?}");
    Value::Object(labels)
}

/// Answers as Docker does where one container runs that has these labels.
fn docker_with(labels: &Value) -> SocketAddr {
    let host = json!({"NetworkMode": "host"});
    let networks = json!({"Networks": {"host": {"IPAddress": ""}}, "Ports": {}});
    let summary = json!([{"Id": "one", "Names": ["/app"], "State": "running", "Labels": labels,
        "HostConfig": host, "NetworkSettings": networks}]);
    let container = json!({"Id": "one", "Name": "/app", "State": {"Status": "running", "Running": true},
        "Config": {"Labels": labels}, "HostConfig": host, "NetworkSettings": networks});
    let version = json!({"Version": "28.0.0", "ApiVersion": "1.48", "MinAPIVersion": "1.24"});
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = [
                ("/version", version.to_string()),
                ("/containers/json", summary.to_string()),
                ("/containers/one/json", container.to_string()),
                ("/_ping", "OK".to_owned()),
            ];
            std::thread::spawn(move || answer_all(&stream, &answers));
        }
    });
    address
}

/// Answers on a connection until the other side ends it; to the question for events never.
fn answer_all(stream: &TcpStream, answers: &[(&str, String)]) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line.trim().is_empty() {
                break;
            }
            lines.push(line);
        }
        let mut words = lines.first()?.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let path = target.split('?').next()?;
        let Some((_, body)) = answers.iter().find(|(known, _)| path.ends_with(known)) else {
            // Ends when the other side does.
            return reader.read_to_end(&mut Vec::new()).ok().map(drop);
        };
        let head = "HTTP/1.1 200 OK\r\nApi-Version: 1.48\r\nContent-Type: application/json\r\n";
        let body = if method == "HEAD" { "" } else { body };
        write!(writer, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).ok()?;
    }
}

#[test]
fn a_site_that_is_found_by_labels_is_guarded_by_the_printed_files_middleware() {
    let site = Site::start("labelled");
    let docker = docker_with(&labels("labelled.example.test", site.address));
    let added = section().split('`').find(|quoted| quoted.starts_with("docker: {"));
    let added = added.expect("the line for the static configuration");
    let added = added.replace('{', &format!("{{endpoint: \"tcp://{docker}\", "));
    let stack = TestStack::behind_changed(ProxyKind::Traefik, "", |text| {
        let provider = format!("#   providers:\n#     {added}\n");
        assert!(text.contains("#   providers:\n"), "{text}");
        text.replacen("#   providers:\n", &provider, 1)
    });
    let token = stack.gate.log_in(&stack.gate.place.add_user("owner"));
    let url = stack.url("labelled", "/who?a=1");
    let stranger = wait::until("that Traefik has read the labels", PATIENCE, || {
        Some(Curl::new(stack.ports).load(&url, &[])).filter(|page| page.status != 404)
    });
    assert_eq!((stranger.status, site.seen().len()), (302, 0), "{stranger:?}");
    assert!(stranger.location.starts_with(&stack.url("auth", "/login?next=")), "{stranger:?}");
    let cookie = format!("Cookie: auth_token={token}");
    let words = [
        "--header",
        &cookie,
        "--header",
        "Remote-User: mallory",
        "--header",
        "Remote.User: mallory",
    ];
    let inside = Curl::new(stack.ports).load(&url, &words);
    assert_eq!(inside.status, 200, "{inside:?}");
    let request = site.seen().pop().expect("the site was asked");
    assert_eq!(values(&request, "remote-user"), ["owner"], "{request}");
    assert!(!request.to_string().contains("mallory"), "{request}");
}
