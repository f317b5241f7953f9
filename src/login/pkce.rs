//! PKCE (RFC 7636): only who began a sign-in can end it.

use crate::error::Result;
use crate::host::random;
use crate::model::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// A verifier of 64 characters: 384 random bits in base64url, within the 43 to 128 that are allowed.
pub(crate) fn verifier() -> Result<Secret> {
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(random::bytes::<48>()?)))
}

/// Its challenge: the base64url of its SHA-256, without padding.
pub(crate) fn challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_equal_the_published_ones() {
        for (verifier, challenge) in [
            ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            (
                "gDY1Y-5yiCMal5aZDhmDeU.wFkNUetbeJJ5iwzNuoGHpAqOdCLV9H0Dg29PDTUDb",
                "NYqw-j6rWV7U78YJ7IIATFsndJX8EeD9LwjKem6FAPA",
            ),
            (&"A".repeat(64), "1T7aemN8mcx_tWbZbp-hCb8VxHhBCj9etNTE4mzQgfY"),
            (&"a".repeat(64), "_-BU_nrgy23GXDr5th1SCfQ5hR20PQulmXM33xVGaOs"),
            (
                "eFF1SuzEEd3Y.S3GmL2gbsQmX~t52vGb6pNsdZEkOeJFdkhvajwK8HBm2nXPM99R",
                "98f4OW1h1Q51dFYm_6j9GRC4wbVhNM2NVrZnwnYSI2s",
            ),
        ] {
            assert_eq!(super::challenge(&Secret::new(verifier)), challenge);
        }
        let made = verifier().unwrap();
        assert_eq!(made.expose().len(), 64);
        assert_ne!(made, verifier().unwrap());
    }
}
