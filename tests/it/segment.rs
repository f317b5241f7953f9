//! The segment that a hook draws and what `awsenv prompt` prints are the same text, in every state and shell.

use crate::world::{World, has};
use std::fmt::Write as _;
use std::path::Path;

const TEMPLATES: [&str; 5] = [
    "{profile} {account}/{identity} {region} {left}",
    "{left} {profile}",
    "aws:{profile}({left}) {region}",
    "[{account}] {{x}} it's $(touch P) `touch P` \"{identity}\" \\ % {left}/{region} é",
    "{region}{left}{profile} {left} end",
];

/// Names and values, with `+N` for N seconds from now; what is not named is not set.
const STATES: [&[(&str, &str)]; 11] = [
    &[],
    &[("AWSENV_PROFILE", "dev"), ("AWS_REGION", "eu-west-1")],
    &[
        ("AWSENV_EXPIRES_AT", "+930"),
        ("AWSENV_REFRESH_AT", "+630"),
        ("AWSENV_PROFILE", "dev"),
        ("AWSENV_IDENTITY", "Admin"),
    ],
    &[
        ("AWSENV_EXPIRES_AT", "+11130"),
        ("AWSENV_REFRESH_AT", "+9000"),
        ("AWSENV_PROFILE", "dev"),
        ("AWSENV_ACCOUNT_ID", "123456789012"),
    ],
    &[
        ("AWSENV_EXPIRES_AT", "+30"),
        ("AWSENV_PROFILE", "$(touch P) `touch P` it's \"q\" \\ % %n {left} é"),
        ("AWS_REGION", "us-east-1"),
    ],
    &[
        ("AWSENV_EXPIRES_AT", "+90"),
        ("AWSENV_REFRESH_AT", "-30"),
        ("AWSENV_RENEWAL", "failed"),
        ("AWSENV_PROFILE", "dev"),
    ],
    &[("AWSENV_EXPIRES_AT", "-30"), ("AWSENV_REFRESH_AT", "-300"), ("AWSENV_PROFILE", "dev")],
    &[("AWSENV_EXPIRES_AT", "-30"), ("AWSENV_PROFILE", "dev"), ("AWSENV_COLOR", "red")],
    &[
        ("AWSENV_EXPIRES_AT", "+600"),
        ("AWSENV_REFRESH_AT", "-3"),
        ("AWSENV_RENEWAL", "sign-in"),
        ("AWSENV_PROFILE", "dev"),
    ],
    &[
        ("AWSENV_EXPIRES_AT", "x[$(touch P)]"),
        ("AWSENV_REFRESH_AT", "99999999999999999999"),
        ("AWSENV_PROFILE", "dev"),
    ],
    &[("AWSENV_EXPIRES_AT", "+600"), ("AWSENV_PROFILE", "dev"), ("AWS_ACCESS_KEY_ID", "AKIAOTHERS")],
];

struct Shell {
    name: &'static str,
    args: &'static [&'static str],
    init: fn(&str) -> String,
    set: fn(&str, &str) -> String,
    unset: fn(&str) -> String,
    /// Draws, and prints the text, and the text as the prompt shows it.
    draw: &'static str,
}

const SHELLS: [Shell; 3] = [
    Shell {
        name: "bash",
        args: &["--norc", "-c"],
        init: |template| format!("eval \"$(awsenv init bash --prompt={template})\""),
        set: |name, value| format!("export {name}={value}"),
        unset: |name| format!("unset {name}"),
        draw: "__awsenv_now=$EPOCHSECONDS; __awsenv_draw; echo \"${AWSENV_PROMPT-}\"; echo \"$__awsenv_segment\"",
    },
    Shell {
        name: "zsh",
        args: &["-f", "-c"],
        init: |template| format!("eval \"$(awsenv init zsh --prompt={template})\"; zmodload zsh/datetime"),
        set: |name, value| format!("export {name}={value}"),
        unset: |name| format!("unset {name}"),
        draw: "__awsenv_draw; print -r -- \"${AWSENV_PROMPT-}\"; print -r -- \"${psvar[91]}${psvar[92]}${psvar[93]}\"",
    },
    Shell {
        name: "fish",
        args: &["--no-config", "-c"],
        init: |template| format!("awsenv init fish --prompt={template} | source"),
        set: |name, value| format!("set -gx {name} {value}"),
        unset: |name| format!("set -e {name}"),
        draw: "__awsenv_clock; __awsenv_draw; echo $AWSENV_PROMPT; echo $__awsenv_segment",
    },
];

fn quoted(shell: &Shell, text: &str) -> String {
    match shell.name {
        "fish" => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
        _ => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[test]
fn a_hook_and_the_command_show_the_same() {
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    for shell in SHELLS.iter().filter(|shell| has(shell.name)) {
        let world = World::new().env("NO_COLOR", "1");
        let dir = world.path("home");
        let mut script = String::new();
        for template in TEMPLATES {
            let template = quoted(shell, template);
            let _ = writeln!(script, "{}", (shell.init)(&template));
            for state in STATES {
                for name in
                    ["PROFILE", "ACCOUNT_ID", "IDENTITY", "EXPIRES_AT", "REFRESH_AT", "RENEWAL", "COLOR"]
                {
                    let _ = writeln!(script, "{}", (shell.unset)(&format!("AWSENV_{name}")));
                }
                let _ = writeln!(script, "{}", (shell.unset)("AWS_REGION"));
                for name in ["AWSENV_KEY_ID", "AWS_ACCESS_KEY_ID"] {
                    let _ = writeln!(script, "{}", (shell.set)(name, "ASIAOURS"));
                }
                for (name, value) in state {
                    let value = match value.parse::<i64>() {
                        Ok(from_now) if from_now.abs() < 100_000 => {
                            now.saturating_add_signed(from_now).to_string()
                        }
                        _ => (*value).to_owned(),
                    };
                    let _ = writeln!(script, "{}", (shell.set)(name, &quoted(shell, &value)));
                }
                let _ = writeln!(script, "echo @; {}; awsenv prompt --format {template}", shell.draw);
            }
        }
        let mut command = world.command_of(Path::new("/usr/bin/env"));
        command.current_dir(&dir).arg(shell.name).args(shell.args).arg(&script);
        let output = world.finish("segments", &mut command);
        assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{}: {output}", shell.name);
        let told: Vec<&str> = output.stdout.split("@\n").skip(1).collect();
        assert_eq!(told.len(), TEMPLATES.len() * STATES.len(), "{}", shell.name);
        for (at, told) in told.into_iter().enumerate() {
            let mut lines = told.lines();
            let mut next = || lines.next().unwrap_or_default().trim_end();
            let (plain, shown, command) = (next(), next(), next());
            let what =
                format!("{}: {} {:?}", shell.name, TEMPLATES[at / STATES.len()], STATES[at % STATES.len()]);
            assert_eq!(plain, command, "{what}");
            assert_eq!(shown, command, "{what}");
        }
        assert!(output.stdout.contains("dev 123456789012 3h05m\n"), "{}: {output}", shell.name);
        assert!(!dir.join("P").exists(), "{}: nothing of it was run", shell.name);
    }
}
