//! A gate in this process whose worker is the test's own: it may hang, as it does on a disk that
//! never answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use portcullis::app::Gate;
use portcullis::app::Opening;
use portcullis::app::messages::gauges::Gauges;
use portcullis::app::messages::job::{Job, Outcome};
use portcullis::auth::device::DeviceKey;
use portcullis::auth::keyring::Keyring;
use portcullis::clock::SystemClock;
use portcullis::config::Config;
use portcullis::entropy;
use portcullis::secret::Secret;
use portcullis::server::{
    self, ControlAccess, ListenAddress, ListenerRole, ServeError, ServeOptions, Stop, Worker,
};

/// A gate that serves until [`HangingGate::end`].
pub struct HangingGate {
    pub address: SocketAddr,
    pub metrics: SocketAddr,
    release: Sender<()>,
    stop: Stop,
    serving: JoinHandle<Result<(), ServeError>>,
}

impl HangingGate {
    /// Serves with this work for its worker. Whoever waits on the receiver hangs until the end.
    pub fn serve(work: fn(&mut Receiver<()>, Job) -> Outcome) -> Self {
        let anywhere = ListenAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)));
        let listeners = [ListenerRole::Public, ListenerRole::Metrics]
            .map(|role| server::bind(&anywhere, role, 0).expect("a free port"));
        let [address, metrics] = [0, 1].map(|place| match listeners[place].address() {
            ListenAddress::Tcp(address) => *address,
            ListenAddress::Unix(_) => panic!("TCP"),
        });
        let stop = Stop::new().expect("an eventfd");
        let settings = ServeOptions {
            stop: Some(stop.clone()),
            take_signals: false,
            drain_timeout: Duration::from_millis(100),
            ..ServeOptions::default()
        };
        let (release, hangs) = mpsc::channel();
        let serving = std::thread::spawn(move || {
            let worker =
                Worker::spawn(hangs, Duration::from_secs(3_600), work, |_| None).expect("a thread");
            let gate = Gate::new(opening()).with_metrics(Arc::new(Gauges::default()));
            server::serve(gate, listeners.into(), worker, settings)
        });
        Self { address, metrics, release, stop, serving }
    }

    pub fn end(self) {
        drop(self.release);
        self.stop.stop();
        self.serving.join().expect("no panic").expect("a good end");
    }
}

/// Waits until the gate has ended.
pub fn hang(until_the_end: &mut Receiver<()>) -> Outcome {
    let _ = until_the_end.recv();
    Outcome::Housekeeping(Vec::new())
}

pub fn device_key() -> DeviceKey {
    DeviceKey::new(&Secret::new(vec![3; 32]))
}

fn opening() -> Opening {
    Opening {
        clock: Arc::new(SystemClock),
        entropy: Box::new(entropy::System),
        config: Arc::new(Config::default()),
        settings: Arc::new(|| Err("nobody asks".to_owned())),
        keyring: Keyring::new(&Secret::new(vec![7; 48]), None).expect("the key is long enough"),
        form_key: Secret::new(vec![9; 32]),
        device_key: device_key(),
        control_access: ControlAccess::of_this_process(),
        known: Vec::new(),
    }
}
