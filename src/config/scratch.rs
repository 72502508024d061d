//! A new directory for one test.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below cargo's target directory or the system's temporary one; left behind for the one who looks
/// into a failure.
pub fn directory() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path =
        std::env::temp_dir().join(format!("portcullis-test-{}-{number}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a writable temporary directory");
    path
}
