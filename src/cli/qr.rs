//! An `otpauth://` URL as a QR code (ISO/IEC 18004) for a terminal of 80 columns and 24 lines: two
//! modules in each character cell.
//!
//! The full URL is drawn where it fits with a margin of two modules and a line left for the prompt.
//! Else the parameters that apps assume anyway are left out, and last the margin shrinks to one
//! module. What still does not fit is not drawn at all: half a code is worth nothing.

use crate::qr::{QrCode, QrCodeEcc, encode};

/// Lines of the smallest terminal.
const LINES: i32 = 24;
/// A scanner wants four modules of margin; two are enough on a screen.
const BEST_MARGIN: i32 = 4;

/// How the terminal is told what is light and what is dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// White on black by escape sequences, whatever the terminal's own colours are.
    Colours,
    /// No escape sequences; a dark terminal is assumed.
    Plain,
}

/// The code as at most 24 lines of at most 80 characters, each with its line end; `None` where it
/// does not fit.
pub fn draw(otpauth_url: &str, ink: Ink) -> Option<String> {
    let short = without_defaults(otpauth_url);
    let codes: Vec<QrCode> =
        [otpauth_url, &short].into_iter().filter_map(|url| encode(url, QrCodeEcc::Low)).collect();
    // One line is left for the prompt that follows; only where nothing else fits it takes the upper
    // margin.
    for (lines, least_margin) in [(LINES - 1, 2), (LINES, 1)] {
        for code in &codes {
            let margin = ((lines * 2 - code.size()) / 2).min(BEST_MARGIN);
            if margin >= least_margin {
                return Some(render(code, margin, ink));
            }
        }
    }
    None
}

/// The URL without what every app assumes: SHA-1, six digits, thirty seconds.
fn without_defaults(url: &str) -> String {
    let Some((start, query)) = url.split_once('?') else { return url.to_owned() };
    let assumed = ["algorithm=SHA1", "digits=6", "period=30"];
    let kept: Vec<&str> =
        query.split('&').filter(|parameter| !assumed.contains(parameter)).collect();
    format!("{start}?{}", kept.join("&"))
}

fn render(code: &QrCode, margin: i32, ink: Ink) -> String {
    let (from, to) = (-margin, code.size() + margin);
    // Below the code's last line the terminal goes on in its own colour: an odd height ends in a
    // light half line.
    let light = |x: i32, y: i32| !code.get_module(x, y);
    let mut text = String::new();
    for y in (from..to).step_by(2) {
        if ink == Ink::Colours {
            text.push_str("\u{1b}[97;40m");
        }
        for x in from..to {
            text.push(match (light(x, y), light(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        if ink == Ink::Colours {
            text.push_str("\u{1b}[0m");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(name: &str, more: &str) -> String {
        format!(
            "otpauth://totp/Portcullis:{name}?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Portcullis{more}"
        )
    }

    const USUAL: &str = "&algorithm=SHA1&digits=6&period=30";

    fn size(drawn: &str) -> (usize, usize) {
        (drawn.lines().map(|line| line.chars().count()).max().unwrap_or(0), drawn.lines().count())
    }

    #[test]
    fn every_name_fits_a_terminal_of_80_by_24() {
        for length in 1..=64 {
            let drawn = draw(&url(&"n".repeat(length), USUAL), Ink::Plain).expect("it fits");
            let (width, height) = size(&drawn);
            assert!(width <= 80 && height <= 24, "{length} letters: {width}x{height}");
        }
    }

    #[test]
    fn a_usual_name_leaves_a_line_for_the_prompt_and_a_good_margin() {
        let (width, height) = size(&draw(&url("elisabeth", USUAL), Ink::Plain).expect("it fits"));
        assert!(height <= 23 && width <= 46, "{width}x{height}");
    }

    #[test]
    fn what_no_app_assumes_stays_in_the_code() {
        assert_eq!(without_defaults(&url("a", USUAL)), url("a", ""));
        let strong = url("a", "&algorithm=SHA256&digits=8&period=30");
        assert_eq!(without_defaults(&strong), url("a", "&algorithm=SHA256&digits=8"));
        assert_eq!(without_defaults("otpauth://x"), "otpauth://x");
    }

    #[test]
    fn what_does_not_fit_is_not_drawn() {
        assert_eq!(draw(&url(&"n".repeat(200), USUAL), Ink::Plain), None);
        assert_eq!(draw(&"x".repeat(10_000), Ink::Plain), None);
    }

    #[test]
    fn the_picture_holds_the_code() {
        let text = url("alice", USUAL);
        let code = encode(&text, QrCodeEcc::Low).expect("a code");
        let drawn = draw(&text, Ink::Plain).expect("it fits");
        let lines: Vec<Vec<char>> = drawn.lines().map(|line| line.chars().collect()).collect();
        let margin = (i32::try_from(lines[0].len()).expect("small") - code.size()) / 2;
        for y in -margin..code.size() + margin {
            for x in -margin..code.size() + margin {
                let (column, row) = (
                    usize::try_from(x + margin).expect("inside"),
                    usize::try_from(y + margin).expect("inside"),
                );
                let cell = lines[row / 2][column];
                let light =
                    if row % 2 == 0 { "█▀".contains(cell) } else { "█▄".contains(cell) };
                assert_eq!(light, !code.get_module(x, y), "at {x}, {y}");
            }
        }
    }

    #[test]
    fn colours_are_set_and_taken_back_on_each_line() {
        let drawn = draw(&url("alice", USUAL), Ink::Colours).expect("it fits");
        assert!(
            drawn
                .lines()
                .all(|line| line.starts_with("\u{1b}[97;40m") && line.ends_with("\u{1b}[0m"))
        );
    }
}
