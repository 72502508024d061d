//! The pass that a request brings, in one of three ways.
//!
//! ```text
//! X-Portcullis-Pass: pcp_…         for sites that use Authorization themselves
//! Authorization: Bearer pcp_…      RFC 6750 section 2.1
//! Authorization: Basic …           RFC 7617; the password is the pass, the name may be any
//! ```
//!
//! Guarantees: an `Authorization` that holds no pass is the site's own business and says nothing
//! here; the gate's own header is always meant for it, unless it is empty; a pass is taken as it
//! stands, without trimming or decoding beyond Basic's base64. Nothing is allocated.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::auth::access_pass::pass_token::PassDigest;
use crate::auth::access_pass::passes::{PassCarrier, PassFault};
use crate::http::name;
use crate::http::request::Headers;
use crate::original::pass_header::PASS_HEADER;

const AUTHORIZATION: &str = "Authorization";

const MARKS: u64 = name::mark(PASS_HEADER.as_bytes()) | name::mark(AUTHORIZATION.as_bytes());

/// Octets of the longest user and password of Basic that are looked at.
const LONGEST_BASIC: usize = 512;

/// Some programs leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A pass as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresentedPass {
    /// What the table knows it by.
    pub digest: PassDigest,
    /// How it came.
    pub carrier: PassCarrier,
}

/// The pass that these headers bring; `None` where they bring none. `X-Portcullis-Pass` goes first:
/// where it is sent, `Authorization` is the site's.
pub fn presented(headers: &Headers<'_>) -> Option<Result<PresentedPass, PassFault>> {
    // Seldom has any line such a name: the others need no closer look.
    if !headers.may_have_others(MARKS) {
        return None;
    }
    match headers.one(PASS_HEADER) {
        Err(_) => return Some(Err(PassFault::Malformed)),
        Ok(Some(own)) if !own.is_empty() => {
            let digest = PassDigest::of(own).ok_or(PassFault::Malformed);
            let carrier = PassCarrier::OwnHeader;
            return Some(digest.map(|digest| PresentedPass { digest, carrier }));
        }
        // A proxy may send it empty where there is none.
        Ok(_) => {}
    }
    let digest = authorized(headers.one(AUTHORIZATION).ok()??)?;
    Some(Ok(PresentedPass { digest, carrier: PassCarrier::Authorization }))
}

/// The pass in the value of `Authorization`.
fn authorized(value: &[u8]) -> Option<PassDigest> {
    let blank = value.iter().position(|octet| *octet == b' ')?;
    let (scheme, credentials) = value.split_at_checked(blank)?;
    let credentials = credentials.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"Bearer") {
        return PassDigest::of(credentials);
    }
    if !scheme.eq_ignore_ascii_case(b"Basic") {
        return None;
    }
    let mut room = Zeroizing::new([0; LONGEST_BASIC]);
    let length = BASE64.decode_slice(credentials, room.as_mut_slice()).ok()?;
    let decoded = room.get(..length)?;
    // A name holds no colon, a password may.
    let colon = decoded.iter().position(|octet| *octet == b':')?;
    PassDigest::of(decoded.get(colon + 1..)?)
}

#[cfg(test)]
#[path = "presented_pass_tests.rs"]
mod tests;
