//! The two pages of the first enrolment. Neither has a script; the picture is part of the page, so
//! the content security policy needs to allow no image.

use std::fmt::Write as _;

use maud::{Markup, html};

use crate::app::pages::layout::{FormPolicy, HtmlPage, Pages};
use crate::http::form::percent_encode_component;
use crate::http::response::Out;
use crate::qr::{self, QrCodeEcc};

/// A scanner wants four modules of margin (ISO/IEC 18004 section 6.3.8).
const MARGIN: i32 = 4;

/// What the page shows that asks for the set-up code.
pub struct CodeForm<'a> {
    /// Proves that this page was seen.
    pub token: &'a str,
    /// Where the visitor goes afterwards, already checked.
    pub next: &'a str,
    /// Origin of `next` where it is another one than the page's own.
    pub next_origin: Option<&'a str>,
    /// What went wrong with the last try, or how things stand.
    pub message: Option<&'a str>,
    /// Whether there is a code that could be entered.
    pub may_enter: bool,
}

/// What the page shows that asks for the app's code.
pub struct SeedForm<'a> {
    /// Proves that this page was seen by this browser.
    pub token: &'a str,
    /// Where the visitor goes afterwards, already checked.
    pub next: &'a str,
    /// Origin of `next` where it is another one than the page's own.
    pub next_origin: Option<&'a str>,
    /// The name as it was typed before.
    pub username: &'a str,
    /// In base32.
    pub secret: &'a str,
    /// `otpauth://…`
    pub otpauth_url: &'a str,
    /// For how long the page is good, in words.
    pub left: &'a str,
    /// What went wrong with the last try.
    pub message: Option<&'a str>,
}

/// Where the set-up page is, with `next` in its query unless it is `/`.
pub fn address(prefix: &str, next: &str) -> String {
    let mut address = format!("{prefix}/setup").into_bytes();
    if next != "/" {
        address.extend_from_slice(b"?next=");
        percent_encode_component(next.as_bytes(), &mut |part| address.extend_from_slice(part));
    }
    String::from_utf8_lossy(&address).into_owned()
}

impl Pages {
    /// Writes the page that asks for the set-up code.
    pub fn setup_code(&self, out: &mut Out, form: &CodeForm<'_>) {
        let t = self.texts;
        let main = html! {
            (self.setup_start(form.message))
            @if form.may_enter {
                p { (t.setup_intro) }
                form method="post" action={ (self.prefix) "/setup" } {
                    (hidden(form.token, form.next))
                    label for="setup_code" { (t.setup_code_label) }
                    input name="setup_code" id="setup_code" class="letters" type="text"
                        autocomplete="off" autocapitalize="characters" autocorrect="off"
                        spellcheck="false" maxlength="40" placeholder="ABCD-EFGH-IJKL-MNOP"
                        aria-describedby="hint error" required autofocus;
                    p.hint id="hint" { (t.setup_code_hint) }
                    button type="submit" { (t.setup_begin_button) }
                }
            }
        };
        let form = form.may_enter.then_some(FormPolicy { next_origin: form.next_origin });
        self.finish(out, HtmlPage { title: t.set_up, main, form });
    }

    /// Writes the page with the seed that asks for the app's code.
    pub fn setup_seed(&self, out: &mut Out, form: &SeedForm<'_>) {
        let t = self.texts;
        let main = html! {
            (self.setup_start(form.message))
            p { (t.setup_scan) }
            (picture(form.otpauth_url, t.setup_picture))
            p { a href=(form.otpauth_url) { (t.setup_on_this_device) } }
            p.hint { (t.setup_secret) br; code id="secret" { (grouped(form.secret)) } }
            form method="post" action={ (self.prefix) "/setup" } {
                (hidden(form.token, form.next))
                label for="username" { (t.name_label) }
                input name="username" id="username" autocomplete="username" autocapitalize="none"
                    spellcheck="false" maxlength="64" value=(form.username) required;
                label for="otp" { (t.code_label) }
                input name="otp" inputmode="numeric" autocomplete="one-time-code" id="otp"
                    class="code" type="text" maxlength="16" aria-describedby="hint error" required;
                p.hint id="hint" { (t.code_hint) }
                button type="submit" { (t.setup_finish_button) }
            }
            p.hint { (t.setup_left.replace("{wait}", form.left)) }
        };
        let form = Some(FormPolicy { next_origin: form.next_origin });
        self.finish(out, HtmlPage { title: t.set_up, main, form });
    }

