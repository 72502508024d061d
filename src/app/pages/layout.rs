//! What all pages have in common: the frame around them, their headers, and how a text becomes
//! HTML.
//!
//! Guarantees: whatever is inserted is escaped; nothing is loaded from anywhere; the content
//! security policy names the inline sheet and script by their hashes (CSP Level 3, section 2.3.1)
//! and allows nothing else.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use crate::app::pages::texts::{self, Texts};
use crate::http::response::Out;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("form.js");
const HTML: &str = "text/html; charset=utf-8";

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
        let mut body = format!("<h1>{}</h1>\n<p>{}</p>", escape(title), escape(text));
        if login_link {
            let _ = write!(
                body,
                "\n<p><a href=\"{}/login\">{}</a></p>",
                escape(&self.prefix),
                escape(self.texts.to_login)
            );
        }
        self.finish(out, title, &body, None);
    }

    /// Adds what every page carries to an answer that was started already.
    pub(super) fn finish(&self, out: &mut Out, title: &str, body: &str, next_origin: Option<&str>) {
        let has_form = body.contains("<form ");
        let script = if has_form { format!("<script>{SCRIPT}</script>\n") } else { String::new() };
        let page = format!(
            "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"robots\" content=\"noindex\">\n<title>{title} · {site}</title>\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<main>\n{body}\n</main>\n{script}</body>\n</html>\n",
            lang = self.texts.lang,
            title = escape(title),
            site = escape(&self.title),
        );
        let script =
            if has_form { format!(" script-src '{}';", self.script_hash) } else { String::new() };
        let origin = next_origin.map(|o| format!(" {o}")).unwrap_or_default();
        let policy = format!(
            "default-src 'none'; style-src '{}';{script} form-action 'self'{origin}; frame-ancestors 'none'; base-uri 'none'",
            self.style_hash
        );
        out.header("Cache-Control", b"no-store");
        out.header("Content-Security-Policy", policy.as_bytes());
        out.header("Referrer-Policy", b"same-origin");
        out.header("X-Content-Type-Options", b"nosniff");
        out.header("Cross-Origin-Opener-Policy", b"same-origin");
        out.body(HTML, page.as_bytes());
    }
}

/// A hash source of a content security policy.
fn hash(inline: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(inline.as_bytes())))
}

/// Makes `text` safe in element content and in double-quoted attributes.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn markup_in_a_value_becomes_text() {
        assert_eq!(
            escape(r#"<a href="x" b='y'>&"#),
            "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;"
        );
    }
}
