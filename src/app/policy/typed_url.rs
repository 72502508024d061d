//! An address as somebody typed it, for a request of just these octets.
//!
//! Guarantees: the path is what was typed, octet for octet: nothing is encoded, decoded or
//! resolved, as an attacker's program would send it. Leaves out user information and addresses
//! without a scheme or a host.

use std::borrow::Cow;
use std::fmt;

use crate::original::host::Host;
use crate::original::scheme::Scheme;

/// What a request for an address would ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedUrl<'a> {
    /// As it was typed.
    pub text: &'a [u8],
    /// Its host.
    pub host: Host<'a>,
    /// Its port, the scheme's own where none is named.
    pub port: u16,
    /// Path, query and fragment, beginning with a slash.
    pub target: Cow<'a, [u8]>,
}

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlFault {
    /// It begins neither with `http://` nor with `https://`.
    Scheme,
    /// User information before the host.
    UserInformation,
    /// A host that holds letters above ASCII.
    Letters,
    /// What should be the host is none, or its port is none.
    Host,
}

impl fmt::Display for UrlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "it begins with neither https:// nor http://",
            Self::UserInformation => "it holds user information before the host; leave it out",
            Self::Letters => {
                "its host holds letters that browsers send encoded; write it as they do, xn--…"
            }
            Self::Host => "what stands behind the scheme is no host, or the port is none",
        })
    }
}

impl<'a> TypedUrl<'a> {
    /// Takes an absolute address of http or https apart.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &'a [u8]) -> Result<Self, UrlFault> {
        let (scheme, rest) = [Scheme::Https, Scheme::Http]
            .into_iter()
            .find_map(|scheme| Some((scheme, behind(text, scheme)?)))
            .ok_or(UrlFault::Scheme)?;
        let end = rest.iter().position(|octet| matches!(octet, b'/' | b'?' | b'#'));
        let (authority, target) = rest.split_at(end.unwrap_or(rest.len()));
        let host = Host::parse(authority).ok_or_else(|| fault(authority))?;
        let target = match target {
            [b'/', ..] => Cow::Borrowed(target),
            _ => Cow::Owned([b"/", target].concat()),
        };
        let port = host.port().unwrap_or(scheme.default_port());
        Ok(Self { text, host, port, target })
    }

    /// The path, without query; a fragment is part of it, since a proxy hands it on.
    pub fn path(&self) -> &[u8] {
        self.target.split(|octet| *octet == b'?').next().unwrap_or_default()
    }
}

fn behind(text: &[u8], scheme: Scheme) -> Option<&[u8]> {
    let name = scheme.as_str().as_bytes();
    let (written, rest) = text.split_at_checked(name.len())?;
    rest.strip_prefix(b"://").filter(|_| written.eq_ignore_ascii_case(name))
}

fn fault(authority: &[u8]) -> UrlFault {
    if authority.contains(&b'@') {
        UrlFault::UserInformation
    } else if !authority.is_ascii() {
        UrlFault::Letters
    } else {
        UrlFault::Host
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_as_it_was_typed() {
        for (text, host, port, target) in [
            ("https://a.example/", "a.example", 443, "/"),
            ("http://a.example", "a.example", 80, "/"),
            ("HTTPS://A.Example.:8443/x", "A.Example", 8443, "/x"),
            ("https://[2001:db8::1]:80/x", "[2001:db8::1]", 80, "/x"),
            ("https://a.example?x=/y", "a.example", 443, "/?x=/y"),
            ("https://a.example#x", "a.example", 443, "/#x"),
            (
                "https://a.example//x/../%2e/ä b\\c;d?e#f",
                "a.example",
                443,
                "//x/../%2e/ä b\\c;d?e#f",
            ),
            ("https://a.example/@b", "a.example", 443, "/@b"),
        ] {
            let url =
                TypedUrl::parse(text.as_bytes()).unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!((url.host.name(), url.port, &*url.target), (host, port, target.as_bytes()));
        }
        let url = TypedUrl::parse(b"https://a.example/\xFF\x00?x").expect("an address");
        assert_eq!(url.path(), b"/\xFF\x00");
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        for (text, why) in [
            ("/share", UrlFault::Scheme),
            ("a.example/share", UrlFault::Scheme),
            ("ftp://a.example/", UrlFault::Scheme),
            ("https:/a.example/", UrlFault::Scheme),
            ("", UrlFault::Scheme),
            ("https://ben@a.example/", UrlFault::UserInformation),
            ("https://größe.example/", UrlFault::Letters),
            ("https:///share", UrlFault::Host),
            ("https://a.example:0/", UrlFault::Host),
            ("https://a.example:x/", UrlFault::Host),
            ("https://a.example\\@b/", UrlFault::UserInformation),
            ("https://a.example\\b/", UrlFault::Host),
            ("https://*.example/", UrlFault::Host),
        ] {
            assert_eq!(TypedUrl::parse(text.as_bytes()).expect_err(text), why, "{text}");
        }
    }
}
