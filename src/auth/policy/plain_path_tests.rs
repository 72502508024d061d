//! Which paths are plain, and what they are decoded to.

use super::*;

fn plain(path: &[u8]) -> Option<Vec<u8>> {
    PlainPath::decode(path, &mut vec![b'x'; 3]).map(|plain| plain.decoded.to_vec())
}

#[test]
fn every_octet_that_every_server_reads_alike_is_plain_and_no_other() {
    let allowed = b"-._~!$&'()*+,=:@/";
    for octet in 0..=u8::MAX {
        let path = [b"/a", [octet].as_slice(), b"b"].concat();
        let wanted = octet.is_ascii_alphanumeric() || allowed.contains(&octet);
        assert_eq!(plain(&path), wanted.then(|| path.clone()), "{octet:#04x}");
    }
}

#[test]
fn of_escapes_only_the_blank_and_utf8_above_ascii_are_plain() {
    for octet in 0..=0x7F_u8 {
        let path = format!("/a%{octet:02X}b");
        let wanted = (octet == b' ').then(|| b"/a b".to_vec());
        assert_eq!(plain(path.as_bytes()), wanted, "{path}");
    }
    for letter in ['\u{80}', '\u{fc}', '\u{7ff}', '\u{800}', '\u{20ac}', '\u{1f600}'] {
        let octets = letter.to_string().into_bytes();
        for form in [|octet| format!("%{octet:02X}"), |octet: u8| format!("%{octet:02x}")] {
            let path = format!("/{}/", octets.iter().map(|octet| form(*octet)).collect::<String>());
            assert_eq!(plain(path.as_bytes()), Some(format!("/{letter}/").into_bytes()), "{path}");
        }
    }
}

#[test]
fn what_is_no_well_formed_utf8_is_not_plain() {
    for path in [
        "/%C3",
        "/%C3/%BC",
        "/%BC",
        "/%C0%AF",
        "/%C1%BF",
        "/%E0%80%AF",
        "/%E0%9F%BF",
        "/%F0%80%80%AF",
        "/%ED%A0%80",
        "/%F4%90%80%80",
        "/%F8%88%80%80%80",
        "/%FF",
        "/%C3a%BC",
    ] {
        assert_eq!(plain(path.as_bytes()), None, "{path}");
    }
    assert_eq!(plain("/\u{fc}".as_bytes()), None, "octets above ASCII stand escaped");
}

#[test]
fn a_broken_escape_is_not_plain() {
    for path in ["/%", "/%2", "/a%", "/%2x", "/%x2", "/%+1", "/%%20", "/%u0041", "/% 1"] {
        assert_eq!(plain(path.as_bytes()), None, "{path}");
    }
}

#[test]
fn empty_and_dot_segments_are_not_plain() {
    for path in ["", "a", "*", "//", "//a", "/a//b", "/a//", "/.", "/..", "/./a", "/a/..", "/a/./b"]
    {
        assert_eq!(plain(path.as_bytes()), None, "{path}");
    }
    for path in ["/", "/a", "/a/", "/a/b", "/...", "/.a", "/a.", "/..a/b..", "/.well-known/x"] {
        assert_eq!(plain(path.as_bytes()), Some(path.as_bytes().to_vec()), "{path}");
    }
}

#[test]
fn a_path_that_is_too_long_is_not_plain() {
    let longest = [b"/".as_slice(), &vec![b'a'; LONGEST_PLAIN_PATH - 1]].concat();
    assert_eq!(plain(&longest).as_deref(), Some(longest.as_slice()));
    assert_eq!(plain(&[longest.as_slice(), b"a"].concat()), None);
}

#[test]
fn a_path_is_caseless_where_no_letter_could_be_another() {
    let is_caseless =
        |path: &[u8]| PlainPath::decode(path, &mut Vec::new()).expect("a plain path").is_caseless;
    assert!(is_caseless(b"/") && is_caseless(b"/a-z/0.9~@"));
    assert!(!is_caseless(b"/A") && !is_caseless(b"/aZ/") && !is_caseless(b"/%C3%9C"));
}
