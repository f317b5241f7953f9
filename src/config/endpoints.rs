//! Where the services are asked for a profile: AWS's own hosts, or what the environment and the files say.

use super::Config;
use super::profile::Profile;
use crate::error::{Error, Kind, Result};
use crate::host::{Host, http};
use crate::model::endpoints::{self, Variant};
use crate::model::{Region, text};
use std::path::PathBuf;
use url::Url;

/// The endpoints of one profile; AWS's own hosts depend on the region, custom ones do not.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    signin: Option<Url>,
    sts: Option<Url>,
    variant: Variant,
    pub(crate) ca_bundle: Option<PathBuf>,
}

impl Endpoints {
    /// Reads them all, so that a wrong one is an error before anything is asked.
    pub(crate) fn of(host: &Host, config: &Config, profile: Option<&Profile>) -> Result<Endpoints> {
        let variant = Variant {
            fips: switch(host, profile, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?,
            dual_stack: switch(host, profile, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")?,
        };
        let bundle = host.env.text("AWS_CA_BUNDLE").or_else(|| profile?.text("ca_bundle"));
        Ok(Endpoints {
            signin: custom(host, config, profile, "signin")?,
            sts: custom(host, config, profile, "sts")?,
            variant,
            ca_bundle: bundle.map(|path| host.env.expand(path)),
        })
    }

    pub(crate) fn signin(&self, region: &Region) -> Url {
        self.signin.clone().unwrap_or_else(|| https(&endpoints::signin(region, self.variant)))
    }

    pub(crate) fn sts(&self, region: &Region) -> Url {
        self.sts.clone().unwrap_or_else(|| https(&endpoints::sts(region, self.variant)))
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

/// A switch of the environment, else of the profile.
fn switch(host: &Host, profile: Option<&Profile>, variable: &str, key: &str) -> Result<bool> {
    match host.env.text(variable) {
        Some(_) => Ok(host.env.switch(variable)),
        None => Ok(profile.map(|profile| profile.switch(key)).transpose()?.flatten().unwrap_or(false)),
    }
}

/// The custom endpoint of a service: `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`, the profile's `services`
/// section, the profile's `endpoint_url`. The environment's general one goes before the files' special one.
///
/// Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints"; order measured on the AWS CLI.
fn custom(host: &Host, config: &Config, profile: Option<&Profile>, service: &str) -> Result<Option<Url>> {
    if switch(host, profile, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")? {
        return Ok(None);
    }
    let special = format!("AWS_ENDPOINT_URL_{}", service.to_uppercase());
    for variable in [special.as_str(), "AWS_ENDPOINT_URL"] {
        if let Some(url) = host.env.text(variable) {
            return check(url, variable).map(Some);
        }
    }
    let Some(profile) = profile else { return Ok(None) };
    if let Some(services) = profile.get("services").filter(|services| !services.value.is_empty()) {
        let section = config
            .services(&services.value)
            .ok_or_else(|| services.refuse("but there is no such `[services …]` section"))?;
        if let Some(setting) = section.get(service)
            && let Some((_, url)) = setting.nested().into_iter().find(|(key, _)| *key == "endpoint_url")
        {
            return check(url, &setting.place()).map(Some);
        }
    }
    match profile.get("endpoint_url").filter(|url| !url.value.is_empty()) {
        Some(setting) => check(&setting.value, &setting.place()).map(Some),
        None => Ok(None),
    }
}

/// Secrets go there: only over TLS, or within this machine.
fn check(raw: &str, place: &str) -> Result<Url> {
    let refuse = |why: &str| {
        let message = format!("{place}: the endpoint `{}` {why}", text::field(raw));
        Err(Error::new(Kind::Config, message))
    };
    let Ok(url) = Url::parse(raw.trim()) else { return refuse("is not a URL") };
    let trusted = url.scheme() == "https" || (url.scheme() == "http" && http::is_loopback(&url));
    if !trusted || url.host_str().is_none() {
        return refuse("is neither https nor on this computer, and credentials would go there");
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return refuse("holds more than scheme, host, port and path");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Fake;

    fn endpoints(vars: &[(&str, &str)], files: &str) -> Result<Endpoints> {
        let dir = tempdir();
        let path = dir.join("config");
        std::fs::write(&path, files).unwrap();
        let mut env: Vec<_> =
            vars.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        env.push(("AWS_CONFIG_FILE".into(), path.to_string_lossy().into_owned()));
        let host = Host::fake(Fake { env, ..Fake::default() });
        let config = crate::config::load(&host)?;
        let found = Endpoints::of(&host, &config, config.profile(&"p".parse().unwrap()).as_ref());
        std::fs::remove_dir_all(dir).unwrap();
        found
    }

    fn tempdir() -> PathBuf {
        let name = crate::host::random::hex(&crate::host::random::bytes::<8>().unwrap());
        let dir = std::env::temp_dir().join(format!("awsenv-endpoints-{name}"));
        std::fs::create_dir_all(&dir).unwrap();
        dir
    }

    #[test]
    fn each_place_goes_before_the_next() {
        let files = "[profile p]\nendpoint_url = https://profile/\nservices = s\n[services s]\nsts =\n  endpoint_url = https://services/\n";
        let region = "eu-west-1".parse().unwrap();
        let sts =
            |vars: &[(&str, &str)], files: &str| endpoints(vars, files).unwrap().sts(&region).to_string();
        let special = ("AWS_ENDPOINT_URL_STS", "https://special/");
        let general = ("AWS_ENDPOINT_URL", "https://general/");
        assert_eq!(sts(&[special, general], files), "https://special/");
        assert_eq!(sts(&[general], files), "https://general/");
        assert_eq!(sts(&[], files), "https://services/");
        assert_eq!(sts(&[], &files.replace("sts =", "s3 =")), "https://profile/");
        assert_eq!(
            sts(&[special, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")], files),
            "https://sts.eu-west-1.amazonaws.com/"
        );
        assert_eq!(
            sts(&[], "[profile p]\nuse_fips_endpoint = true\n"),
            "https://sts-fips.eu-west-1.amazonaws.com/"
        );
    }

    #[test]
    fn secrets_go_over_tls_or_stay_on_this_machine() {
        for good in ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9", "https://x.example/base"] {
            assert!(endpoints(&[("AWS_ENDPOINT_URL", good)], "").is_ok(), "{good}");
        }
        for bad in [
            "http://10.0.0.1",
            "http://x.example",
            "ftp://127.0.0.1",
            "nonsense",
            "https://u:p@h/",
            "file:///x",
        ] {
            assert!(endpoints(&[("AWS_ENDPOINT_URL", bad)], "").is_err(), "{bad}");
        }
        let missing = endpoints(&[], "[profile p]\nservices = none\n").unwrap_err();
        assert!(missing.message().contains("config:2"), "{}", missing.message());
    }
}
