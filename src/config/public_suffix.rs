//! Names below which strangers register their own: `com`, `co.uk`, `duckdns.org`. Browsers keep no
//! cookie for such a name, because all of them would get it.
//!
//! The rules are those of the Public Suffix List (<https://publicsuffix.org/list/>, Mozilla Public
//! License 2.0), both parts of it: registries, and private owners of a domain.
//! `public_suffixes.txt` holds them as nested labels from the right, a tenth of the size of a table
//! in code: `jp(ac kobe(*) …)` are `ac.jp` and `*.kobe.jp`. A label behind `-` is a step on the way
//! and no rule, one behind `!` an exception from `*`. Left out are rules of a single label, since
//! every top level domain is a public suffix, whether it is listed or not.
//!
//! Written anew from a new list by
//! `SUFFIX_LIST=public_suffix_list.dat cargo test --lib config::public_suffix`.

/// What the file says about itself comes first; an empty line parts it from the rules.
const FILE: &str = include_str!("public_suffixes.txt");

/// Whether the name, in lower case and as it goes over the wire (`xn--…`), is a public suffix.
pub fn is_public_suffix(name: &str) -> bool {
    let (_, rules) = FILE.split_once("\n\n").unwrap_or_default();
    let mut level = Level(rules);
    let mut labels = name.rsplit('.');
    let Some(mut label) = labels.next() else { return false };
    let mut top = true;
    for below in labels {
        let step = level
            .into_iter()
            .find(|(listed, _)| listed.strip_prefix('-').unwrap_or(listed) == label);
        let Some((_, inside)) = step else { return false };
        (level, label, top) = (inside, below, false);
    }
    let holds = |level: Level<'_>, mark: &str, label: &str| {
        level.into_iter().any(|(listed, _)| listed.strip_prefix(mark) == Some(label))
    };
    // Where all names below are public suffixes, Chromium takes the name itself for one.
    let is_above_all = || {
        level.into_iter().any(|(listed, inside)| {
            listed.strip_prefix('-') == Some(label) && holds(inside, "", "*")
        })
    };
    top || holds(level, "", label)
        || (holds(level, "", "*") && !holds(level, "!", label))
        || is_above_all()
}

/// Labels side by side, each with those below it.
#[derive(Clone, Copy)]
struct Level<'t>(&'t str);

impl<'t> IntoIterator for Level<'t> {
    type Item = (&'t str, Level<'t>);
    type IntoIter = Labels<'t>;

    fn into_iter(self) -> Labels<'t> {
        Labels(self.0)
    }
}

struct Labels<'t>(&'t str);

impl<'t> Iterator for Labels<'t> {
    type Item = (&'t str, Level<'t>);

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.0.trim_start();
        let end = text.find([' ', '\n', '(']).unwrap_or(text.len());
        let (label, rest) = text.split_at_checked(end).filter(|(label, _)| !label.is_empty())?;
        let (inside, rest) = rest.strip_prefix('(').map_or(("", rest), enclosed);
        self.0 = rest;
        Some((label, Level(inside)))
    }
}

/// Parts a text at the bracket that closes it.
fn enclosed(text: &str) -> (&str, &str) {
    let mut open = 1_usize;
    let closes = |letter| {
        match letter {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        open == 0
    };
    text.split_once(closes).unwrap_or((text, ""))
}

#[cfg(test)]
#[path = "public_suffix_tests.rs"]
mod tests;
