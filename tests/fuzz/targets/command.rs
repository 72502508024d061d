//! Both ends of the control socket: an order is refused or reads back as the same, and an answer is
//! whole or an error.

#![cfg_attr(fuzzing, no_main)]

use std::io::{self, Cursor, Read, Write};

#[cfg(fuzzing)]
use libfuzzer_sys::fuzz_target;
use portcullis::app::messages::command::{Command, CommandRefused};
use portcullis::cli::exchange::exchange;

fuzz_target!(|input: (bool, &[u8])| {
    let (order, bytes) = input;
    if order { ordered(bytes) } else { answered(bytes) }
});

fn ordered(bytes: &[u8]) {
    if let Ok(refused) = serde_json::from_slice::<CommandRefused>(bytes) {
        let _ = refused.to_string();
    }
    let Ok(command) = serde_json::from_slice::<Command>(bytes) else { return };
    let written = serde_json::to_vec(&command).expect("every order can be written");
    assert_eq!(serde_json::from_slice::<Command>(&written).ok(), Some(command.clone()));
    if let Command::Restore { records } = &command {
        assert!(command.needs_owner());
        assert_eq!(format!("{records:?}"), "Records(…)", "would show seeds");
        let _ = records.octets();
    }
}

fn answered(bytes: &[u8]) {
    let mut stream = Played(Cursor::new(bytes.to_vec()));
    let Ok(answer) = exchange(&mut stream, "POST", "/command", "portcullis", Some(b"{}")) else {
        return;
    };
    assert!(answer.body.len() < bytes.len() && answer.status < 1_000);
    assert!(
        bytes
            .windows(answer.body.len().max(1))
            .any(|part| part == answer.body || answer.body.is_empty())
    );
}

struct Played(Cursor<Vec<u8>>);

impl Read for Played {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for Played {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
