//! What people should know beside a decision of the rules.

use std::fmt;

use crate::auth::policy::rule::{Audience, Rule};

/// One thing to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// It is the gate's own.
    OwnPage,
    /// The rule lets only some of the users in.
    OnlyFor(Audience),
    /// The rule is an opening one, and the path is not plain.
    NotPlain,
    /// The path has more readings than are judged.
    TooManyReadings,
    /// A CORS preflight passes without a session.
    Preflight,
    /// What would be decided of a visitor in the networks of this rule is something else.
    ClientUnknown {
        /// The rule's name.
        rule: String,
        /// Its line.
        line: usize,
    },
    /// Browsers send this path encoded, in these words.
    Encoded(String),
}

impl Remark {
    /// That the rule's networks would have counted.
    pub(super) fn client_unknown(rule: &Rule) -> Self {
        Self::ClientUnknown { rule: rule.name.clone(), line: rule.line }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnPage => f.write_str(
                "the gate's own page: the printed configurations lead it to the gate, and no rule \
                 is asked",
            ),
            Self::OnlyFor(audience) => {
                let users = audience.users.iter().map(ToString::to_string).collect::<Vec<_>>();
                let (users, groups) = (users.join(", "), audience.groups.join(", "));
                match (users.as_str(), groups.as_str()) {
                    (users, "") => write!(f, "only for the users {users}"),
                    ("", groups) => write!(f, "only for members of the groups {groups}"),
                    _ => write!(f, "only for the users {users}, if in one of the groups {groups}"),
                }
            }
            Self::NotPlain => f.write_str(
                "the rule opens plain paths only, and this one could be read in another way",
            ),
            Self::TooManyReadings => f.write_str(
                "the path can be read in too many ways: the strictest rule of the host decides",
            ),
            Self::Preflight => f.write_str("a CORS preflight passes without a login"),
            Self::ClientUnknown { rule, line } => write!(
                f,
                "the client is not known, so it is in no network; in those of rule {rule:?}, line \
                 {line}, that rule would decide: name an address with --from"
            ),
            Self::Encoded(path) => {
                write!(f, "judged as typed; browsers would send the path as {path}")
            }
        }
    }
}
