//! The playground's own home: what is done in it is gone afterwards, and nothing outside is touched.

use crate::sim::Sim;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::sync::{Arc, atomic::AtomicBool};

/// What this program is, by the names under which it stands in the playground's PATH.
///
/// `awsenv` is awsenv, from this very build. `person URL` goes to a sign-in page and continues as the first identity.
/// `aws-whoami` asks STS who the environment's credentials are, as any AWS tool would. `in-terminal` starts a program
/// on a terminal of its own.
pub(crate) const ROLES: [&str; 4] = ["awsenv", "person", "aws-whoami", "in-terminal"];

/// Variables that would lead out of the playground, besides all of AWS's, of awsenv's and of similar tools'.
const LEADS_OUT: [&str; 14] = [
    "HOME",
    "USERPROFILE",
    "APPDATA",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "BROWSER",
    "PATH",
    "BASH_ENV",
    "ENV",
    "ZDOTDIR",
    "PROMPT_COMMAND",
    "HISTFILE",
];

/// A temporary home and a directory of programs. Dropped, it leaves nothing.
pub(crate) struct Home {
    root: PathBuf,
}

impl Home {
    /// Makes the home, with this program in its PATH under each of its names.
    pub(crate) fn new() -> io::Result<Home> {
        let root = std::env::temp_dir().join(format!("awsenv-playground-{}", std::process::id()));
        let mut private = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut private, 0o700);
        private.create(&root)?; // fails if it is there: nobody has laid something in it
        let home = Home { root };
        fs::create_dir(home.dir())?;
        fs::create_dir(home.bin())?;
        let this = std::env::current_exe()?;
        for role in ROLES {
            #[cfg(unix)]
            std::os::unix::fs::symlink(&this, home.role(role))?;
            #[cfg(not(unix))]
            fs::copy(&this, home.role(role)).map(drop)?;
        }
        Ok(home)
    }

    /// What `~` is in the playground.
    pub(crate) fn dir(&self) -> PathBuf {
        self.root.join("home")
    }

    /// A file beside the home, which those in it do not see.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn bin(&self) -> PathBuf {
        self.root.join("bin")
    }

    /// This program under one of its names.
    pub(crate) fn role(&self, role: &str) -> PathBuf {
        self.bin().join(format!("{role}{}", std::env::consts::EXE_SUFFIX))
    }

    /// The environment in the playground: this one, less what leads out, with the simulator for AWS.
    pub(crate) fn environment(&self, sim: &Sim, headless: bool) -> io::Result<Vec<(OsString, OsString)>> {
        let leads_out = |name: &OsStr| {
            let name = name.to_string_lossy().to_uppercase();
            LEADS_OUT.contains(&name.as_str())
                || ["AWS_", "AWSENV_", "AWSUME_", "GRANTED_"].iter().any(|start| name.starts_with(start))
        };
        let mut env: Vec<(OsString, OsString)> =
            std::env::vars_os().filter(|(name, _)| !leads_out(name)).collect();
        let mut set = |name: &str, value: &OsStr| env.push((name.into(), value.into()));
        set("HOME", self.dir().as_os_str());
        #[cfg(windows)]
        set("USERPROFILE", self.dir().as_os_str());
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(self.bin()).chain(std::env::split_paths(&path)));
        set("PATH", &path.map_err(io::Error::other)?);
        if let Some(browser) = if headless { Some(self.role("person")) } else { self.browser()? } {
            set("BROWSER", OsStr::new(&*shell_words::quote(&browser.to_string_lossy())));
        }
        for (name, url) in sim.env() {
            set(name, OsStr::new(&url));
        }
        Ok(env)
    }

    /// A program that opens the person's browser with their own home, for in another a browser knows nobody, and
    /// may not reach the display. `None` where the home does not matter.
    fn browser(&self) -> io::Result<Option<PathBuf>> {
        if cfg!(any(windows, target_os = "macos")) {
            return Ok(None);
        }
        let wish = std::env::var("BROWSER").unwrap_or_default();
        let words = shell_words::split(wish.split(':').next().unwrap_or_default()).unwrap_or_default();
        let mut words = if words.is_empty() { vec!["xdg-open".to_owned()] } else { words };
        if !words.iter().any(|word| word.contains("%s")) {
            words.push("%s".to_owned());
        }
        let mut text = "#!/bin/sh\n".to_owned();
        for name in ["HOME", "PATH", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
            if let Ok(value) = std::env::var(name) {
                text += &format!("export {name}={}\n", shell_words::quote(&value));
            }
        }
        let url = |word: &String| word.split("%s").map(shell_words::quote).collect::<Vec<_>>().join("\"$1\"");
        text += &format!("exec {}\n", words.iter().map(url).collect::<Vec<_>>().join(" "));
        let script = self.bin().join("browser");
        fs::write(&script, text)?;
        #[cfg(unix)]
        fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        Ok(Some(script))
    }

    /// Every file in the home, relative to it, in order.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => walk(&entry.path(), found),
                    _ => found.push(entry.path()),
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.dir(), &mut found);
        let mut below: Vec<PathBuf> =
            found.iter().filter_map(|path| path.strip_prefix(self.dir()).ok()).map(PathBuf::from).collect();
        below.sort();
        below
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// Whether awsenv would find no browser that reaches this computer's loopback.
pub(crate) fn has_no_browser() -> bool {
    let set = |names: &[&str]| names.iter().any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()));
    if cfg!(any(windows, target_os = "macos")) || set(&["BROWSER"]) {
        return false;
    }
    let contained = ["/.dockerenv", "/run/.containerenv"].iter().any(|mark| Path::new(mark).exists());
    contained || set(&["SSH_CONNECTION", "SSH_TTY", "container"]) || !set(&["DISPLAY", "WAYLAND_DISPLAY"])
}

/// A flag that is raised by what would end us (Ctrl-C, the terminal's window closed), so that we end in good order.
#[cfg(unix)]
pub(crate) fn interruption() -> io::Result<Arc<AtomicBool>> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let flag = Arc::default();
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&flag))?;
    }
    Ok(flag)
}
