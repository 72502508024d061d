//! What the rules say of a request.

/// Whether a request may pass, from the mildest to the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Anybody may pass.
    Open,
    /// Who is logged in may pass.
    Session,
    /// The user who is logged in may not.
    Forbidden,
    /// Nobody may.
    Deny,
}

impl Verdict {
    /// One word, for scripts: `open`, `session`, `forbidden`, `deny`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Session => "session",
            Self::Forbidden => "forbidden",
            Self::Deny => "deny",
        }
    }
}

/// A verdict, and the rule that it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// Whether the request may pass.
    pub verdict: Verdict,
    /// The place in the list of the rule that says so, from 0; `None`: no rule is for this place,
    /// which therefore needs a session.
    pub rule: Option<usize>,
    /// A CORS preflight passes here without a session.
    pub preflight: bool,
}

impl Ruling {
    /// Where no rule says anything: a session is needed.
    pub const DEFAULT: Self = Self { verdict: Verdict::Session, rule: None, preflight: false };

    /// The stricter of the two, the first where both say the same. A preflight passes where it
    /// passes in both.
    #[must_use]
    pub(super) fn stricter(self, other: Self) -> Self {
        let preflight = self.preflight && other.preflight;
        let stricter = if other.verdict > self.verdict { other } else { self };
        Self { preflight, ..stricter }
    }

    /// The same, for a place that rules may not open: a session is needed at least.
    #[must_use]
    pub(super) fn without_opening(self) -> Self {
        Self { verdict: self.verdict.max(Verdict::Session), preflight: false, ..self }
    }
}
