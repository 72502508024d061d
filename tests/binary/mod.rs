//! The static binaries: each of those that `image/binary` built does what a gate does, under an
//! emulator of the board's own processor where it is another than ours; and `cross`, where somebody
//! has it, is told what our `cross.toml` says.
//!
//! Leaves out what only a board shows: its kernel, its card, its speed.

mod cross;
mod smoke;
