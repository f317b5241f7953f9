//! Which profile a command is about.

use crate::config::{Config, Settings};
use crate::error::{Error, Kind, Result};
use crate::host::Host;
use crate::model::ProfileName;
use crate::provider;

/// The profile that is meant: the one typed (`-` is the previous one), else `AWS_PROFILE`, `AWS_DEFAULT_PROFILE`,
/// `AWSENV_PROFILE`. `None`: nothing names one.
///
/// The first two go before awsenv's own: a load unsets them, so one that is set was set later.
pub(crate) fn profile(
    host: &Host,
    config: &Config,
    settings: &Settings,
    typed: Option<&str>,
) -> Result<Option<ProfileName>> {
    let usage = |why: String| Error::new(Kind::Usage, why);
    let name: ProfileName = match typed {
        Some("-") => match host.env.text("AWSENV_PREVIOUS") {
            Some(previous) => previous.parse().map_err(usage)?,
            None => return Err(usage("this shell has had no profile before".into())),
        },
        Some(typed) => typed.parse().map_err(usage)?,
        None => match from_environment(host) {
            Some(name) => name.map_err(usage)?,
            None => return Ok(None),
        },
    };
    // a profile of that name goes before an alias
    if config.profile(&name).is_none()
        && let Some(meant) = settings.aliases.get(name.as_str())
    {
        return Ok(Some(meant.clone()));
    }
    Ok(Some(name))
}

fn from_environment(host: &Host) -> Option<Result<ProfileName, String>> {
    let aws =
        ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"].into_iter().find_map(|var| Some((var, host.env.text(var)?)));
    let own = host.env.text("AWSENV_PROFILE");
    if let (Some((var, aws)), Some(own)) = (aws, own)
        && aws != own
    {
        host.say(format!("{var} says `{}`; this shell was loaded with `{}`", shown(aws), shown(own)));
    }
    let named = aws.map(|(_, name)| name).or(own)?;
    Some(named.parse())
}

fn shown(name: &str) -> String {
    crate::model::text::field(name)
}

/// The profile of AWS's own tools when nothing names one.
pub(crate) fn default() -> Result<ProfileName> {
    "default".parse().map_err(|why: String| Error::new(Kind::Failed, why))
}

/// Whose credentials are meant: the selected profile's, `default`'s, or (`None`) those of the shell itself, if nothing
/// names a profile and there are some.
pub(crate) fn holder(
    host: &Host,
    config: &Config,
    settings: &Settings,
    typed: Option<&str>,
) -> Result<Option<ProfileName>> {
    match profile(host, config, settings, typed)? {
        None if provider::ambient(host, config).is_some() => Ok(None),
        None => default().map(Some),
        selected => Ok(selected),
    }
}

/// `awsenv_confirm = true`: a person types the profile's name; without one, `--yes`.
///
/// # Errors
/// [`Kind::LoginRequired`] if nobody can be asked; [`Kind::Failed`] if another name was typed.
pub(crate) fn confirm(host: &Host, config: &Config, name: &ProfileName, yes: bool) -> Result<()> {
    let Some(profile) = config.profile(name) else { return Ok(()) };
    if profile.switch("awsenv_confirm")? != Some(true) || yes || host.env.switch("AWSENV_YES") {
        return Ok(());
    }
    if !host.term.can_ask() {
        let error =
            Error::new(Kind::LoginRequired, format!("`{name}` wants a person's word (`awsenv_confirm`)"));
        return Err(error.hint("say it with --yes, or AWSENV_YES=1"));
    }
    let typed = host.term.ask(&format!("type `{name}` to go on: "), "say it with --yes")?;
    if typed.trim() == name.as_str() {
        Ok(())
    } else {
        Err(Error::new(Kind::Failed, format!("that was not `{name}`: nothing was done")))
    }
}
