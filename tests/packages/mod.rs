//! What people install: the units, the Debian package and the container image, each used as it will
//! be.
//!
//! The package is installed into real Debian systems with a running systemd (257 and 252), and the
//! daemon lives there under its unit. Needs root, `target/packages` and the `debian-*` among the
//! tools, all of which `tests/run` makes; nothing leaves the machine. What a container cannot show
//! (memory limits on this kind of machine) is left out.

mod container;
mod contents;
mod debian;
mod machine;
mod units;
