//! Where else than at AWS's own hosts a service answers, as configured; FIPS, dual stack, and whom to trust.

use super::{Config, Profile, Setting};
use crate::error::{Error, Kind, Result};
use crate::host::{Host, http, path};
use crate::model::endpoints::{self, Variant};
use crate::model::{Region, text};
use std::path::PathBuf;
use url::Url;

/// The endpoints of one profile; AWS's own hosts depend on the region, custom ones do not.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    signin: Option<Url>,
    sts: Option<Url>,
    sso: Option<Url>,
    sso_oidc: Option<Url>,
    variant: Variant,
    pub(crate) ca_bundle: Option<PathBuf>,
}

impl Endpoints {
    /// Reads them all, so that a wrong one is an error before anything is asked.
    pub(crate) fn of(host: &Host, config: &Config, profile: Option<&Profile>) -> Result<Endpoints> {
        Ok(Endpoints {
            signin: endpoint(host, config, profile, Service::Signin)?,
            sts: endpoint(host, config, profile, Service::Sts)?,
            sso: endpoint(host, config, profile, Service::Sso)?,
            sso_oidc: endpoint(host, config, profile, Service::SsoOidc)?,
            variant: variant(host, profile)?,
            ca_bundle: ca_bundle(host, profile),
        })
    }

    pub(crate) fn signin(&self, region: &Region) -> Url {
        self.signin.clone().unwrap_or_else(|| https(&endpoints::signin(region, self.variant)))
    }

    pub(crate) fn sts(&self, region: &Region) -> Url {
        self.sts.clone().unwrap_or_else(|| https(&endpoints::sts(region, self.variant)))
    }

    /// Identity Center's portal.
    pub(crate) fn sso(&self, region: &Region) -> Url {
        self.sso.clone().unwrap_or_else(|| https(&endpoints::sso_portal(region, self.variant)))
    }

    /// Identity Center's OIDC service.
    pub(crate) fn sso_oidc(&self, region: &Region) -> Url {
        self.sso_oidc.clone().unwrap_or_else(|| https(&endpoints::sso_oidc(region, self.variant)))
    }

    /// Whether Identity Center is asked somewhere else: its portal, its OIDC service.
    pub(crate) fn custom_sso(&self) -> (bool, bool) {
        (self.sso.is_some(), self.sso_oidc.is_some())
    }

    /// Whether AWS Sign-In is asked somewhere else than at AWS's own host.
    pub(crate) fn custom_signin(&self) -> bool {
        self.signin.is_some()
    }
}

/// A host of the partition table; a region is a host label, so this is a URL.
fn https(host: &str) -> Url {
    Url::parse(&format!("https://{host}")).unwrap_or_else(|_| unreachable!("a region is a host label"))
}

/// A service whose endpoint can be configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Signin,
    Sts,
    Sso,
    SsoOidc,
}

impl Service {
    /// As in `[services NAME]`; in upper case, as in `AWS_ENDPOINT_URL_…`.
    fn id(self) -> &'static str {
        match self {
            Service::Signin => "signin",
            Service::Sts => "sts",
            Service::Sso => "sso",
            Service::SsoOidc => "sso_oidc",
        }
    }
}

