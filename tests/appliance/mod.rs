//! The card's image, booted: on a machine of an emulator, with the card as its disk, and used from
//! outside as a person would: by HTTPS through a forwarded port, and by what lies on the boot
//! partition.
//!
//! Two machines: `virt`, quick, with a clock chip; `raspi3b`, a Pi 3 with its own device tree and
//! SD controller, without one. No firmware runs on either: what only a board can show is listed in
//! board/README.md. Needs `target/image`, which `image/build` makes, QEMU 9, mtools, openssl, and
//! root for the port of a time server.

mod card;
mod cuts;
mod household;
mod machine;
mod people;
mod start;
mod time_server;
mod tunnel;
