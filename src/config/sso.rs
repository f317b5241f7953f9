//! What a profile says of IAM Identity Center: the session that it signs in to, and the role that it takes.

use super::{Config, Profile, Section};
use crate::error::{Error, Kind, Result};
use crate::model::{ProfileName, Region, SsoRole, SsoSession, text};
use url::Url;

/// The session of a profile: the `[sso-session]` that it names, else (legacy) its own start URL. `None`: it has neither.
///
/// What the session does not say may stand in the profile; what both say must be the same.
///
/// # Errors
/// [`Kind::Config`], naming file, line and key: a session that is not there, values that contradict each other, no
/// region, no start URL or one that is not https.
///
/// Source: botocore `credentials.py`, `SSOProvider._load_sso_config`.
pub(crate) fn sso_session(config: &Config, profile: &Profile) -> Result<Option<SsoSession>> {
    let Some(setting) = profile.get("sso_session") else {
        if profile.get("sso_start_url").is_none() {
            return Ok(None);
        }
        return Ok(Some(SsoSession {
            name: None,
            start_url: start_url(&[profile])?,
            region: region(&[profile])?,
            scopes: None,
        }));
    };
    let name = &*setting.value;
    let Some(session) = config.sso_session(name) else {
        let names = config.sso_sessions();
        let near = text::nearest(name, names.iter().map(String::as_str));
        let error = setting.refuse("which is no `[sso-session]` section");
        return Err(near
            .into_iter()
            .fold(error, |error, near| error.hint(format!("did you mean `{near}`?"))));
    };
    let shared =
        ["sso_start_url", "sso_region", "sso_registration_scopes", "sso_account_id", "sso_role_name"];
    for key in shared {
        if let (Some(own), Some(theirs)) = (profile.get(key), session.get(key))
            && own.value != theirs.value
        {
            let why = format!("but `{}` at {}", text::field(&theirs.value), theirs.place());
            return Err(own.refuse(&format!("{why}: they must be the same")));
        }
    }
    let places = [&session, profile];
    let scopes = session.get("sso_registration_scopes").map(|scopes| {
        let scopes = scopes.value.split(',').map(str::trim).filter(|scope| !scope.is_empty());
        scopes.map(str::to_owned).collect()
    });
    Ok(Some(SsoSession {
        name: Some(name.to_owned()),
        start_url: start_url(&places)?,
        region: region(&places)?,
        scopes,
    }))
}

/// The role of a profile, which names its account, its name or both; its session may name the other. `None`: it names
/// neither.
///
/// # Errors
/// [`Kind::Config`] if one of the two is missing, or cannot be.
///
/// Source: botocore as above, which lays the session's keys over the profile's.
pub(crate) fn sso_role(config: &Config, name: &ProfileName, profile: &Profile) -> Result<Option<SsoRole>> {
    let other = |key: &str| if key == "sso_role_name" { "sso_account_id" } else { "sso_role_name" };
    let missing = |key: &str| {
        let place = profile.get(other(key)).map_or_else(|| profile.place(), super::Setting::place);
        Error::new(Kind::Config, format!("{place}: `{name}` has `{}` but no `{key}`", other(key)))
    };
    if profile.get("sso_account_id").is_none() && profile.get("sso_role_name").is_none() {
        return Ok(None);
    }
    let session = profile.get("sso_session").and_then(|setting| config.sso_session(&setting.value));
    let holder =
        |key: &str| session.as_ref().filter(|it| profile.get(key).is_none() && it.get(key).is_some());
    let account = holder("sso_account_id").unwrap_or(profile).parse("sso_account_id")?;
    let account = account.ok_or_else(|| missing("sso_account_id"))?;
    let role = holder("sso_role_name").unwrap_or(profile).read("sso_role_name", |role| {
        let is_control = role.chars().any(char::is_control);
        if is_control { Err("which holds a control character".into()) } else { Ok(role.to_owned()) }
    })?;
    Ok(Some(SsoRole { account, name: role.ok_or_else(|| missing("sso_role_name"))? }))
}

/// The first of the sections that has a value for a key.
fn holder<'a, 'c>(places: &[&'a Section<'c>], key: &str) -> Result<&'a Section<'c>> {
    places.iter().copied().find(|place| place.text(key).is_some()).ok_or_else(|| {
        let place = places.first().map(|place| place.place()).unwrap_or_default();
        Error::new(Kind::Config, format!("{place}: there is no `{key}`"))
    })
}