/// The endpoint configured for a service, if one is.
///
/// 1. `AWS_ENDPOINT_URL_<SERVICE>`
/// 2. `AWS_ENDPOINT_URL`
/// 3. `endpoint_url` in the service's block of the `[services NAME]` that the profile names
/// 4. `endpoint_url` of the profile
///
/// `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`, else `ignore_configured_endpoint_urls`, turns all of them off.
///
/// # Errors
/// [`Kind::Config`], naming where it was set, for a URL that is neither `https` nor `http` on the loopback
/// interface: credentials would travel in clear text. Also if `services` names a section that is not there.
///
/// Source: botocore `configprovider.py`, `ConfiguredEndpointProvider`.
fn endpoint(
    host: &Host,
    config: &Config,
    profile: Option<&Profile<'_>>,
    service: Service,
) -> Result<Option<Url>> {
    if switch(host, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", profile, "ignore_configured_endpoint_urls")? {
        return Ok(None);
    }
    let own = format!("AWS_ENDPOINT_URL_{}", service.id().to_ascii_uppercase());
    for name in [&*own, "AWS_ENDPOINT_URL"] {
        if let Some(url) = host.env.text(name) {
            return checked(url, || name.to_owned()).map(Some);
        }
    }
    let Some(profile) = profile else { return Ok(None) };
    if let Some(setting) = profile.get("services").filter(|setting| !setting.value.is_empty()) {
        let services = config
            .services(&setting.value)
            .ok_or_else(|| setting.refuse("which is no `[services]` section"))?;
        let block = services.get(service.id()).map_or(Vec::new(), Setting::nested);
        if let Some((_, url)) =
            block.into_iter().rfind(|(key, url)| *key == "endpoint_url" && !url.is_empty())
        {
            let place = || format!("{}, `{}`", services.place(), service.id());
            return checked(url, place).map(Some);
        }
    }
    let Some(setting) = profile.get("endpoint_url").filter(|setting| !setting.value.is_empty()) else {
        return Ok(None);
    };
    checked(&setting.value, || format!("{}, `endpoint_url`", setting.place())).map(Some)
}

/// Which of a service's hosts are wanted: FIPS, dual stack.
///
/// `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT`, else the profile's keys of the same names.
fn variant(host: &Host, profile: Option<&Profile<'_>>) -> Result<Variant> {
    Ok(Variant {
        fips: switch(host, "AWS_USE_FIPS_ENDPOINT", profile, "use_fips_endpoint")?,
        dual_stack: switch(host, "AWS_USE_DUALSTACK_ENDPOINT", profile, "use_dualstack_endpoint")?,
    })
}

/// The file of certificates to trust: `AWS_CA_BUNDLE`, else the profile's `ca_bundle`. A leading `~` is the home.
fn ca_bundle(host: &Host, profile: Option<&Profile<'_>>) -> Option<PathBuf> {
    let raw = host.env.text("AWS_CA_BUNDLE").or_else(|| profile?.text("ca_bundle"))?;
    Some(path::with_home(raw, host.home().as_deref()).into())
}

/// A switch of the environment, which decides even when it is off, else of the profile.
fn switch(host: &Host, variable: &str, profile: Option<&Profile<'_>>, key: &str) -> Result<bool> {
    match host.env.text(variable) {
        Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
        Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
        Some(value) => {
            let message = format!("{variable} is `{}`, neither `true` nor `false`", text::field(value));
            Err(Error::new(Kind::Config, message))
        }
        None => Ok(profile.map_or(Ok(None), |profile| profile.switch(key))?.unwrap_or(false)),
    }
}

