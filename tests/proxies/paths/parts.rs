//! What may be taken for the parts of a path that leads elsewhere, by families.

/// Parts of a family, and the family.
pub type Parts = (&'static str, &'static [&'static [u8]]);

/// What may be taken for the segment `..`, and is not that.
pub const DOTS: [Parts; 8] = [
    ("encoded dots", &[b"%2e%2e", b"%2E%2E", b".%2e", b"%2e.", b".%2E"]),
    (
        "dots encoded more than once",
        &[b"%252e%252e", b".%252e", b"%25%32%65%25%32%65", b"%25252e%25252e", b"%%32%65%%32%65"],
    ),
    (
        "dots with a parameter",
        &[b"..;", b"..;x", b"..;x=1", b"%2e%2e;", b"..%3b", b"..%3Bx", b"..%253b", b".;.", b";.."],
    ),
    ("dots with a NUL", &[b"..%00", b"%00..", b".%00.", b"..%2500"]),
    (
        "dots with white space",
        &[b"..%20", b"%20..", b"..%09", b"..\t", b".\t.", b"..%0a", b".%0d.", b"..%0d%0a", b"..+"],
    ),
    ("more than two dots", &[b"...", b"....", b"..%2e", b"...."]),
    (
        "overlong dots",
        &[
            b"%c0%ae%c0%ae",
            b"%C0%AE%C0%AE",
            b".%c0%ae",
            b"\xc0\xae\xc0\xae",
            b"%e0%80%ae%e0%80%ae",
            b"%f0%80%80%ae%f0%80%80%ae",
            b"%c0%2e%c0%2e",
            b"%25c0%25ae%25c0%25ae",
        ],
    ),
    (
        "dots of other alphabets",
        &[
            b"%ef%bc%8e%ef%bc%8e",
            "．．".as_bytes(),
            b"%u002e%u002e",
            b"%uff0e%uff0e",
            b"%e2%80%a4%e2%80%a4",
            b"%e2%80%a5",
            b"%00.%00.",
            b".%ad.",
        ],
    ),
];

/// A slash, and what may be taken for one.
pub const SLASHES: [Parts; 11] = [
    ("dot segments", &[b"/"]),
    ("doubled slashes", &[b"//", b"///", b"////"]),
    ("segments of one dot", &[b"/./", b"/%2e/", b"/%252e/", b"/.;/", b"/././/"]),
    ("encoded slashes", &[b"%2f", b"%2F", b"/%2f", b"%2f/", b"%2f%2f"]),
    ("slashes encoded more than once", &[b"%252f", b"%252F", b"%25%32%66", b"%25252f", b"%%32%66"]),
    ("backslashes", &[b"\\", b"/\\", b"\\/", b"\\\\"]),
    ("encoded backslashes", &[b"%5c", b"%5C", b"%255c", b"/%5c", b"%5c/"]),
    (
        "overlong slashes",
        &[
            b"%c0%af",
            b"%C0%AF",
            b"\xc0\xaf",
            b"%e0%80%af",
            b"%f0%80%80%af",
            b"%c0%2f",
            b"%c1%9c",
            b"%25c0%25af",
        ],
    ),
    (
        "slashes of other alphabets",
        &[
            b"%ef%bc%8f",
            "／".as_bytes(),
            b"%e2%88%95",
            b"%e2%81%84",
            b"%u002f",
            b"%u2215",
            b"%uff0f",
            b"%ef%bc%bc",
        ],
    ),
    (
        "segments with a parameter",
        &[b";/", b";x/", b";x=1/", b"/;/", b"/;x/", b"%3b/", b"%3bx/", b";x=y;z/"],
    ),
    (
        "marks of query and fragment",
        &[b"?", b"?/", b"#", b"#/", b"%3f", b"%3f/", b"%23", b"%23/", b"%253f/", b"%2523/"],
    ),
];
