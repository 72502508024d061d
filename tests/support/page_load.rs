//! The page load that every benchmark asks about: 22 header lines of Chromium through a proxy, the
//! session cookie among them. One text, so that instructions, allocations and requests a second are
//! numbers of the same question.

/// The domain of the site that was asked for, and of the session's cookie.
pub const DOMAIN: &str = "example.test";

/// A header line: name and value.
pub type Line<'l> = (&'l str, &'l str);

/// What Caddy forwards of the question.
pub const BY_CADDY: [Line<'_>; 4] = [
    ("X-Forwarded-Host", "app.example.test"),
    ("X-Forwarded-Method", "GET"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Uri", "/photos/2024?page=3&sort=date"),
];

/// The same by nginx.
pub const BY_NGINX: [Line<'_>; 4] = [
    ("X-Original-Method", "GET"),
    ("X-Original-URL", "https://app.example.test/photos/2024?page=3&sort=date"),
    ("X-Real-IP", "203.0.113.7"),
    ("X-Request-ID", "6f1d8c5e0b7a4f7c"),
];

/// The same by Envoy, which asks with the original request line and `Host`.
pub const BY_ENVOY: [Line<'_>; 4] = [
    ("Content-Length", "0"),
    ("X-Envoy-Expected-Rq-Timeout-Ms", "5000"),
    ("X-Envoy-Internal", "true"),
    ("X-Forwarded-Proto", "https"),
];

/// All lines in the order in which they arrive.
pub fn lines<'l>(
    host: &'l str,
    cookies: &'l str,
    forwarded: [Line<'l>; 4],
) -> impl Iterator<Item = Line<'l>> {
    let by_browser = [
        ("Host", host),
        (
            "User-Agent",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        ),
        (
            "Accept",
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
        ),
        ("Accept-Encoding", "gzip, deflate, br, zstd"),
        ("Accept-Language", "en-US,en;q=0.9"),
        ("Cache-Control", "max-age=0"),
        ("Cookie", cookies),
        ("Priority", "u=0, i"),
        ("Referer", "https://app.example.test/photos"),
        ("Sec-Ch-Ua", "\"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\""),
        ("Sec-Ch-Ua-Mobile", "?0"),
        ("Sec-Ch-Ua-Platform", "\"Linux\""),
        ("Sec-Fetch-Dest", "document"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Site", "same-origin"),
        ("Sec-Fetch-User", "?1"),
        ("Upgrade-Insecure-Requests", "1"),
        ("X-Forwarded-For", "203.0.113.7"),
    ];
    by_browser.into_iter().chain(forwarded)
}

/// The cookies of somebody who is logged in.
pub fn cookies(token: &str) -> String {
    format!("theme=dark; auth_token={token}; lang=en")
}

/// The whole head of a question at `path`.
pub fn head(path: &str, cookies: &str, forwarded: [Line<'_>; 4]) -> String {
    let lines: Vec<_> = lines("127.0.0.1:3000", cookies, forwarded).collect();
    assert_eq!(lines.len(), 22);
    let lines: String =
        lines.into_iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("GET {path} HTTP/1.1\r\n{lines}\r\n")
}
