//! The cases of `tests/cases/plan.txt`, planned here and by botocore.

use super::{Plan, of};
use crate::config::{self, Config};
use crate::error::Result;
use crate::host::{Fake, Host};
use crate::provider::{self, Step};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

/// One case: its files and variables, and what comes of them.
struct Case {
    title: &'static str,
    config: String,
    credentials: String,
    env: BTreeMap<String, String>,
    /// `None`: nothing names a profile.
    profile: Option<&'static str>,
    /// The steps; or `error`, its exit code and a part of its message, then whole hints.
    expected: Vec<&'static str>,
    /// Why botocore goes another way, where it does.
    differs: Option<&'static str>,
}

/// The cases of the file, after what it says about itself.
fn cases() -> Vec<Case> {
    let cases = include_str!("../../tests/cases/plan.txt").split("\n## ").skip(1);
    cases.map(case).collect()
}

fn case(text: &'static str) -> Case {
    let (title, body) = text.split_once('\n').unwrap();
    let (mut config, mut credentials) = (String::new(), String::new());
    let (mut env, mut expected, mut differs, mut profile) = (BTreeMap::new(), Vec::new(), None, Some("p"));
    let mut block = "";
    for line in body.lines().filter(|line| !line.is_empty()) {
        let Some(line) = line.strip_prefix("  ") else {
            match line.split_once(": ") {
                Some(("profile", name)) => profile = Some(name).filter(|name| *name != "none"),
                Some(("differs", why)) => differs = Some(why),
                _ => block = line,
            }
            continue;
        };
        match block {
            "config" => config += &format!("{line}\n"),
            "credentials" => credentials += &format!("{line}\n"),
            "env" => drop(line.split_once('=').map(|(name, value)| env.insert(name.into(), value.into()))),
            "expect" => expected.push(line),
            other => panic!("{title}: there is no block `{other}`"),
        }
    }
    if !env.keys().any(|name: &String| name.starts_with("AWS_EC2_METADATA")) {
        env.insert("AWS_EC2_METADATA_DISABLED".into(), "true".into());
    }
    Case { title, config, credentials, env, profile, expected, differs }
}

