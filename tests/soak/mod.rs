//! The gate shaken: what takes long to show, in a form of seconds here and of hours by
//! `tests/soak/run`, whose usage names the variables. What concerns the store alone is in
//! tests/store, kills under load are in tests/crash.
//!
//! Nothing here believes a single figure: times are compared with times of the same run.

mod clock;
mod damage;
mod disk;
mod endurance;
mod flood;
mod journal;
mod shortage;
mod timing;
