//! `GetCallerIdentity`: who signed.

use super::super::{fault::Fault, page::escape};
use super::{Asked, Refusal, State, check};
use sha2::{Digest, Sha256};

pub(super) fn result(_: &mut State, asked: &Asked<'_>) -> Result<String, Refusal> {
    check::only(asked, "GetCallerIdentity", &[])?;
    let signer = asked.signer.as_ref().expect("the action is signed");
    let arn = match &asked.turn.fault {
        Some(Fault::Identity(other)) => other,
        _ => &signer.identity,
    };
    let account = arn.split(':').nth(4).unwrap_or_default();
    Ok(format!(
        "    <Arn>{}</Arn>\n    <UserId>{}</UserId>\n    <Account>{}</Account>\n",
        escape(arn),
        escape(&user_id(arn, account)),
        escape(account)
    ))
}

/// The unique id of an identity: the same for the same ARN, in the shape of its kind.
pub(super) fn user_id(arn: &str, account: &str) -> String {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let parts: Vec<_> = resource.split('/').collect();
    match parts[..] {
        ["assumed-role", role, session] => format!("{}:{session}", unique("AROA", role)),
        ["federated-user", name] => format!("{account}:{name}"),
        ["user", .., name] => unique("AIDA", name),
        _ => account.to_owned(),
    }
}

fn unique(prefix: &str, name: &str) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = Sha256::digest(name);
    let tail = digest.iter().take(17).map(|&byte| char::from(letters[usize::from(byte) % 32]));
    prefix.chars().chain(tail).collect()
}
