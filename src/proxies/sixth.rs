//! A proxy that tests have made up: all that one more proxy takes, as data.

use super::deployment::Deployment;
use super::fix::Fix;
use super::reverse_proxy::{
    PassForm, PrintedConfiguration, RefusalForm, ReverseProxy, VerifyEndpoint,
};
use crate::original::purpose::ForwardingFamily;

/// Called Sixth.
pub static SIXTH: ReverseProxy = ReverseProxy {
    name: "sixth",
    program: "Sixth",
    endpoints: &[VerifyEndpoint {
        path: "/verify/sixth",
        proxy: Some(&SIXTH),
        family: ForwardingFamily::XForwarded,
        pass: PassForm::FilledHeaders,
        refusal: RefusalForm::StatusAlone,
    }],
    fix,
    configuration: Some(PrintedConfiguration::new("Sixth 6 or newer", print)),
    read_log_line: None,
};

fn fix(fix: Fix) -> &'static [&'static str] {
    match fix {
        Fix::Header(_) => &["send <header>"],
        Fix::RemoveIdentity(_) => &["drop <header>"],
        _ => &[],
    }
}

fn print(deployment: &Deployment<'_>) -> String {
    format!("ask http://{}{}/verify/sixth\n", deployment.gate(), deployment.prefix())
}
