//! The options of every verb.

use std::path::PathBuf;

use clap::Args;

/// Options that may stand before or after the verb.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Options of every verb")]
pub struct GlobalOptions {
    /// Configuration file [default: /etc/portcullis/portcullis.toml if it exists; env:
    /// PORTCULLIS_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where users, sessions and keys are kept [default: /var/lib/portcullis for root; env:
    /// PORTCULLIS_STATE_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// The daemon's control socket [default: /run/portcullis/control.sock, or control.sock in
    /// another state directory]
    #[arg(long, global = true, value_name = "PATH")]
    pub control: Option<PathBuf>,
    /// Answer in JSON, for scripts
    #[arg(long, global = true)]
    pub json: bool,
}
