//! One picture of the screen: 80 columns and 25 lines, the smallest that a Pi's screen has. While
//! the set-up is open the picture for the authenticator app takes the left side and the words the
//! right.

use portcullis::app::messages::answers::setup::SetupStatus;
use portcullis::app::messages::secret_text::SecretText;
use portcullis::cli::qr::{self, Ink};

use crate::card_status::CardStatus;
use crate::status;

/// Columns and lines.
pub const SCREEN: (usize, usize) = (80, 25);

/// A title and what stands below it.
type Section = (&'static str, Vec<String>);

/// The lines of the screen, no line end behind the last.
pub fn draw(
    status: &CardStatus,
    setup: Option<&SetupStatus>,
    (columns, lines): (usize, usize),
) -> String {
    let url = setup.filter(|setup| setup.open).and_then(|setup| setup.otpauth_url.as_ref());
    let url = url.map(SecretText::expose);
    let picture =
        url.and_then(|url| Some((qr::draw(url, Ink::Colours)?, qr::draw(url, Ink::Plain)?)));
    let sections = sections(status, setup, picture.is_some());
    let Some((picture, plain)) = picture else {
        return side_by_side(&sections, columns, lines).join("\r\n");
    };
    let width = plain.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    let words = stacked(&sections, columns.saturating_sub(width + 2), lines);
    let mut picture = picture.lines();
    let mut drawn: Vec<String> = Vec::new();
    for at in 0..lines {
        let (left, right) = (picture.next(), words.get(at));
        if left.is_none() && right.is_none() {
            break;
        }
        let left = left.map_or_else(|| " ".repeat(width), str::to_owned);
        drawn.push(format!("{left}  {}", right.map_or("", String::as_str)).trim_end().to_owned());
    }
    drawn.join("\r\n")
}

fn sections(status: &CardStatus, setup: Option<&SetupStatus>, picture: bool) -> Vec<Section> {
    let mut sections = vec![("Portcullis", vec![format!("version {}", env!("CARGO_PKG_VERSION"))])];
    if let Some(code) = &status.code {
        let mut steps = vec![
            format!("1. Open https://{}/setup", status::setup_host(&status.settings)),
            format!("2. Type the code {code}"),
            if picture {
                "3. Scan this picture with an authenticator app; type its 6 digits on the page"
                    .to_owned()
            } else {
                "3. Follow the page".to_owned()
            },
        ];
        match setup {
            Some(setup) if setup.tries_left == 0 && !picture => {
                steps
                    .push("The code is good no more: pull the plug and put it in again".to_owned());
            }
            Some(_) => {}
            None => steps.push("The gate has not answered yet".to_owned()),
        }
        sections.push(("First set-up", steps));
    }
    let mut open = status::doors(&status.settings);
    open.extend(status.addresses.iter().map(|(name, address)| format!("{name} has {address}")));
    if status.addresses.is_empty() {
        open.push("no address yet: is the cable in?".to_owned());
    }
    let problems = [&status.report.problems, &status.report.failures];
    let mut settings = vec![status::origin(status.report.origin).to_owned()];
    settings.extend(problems.into_iter().flatten().cloned());
    sections.push(("Clock", vec![status::clock(status)]));
    if status.report.problems.is_empty() && status.report.failures.is_empty() {
        sections.extend([("Addresses", open), ("Settings", settings)]);
    } else {
        sections.extend([("Settings", settings), ("Addresses", open)]);
    }
    if !status.report.results.is_empty() {
        sections.push(("Requests", status.report.results.clone()));
    }
    sections
}

/// Width of the titles where they stand beside their words.
const TITLES: usize = 15;

fn side_by_side(sections: &[Section], columns: usize, lines: usize) -> Vec<String> {
    let mut drawn = Vec::new();
    for (title, words) in sections {
        if !drawn.is_empty() {
            drawn.push(String::new());
        }
        let mut title = *title;
        for line in words.iter().flat_map(|line| wrapped(line, columns.saturating_sub(TITLES + 2)))
        {
            drawn.push(format!(" {title:TITLES$}{line}"));
            title = "";
        }
    }
    cut(drawn, lines)
}

fn stacked(sections: &[Section], columns: usize, lines: usize) -> Vec<String> {
    let mut drawn = Vec::new();
    for (title, words) in sections {
        if !drawn.is_empty() {
            drawn.push(String::new());
        }
        drawn.push(title.to_uppercase());
        drawn.extend(words.iter().flat_map(|line| wrapped(line, columns)));
    }
    cut(drawn, lines)
}

/// What does not fit is in the status file.
fn cut(mut drawn: Vec<String>, lines: usize) -> Vec<String> {
    if drawn.len() > lines {
        drawn.truncate(lines.saturating_sub(1));
        drawn.push(format!("... {}", status::FILE));
    }
    drawn
}

/// Broken at spaces, a long word within. Nothing in it can command the terminal.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(8);
    let mut lines = vec![String::new()];
    let mut length = 0;
    let clean: String =
        text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect();
    for word in clean.split(' ').filter(|word| !word.is_empty()) {
        let letters: Vec<char> = word.chars().collect();
        for (at, piece) in letters.chunks(columns).enumerate() {
            let gap = usize::from(length > 0 && at == 0);
            if length + gap + piece.len() > columns {
                lines.push(String::new());
                length = 0;
            }
            if let Some(line) = lines.last_mut() {
                if length > 0 && at == 0 {
                    line.push(' ');
                    length += 1;
                }
                line.extend(piece);
                length += piece.len();
            }
        }
    }
    lines
}
