//! One place, held against the rules of its host.

use super::host_pattern::CanonicalHost;
use super::letter_case::{Alike, FoldedPath};
use super::place::{Member, Place};
use super::rule::{Access, Rule};
use super::rules_by_host::HostRules;
use super::ruling::Ruling;

/// What is asked of the rules of one host, whatever its path is read as.
pub(super) struct Judgement<'j> {
    /// All rules.
    pub rules: &'j [Rule],
    /// For each rule whether it names a port.
    pub with_port: &'j [bool],
    /// Those that are for the host.
    pub candidates: &'j HostRules,
    /// The place.
    pub place: &'j Place<'j>,
    /// Who is logged in.
    pub who: Option<&'j Member<'j>>,
}

impl<'j> Judgement<'j> {
    /// The verdict for one decoded path: the strictest, whether the site tells letters' case apart
    /// or not, and whichever method it acts on where nobody knows.
    pub fn of(&self, path: FoldedPath<'_>) -> Ruling {
        let (mut exact, mut ignoring_case) = (Search::default(), Search::default());
        for (number, rule) in self.candidates() {
            let Some(method) = method_match(rule, self.place.method) else { continue };
            let Some(alike) = path_match(rule, path) else { continue };
            if !self.holds_elsewhere(number, rule) {
                continue;
            }
            let (ruling, surely) = (self.ruling(number, rule), method != MethodMatch::Perhaps);
            let is_exact = alike == Alike::Exactly && method != MethodMatch::IgnoringCase;
            if is_exact && surely && ignoring_case.strictest.is_none() {
                return ruling;
            }
            ignoring_case.found(ruling, surely);
            if is_exact {
                exact.found(ruling, surely);
                if surely {
                    break;
                }
            }
        }
        if ignoring_case.strictest.is_none() {
            return Ruling::DEFAULT;
        }
        exact.end().stricter(ignoring_case.end())
    }

    /// The strictest verdict of the host, whatever the path is.
    pub fn strictest(&self) -> Ruling {
        let rules = self.candidates().filter(|(number, rule)| {
            method_match(rule, self.place.method).is_some() && self.holds_elsewhere(*number, rule)
        });
        rules.fold(Ruling::DEFAULT, |strictest, (number, rule)| {
            strictest.stricter(self.ruling(number, rule))
        })
    }

    fn candidates(&self) -> impl Iterator<Item = (usize, &'j Rule)> {
        let rules = self.rules;
        self.candidates
            .numbers
            .iter()
            .filter_map(move |number| Some((*number, rules.get(*number)?)))
    }

    /// Whether port and client are as the rule wants them.
    fn holds_elsewhere(&self, number: usize, rule: &Rule) -> bool {
        let names_port = self.with_port.get(number).copied().unwrap_or_default();
        let is_for_port = || {
            let Some(host) = CanonicalHost::new(self.place.host) else { return false };
            let (host, port) = (host.as_str(), self.place.port);
            rule.hosts.iter().any(|own| own.is_for_host(host) && own.is_for_port(port))
        };
        (!names_port || is_for_port()) && rule.is_for_client(self.place.client)
    }

    fn ruling(&self, number: usize, rule: &Rule) -> Ruling {
        let preflight = rule.preflight && rule.access != Access::Deny;
        Ruling { verdict: rule.verdict(self.who), rule: Some(number), preflight }
    }
}

/// The search for the first rule that matches.
#[derive(Clone, Copy, Default)]
struct Search {
    /// The strictest of the rules that may match first.
    strictest: Option<Ruling>,
    /// One was found that matches in any case: those behind it count no more.
    over: bool,
}

impl Search {
    fn found(&mut self, ruling: Ruling, surely: bool) {
        if !self.over {
            self.strictest = Some(self.strictest.map_or(ruling, |found| found.stricter(ruling)));
            self.over = surely;
        }
    }

    fn end(mut self) -> Ruling {
        self.found(Ruling::DEFAULT, true);
        self.strictest.unwrap_or(Ruling::DEFAULT)
    }
}

/// How a rule's methods match.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MethodMatch {
    /// It names none, or this one.
    Surely,
    /// It names this one in other letters.
    IgnoringCase,
    /// Nobody knows the method.
    Perhaps,
}

/// `None`: not at all. Where nobody knows the method, a rule that names some never opens.
fn method_match(rule: &Rule, method: Option<&str>) -> Option<MethodMatch> {
    if rule.methods.is_empty() {
        return Some(MethodMatch::Surely);
    }
    let Some(method) = method else {
        return (rule.access != Access::Open).then_some(MethodMatch::Perhaps);
    };
    if rule.methods.iter().any(|own| own == method) {
        return Some(MethodMatch::Surely);
    }
    let alike = rule.methods.iter().any(|own| own.eq_ignore_ascii_case(method));
    alike.then_some(MethodMatch::IgnoringCase)
}

/// `None`: not at all.
fn path_match(rule: &Rule, path: FoldedPath<'_>) -> Option<Alike> {
    if rule.paths.is_empty() {
        return Some(Alike::Exactly);
    }
    let mut best = None;
    for pattern in &rule.paths {
        best = best.max(pattern.compare(path));
        if best == Some(Alike::Exactly) {
            break;
        }
    }
    best
}
