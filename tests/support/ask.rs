//! A request as bytes, right or wrong, and an answer taken apart: what is common to those who send
//! over a socket and those who ask a gate in the test's own process.

use serde_json::Value;

/// One answer, its body unpacked.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The status line and the header lines of an answer, without what follows.
    pub fn of_head(head: &[u8]) -> Self {
        let text = String::from_utf8_lossy(head);
        let mut lines = text.split("\r\n");
        let start = lines.next().unwrap_or_default();
        let status = start
            .strip_prefix("HTTP/1.")
            .and_then(|rest| rest.get(2..5))
            .and_then(|digits| digits.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status line: {start:?}"));
        let headers = lines
            .filter(|line| !line.is_empty())
            .map(|line| line.split_once(':').unwrap_or_else(|| panic!("no header line: {line:?}")))
            .map(|(name, value)| (name.to_owned(), value.trim_matches([' ', '\t']).to_owned()))
            .collect();
        Self { status, headers, body: Vec::new() }
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every header of that name, in order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// The whole `Set-Cookie` line for that cookie.
    pub fn set_cookie(&self, name: &str) -> Option<&str> {
        self.all("set-cookie")
            .find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
    }

    /// The value that a `Set-Cookie` gives that cookie.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let (pair, _) = self.set_cookie(name)?.split_once(';')?;
        Some(pair.split_once('=')?.1.to_owned())
    }

    /// Name and value of each input of a page.
    pub fn inputs(&self) -> Vec<(String, String)> {
        let text = self.text();
        let inputs = text.split("<input ").skip(1).filter_map(|rest| rest.split('>').next());
        inputs
            .filter_map(|input| {
                let value = |name: &str| {
                    Some(input.split_once(&format!("{name}=\""))?.1.split('"').next()?.to_owned())
                };
                Some((value("name")?, value("value").unwrap_or_default()))
            })
            .collect()
    }

    /// The `next` of the login address in `Location`, decoded.
    pub fn next(&self) -> Option<String> {
        let (_, query) = self.header("location")?.split_once('?')?;
        let value = query.split('&').find_map(|pair| pair.strip_prefix("next="))?;
        Some(percent_decode(value))
    }
}

/// A request being put together.
#[derive(Clone, Debug)]
pub struct Ask {
    start: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Ask {
    /// `METHOD target HTTP/1.1`, with `Host: 127.0.0.1` until another is given.
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            start: format!("{method} {target} HTTP/1.1").into_bytes(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A form, sent the way a browser does.
    pub fn form(target: &str, fields: &[(&str, &str)]) -> Self {
        let pairs: Vec<_> = fields
            .iter()
            .map(|(k, v)| format!("{}={}", percent_encode(k), percent_encode(v)))
            .collect();
        Self::new("POST", target)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(pairs.join("&").as_bytes())
    }

    /// The same, with the fields that a page had and these values in them.
    pub fn filled_form(
        target: &str,
        mut fields: Vec<(String, String)>,
        values: &[(&str, &str)],
    ) -> Self {
        for (name, value) in values {
            match fields.iter_mut().find(|(known, _)| known == name) {
                Some((_, old)) => (*value).clone_into(old),
                None => fields.push(((*name).to_owned(), (*value).to_owned())),
            }
        }
        let fields: Vec<_> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Self::form(target, &fields)
    }

    /// The question that a proxy asks at `path` about `url`, with the headers of the X-Forwarded
    /// family.
    pub fn verify(path: &str, url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").expect("an absolute URL");
        let (host, uri) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Self::get(path)
            .header("X-Forwarded-For", "198.51.100.1")
            .header("X-Forwarded-Proto", scheme)
            .header("X-Forwarded-Host", host)
            .header("X-Forwarded-Uri", if uri.is_empty() { "/" } else { uri })
            .header("X-Forwarded-Method", "GET")
    }

    /// The question that nginx asks about `url`.
    pub fn verify_nginx(path: &str, url: &str) -> Self {
        Self::get(path)
            .header("X-Forwarded-For", "198.51.100.1")
            .header("X-Original-URL", url)
            .header("X-Original-Method", "GET")
    }

    /// Adds a line.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Replaces all lines of that name.
    pub fn set(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self = self.without(name);
        self.header(name, value)
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self
    }

    /// The headers of a page load in Chromium over https.
    pub fn by_page_load(self) -> Self {
        self.header("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
            .header("Sec-Fetch-Mode", "navigate")
            .header("Sec-Fetch-Dest", "document")
    }

    pub fn cookie(self, name: &str, value: &str) -> Self {
        self.header("Cookie", format!("{name}={value}"))
    }

    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    /// The bytes on the wire; `Host` and `Content-Length` are added where they are needed and not
    /// given.
    pub fn bytes(&self) -> Vec<u8> {
        let has = |name: &str| self.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        let mut bytes = self.start.clone();
        bytes.extend_from_slice(b"\r\n");
        if !has("host") {
            bytes.extend_from_slice(b"Host: 127.0.0.1\r\n");
        }
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        if !self.body.is_empty() && !has("content-length") && !has("transfer-encoding") {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Whether it asks for a head alone.
    pub fn is_for_head(&self) -> bool {
        self.start.starts_with(b"HEAD ")
    }
}

/// Everything but RFC 3986's unreserved bytes becomes `%XX`.
pub fn percent_encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// `%XX` becomes its byte; a `+` stays.
fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = (first == b'%').then(|| after.get(..2)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
