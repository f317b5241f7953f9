//! A shell for a person to play in.

use crate::home::Home;
use crate::sim::Sim;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A shell that is known: how it is started so that it reads none of the person's files and says `playground`, and
/// how its line is written that takes in what awsenv prints.
struct Way {
    args: Vec<OsString>,
    /// A file to write into the home, and its text.
    file: Option<(&'static str, &'static str)>,
    env: Vec<(&'static str, OsString)>,
    eval: fn(&str) -> String,
}

/// Starts the simulator and the shell; when the person leaves, says what AWS was asked.
pub(crate) fn play(headless: bool) -> io::Result<()> {
    let sim = Sim::start();
    sim.identity("arn:aws:sts::123456789012:assumed-role/ReadOnly/alice");
    sim.identity("arn:aws:iam::210987654321:user/bob");
    let home = Home::new()?;
    let program = shell();
    let way = way(&program, &home);
    if let Some((name, text)) = way.file {
        std::fs::write(home.dir().join(name), text)?;
    }
    let mut out = io::stdout();
    let name = name_of(&program);
    let hooked = ["bash", "zsh", "fish", "powershell"].contains(&&*name).then_some(&*name);
    writeln!(out, "{}", greeting(way.eval, hooked, headless))?;
    let mut shell = Command::new(&program);
    shell.args(&way.args).env_clear().envs(home.environment(&sim, headless)?).envs(way.env);
    #[cfg(unix)]
    crate::home::interruption()?; // the shell's window may close: then the shell ends, and after it we do
    let left = shell.current_dir(home.dir()).status();
    drop(home);
    let _ = writeln!(out, "The playground's home is removed. {}", asked(&sim.calls()));
    left.map(drop).map_err(|e| io::Error::new(e.kind(), format!("{} does not start: {e}", program.display())))
}

/// The person's shell, if it is one that is known here; else bash, else sh.
fn shell() -> PathBuf {
    if cfg!(windows) {
        return "powershell".into();
    }
    let wish = std::env::var_os("SHELL").map(PathBuf::from).filter(|path| path.is_file());
    let known = |path: &PathBuf| ["bash", "zsh", "fish", "sh", "dash", "ksh"].contains(&&*name_of(path));
    let bash = || ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"].map(PathBuf::from);
    wish.filter(known)
        .or_else(|| bash().into_iter().find(|path| path.is_file()))
        .unwrap_or_else(|| "/bin/sh".into())
}

fn name_of(program: &Path) -> String {
    program.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn way(program: &Path, home: &Home) -> Way {
    let posix: fn(&str) -> String = |command| format!("eval \"$({command})\"");
    let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
    match &*name_of(program) {
        "bash" => Way {
            args: vec![
                "--noprofile".into(),
                "--rcfile".into(),
                home.dir().join(".bashrc").into(),
                "-i".into(),
            ],
            file: Some((".bashrc", "PS1='playground \\w \\$ '\n")),
            env: Vec::new(),
            eval: posix,
        },
        "zsh" => Way {
            args: words(&["-i"]),
            file: Some((".zshrc", "PROMPT='playground %~ %# '\n")),
            env: vec![("ZDOTDIR", home.dir().into())],
            eval: posix,
        },
        "fish" => Way {
            args: words(&[
                "--no-config",
                "--init-command",
                "set -g fish_greeting; function fish_prompt; echo \"playground \"(prompt_pwd)\" > \"; end",
                "-i",
            ]),
            file: None,
            env: Vec::new(),
            eval: |command| format!("{command} | source"),
        },
        "powershell" => Way {
            args: words(&[
                "-NoLogo",
                "-NoProfile",
                "-NoExit",
                "-Command",
                "function prompt { 'playground> ' }",
            ]),
            file: None,
            env: Vec::new(),
            eval: |command| format!("{command} | Out-String | Invoke-Expression"),
        },
        _ => Way {
            args: words(&["-i"]),
            file: Some((".shrc", "PS1='playground $ '\n")),
            env: vec![("ENV", home.dir().join(".shrc").into()), ("PS1", "playground $ ".into())],
            eval: posix,
        },
    }
}

/// Five lines: what this is, what to type, how to leave.
fn greeting(eval: fn(&str) -> String, shell: Option<&str>, headless: bool) -> String {
    let who = if headless { "a stand-in person approves" } else { "your browser opens" };
    let (login, logout, unset) = (eval("awsenv login dev"), eval("awsenv logout dev"), eval("awsenv unset"));
    let hook = shell.map(|name| {
        format!(
            "Or have a shell that stays fresh:  {}  and then plain `awsenv login dev`\n",
            eval(&format!("awsenv init {name} --prompt"))
        )
    });
    let hook = hook.unwrap_or_default();
    format!(
        "The playground of awsenv: AWS is simulated on this computer, and nothing of yours is read or changed.\n\
         Sign in, {who}:  {login}\n\
         Then try:  aws-whoami    awsenv status    awsenv list    awsenv exec dev -- aws-whoami\n\
         And back:  {unset}    {logout}\n\
         {hook}\
         Leave with `exit`; then you are told what AWS was asked."
    )
}

/// What AWS was asked, in order, with how often in a row.
pub(crate) fn asked(calls: &[String]) -> String {
    let runs = calls.chunk_by(|call, next| call == next);
    let lines: Vec<String> = runs
        .map(|run| match run.len() {
            1 => format!("  {}", run[0]),
            often => format!("  {} ({often} times)", run[0]),
        })
        .collect();
    match calls.len() {
        0 => "AWS was asked nothing.".to_owned(),
        1 => format!("AWS was asked once:\n{}", lines.join("\n")),
        often => format!("AWS was asked {often} times:\n{}", lines.join("\n")),
    }
}
