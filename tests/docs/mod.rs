//! The documentation shows what the program prints: every configuration in `docs/` equals
//! `proxy print` for the example that its comment names. And the list of threats leads to tests
//! that there are.

mod apps;
mod glossary;
mod passes;
mod places;
mod rules;
mod threats;

use std::fs;
use std::path::{Path, PathBuf};

use portcullis::cli::proxy_print::{script, text};
use portcullis::config::Config;
use portcullis::config::sources::{ConfigFile, Sources};
use portcullis::proxies::all;

/// The settings that the page shows below `# portcullis.toml, example: NAME`, read as the program
/// reads its file.
fn example(page: &str, name: &str) -> Config {
    let title = format!("# portcullis.toml, example: {name}\n");
    let rest = page.split_once(&title).unwrap_or_else(|| panic!("no settings for {name}")).1;
    let text = rest.split("```").next().unwrap().to_owned();
    let sources =
        Sources { file: Some(ConfigFile { path: name.into(), text }), ..Sources::default() };
    Config::load(&sources).unwrap_or_else(|problems| panic!("{name}: {problems}")).config
}

fn pages() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut pages: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect();
    pages.sort();
    pages
}

#[test]
fn every_configuration_in_the_documentation_is_what_proxy_print_gives() {
    let mut seen = Vec::new();
    for (path, page) in pages() {
        for section in page.split("<!-- proxy print ").skip(1) {
            let (title, rest) = section.split_once(" -->\n```").unwrap();
            let (proxy, name) = title.split_once(", example: ").unwrap();
            let shown = rest.split_once('\n').unwrap().1.split("```").next().unwrap();
            let (name_of_proxy, option) = proxy.split_once(' ').unwrap_or((proxy, ""));
            let (_, configuration) = all::printable()
                .find(|(known, _)| known.name == name_of_proxy)
                .expect("a proxy's name");
            let config = example(&page, name);
            let printed = match option {
                "" => Some(text(configuration, &config)),
                "--lua" => script(configuration, &config),
                _ => None,
            };
            let printed = printed.unwrap_or_else(|| panic!("nothing is printed by {title}"));
            assert!(shown == printed, "{}: `{title}` should show\n{printed}", path.display());
            seen.push(proxy.to_owned());
        }
    }
    for (proxy, configuration) in all::printable() {
        let script = configuration.script.map(|_| format!("{} --lua", proxy.name));
        for wanted in [proxy.name.to_owned()].into_iter().chain(script) {
            assert!(seen.contains(&wanted), "no page shows what `proxy print {wanted}` gives");
        }
    }
}

#[test]
fn every_link_between_the_pages_leads_to_a_file() {
    for (path, page) in pages() {
        for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !link.starts_with("https://") {
                let target = path.parent().unwrap().join(link.split('#').next().unwrap());
                assert!(target.exists(), "{} links to {link}", path.display());
            }
        }
    }
}
