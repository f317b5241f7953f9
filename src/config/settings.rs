//! awsenv's own settings: `config.ini`.

use crate::error::{Error, Kind, Result};
use crate::host::{Host, fs};
use crate::model::{Color, ProfileName, Region, text, time};
use chrono::TimeDelta;
use configparser::ini::{Ini, IniDefault};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What a person has set for awsenv alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// `[defaults] region`
    pub(crate) region: Option<Region>,
    /// `[defaults] min_ttl`
    pub(crate) min_ttl: Option<TimeDelta>,
    /// `[defaults] browser`, spelled as `$BROWSER`
    pub(crate) browser: Option<String>,
    /// `[aliases] NAME = PROFILE`
    pub(crate) aliases: BTreeMap<String, ProfileName>,
    /// `[colors] GLOB = COLOR`, longest glob first
    colors: Vec<(String, Color)>,
}

/// Where the settings are: `$AWSENV_CONFIG_HOME/config.ini`, else in the user's settings directory under `awsenv`.
fn path(host: &Host) -> Option<PathBuf> {
    let dir = host.env.path("AWSENV_CONFIG_HOME").or_else(|| Some(host.env.settings_dir()?.join("awsenv")));
    Some(dir?.join("config.ini"))
}

/// Reads the settings. A missing file is empty.
///
/// # Errors
/// [`Kind::Config`] naming the file, the section and the key: a section or key that is not known, a value that
/// cannot be.
pub(crate) fn settings(host: &Host) -> Result<Settings> {
    let Some(path) = path(host) else { return Ok(Settings::default()) };
    let Some(contents) = fs::read_config(&path)? else { return Ok(Settings::default()) };
    let shown = crate::host::path::shown(&path, host.home().as_deref());
    Settings::parse(&contents.bytes).map_err(|why| Error::new(Kind::Config, format!("{shown}{why}")))
}

impl Settings {
    /// # Errors
    /// What follows the file's name: `, [section]: key and why`.
    fn parse(bytes: &[u8]) -> Result<Settings, String> {
        let raw = std::str::from_utf8(bytes).map_err(|_| " is not UTF-8".to_owned())?;
        let sections =
            ini().read(raw.trim_start_matches('\u{feff}').to_owned()).map_err(|why| format!(": {why}"))?;
        let mut settings = Settings::default();
        // in a fixed order, so that of two errors the same one is told each time
        for (section, keys) in sections.into_iter().collect::<BTreeMap<_, _>>() {
            for (key, value) in keys.into_iter().collect::<BTreeMap<_, _>>() {
                let value = value.unwrap_or_default();
                settings.set(&section, &key, &value).map_err(|why| match &*section {
                    STRAY => format!(": `{}` is in no section", text::field(&key)),
                    _ => format!(", [{}]: {why}", text::field(&section)),
                })?;
            }
        }
        settings.colors.sort_by_key(|(glob, _)| std::cmp::Reverse(glob.len()));
        Ok(settings)
    }

    fn set(&mut self, section: &str, key: &str, value: &str) -> Result<(), String> {
        let shown = text::field(key);
        let because = |why: String| format!("`{shown}`: {why}");
        match (section, key) {
            ("defaults", "region") => self.region = Some(value.parse().map_err(because)?),
            ("defaults", "min_ttl") => self.min_ttl = Some(time::length(value).map_err(because)?),
            ("defaults", "browser") => {
                self.browser = Some(value.to_owned()).filter(|browser| !browser.is_empty());
            }
            ("defaults", _) => return Err(format!("`{shown}` is not one of `region`, `min_ttl`, `browser`")),
            ("aliases", _) => {
                self.aliases.insert(key.to_owned(), value.parse().map_err(because)?);
            }
            ("colors", _) => {
                self.colors.push((key.to_owned(), value.parse().map_err(because)?));
            }
            _ => return Err("not one of [defaults], [aliases], [colors]".into()),
        }
        Ok(())
    }

    /// The colour of a profile: that of the longest glob that matches its name.
    pub(crate) fn color(&self, profile: &ProfileName) -> Option<Color> {
        let matching = self.colors.iter().find(|(glob, _)| matches(glob, profile.as_str()));
        matching.map(|(_, color)| *color)
    }
}

/// The section that the reader gives to keys above all sections.
const STRAY: &str = "\u{1}";

fn ini() -> Ini {
    let mut rules = IniDefault::default();
    rules.default_section = STRAY.into();
    rules.case_sensitive = true;
    rules.delimiters = vec!['='];
    rules.enable_inline_comments = false; // `#` may stand in a browser's arguments
    let mut ini = Ini::new_from_defaults(rules);
    ini.set_multiline(false);
    ini
}

/// Whether a name matches a glob: `*` is any text, `?` any character.
fn matches(glob: &str, name: &str) -> bool {
    let (glob, name): (Vec<char>, Vec<char>) = (glob.chars().collect(), name.chars().collect());
    let (mut g, mut n) = (0, 0);
    let mut retry = None;
    while n < name.len() {
        match glob.get(g) {
            Some('*') => {
                retry = Some((g, n));
                g += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => (g, n) = (g + 1, n + 1),
            _ => {
                let Some((star, from)) = retry else { return false };
                retry = Some((star, from + 1));
                (g, n) = (star + 1, from + 1);
            }
        }
    }
    glob[g..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Settings::parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn settings_are_read() {
        let text = "# mine\n[defaults]\nregion = eu-west-1\nmin_ttl = 15m\nbrowser = firefox --private-window #x\n\
                    [aliases]\nP = acme:prod\n[colors]\n* = Blue\n*prod* = red\nacme:prod-? = yellow\n";
        let settings = Settings::parse(text.as_bytes()).unwrap();
        assert_eq!(settings.region.as_ref().map(Region::as_str), Some("eu-west-1"));
        assert_eq!(settings.min_ttl, Some(TimeDelta::minutes(15)));
        assert_eq!(settings.browser.as_deref(), Some("firefox --private-window #x"));
        assert_eq!(settings.aliases["P"].as_str(), "acme:prod");
        let color = |name: &str| settings.color(&name.parse().unwrap());
        assert_eq!(
            [color("dev"), color("my-prod"), color("acme:prod-1")],
            [Some(Color::Blue), Some(Color::Red), Some(Color::Yellow)]
        );
        assert_eq!(Settings::parse(b"").unwrap(), Settings::default());
    }

    #[test]
    fn an_error_names_section_and_key() {
        assert_eq!(error("[default]\nx=1"), ", [default]: not one of [defaults], [aliases], [colors]");
        assert_eq!(
            error("[defaults]\nregoin=x"),
            ", [defaults]: `regoin` is not one of `region`, `min_ttl`, `browser`"
        );
        assert_eq!(error("region=x"), ": `region` is in no section");
        assert!(
            error("[defaults]\nregion=").starts_with(", [defaults]: `region`: "),
            "{}",
            error("[defaults]\nregion=")
        );
        assert!(error("[defaults]\nmin_ttl=soon").contains("`soon` is not a length of time"));
        assert!(error("[colors]\n*=pink").contains("[colors]: `*`: `pink` is not one of black, red"));
    }

    #[test]
    fn a_glob_matches_as_one_expects() {
        for (glob, name, is_match) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcb", false),
            ("*b*", "abc", true),
            ("?", "日", true),
            ("?", "", false),
            ("a", "A", false),
            ("**a", "ba", true),
            ("*a*a*a*a*a*b", &"a".repeat(5_000), false),
        ] {
            assert_eq!(matches(glob, name), is_match, "{glob} {name}");
        }
    }
}
