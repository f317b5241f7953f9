//! `json`: the credentials and what is known about them, for any program.

use super::dialect::{Dialect, Facts, needed, pretty};
use crate::error::Result;
use crate::model::{AccountId, EnvDelta, ProfileName, Region, Secret, time};
use serde::Serialize;

pub(super) struct Json;

/// What is unknown is null. Keys are only ever added.
#[derive(Serialize)]
struct Told<'a> {
    version: u8,
    profile: Option<&'a str>,
    account_id: Option<&'a str>,
    identity: Option<&'a str>,
    region: Option<&'a str>,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    session_token: Option<&'a str>,
    expiration: Option<String>,
    refresh_at: Option<String>,
}

impl Dialect for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn spell(&self, _: &EnvDelta, facts: Option<&Facts>) -> Result<String> {
        let facts = needed(self, facts)?;
        let credentials = facts.credentials;
        pretty(&Told {
            version: 1,
            profile: facts.profile.map(ProfileName::as_str),
            account_id: credentials.account.as_ref().map(AccountId::as_str),
            identity: facts.identity,
            region: facts.region.map(Region::as_str),
            access_key_id: &credentials.access_key_id,
            secret_access_key: credentials.secret_access_key.expose(),
            session_token: credentials.session_token.as_ref().map(Secret::expose),
            expiration: credentials.expiration.map(time::format),
            refresh_at: facts.refresh_at.map(time::format),
        })
    }
}
