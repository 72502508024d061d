//! Answers are read back as they were written, and written as it was recorded.

use serde_json::Value;

use crate::app::messages::command::{Command, CommandRefused};
use crate::app::messages::example_answers::{commands, read, recorded};

#[test]
fn an_answer_to_each_command_is_read_and_written_as_recorded() {
    for command in commands() {
        let json = recorded(&command);
        let answer = read(&command, json).unwrap_or_else(|error| panic!("{command:?}: {error}"));
        assert_eq!(serde_json::to_string(&answer).expect("JSON"), json, "{command:?}");
    }
}

#[test]
fn there_is_an_example_of_each_command() {
    let verb = |command: &Command| {
        serde_json::to_value(command).expect("JSON")["verb"].as_str().expect("a verb").to_owned()
    };
    let unknown = serde_json::from_str::<Command>(r#"{"verb":"?"}"#).expect_err("no verb");
    let known = unknown.to_string();
    // "unknown variant `?`, expected one of `user-add`, `user-list`, …"
    let mut known: Vec<_> = known.split('`').skip(3).step_by(2).collect();
    let mut examples: Vec<_> = commands().iter().map(verb).collect();
    known.sort_unstable();
    examples.sort_unstable();
    assert_eq!(examples, known);
}

#[test]
fn a_member_that_is_missing_is_an_error_and_one_more_is_passed_over() {
    for command in commands() {
        let Value::Object(members) = serde_json::from_str(recorded(&command)).expect("JSON") else {
            continue;
        };
        for name in members.keys() {
            let with = |value: Option<Value>| {
                let mut members = members.clone();
                members.remove(name);
                members.extend(value.map(|value| (name.clone(), value)));
                read(&command, &Value::Object(members).to_string())
            };
            // What may be unknown may be left out, too.
            assert_eq!(with(None).is_ok(), with(Some(Value::Null)).is_ok(), "{command:?}: {name}");
        }
        assert!(read(&command, "{}").is_err(), "{command:?}");
        let mut more = members.clone();
        more.insert("a_later_member".to_owned(), Value::Null);
        let more = Value::Object(more).to_string();
        assert_eq!(
            read(&command, &more).expect("read"),
            read(&command, recorded(&command)).expect("read")
        );
    }
}

#[test]
fn no_secret_is_shown_by_debug() {
    for command in commands() {
        let shown = format!("{:?}", read(&command, recorded(&command)).expect("read"));
        for secret in ["JBSWY3DP", "ABCDEFGHJK", "dXNlcnM", "pcp_mfrg"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[test]
fn a_command_of_a_later_version_is_refused_with_the_way_out() {
    for command in
        [r#"{"verb":"device-list"}"#, r#"{"verb":"user-show","name":"a","since":1}"#, "", "{}"]
    {
        let error = serde_json::from_str::<Command>(command).expect_err("unknown");
        let refused = CommandRefused::unknown(&error);
        assert_eq!(refused.code, 65);
        for word in [env!("CARGO_PKG_VERSION"), "does not know", "systemctl restart portcullis"] {
            assert!(refused.message.contains(word), "{refused}");
        }
    }
}
