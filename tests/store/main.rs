//! The store on a real file system: killed, cut off, damaged, full.

#[path = "../support/dice.rs"]
mod dice;
#[allow(dead_code, reason = "the gate's own tests use the rest of it")]
#[path = "../support/faults.rs"]
mod faults;
#[allow(dead_code, reason = "the gate's own tests use the rest of it")]
#[path = "../support/scratch.rs"]
mod scratch;

mod audit;
mod child;
mod crash;
mod damage;
mod disk;
mod files;
mod growth;
mod image;
mod keeping;
mod support;