/// The URL, if credentials may travel to it. It is not shown when refused: it might hold a password.
fn checked(raw: &str, place: impl Fn() -> String) -> Result<Url> {
    let refuse = |why: &str| Err(Error::new(Kind::Config, format!("the endpoint set by {} {why}", place())));
    let Ok(url) = Url::parse(raw) else { return refuse("is not a URL") };
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return refuse("holds more than scheme, host, port and path");
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if http::is_loopback(&url) => Ok(url),
        "http" => refuse("is http and not on this machine: credentials would travel in clear text"),
        _ => refuse("is neither https nor http"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Fake;

    fn host(env: &[(&str, &str)]) -> Host {
        let env = env.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Host::fake(Fake { env, ..Fake::default() })
    }

    const FILE: &str = "[profile p]\nservices = s\nendpoint_url = https://profile\nuse_fips_endpoint = TRUE\n\
        use_dualstack_endpoint = maybe\nca_bundle = ~/ca.pem\n\
        [profile lost]\nservices = gone\n[profile plain]\nendpoint_url = http://example.com\n\
        [profile off]\nendpoint_url = https://x\nignore_configured_endpoint_urls = true\n\
        [services s]\nsts =\n  endpoint_url = http://127.0.0.1:1/path\ns3 =\n  endpoint_url = https://s3\n";

    #[test]
    fn endpoints_have_the_aws_clis_precedence() {
        let config = Config::test(FILE, "");
        let ask = |profile: &str, env: &[(&str, &str)], service| {
            let profile = config.profile(&profile.parse().unwrap());
            let found = endpoint(&host(env), &config, profile.as_ref(), service);
            found.map_or_else(|e| e.message().into(), |url| url.map_or("none".into(), String::from))
        };
        let both = [("AWS_ENDPOINT_URL", "https://all"), ("AWS_ENDPOINT_URL_STS", "http://localhost:5")];
        let sso = [("AWS_ENDPOINT_URL_SIGNIN", "https://oidc"), ("AWS_ENDPOINT_URL", " ")];
        for (profile, env, service, answer) in [
            ("p", &both[..], Service::Sts, "http://localhost:5/"),
            ("p", &both[..1], Service::Sts, "https://all/"),
            ("p", &[("AWS_ENDPOINT_URL_SSO_OIDC", "https://oidc")], Service::SsoOidc, "https://oidc/"),
            ("p", &[("AWS_ENDPOINT_URL_SSO_OIDC", "https://oidc")], Service::Sso, "https://profile/"),
            ("p", &[("AWS_ENDPOINT_URL_SSO", "https://portal")], Service::Sso, "https://portal/"),
            ("p", &both, Service::Signin, "https://all/"),
            ("p", &[], Service::Sts, "http://127.0.0.1:1/path"),
            ("p", &[], Service::Signin, "https://profile/"),
            ("p", &sso, Service::Signin, "https://oidc/"),
            ("none", &[], Service::Sts, "none"),
            ("none", &both, Service::Sts, "http://localhost:5/"),
            ("p", &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"), both[0]], Service::Sts, "none"),
            ("off", &[], Service::Sts, "none"),
            ("off", &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false")], Service::Sts, "https://x/"),
            (
                "lost",
                &[],
                Service::Sts,
                "~/.aws/config:8, [profile lost]: `services` is `gone`, which is no `[services]` section",
            ),
            (
                "plain",
                &[],
                Service::Sts,
                "the endpoint set by ~/.aws/config:10, `endpoint_url` is http and not on this machine: credentials would travel in clear text",
            ),
            (
                "p",
                &[("AWS_ENDPOINT_URL", "ftp://x")],
                Service::Sts,
                "the endpoint set by AWS_ENDPOINT_URL is neither https nor http",
            ),
            (
                "p",
                &[("AWS_ENDPOINT_URL", "x:\\")],
                Service::Signin,
                "the endpoint set by AWS_ENDPOINT_URL is neither https nor http",
            ),
            (
                "p",
                &[("AWS_ENDPOINT_URL", "nonsense")],
                Service::Signin,
                "the endpoint set by AWS_ENDPOINT_URL is not a URL",
            ),
            (
                "p",
                &[("AWS_ENDPOINT_URL", "http://127.0.0.1.evil.example")],
                Service::Signin,
                "the endpoint set by AWS_ENDPOINT_URL is http and not on this machine: credentials would travel in clear text",
            ),
            ("p", &[("AWS_ENDPOINT_URL", "http://[::1]:80/")], Service::Signin, "http://[::1]/"),
        ] {
            assert_eq!(ask(profile, env, service), answer, "{profile} {env:?}");
        }
    }

    #[test]
    fn the_environment_decides_variants_even_when_off() {
        let config = Config::test(FILE, "");
        let profile = config.profile(&"p".parse().unwrap());
        let off = [("AWS_USE_FIPS_ENDPOINT", "false"), ("AWS_USE_DUALSTACK_ENDPOINT", "True")];
        assert_eq!(
            variant(&host(&off), profile.as_ref()).unwrap(),
            Variant { fips: false, dual_stack: true }
        );
        assert_eq!(
            variant(&host(&off[1..]), profile.as_ref()).unwrap(),
            Variant { fips: true, dual_stack: true }
        );
        assert_eq!(
            variant(&host(&[]), profile.as_ref()).unwrap_err().message(),
            "~/.aws/config:5, [profile p]: `use_dualstack_endpoint` is `maybe`, neither `true` nor `false`"
        );
        assert_eq!(variant(&host(&[]), None).unwrap(), Variant::default());
        let home = ("HOME", "/home/u");
        assert_eq!(ca_bundle(&host(&[home]), profile.as_ref()), Some("/home/u/ca.pem".into()));
        assert_eq!(ca_bundle(&host(&[home, ("AWS_CA_BUNDLE", "/x")]), profile.as_ref()), Some("/x".into()));
    }
}
