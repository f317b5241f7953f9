//! What the programs that a profile names are told of the shell: the environment as it was before awsenv loaded it.

use crate::host::Host;
use crate::model::delta::{OWN, Restore, TOUCHED};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// The environment as it was before this shell was loaded, so that what a program prints does not depend on what is
/// loaded now, and awsenv's secrets stay here. A shell that was not loaded is passed on as it is.
pub(super) fn environment(host: &Host) -> BTreeMap<OsString, OsString> {
    let mut env: BTreeMap<OsString, OsString> =
        host.env.all().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let kept = host.env.text("AWSENV_RESTORE").and_then(Restore::decode);
    if kept.is_some() || host.env.text("AWSENV_PROFILE").is_some() {
        let before = kept.unwrap_or_default();
        for name in TOUCHED {
            env.remove(OsStr::new(name));
            env.extend(before.before(name).map(|value| (name.into(), value.into())));
        }
    }
    for name in OWN {
        env.remove(OsStr::new(name));
    }
    env
}
