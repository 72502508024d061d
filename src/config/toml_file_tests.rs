//! What is read from a file, and what the message for anything else says.

use super::*;

fn only_problem(text: &str) -> FileProblem {
    let mut problems = parse(text).problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

fn entries(text: &str) -> Vec<FileEntry> {
    let contents = parse(text);
    assert_eq!(contents.problems, []);
    contents.entries
}

#[test]
fn every_kind_of_value_is_read_with_its_line() {
    let text = "listen = [\"127.0.0.1:1\",\n  \"unix:/a\"]\n\n[session]\nlifetime = \"1h\"\nsecure = false\n[login]\nskew = 2\n";
    let entries = entries(text);
    let seen: Vec<_> =
        entries.iter().map(|entry| (entry.key.name, entry.line, entry.value.clone())).collect();
    assert!(seen.contains(&("listen", 1, Raw::List(vec!["127.0.0.1:1".into(), "unix:/a".into()]))));
    assert!(seen.contains(&("session.lifetime", 5, Raw::Text("1h".into()))));
    assert!(seen.contains(&("session.secure", 6, Raw::Flag(false))));
    assert!(seen.contains(&("login.skew", 8, Raw::Number(2))));
}

#[test]
fn dotted_keys_are_the_same_keys() {
    let entries = entries("session.lifetime = \"1h\"");
    assert_eq!(entries.first().map(|entry| entry.key.name), Some("session.lifetime"));
}

#[test]
fn an_unknown_key_names_the_nearest_and_its_line() {
    let problem = only_problem("[session]\n\nlifetme = \"1h\"\n");
    assert_eq!(problem.line, 3);
    assert_eq!(problem.message, "unknown key `session.lifetme`: did you mean `session.lifetime`?");
}

#[test]
fn a_key_in_the_wrong_section_is_told_where_it_belongs() {
    assert!(
        only_problem("[login]\ncookie_name = \"a\"").message.contains("belongs below [session]")
    );
    assert!(only_problem("cookie_name = \"a\"").message.contains("belongs below [session]"));
    assert!(only_problem("[login]\npublic_url = \"a\"").message.contains("top of the file"));
}

#[test]
fn a_line_pasted_where_it_cannot_stand_is_told_its_place() {
    for (text, line, message) in [
        (
            "[session]\nsession.cookie_domain = \"a.example\"",
            2,
            "below [session] the section is not named again: write `cookie_domain` for `session.cookie_domain`",
        ),
        (
            "[log]\nsession.idle = \"\"",
            2,
            "below [log] `session.idle` cannot stand: write `idle` below [session]",
        ),
        ("[log]\nsession.idl = \"\"", 2, "unknown key `session.idl`: did you mean `session.idle`?"),
        (
            "session.secure = true\n[session]\nidle = \"\"",
            2,
            "line 1 belongs to [session] too: put it below this line, there without `session.` before its name",
        ),
        (
            "[session]\nsecure = true\n[log]\n[session]\nidle = \"\"",
            4,
            "[session] stands on line 1 already: put what is below this one below that one",
        ),
        (
            "[session]\nidle = \"\"\nidle = \"1h\"",
            3,
            "`idle` stands on line 2 already: keep one of the two",
        ),
        (
            "login.skew = 1\nlogin.skew = 2",
            2,
            "`login.skew` stands on line 1 already: keep one of the two",
        ),
        (
            "listen = []\nlisten = []  # again",
            2,
            "`listen` stands on line 1 already: keep one of the two",
        ),
    ] {
        assert_eq!(only_problem(text), FileProblem { line, message: message.to_owned() }, "{text}");
    }
}

#[test]
fn an_unknown_section_names_the_nearest() {
    assert_eq!(
        only_problem("\n[sesion]\nx = 1").message,
        "unknown section [sesion]: did you mean [session]?"
    );
    assert!(
        only_problem("[database]\nx = 1").message.contains("the sections are server, session,")
    );
}

#[test]
fn realms_are_refused_and_never_ignored() {
    for text in ["[[realm]]\nname = \"a\"", "[realm]", "realm = []"] {
        assert!(only_problem(text).message.contains("not supported by this version"), "{text}");
    }
}

#[test]
fn tables_are_read_with_the_lines_of_each_value_and_entry() {
    let contents = parse(
        "[networks]\nhome = [\"10.0.0.0/8\"]\n\n[[rule]] # one\naccess = \"open\"\nhosts = [\n  \"a\",\n\n           \"b\",\n]\n[session]\nidle = \"\"\n[[rule]]\naccess = \"deny\"\n",
    );
    assert_eq!(contents.problems, []);
    let tables: Vec<_> = contents.tables.iter().map(|t| (t.table.name, t.line)).collect();
    assert_eq!(tables, [("networks", 1), ("rule", 4), ("rule", 13)]);
    let values: Vec<_> = contents
        .tables
        .iter()
        .flat_map(|table| &table.values)
        .map(|value| (value.name.as_str(), value.line, value.entry_lines.as_slice()))
        .collect();
    assert_eq!(
        values,
        [("home", 2, &[2][..]), ("access", 5, &[]), ("hosts", 6, &[7, 9]), ("access", 14, &[]),]
    );
}

#[test]
fn tables_in_other_forms_of_toml_are_the_same_tables() {
    for text in [
        "rule = [{access = \"open\", hosts = [\"a\"]}]",
        "[[rule]]\nhosts = [\"a\"]\naccess = \"open\"",
        "networks = {home = [\"10.0.0.0/8\"]}",
        "networks.home = [\"10.0.0.0/8\"]",
    ] {
        let contents = parse(text);
        assert!(contents.problems.is_empty() && contents.tables.len() == 1, "{contents:?}");
    }
}

#[test]
fn a_table_in_the_wrong_form_is_told_the_right_one() {
    for (text, line, message) in [
        ("\n[rule]\naccess = \"open\"", 2, "write [[rule]] on a line of its own for each"),
        ("[rule.a]\naccess = \"open\"", 1, "write [[rule]] on a line of its own for each"),
        ("[[rule.a]]\naccess = \"open\"", 1, "write [[rule]] on a line of its own for each"),
        ("rule = []", 1, "write [[rule]] on a line of its own for each"),
        ("rule = [\"open\"]", 1, "write [[rule]] on a line of its own for each"),
        ("rule.access = \"open\"", 1, "write [[rule]] on a line of its own for each"),
        ("\n[[rule]]\n[rule]", 3, "each rule has its own line: write [[rule]] for [rule]"),
        ("rule = []\n[[rule]]", 2, "`rule` stands above in another form: write [[rule]] there too"),
        ("\n[[networks]]\nhome = []", 2, "`networks` is a section: write [networks] on a line"),
        ("networks = []", 1, "`networks` is a section: write [networks] on a line"),
        ("[networks]\n[[networks]]", 2, "[networks] stands there once: write it for [[networks]]"),
        ("[networks]\n[log]\n[networks]", 3, "[networks] stands on line 1 already"),
        ("[networks]\na = []\na = []", 3, "`a` stands on line 2 already"),
        ("[[rule]]\nhosts = []\n[[rule]]\nhosts = []\nhosts = []", 5, "on line 4 already"),
        ("[rules]\na = 1", 1, "unknown section [rules]: did you mean [[rule]]?"),
        ("\n[[rules]]\na = 1", 2, "unknown section [[rules]]: did you mean [[rule]]?"),
        ("rules = []", 1, "unknown key `rules`: did you mean [[rule]]?"),
        ("[network]\nhome = []", 1, "unknown section [network]: did you mean [networks]?"),
        ("[log]\nnetworks.home = []", 2, "write [networks] on a line of its own"),
    ] {
        let problem = only_problem(text);
        assert!(problem.line == line && problem.message.contains(message), "{text}: {problem:?}");
    }
}

#[test]
fn an_unknown_key_of_a_table_names_the_nearest_or_its_place() {
    for (key, message) in [
        ("acess = \"open\"", "unknown key `rule.acess`: did you mean `access`?"),
        ("host = [\"a\"]", "unknown key `rule.host`: did you mean `hosts`?"),
        ("secure = true", "unknown key `rule.secure`: `secure` belongs below [session]"),
        ("public_url = \"\"", "belongs at the top of the file, before the first [section]"),
        ("colour = 1", "the keys of [[rule]] are name, hosts, paths, methods, networks, access,"),
        ("match.host = 1", "unknown key `rule.match`"),
    ] {
        let problem = only_problem(&format!("[[rule]]\n\n{key}"));
        assert!(problem.line == 3 && problem.message.contains(message), "{problem:?}");
    }
    for (text, message) in [
        ("access = \"open\"", "unknown key `access`: `access` belongs below [[rule]]"),
        ("[log]\nhosts = []", "unknown key `log.hosts`: `hosts` belongs below [[rule]]"),
    ] {
        assert_eq!(only_problem(text).message, message);
    }
}

#[test]
fn a_value_that_no_table_takes_is_refused_where_it_stands() {
    for (text, line, message) in [
        ("[[rule]]\nhosts = [\n\"a\",\n1]", 4, "rule.hosts: a list holds strings in quotes"),
        ("[[rule]]\naccess = 1.5", 2, "rule.access: a float cannot stand here"),
        ("[networks.home]\nx = 1", 1, "networks.home: a table cannot stand here"),
        ("[networks]\nhome = [\n\n[]]", 4, "networks.home: a list holds strings in quotes"),
    ] {
        let problem = only_problem(text);
        assert!(problem.line == line && problem.message.starts_with(message), "{problem:?}");
    }
}

#[test]
fn a_file_that_is_no_toml_names_the_line() {
    assert_eq!(only_problem("listen = []\n\nsession = {\n").line, 3);
    assert_eq!(only_problem("a = 1\na = 2").line, 2);
}

#[test]
fn values_that_no_key_takes_are_refused() {
    for text in [
        "listen = [1]",
        "listen = 1979-05-27",
        "login.skew = 1.5",
        "listen = 99999999999999999999",
        "session = 1",
    ] {
        assert_eq!(only_problem(text).line, 1, "{text}");
    }
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_file() {
    let problems = parse("zzz = 1\n[session]\nbogus = 1\n[log]\nbogus = 1").problems;
    assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [1, 3, 5]);
}

#[test]
fn ten_thousand_tables_keep_their_lines() {
    let rule = "[[rule]]\nhosts = [\n\"a.example.com\"]\naccess = \"deny\"\n";
    let contents = parse(&rule.repeat(10_000));
    let last = contents.tables.last().expect("tables");
    assert_eq!((contents.tables.len(), last.line), (10_000, 39_997));
    let lines: Vec<_> = last.values.iter().map(|value| value.line).collect();
    assert_eq!(
        (lines, last.values[0].entry_lines.as_slice()),
        (vec![39_998, 40_000], &[39_999][..])
    );
}
