//! Where the session secret comes from, and which files are refused.

use super::super::scratch::{self, file};
use super::*;

const GOOD_SECRET: &str = "0123456789abcdef0123456789abcdef";

struct Counting(u8);

impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
    }
}

fn given(variables: &[(&str, &Path)]) -> Result<Option<(Secret, SecretSource)>, SecretError> {
    explicit(&Environment::of(variables.iter().map(|(name, value)| (*name, value.as_os_str()))))
}

fn refused<T>(result: Result<T, SecretError>) -> String {
    result.err().expect("refused").to_string()
}

#[test]
fn the_bytes_are_used_as_given_without_the_final_line_end() {
    for (text, bytes) in
        [("", ""), ("\n", ""), ("\r\n", ""), ("\n\n", "\n"), (" \n", " "), ("==", "==")]
    {
        let path = file("s", format!("{GOOD_SECRET}{text}").as_bytes(), 0o600);
        let (secret, _) =
            given(&[("JWT_SECRET_FILE", &path)]).ok().flatten().expect("a good secret");
        assert_eq!(secret.expose(), format!("{GOOD_SECRET}{bytes}").as_bytes());
    }
    let (secret, source) =
        given(&[("JWT_SECRET", Path::new(GOOD_SECRET))]).ok().flatten().expect("a good secret");
    assert_eq!((secret.expose(), source), (GOOD_SECRET.as_bytes(), SecretSource::Variable));
}

#[test]
fn an_empty_source_is_called_empty_whatever_else_is_given() {
    let good = file("s", GOOD_SECRET.as_bytes(), 0o600);
    let nothing = Path::new("");
    let named = ("JWT_SECRET_FILE", &*good);
    for (variables, expected) in [
        (&[("JWT_SECRET", nothing)][..], "JWT_SECRET is empty"),
        (&[("JWT_SECRET", nothing), named], "JWT_SECRET is empty"),
        (
            &[("JWT_SECRET", Path::new(GOOD_SECRET)), ("JWT_SECRET_FILE", nothing)],
            "JWT_SECRET_FILE is empty",
        ),
        (&[("JWT_SECRET_FILE", nothing)], "JWT_SECRET_FILE is empty"),
    ] {
        let message = refused(given(variables));
        assert!(message.starts_with(expected), "{message}");
    }
    for text in ["", "\n", "\u{feff}", "\u{feff}\r\n"] {
        let path = file("s", text.as_bytes(), 0o600);
        let message = refused(given(&[("JWT_SECRET_FILE", &path)]));
        assert!(message.contains("is empty") && message.contains("openssl rand"), "{message}");
    }
}

#[test]
fn the_mark_of_an_editor_is_no_part_of_a_file() {
    let path = file("s", format!("\u{feff}{GOOD_SECRET}\r\n").as_bytes(), 0o600);
    let (secret, _) = given(&[("JWT_SECRET_FILE", &path)]).ok().flatten().expect("a good secret");
    assert_eq!(secret.expose(), GOOD_SECRET.as_bytes());
}

#[test]
fn what_a_container_was_given_is_narrowed_where_it_came_from() {
    let way = way_to_narrow(Path::new("/run/secrets/jwt"));
    let user = nix::unistd::geteuid();
    assert!(way.contains(&format!("chown {user} FILE")) && way.contains("mode: 0400"), "{way}");
    assert!(!way.contains("/run/secrets"), "nobody can change it there: {way}");
    assert_eq!(way_to_narrow(Path::new("/srv/jwt")), "run `chmod 0600 /srv/jwt`");
    assert_eq!(way_out_of_container(Path::new("/srv/jwt")), None);
}

#[test]
fn each_fault_has_a_remedy_of_its_own() {
    let good = file("s", GOOD_SECRET.as_bytes(), 0o600);
    let open = file("s", GOOD_SECRET.as_bytes(), 0o644);
    let missing = Path::new("/nonexistent/s");
    let short = Path::new("short");
    for (variables, remedy) in [
        (&[("JWT_SECRET_FILE", &*open)][..], format!("chmod 0600 {}", open.display())),
        (&[("JWT_SECRET_FILE", missing)], "ls -ld /nonexistent/s".to_owned()),
        (&[("JWT_SECRET", short)], GOOD.to_owned()),
        (
            &[("JWT_SECRET", Path::new(GOOD_SECRET)), ("JWT_SECRET_FILE", &*good)],
            format!(
                "systemctl edit portcullis  # and take {} (JWT_SECRET_FILE) away",
                good.display()
            ),
        ),
    ] {
        assert_eq!(given(variables).err().expect("refused").remedy(), remedy);
    }
}