    fn setup_start(&self, message: Option<&str>) -> Markup {
        html! {
            h1 { (self.texts.set_up) }
            p.error id="error" role="alert" { (message.unwrap_or_default()) }
        }
    }
}

/// What goes back with a form unseen.
fn hidden(token: &str, next: &str) -> Markup {
    html! {
        input type="hidden" name="token" value=(token);
        input type="hidden" name="next" value=(next);
    }
}

/// The secret in groups of four, as it is read out and typed. The spaces are for the eye: copied,
/// it has none.
fn grouped(secret: &str) -> Markup {
    let letters: Vec<char> = secret.chars().collect();
    html! {
        @for group in letters.chunks(4) { span { (group.iter().collect::<String>()) } }
    }
}

/// The QR code as SVG, black on white whatever the page's colours are; nothing where the URL is too
/// long for one.
fn picture(otpauth_url: &str, label: &str) -> Markup {
    let Some(code) = qr::encode(otpauth_url, QrCodeEcc::Medium) else { return html! {} };
    let side = code.size() + 2 * MARGIN;
    let mut dark = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let run =
                (x..code.size()).take_while(|x| code.get_module(*x, y)).fold(0, |run, _| run + 1);
            if run > 0 {
                let _ = write!(dark, "M{} {}h{run}v1h-{run}z", x + MARGIN, y + MARGIN);
            }
            x += run.max(1);
        }
    }
    html! {
        svg.qr role="img" aria-label=(label) viewBox={ "0 0 " (side) " " (side) }
            shape-rendering="crispEdges" {
            path fill="#fff" d={ "M0 0h" (side) "v" (side) "h-" (side) "z" } {}
            path fill="#000" d=(dark) {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_a_margin_and_exactly_the_dark_modules() {
        let url = "otpauth://totp/Portcullis:owner?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Portcullis";
        let code = qr::encode(url, QrCodeEcc::Medium).expect("it fits");
        let svg = picture(url, "a <picture>").into_string();
        assert!(svg.contains("aria-label=\"a &lt;picture&gt;\""));
        let (_, path) = svg.split_once("fill=\"#000\" d=\"").expect("a path");
        let mut dark = Vec::new();
        for run in path.split('M').skip(1) {
            let numbers: Vec<i32> = run
                .split(|c: char| !c.is_ascii_digit())
                .filter_map(|part| part.parse().ok())
                .collect();
            let [x, y, length, ..] = numbers[..] else { panic!("{run}") };
            dark.extend((x..x + length).map(|x| (x - MARGIN, y - MARGIN)));
        }
        let wanted: Vec<_> = (0..code.size())
            .flat_map(|y| (0..code.size()).map(move |x| (x, y)))
            .filter(|(x, y)| code.get_module(*x, *y))
            .collect();
        assert_eq!(dark, wanted);
    }

    #[test]
    fn a_return_address_survives_in_the_query_and_home_is_left_out() {
        assert_eq!(address("/.gate", "/"), "/.gate/setup");
        assert_eq!(
            address("", "https://a.b/x?y=1&z"),
            "/setup?next=https%3A%2F%2Fa.b%2Fx%3Fy%3D1%26z"
        );
    }

    #[test]
    fn a_secret_is_shown_in_groups_without_a_space_in_it() {
        assert_eq!(
            grouped("ABCDEFGHIJ").into_string(),
            "<span>ABCD</span><span>EFGH</span><span>IJ</span>"
        );
    }
}
