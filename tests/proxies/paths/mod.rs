//! Which paths real servers serve as `/private`, and whether the gate opens one of them.
//!
//! A rule that opens `/public/**` must open no spelling that some server takes for another path,
//! such as `/public/..%2fprivate/secret`. Proxies and applications resolve spellings in ways of
//! their own, so they are asked themselves.

mod answers;
mod behind_the_gate;
mod by_hand;
mod differential;
mod page;
mod parts;
mod rules;
mod servers;
mod spellings;