/// The steps of a case in a home of its own.
fn plan(case: &Case, home: &Path) -> Result<Vec<Box<dyn Step>>> {
    let aws = home.join(".aws");
    std::fs::create_dir_all(&aws).unwrap();
    for (name, text) in [("config", &case.config), ("credentials", &case.credentials)] {
        let path = aws.join(name);
        std::fs::write(&path, text).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
    let home_variables = ["HOME", "USERPROFILE"].map(|name| (name.to_owned(), home.display().to_string()));
    let env = case.env.clone().into_iter().chain(home_variables).collect();
    let host = Host::fake(Fake { env, ..Fake::default() });
    let config: Config = config::load(&host)?;
    if case.profile.is_none()
        && let Some(step) = provider::ambient(&host, &config)
    {
        return Ok(vec![step?]);
    }
    let name = case.profile.unwrap_or("default").parse().unwrap();
    of(&host, &config, &name).map(|Plan { steps, .. }| steps)
}

/// Every case with what came of it: the steps in words, or the error's kind and words.
fn planned(cases: &[Case]) -> Vec<Result<Vec<String>, (u8, String)>> {
    let root = std::env::temp_dir().join(format!("awsenv-plan-{}-{:p}", std::process::id(), cases));
    let planned = cases.iter().enumerate().map(|(at, case)| match plan(case, &root.join(at.to_string())) {
        Ok(steps) => Ok(steps.iter().map(|step| step.describe()).collect()),
        Err(error) => {
            let (_, _, hints) = error.parts();
            let hints: String = hints.iter().map(|hint| format!("\nhint: {hint}")).collect();
            Err((error.kind.code(), error.in_one_line() + &hints))
        }
    });
    let planned = planned.collect();
    std::fs::remove_dir_all(&root).unwrap();
    planned
}

#[test]
fn every_case_is_planned_as_written() {
    let (cases, mut wrong) = (cases(), String::new());
    for (case, planned) in cases.iter().zip(planned(&cases)) {
        let (is_right, lines) = match planned {
            Ok(steps) => {
                let shown =
                    steps.iter().find(|step| ["secret", "hush"].iter().any(|word| step.contains(word)));
                assert_eq!(shown, None, "{}: the files' secrets are `secret` and `hush`", case.title);
                (steps == case.expected, steps)
            }
            Err((code, words)) => {
                let start = format!("error {code}: ");
                let part = case.expected.first().and_then(|line| line.strip_prefix(&start));
                let (words, hints) = words.split_once('\n').unwrap_or((&words, ""));
                let is_right = part.is_some_and(|part| !part.is_empty() && words.contains(part))
                    && case.expected[1..].iter().all(|line| hints.lines().any(|hint| hint == *line));
                (is_right, vec![start + words])
            }
        };
        if !is_right {
            let _ = write!(wrong, "## {}\nexpect\n  {}\n\n", case.title, lines.join("\n  "));
        }
    }
    assert!(cases.len() >= 120, "{} cases", cases.len());
    assert!(wrong.is_empty(), "planned otherwise:\n\n{wrong}");
}

/// A step in botocore's words; `None` for an MFA session, which is our own.
fn in_their_words(step: &str) -> Option<&str> {
    let is = |start: &str| step.starts_with(start);
    let file = if step.contains("/credentials:") { "shared-credentials-file" } else { "config-file" };
    let kinds = [
        ("access key of the environment", "env"),
        ("access key", file),
        ("temporary access key", file),
        ("web identity", "assume-role-with-web-identity"),
        ("Identity Center", "sso"),
        ("console sign-in", "login"),
        ("credential process", "custom-process"),
        ("container's role", "container-role"),
        ("instance's role", "iam-role"),
    ];
    if is("MFA session") {
        return None;
    }
    let role = step.strip_prefix("role ").and_then(|rest| rest.split([' ', ',']).next());
    role.or_else(|| kinds.iter().find(|(start, _)| is(start)).map(|(_, method)| *method))
}

#[test]
fn every_case_goes_the_way_that_botocore_goes_or_says_why_not() {
    let cases = cases();
    let Some(answers) = ask(&cases) else { return };
    let (mut wrong, mut differing) = (String::new(), 0);
    for ((case, planned), answer) in cases.iter().zip(planned(&cases)).zip(answers) {
        let ours: Value = match &planned {
            // a sign-in without a role has no credentials, there as here
            Ok(steps) if steps.iter().any(|step| step.contains(", no role, ")) => Value::Null,
            Ok(steps) => steps.iter().filter_map(|step| in_their_words(step)).collect(),
            Err(_) => Value::Null,
        };
        differing += usize::from(case.differs.is_some());
        if (ours == answer["way"]) == case.differs.is_some() {
            let _ = writeln!(wrong, "{}\n  {planned:?}\n  {answer}\n  {:?}\n", case.title, case.differs);
        }
    }
    let (all, same) = (cases.len(), cases.len() - differing);
    let _ = writeln!(std::io::stderr(), "{all} cases: {same} as botocore, {differing} that say why not");
    assert!(
        wrong.is_empty(),
        "another way than botocore's, or the same although the case says no:\n\n{wrong}"
    );
}

/// What botocore does with the cases; `None` where there is no botocore.
fn ask(cases: &[Case]) -> Option<Vec<Value>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "which Python, and whether it may be missing, is the test run's"
    )]
    let var = |name| std::env::var(name).ok();
    let python = var("AWSENV_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    #[expect(clippy::disallowed_methods, reason = "the oracle is no part of the program")]
    let mut command = std::process::Command::new(&python);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/oracle/botocore_plan.py");
    let streams = command.arg(script).env("PYTHONUTF8", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
    let answer = streams.stderr(Stdio::piped()).spawn().ok().and_then(|mut child| {
        let mut stdin = child.stdin.take()?;
        let lines = cases.iter().map(|case| {
            let Case { config, credentials, env, profile, .. } = case;
            let case =
                json!({ "config": config, "credentials": credentials, "env": env, "profile": profile });
            format!("{case}\n")
        });
        let lines: String = lines.collect();
        let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
        let output = child.wait_with_output().ok()?;
        writer.join().ok()?.ok()?;
        output.status.success().then_some(output.stdout)
    });
    let Some(answer) = answer else {
        assert!(var("CI").is_none_or(|ci| ci != "true"), "{python} has no botocore");
        let _ = writeln!(std::io::stderr(), "not run here: botocore");
        return None;
    };
    let lines = std::str::from_utf8(&answer).unwrap().lines();
    let answers: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), cases.len());
    Some(answers)
}