fn region(places: &[&Section]) -> Result<Region> {
    let read = |value: &str| value.parse().map_err(|_: String| "not a region".to_owned());
    let place = holder(places, "sso_region")?;
    Ok(place.read("sso_region", read)?.unwrap_or_else(|| unreachable!("the holder has a value")))
}

fn start_url(places: &[&Section]) -> Result<String> {
    let read = |value: &str| match Url::parse(value) {
        Ok(url) if url.scheme() == "https" && url.host_str().is_some() => Ok(value.to_owned()),
        _ => Err("not the URL of a page: one looks like `https://d-1234567890.awsapps.com/start`".to_owned()),
    };
    let place = holder(places, "sso_start_url")?;
    Ok(place.read("sso_start_url", read)?.unwrap_or_else(|| unreachable!("the holder has a value")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[profile dev]\nsso_session = corp\nsso_account_id = 000000000001\nsso_role_name = Admin\n\
        [profile old]\nsso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\nsso_role_name = R\n\
        [profile lost]\nsso_session = crop\nsso_account_id = 1\n\
        [profile torn]\nsso_session = corp\nsso_region = us-west-2\n\
        [profile half]\nsso_session = half\nsso_start_url = https://h.awsapps.com/start/\n\
        [profile none]\nsso_start_url = https://x.awsapps.com/start\n\
        [profile http]\nsso_start_url = http://x.awsapps.com/start\nsso_region = us-east-1\n\
        [profile bare]\nsso_account_id = 000000000001\n\
        [sso-session corp]\nsso_start_url = https://d-1.awsapps.com/start\nsso_region = eu-west-1\n\
        sso_registration_scopes = sso:account:access, foo:bar baz,,\n\
        [sso-session half]\nsso_region = eu-west-1\n";

    fn session(name: &str) -> Result<Option<SsoSession>> {
        let config = Config::test(FILE, "");
        sso_session(&config, &config.profile(&name.parse().unwrap()).unwrap())
    }

    fn role(name: &str) -> Result<Option<SsoRole>> {
        let (config, name) = (Config::test(FILE, ""), name.parse().unwrap());
        sso_role(&config, &name, &config.profile(&name).unwrap())
    }

    #[test]
    fn a_session_is_a_section_or_the_profile_itself() {
        let corp = session("dev").unwrap().unwrap();
        assert_eq!((corp.key(), corp.region.as_str(), corp.renews()), ("corp", "eu-west-1", true));
        assert_eq!(corp.scopes.unwrap(), ["sso:account:access", "foo:bar baz"]);
        let old = session("old").unwrap().unwrap();
        assert_eq!((old.key(), old.renews()), ("https://x.awsapps.com/start", false));
        assert_eq!(session("half").unwrap().unwrap().start_url, "https://h.awsapps.com/start/");
        assert_eq!(session("bare").unwrap(), None);
        assert_eq!(role("dev").unwrap().unwrap().account.as_str(), "000000000001");
        assert_eq!(role("torn").unwrap(), None);
    }

    #[test]
    fn what_cannot_be_is_named_with_its_place() {
        for (profile, words) in [
            (
                "lost",
                "~/.aws/config:10, [profile lost]: `sso_session` is `crop`, which is no `[sso-session]` section",
            ),
            (
                "torn",
                "~/.aws/config:14, [profile torn]: `sso_region` is `us-west-2`, but `eu-west-1` at ~/.aws/config:27: they must be the same",
            ),
            ("none", "~/.aws/config:18, [profile none]: there is no `sso_region`"),
            (
                "http",
                "~/.aws/config:21, [profile http]: `sso_start_url` is `http://x.awsapps.com/start`, not the URL of a page: one looks like `https://d-1234567890.awsapps.com/start`",
            ),
        ] {
            assert_eq!(session(profile).unwrap_err().message(), words);
        }
        assert!(session("lost").unwrap_err().render().contains("did you mean `corp`?"));
        assert_eq!(
            role("old").unwrap_err().message(),
            "~/.aws/config:8: `old` has `sso_role_name` but no `sso_account_id`"
        );
        assert!(
            role("lost")
                .unwrap_err()
                .message()
                .starts_with("~/.aws/config:11, [profile lost]: `sso_account_id` is `1`,")
        );
    }
}
