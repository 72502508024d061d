//! Chunked bodies: however the bytes are cut into pieces, the same body comes out, or the same
//! refusal.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
use libfuzzer_sys::fuzz_target;
use portcullis::http::framing::ChunkedDecoder;

const LIMIT: usize = 512;

fuzz_target!(|input: (u8, &[u8])| {
    let (step, bytes) = input;
    let whole = decode(bytes, bytes.len().max(1));
    let pieces = decode(bytes, usize::from(step) + 1);
    assert_eq!(whole, pieces);
    if let Some((body, used)) = whole {
        assert!(body.len() <= LIMIT && body.len() < used);
        // What is complete stays so with anything behind it, and is incomplete without its last
        // octet.
        let longer = [&bytes[..used], b"GET /smuggled HTTP/1.1\r\n\r\n"].concat();
        assert_eq!(decode(&longer, longer.len()), Some((body, used)));
        assert_eq!(decode(&bytes[..used - 1], used), None);
    }
});

/// The body and how many octets it took, if it is complete and well formed.
fn decode(bytes: &[u8], step: usize) -> Option<(Vec<u8>, usize)> {
    let mut decoder = ChunkedDecoder::new();
    let mut body = Vec::new();
    let mut used = 0;
    for piece in bytes.chunks(step) {
        let taken = decoder.decode(piece, &mut body, LIMIT).ok()?;
        assert!(taken <= piece.len());
        assert!(body.len() <= LIMIT);
        used += taken;
        if decoder.is_done() {
            return Some((body, used));
        }
        assert_eq!(taken, piece.len(), "stopped before the end");
    }
    None
}
