//! Signature Version 4, for the query protocol of STS.

use crate::model::{Credentials, Region};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use url::Url;

/// The media type of the query protocol; it is signed.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// The headers that sign a POST of `body` to `url` for `service`, at `now` of the server's clock.
pub(crate) fn sign(
    credentials: &Credentials,
    region: &Region,
    service: &str,
    url: &Url,
    body: &[u8],
    now: DateTime<Utc>,
) -> Vec<(&'static str, String)> {
    let stamp = now.format("%Y%m%dT%H%M%SZ").to_string();
    let date = &stamp[..8];
    let host = match (url.host_str().unwrap_or_default(), url.port()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_owned(),
    };
    let token = credentials.session_token.as_ref().map(|token| token.expose().to_owned());

    let mut signed = vec![("content-type", FORM.to_owned()), ("host", host), ("x-amz-date", stamp.clone())];
    signed.extend(token.map(|token| ("x-amz-security-token", token)));
    let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let lines: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let canonical = format!("POST\n{}\n\n{lines}\n{names}\n{}", url.path(), hash(body));

    let scope = format!("{date}/{region}/{service}/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}", hash(canonical.as_bytes()));
    let mut key = format!("AWS4{}", credentials.secret_access_key.expose()).into_bytes();
    for part in [date, region.as_str(), service, "aws4_request"] {
        key = mac(&key, part);
    }
    let signature = crate::host::random::hex(&mac(&key, &to_sign));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        credentials.access_key_id
    );

    signed.retain(|(name, _)| *name != "host"); // the client sends it itself
    signed.push(("authorization", authorization));
    signed
}

fn mac(key: &[u8], data: &str) -> Vec<u8> {
    // an HMAC takes a key of any length
    Hmac::<Sha256>::new_from_slice(key)
        .map(|mac| mac.chain_update(data).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}

fn hash(data: &[u8]) -> String {
    crate::host::random::hex(&Sha256::digest(data))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Secret;

    /// Source: signatures that botocore made of the same requests.
    #[test]
    fn signatures_equal_botocores() {
        let now = crate::model::time::parse("2030-01-02T03:04:05Z").unwrap();
        for (url, region, token, body, signature) in [
            (
                "https://sts.us-east-1.amazonaws.com/",
                "us-east-1",
                None,
                "Action=GetCallerIdentity&Version=2011-06-15",
                "31a53dffa2a862b2d2bc284346c53a4ed89acdd2f90e3bfe53a65089e513ddd2",
            ),
            (
                "https://sts.us-east-1.amazonaws.com/",
                "us-east-1",
                Some("FakeSessionToken/+=="),
                "Action=GetCallerIdentity&Version=2011-06-15",
                "d4ea4bb065dc9083160810495e98255843ec58a875906519d2684dd0189e70a8",
            ),
            (
                "https://sts.cn-north-1.amazonaws.com.cn/",
                "cn-north-1",
                None,
                "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws-cn%3Aiam%3A%3A123456789012%3Arole%2FRoleA&RoleSessionName=me",
                "0154bee7d0d21da7fa7de5988a1f63e8d792347cfa5b7e98f37ce073b6e6a23f",
            ),
            (
                "http://127.0.0.1:8933/",
                "us-east-1",
                None,
                "Action=GetSessionToken&Version=2011-06-15&SerialNumber=arn%3Aaws%3Aiam%3A%3A123456789012%3Amfa%2Falice&TokenCode=123456",
                "3eda2b62e0305bc8abb4aeed856e5884d009cb12ab5df3619d522c679976d3e1",
            ),
        ] {
            let credentials = Credentials {
                access_key_id: "AKIDEXAMPLE".into(),
                secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                session_token: token.map(Secret::new),
                expiration: None,
                account: None,
            };
            let url = url.parse().unwrap();
            let headers = sign(&credentials, &region.parse().unwrap(), "sts", &url, body.as_bytes(), now);
            let (_, authorization) = headers.last().unwrap();
            assert!(authorization.ends_with(signature), "{authorization}");
        }
    }

    /// Source: botocore's steps from the secret to the key of 2030-01-02, us-east-1, STS.
    #[test]
    fn each_step_of_the_key_equals_botocores() {
        let mut key = b"AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_vec();
        for (part, made) in [
            ("20300102", "7f0c62a6770cc0a6b0dcd30d954e4752ce7cd915c6a4e4a3feac0dc5dfc23c73"),
            ("us-east-1", "bcde166c517e9197e21fce42b2ada49b8745d86774f77560a190eba4dcb7fdd3"),
            ("sts", "d36dac43e6053d4059cafda5fa12a7d033b454796fac6a6c37e973cff5327da1"),
            ("aws4_request", "5056e9ebd8aba52235f1325f533b15b60be208f2b6db02a8fc786b3fbca0630d"),
        ] {
            key = mac(&key, part);
            assert_eq!(crate::host::random::hex(&key), made, "{part}");
        }
    }
}
