//! The hooks' scripts as they are printed: each is a script of its shell, of an old one too.

use super::{find, hook};
use crate::model::Template;

const HOOKED: [&str; 4] = ["bash", "zsh", "fish", "powershell"];

/// What a path, and a template, may hold.
const HOSTILE: &str = "/opt/it's \"q\" $(touch P) `touch P` \\ % {a,b} é\u{2019}; touch P #";

fn templates() -> [Option<Template>; 4] {
    let hostile = "a{{}}'b'{left}$(touch P)`c` \"{account}%/\\{identity}é\u{2019}\" {left} {profile}";
    [None, Some(Template::default()), Some(hostile.parse().unwrap()), Some("{left} plain".parse().unwrap())]
}

fn filled(shell: &str, template: Option<&Template>) -> String {
    hook::fill(find(shell).unwrap().hook().unwrap(), HOSTILE, template)
}

#[test]
fn one_line_of_a_script_is_filled_in() {
    for shell in HOOKED {
        let script = find(shell).unwrap().hook().unwrap().script();
        assert_eq!(script.lines().filter(|line| line.contains("::AWSENV::")).count(), 1, "{shell}");
        for template in templates() {
            let filled = filled(shell, template.as_ref());
            assert!(!filled.contains("::AWSENV::"), "{shell}");
            assert_eq!(
                filled.contains("function __awsenv_fill") || filled.contains("function global:__awsenv_fill"),
                template.is_some(),
                "{shell}"
            );
        }
    }
}

#[test]
fn the_powershell_script_is_powershell_and_ascii() {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
    let completions = find("powershell").unwrap().hook().unwrap().completions().to_owned();
    let hooks = templates().map(|template| filled("powershell", template.as_ref()));
    for text in hooks.into_iter().chain([completions]) {
        assert!(text.is_ascii(), "a code page would change it");
        let tree = parser.parse(&text, None).unwrap();
        let first = first_error(tree.root_node()).map(|row| text.lines().nth(row).unwrap_or_default());
        assert_eq!(first, None);
    }
}

fn first_error(node: tree_sitter::Node) -> Option<usize> {
    if node.is_error() || node.is_missing() {
        return Some(node.start_position().row);
    }
    (0..node.child_count()).find_map(|at| first_error(node.child(at)?))
}

/// What Windows PowerShell 5.1 does not read.
#[test]
fn the_powershell_script_is_an_old_one_too() {
    let code = code("powershell");
    for (at, line) in code.lines().enumerate() {
        for new in ["??", "?.", " ? ", "&&", "||", "-AsHashtable", "ForEach-Object -Parallel", "clean {"] {
            assert!(!line.contains(new), "line {}: `{new}`: {line}", at + 1);
        }
    }
}

/// What bash 3.2, the one of macOS, does not read. There is none to run where this is tested.
#[test]
fn the_bash_script_is_an_old_one_too() {
    let code = code("bash");
    let new = [
        "declare -A",
        "local -A",
        "typeset -A",
        "declare -g",
        "local -n",
        "declare -n",
        "nameref",
        "mapfile",
        "readarray",
        "coproc",
        ";&",
        ";;&",
        "|&",
        "&>>",
        "${!",
        "[-1]",
        "local -",
        "wait -n",
        "@Q}",
        "@E}",
        "@P}",
        "@A}",
        "^^}",
        ",,}",
        "[[ -v",
        "printf -v 'a[",
        "globstar",
        "lastpipe",
        "EPOCHREALTIME",
        "BASH_ARGV0",
        "SRANDOM",
        "read -N",
        "${ ",
        "((++",
        "exec {",
    ];
    for (at, line) in code.lines().enumerate() {
        for new in new {
            // a bare `[[ -v` and the like; `local -` alone restores options since 4.4
            assert!(!line.contains(new), "line {}: `{new}`: {line}", at + 1);
        }
        // since 4.4 a test of a clock of bash's own: it must have a fallback
        if line.contains("EPOCHSECONDS") {
            assert!(
                line.contains("${EPOCHSECONDS-") || line.contains("${EPOCHSECONDS:-"),
                "line {}: {line}",
                at + 1
            );
        }
    }
}

/// Both scripts of a shell, with empty lines in the place of comments.
fn code(shell: &str) -> String {
    let hook = find(shell).unwrap().hook().unwrap();
    let lines = hook.script().lines().chain(hook.completions().lines());
    lines
        .map(|line| if line.trim_start().starts_with('#') { "\n" } else { line })
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(unix)]
#[test]
fn each_script_is_read_by_its_shell() {
    use std::process::Command;
    let dir = std::env::temp_dir().join(format!("awsenv-scripts-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let checks =
        [("bash", &["--norc", "-n"][..]), ("zsh", &["-f", "-n"]), ("fish", &["--no-config", "--no-execute"])];
    for (shell, args) in checks {
        for (number, template) in templates().iter().enumerate() {
            let file = dir.join(format!("{number}.{shell}"));
            std::fs::write(&file, filled(shell, template.as_ref())).unwrap();
            #[expect(clippy::disallowed_methods, reason = "a test may start a shell")]
            let Ok(checked) = Command::new(shell).args(args).arg(&file).output() else {
                continue; // `tests/run` names a missing shell
            };
            let said = String::from_utf8_lossy(&checked.stderr).into_owned();
            assert!(checked.status.success() && said.is_empty(), "{shell}: {said}");
        }
    }
    std::fs::remove_dir_all(dir).unwrap();
}
