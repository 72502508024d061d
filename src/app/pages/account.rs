//! The account page, and the one that asks whether to end the session.

use maud::html;

use crate::app::pages::layout::{FormPolicy, HtmlPage, Pages};
use crate::http::response::Out;

impl Pages {
    /// Writes the account page.
    pub fn account(&self, out: &mut Out, user: &str, ends_in: &str) {
        let t = self.texts;
        let main = html! {
            h1 { (t.account) }
            p { (t.signed_in_as) " " strong { (user) } "." }
            p.hint { (t.session_until.replace("{when}", &format!("in {ends_in}"))) }
            p { a href={ (self.prefix) "/logout" } { (t.sign_out) } }
        };
        self.finish(out, HtmlPage { title: t.account, main, form: None });
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
        let main = html! {
            h1 { (t.sign_out) }
            p.error role="alert" { (message.unwrap_or_default()) }
            p { (t.signed_in_as) " " strong { (user) } ". " (t.sign_out_question) }
            form method="post" action={ (self.prefix) "/logout" } {
                input type="hidden" name="token" value=(token);
                input type="hidden" name="next" value=(next);
                button type="submit" { (t.sign_out_button) }
                button.quiet type="submit" name="all" value="1" { (t.sign_out_all_button) }
            }
        };
        let form = Some(FormPolicy { next_origin: None });
        self.finish(out, HtmlPage { title: t.sign_out, main, form });
    }
}
