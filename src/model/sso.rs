//! IAM Identity Center: the session that a person signs in to, the role that they take, and whose pages are AWS's.

use super::{AccountId, Region, Secret, endpoints};
use chrono::{DateTime, Utc};
use url::Url;

/// What a client may do if nobody configured otherwise: use the portal.
const DEFAULT_SCOPE: &str = "sso:account:access";

/// What a person signs in to: an `[sso-session]`, or (legacy) the start URL of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SsoSession {
    /// `None`: legacy.
    pub(crate) name: Option<String>,
    /// As it is configured, to the letter: caches are named by it.
    pub(crate) start_url: String,
    pub(crate) region: Region,
    /// `None`: none are configured.
    pub(crate) scopes: Option<Vec<String>>,
}

impl SsoSession {
    /// What its token is found by: the session's name, else the start URL.
    pub(crate) fn key(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.start_url)
    }

    /// What a client of it asks for: the configured scopes, else that of the portal. A legacy session asks for nothing.
    ///
    /// The AWS CLI leaves the scope out of a device code's client, whose tokens then cannot be renewed.
    pub(crate) fn client_scopes(&self) -> Vec<String> {
        let default = || self.name.iter().map(|_| DEFAULT_SCOPE.to_owned()).collect();
        self.scopes.clone().filter(|scopes| !scopes.is_empty()).unwrap_or_else(default)
    }

    /// Whether its token can be renewed: a legacy one never is, by any tool.
    pub(crate) fn renews(&self) -> bool {
        self.name.is_some()
    }
}

/// A permission set in an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SsoRole {
    pub(crate) account: AccountId,
    pub(crate) name: String,
}

impl SsoRole {
    /// Whether `arn`, from `GetCallerIdentity`, is this role's.
    ///
    /// Source: Identity Center makes a permission set `Admin` the IAM role `AWSReservedSSO_Admin_0123456789abcdef`.
    pub(crate) fn is_of(&self, arn: &super::Arn) -> bool {
        let name = arn.identity();
        let made = |name: &str| {
            let (set, hash) = name.strip_prefix("AWSReservedSSO_")?.rsplit_once('_')?;
            let is_hash = hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit());
            is_hash.then(|| set == self.name)
        };
        let is_role = arn.as_str().splitn(6, ':').nth(5).is_some_and(|it| it.starts_with("assumed-role/"));
        is_role && *arn.account() == self.account && made(name).unwrap_or(name == self.name)
    }
}

/// How a person signs in; a client is registered for one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SsoFlow {
    /// Authorization code with PKCE: the browser comes back to this computer.
    Code,
    /// Device code: a browser anywhere.
    Device,
}

/// awsenv as Identity Center knows it: what `RegisterClient` answers.
#[derive(Clone, Debug)]
pub(crate) struct SsoClient {
    pub(crate) id: String,
    pub(crate) secret: Secret,
    pub(crate) expires_at: DateTime<Utc>,
}

/// Hosts of Identity Center, and domains of which every host is.
///
/// Source: AWS CLI 2.36, `customizations/sso/resolve.py`.
const HOSTS: [&str; 4] = [
    "identitycenter.amazonaws.com",
    "identitycenter.amazonaws.com.cn",
    "identitycenter.amazonaws.eu",
    "identitycenter.us-gov.amazonaws.com",
];
const DOMAINS: [&str; 8] = [
    "app.aws",
    "portal.amazonaws.com",
    "portal.amazonaws.com.cn",
    "app.amazonwebservices.com.cn",
    "portal.amazonaws.eu",
    "api.amazonwebservices.eu",
    "awsapps.com",
    "awsapps.cn",
];

/// The page where a person approves a device, if it is one that a person may be sent to.
///
/// It is https, without a name or password before the host, and of a host that is AWS's for Identity Center, that of
/// the start URL, or `device.sso.<region>` of the partition. `on_loopback`: the OIDC endpoint itself was set to this
/// machine, so its page may be here too.
pub(crate) fn verification_page(raw: &str, session: &SsoSession, on_loopback: bool) -> Option<Url> {
    let url = Url::parse(raw).ok().filter(|url| url.username().is_empty() && url.password().is_none())?;
    let host = url.host_str()?;
    if on_loopback
        && matches!(url.scheme(), "http" | "https")
        && matches!(host, "127.0.0.1" | "[::1]" | "localhost")
    {
        return Some(url);
    }
    let is_in =
        |domain: &str| host.strip_suffix(domain).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'));
    let is_known = HOSTS.contains(&host)
        || DOMAINS.into_iter().any(is_in)
        || endpoints::device_pages(&session.region).iter().any(|known| known == host)
        || Url::parse(&session.start_url).is_ok_and(|start| start.host_str() == Some(host));
    (url.scheme() == "https" && url.port().is_none() && is_known).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> SsoSession {
        SsoSession {
            name: Some("corp".into()),
            start_url: "https://sso.corp.example/start".into(),
            region: "eu-west-1".parse().unwrap(),
            scopes: None,
        }
    }

    #[test]
    fn a_person_is_sent_to_no_page_but_awss_or_their_own() {
        for good in [
            "https://device.sso.eu-west-1.amazonaws.com/?user_code=ABCD-EFGH",
            "https://d-1234567890.awsapps.com/start/#/device?user_code=ABCD-EFGH",
            "https://ssoins-1.portal.eu-west-1.app.aws/device",
            "https://identitycenter.amazonaws.com/ssoins-1/device",
            "https://SSO.corp.example/device",
        ] {
            assert!(verification_page(good, &session(), false).is_some(), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "http://device.sso.eu-west-1.amazonaws.com/",
            "https://evil.example/",
            "-flag",
            "",
            "https://awsapps.com.evil.example/",
            "https://evilawsapps.com/",
            "https://evil.s3.amazonaws.com/device",
            "https://device.sso.us-east-1.amazonaws.com/",
            "https://x.awsapps.com@evil.example/",
            "https://u:p@x.awsapps.com/",
            "https://x.awsapps.com:8443/",
            "https://evil.example/ https://x.awsapps.com/",
            "http://127.0.0.1:8080/device",
        ] {
            assert!(verification_page(bad, &session(), false).is_none(), "{bad}");
        }
        let here = |url: &str| verification_page(url, &session(), true).is_some();
        assert!(here("http://127.0.0.1:8080/device") && !here("http://evil.example/") && !here("file:///x"));
        let odd = verification_page("https://x.awsapps.com/a b\"'\u{1b}[2J", &session(), false).unwrap();
        assert!(odd.as_str().bytes().all(|b| b.is_ascii_graphic() && b != b'"'), "{odd}");
    }

    #[test]
    fn a_role_is_known_by_the_name_that_identity_center_gives_it() {
        let role = SsoRole { account: "123456789012".parse().unwrap(), name: "Power_User".into() };
        let is = |arn: &str| role.is_of(&arn.parse().unwrap());
        assert!(is(
            "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Power_User_0123456789abcdef/alice"
        ));
        assert!(is("arn:aws:sts::123456789012:assumed-role/Power_User/alice"));
        for other in [
            "arn:aws:sts::123456789013:assumed-role/AWSReservedSSO_Power_User_0123456789abcdef/alice",
            "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Power_User2_0123456789abcdef/alice",
            "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Power_User/alice",
            "arn:aws:iam::123456789012:user/Power_User",
        ] {
            assert!(!is(other), "{other}");
        }
    }
}
