//! DPoP (RFC 9449): a key that each request to the token endpoint proves to hold.

use crate::error::{Error, Kind, Result};
use crate::host::random;
use crate::model::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::sec1::ToSec1Point as _;
use p256::pkcs8::{DecodePrivateKey as _, LineEnding};
use url::Url;

/// An EC P-256 key: made at each sign-in, kept beside the refresh token that is bound to it.
pub(crate) struct DpopKey(p256::SecretKey);

impl DpopKey {
    pub(crate) fn generate() -> Result<DpopKey> {
        // a random number is no key once in 2³² or less
        for _ in 0..8 {
            if let Ok(key) = p256::SecretKey::from_slice(&random::bytes::<32>()?) {
                return Ok(DpopKey(key));
            }
        }
        Err(Error::new(Kind::Failed, "the system's random numbers make no key"))
    }

    /// Reads a key as any of AWS's tools stores it: SEC1 or PKCS#8, in lines of any length.
    ///
    /// # Errors
    /// That it is none, without showing it.
    pub(crate) fn from_pem(pem: &str) -> Result<DpopKey, String> {
        let pem = pem.replace("\\n", "\n");
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
        let der = STANDARD.decode(body).map_err(|_| "the DPoP key is not PEM".to_owned())?;
        p256::SecretKey::from_sec1_der(&der)
            .ok()
            .or_else(|| p256::SecretKey::from_pkcs8_der(&der).ok())
            .map(DpopKey)
            .ok_or_else(|| "the DPoP key is no EC P-256 key".to_owned())
    }

    /// SEC1 PEM, byte for byte as the AWS CLI writes it: the one form that every SDK reads.
    pub(crate) fn to_pem(&self) -> Result<Secret> {
        let pem = self.0.to_sec1_pem(LineEnding::LF);
        pem.map(|pem| Secret::new(pem.as_str()))
            .map_err(|e| Error::new(Kind::Failed, "the DPoP key cannot be written").because(e))
    }

    /// A proof for one POST to `url`, good once.
    pub(crate) fn proof(&self, url: &Url, now: DateTime<Utc>) -> Result<String> {
        Ok(self.proof_with(url, now, &random::uuid()?))
    }

    fn proof_with(&self, url: &Url, now: DateTime<Utc>, id: &str) -> String {
        let point = self.0.public_key().to_sec1_point(false);
        // an uncompressed point is 04, then x and y of 32 bytes each
        let (x, y) = point.as_bytes()[1..].split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let header = format!(
            r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{{"kty":"EC","x":"{x}","y":"{y}","crv":"P-256"}}}}"#
        );
        let url = url.as_str().replace('"', "%22");
        let claims = format!(r#"{{"htm":"POST","htu":"{url}","iat":{},"jti":"{id}"}}"#, now.timestamp());
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature: Signature = SigningKey::from(&self.0).sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "-----BEGIN EC PRIVATE KEY-----\n\
        MHcCAQEEIBMB/RwQERsVoqWRQG4zK8CnaAa5dfrpbm+9tFdBh3z4oAoGCCqGSM49\n\
        AwEHoUQDQgAEWb1VLi1EA2hJaTz4yYuxSELvY+1GAfL+8rUTCAdiFid87Bf6GY+s\n\
        2+1RpqDv0RpZiDIMCrZrsAh+RK9S3QCaGA==\n\
        -----END EC PRIVATE KEY-----\n";

    /// Source: the proof that the AWS CLI makes of the same key, URL, time and id.
    #[test]
    fn a_proof_equals_the_aws_clis() {
        use p256::ecdsa::signature::Verifier as _;
        let key = DpopKey::from_pem(KEY).unwrap();
        let url = "https://us-east-1.signin.aws.amazon.com/v1/token".parse().unwrap();
        let now = DateTime::from_timestamp(1_651_516_560, 0).unwrap();
        let proof = key.proof_with(&url, now, "00000000-0000-4000-8000-000000000001");
        let [header, claims, signature] = proof.split('.').collect::<Vec<_>>()[..] else { panic!("{proof}") };
        assert_eq!(
            header,
            "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6IldiMVZMaTFFQTJoSmFUejR5WXV4U0VMdlktMUdBZkwtOHJVVENBZGlGaWMiLCJ5IjoiZk93WC1obVByTnZ0VWFhZzc5RWFXWWd5REFxMmE3QUlma1N2VXQwQW1oZyIsImNydiI6IlAtMjU2In19"
        );
        assert_eq!(
            claims,
            "eyJodG0iOiJQT1NUIiwiaHR1IjoiaHR0cHM6Ly91cy1lYXN0LTEuc2lnbmluLmF3cy5hbWF6b24uY29tL3YxL3Rva2VuIiwiaWF0IjoxNjUxNTE2NTYwLCJqdGkiOiIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDEifQ"
        );
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        let verifier = p256::ecdsa::VerifyingKey::from(SigningKey::from(&key.0));
        assert!(verifier.verify(format!("{header}.{claims}").as_bytes(), &signature).is_ok());
    }

    #[test]
    fn a_key_comes_back_byte_for_byte() {
        assert_eq!(DpopKey::from_pem(KEY).unwrap().to_pem().unwrap().expose(), KEY);
        let escaped = KEY.replace('\n', "\\n");
        assert_eq!(DpopKey::from_pem(&escaped).unwrap().to_pem().unwrap().expose(), KEY);
        let made = DpopKey::generate().unwrap().to_pem().unwrap();
        assert_eq!(DpopKey::from_pem(made.expose()).unwrap().to_pem().unwrap(), made);
    }

    #[test]
    fn pkcs8_is_read_and_nonsense_refused() {
        use p256::pkcs8::EncodePrivateKey as _;
        let pkcs8 = DpopKey::from_pem(KEY).unwrap().0.to_pkcs8_pem(LineEnding::LF).unwrap();
        assert_eq!(DpopKey::from_pem(&pkcs8).unwrap().to_pem().unwrap().expose(), KEY);
        for bad in ["", "nonsense", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----"] {
            assert!(DpopKey::from_pem(bad).is_err());
        }
    }
}
