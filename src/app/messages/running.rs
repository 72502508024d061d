//! What `doctor` must hear of the running gate: the worker knows the rest, and may wait for files.

use std::sync::Arc;

use crate::app::messages::last_uses::LastUses;
use crate::app::proxy_diagnostics::diagnostics::ProxyDiagnostics;
use crate::config::Config;

/// Reads the settings as a start would. It waits for a disk, so only the worker asks it.
pub type ReadSettings = Arc<dyn Fn() -> Result<Config, String> + Send + Sync>;

/// What only the running gate knows.
pub struct Running {
    /// What was seen of proxies, and since when.
    pub proxies: ProxyDiagnostics,
    /// What the settings' sources say now.
    pub settings: ReadSettings,
    /// What was used since the last report.
    pub last_uses: LastUses,
}
