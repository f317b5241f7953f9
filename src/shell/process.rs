//! `process`: the answer of a `credential_process`, which every AWS SDK reads.

use super::dialect::{Dialect, Facts, needed, pretty};
use crate::error::Result;
use crate::model::{AccountId, EnvDelta, Secret, time};
use serde::Serialize;

pub(super) struct Process;

/// Source: AWS CLI user guide, "Sourcing credentials with an external process"; `AccountId` as botocore
/// `credentials.py`, `ProcessProvider` reads it. What is unknown is left out: some SDKs refuse a null.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    version: u8,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
}

impl Dialect for Process {
    fn name(&self) -> &'static str {
        "process"
    }

    fn spell(&self, _: &EnvDelta, facts: Option<&Facts>) -> Result<String> {
        let credentials = needed(self, facts)?.credentials;
        pretty(&Answer {
            version: 1,
            access_key_id: &credentials.access_key_id,
            secret_access_key: credentials.secret_access_key.expose(),
            session_token: credentials.session_token.as_ref().map(Secret::expose),
            expiration: credentials.expiration.map(time::format),
            account_id: credentials.account.as_ref().map(AccountId::as_str),
        })
    }
}
