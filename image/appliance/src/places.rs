//! Where everything lies on the card. Each root is an option, so that tests have an appliance in a
//! folder of their own.

use std::path::{Path, PathBuf};

use clap::Args;

/// The roots, and the programs that are called.
#[derive(Args, Clone, Debug)]
pub struct Places {
    /// The boot partition
    #[arg(long, global = true, value_name = "DIR", default_value = "/boot/firmware")]
    pub boot: PathBuf,
    /// What lives until the next start
    #[arg(long, global = true, value_name = "DIR", default_value = "/run")]
    pub run: PathBuf,
    /// What the appliance keeps
    #[arg(long, global = true, value_name = "DIR", default_value = "/var/lib/appliance")]
    pub state: PathBuf,
    /// What the gate keeps
    #[arg(long, global = true, value_name = "DIR", default_value = "/var/lib/portcullis")]
    pub gate_state: PathBuf,
    /// Where Caddy keeps its certificates
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        default_value = "/var/lib/caddy/.local/share/caddy"
    )]
    pub caddy_data: PathBuf,
    /// The time zones
    #[arg(long, global = true, value_name = "DIR", default_value = "/usr/share/zoneinfo")]
    pub zoneinfo: PathBuf,
    /// The gate's program
    #[arg(long, global = true, value_name = "FILE", default_value = "/usr/bin/portcullis")]
    pub portcullis: PathBuf,
    /// Makes the certificate for the time before the clock is set
    #[arg(long, global = true, value_name = "FILE", default_value = "/usr/bin/openssl")]
    pub openssl: PathBuf,
    /// Who reads the certificate's key
    #[arg(long, global = true, value_name = "USER", default_value = "caddy")]
    pub caddy_user: String,
}

impl Places {
    /// A file of the appliance's own that lives until the next start.
    fn rendered(&self, name: &str) -> PathBuf {
        self.run.join("appliance").join(name)
    }

    pub fn run_dir(&self) -> PathBuf {
        self.run.join("appliance")
    }

    pub fn caddyfile(&self) -> PathBuf {
        self.rendered("Caddyfile")
    }

    pub fn gate_settings(&self) -> PathBuf {
        self.rendered("portcullis.toml")
    }

    pub fn localtime(&self) -> PathBuf {
        self.rendered("localtime")
    }

    pub fn wpa_supplicant(&self) -> PathBuf {
        self.rendered("wpa_supplicant-wlan0.conf")
    }

    pub fn status(&self) -> PathBuf {
        self.rendered("status.txt")
    }

    /// The settings that count, as `appliance.toml` would say them, without secrets.
    pub fn settings_in_force(&self) -> PathBuf {
        self.rendered("settings.toml")
    }

    pub fn report(&self) -> PathBuf {
        self.rendered("report.json")
    }

    /// Says to the services that a root shell was asked for.
    pub fn rescue_shell(&self) -> PathBuf {
        self.rendered("rescue-shell")
    }

    pub fn waiting_certificate(&self) -> PathBuf {
        self.rendered("waiting.crt")
    }

    pub fn waiting_key(&self) -> PathBuf {
        self.rendered("waiting.key")
    }

    /// Holds what the gate's program works on for a request.
    pub fn workbench(&self) -> PathBuf {
        self.rendered("requests")
    }

    pub fn card_lock(&self) -> PathBuf {
        self.rendered("card.lock")
    }

    pub fn network(&self, name: &str) -> PathBuf {
        self.run.join("systemd/network").join(name)
    }

    pub fn timesyncd(&self) -> PathBuf {
        self.run.join("systemd/timesyncd.conf.d/appliance.conf")
    }

    pub fn resolved(&self) -> PathBuf {
        self.run.join("systemd/resolved.conf.d/appliance.conf")
    }

    pub fn credential(&self) -> PathBuf {
        self.run.join("credstore/setup_code")
    }

    /// The gate's control socket.
    pub fn control(&self) -> PathBuf {
        self.run.join("portcullis/control.sock")
    }

    pub fn setup_code(&self) -> PathBuf {
        self.state.join("setup-code")
    }

    /// There once a user exists.
    pub fn enrolled(&self) -> PathBuf {
        self.state.join("enrolled")
    }

    /// There while users are being set aside on the holder's wish.
    pub fn enrol_again(&self) -> PathBuf {
        self.state.join("enrol-again")
    }

    pub fn wifi_password(&self) -> PathBuf {
        self.state.join("wifi-psk")
    }

    pub fn last_good(&self) -> PathBuf {
        self.state.join("last-good.toml")
    }

    /// Holds the date on which the network last set the clock.
    pub fn time_set(&self) -> PathBuf {
        self.state.join("time-set")
    }

    /// The certificate of Caddy's own authority, once it made one.
    pub fn authority(&self) -> PathBuf {
        self.caddy_data.join("pki/authorities/local/root.crt")
    }

    /// Whether these are the machine's own: only then is its name set.
    pub fn are_the_systems(&self) -> bool {
        self.run == Path::new("/run")
    }
}
