//! Which shell is asking.

use super::{choose, detect, find, names, nearest_shell, shell_of};
use crate::error::Kind;
use crate::host::{Fake, Host};

fn nearest(programs: &[&str]) -> Option<&'static str> {
    nearest_shell(programs.iter().copied()).map(super::Dialect::name)
}

#[test]
fn a_dialect_is_found_by_each_of_its_names() {
    for name in names() {
        assert_eq!(find(name).unwrap().name(), name);
        for alias in find(name).unwrap().aliases() {
            assert_eq!(find(alias).unwrap().name(), name, "{alias}");
        }
    }
    assert_eq!(find(" PowerShell ").unwrap().name(), "powershell");
    assert_eq!(find("PWSH").unwrap().name(), "powershell");
    assert_eq!(find("dash").unwrap().name(), "sh");
    assert!(find("").is_none() && find("ion").is_none());
}

#[test]
fn a_program_is_known_by_its_name_wherever_it_stands() {
    for (program, shell) in [
        ("-zsh", "zsh"),
        ("/usr/bin/bash", "bash"),
        ("/bin/fish (deleted)", "fish"),
        (r"C:\Program Files\PowerShell\7\pwsh.exe", "powershell"),
        ("POWERSHELL.EXE", "powershell"),
        ("zsh-5.9", "zsh"),
        ("ksh93", "sh"),
        ("/usr/bin/dash", "sh"),
        ("/usr/local/bin/nu", "nushell"),
        ("-csh", "tcsh"),
        ("tcsh", "tcsh"),
        (r"C:\Windows\System32\cmd.exe", "cmd"),
    ] {
        assert_eq!(shell_of(program).map(super::Dialect::name), Some(shell), "{program}");
    }
    for no_shell in [
        "",
        "-",
        "sudo",
        "tmux: server",
        "python3.11",
        "json",
        "dotenv",
        "docker",
        "github",
        "bashful",
        "/",
        "5.9",
    ] {
        assert!(shell_of(no_shell).is_none(), "{no_shell}");
    }
}

#[test]
fn the_nearest_shell_above_is_the_one_that_asks() {
    assert_eq!(nearest(&["mise", "env", "sudo", "-zsh", "tmux", "bash"]), Some("zsh"));
    // a bash script within fish: it runs under its own name, and its program is bash
    assert_eq!(nearest(&["/usr/bin/bash", "deploy.sh", "/usr/bin/fish", "fish"]), Some("bash"));
    // xonsh's program is Python, and its arguments can be in its name
    assert_eq!(nearest(&["/usr/bin/python3.11", "xonsh --no-rc -"]), Some("xonsh"));
    assert_eq!(nearest(&["/usr/bin/python3.11", "xonsh", "/usr/bin/bash", "bash"]), Some("xonsh"));
    #[cfg(target_os = "linux")]
    assert!(crate::host::process::ancestors()[0].starts_with('/'), "a path of a program, then its name");
    assert_eq!(nearest(&["cron", "init"]), None);
    let far: Vec<&str> = std::iter::repeat_n("sudo", 20).chain(["bash"]).collect();
    assert_eq!(nearest(&far), None);
}

#[test]
fn what_is_said_goes_before_what_is_found() {
    let host = |vars: &[(&str, &str)]| {
        let env = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Host::fake(Fake { env, ..Fake::default() })
    };
    let said = host(&[("AWSENV_SHELL", "fish"), ("SHELL", "/bin/zsh")]);
    assert_eq!(detect(&said).unwrap().name(), "fish");
    assert_eq!(choose(&said, None).unwrap().name(), "fish");
    assert_eq!(choose(&said, Some("json")).unwrap().name(), "json");

    let refused = detect(&host(&[("AWSENV_SHELL", "json")])).err().unwrap();
    assert_eq!(refused.kind, Kind::Usage);
    assert!(refused.render().contains("--shell bash|zsh|fish"), "{}", refused.render());

    let refused = choose(&said, Some("bsah")).err().unwrap();
    assert_eq!(refused.kind, Kind::Usage);
    assert!(refused.render().contains("did you mean `bash`?"), "{}", refused.render());
}
