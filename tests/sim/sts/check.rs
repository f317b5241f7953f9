//! What STS holds parameters to, and what it says of those that are wrong.

use super::{Asked, Refusal, Signer, State};

/// The parameters that an action takes; `LIST.member` stands for all of a list.
pub(super) fn only(asked: &Asked<'_>, action: &str, names: &[&str]) -> Result<(), Refusal> {
    let known = |name: &str| {
        ["Action", "Version"].contains(&name)
            || names.iter().any(|known| match known.strip_suffix(".member") {
                Some(list) => is_member(name, list),
                None => *known == name,
            })
    };
    match asked.form.keys().find(|name| !known(name)) {
        Some(name) => Err(wrong("Unexpected parameter", format!("{action} takes no {name}"))),
        None => Ok(()),
    }
}

/// Whether this is `LIST.member.N`, with or without a field behind.
fn is_member(name: &str, list: &str) -> bool {
    let rest = name.strip_prefix(list).and_then(|rest| rest.strip_prefix(".member."));
    let number = rest.map(|rest| rest.split('.').next().unwrap_or_default());
    number.is_some_and(|number| number.parse::<u8>().is_ok_and(|n| n > 0 && n.to_string() == number))
}

/// A text parameter: its length in characters, and what it may hold beside letters, digits and `_`.
pub(super) struct Text(pub(super) &'static str, pub(super) [usize; 2], pub(super) &'static str);

pub(super) const ROLE_ARN: Text = Text("RoleArn", [20, 2048], "+=,.@-:/");
pub(super) const SESSION_NAME: Text = Text("RoleSessionName", [2, 64], "+=,.@-");
pub(super) const SOURCE_IDENTITY: Text = Text("SourceIdentity", [2, 64], "+=,.@-");
pub(super) const EXTERNAL_ID: Text = Text("ExternalId", [2, 1224], "+=,.@:/-");
const SERIAL: Text = Text("SerialNumber", [9, 256], "+=/:,.@-");
const CODE: Text = Text("TokenCode", [6, 6], "");

/// A parameter that must be there.
pub(super) fn need<'a>(asked: &'a Asked<'_>, text: &Text) -> Result<&'a str, Refusal> {
    may(asked, text)?.ok_or_else(|| {
        let at = lower(text.0);
        let told = format!(
            "1 validation error detected: Value null at '{at}' failed to satisfy constraint: Member must not be null"
        );
        wrong(&told, format!("{} is missing", text.0))
    })
}

/// A parameter that may be there.
pub(super) fn may<'a>(asked: &'a Asked<'_>, text: &Text) -> Result<Option<&'a str>, Refusal> {
    let Text(name, [least, most], signs) = *text;
    let Some(value) = asked.form.get(name) else { return Ok(None) };
    let holds = |c: char| c.is_ascii_alphanumeric() || c == '_' || signs.contains(c);
    let fails = |constraint: String| {
        let at = lower(name);
        let told = format!(
            "1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: Member must {constraint}"
        );
        Err(wrong(&told, format!("{name} is {} characters: `{value}`", value.chars().count())))
    };
    match value.chars().count() {
        length if length < least => fails(format!("have length greater than or equal to {least}")),
        length if length > most => fails(format!("have length less than or equal to {most}")),
        _ if !value.chars().all(holds) => fails(format!("satisfy regular expression pattern: [\\w{signs}]*")),
        _ => Ok(Some(value)),
    }
}

/// `DurationSeconds`, within the limits of the API.
pub(super) fn duration(asked: &Asked<'_>, most: i64) -> Result<Option<i64>, Refusal> {
    let Some(value) = asked.form.get("DurationSeconds") else { return Ok(None) };
    let fails = |constraint: &str| {
        let told = format!(
            "1 validation error detected: Value '{value}' at 'durationSeconds' failed to satisfy constraint: Member must \
             {constraint}"
        );
        Err(wrong(&told, format!("DurationSeconds is {value}")))
    };
    match value.parse::<i64>() {
        Ok(..900) => fails("have value greater than or equal to 900"),
        Ok(seconds) if seconds > most => fails(&format!("have value less than or equal to {most}")),
        Ok(seconds) => Ok(Some(seconds)),
        Err(_) => fails("be a valid integer"),
    }
}

/// The serial number of the MFA device whose code came with the call; the code is spent.
pub(super) fn mfa(state: &mut State, asked: &Asked<'_>, signer: &Signer) -> Result<Option<String>, Refusal> {
    let failed = |told: &str, why: String| {
        Err(Refusal::new(403, "", "AccessDenied", &format!("MultiFactorAuthentication failed{told}"), why))
    };
    let (serial, code) = match (may(asked, &SERIAL)?, may(asked, &CODE)?) {
        (None, None) => return Ok(None),
        (Some(serial), Some(code)) => (serial, code),
        _ => {
            let told = ", must provide both MFA serial number and one time pass code.";
            return failed(told, "SerialNumber and TokenCode do not both come".to_owned());
        }
    };
    let account = |arn: &str| arn.split(':').nth(4).map(str::to_owned);
    let theirs = !signer.identity.contains(":assumed-role/")
        && (!serial.starts_with("arn:") || account(serial) == account(&signer.identity));
    let Some(codes) = state.iam.devices.get_mut(serial).filter(|_| theirs) else {
        let told = ", unable to validate MFA code.  Please verify your MFA serial number is valid and associated with \
                    this user.";
        return failed(told, format!("{} has no device {serial}", signer.identity));
    };
    if !codes.remove(code) {
        let told = " with invalid MFA one time pass code.";
        return failed(told, format!("{code} is no code of {serial}, or spent"));
    }
    Ok(Some(serial.to_owned()))
}

/// The account and the name of a role, its path left out.
pub(super) fn role(arn: &str) -> Result<(&str, &str, &str), Refusal> {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", partition, "iam", "", account, resource]
            if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            let name = resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next());
            name.filter(|name| !name.is_empty()).map(|name| (partition, account, name))
        }
        _ => None,
    }
    .ok_or_else(|| wrong(&format!("{arn} is invalid"), format!("`{arn}` is not the ARN of a role")))
}

pub(super) fn wrong(told: &str, why: impl Into<String>) -> Refusal {
    Refusal::new(400, "", "ValidationError", told, why)
}

fn lower(name: &str) -> String {
    name[..1].to_lowercase() + &name[1..]
}
