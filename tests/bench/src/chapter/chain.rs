//! Whole chains on the configuration that `portcullis proxy print` gives: what does the gate cost a
//! request?

use std::path::Path;

use crate::chart::{self, Bar};
use crate::gate::{Gate, Place, Plan};
use crate::load::{Question, Sample, browser_lines, expect, load};
use crate::numbers::{Spread, connected, grouped, median, short, table, time};
use crate::page_load::DOMAIN;
use crate::process::{Server, free_address, output};
use crate::scratch::Scratch;
use crate::yardsticks::{nginx_places, start_caddy, start_nginx};
use crate::{Bench, Fallible};

/// What the visitor reads: about a kilobyte.
const PAGE: &str =
    "<!doctype html><title>A page</title><p>Nothing here but a few words, repeated.</p>\n";

/// A proxy with the gate or without, and the gate's share.
struct Chain<'c> {
    name: &'static str,
    servers: Vec<&'c Server>,
    question: Question,
}

pub fn measure(bench: &mut Bench) -> Fallible<String> {
    let dir = Scratch::new("chain")?;
    std::fs::create_dir(dir.path().join("site"))?;
    dir.write("site/index.html", &PAGE.repeat(12))?;
    let one = Wiring::new(bench, "caddy")?;
    let two = Wiring::new(bench, "nginx")?;
    let machine = &bench.machine;
    let site = dir.path().join("site");
    let caddy = |wiring: &Wiring, guarded: bool, name| {
        let place = dir.path().join(format!("{}-{}", wiring.proxy, wiring.port));
        start_caddy(
            machine,
            &place,
            &caddyfile(&wiring.printed, &site, wiring.port, guarded)?,
            name,
            wiring.address()?,
        )
    };
    let nginx = |wiring: &Wiring, guarded: bool, name| {
        let place = dir.path().join(format!("{}-{}", wiring.proxy, wiring.port));
        let text = nginx_file(&wiring.printed, &place, &site, wiring.port, guarded)?;
        start_nginx(machine, &place, &text, name, wiring.address()?)
    };
    // The unguarded ones have a port of their own.
    let (free_caddy, free_nginx) = (one.elsewhere()?, two.elsewhere()?);
    let caddy_alone = caddy(&free_caddy, false, "Caddy alone")?;
    let caddy_guarded = caddy(&one, true, "Caddy + forward_auth")?;
    let nginx_alone = nginx(&free_nginx, false, "nginx alone")?;
    let nginx_guarded = nginx(&two, true, "nginx + auth_request")?;
    let asked = |port: u16, gate: &Gate| {
        Question::new("/", browser_lines(&format!("app.{DOMAIN}:{port}"), &gate.cookie()))
    };
    let chains = [
        Chain {
            name: "Caddy alone",
            servers: vec![&caddy_alone],
            question: asked(free_caddy.port, &one.gate),
        },
        Chain {
            name: "Caddy + `forward_auth`",
            servers: vec![&caddy_guarded, &one.gate.server],
            question: asked(one.port, &one.gate),
        },
        Chain {
            name: "nginx alone",
            servers: vec![&nginx_alone],
            question: asked(free_nginx.port, &two.gate),
        },
        Chain {
            name: "nginx + `auth_request`",
            servers: vec![&nginx_guarded, &two.gate.server],
            question: asked(two.port, &two.gate),
        },
    ];
    for (number, chain) in chains.iter().enumerate() {
        expect(chain.servers[0], &chain.question, 200)?;
        if number % 2 == 1 {
            // Without the cookie the visitor is sent to the login page: the gate was really asked.
            let mut stranger = chain.question.clone();
            stranger.headers.retain(|(name, _)| name != "Cookie");
            expect(chain.servers[0], &stranger, 302)?;
        }
    }
    let counts: &[usize] = if bench.short { &[8] } else { &[1, 8, 64] };
    let rounds = bench.either(7, 1);
    let (mut rows, mut groups) = (Vec::new(), Vec::new());
    for &connections in counts {
        let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); chains.len()];
        let mut gates: Vec<Vec<f64>> = vec![Vec::new(); chains.len()];
        for round in 0..rounds {
            let mut order = [0, 1, 2, 3];
            order.rotate_left(round % 4);
            for number in order {
                let chain = &chains[number];
                let gate = chain.servers.get(1);
                let before = gate.map(|gate| gate.cpu()).transpose()?;
                let sample = load(
                    &bench.machine,
                    &chain.servers,
                    &chain.question,
                    connections,
                    bench.either(2, 1),
                )?;
                if let (Some(gate), Some(before)) = (gate, before) {
                    gates[number]
                        .push((gate.cpu()? - before).as_secs_f64() * 1e6 / sample.requests);
                }
                samples[number].push(sample);
            }
        }
        let mut bars = Vec::new();
        for (number, chain) in chains.iter().enumerate() {
            let middle = |value: fn(&Sample) -> f64| median(samples[number].iter().map(value));
            let alone = &samples[number - number % 2];
            let pairs = || samples[number].iter().zip(alone);
            let guarded = number % 2 == 1;
            let more = median(pairs().map(|(with, without)| with.cost - without.cost));
            rows.push(vec![
                connections.to_string(),
                chain.name.to_owned(),
                grouped(middle(|sample| sample.per_second)),
                if guarded {
                    Spread::of(pairs().map(|(with, without)| with.per_second / without.per_second))
                        .ratio()
                } else {
                    "1".to_owned()
                },
                format!(
                    "{} / {}",
                    time(middle(|sample| sample.p50)),
                    time(middle(|sample| sample.p99))
                ),
                format!("{} µs", short(middle(|sample| sample.cost))),
                if guarded { format!("{} µs", short(more)) } else { String::new() },
                if guarded {
                    format!("{} µs", short(median(gates[number].iter().copied())))
                } else {
                    String::new()
                },
            ]);
            let spread = Spread::of(samples[number].iter().map(|sample| sample.cost));
            bars.push(Bar {
                name: chain.name.replace('`', ""),
                value: spread.median,
                range: Some((spread.low, spread.high)),
                label: format!("{} µs", short(spread.median)),
                ours: guarded,
            });
        }
        groups.push((connected(connections), bars));
    }
    let head = [
        "connections",
        "chain",
        "requests/s",
        "of the proxy alone",
        "p50 / p99",
        "CPU a request",
        "more than alone",
        "of that the gate",
    ];
    let chart = chart::bars(
        "Processor time of a request through the whole chain",
        "µs, all programs of the chain together",
        &groups,
    );
    Ok(format!(
        "{}\n{}",
        table(&head, &rows),
        bench.page.chart("chain", "Processor time of a request through the chain", chart)
    ))
}

