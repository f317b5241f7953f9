//! Credentials of a session, in the words of STS.

use super::super::{fault::Fault, page::escape};
use super::caller_identity::user_id;
use super::{Asked, Refusal, State, check};
use chrono::DateTime;

/// A session of a role that is granted.
pub(super) struct Session<'a> {
    pub(super) arn: &'a str,
    pub(super) name: &'a str,
    pub(super) seconds: i64,
}

/// Issues the credentials of a session of a role, and names it.
pub(super) fn of_role(
    state: &mut State,
    asked: &Asked<'_>,
    session: &Session<'_>,
) -> Result<String, Refusal> {
    let (partition, account, role) = check::role(session.arn)?;
    let identity = format!("arn:{partition}:sts::{account}:assumed-role/{role}/{}", session.name);
    let credentials = credentials(state, asked, &identity, session.seconds, None);
    let shown = match &asked.turn.fault {
        Some(Fault::Identity(other)) => other,
        _ => &identity,
    };
    Ok(format!(
        "{credentials}    <AssumedRoleUser>\n      <AssumedRoleId>{}</AssumedRoleId>\n      <Arn>{}</Arn>\n    \
         </AssumedRoleUser>\n",
        escape(&user_id(shown, account)),
        escape(shown)
    ))
}

/// Issues credentials for an identity, perhaps with an MFA device used.
pub(super) fn credentials(
    state: &mut State,
    asked: &Asked<'_>,
    identity: &str,
    seconds: i64,
    mfa: Option<String>,
) -> String {
    let expires = asked.turn.now + seconds;
    let (id, secret, token) = state.issue(identity, expires);
    state.keys.used_mfa(&id, mfa);
    let end = DateTime::from_timestamp(expires, 0).expect("the simulator's clock is within reason");
    format!(
        "    <Credentials>\n      <AccessKeyId>{id}</AccessKeyId>\n      <SecretAccessKey>{secret}</SecretAccessKey>\n      \
         <SessionToken>{token}</SessionToken>\n      <Expiration>{}</Expiration>\n    </Credentials>\n",
        end.format("%Y-%m-%dT%H:%M:%SZ")
    )
}
