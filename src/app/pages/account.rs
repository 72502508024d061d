//! The account page, and the one that asks whether to end the session.

use crate::app::pages::layout::{Pages, escape};
use crate::http::response::Out;

impl Pages {
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
}
