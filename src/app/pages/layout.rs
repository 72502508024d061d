//! What all pages have in common: the frame around them and their headers.
//!
//! Guarantees: a page is [`Markup`], into which text comes escaped or not at all; nothing is loaded
//! from anywhere; the content security policy names the inline sheet and script by their hashes
//! (CSP Level 3, section 2.3.1) and allows nothing else.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use crate::app::pages::texts::{self, Texts};
use crate::http::response::Out;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("form.js");
const HTML: &str = "text/html; charset=utf-8";

/// One page.
pub(super) struct HtmlPage<'a> {
    /// Its heading, also in the browser's title.
    pub(super) title: &'a str,
    /// What stands below it.
    pub(super) main: Markup,
    /// `Some` where there is a form in it.
    pub(super) form: Option<FormPolicy<'a>>,
}

/// What the policy must allow for the sake of a page's form.
#[derive(Clone, Copy)]
pub(super) struct FormPolicy<'a> {
    /// Where its redirect goes, if that is another origin than the page's own.
    pub(super) next_origin: Option<&'a str>,
}

/// What every page of this installation has in common. The caller starts the answer (status,
/// `Retry-After`, `Allow`, cookies) and has a page finish it.
pub struct Pages {
    /// The language's words.
    pub texts: &'static Texts,
    title: String,
    pub(super) prefix: String,
    style_hash: String,
    script_hash: String,
}

impl Pages {
    /// Prepares the pages for a site `title` below `prefix`.
    pub fn new(title: &str, prefix: &str) -> Self {
        Self {
            texts: &texts::ENGLISH,
            title: title.to_owned(),
            prefix: prefix.to_owned(),
            style_hash: hash(STYLE),
            script_hash: hash(SCRIPT),
        }
    }

    /// Writes a page with one sentence and, where it helps, the way to the login page.
    pub fn notice(&self, out: &mut Out, title: &str, text: &str, login_link: bool) {
        let main = html! {
            h1 { (title) }
            p { (text) }
            @if login_link {
                p { a href={ (self.prefix) "/login" } { (self.texts.to_login) } }
            }
        };
        self.finish(out, HtmlPage { title, main, form: None });
    }

    /// Adds what every page carries to an answer that was started already.
    pub(super) fn finish(&self, out: &mut Out, page: HtmlPage<'_>) {
        let markup = html! {
            (DOCTYPE)
            html lang=(self.texts.lang) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="robots" content="noindex";
                    title { (page.title) " · " (self.title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main { (page.main) }
                    @if page.form.is_some() { script { (PreEscaped(SCRIPT)) } }
                }
            }
        };
        out.header("Cache-Control", b"no-store");
        out.header("Content-Security-Policy", self.policy(page.form).as_bytes());
        out.header("Referrer-Policy", b"same-origin");
        out.header("X-Content-Type-Options", b"nosniff");
        out.header("Cross-Origin-Opener-Policy", b"same-origin");
        out.body(HTML, markup.into_string().as_bytes());
    }

    fn policy(&self, form: Option<FormPolicy<'_>>) -> String {
        let mut policy = format!("default-src 'none'; style-src '{}';", self.style_hash);
        if form.is_some() {
            policy.extend([" script-src '", &self.script_hash, "';"]);
        }
        policy.push_str(" form-action 'self'");
        if let Some(origin) = form.and_then(|form| form.next_origin) {
            policy.extend([" ", origin]);
        }
        policy.push_str("; frame-ancestors 'none'; base-uri 'none'");
        policy
    }
}

/// A hash source of a content security policy.
fn hash(inline: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(inline.as_bytes())))
}

#[cfg(test)]
mod tests {
    use maud::html;

    #[test]
    fn markup_in_a_value_becomes_text() {
        let (typed, words) = (r#"" onfocus="x"#, "<b>&</b>");
        assert_eq!(
            html! { p title=(typed) { (words) } }.into_string(),
            r#"<p title="&quot; onfocus=&quot;x">&lt;b&gt;&amp;&lt;/b&gt;</p>"#
        );
    }
}
