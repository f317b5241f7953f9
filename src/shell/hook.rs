//! What an rc file evaluates: the shell's script in `shell/`, filled in with this program's path and the template of the
//! prompt segment.

use crate::model::template::{Field, Part, Template, Word};
use std::fmt::Write as _;

/// The line of a script that is filled in.
const TOKEN: &str = "#::AWSENV::";

/// How a shell that can be hooked spells what its script is filled with.
///
/// Names that begin with `__awsenv_` are variables of the shell, all others of the environment.
pub(crate) trait Hook: Sync {
    /// The script.
    fn script(&self) -> &'static str;

    /// The script that completes awsenv's command line. It may stand in any file that the shell reads at its start: that of
    /// zsh does nothing where zsh's completion was not loaded.
    ///
    /// It is a stub, which asks this program what fits: the scripts of `clap_complete` put names on the line without quotes,
    /// and that for PowerShell runs what is typed.
    fn completions(&self) -> &'static str;

    /// Sets a variable of the shell.
    fn set(&self, name: &str, value: &str) -> String;

    /// Defines `__awsenv_fill`.
    fn define_fill(&self, body: &str) -> String;

    /// Does `then` if one of these variables is not empty.
    fn if_any(&self, names: &[&str], then: &str) -> String;

    /// Puts text behind what a variable of the shell holds.
    fn append_text(&self, to: &str, text: &str) -> String;

    /// Puts what another variable holds behind it.
    fn append(&self, to: &str, name: &str) -> String;
}

/// What the segment shows before the time that is left, that time, and what follows it.
const BEFORE: &str = "__awsenv_a";
const LEFT: &str = "__awsenv_left";
const AFTER: &str = "__awsenv_b";

/// The script as it is to be evaluated. `program`: the path of this program. Without a template there is no segment.
pub(crate) fn fill(hook: &dyn Hook, program: &str, template: Option<&Template>) -> String {
    let mut told = hook.set("__awsenv_exe", program);
    told += &hook.set("__awsenv_prompt", if template.is_some() { "1" } else { "" });
    if let Some(template) = template {
        told += &hook.define_fill(&segment(hook, template));
    }
    hook.script().replacen(&format!("{TOKEN}\n"), &told, 1)
}

/// The template as code: sets [`BEFORE`] and [`AFTER`].
fn segment(hook: &dyn Hook, template: &Template) -> String {
    let mut code = hook.set(BEFORE, "") + &hook.set(AFTER, "");
    let mut piece = BEFORE;
    for word in template.words() {
        let shown = if piece == BEFORE { &[BEFORE][..] } else { &[BEFORE, LEFT, AFTER] };
        let blank = hook.if_any(shown, &hook.append_text(piece, " "));
        let names: Vec<&str> = word.parts().iter().filter_map(variable).collect();
        let body = blank + &of_word(hook, word, &mut piece);
        code += &if names.is_empty() { body } else { hook.if_any(&names, &body) };
    }
    code
}

fn of_word(hook: &dyn Hook, word: &Word, piece: &mut &'static str) -> String {
    let mut code = String::new();
    for (at, part) in word.parts().iter().enumerate() {
        match part {
            Part::Field(Field::Left) if *piece == BEFORE => *piece = AFTER,
            Part::Field(_) => code += &hook.append(piece, variable(part).unwrap_or(LEFT)),
            Part::Text(text) => {
                let beside = |at: Option<usize>| at.and_then(|at| variable(word.parts().get(at)?));
                let append = hook.append_text(piece, text);
                code += &match (beside(at.checked_sub(1)), beside(at.checked_add(1))) {
                    (Some(one), Some(other)) => hook.if_any(&[one], &hook.if_any(&[other], &append)),
                    _ => append,
                };
            }
        }
    }
    code
}

fn variable(part: &Part) -> Option<&'static str> {
    match part {
        Part::Field(field) => Some(field.variable().unwrap_or(LEFT)),
        Part::Text(_) => None,
    }
}

/// Lines, each a step further in.
pub(super) fn indent(code: &str) -> String {
    code.lines().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "  {line}");
        text
    })
}
