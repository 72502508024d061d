//! What the process knows of itself.

use std::path::PathBuf;

use super::facts::{NoSecret, Strength};

/// What the process knows of itself since its start. The default knows nothing.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Where the state is.
    pub state_dir: PathBuf,
    /// Where orders are taken.
    pub control: PathBuf,
    /// The settings' file, where one is read.
    pub config_file: Option<PathBuf>,
    /// What can be said of the session secret; `None` where there is none yet.
    pub secret: Option<Result<Strength, NoSecret>>,
    /// The file of the session secret, where it is one.
    pub secret_file: Option<PathBuf>,
    /// Whether systemd started this process as a service.
    pub by_systemd: bool,
}
