//! The login page.

use maud::html;

use crate::app::pages::layout::{FormPolicy, HtmlPage, Pages};
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
        let name_missing = form.username.is_some_and(str::is_empty);
        let main = html! {
            h1 { (t.sign_in) }
            p.error id="error" role="alert" aria-live="polite" {
                (form.message.unwrap_or_default())
            }
            @if form.setup {
                p.note {
                    (t.no_user_yet) " "
                    a href=(setup::address(&self.prefix, form.next)) { (t.to_setup) }
                }
            }
            form method="post" action={ (self.prefix) "/login" } {
                @if let Some(typed) = form.username {
                    label for="username" { (t.name_label) }
                    input name="username" id="username" autocomplete="username"
                        autocapitalize="none" spellcheck="false" maxlength="64" value=(typed)
                        required autofocus[name_missing];
                }
                label for="otp" { (t.code_label) }
                input name="otp" inputmode="numeric" autocomplete="one-time-code" id="otp"
                    class="code" type="text" maxlength="16" aria-describedby="hint error" required
                    aria-invalid=[form.message.map(|_| "true")] autofocus[!name_missing]
                    data-digits=[form.digits];
                p.hint id="hint" { (t.code_hint) }
                input type="hidden" name="next" value=(form.next);
                button type="submit" { (t.sign_in_button) }
            }
        };
        let form = Some(FormPolicy { next_origin: form.next_origin });
        self.finish(out, HtmlPage { title: t.sign_in, main, form });
    }
}