#[test]
fn a_short_secret_is_refused_with_a_command_that_makes_a_good_one() {
    for short in ["a", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcde\n"] {
        let message = refused(given(&[("JWT_SECRET", Path::new(short))]));
        assert!(message.contains("openssl rand -base64 48"), "{message}");
        assert!(short.len() < 2 || !message.contains(short), "the message tells the secret");
    }
}

#[test]
fn a_secret_that_is_no_text_is_refused() {
    let path = file("s", &[0xFF; 48], 0o600);
    assert!(refused(given(&[("JWT_SECRET_FILE", &path)])).contains("not UTF-8"));
}

#[test]
fn two_sources_from_outside_are_refused() {
    let path = file("jwt_secret", GOOD_SECRET.as_bytes(), 0o600);
    let directory = path.parent().expect("a directory");
    let variable = ("JWT_SECRET", Path::new(GOOD_SECRET));
    let named = ("JWT_SECRET_FILE", &*path);
    let credential = ("CREDENTIALS_DIRECTORY", directory);
    for pair in [[variable, named], [named, credential], [variable, credential]] {
        assert!(refused(given(&pair)).contains("given twice"));
    }
}

#[test]
fn a_secret_that_others_can_read_is_refused_with_the_command_that_mends_it() {
    for mode in [0o644, 0o604, 0o602, 0o777] {
        let path = file("s", GOOD_SECRET.as_bytes(), mode);
        let message = refused(given(&[("JWT_SECRET_FILE", &path)]));
        assert!(message.contains(&format!("chmod 0600 {}", path.display())), "{message}");
    }
    for mode in [0o600, 0o400, 0o640] {
        assert!(given(&[("JWT_SECRET_FILE", &file("s", GOOD_SECRET.as_bytes(), mode))]).is_ok());
    }
}

#[test]
fn a_file_that_is_missing_is_never_replaced_by_a_new_secret() {
    let state = scratch::directory();
    let environment = Environment::of([("JWT_SECRET_FILE", "/nonexistent/secret")]);
    let message = refused(session_secret(&environment, &state, &mut Counting(0)));
    assert!(message.contains("/nonexistent/secret"), "{message}");
    assert!(!state.join("jwt.secret").exists());
}

#[test]
fn a_secret_is_made_once_and_kept_for_its_owner_alone() {
    let state = scratch::directory();
    std::fs::write(state.join("jwt.secret.new"), "left by a pulled plug").expect("writable");
    let (first, source) =
        session_secret(&Environment::default(), &state, &mut Counting(0)).expect("made");
    let (second, _) =
        session_secret(&Environment::default(), &state, &mut Counting(9)).expect("kept");
    assert!(first == second);
    assert_eq!(first.expose().len(), 64);
    assert_eq!(source, SecretSource::State(state.join("jwt.secret")));
    let mode = std::fs::metadata(state.join("jwt.secret")).expect("the file").permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert!(!state.join("jwt.secret.new").exists());
}

#[test]
fn a_secret_from_outside_wins_over_the_one_in_the_state_directory() {
    let state = scratch::directory();
    session_secret(&Environment::default(), &state, &mut Counting(0)).expect("made");
    let environment = Environment::of([("JWT_SECRET", GOOD_SECRET)]);
    let (secret, source) = session_secret(&environment, &state, &mut Counting(0)).expect("given");
    assert_eq!((secret.expose(), source), (GOOD_SECRET.as_bytes(), SecretSource::Variable));
}

#[test]
fn the_key_of_the_store_comes_as_it_is() {
    let path = file("store_key", b"any bytes\xFF\n", 0o400);
    let environment =
        Environment::of([("CREDENTIALS_DIRECTORY", path.parent().expect("a directory"))]);
    let key = store_key(&environment).ok().flatten().expect("given");
    assert_eq!(key.expose(), b"any bytes\xFF\n");
    assert!(store_key(&Environment::default()).is_ok_and(|key| key.is_none()));
}
