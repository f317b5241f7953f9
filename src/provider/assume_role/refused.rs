//! What AWS has against a role being assumed, and what to do about it.

use super::Role;
use crate::aws::Fault;
use crate::error::{Error, Kind};

impl Role {
    /// The error for an `AssumeRole` that failed.
    pub(super) fn refused(&self, fault: Fault) -> Error {
        let Some(refusal) = fault.refusal() else { return fault.into_error("STS") };
        let error = |kind, message: String| Error::new(kind, message).because(refusal.words());
        let again = format!("awsenv login {} --force", self.named.typed());
        let too_long = || refusal.message.contains("DurationSeconds exceeds");
        match refusal.code.as_str() {
            "AccessDenied" => {
                let error = error(Kind::Refused, format!("{} cannot be assumed", self.arn));
                let error = error.hint(
                    "the role must trust who asks, and they must be allowed sts:AssumeRole: an administrator can tell",
                );
                if self.mfa.is_some() { error } else { error.hint("if the role wants MFA, name the device: mfa_serial = …") }
            }
            "ExpiredToken" | "ExpiredTokenException" => {
                error(Kind::LoginRequired, format!("the credentials that assume {} have ended", self.arn))
                    .hint(format!("sign in again: {again}"))
            }
            "InvalidClientTokenId" | "SignatureDoesNotMatch" => {
                error(Kind::Refused, format!("AWS does not know the credentials that assume {}", self.arn))
                    .hint(format!("sign in again, or correct the access keys: {again}"))
            }
            "ValidationError" if too_long() => {
                error(Kind::Refused, format!("{} does not last as long as was asked", self.arn))
                    .hint("ask for less (`duration_seconds`, --duration), or have the role's maximum session duration raised")
            }
            "RegionDisabledException" => {
                error(Kind::Refused, format!("STS is not enabled in {} for this account", self.sts.region))
                    .hint("name another region: --region us-east-1")
            }
            "MalformedPolicyDocument" | "PackedPolicyTooLarge" => {
                error(Kind::Refused, format!("AWS does not take the policy or the tags for {}", self.arn))
                    .hint("correct what --policy and --tag say")
            }
            "Throttling" | "ThrottlingException" => {
                error(Kind::Refused, "STS is asked too often just now".into()).hint("wait a minute and try again")
            }
            _ => fault.into_error("STS"),
        }
    }
}
