//! What signs requests.

use super::{AccountId, Secret};
use chrono::{DateTime, Utc};

/// An access key id and its secret access key, maybe a session token, maybe an end.
///
/// Checked when made, so that whatever holds one may put it on a shell's command line or in a header.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: Secret,
    pub(crate) session_token: Option<Secret>,
    pub(crate) expiration: Option<DateTime<Utc>>,
    pub(crate) account: Option<AccountId>,
}

impl Credentials {
    /// # Errors
    /// Names the field whose characters or length no credentials of AWS have. Never shows its value.
    pub(crate) fn new(
        access_key_id: &str,
        secret_access_key: Secret,
        session_token: Option<Secret>,
        expiration: Option<DateTime<Utc>>,
        account: Option<AccountId>,
    ) -> Result<Credentials, String> {
        let fits = |value: &str, longest: usize, allowed: fn(u8) -> bool| {
            !value.is_empty() && value.len() <= longest && value.bytes().all(allowed)
        };
        if !fits(access_key_id, 128, |b| b.is_ascii_alphanumeric()) || access_key_id.len() < 16 {
            return Err("the access key id is not one: 16 to 128 letters and digits".into());
        }
        if !fits(secret_access_key.expose(), 256, |b| b.is_ascii_alphanumeric() || b"/+=".contains(&b)) {
            return Err(
                "the secret access key is not one: at most 256 of letters, digits, `/`, `+`, `=`".into()
            );
        }
        if let Some(token) = &session_token
            && !fits(token.expose(), 16 * 1024, |b| b.is_ascii_graphic() && !b"'\"`\\$".contains(&b))
        {
            return Err(
                "the session token is not one: it is empty, too long, or holds characters that none has"
                    .into(),
            );
        }
        Ok(Credentials {
            access_key_id: access_key_id.to_owned(),
            secret_access_key,
            session_token,
            expiration,
            account,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_credentials_are_refused_without_being_shown() {
        let make = |id: &str, secret: &str, token: &str| {
            Credentials::new(id, Secret::new(secret), Some(Secret::new(token)), None, None)
        };
        assert!(make("ASIAFAKE000000000001", "fakeSecret/1+094f745889b812a3", "fake//token+/==").is_ok());
        for token in
            ["t; touch P", "t$(touch P)", "t'x", "t\"x", "t`x`", "t\\x", "", "t\nx", &"x".repeat(20_000)]
        {
            let refused = make("ASIAFAKE000000000001", "secret", token).expect_err(token);
            assert!(token.is_empty() || !refused.contains(token), "{refused}");
        }
        assert!(make("A$(id)AAAAAAAAAAAAAAA", "secret", "t").is_err());
        assert!(make("ASIAFAKE000000000001", "s ecret", "t").is_err());
    }
}
