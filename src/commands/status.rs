//! `awsenv status`: what this shell holds, where it comes from, and for how long.

use crate::config;
use crate::error::Result;
use crate::host::Host;
use crate::model::{Arn, ProfileName, text, time};
use crate::plan;
use chrono::{DateTime, Utc};
use serde_json::json;

/// Show what this shell holds, and for how long
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// One fact and where it comes from.
struct Fact {
    name: &'static str,
    value: String,
    source: String,
}

pub(crate) fn run(args: Args, host: &Host) -> Result<u8> {
    let now = host.clock.now();
    let own = |name: &str| host.env.text(name).map(str::to_owned);
    let seconds = |name: &str| own(name).and_then(|at| DateTime::from_timestamp(at.parse().ok()?, 0));
    let loaded = own("AWSENV_PROFILE");
    let named = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"].into_iter().find_map(|name| Some((name, own(name)?)));
    let has_keys = own("AWS_ACCESS_KEY_ID").is_some();
    let expires = seconds("AWSENV_EXPIRES_AT")
        .or_else(|| own("AWS_CREDENTIAL_EXPIRATION").and_then(|at| time::parse(&at).ok()));
    let refresh = seconds("AWSENV_REFRESH_AT");

    let mut facts: Vec<Fact> = Vec::new();
    let mut add = |name, variable: &str| {
        if let Some(value) = own(variable) {
            facts.push(Fact { name, value, source: variable.to_owned() });
        }
    };
    add("profile", "AWSENV_PROFILE");
    add("account", "AWS_ACCOUNT_ID");
    add("identity", "AWSENV_IDENTITY");
    add("region", if own("AWS_REGION").is_some() { "AWS_REGION" } else { "AWS_DEFAULT_REGION" });
    add("access key", "AWS_ACCESS_KEY_ID");

    let config = config::load(host)?;
    let mut notes = Vec::new();
    if let Some((variable, name)) = &named {
        if has_keys {
            notes.push(format!(
                "{variable} says `{name}`, but the access keys in the environment win over it"
            ));
        } else {
            facts.extend(of_profile(host, &config, name, variable));
        }
        if name.parse().is_ok_and(|name: ProfileName| config.profile(&name).is_none()) {
            notes.push(format!("there is no profile `{name}`: every AWS tool will fail"));
        }
    } else if !has_keys && loaded.is_none() {
        facts.extend(of_profile(host, &config, "default", "nothing names another"));
    }
    if loaded.is_some() && !has_keys {
        notes.push("AWS_ACCESS_KEY_ID was removed by hand: the shell is loaded no more".to_owned());
    }
    if let Some(ours) =
        own("AWSENV_KEY_ID").filter(|ours| has_keys && own("AWS_ACCESS_KEY_ID").as_ref() != Some(ours))
    {
        notes.push(format!(
            "awsenv loaded {ours}; something else has put in other keys since, and nothing renews them"
        ));
    }
    match own("AWSENV_RENEWAL")
        .as_deref()
        .zip(loaded.as_ref().and_then(|name| name.parse::<ProfileName>().ok()))
    {
        Some(("sign-in", name)) => notes.push(format!("a sign-in is needed: awsenv login {}", name.typed())),
        Some(_) => notes.push("the last renewal failed; the hook tries again".to_owned()),
        None => {}
    }
    if loaded.is_none() && has_keys {
        notes.push("the credentials were put into the environment by something else than awsenv".to_owned());
    }
    if own("AWSENV_EPHEMERAL").is_some() {
        notes.push("it was signed in with --ephemeral: it ends with these credentials".to_owned());
    }

    if args.json {
        let source = |variable: &str| own(variable).map(|_| variable.to_owned());
        let told = json!({
            "version": 1,
            "profile": loaded,
            "account_id": own("AWS_ACCOUNT_ID"),
            "identity": own("AWSENV_IDENTITY"),
            "region": own("AWS_REGION").or_else(|| own("AWS_DEFAULT_REGION")),
            "access_key_id": own("AWS_ACCESS_KEY_ID"),
            "expiration": expires.map(time::format),
            "refresh_at": refresh.map(time::format),
            "renewal": own("AWSENV_RENEWAL"),
            "seconds_left": expires.map(|end| (end - now).num_seconds().max(0)),
            "previous": own("AWSENV_PREVIOUS"),
            "sources": {
                "profile": source("AWSENV_PROFILE").or_else(|| named.as_ref().map(|(name, _)| (*name).to_owned())),
                "credentials": source("AWS_ACCESS_KEY_ID"),
                "region": source("AWS_REGION").or_else(|| source("AWS_DEFAULT_REGION")),
            },
            "named_profile": named.map(|(_, name)| name),
            "notes": notes,
        });
        host.out(format!("{}\n", serde_json::to_string_pretty(&told).unwrap_or_default()));
        return Ok(0);
    }
    if facts.is_empty() {
        host.out("this shell holds no AWS credentials; load some: awsenv login\n");
    }
    for fact in &facts {
        host.out(format!(
            "{:<11} {:<44} {}\n",
            fact.name,
            text::field(&fact.value),
            text::field(&fact.source)
        ));
    }
    if let Some(end) = expires {
        host.out(format!("{:<11} {}\n", "ends", ending(end, refresh, now)));
    }
    for note in notes {
        host.out(format!("note: {}\n", text::clean(&note)));
    }
    Ok(0)
}

/// `in 9m (2026-11-24T22:19:49Z), renewed from then on …`.
fn ending(end: DateTime<Utc>, refresh: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    let at = time::format(end);
    if end <= now {
        return format!("{} ago ({at}); awsenv login renews it", time::words(now - end));
    }
    let renewal = match refresh {
        Some(from) if from > now => format!(", can be renewed from {} before", time::words(end - from)),
        Some(_) => ", due for renewal".into(),
        None => String::new(),
    };
    format!("in {} ({at}){renewal}", time::words(end - now))
}

/// What a tool will find under a profile's name.
fn of_profile(host: &Host, config: &config::Config, name: &str, source: &str) -> Vec<Fact> {
    let Some(profile) = name.parse().ok().and_then(|name: ProfileName| config.profile(&name)) else {
        return Vec::new();
    };
    let mut facts = vec![Fact { name: "profile", value: name.to_owned(), source: source.to_owned() }];
    if let Some(session) = profile.get("login_session")
        && let Ok(arn) = session.value.parse::<Arn>()
    {
        facts.push(Fact { name: "account", value: arn.account().to_string(), source: session.place() });
        facts.push(Fact { name: "identity", value: arn.identity().to_owned(), source: session.place() });
    } else {
        for (name, key) in [("account", "sso_account_id"), ("identity", "sso_role_name")] {
            let setting = profile.get(key);
            facts.extend(setting.map(|it| Fact { name, value: it.value.to_string(), source: it.place() }));
        }
    }
    facts.extend(sign_in(host, config, name));
    if let Some(region) = profile.get("region") {
        facts.push(Fact { name: "region", value: region.value.to_string(), source: region.place() });
    }
    facts
}

/// Whether the sign-in that a profile rests on is there.
fn sign_in(host: &Host, config: &config::Config, name: &str) -> Option<Fact> {
    let name: ProfileName = name.parse().ok()?;
    let is_signed_in = plan::of(host, config, &name).ok()?.steps.first()?.signed_in(host)?;
    let value = if is_signed_in { "there".into() } else { format!("needed: awsenv login {}", name.typed()) };
    Some(Fact { name: "sign-in", value, source: plan::kind(host, config, &name)?.to_owned() })
}
