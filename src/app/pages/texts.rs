//! Every sentence that a visitor reads, in one place, so that another language is another value of
//! [`Texts`].

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
    /// The bucket of the internet's strangers is empty: what still works for one of them.
    pub limited_strangers: &'static str,
    /// The same for one whose address may be of the owner's own VPN.
    pub limited_strangers_vpn: &'static str,
    /// The bucket of strangers at home is empty: what still works for one of them.
    pub limited_strangers_home: &'static str,
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
    /// A POST that hides where it comes from.
    pub hidden_origin: &'static str,
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
    /// Said on the login page while no user has ever existed.
    pub no_user_yet: &'static str,
    /// Link to the set-up page.
    pub to_setup: &'static str,
    /// Heading of the set-up page.
    pub set_up: &'static str,
    /// There was a user.
    pub setup_closed: &'static str,
    /// What the set-up page is for.
    pub setup_intro: &'static str,
    /// Label of the field for the set-up code.
    pub setup_code_label: &'static str,
    /// Where the set-up code is found.
    pub setup_code_hint: &'static str,
    /// The button that sends the set-up code.
    pub setup_begin_button: &'static str,
    /// A set-up code that is none.
    pub malformed_setup_code: &'static str,
    /// A well-formed code, of the gate or of the app, that is not the right one.
    pub setup_wrong: &'static str,
    /// Too many failures from this address, on the set-up page; `{wait}` is replaced.
    pub setup_limited_address: &'static str,
    /// The bucket of the internet's strangers is empty, on the set-up page.
    pub setup_limited_strangers: &'static str,
    /// That of strangers at home, on the set-up page.
    pub setup_limited_strangers_home: &'static str,
    /// Another browser holds the enrolment; `{wait}` is replaced.
    pub setup_held: &'static str,
    /// This browser does not hold the enrolment any more.
    pub setup_hold_over: &'static str,
    /// The set-up code has run out.
    pub setup_code_late: &'static str,
    /// The set-up code was guessed at too often.
    pub setup_code_guessed: &'static str,
    /// What to do with the picture.
    pub setup_scan: &'static str,
    /// What the picture is, for those who do not see it.
    pub setup_picture: &'static str,
    /// Link that opens the app on the same device.
    pub setup_on_this_device: &'static str,
    /// Before the secret.
    pub setup_secret: &'static str,
    /// The button that sends name and code.
    pub setup_finish_button: &'static str,
    /// For how long the page is good; `{wait}` is replaced.
    pub setup_left: &'static str,
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
    limited_strangers: "Too many wrong codes from unknown devices. This still works: signing in from your home network, \
                        or on a device where you have signed in before. Or ask the owner to run: portcullis limit clear \
                        strangers",
    limited_strangers_vpn: "Too many wrong codes from unknown devices. This still works: signing in from your home \
                            network, or on a device where you have signed in before. If you come through your own VPN, \
                            the owner can make it count as home: 100.64.0.0/10 in limits.local. Or ask the owner to \
                            run: portcullis limit clear strangers",
    limited_strangers_home: "Too many wrong codes from unknown devices in this home network. This still works: signing \
                             in on a device where you have signed in before. Or ask the owner to run: portcullis limit \
                             clear home",
    limited_account: "Too many wrong codes for this account. Try again in {wait}, sign in from a device where you have \
                      signed in before, or ask the owner to run: portcullis limit clear NAME",
    clock_wrong: "The server's clock is not set yet, so no code can be checked. This page works again by itself once \
                  the time is right.",
    store_down: "The server cannot write to its disk, so it cannot sign anybody in. Whoever is signed in stays signed \
                 in. The owner finds the reason in the server's log.",
    busy: "The server is busy. Try again in a few seconds.",
    cross_site: "This form was sent from another site, so it was ignored. Open the login page itself and try again.",
    hidden_origin: "Your browser does not say which page this form came from (Origin: null), so it was ignored. If you \
                    opened the login page itself, the reverse proxy causes this: it adds Referrer-Policy: no-referrer, \
                    which the owner removes from the gate's pages.",
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
    no_user_yet: "Nobody can sign in yet: this gate has no user.",
    to_setup: "Set it up",
    set_up: "Set up this gate",
    setup_closed: "Set-up is done: this gate has had a user, so this page stays closed. Sign in instead. Where nobody can \
                   any more, the owner adds a user with: portcullis user add NAME --admin",
    setup_intro: "Here you make the first user, who signs in with the codes of an authenticator app.",
    setup_code_label: "Set-up code",
    setup_code_hint: "16 letters and digits. The machine shows them on its screen, in its status file or in the \
                      gate's log.",
    setup_begin_button: "Go on",
    malformed_setup_code: "That is not a set-up code. It has 16 letters and digits, like ABCD-EFGH-IJKL-MNOP; the digits \
                           0, 1, 8 and 9 are never in it.",
    setup_wrong: "Wrong code. Look at it again, then try once more.",
    setup_limited_address: "Too many wrong codes from here. Try again in {wait}.",
    setup_limited_strangers: "Too many wrong codes from unknown devices. Open this page from your home network, or run: \
                              portcullis limit clear strangers",
    setup_limited_strangers_home: "Too many wrong codes from unknown devices in this home network. To go on, run: \
                                   portcullis limit clear home",
    setup_held: "Another browser is setting this gate up at the moment. Try \
                 again in {wait}. If that was you, this browser does not keep cookies of this address: open it with https.",
    setup_hold_over: "Your ten minutes are over, so this page shows its secret no more. Enter the set-up code again.",
    setup_code_late: "The set-up code has run out after 30 minutes. Restart the gate, or run: portcullis init --new-code",
    setup_code_guessed: "The set-up code was guessed at too often, so it is good no more. Restart the gate, or run: \
                         portcullis init --new-code",
    setup_scan: "Scan this with an authenticator app, then type the code that it shows.",
    setup_picture: "QR code for the authenticator app",
    setup_on_this_device: "Open the app on this device",
    setup_secret: "Or type this secret into the app:",
    setup_finish_button: "Finish",
    setup_left: "This page is yours for {wait}.",
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
