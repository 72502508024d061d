//! Where a body ends: lengths, chunks, and everything ambiguous.

use super::*;
use crate::http::request::parse_head;

fn framing(lines: &str) -> Result<Framing, u16> {
    let raw = format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
    match parse_head(raw.as_bytes()) {
        Ok(Some((_, _, framing))) => Ok(framing),
        Ok(None) => Err(0),
        Err(malformed) => Err(malformed.status.0),
    }
}

#[test]
fn lengths_are_digits_only_and_stand_once() {
    assert_eq!(framing(""), Ok(Framing::None));
    assert_eq!(framing("Content-Length: 0\r\n"), Ok(Framing::Length(0)));
    assert_eq!(framing("Content-Length:   0005  \r\n"), Ok(Framing::Length(5)));
    assert_eq!(framing("Content-Length: 18446744073709551615\r\n"), Ok(Framing::Length(u64::MAX)));
    for bad in [
        "+5",
        "-5",
        "0x5",
        "5 5",
        "5,5",
        "5, 6",
        "5_0",
        "",
        "5.0",
        "5;",
        "five",
        "\u{ff15}",
        "18446744073709551616",
        "99999999999999999999999999",
    ] {
        assert_eq!(framing(&format!("Content-Length: {bad}\r\n")), Err(400), "{bad}");
    }
    assert_eq!(framing("Content-Length: 5\r\nContent-Length: 6\r\n"), Err(400));
    assert_eq!(framing("Content-Length: 5\r\ncontent-length: 5\r\n"), Err(400));
}

