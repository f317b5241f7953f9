//! A program that fetches its credentials from a server must not find others first: every SDK looks into the profile
//! `default` before it asks a server.
//!
//! Source: botocore `create_credential_resolver`; the shared files stand before the container.

use crate::config::{Edit, SectionId, Which};
use crate::error::{Error, Kind, Result};
use crate::host::{Host, fs, random};
use std::ffi::OsString;
use std::path::PathBuf;

/// What gives a profile credentials.
const KEYS: [&str; 15] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_security_token",
    "role_arn",
    "source_profile",
    "credential_source",
    "web_identity_token_file",
    "sso_session",
    "sso_start_url",
    "sso_account_id",
    "sso_role_name",
    "login_session",
    "credential_process",
    "mfa_serial",
];

/// Copies of the user's files in which `default` has no credentials, for one program. Dropped, they are gone.
pub(crate) struct Copies {
    dir: PathBuf,
    /// The variables that lead to them.
    pub(crate) env: Vec<(OsString, OsString)>,
}

/// Makes the copies that are needed; `None` if `default` has no credentials.
///
/// # Errors
/// [`Kind::Config`] with `strict`, naming the file, instead of a copy.
pub(crate) fn copies(host: &Host, strict: bool) -> Result<Option<Copies>> {
    let mut copies: Option<Copies> = None;
    let section = SectionId::profile("default");
    for which in [Which::Config, Which::Credentials] {
        let edit = KEYS.iter().fold(Edit::of(which), |edit, key| edit.remove(&section, key));
        let Some(text) = edit.text(host)? else { continue };
        let message =
            format!("`default` in the {} file has credentials, which programs take first", which.file_name());
        if strict {
            return Err(Error::new(Kind::Config, message)
                .hint("give `default` another name, or leave --strict out: then the command gets a copy without them"));
        }
        let failed = |e| Error::new(Kind::Failed, "no private directory can be made").because(e);
        let copies = match &mut copies {
            Some(copies) => copies,
            none => {
                // in memory, where the system has such a place
                let own = host.env.path("XDG_RUNTIME_DIR").filter(|dir| dir.is_absolute() && dir.is_dir());
                let dir = own
                    .unwrap_or_else(std::env::temp_dir)
                    .join(format!("awsenv-{}", random::hex(&random::bytes::<16>()?)));
                fs::make_private_dir(&dir).map_err(failed)?;
                none.insert(Copies { dir, env: Vec::new() })
            }
        };
        let path = copies.dir.join(which.file_name());
        fs::replace_private(&path, text.as_bytes(), fs::Replace::Quick).map_err(failed)?;
        host.say(format!("{message}: this command reads a copy without them"));
        copies.env.push((which.variable().into(), path.into()));
    }
    Ok(copies)
}

impl Drop for Copies {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
