//! `AssumeRole`: a session of a role, for whom it trusts.

use super::check::{self, wrong};
use super::session::{self, Session};
use super::{Asked, Refusal, State};
use serde_json::Value;

/// The longest session of any role, and of a role assumed by a session of a role (seconds).
const LONGEST: i64 = 43_200;
const LONGEST_OF_CHAIN: i64 = 3600;

pub(super) fn result(state: &mut State, asked: &Asked<'_>) -> Result<String, Refusal> {
    let names = [
        "RoleArn",
        "RoleSessionName",
        "DurationSeconds",
        "ExternalId",
        "SerialNumber",
        "TokenCode",
        "Policy",
        "PolicyArns.member",
        "Tags.member",
        "TransitiveTagKeys.member",
        "SourceIdentity",
        "ProvidedContexts.member",
    ];
    check::only(asked, "AssumeRole", &names)?;
    let arn = check::need(asked, &check::ROLE_ARN)?;
    let name = check::need(asked, &check::SESSION_NAME)?;
    let external_id = check::may(asked, &check::EXTERNAL_ID)?;
    let source_identity = check::may(asked, &check::SOURCE_IDENTITY)?;
    let seconds = check::duration(asked, LONGEST)?;
    let packed = policy(asked)?;
    check::role(arn)?;

    let signer = asked.signer.as_ref().expect("the action is signed");
    if signer.identity.ends_with(":root") {
        let told = "Roles may not be assumed by root accounts.";
        return Err(Refusal::new(403, "", "AccessDenied", told, "the caller is a root account"));
    }
    let mfa = check::mfa(state, asked, signer)?;
    let denied = |why: &str| {
        let told = format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}",
            signer.identity
        );
        Err(Refusal::new(403, "", "AccessDenied", &told, why))
    };
    let Some(role) = state.iam.roles.get(arn) else { return denied("the role is unknown") };
    if !role.trusts(&signer.identity) {
        return denied(&format!("the role does not trust {}", signer.identity));
    }
    if role.external_id.is_some() && role.external_id.as_deref() != external_id {
        return denied(&format!("the ExternalId is {external_id:?}"));
    }
    if role.mfa.is_some() && role.mfa != mfa && role.mfa != signer.mfa {
        return denied("the role requires another MFA device, or any");
    }
    let seconds = seconds.unwrap_or(3600);
    if signer.identity.contains(":assumed-role/") && seconds > LONGEST_OF_CHAIN {
        let told = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
        return Err(wrong(told, format!("{seconds} s are asked for by a session of a role")));
    }
    if seconds > role.max_duration {
        return Err(too_long(seconds, role.max_duration));
    }

    let mut result = session::of_role(state, asked, &Session { arn, name, seconds })?;
    if let Some(source) = source_identity {
        result += &format!("    <SourceIdentity>{source}</SourceIdentity>\n");
    }
    if let Some(percent) = packed {
        result += &format!("    <PackedPolicySize>{percent}</PackedPolicySize>\n");
    }
    Ok(result)
}

/// What is said of a session longer than its role allows.
pub(super) fn too_long(seconds: i64, most: i64) -> Refusal {
    let told = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    wrong(told, format!("{seconds} s are asked for, {most} allowed"))
}

/// How full a session's policy makes it, in percent.
pub(super) fn policy(asked: &Asked<'_>) -> Result<Option<usize>, Refusal> {
    let Some(text) = asked.form.get("Policy") else { return Ok(None) };
    let is_policy = serde_json::from_str::<Value>(text)
        .is_ok_and(|policy| policy["Version"].is_string() && !policy["Statement"].is_null());
    if !is_policy {
        let told = "This policy contains invalid Json";
        return Err(Refusal::new(400, "", "MalformedPolicyDocument", told, "the Policy is none"));
    }
    if text.len() > 2048 {
        let told =
            format!("Packed size of session tags consumes {}% of allotted space.", text.len() * 100 / 2048);
        return Err(Refusal::new(400, "", "PackedPolicyTooLarge", &told, "the Policy is too long"));
    }
    Ok(Some(text.len() * 100 / 2048))
}
