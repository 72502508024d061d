//! Passes of programs by the thousand, for whoever counts what they cost.

use std::time::Duration;

use portcullis::auth::access_pass::pass_id::PassId;
use portcullis::auth::access_pass::pass_token::PassToken;
use portcullis::auth::access_pass::record::{AccessPass, PassName};
use portcullis::auth::policy::scope::PlaceScope;
use portcullis::auth::user::UserName;
use portcullis::clock;
use portcullis::entropy::System;

/// So many passes of a user for these places, good for a day, and the token of the last one.
pub fn many(count: usize, user: &str, scope: &PlaceScope) -> (Vec<AccessPass>, String) {
    let (mut passes, mut last) = (Vec::with_capacity(count), String::new());
    let now = clock::now();
    for number in 0..count {
        let token = PassToken::generate(&mut System);
        token.expose().clone_into(&mut last);
        passes.push(AccessPass {
            id: PassId::generate(&mut System),
            digest: token.digest(),
            name: PassName::parse(&format!("program {number}")).expect("a name"),
            user: UserName::parse(user).expect("a name"),
            scope: scope.clone(),
            created: now,
            expires: now.plus(Duration::from_secs(86_400)),
            last_used: None,
        });
    }
    (passes, last)
}
