//! What is a proxy's own stands in that proxy's file, and nowhere else.
//!
//! Guarantees: outside of `src/proxies` no code of the program spells a proxy's name, neither in a
//! string nor in a name of its own. Leaves out comments and tests.

use portcullis::proxies::all::ALL;

use super::source::{File, library};

/// Where a name is an example: file and why.
const EXCUSED: [(&str, &str); 3] = [
    ("cli/arguments.rs", "an example in the help"),
    ("cli/verbs.rs", "examples in the help"),
    ("cli/proxy_explain.rs", "an example of a path in a message"),
];

/// The lines of a file that spell a proxy's name.
fn spelled(file: &File) -> Vec<String> {
    let names = || ALL.iter().map(|proxy| proxy.name);
    let spells = |code: &str| {
        let code = code.to_ascii_lowercase();
        names().any(|name| code.contains(name))
    };
    let bare = File { path: file.path.clone(), text: file.text_without_tests().to_owned() };
    let lines = bare.code().filter(|(_, code)| spells(code));
    lines.map(|(line, code)| format!("src/{}:{line}: {}", file.path, code.trim())).collect()
}

#[test]
fn no_code_but_that_of_a_proxy_names_one() {
    let files = library().into_iter().filter(|file| {
        file.part() != "proxies"
            && !file.path.ends_with("_tests.rs")
            && !file.path.ends_with("testing.rs")
            && !EXCUSED.iter().any(|(path, _)| *path == file.path)
    });
    let found: Vec<_> = files.flat_map(|file| spelled(&file)).collect();
    assert!(found.is_empty(), "say it in src/proxies:\n{}", found.join("\n"));
}

#[test]
fn a_name_is_seen_in_every_way_of_writing_it() {
    for text in [
        "match form { VerifyForm::Caddy => {} }",
        "const PATH: &str = \"/verify/nginx\";",
        "fn of_traefik() {}",
        "use crate::proxies::haproxy;",
        "const ENVOY: u8 = 0;",
    ] {
        let file = File { path: "app/some.rs".to_owned(), text: text.to_owned() };
        assert_eq!(spelled(&file).len(), 1, "{text}");
    }
    let comment = File { path: "app/some.rs".to_owned(), text: "// as Caddy does\n".to_owned() };
    assert_eq!(spelled(&comment), Vec::<String>::new());
}

#[test]
fn each_excuse_is_needed() {
    let files = library();
    for (path, why) in EXCUSED {
        let file = files.iter().find(|file| file.path == path).expect(path);
        assert!(!spelled(file).is_empty(), "{path}: {why}");
    }
}

/// Files of proxies say nothing of each other.
#[test]
fn no_proxy_names_another() {
    for proxy in ALL {
        let path = format!("proxies/{}.rs", proxy.name);
        let file = library().into_iter().find(|file| file.path == path).expect("a file each");
        for other in ALL.iter().filter(|other| *other != proxy) {
            let found =
                file.code().find(|(_, code)| code.to_ascii_lowercase().contains(other.name));
            assert_eq!(found, None, "src/{path} names {other:?}");
        }
    }
}
