//! What the worker knows and a page of metrics shows: a few numbers that the worker sets after each
//! job, so that a page need not wait for it.

use std::sync::atomic::{AtomicU64, Ordering};

/// The numbers, shared by the worker, which sets them, and the gate, which shows them.
#[derive(Default)]
pub struct Gauges {
    store_writes: AtomicU64,
    store_bytes: AtomicU64,
    limited: AtomicU64,
    guesses_internet: AtomicU64,
    guesses_local: AtomicU64,
}

/// The numbers at one moment.
pub struct GaugeReadings {
    /// Changes brought to the disk.
    pub store_writes: u64,
    /// Bytes that these cost the disk.
    pub store_bytes: u64,
    /// Addresses that have to wait.
    pub limited: u64,
    /// Guesses left to all strangers from the internet.
    pub guesses_internet: u64,
    /// Guesses left to all strangers from local addresses.
    pub guesses_local: u64,
}

impl Gauges {
    /// Shows these from now on.
    pub fn set(&self, readings: &GaugeReadings) {
        for (place, value) in [
            (&self.store_writes, readings.store_writes),
            (&self.store_bytes, readings.store_bytes),
            (&self.limited, readings.limited),
            (&self.guesses_internet, readings.guesses_internet),
            (&self.guesses_local, readings.guesses_local),
        ] {
            place.store(value, Ordering::Relaxed);
        }
    }

    /// What the worker set last.
    pub fn read(&self) -> GaugeReadings {
        // They are not a unit: each is right by itself, and a page may be a job late.
        let read = |place: &AtomicU64| place.load(Ordering::Relaxed);
        GaugeReadings {
            store_writes: read(&self.store_writes),
            store_bytes: read(&self.store_bytes),
            limited: read(&self.limited),
            guesses_internet: read(&self.guesses_internet),
            guesses_local: read(&self.guesses_local),
        }
    }
}
