//! The spellings of a path that some server may take for `/private/secret`, and paths that are
//! what they look like.
//!
//! Made from parts in a fixed order, without chance. A spelling is the request target as it goes
//! onto the wire; none holds a blank or a line end, which would end it there.

use std::collections::HashSet;

use super::by_hand::BY_HAND;
use super::parts::{DOTS, Parts, SLASHES};

/// A request target, and the kind of trick in it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Spelling {
    pub family: &'static str,
    pub target: Vec<u8>,
}

/// What each kind of dots is tried with, and each kind of slashes.
const USUAL_SLASHES: [&[u8]; 5] = [b"/", b"%2f", b"\\", b"%5c", b"//"];
const USUAL_DOTS: [&[u8]; 4] = [b"..", b"%2e%2e", b".%2e", b"%252e%252e"];

/// All of them, each once, in a fixed order.
pub fn all() -> Vec<Spelling> {
    let mut all = Vec::new();
    for (family, targets) in BY_HAND {
        all.extend(targets.iter().map(|target| Spelling { family, target: target.to_vec() }));
    }
    for (family, dots) in each(&DOTS) {
        all.extend(USUAL_SLASHES.iter().flat_map(|slash| around(family, dots, slash)));
    }
    for (family, slash) in each(&SLASHES) {
        all.extend(USUAL_DOTS.iter().flat_map(|dots| around(family, dots, slash)));
    }
    all.push(many_segments());
    let mut seen = HashSet::new();
    all.retain(|spelling| seen.insert(spelling.target.clone()));
    all
}

fn each(kinds: &[Parts]) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    kinds.iter().flat_map(|(family, parts)| parts.iter().map(|part| (*family, *part)))
}

/// Out of `/public` and into `/private`, with this slash at both sides of these dots, and behind
/// them alone.
fn around(family: &'static str, dots: &[u8], slash: &[u8]) -> [Spelling; 2] {
    let of = |parts: &[&[u8]]| Spelling { family, target: parts.concat() };
    [
        of(&[b"/public", slash, dots, slash, b"private", slash, b"secret"]),
        of(&[b"/public/", dots, slash, b"private/secret"]),
    ]
}

/// For a server that gives up counting.
fn many_segments() -> Spelling {
    let target = format!("/public/{}{}private/secret", "x/".repeat(100), "../".repeat(101));
    Spelling { family: "the prefix after something", target: target.into_bytes() }
}
