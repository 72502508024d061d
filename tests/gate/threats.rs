//! The page that leads from each known threat to its test tells the truth.

use std::path::{Path, PathBuf};

#[test]
fn every_test_that_the_threat_list_names_exists() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let code: String = [top.join("src"), top.join("tests")].iter().flat_map(sources).map(|path| read(&path)).collect();
    let page = read(&top.join("tests/vectors/cves.md"));
    // Test names are sentences: long, and joined by underscores.
    let names = page.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() >= 3);
    let missing: Vec<_> = names.filter(|name| !code.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn sources(top: &PathBuf) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(top).expect("a folder of the project").flatten().map(|entry| entry.path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let here = files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    folders.iter().flat_map(sources).chain(here).collect()
}
