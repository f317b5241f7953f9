//! Opening a page in the person's browser, where there is one.

use crate::host::{Host, process};
use std::path::{Path, PathBuf};

pub(crate) enum Opener {
    Real,
    Fake(Option<Box<dyn Fn(String)>>),
}

/// A way to open a page.
pub(crate) enum Browser<'a> {
    /// A program and its arguments; `%s` in one of them stands for the URL, else it comes last.
    Program(PathBuf, Vec<String>),
    Fake(&'a dyn Fn(String)),
}

/// Browsers that would take over the terminal.
const TEXT_MODE: [&str; 7] = ["lynx", "w3m", "links", "links2", "elinks", "browsh", "www-browser"];

/// Finds the browser: `$BROWSER`, else `setting`, else the desktop's own.
///
/// # Errors
/// Why there is none: an SSH session, a container, no display, no program. Never a text-mode browser.
pub(crate) fn find<'a>(host: &'a Host, setting: Option<&str>) -> Result<Browser<'a>, String> {
    if let Opener::Fake(fake) = &host.opener {
        return fake.as_deref().map(Browser::Fake).ok_or_else(|| "this machine has no browser".into());
    }
    if let Some(wish) = host.env.text("BROWSER").or(setting) {
        return wished(host, wish);
    }
    let set = |names: &[&str]| names.iter().any(|name| host.env.text(name).is_some());
    if set(&["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"]) {
        return Err("this is an SSH session".into());
    }
    if cfg!(target_os = "macos") {
        return program(host, &[("open", &[])]);
    }
    if cfg!(windows) {
        return program(host, &[("rundll32", &["url.dll,FileProtocolHandler"])]);
    }
    if set(&["WSL_DISTRO_NAME", "WSL_INTEROP"]) {
        return program(host, &[("wslview", &[]), ("rundll32.exe", &["url.dll,FileProtocolHandler"])]);
    }
    if set(&["container"]) || Path::new("/.dockerenv").exists() || Path::new("/run/.containerenv").exists() {
        return Err("this is a container".into());
    }
    if !set(&["DISPLAY", "WAYLAND_DISPLAY"]) {
        return Err("there is no display".into());
    }
    program(
        host,
        &[
            ("xdg-open", &[]),
            ("gio", &["open"]),
            ("x-www-browser", &[]),
            ("firefox", &[]),
            ("chromium", &[]),
            ("google-chrome", &[]),
        ],
    )
}

/// What `$BROWSER` says: a command line, or several with `:` between them; the first that is there.
fn wished<'a>(host: &Host, wish: &str) -> Result<Browser<'a>, String> {
    for command in std::iter::once(wish).chain(wish.split(':')) {
        let Ok(mut words) = shell_words::split(command) else { continue };
        if words.is_empty() {
            continue;
        }
        let name = words.remove(0);
        let base = Path::new(&name).file_name().unwrap_or_default().to_string_lossy().into_owned();
        if TEXT_MODE.contains(&base.as_str()) {
            return Err(format!("BROWSER is `{base}`, which would take over this terminal"));
        }
        if let Some(path) = process::find(host, name.as_ref()) {
            return Ok(Browser::Program(path, words));
        }
    }
    Err(format!("BROWSER is `{}`, which is not there", crate::model::text::field(wish)))
}

fn program<'a>(host: &Host, candidates: &[(&str, &[&str])]) -> Result<Browser<'a>, String> {
    candidates
        .iter()
        .find_map(|(name, args)| {
            let path = process::find(host, name.as_ref())?;
            Some(Browser::Program(path, args.iter().map(ToString::to_string).collect()))
        })
        .ok_or_else(|| "no browser was found".into())
}

impl Browser<'_> {
    /// Opens the page and does not wait. Never through a shell.
    ///
    /// # Errors
    /// Why the program could not be started.
    pub(crate) fn open(&self, url: &str) -> Result<(), String> {
        match self {
            Browser::Fake(fake) => {
                fake(url.to_owned());
                Ok(())
            }
            Browser::Program(path, words) => {
                let mut args: Vec<String> = words.iter().map(|word| word.replace("%s", url)).collect();
                if !words.iter().any(|word| word.contains("%s")) {
                    args.push(url.to_owned());
                }
                process::start_detached(path, &args)
                    .map_err(|e| format!("{} did not start: {e}", path.display()))
            }
        }
    }
}
