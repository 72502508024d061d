//! An answer to each command as it is written: what scripts and programs of other versions rely on.
//! For tests.

use serde::de::DeserializeOwned;

use crate::app::messages::command::Command;
use crate::app::messages::command_answer::CommandAnswer;
use crate::app::messages::records::Records;

/// One command of each kind, in an order in which a gate without users can carry them out.
pub(crate) fn commands() -> Vec<Command> {
    let name = || "anna".to_owned();
    vec![
        Command::Setup { new_code: true },
        Command::UserAdd {
            name: name(),
            admin: true,
            groups: vec!["family".to_owned()],
            display_name: "Anna".to_owned(),
            email: "anna@example.com".to_owned(),
            algorithm: None,
            digits: None,
        },
        Command::Generate { name: None },
        Command::UserList,
        Command::UserShow { name: name() },
        Command::UserDisable { name: name() },
        Command::UserEnable { name: name() },
        Command::PassCreate {
            name: "photo backup".to_owned(),
            user: name(),
            hosts: vec!["photos.example.com".to_owned()],
            paths: vec!["/api/**".to_owned()],
            networks: vec!["uniquelocal".to_owned()],
            lifetime: None,
        },
        Command::PassList,
        Command::UserRotate { name: name() },
        Command::UserExport { name: name() },
        Command::SessionList,
        Command::SessionRevoke { ids: Vec::new(), user: None, all: true },
        Command::PassRevoke { ids: Vec::new(), user: None, all: true },
        Command::LimitList,
        Command::LimitClear { what: String::new(), all: true },
        Command::ClockReset,
        Command::Backup,
        Command::AuditShow { since: None, user: None, limit: 2, before: None },
        Command::AuditVerify { expect: None },
        Command::Doctor,
        Command::UserRemove { name: name() },
        Command::Restore { records: Records::of(b"users") },
    ]
}

/// An answer to `command`.
pub(crate) fn recorded(command: &Command) -> &'static str {
    match command {
        Command::UserAdd { .. }
        | Command::Generate { .. }
        | Command::UserRotate { .. }
        | Command::UserExport { .. } => {
            r#"{"name":"anna","otpauth_url":"otpauth://totp/Portcullis:anna?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Portcullis","recovery_codes":[],"secret":"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}"#
        }
        Command::UserList => {
            r#"[{"admin":true,"created":"2026-11-22T14:35:59Z","enabled":true,"name":"anna","sessions":1}]"#
        }
        Command::UserDisable { .. } | Command::UserEnable { .. } => {
            r#"{"admin":true,"created":"2026-11-22T14:35:59Z","enabled":true,"name":"anna","sessions":1}"#
        }
        Command::UserShow { .. } => {
            r#"{"admin":true,"algorithm":"sha1","created":"2026-11-22T14:35:59Z","digits":6,"display_name":"Anna","email":"anna@example.com","enabled":true,"groups":["family"],"name":"anna","passes":1,"sessions":1,"spent_step_in_the_future":false}"#
        }
        Command::UserRemove { .. } => r#"{"name":"anna","removed":true}"#,
        Command::SessionList => {
            r#"[{"client_ip":"203.0.113.7","created":"2026-11-22T14:35:59Z","expires":"2026-12-22T14:35:59Z","id":"3zXk2fQ9TgWq1yB7nC5vHA","last_seen":"2026-11-22T14:36:01Z","user":"anna","user_agent":"Mozilla/5.0"}]"#
        }
        Command::SessionRevoke { .. } | Command::PassRevoke { .. } => r#"{"revoked":1}"#,
        Command::PassCreate { .. } => {
            r#"{"created":"2026-11-22T14:35:59Z","expires":"2027-02-20T14:35:59Z","hosts":["photos.example.com"],"id":"bcdfghjk","name":"photo backup","networks":["uniquelocal"],"paths":["/api/**"],"taken_in_authorization":true,"token":"pcp_mfrggzdfmztwq2lknnwg23tpobyxe43u6se4gz","user":"anna","warnings":[]}"#
        }
        Command::PassList => {
            r#"[{"created":"2026-11-22T14:35:59Z","expires":"2027-02-20T14:35:59Z","hosts":["photos.example.com"],"id":"bcdfghjk","last_used":null,"name":"photo backup","networks":["uniquelocal"],"paths":["/api/**"],"user":"anna"}]"#
        }
        Command::LimitList => {
            r#"[{"failures":3,"key":"203.0.113.7","kind":"address","until":null},{"failures":20,"key":"internet","kind":"strangers","until":"2026-11-22T14:35:59Z"}]"#
        }
        Command::LimitClear { .. } => r#"{"cleared":2}"#,
        Command::ClockReset => {
            r#"{"now":"2026-11-22T14:35:59Z","sessions_ended":1,"users_freed":0}"#
        }
        Command::Setup { .. } => {
            r#"{"address":null,"code":"ABCDEFGHJKLMNPQR","expires":"2026-11-22T14:35:59Z","open":true,"otpauth_url":"otpauth://totp/Portcullis:owner?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP","tries_left":10}"#
        }
        Command::Backup => {
            r#"{"created":"2026-11-22T14:35:59Z","passes":1,"records":"dXNlcnM=","users":2}"#
        }
        Command::Restore { .. } => r#"{"passes":1,"users":2}"#,
        Command::AuditShow { .. } => {
            r#"{"entries":[{"action":"login","actor":"anna","client":"203.0.113.7","hash":"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae","number":7,"result":"ok","subject":"anna","time":"2026-11-22T14:35:59Z","why":null}],"more":true}"#
        }
        Command::AuditVerify { .. } => {
            r#"{"entries":7,"first":1,"from":"2026-11-22T14:35:59Z","head":"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae","last":9,"missing":[{"first":7,"last":8}],"problem":{"number":7,"what":"entries are missing"},"pruned":0,"to":"2026-11-22T14:36:01Z","whole":false}"#
        }
        Command::Doctor => {
            r#"{"findings":[{"check":"clock","found":"no time server keeps it right","remedy":"timedatectl set-ntp true","severity":"note"},{"check":"files","found":"as they should be","remedy":null,"severity":"ok"}],"worst":"note"}"#
        }
    }
}

