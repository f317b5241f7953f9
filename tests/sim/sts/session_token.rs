//! `GetSessionToken`: a session of a user, with an MFA device if the user shows one.

use super::{Asked, Refusal, State, check, session};

/// The longest session, and that of a root account (seconds).
const LONGEST: i64 = 129_600;
const LONGEST_OF_ROOT: i64 = 3600;

pub(super) fn result(state: &mut State, asked: &Asked<'_>) -> Result<String, Refusal> {
    check::only(asked, "GetSessionToken", &["DurationSeconds", "SerialNumber", "TokenCode"])?;
    let seconds = check::duration(asked, LONGEST)?.unwrap_or(43_200);
    let signer = asked.signer.as_ref().expect("the action is signed");
    if signer.temporary {
        let told = "Cannot call GetSessionToken with session credentials";
        return Err(Refusal::new(403, "", "AccessDenied", told, "the caller's credentials are temporary"));
    }
    let mfa = check::mfa(state, asked, signer)?;
    let root = signer.identity.ends_with(":root");
    let seconds = if root { seconds.min(LONGEST_OF_ROOT) } else { seconds };
    Ok(session::credentials(state, asked, &signer.identity, seconds, mfa))
}
