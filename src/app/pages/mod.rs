//! The pages that people see: plain HTML made here, styled by one inline sheet, working without
//! scripts.
//!
//! Guarantees: whatever is inserted is escaped; nothing is loaded from anywhere; the content
//! security policy names the inline sheet and script by their hashes (CSP Level 3, section 2.3.1)
//! and allows nothing else.

pub mod setup;
pub mod texts;

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use crate::http::response::Out;
use texts::Texts;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("form.js");
const HTML: &str = "text/html; charset=utf-8";

/// What every page of this installation has in common. The caller starts the answer (status,
/// `Retry-After`, `Allow`, cookies) and has a page finish it.
pub struct Pages {
    /// The language's words.
    pub texts: &'static Texts,
    title: String,
    prefix: String,
    style_hash: String,
    script_hash: String,
}

/// What the login page shows.
pub struct LoginForm<'a> {
    /// Where the visitor goes afterwards, already checked; goes back into the form.
    pub next: &'a str,
    /// Origin of `next` where it is another one than the page's own: the policy must let the form's
    /// redirect go there.
    pub next_origin: Option<&'a str>,
    /// `Some` where the name is asked for, with what was typed before.
    pub username: Option<&'a str>,
    /// The number of digits after which the script sends the form; `None` where it differs between
    /// users.
    pub digits: Option<u8>,
    /// What went wrong with the last try.
    pub message: Option<&'a str>,
    /// Whether the first user is still to be made: nobody can log in yet.
    pub setup: bool,
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

    /// Writes the login page.
    pub fn login(&self, out: &mut Out, form: &LoginForm<'_>) {
        let t = self.texts;
        let mut body = format!("<h1>{}</h1>\n", escape(t.sign_in));
        let message = form.message.unwrap_or_default();
        let _ = writeln!(
            body,
            r#"<p class="error" id="error" role="alert" aria-live="polite">{}</p>"#,
            escape(message)
        );
        if form.setup {
            let _ = writeln!(
                body,
                r#"<p class="note">{} <a href="{}">{}</a></p>"#,
                escape(t.no_user_yet),
                escape(&setup::address(&self.prefix, form.next)),
                escape(t.to_setup)
            );
        }
        let _ = writeln!(body, r#"<form method="post" action="{}/login">"#, escape(&self.prefix));
        if let Some(typed) = form.username {
            let focus = if typed.is_empty() { " autofocus" } else { "" };
            let _ = writeln!(
                body,
                r#"<label for="username">{}</label>
<input name="username" id="username" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="64" value="{}" required{focus}>"#,
                escape(t.name_label),
                escape(typed)
            );
        }
        let focus = if form.username.is_some_and(str::is_empty) { "" } else { " autofocus" };
        let digits = form.digits.map(|n| format!(r#" data-digits="{n}""#)).unwrap_or_default();
        let invalid = if form.message.is_some() { r#" aria-invalid="true""# } else { "" };
        let _ = writeln!(
            body,
            r#"<label for="otp">{}</label>
<input name="otp" inputmode="numeric" autocomplete="one-time-code" id="otp" class="code" type="text" maxlength="16" aria-describedby="hint error" required{invalid}{focus}{digits}>
<p class="hint" id="hint">{}</p>
<input type="hidden" name="next" value="{}">
<button type="submit">{}</button>
</form>"#,
            escape(t.code_label),
            escape(t.code_hint),
            escape(form.next),
            escape(t.sign_in_button)
        );
        self.finish(out, t.sign_in, &body, form.next_origin);
    }

    /// Writes the account page.
    pub fn account(&self, out: &mut Out, user: &str, ends_in: &str) {
        let t = self.texts;
        let until = t.session_until.replace("{when}", &format!("in {ends_in}"));
        let body = format!(
            "<h1>{}</h1>\n<p>{} <strong>{}</strong>.</p>\n<p class=\"hint\">{}</p>\n<p><a href=\"{}/logout\">{}</a></p>",
            escape(t.account),
            escape(t.signed_in_as),
            escape(user),
            escape(&until),
            escape(&self.prefix),
            escape(t.sign_out)
        );
        self.finish(out, t.account, &body, None);
    }

    /// Writes the page that asks whether to end the session. `token` proves that this page was
    /// seen.
    pub fn logout(
        &self,
        out: &mut Out,
        user: &str,
        token: &str,
        next: &str,
        message: Option<&str>,
    ) {
        let t = self.texts;
        let body = format!(
            r#"<h1>{title}</h1>
<p class="error" role="alert">{message}</p>
<p>{signed_in_as} <strong>{user}</strong>. {question}</p>
<form method="post" action="{prefix}/logout">
<input type="hidden" name="token" value="{token}">
<input type="hidden" name="next" value="{next}">
<button type="submit">{here}</button>
<button type="submit" class="quiet" name="all" value="1">{everywhere}</button>
</form>"#,
            title = escape(t.sign_out),
            message = escape(message.unwrap_or_default()),
            signed_in_as = escape(t.signed_in_as),
            user = escape(user),
            question = escape(t.sign_out_question),
            prefix = escape(&self.prefix),
            token = escape(token),
            next = escape(next),
            here = escape(t.sign_out_button),
            everywhere = escape(t.sign_out_all_button)
        );
        self.finish(out, t.sign_out, &body, None);
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
    fn finish(&self, out: &mut Out, title: &str, body: &str, next_origin: Option<&str>) {
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
