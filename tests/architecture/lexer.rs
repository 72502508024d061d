//! Rust's text cut into code, comments and literals: just enough of a lexer that nothing which is
//! said in a comment or a string is taken for code.
//!
//! Knows strings with escapes, raw strings, those of bytes and of C, characters, lifetimes, line
//! comments, and block comments inside each other. Every octet of the text is in one of the pieces.

/// What a piece of the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Everything else.
    Code,
    /// With its signs, without the end of the line.
    Comment,
    /// A string or a character, with its quotation marks.
    Literal,
}

/// The pieces in their order; of neighbours no two are code.
pub fn pieces(text: &str) -> Vec<(Piece, &str)> {
    let mut pieces = Vec::new();
    let (mut begin, mut at) = (0, 0);
    while at < text.len() {
        // Nothing but code begins with another sign than these.
        let next = text[at..].find(['/', '"', '\'', 'b', 'c', 'r']);
        at = next.map_or(text.len(), |skipped| at + skipped);
        let rest = &text[at..];
        let is_word = text[..at].ends_with(|sign: char| sign.is_alphanumeric() || sign == '_');
        let found = comment(rest)
            .map(|length| (Piece::Comment, length))
            .or_else(|| literal(rest, is_word).map(|length| (Piece::Literal, length)));
        let Some((piece, length)) = found else {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        if begin < at {
            pieces.push((Piece::Code, &text[begin..at]));
        }
        pieces.push((piece, &rest[..length]));
        at += length;
        begin = at;
    }
    if begin < text.len() {
        pieces.push((Piece::Code, &text[begin..]));
    }
    pieces
}

/// The code, with an empty string for each literal and a space for each comment.
pub fn bare(text: &str) -> String {
    let shown = |(piece, text): (Piece, &str)| match piece {
        Piece::Code => text.to_owned(),
        Piece::Comment => " ".to_owned(),
        Piece::Literal => "\"\"".to_owned(),
    };
    pieces(text).into_iter().map(shown).collect()
}

/// How long the comment is that `rest` begins with.
fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match rest.as_bytes().get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return Some(at);
        }
    }
    Some(rest.len())
}

/// How long the string or character is that `rest` begins with. `is_word`: a word ends before it,
/// so that what looks like a prefix belongs to that.
fn literal(rest: &str, is_word: bool) -> Option<usize> {
    let [first, second] = [0, 1].map(|at| rest.as_bytes().get(at).copied().unwrap_or_default());
    let is_prefix = b"bcr".contains(&first) && b"\"'#r".contains(&second);
    if !is_prefix && !b"\"'".contains(&first) {
        return None;
    }
    let prefixes = ["br", "cr", "b", "c", "r", ""];
    let prefix = prefixes.into_iter().filter(|prefix| prefix.is_empty() || !is_word);
    let prefix = prefix.into_iter().find(|prefix| {
        let behind = rest.strip_prefix(prefix).unwrap_or_default();
        behind.starts_with('"')
            || (prefix.ends_with('r') && behind.trim_start_matches('#').starts_with('"'))
            || (*prefix != "r" && behind.starts_with('\''))
    })?;
    let behind = &rest[prefix.len()..];
    let length = if behind.starts_with('\'') {
        character(behind)?
    } else if prefix.ends_with('r') {
        let signs = behind.len() - behind.trim_start_matches('#').len();
        let end = format!("\"{}", "#".repeat(signs));
        let inside = &behind[signs + 1..];
        signs + 1 + inside.find(&end).map_or(inside.len(), |at| at + end.len())
    } else {
        1 + quoted(&behind[1..], '"')
    };
    Some(prefix.len() + length)
}

/// How long the character is that begins with this mark; `None` for a lifetime.
fn character(text: &str) -> Option<usize> {
    let mut signs = text.chars().skip(1);
    let first = signs.next()?;
    if first == '\\' {
        return Some(1 + quoted(&text[1..], '\''));
    }
    (signs.next() == Some('\'')).then(|| 2 + first.len_utf8())
}

/// How far it is behind the mark that ends what was begun before `text`.
fn quoted(text: &str, mark: char) -> usize {
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '\\' => drop(signs.next()),
            sign if sign == mark => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[test]
fn comments_and_literals_are_not_code() {
    let cases = [
        ("let a = \"https://x\"; b", "let a = \"\"; b"),
        ("let a = '\"'; let b = \"c\";", "let a = \"\"; let b = \"\";"),
        ("a // \"\nb", "a  \nb"),
        ("a /* \" /* // */ ' */ b", "a   b"),
        ("fn f<'a>(b: &'a str) -> &'static str {}", "fn f<'a>(b: &'a str) -> &'static str {}"),
        ("'l: loop { break 'l; }", "'l: loop { break 'l; }"),
        (r#"("\"//", '\'', '\\', b'"', '\u{22}')"#, r#"("", "", "", "", "")"#),
        ("r\"\\\" a r#\"\"b\"#", "\"\" a \"\""),
        ("br##\"\"#\"## cr\"\" b\"/*\" c\"//\"", "\"\" \"\" \"\" \"\""),
        ("number\"a\"", "number\"\""),
        ("r#type::b", "r#type::b"),
        ("'ä' 'a", "\"\" 'a"),
        ("\"open", "\"\""),
        ("/* open /* */", " "),
        ("\"a\n// b\"c", "\"\"c"),
    ];
    for (text, code) in cases {
        assert_eq!(bare(text), code, "{text}");
        assert_eq!(pieces(text).into_iter().map(|(_, part)| part).collect::<String>(), text);
    }
}