/// A gate, and what it prints for a proxy on a port of its own.
struct Wiring {
    gate: std::rc::Rc<Gate>,
    proxy: &'static str,
    printed: String,
    port: u16,
}

impl Wiring {
    fn new(bench: &Bench, proxy: &'static str) -> Fallible<Self> {
        let port = free_address()?.port();
        let plan = Plan::default();
        let settings = format!("public_url = \"http://auth.{DOMAIN}:{port}\"\n{}", plan.settings);
        let place = Place::prepare(Plan { settings, ..plan })?;
        let printed = output(&mut place.command(&bench.machine, &["proxy", "print", proxy]))?;
        Ok(Self { gate: place.start(&bench.machine)?.0.into(), proxy, printed, port })
    }

    /// The same for another port.
    fn elsewhere(&self) -> Fallible<Self> {
        let port = free_address()?.port();
        let printed = self.printed.replace(&self.port.to_string(), &port.to_string());
        Ok(Self { gate: self.gate.clone(), proxy: self.proxy, printed, port })
    }

    fn address(&self) -> Fallible<std::net::SocketAddr> {
        Ok(std::net::SocketAddr::from(([127, 0, 0, 1], self.port)))
    }
}

/// The printed Caddyfile with a folder instead of the example's application; without the question
/// if not `guarded`.
fn caddyfile(printed: &str, site: &Path, port: u16, guarded: bool) -> Fallible<String> {
    let application = "reverse_proxy 127.0.0.1:8080";
    if !printed.contains(application)
        || !printed.contains("import portcullis\n")
        || !printed.contains(&port.to_string())
    {
        return Err(format!("not the Caddyfile that is expected:\n{printed}").into());
    }
    let mut text =
        printed.replace(application, &format!("root * {}\n\tfile_server", site.display()));
    text = text.replacen("{\n", "{\n\tadmin off\n\tauto_https off\n", 1);
    Ok(if guarded { text } else { text.replace("\timport portcullis\n", "") })
}

/// The same for nginx.
fn nginx_file(
    printed: &str,
    place: &Path,
    site: &Path,
    port: u16,
    guarded: bool,
) -> Fallible<String> {
    let (application, listen) = ("proxy_pass http://127.0.0.1:8080;", format!("listen {port};"));
    if !printed.contains(application)
        || !printed.contains("auth_request ")
        || !printed.contains(&listen)
    {
        return Err(format!("not the nginx.conf that is expected:\n{printed}").into());
    }
    let text = printed.replace(application, &format!("root {};", site.display()));
    let text = text.replace(&listen, &format!("listen 127.0.0.1:{port};"));
    let text = text.replacen(
        "http {",
        &format!("http {{\ntypes {{ text/html html; }}\n{}", nginx_places(place)),
        1,
    );
    let asks = |line: &&str| {
        line.trim_start().starts_with("auth_request ") && line.contains("/_portcullis")
    };
    Ok(if guarded {
        text
    } else {
        text.lines().filter(|line| !asks(line)).map(|line| format!("{line}\n")).collect()
    })
}