/// The answer to `command`, which is written like this.
pub(crate) fn read(command: &Command, json: &str) -> serde_json::Result<CommandAnswer> {
    fn answer<A: DeserializeOwned>(
        kind: fn(A) -> CommandAnswer,
        json: &str,
    ) -> serde_json::Result<CommandAnswer> {
        serde_json::from_str(json).map(kind)
    }
    match command {
        Command::UserAdd { .. }
        | Command::Generate { .. }
        | Command::UserRotate { .. }
        | Command::UserExport { .. } => answer(CommandAnswer::UserCredentials, json),
        Command::UserList => answer(CommandAnswer::Users, json),
        Command::UserDisable { .. } | Command::UserEnable { .. } => {
            answer(CommandAnswer::User, json)
        }
        Command::UserShow { .. } => answer(CommandAnswer::UserDetails, json),
        Command::UserRemove { .. } => answer(CommandAnswer::UserRemoved, json),
        Command::SessionList => answer(CommandAnswer::Sessions, json),
        Command::SessionRevoke { .. } => answer(CommandAnswer::SessionsRevoked, json),
        Command::PassCreate { .. } => answer(CommandAnswer::PassCreated, json),
        Command::PassList => answer(CommandAnswer::Passes, json),
        Command::PassRevoke { .. } => answer(CommandAnswer::PassesRevoked, json),
        Command::LimitList => answer(CommandAnswer::Limits, json),
        Command::LimitClear { .. } => answer(CommandAnswer::LimitsCleared, json),
        Command::ClockReset => answer(CommandAnswer::ClockReset, json),
        Command::Setup { .. } => answer(CommandAnswer::Setup, json),
        Command::Backup => answer(CommandAnswer::PackedUsers, json),
        Command::Restore { .. } => answer(CommandAnswer::UsersRestored, json),
        Command::AuditShow { .. } => answer(CommandAnswer::AuditPage, json),
        Command::AuditVerify { .. } => answer(CommandAnswer::AuditVerdict, json),
        Command::Doctor => answer(CommandAnswer::Doctor, json),
    }
}
