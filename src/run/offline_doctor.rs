//! `doctor` where no gate runs: looks at the files, and tries a start with a copy of the store.

use std::io::ErrorKind;

use super::opening::{stored, worker_over};
use crate::app::doctor;
use crate::app::doctor::facts::{Facts, NoSecret, Shut, Strength};
use crate::app::doctor::surroundings::Surroundings;
use crate::app::messages::answers::doctor::DoctorReport;
use crate::cli::backend::SettingsSources;
use crate::cli::exit::{self, Failure};
use crate::cli::places::{self, Places};
use crate::clock;
use crate::config::secrets::{self, SecretSource};
use crate::entropy::System;
use crate::ledger::{self, Store, StoreError};
use crate::secret::Secret;

/// What is wrong with the gate that does not run.
pub(super) fn examine(
    settings: &SettingsSources,
    places: &Places,
) -> Result<DoctorReport, Failure> {
    let state_dir = &places.state_dir;
    if let Err(error) = std::fs::read_dir(state_dir)
        && error.kind() == ErrorKind::PermissionDenied
    {
        let message = format!("{} cannot be read: run this with sudo", state_dir.display());
        return Err(Failure::new(exit::NO_PERMISSION, message));
    }
    let secret = secrets::existing(&settings.environment, state_dir);
    let about = surroundings(secret.transpose(), settings, places);
    let config = settings.load().map(|loaded| loaded.config).map_err(|failure| failure.message);
    let mut facts = Facts::of_files(config, &about, clock::now(), clock::synchronised());
    if let Ok(config) = facts.config.clone()
        && Store::is_in(state_dir)
    {
        let credential = secrets::store_key(&settings.environment)?;
        let used = places.become_owner()?;
        let copy = ledger::StoreCopy::of_store_in(&used, &mut System);
        let at = copy.as_ref().map_or(used.as_path(), ledger::StoreCopy::path);
        let known = |text: &str| places.as_known(&used, &places.as_known(at, text));
        let tried = copy.as_ref().map_err(Clone::clone).and_then(|copy| {
            let key = ledger::existing_key(&used, credential.as_ref().map(Secret::expose))?;
            worker_over(config.into(), &key, copy.path(), clock::now())
        });
        match tried {
            Ok((mut worker, _)) => {
                let now = worker.read_clock();
                facts.add_trial(&mut worker, now, known);
            }
            Err(error @ StoreError::Locked(_)) => return Err(stored(error)),
            Err(error) => {
                facts.store = Some(Err(Shut {
                    why: known(&error.to_string()),
                    remedy: Shut::remedy(&error),
                }));
            }
        }
    }
    Ok(doctor::report(&facts))
}

/// What the process knows of itself, for `doctor`.
pub(super) fn surroundings(
    secret: Option<Result<(Secret, SecretSource), secrets::SecretError>>,
    settings: &SettingsSources,
    places: &Places,
) -> Surroundings {
    let environment = &settings.environment;
    let file = |source: &SecretSource| match source {
        SecretSource::File(path) | SecretSource::State(path) => Some(path.clone()),
        SecretSource::Variable | SecretSource::Credential(_) => None,
    };
    let secret_file =
        secret.as_ref().and_then(|found| found.as_ref().ok()).and_then(|(_, source)| file(source));
    let strength = |(secret, source): (Secret, SecretSource)| {
        Strength::of(secret.expose(), source.to_string(), source == SecretSource::Variable)
    };
    let none =
        |error: secrets::SecretError| NoSecret { why: error.to_string(), remedy: error.remedy() };
    Surroundings {
        state_dir: places.state_dir.clone(),
        control: places.control.clone(),
        config_file: places::config_path(settings.file.as_deref(), environment),
        secret: secret.map(|found| found.map(strength).map_err(none)),
        secret_file,
        by_systemd: environment.value("NOTIFY_SOCKET").is_some(),
    }
}