#[test]
fn the_only_coding_is_chunked_alone() {
    assert_eq!(framing("Transfer-Encoding: chunked\r\n"), Ok(Framing::Chunked));
    assert_eq!(framing("transfer-encoding: Chunked \r\n"), Ok(Framing::Chunked));
    for bad in [
        "chunked, chunked",
        "chunked, gzip",
        "gzip, chunked",
        "chunked;q=1",
        "",
        ",chunked",
        "chunked,",
        "\"chunked\"",
    ] {
        assert_eq!(framing(&format!("Transfer-Encoding: {bad}\r\n")), Err(400), "{bad}");
    }
    for unknown in ["gzip", "identity", "xchunked", "chunkedx"] {
        assert_eq!(framing(&format!("Transfer-Encoding: {unknown}\r\n")), Err(501), "{unknown}");
    }
    for bad in [
        "Transfer-Encoding: \x0bchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding:\r\n chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
    ] {
        assert_eq!(framing(bad), Err(400), "{bad:?}");
    }
    assert!(
        parse_head(b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").is_err()
    );
}

/// Body, consumed octets, whether it is complete; or the status of the refusal.
fn decode(input: &[u8], limit: usize) -> Result<(Vec<u8>, usize, bool), u16> {
    let mut decoder = ChunkedDecoder::new();
    let mut body = Vec::new();
    let used = decoder.decode(input, &mut body, limit).map_err(|malformed| malformed.status.0)?;
    Ok((body, used, decoder.is_done()))
}

const GOOD: [&[u8]; 6] = [
    b"5\r\nhello\r\n0\r\n\r\n",
    b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    b"5;name=value\r\nhello\r\n0;x\r\n\r\n",
    b"5 ; a=\"b c\"\r\nhello\r\n0\r\n\r\n",
    b"0000000000000000000005\r\nhello\r\n000\r\n\r\n",
    b"5\r\nhello\r\n0\r\nX-Trailer: a b\r\nY:\r\n\r\n",
];

#[test]
fn well_formed_chunks_are_joined() {
    for input in GOOD {
        let behind = [input, b"GET / HTTP/1.1"].concat();
        assert_eq!(
            decode(&behind, 5),
            Ok((b"hello".to_vec(), input.len(), true)),
            "{}",
            input.escape_ascii()
        );
    }
    assert_eq!(decode(b"0\r\n\r\n", 0), Ok((Vec::new(), 5, true)));
}

#[test]
fn chunks_may_be_cut_anywhere() {
    for input in GOOD {
        for cut in 0..input.len() {
            let (first, second) = input.split_at(cut);
            let (mut decoder, mut body) = (ChunkedDecoder::new(), Vec::new());
            assert_eq!(decoder.decode(first, &mut body, 100), Ok(first.len()));
            assert!(!decoder.is_done());
            assert_eq!(decoder.decode(second, &mut body, 100), Ok(second.len()));
            assert!(decoder.is_done());
            assert_eq!(body, b"hello");
        }
    }
}

#[test]
fn malformed_chunks_are_refused() {
    for bad in [
        &b"+5\r\nhello\r\n"[..],
        b"-5\r\n",
        b"0x5\r\nhello\r\n",
        b"5_0\r\n",
        b" 5\r\nhello\r\n",
        b"5 \r\nhello\r\n",
        b"\x005\r\n",
        b"5\x00\r\n",
        b"\r\nhello",
        b";a\r\n",
        b"g\r\n",
        b"10000000000000000\r\n",
        b"5\nhello\r\n",
        b"5\r\r\nhello",
        b"5\rhello",
        b"5;a\nhello\r\n0\r\n\r\n",
        b"5;a\x00\r\nhello\r\n",
        b"5\r\nhello!\r\n0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"5\r\nhello\r\n0\r\n\n",
        b"5\r\nhello\r\n0\r\nBad Name: x\r\n\r\n",
        b"5\r\nhello\r\n0\r\nnocolon\r\n\r\n",
        b"5\r\nhello\r\n0\r\nX: a\nb\r\n\r\n",
        b"5\r\nhello\r\n0\r\n: a\r\n\r\n",
        b"5\r\nhello\r\n0\r\nX: a\r\n folded\r\n\r\n",
    ] {
        assert_eq!(decode(bad, 100), Err(400), "{}", bad.escape_ascii());
    }
    assert_eq!(decode(&[b'1'; 100], 100), Err(400), "a hundred digits");
}

#[test]
fn a_refused_chunk_is_told_by_what_is_wrong_with_it() {
    for (input, reason) in [
        (b"g\r\n".as_slice(), "a chunk size is no hexadecimal number"),
        (b"1 1\r\n", "a chunk size is no hexadecimal number"),
        (b"1;\0\r\n", "a chunk size is no hexadecimal number"),
        (b"1\r\nab", "a chunk is longer than its size says"),
        (b"1\r\na\rb", "a chunk is longer than its size says"),
        (b"0\r\n:\r\n", "the lines around a chunk are malformed"),
    ] {
        let refused = ChunkedDecoder::new().decode(input, &mut Vec::new(), 100);
        assert_eq!(
            refused.map_err(|malformed| malformed.reason),
            Err(reason),
            "{}",
            input.escape_ascii()
        );
    }
}

#[test]
fn bodies_over_the_limit_are_413_as_soon_as_they_are_announced() {
    assert_eq!(decode(b"6\r\n", 5), Err(413));
    assert_eq!(decode(b"5\r\nhello\r\n1\r\n", 5), Err(413));
    assert_eq!(decode(b"ffffffffffffffff\r\n", 5), Err(413));
}

#[test]
fn extensions_and_trailers_are_bounded() {
    assert_eq!(decode(&[b"5;", &[b'a'; 300][..]].concat(), 100), Err(400));
    let many = b"1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n".repeat(2_000);
    assert_eq!(decode(&many, 100_000), Err(400));
    let trailers = [b"0\r\n".to_vec(), b"X-A: b\r\n".repeat(20_000)].concat();
    assert_eq!(decode(&trailers, 100), Err(400));
}

#[test]
fn mutated_chunks_never_panic() {
    for input in GOOD {
        for place in 0..input.len() {
            for byte in 0..=255 {
                let mut bytes = input.to_vec();
                bytes[place] = byte;
                let _ = decode(&bytes, 10);
            }
        }
    }
}

#[test]
fn a_body_is_announced_by_any_length_but_zero_and_by_chunks() {
    assert!(!Framing::None.announces_body() && !Framing::Length(0).announces_body());
    assert!(Framing::Length(1).announces_body() && Framing::Chunked.announces_body());
}

#[test]
fn a_size_line_and_all_that_is_no_data_may_be_as_long_as_their_limits_and_no_longer() {
    let size_line = |length: usize| {
        [b"5;", "a".repeat(length - 3).as_bytes(), b"\r\nhello\r\n0\r\n\r\n"].concat()
    };
    assert!(decode(&size_line(SIZE_LINE_LIMIT), 100).is_ok_and(|(_, _, done)| done));
    assert_eq!(decode(&size_line(SIZE_LINE_LIMIT + 1), 100), Err(400));
    let trailer =
        |length: usize| [b"0\r\nX:", "a".repeat(length - 9).as_bytes(), b"\r\n\r\n"].concat();
    assert_eq!(trailer(OVERHEAD_LIMIT).len(), OVERHEAD_LIMIT);
    assert!(decode(&trailer(OVERHEAD_LIMIT), 100).is_ok_and(|(_, _, done)| done));
    assert_eq!(decode(&trailer(OVERHEAD_LIMIT + 1), 100), Err(400));
}
