//! An `otpauth://` URL as the modules of a QR code (ISO/IEC 18004). How they are drawn is the
//! business of who shows them.

pub use qrcodegen::{QrCode, QrCodeEcc};

use qrcodegen::QrSegment;

/// The code with as much error correction as asked for, or more; `None` where the URL is too long
/// for any.
///
/// The secret is upper case and digits, which take two thirds of the room in a segment of their
/// own.
pub fn encode(url: &str, correction: QrCodeEcc) -> Option<QrCode> {
    let secret =
        url.split_once("secret=").map(|(before, rest)| (before.len() + "secret=".len(), rest));
    let segments = match secret {
        Some((start, rest)) => {
            let end = start + rest.find('&').unwrap_or(rest.len());
            let (before, middle, after) =
                (url.get(..start)?, url.get(start..end)?, url.get(end..)?);
            if QrSegment::is_alphanumeric(middle) {
                vec![
                    QrSegment::make_bytes(before.as_bytes()),
                    QrSegment::make_alphanumeric(middle),
                    QrSegment::make_bytes(after.as_bytes()),
                ]
            } else {
                vec![QrSegment::make_bytes(url.as_bytes())]
            }
        }
        None => vec![QrSegment::make_bytes(url.as_bytes())],
    };
    QrCode::encode_segments(&segments, correction).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_segment_of_its_own_makes_a_smaller_code() {
        let url = "otpauth://totp/Portcullis:owner?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Portcullis";
        let whole = QrCode::encode_binary(url.as_bytes(), QrCodeEcc::Low).expect("it fits");
        let parted = encode(url, QrCodeEcc::Low).expect("it fits");
        assert!(parted.size() <= whole.size());
    }

    #[test]
    fn any_text_that_fits_becomes_a_code_and_no_other() {
        for text in ["", "secret=", "secret=a&b", "otpauth://\u{e4}?secret=\u{e4}"] {
            assert!(encode(text, QrCodeEcc::Medium).is_some(), "{text}");
        }
        assert!(encode(&"x".repeat(10_000), QrCodeEcc::Low).is_none());
    }
}
