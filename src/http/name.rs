//! The header lines that the gate reads, told apart once: what is asked about a request later is a
//! look at a number, not another walk over all its lines.
//!
//! Guarantees: two lines have the same [`Name`] exactly if their names differ at most in the case
//! of letters (RFC 9110 section 5.1). `_` is another character than `-` here.

macro_rules! names {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// The name of a header that the gate reads.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "the names are the headers' own")]
        pub enum Name { $($name,)* }

        impl Name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As it stands in a request.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

names! {
    Host = "Host",
    Connection = "Connection",
    ContentLength = "Content-Length",
    TransferEncoding = "Transfer-Encoding",
    Cookie = "Cookie",
    Accept = "Accept",
    Upgrade = "Upgrade",
    WebSocketKey = "Sec-WebSocket-Key",
    FetchMode = "Sec-Fetch-Mode",
    RequestedWith = "X-Requested-With",
    PreflightMethod = "Access-Control-Request-Method",
    ForwardedFor = "X-Forwarded-For",
    ForwardedProto = "X-Forwarded-Proto",
    ForwardedHost = "X-Forwarded-Host",
    ForwardedPort = "X-Forwarded-Port",
    ForwardedUri = "X-Forwarded-Uri",
    ForwardedMethod = "X-Forwarded-Method",
    OriginalUrl = "X-Original-URL",
    OriginalUri = "X-Original-URI",
    OriginalMethod = "X-Original-Method",
    RealIp = "X-Real-IP",
    CfConnectingIp = "CF-Connecting-IP",
}

impl Name {
    /// The name that `text` is, in any case of its letters; `None` for headers that the gate does
    /// not read.
    pub fn of(text: &[u8]) -> Option<Self> {
        // Length and one or two letters (folded in haste, so that other characters may look like
        // them) leave one candidate at most, which is then compared.
        let letter = |place: usize| text.get(place).map_or(0, |letter| letter | 0x20);
        // Most come as they are written here.
        let is = |name: Self| {
            let ours = name.as_str().as_bytes();
            (text == ours || text.eq_ignore_ascii_case(ours)).then_some(name)
        };
        match (text.len(), letter(0)) {
            (4, b'h') => is(Self::Host),
            (6, b'a') => is(Self::Accept),
            (6, b'c') => is(Self::Cookie),
            (7, b'u') => is(Self::Upgrade),
            (9, b'x') => is(Self::RealIp),
            (10, b'c') => is(Self::Connection),
            (14, b'c') => is(Self::ContentLength),
            (14, b's') if letter(10) == b'm' => is(Self::FetchMode),
            (14, b'x') if letter(13) == b'l' => is(Self::OriginalUrl),
            (14, b'x') => is(Self::OriginalUri),
            (15, b'x') if letter(12) == b'f' => is(Self::ForwardedFor),
            (15, b'x') => is(Self::ForwardedUri),
            (16, b'c') => is(Self::CfConnectingIp),
            (16, b'x') if letter(12) == b'h' => is(Self::ForwardedHost),
            (16, b'x') if letter(12) == b'p' => is(Self::ForwardedPort),
            (16, b'x') => is(Self::RequestedWith),
            (17, b's') => is(Self::WebSocketKey),
            (17, b't') => is(Self::TransferEncoding),
            (17, b'x') if letter(2) == b'f' => is(Self::ForwardedProto),
            (17, b'x') => is(Self::OriginalMethod),
            (18, b'x') => is(Self::ForwardedMethod),
            (29, b'a') => is(Self::PreflightMethod),
            _ => None,
        }
    }

    #[allow(clippy::as_conversions, reason = "the number of a variant without fields")]
    const fn number(self) -> usize {
        self as usize
    }

    const fn bit(self) -> u32 {
        1 << self.number()
    }
}

/// What only a proxy sends.
const BY_PROXIES: u32 = Name::ForwardedFor.bit()
    | Name::ForwardedProto.bit()
    | Name::ForwardedHost.bit()
    | Name::ForwardedPort.bit()
    | Name::ForwardedUri.bit()
    | Name::ForwardedMethod.bit()
    | Name::OriginalUrl.bit()
    | Name::OriginalUri.bit()
    | Name::OriginalMethod.bit()
    | Name::RealIp.bit()
    | Name::CfConnectingIp.bit();

/// Where the lines that the gate reads stand among all lines of a request.
pub(super) struct NameIndex {
    first: [u8; Name::ALL.len()],
    present: u32,
    repeated: u32,
    forwarding: bool,
    /// The [`mark`]s of all other lines.
    others: u64,
}

impl NameIndex {
    /// Of no lines.
    pub(super) const EMPTY: Self =
        Self { first: [0; Name::ALL.len()], present: 0, repeated: 0, forwarding: false, others: 0 };

    /// Takes in the line at `place`. Lines come in their order.
    pub(super) fn add(&mut self, place: u8, text: &[u8]) {
        let Some(name) = Name::of(text) else {
            self.forwarding |= is_of_proxies(text);
            self.others |= mark(text);
            return;
        };
        if self.has(name) {
            self.repeated |= name.bit();
        } else if let Some(first) = self.first.get_mut(name.number()) {
            *first = place;
            self.present |= name.bit();
        }
    }

    /// Whether there is a line of this name.
    pub(super) const fn has(&self, name: Name) -> bool {
        self.present & name.bit() != 0
    }

    /// Whether there is more than one line of this name.
    pub(super) const fn is_repeated(&self, name: Name) -> bool {
        self.repeated & name.bit() != 0
    }

    /// The place of the first line of this name.
    pub(super) fn first(&self, name: Name) -> Option<usize> {
        if self.has(name) { self.first.get(name.number()).copied().map(usize::from) } else { None }
    }

    /// Whether there may be a line with one of these [`mark`]s whose name is none of [`Name`].
    pub(super) const fn may_have_others(&self, marks: u64) -> bool {
        self.others & marks != 0
    }

    /// Whether there is any `X-Forwarded-*`, `X-Original-*`, `X-Real-IP` or `CF-*`.
    pub(super) const fn is_forwarding(&self) -> bool {
        self.forwarding || self.present & BY_PROXIES != 0
    }
}

/// One of 64 bits, by length and first letter: the same for names that differ in the case of
/// letters, or in what stands in the place of a `-`, and seldom the same for others.
#[allow(clippy::as_conversions, reason = "wider, and `From` is no constant function")]
pub const fn mark(name: &[u8]) -> u64 {
    let first = match name.first() {
        Some(letter) => (*letter | 0x20) as usize,
        None => 0,
    };
    // Eleven, because browsers then send none with the marks of the identity headers, nor of those
    // by which applications are asked for another method or path.
    1 << ((name.len() * 11 + first) & 63)
}

/// The same name to an application for which, as for CGI and its heirs (RFC 3875 section 4.1.18),
/// every character but a letter or digit is the same, and letters have no case.
pub fn is_alike(sent: &[u8], ours: &str) -> bool {
    let plain =
        |byte: &u8| if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'-' };
    sent.iter().map(plain).eq(ours.as_bytes().iter().map(plain))
}

