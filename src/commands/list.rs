//! `awsenv list`: every profile, how it signs in, and until when.

use crate::config::{self, Config};
use crate::error::Result;
use crate::host::Host;
use crate::model::{ProfileName, text, time};
use crate::plan;
use chrono::{DateTime, Utc};
use serde_json::json;

/// List the profiles: how each signs in, as whom, and until when
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print it as JSON
    #[arg(long, conflicts_with = "names")]
    json: bool,
    /// Print the names alone, one a line
    #[arg(long)]
    names: bool,
}

/// One profile, as far as it is known offline.
struct Row {
    name: ProfileName,
    kind: Option<&'static str>,
    account: Option<String>,
    identity: Option<String>,
    region: Option<String>,
    expires: Option<DateTime<Utc>>,
    signed_in: Option<bool>,
}

pub(crate) fn run(args: Args, host: &Host) -> Result<u8> {
    let config = config::load(host)?;
    for problem in config.problems() {
        host.warn(problem.to_string());
    }
    let mut names: Vec<ProfileName> = Vec::new();
    for name in config.names() {
        match name.parse() {
            Ok(name) => names.push(name),
            Err(why) => host.warn(format!("{why}: no tool can be told to use it")),
        }
    }
    if args.names {
        for name in &names {
            host.out(format!("{name}\n"));
        }
        return Ok(0);
    }
    let rows: Vec<Row> = names.into_iter().filter_map(|name| row(host, &config, name)).collect();
    if args.json {
        let profiles: Vec<_> = rows.iter().map(as_json).collect();
        let told = json!({ "version": 1, "profiles": profiles });
        host.out(format!("{}\n", serde_json::to_string_pretty(&told).unwrap_or_default()));
        return Ok(0);
    }
    if rows.is_empty() {
        host.say("there are no profiles yet; make one: awsenv login dev");
        return Ok(0);
    }
    let lines: Vec<[String; 6]> = rows.iter().map(|row| columns(row, host.clock.now())).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    for line in lines {
        let cells = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width.saturating_sub(cell.chars().count()))));
        host.out(format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end()));
    }
    Ok(0)
}

fn row(host: &Host, config: &Config, name: ProfileName) -> Option<Row> {
    let profile = config.profile(&name)?;
    let (account, identity) = plan::whose(&profile);
    let kind = plan::kind(host, config, &name);
    let plan = plan::of(host, config, &name).ok();
    let held = plan.as_ref().and_then(|plan| plan.steps.last()?.held(host));
    Some(Row {
        kind,
        account,
        identity,
        region: profile.text("region").map(str::to_owned),
        expires: held.as_ref().and_then(|held| held.credentials.expiration),
        signed_in: plan.as_ref().and_then(|plan| plan.steps.first()?.signed_in(host)),
        name,
    })
}

fn as_json(row: &Row) -> serde_json::Value {
    json!({
        "name": row.name.as_str(),
        "kind": row.kind.map(|kind| kind.replace([' ', '-'], "_").to_lowercase()),
        "account_id": row.account,
        "identity": row.identity,
        "region": row.region,
        "signed_in": row.signed_in,
        "expiration": row.expires.map(time::format),
    })
}

fn columns(row: &Row, now: DateTime<Utc>) -> [String; 6] {
    let cell = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), text::field);
    let state = match (row.signed_in, row.expires) {
        (Some(false), _) => "sign in".to_owned(),
        (_, Some(end)) if end > now => format!("{} left", time::words(end - now)),
        (_, Some(_)) => "renews itself".to_owned(),
        (Some(true), None) => "signed in".to_owned(),
        _ => String::new(),
    };
    [
        text::field(row.name.as_str()),
        cell(row.kind),
        cell(row.account.as_deref()),
        cell(row.identity.as_deref()),
        cell(row.region.as_deref()),
        state,
    ]
}
