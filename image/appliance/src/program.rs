//! Other programs, called with a deadline: one that hangs must not keep the card from starting.

use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use portcullis::clock;

/// What a program said, and whether it ended well.
#[derive(Debug)]
pub struct Ended {
    pub well: bool,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Bytes that are kept of each output.
const MOST: usize = 64 << 10;

/// Runs it to its end without input.
///
/// # Errors
/// It cannot be started, or has not ended after `limit`; it is killed then.
pub fn run(command: &mut Command, limit: Duration) -> io::Result<Ended> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let heard = listen(&mut child, limit);
    if heard.is_err() {
        // It may have ended by itself meanwhile.
        let _ = child.kill();
    }
    let status = child.wait()?;
    let (out, err) = heard?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Ended { well: status.success(), out: text(out), err: text(err) })
}

/// Both outputs until both are closed, which is when the program ends.
fn listen(child: &mut Child, limit: Duration) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let end = clock::monotonic().saturating_add(limit);
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let (mut said, mut complained) = (Vec::new(), Vec::new());
    while out.is_some() || err.is_some() {
        let left = end.saturating_sub(clock::monotonic());
        if left.is_zero() {
            return Err(io::Error::new(
                ErrorKind::TimedOut,
                format!("no end after {} s", limit.as_secs()),
            ));
        }
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let (out_ready, err_ready) = {
            let ends = [out.as_ref().map(AsFd::as_fd), err.as_ref().map(AsFd::as_fd)];
            let mut waiting: Vec<_> =
                ends.into_iter().flatten().map(|end| PollFd::new(end, PollFlags::POLLIN)).collect();
            poll(&mut waiting, timeout)?;
            let mut ready = waiting.iter().map(|one| one.any().unwrap_or(false));
            let out_ready = out.is_some() && ready.next().unwrap_or(false);
            (out_ready, err.is_some() && ready.next().unwrap_or(false))
        };
        if out_ready && !take(out.as_mut(), &mut said)? {
            out = None;
        }
        if err_ready && !take(err.as_mut(), &mut complained)? {
            err = None;
        }
    }
    Ok((said, complained))
}

/// Takes what is there; false at the end.
fn take(from: Option<&mut impl Read>, into: &mut Vec<u8>) -> io::Result<bool> {
    let mut piece = [0; 4096];
    let Some(from) = from else { return Ok(false) };
    let length = from.read(&mut piece)?;
    if into.len() < MOST {
        into.extend(piece.iter().take(length));
    }
    Ok(length > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> io::Result<Ended> {
        run(Command::new("sh").args(["-c", script]), limit)
    }

    #[test]
    fn both_outputs_and_the_end_are_told() {
        let ended = shell("echo out; echo err >&2; exit 3", Duration::from_secs(20)).unwrap();
        assert_eq!((ended.well, ended.out.as_str(), ended.err.as_str()), (false, "out\n", "err\n"));
        assert!(shell("exec >&-; exec 2>&-", Duration::from_secs(20)).unwrap().well);
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let error = shell("exec sleep 600", Duration::from_millis(50)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn a_program_that_never_stops_talking_does_not_fill_the_memory() {
        let ended = shell("head -c 1000000 /dev/zero", Duration::from_secs(20)).unwrap();
        assert!(ended.well && ended.out.len() <= MOST + 4096);
    }
}
