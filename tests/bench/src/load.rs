//! Closed-loop load by `wrk`: what it saw, and what client and server spent on it.

use std::process::Command;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use portcullis::clock;

use crate::Fallible;
use crate::machine::Machine;
use crate::page_load;
use crate::process::{Server, output};
use crate::scratch::Scratch;

/// Prints one line: requests, microseconds, p50, p99, what went wrong.
const REPORT: &str = r#"
done = function(summary, latency)
    local e = summary.errors
    io.write(string.format("\nsummary %d %d %.1f %.1f %d\n", summary.requests, summary.duration, latency:percentile(50),
        latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
"#;

/// Asks with each cookie in the file in turn.
const IN_TURN: &str = r#"
local requests, next = {}, 0
init = function()
    for cookie in io.lines(COOKIES) do
        wrk.headers["Cookie"] = cookie
        requests[#requests + 1] = wrk.format()
    end
end
request = function()
    next = next % #requests + 1
    return requests[next]
end
"#;

/// The twelve lines for who takes no more of them.
const FEW: [&str; 12] = [
    "Host",
    "User-Agent",
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Cookie",
    "Sec-Fetch-Mode",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Method",
    "X-Forwarded-Proto",
    "X-Forwarded-Uri",
];

/// The header lines of a page load as Caddy hands them on: all 22, or twelve of them.
pub fn header_lines(count: usize, host: &str, cookies: &str) -> Vec<(String, String)> {
    let all = page_load::lines(host, cookies, page_load::BY_CADDY);
    let lines = all.filter(|(name, _)| count > FEW.len() || FEW.contains(name));
    let lines: Vec<_> = lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    assert_eq!(lines.len(), count, "22 or 12");
    lines
}

/// What a browser sends to the proxy: the same without the proxy's own words.
pub fn browser_lines(host: &str, cookies: &str) -> Vec<(String, String)> {
    header_lines(22, host, cookies)
        .into_iter()
        .filter(|(name, _)| !name.starts_with("X-Forwarded-"))
        .collect()
}

/// What is asked.
#[derive(Clone)]
pub struct Question {
    pub target: String,
    pub headers: Vec<(String, String)>,
    /// Cookies to ask with in turn instead of the one among the headers.
    pub cookies: Vec<String>,
}

impl Question {
    pub fn new(target: &str, headers: Vec<(String, String)>) -> Self {
        Self { target: target.to_owned(), headers, cookies: Vec::new() }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        crate::http::request("GET", &self.target, &headers, "")
    }

    /// The same question, on a connection of its own each time.
    pub fn once(&self) -> Self {
        let mut question = self.clone();
        question.headers.push(("Connection".to_owned(), "close".to_owned()));
        question
    }
}

/// One load of some seconds.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub requests: f64,
    pub per_second: f64,
    pub p50: f64,
    pub p99: f64,
    /// Processor time of all servers, in microseconds a request.
    pub cost: f64,
    /// Shares of the time that the servers, and the client on each of its cores, were at work.
    pub server_busy: f64,
    pub client_busy: f64,
}

/// Asks the first of `servers` (the others stand behind it) for `seconds`; anew where an answer was
/// wrong or stayed away, twice at most.
pub fn load(
    machine: &Machine,
    servers: &[&Server],
    question: &Question,
    connections: usize,
    seconds: u64,
) -> Fallible<Sample> {
    let mut again = 2;
    loop {
        match load_once(machine, servers, question, connections, seconds) {
            Err(error) if again > 0 => eprintln!("once more: {error}"),
            done => return done,
        }
        again -= 1;
    }
}

fn load_once(
    machine: &Machine,
    servers: &[&Server],
    question: &Question,
    connections: usize,
    seconds: u64,
) -> Fallible<Sample> {
    let Some(first) = servers.first() else { return Err("nobody to ask".into()) };
    let dir = Scratch::new("wrk")?;
    let mut script = REPORT.to_owned();
    if !question.cookies.is_empty() {
        let cookies = dir.write("cookies", &question.cookies.join("\n"))?;
        script = format!("local COOKIES = \"{}\"\n{IN_TURN}{REPORT}", cookies.display());
    }
    let script = dir.write("report.lua", &script)?;
    let threads = machine.clients.min(connections);
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &machine.client_cores, "wrk", "--timeout", "20s"]);
    command.args(["--threads", &threads.to_string(), "--connections", &connections.to_string()]);
    command.args(["--duration", &format!("{seconds}s"), "--script"]).arg(script);
    for (name, value) in &question.headers {
        command.args(["--header", &format!("{name}: {value}")]);
    }
    command.arg(format!("http://{}{}", first.address, question.target));
    let (before, client_before, begun) = (cpu(servers)?, children()?, clock::monotonic());
    let text = output(&mut command)?;
    let (used, client_used) = (cpu(servers)? - before, children()? - client_before);
    let took = (clock::monotonic() - begun).as_secs_f64();
    let line =
        text.lines().find_map(|line| line.strip_prefix("summary ")).ok_or("wrk said nothing")?;
    let numbers: Vec<f64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    let [requests, duration, p50, p99, errors] = numbers[..] else {
        return Err("wrk said something else".into());
    };
    if requests < 1.0 || errors > 0.0 {
        return Err(format!(
            "{} answered {requests} requests, {errors} of them wrongly:\n{text}",
            first.name
        )
        .into());
    }
    Ok(Sample {
        requests,
        per_second: requests / duration * 1e6,
        p50,
        p99,
        cost: used.as_secs_f64() * 1e6 / requests,
        server_busy: used.as_secs_f64() / took,
        client_busy: client_used.as_secs_f64() / took / machine.clients as f64,
    })
}

fn cpu(servers: &[&Server]) -> Fallible<Duration> {
    servers.iter().map(|server| server.cpu()).sum()
}

/// Processor time of all children that have ended: of `wrk`, between two calls.
fn children() -> Fallible<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    Ok(Duration::from_micros(u64::try_from(
        micros(usage.user_time()) + micros(usage.system_time()),
    )?))
}

/// Refuses to measure what is not the answer that is meant.
pub fn expect(server: &Server, question: &Question, status: u16) -> Fallible<()> {
    let answer = crate::http::Connection::open(server.address)?.ask(&question.bytes())?;
    if answer.status == status {
        return Ok(());
    }
    Err(format!("{} answers {} instead of {status}:\n{}", server.name, answer.status, answer.head)
        .into())
}

/// Whether it ends a connection whose client asks for that.
pub fn closes(server: &Server, question: &Question) -> Fallible<bool> {
    use std::io::Read as _;
    let mut connection = crate::http::Connection::open(server.address)?;
    connection.ask(&question.once().bytes())?;
    connection.stream.set_read_timeout(Some(Duration::from_millis(500)))?;
    Ok(matches!(connection.stream.read(&mut [0; 1]), Ok(0)))
}
