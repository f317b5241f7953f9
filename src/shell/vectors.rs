//! What each dialect writes, letter by letter.

use super::{Facts, find, line_to_type, names, render};
use crate::error::Kind;
use crate::model::delta::{Load, Restore};
use crate::model::{Change, Credentials, EnvDelta, ProfileName, Region, Secret};
use chrono::DateTime;
use expect_test::expect;

fn set(value: &str) -> EnvDelta {
    EnvDelta::of(vec![("V", Change::Set(Secret::new(value)))])
}

fn spelt(dialect: &str, delta: &EnvDelta) -> String {
    render(find(dialect).unwrap(), delta, None).unwrap_or_else(|e| panic!("{}", e.render()))
}

/// The value alone, as it is quoted.
fn quoted(dialect: &str, value: &str) -> String {
    let text = spelt(dialect, &set(value));
    let at = text.find("V=").map(|at| at + 2).or_else(|| text.find("V ").map(|at| at + 2)).unwrap();
    text[at..].trim_start_matches("= ").trim_end_matches(";\n").trim_end_matches('\n').to_owned()
}

#[test]
fn values_are_quoted_as_the_shells_read_them() {
    for (value, posix, fish, powershell) in [
        ("ASIAFAKE1111", "'ASIAFAKE1111'", "'ASIAFAKE1111'", "'ASIAFAKE1111'"),
        ("abc/+==", "'abc/+=='", "'abc/+=='", "'abc/+=='"),
        ("a b", "'a b'", "'a b'", "'a b'"),
        ("it's", r"'it'\''s'", r"'it\'s'", "'it''s'"),
        ("$HOME `id` \"q\"", "'$HOME `id` \"q\"'", "'$HOME `id` \"q\"'", "'$HOME `id` \"q\"'"),
        (r"back\slash", r"'back\slash'", r"'back\\slash'", r"'back\slash'"),
        (r"trail\", r"'trail\'", r"'trail\\'", r"'trail\'"),
        ("~/x", "'~/x'", "'~/x'", "'~/x'"),
        ("=ls", "'=ls'", "'=ls'", "'=ls'"),
        ("a!b", "'a!b'", "'a!b'", "'a!b'"),
        ("{a,b}", "'{a,b}'", "'{a,b}'", "'{a,b}'"),
        ("*?[x]", "'*?[x]'", "'*?[x]'", "'*?[x]'"),
        ("", "''", "''", "''"),
        ("-n", "'-n'", "'-n'", "'-n'"),
        ("%PATH%", "'%PATH%'", "'%PATH%'", "'%PATH%'"),
        ("a;b&c|d<e>f(g)#h", "'a;b&c|d<e>f(g)#h'", "'a;b&c|d<e>f(g)#h'", "'a;b&c|d<e>f(g)#h'"),
        (r"\n", r"'\n'", r"'\\n'", r"'\n'"),
        (r"\'", r"'\'\'''", r"'\\\''", r"'\'''"),
        ("日本", "'日本'", "'日本'", "'' + [char]0x65E5 + [char]0x672C"),
        ("é🚀!", "'é🚀!'", "'é🚀!'", "'' + [char]0x00E9 + [char]0xD83D + [char]0xDE80 + '!'"),
        ("‘curly’", "'‘curly’'", "'‘curly’'", "'' + [char]0x2018 + 'curly' + [char]0x2019"),
        ("a‚b‛", "'a‚b‛'", "'a‚b‛'", "'a' + [char]0x201A + 'b' + [char]0x201B"),
    ] {
        for shell in ["bash", "zsh", "sh"] {
            assert_eq!(quoted(shell, value), posix, "{shell}");
        }
        assert_eq!(quoted("fish", value), fish);
        assert_eq!(quoted("powershell", value), powershell);
    }
}

#[test]
fn powershell_text_is_ascii_whatever_it_says() {
    for value in super::corpus::all() {
        let text = spelt("powershell", &set(&value));
        assert!(text.is_ascii() && text.lines().count() == 1, "{text}");
        // outside the pairs of quotes there is nothing but `[char]0x…` and `+`
        let outside: String = text.trim_end().split('\'').step_by(2).collect();
        let sum = outside.strip_prefix("$env:V = ").and_then(|rest| rest.strip_suffix(';')).unwrap();
        assert!(
            sum.split(" + ").all(|piece| piece.trim().is_empty() || piece.starts_with("[char]0x")),
            "{value:?}: {text}"
        );
    }
}

#[test]
fn values_are_quoted_as_other_shells_read_them() {
    for (value, elvish, tcsh, xonsh) in [
        ("abc/+==", "'abc/+=='", r"abc/+\=\=", "'abc/+=='"),
        ("a  b", "'a  b'", r"a\ \ b", "'a  b'"),
        ("it's", "'it''s'", r"it\'s", r"'it\x27s'"),
        ("$HOME `id`", "'$HOME `id`'", r"\$HOME\ \`id\`", r"'\x24HOME \x60id\x60'"),
        (r"trail\", r"'trail\'", r"trail\\", r"'trail\x5c'"),
        ("a!b", "'a!b'", r"a\!b", r"'a\x21b'"),
        ("{a,b}*", "'{a,b}*'", r"$'\173'a\,b$'\175'$'\052'", r"'\x7ba\x2cb\x7d\x2a'"),
        ("", "''", "''", "''"),
        ("~/x", "'~/x'", r"\~/x", r"'\x7e/x'"),
        ("é🚀", "'é🚀'", "é🚀", r"'\U000000e9\U0001f680'"),
    ] {
        assert_eq!(spelt("elvish", &set(value)), format!("set E:V = {elvish};\n"));
        assert_eq!(spelt("tcsh", &set(value)), format!("setenv V {tcsh};\n"));
        assert_eq!(spelt("xonsh", &set(value)), format!("${{...}}['V'] = {xonsh};\n"));
    }
}

/// The grammar knows one quote of five, but it also reads what stands around the strings.
#[test]
fn powershell_text_is_powershell() {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
    let mut errs = |text: &str| parser.parse(text, None).unwrap().root_node().has_error();
    assert!(errs("$env:V = 'a'b';"), "it sees what is wrong");

    let powershell = find("powershell").unwrap();
    for value in super::corpus::all() {
        let text = spelt("powershell", &set(&value));
        assert!(!errs(&text), "{text}");
    }
    assert!(!errs(powershell.failure()));
    assert!(!errs(&load("it's", true, |load| spelt("powershell", &EnvDelta::load(load)))));
    for name in super::corpus::all() {
        if let Ok(profile) = name.parse() {
            let line = line_to_type(powershell, &["login"], Some(&profile));
            assert!(!errs(&line), "{line}");
        }
    }
}

#[test]
fn a_change_reads_as_unset_then_set() {
    let delta = EnvDelta::of(vec![
        ("AWS_PROFILE", Change::Unset),
        ("AWS_REGION", Change::Unset),
        ("AWS_REGION", Change::Set(Secret::new("eu-west-1"))),
        ("AWSENV_PROFILE", Change::Set(Secret::new("it's"))),
    ]);
    let mut text = String::new();
    for name in names().filter(|name| find(name).unwrap().is_shell()) {
        text.extend(["# ", name, "\n", &spelt(name, &delta)]);
    }
    expect![[r#"
        # bash
        \builtin unset -v AWS_PROFILE AWS_REGION;
        \builtin export AWS_REGION='eu-west-1';
        \builtin export AWSENV_PROFILE='it'\''s';
        # zsh
        \builtin \unset -v AWS_PROFILE AWS_REGION;
        \builtin \export AWS_REGION='eu-west-1';
        \builtin \export AWSENV_PROFILE='it'\''s';
        # fish
        begin; for name in AWS_REGION; set -el $name; set -eg $name; end; builtin true; end;
        begin; for name in AWS_PROFILE; set -el $name; set -eg $name; set -qUx $name; and echo "awsenv: $name is still set, by a universal variable; to take it away: set -eU $name" >&2; end; builtin true; end;
        set -gx AWS_REGION 'eu-west-1';
        set -gx AWSENV_PROFILE 'it\'s';
        # powershell
        Remove-Item 'Env:AWS_PROFILE', 'Env:AWS_REGION' -ErrorAction Ignore;
        $env:AWS_REGION = 'eu-west-1';
        $env:AWSENV_PROFILE = 'it''s';
        # sh
        \unset -v AWS_PROFILE AWS_REGION;
        \export AWS_REGION='eu-west-1';
        \export AWSENV_PROFILE='it'\''s';
        # nushell
        {
          "AWSENV_PROFILE": "it's",
          "AWS_PROFILE": null,
          "AWS_REGION": "eu-west-1"
        }
        # elvish
        del E:AWS_PROFILE E:AWS_REGION;
        set E:AWS_REGION = 'eu-west-1';
        set E:AWSENV_PROFILE = 'it''s';
        # tcsh
        unsetenv AWS_PROFILE AWS_REGION;
        setenv AWS_REGION eu-west-1;
        setenv AWSENV_PROFILE it\'s;
        # xonsh
        [${...}.pop(n, None) for n in ['AWS_PROFILE', 'AWS_REGION']];
        ${...}['AWS_REGION'] = 'eu-west-1';
        ${...}['AWSENV_PROFILE'] = 'it\x27s';
        # cmd
        set "AWS_PROFILE="
        set "AWS_REGION="
        set "AWS_REGION=eu-west-1"
        set "AWSENV_PROFILE=it's"
    "#]]
    .assert_eq(&text);
}

#[test]
fn what_no_shell_can_carry_is_refused_by_the_name_of_its_variable() {
    for bad in ["a\0b", "a\nb", "a\r", "\t", "\u{1b}[2J", "\u{7f}", "\u{85}", "\u{9b}2J"] {
        for name in names() {
            let delta = EnvDelta::of(vec![("AWSENV_IDENTITY", Change::Set(Secret::new(bad)))]);
            let refused = render(find(name).unwrap(), &delta, None).unwrap_err();
            assert_eq!(refused.kind, Kind::Failed, "{name}");
            assert!(refused.message().starts_with("`AWSENV_IDENTITY` holds the control character U+00"));
        }
    }
}

#[test]
fn a_failure_is_one_statement_that_fails() {
    let failures: Vec<_> = names().map(|name| (name, find(name).unwrap().failure())).collect();
    assert_eq!(
        failures,
        [
            ("bash", "false;\n"),
            ("zsh", "false;\n"),
            ("fish", "false;\n"),
            ("powershell", "throw 'awsenv failed';\n"),
            ("sh", "false;\n"),
            ("nushell", ""),
            ("elvish", "fail 'awsenv failed';\n"),
            ("tcsh", "false;\n"),
            ("xonsh", "raise RuntimeError('awsenv failed');\n"),
            ("cmd", ""),
            ("json", ""),
            ("dotenv", ""),
            ("process", ""),
            ("docker", ""),
            ("github", ""),
        ]
    );
}

#[test]
fn a_dotenv_value_is_one_that_every_reader_takes_literally() {
    let line = |value: &str| {
        let delta = EnvDelta::of(vec![("AWSENV_PROFILE", Change::Set(Secret::new(value)))]);
        load("dev", false, |load| render(find("dotenv").unwrap(), &delta, Some(&Facts::of(load))))
    };
    for (value, written) in
        [("dev", r#""dev""#), ("it's #1 é", r#""it's #1 é""#), ("a\"b$c`d`", "'a\"b$c`d`'"), ("$5", "'$5'")]
    {
        assert_eq!(line(value).unwrap(), format!("AWSENV_PROFILE={written}\n"));
    }
    for bad in [r"a\b", "${HOME}", "it's $5", r"x\"] {
        assert!(line(bad).unwrap_err().message().contains("`AWSENV_PROFILE`"), "{bad}");
    }
}

/// Calls `with` on a load of profile `profile`.
fn load<T>(profile: &str, whole: bool, with: impl FnOnce(&Load) -> T) -> T {
    let profile: ProfileName = profile.parse().unwrap();
    let region: Region = "eu-west-1".parse().unwrap();
    let at = |seconds: i64| DateTime::from_timestamp(1_893_553_445 + seconds, 0);
    let credentials = Credentials::new(
        "ASIAFAKE000000000001",
        Secret::new("fakeSecret/1+"),
        whole.then(|| Secret::new("fakeToken==")),
        at(0).filter(|_| whole),
        whole.then(|| "012345678901".parse().unwrap()),
    )
    .unwrap();
    with(&Load {
        profile: Some(&profile),
        credentials: &credentials,
        identity: whole.then_some("Admin"),
        region: whole.then_some(&region),
        refresh_at: at(-900).filter(|_| whole),
        previous: None,
        color: None,
        ephemeral: false,
        restore: &Restore::default(),
    })
}

#[test]
fn data_formats_tell_what_is_known() {
    let told = |format: &str, whole| {
        load("dev \"q\"", whole, |load| {
            render(find(format).unwrap(), &EnvDelta::load(load), Some(&Facts::of(load))).unwrap()
        })
    };
    expect![[r#"
        {
          "version": 1,
          "profile": "dev \"q\"",
          "account_id": "012345678901",
          "identity": "Admin",
          "region": "eu-west-1",
          "access_key_id": "ASIAFAKE000000000001",
          "secret_access_key": "fakeSecret/1+",
          "session_token": "fakeToken==",
          "expiration": "2030-01-02T03:04:05Z",
          "refresh_at": "2030-01-02T02:49:05Z"
        }
    "#]]
    .assert_eq(&told("json", true));
    expect![[r#"
        {
          "version": 1,
          "profile": "dev \"q\"",
          "account_id": null,
          "identity": null,
          "region": null,
          "access_key_id": "ASIAFAKE000000000001",
          "secret_access_key": "fakeSecret/1+",
          "session_token": null,
          "expiration": null,
          "refresh_at": null
        }
    "#]]
    .assert_eq(&told("json", false));
    expect![[r#"
        {
          "Version": 1,
          "AccessKeyId": "ASIAFAKE000000000001",
          "SecretAccessKey": "fakeSecret/1+",
          "SessionToken": "fakeToken==",
          "Expiration": "2030-01-02T03:04:05Z",
          "AccountId": "012345678901"
        }
    "#]]
    .assert_eq(&told("process", true));
    expect![[r#"
        {
          "Version": 1,
          "AccessKeyId": "ASIAFAKE000000000001",
          "SecretAccessKey": "fakeSecret/1+"
        }
    "#]]
    .assert_eq(&told("process", false));
    expect![[r#"
        AWS_ACCESS_KEY_ID="ASIAFAKE000000000001"
        AWS_SECRET_ACCESS_KEY="fakeSecret/1+"
        AWS_SESSION_TOKEN="fakeToken=="
        AWS_CREDENTIAL_EXPIRATION="2030-01-02T03:04:05Z"
        AWS_ACCOUNT_ID="012345678901"
        AWS_REGION="eu-west-1"
        AWS_DEFAULT_REGION="eu-west-1"
        AWSENV_PROFILE='dev "q"'
    "#]]
    .assert_eq(&told("dotenv", true));
    expect![[r#"
        AWS_ACCESS_KEY_ID=ASIAFAKE000000000001
        AWS_SECRET_ACCESS_KEY=fakeSecret/1+
        AWS_SESSION_TOKEN=fakeToken==
        AWS_CREDENTIAL_EXPIRATION=2030-01-02T03:04:05Z
        AWS_ACCOUNT_ID=012345678901
        AWS_REGION=eu-west-1
        AWS_DEFAULT_REGION=eu-west-1
        AWSENV_PROFILE=dev "q"
    "#]]
    .assert_eq(&told("docker", true));
    for format in ["json", "process", "dotenv", "docker", "github"] {
        let refused = render(find(format).unwrap(), &set("x"), None).unwrap_err();
        assert_eq!(refused.kind, Kind::Usage);
    }
}

#[test]
fn the_line_to_type_fits_the_shell() {
    let line = |dialect: &str, words: &[&str], profile: &str| {
        line_to_type(find(dialect).unwrap(), words, Some(&profile.parse().unwrap()))
    };
    assert_eq!(line("bash", &["login"], "dev"), r#"eval "$(awsenv login dev)""#);
    assert_eq!(line("zsh", &["login"], "it's $x"), r#"eval "$(awsenv login 'it'\''s $x')""#);
    assert_eq!(line("bash", &["login"], "hey!"), r#"eval "$(awsenv login 'hey'\!'')""#);
    assert_eq!(line("sh", &["login"], "-x"), r#"eval "$(awsenv login -- -x)""#);
    assert_eq!(line("fish", &["login"], "dev"), "awsenv login dev | source");
    assert_eq!(line("fish", &["login"], r"it's\"), r"awsenv login 'it\'s\\' | source");
    assert_eq!(
        line("pwsh", &["login", "--tag", "a=b c"], "x’y"),
        "awsenv login --tag 'a=b c' 'x’’y' | Out-String | Invoke-Expression"
    );
    assert_eq!(line("nu", &["login"], r#"a "b" \"#), r#"awsenv login "a \"b\" \\" | from json | load-env"#);
    assert_eq!(line("elvish", &["login"], "it's"), "eval (awsenv login 'it''s' | slurp)");
    assert_eq!(line("tcsh", &["login"], "it's `a`!"), r"eval `awsenv login it\'s\ $'\140'a$'\140'$'\041'`");
    assert_eq!(
        line("xonsh", &["login"], "it's $é"),
        r"execx($(awsenv login @('it\x27s \x24\U000000e9') | cat))"
    );
    assert_eq!(line("json", &["export"], "dev"), "awsenv export dev");
    assert_eq!(line_to_type(find("bash").unwrap(), &["unset"], None), r#"eval "$(awsenv unset)""#);
}
