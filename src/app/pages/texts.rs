//! Every sentence that a visitor reads, in one place, so that another language is another value of [`Texts`].

/// The words of one language. Plain text: the pages escape what they insert.
pub struct Texts {
    /// BCP 47 tag for `<html lang>`.
    pub lang: &'static str,
    /// Heading of the login page.
    pub sign_in: &'static str,
    /// Label of the code field.
    pub code_label: &'static str,
    /// Hint below the code field.
    pub code_hint: &'static str,
    /// Label of the name field.
    pub name_label: &'static str,
    /// The button that sends the code.
    pub sign_in_button: &'static str,
    /// A well-formed code that let nobody in, whatever the cause.
    pub wrong_code: &'static str,
    /// A code that is none.
    pub malformed_code: &'static str,
    /// A name that is none.
    pub malformed_name: &'static str,
    /// Too many failures from this address; `{wait}` is replaced.
    pub limited_address: &'static str,
    /// The strangers' bucket is empty.
    pub limited_strangers: &'static str,
    /// The account's or the device's bucket is empty.
    pub limited_account: &'static str,
    /// The clock cannot be trusted.
    pub clock_wrong: &'static str,
    /// The store does not take the change.
    pub store_down: &'static str,
    /// The queue to the worker is full.
    pub busy: &'static str,
    /// A POST from another site.
    pub cross_site: &'static str,
    /// A form without its token, or with an old one.
    pub stale_form: &'static str,
    /// The body could not be read as a form.
    pub broken_form: &'static str,
    /// Heading of the account page.
    pub account: &'static str,
    /// "Signed in as", before the name.
    pub signed_in_as: &'static str,
    /// When the session ends; `{when}` is replaced.
    pub session_until: &'static str,
    /// Heading of the sign-out page.
    pub sign_out: &'static str,
    /// The question on the sign-out page.
    pub sign_out_question: &'static str,
    /// The button that ends this session.
    pub sign_out_button: &'static str,
    /// The button that ends all sessions of this user.
    pub sign_out_all_button: &'static str,
    /// Said when there is nothing to sign out of.
    pub not_signed_in: &'static str,
    /// Link to the login page.
    pub to_login: &'static str,
    /// Heading of a 403 at the gate.
    pub forbidden: &'static str,
    /// Heading of a page that says what is wrong with the request.
    pub problem: &'static str,
    /// Heading of a 404.
    pub not_found: &'static str,
    /// Heading of a 405.
    pub wrong_method: &'static str,
}

/// English.
pub const ENGLISH: Texts = Texts {
    lang: "en",
    sign_in: "Sign in",
    code_label: "Code",
    code_hint: "The 6 digits that your authenticator app shows now.",
    name_label: "Name",
    sign_in_button: "Sign in",
    wrong_code: "Wrong or already used. Wait for the next code, then try again.",
    malformed_code: "That is not a code. Type the digits that your authenticator app shows, nothing else.",
    malformed_name: "That is not a name. Names have letters a-z, digits, and . _ - inside.",
    limited_address: "Too many wrong codes from here. Try again in {wait}. Whoever is signed in stays signed in.",
    limited_strangers: "Too many wrong codes from unknown devices. Sign in from your home network, from a device where \
                        you have signed in before, or ask the owner to run: portcullis limit clear strangers",
    limited_account: "Too many wrong codes for this account. Try again in {wait}, sign in from a device where you have \
                      signed in before, or ask the owner to run: portcullis limit clear NAME",
    clock_wrong: "The server's clock is not set yet, so no code can be checked. This page works again by itself once \
                  the time is right.",
    store_down: "The server cannot write to its disk, so it cannot sign anybody in. Whoever is signed in stays signed \
                 in. The owner finds the reason in the server's log.",
    busy: "The server is busy. Try again in a few seconds.",
    cross_site: "This form was sent from another site, so it was ignored. Open the login page itself and try again.",
    stale_form: "This form is too old or was not made by this page. Open it again and repeat what you did.",
    broken_form: "The form could not be read. Open the login page again and repeat what you did.",
    account: "Your account",
    signed_in_as: "Signed in as",
    session_until: "This session ends {when}.",
    sign_out: "Sign out",
    sign_out_question: "End your session on this device?",
    sign_out_button: "Sign out",
    sign_out_all_button: "Sign out everywhere",
    not_signed_in: "You are not signed in.",
    to_login: "Go to the login page",
    forbidden: "You may not open this",
    problem: "This request could not be understood",
    not_found: "Nothing here",
    wrong_method: "This address does not take that method",
};

/// A waiting time in words: whole minutes from one minute on, rounded up.
pub fn wait(seconds: u64) -> String {
    match seconds {
        0..=1 => "a second".to_owned(),
        2..=59 => format!("{seconds} seconds"),
        60..=119 => "2 minutes".to_owned(),
        120..=5_399 => format!("{} minutes", seconds.div_ceil(60)),
        _ => format!("{} hours", seconds.div_ceil(3_600)),
    }
}

#[cfg(test)]
mod tests {
    use super::wait;

    #[test]
    fn a_waiting_time_is_never_shorter_than_the_truth() {
        assert_eq!(wait(1), "a second");
        assert_eq!(wait(59), "59 seconds");
        assert_eq!(wait(61), "2 minutes");
        assert_eq!(wait(900), "15 minutes");
        assert_eq!(wait(21_600), "6 hours");
    }
}
