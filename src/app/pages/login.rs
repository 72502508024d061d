//! The login page.

use std::fmt::Write as _;

use crate::app::pages::layout::{Pages, escape};
use crate::app::pages::setup;
use crate::http::response::Out;

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
}
