//! Device cookies: without the key none is made, and with it what is read is written back to the
//! same. Half of the inputs get a genuine MAC, so that what lies behind it is reached.

#![cfg_attr(fuzzing, no_main)]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
#[cfg(fuzzing)]
use libfuzzer_sys::fuzz_target;
use portcullis::auth::device::{DeviceKey, MAX_USERS, read};
use portcullis::clock::Timestamp;
use portcullis::secret::Secret;
use sha2::Sha256;

const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";
const NOW: u64 = 1_800_000_000;

fuzz_target!(|input: (bool, &[u8])| {
    let (signed, bytes) = input;
    let key = DeviceKey::new(&Secret::new(KEY.to_vec()));
    let now = Timestamp::from_unix(NOW);
    if !signed {
        assert!(read(bytes, &key, now).is_none(), "forged");
        return;
    }
    let Some(device) = read(&sign(bytes), &key, now) else { return };
    assert!(bytes.starts_with(&[1]) && device.users().len() <= MAX_USERS);
    let issued = u64::from_be_bytes(bytes[1..9].try_into().expect("eight octets"));
    assert!(issued <= NOW + 60 && NOW.saturating_sub(issued) <= 180 * 86_400);
    let again = read(device.mint(&key, now).as_bytes(), &key, now).expect("our own");
    // One user twice is one of ours no more; a new cookie keeps the later.
    assert!(again.users().iter().all(|user| device.users().contains(user)));
});

fn sign(body: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).expect("any length");
    mac.update(b"portcullis device cookie\0");
    mac.update(body);
    let mut bytes = body.to_vec();
    bytes.extend(mac.finalize().into_bytes());
    URL_SAFE_NO_PAD.encode(bytes).into_bytes()
}