/// Headers that the gate does not read, but that only a proxy sends.
fn is_of_proxies(name: &[u8]) -> bool {
    let begins = |prefix: &[u8]| {
        name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    match name.first() {
        Some(b'x' | b'X') => begins(b"x-forwarded-") || begins(b"x-original-"),
        Some(b'c' | b'C') => begins(b"cf-"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_told_in_any_case_of_its_letters_and_no_other_is() {
        for name in Name::ALL {
            let text = name.as_str();
            for alike in [text.to_owned(), text.to_lowercase(), text.to_uppercase()] {
                assert_eq!(Name::of(alike.as_bytes()), Some(*name), "{alike}");
            }
            for place in 0..text.len() {
                let other = format!("{}!{}", &text[..place], &text[place + 1..]);
                assert_eq!(Name::of(other.as_bytes()), None, "{other}");
            }
            assert_eq!(
                Name::of(text.replace('-', "_").as_bytes()),
                (!text.contains('-')).then_some(*name)
            );
        }
        for other in ["", "H", "User-Agent", "X-Forwarded-Server", "CF-Ray", "Set-Cookie", "Hosts"]
        {
            assert_eq!(Name::of(other.as_bytes()), None, "{other}");
        }
    }

    fn index(names: &[&str]) -> NameIndex {
        let mut index = NameIndex::EMPTY;
        names.iter().zip(0..).for_each(|(name, place)| index.add(place, name.as_bytes()));
        index
    }

    #[test]
    fn a_mark_is_the_same_however_a_name_is_spelled() {
        for (one, other) in [
            ("Remote-User", "REMOTE_user"),
            ("Remote-User", "remote~user"),
            ("x-a", "X.A"),
            ("R", "r"),
        ] {
            assert_eq!(mark(one.as_bytes()), mark(other.as_bytes()), "{one}");
        }
        let index = index(&["Cookie", "Remote_Groups", "User-Agent"]);
        assert!(
            index.may_have_others(mark(b"remote-groups"))
                && index.may_have_others(mark(b"user-agent"))
        );
        assert!(!index.may_have_others(mark(b"Remote-User") | mark(b"Cookie")));
    }

    #[test]
    fn what_browsers_send_has_no_mark_of_an_identity_or_override_header() {
        let sent = [
            "User-Agent",
            "Accept-Language",
            "Accept-Encoding",
            "Cache-Control",
            "Pragma",
            "Referer",
            "Origin",
            "TE",
            "Priority",
            "Upgrade-Insecure-Requests",
            "Sec-Fetch-Site",
            "Sec-Fetch-User",
            "Sec-Fetch-Dest",
            "Sec-CH-UA",
            "Sec-CH-UA-Mobile",
            "Sec-CH-UA-Platform",
            "Sec-GPC",
            "If-None-Match",
            "If-Modified-Since",
            "Range",
            "Content-Type",
        ];
        for ours in [
            "Remote-User",
            "Remote-Groups",
            "Remote-Name",
            "Remote-Email",
            "X-HTTP-Method-Override",
            "X-HTTP-Method",
            "X-Method-Override",
            "X-Original-Method",
            "X-Rewrite-URL",
            "X-Original-URL",
            "X-Original-URI",
        ] {
            assert!(!index(&sent).may_have_others(mark(ours.as_bytes())), "{ours}");
        }
    }

    #[test]
    fn the_index_knows_the_first_line_and_whether_there_are_more() {
        let index = index(&["Accept", "cookie", "Host", "User-Agent", "COOKIE"]);
        assert_eq!((index.first(Name::Cookie), index.is_repeated(Name::Cookie)), (Some(1), true));
        assert_eq!((index.first(Name::Host), index.is_repeated(Name::Host)), (Some(2), false));
        assert_eq!((index.first(Name::Upgrade), index.has(Name::Upgrade)), (None, false));
    }

    #[test]
    fn what_only_a_proxy_sends_is_forwarding_whether_it_is_read_or_not() {
        for name in [
            "x-forwarded-for",
            "X-Forwarded-Server",
            "X-ORIGINAL-Foo",
            "X-Real-IP",
            "CF-Ray",
            "cf-connecting-ip",
        ] {
            assert!(index(&[name]).is_forwarding(), "{name}");
        }
        for name in [
            "X-Forwarded",
            "X_Forwarded_For",
            "X-Requested-With",
            "CFRay",
            "Cookie",
            "X-Real-IPs",
            "Forwarded",
        ] {
            assert!(!index(&[name]).is_forwarding(), "{name}");
        }
        // Of each name that is read, its text says so, but for one.
        for name in Name::ALL {
            let text = name.as_str();
            let by_proxies = is_of_proxies(text.as_bytes()) || text == "X-Real-IP";
            assert_eq!(index(&[text]).is_forwarding(), by_proxies, "{text}");
        }
    }
}
