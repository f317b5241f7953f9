//! Reading, as a whole; beside it the cases, the edits, and botocore.

mod cases;
mod edits;
mod oracle;
mod random;

use super::*;
use crate::error::Kind;
use crate::host::Fake;
use std::fmt::Write as _;

fn host(env: &[(&str, &str)]) -> Host {
    let env = env.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Host::fake(Fake { env, ..Fake::default() })
}

fn name(name: &str) -> ProfileName {
    name.parse().unwrap()
}

#[test]
fn files_are_found_or_missed_in_peace() {
    let dir = std::env::temp_dir().join(format!("awsenv-load-{}", std::process::id()));
    std::fs::create_dir_all(dir.join(".aws")).unwrap();
    std::fs::write(dir.join(".aws/config"), "[profile a]\nx=\0\n").unwrap();
    std::fs::write(dir.join("mine"), "[b]\nx=1\n").unwrap();
    let home = ("HOME", dir.to_str().unwrap());

    let config = load(&host(&[home, ("AWS_SHARED_CREDENTIALS_FILE", "~/mine")])).unwrap();
    assert_eq!(config.names(), ["a", "b"]);
    assert_eq!(config.profile(&name("b")).unwrap().place(), "~/mine:1, [b]");
    let problems: Vec<_> = config.problems().iter().map(Problem::to_string).collect();
    assert_eq!(problems, ["~/.aws/config:2: a NUL byte: what it stands in is skipped"]);

    for env in [&[][..], &[home, ("AWS_CONFIG_FILE", "")], &[home, ("AWS_CONFIG_FILE", "$HOME/none")]] {
        assert!(load(&host(env)).unwrap().names().is_empty(), "{env:?}");
    }
    let relative = load(&host(&[("AWS_CONFIG_FILE", "no/such")])).unwrap();
    assert_eq!(
        relative.problems()[0].to_string(),
        "no/such: AWS_CONFIG_FILE is relative: it depends on the directory you are in"
    );
    for path in ["~", "/dev/null"] {
        let error = load(&host(&[home, ("AWS_CONFIG_FILE", path)])).err().unwrap();
        assert_eq!(error.kind, Kind::Config, "{}", error.render());
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_profile_is_made_of_both_files() {
    let config = Config::test(
        "[profile a]\nregion = r1\nduration_seconds = 12h\nuse_fips_endpoint = True\ns3 =\n  x = 1\n  x = 2\n[default]\nr=1\n",
        "[a]\nregion = eu-west-1\naws_access_key_id =\nduration_seconds = 900\n[only]\nregion=EU\n",
    );
    let a = config.profile(&name("a")).unwrap();
    assert_eq!(a.keys(), ["region", "duration_seconds", "use_fips_endpoint", "s3", "aws_access_key_id"]);
    assert_eq!(a.region().unwrap().unwrap().as_str(), "eu-west-1");
    assert_eq!(a.get("region").unwrap().place(), "~/.aws/credentials:2");
    assert_eq!(a.settings_in(Which::Config).next().unwrap().value, "r1");
    assert_eq!(a.settings_in(Which::Credentials).count(), 3);
    assert_eq!(a.get("s3").unwrap().nested(), [("x", "1"), ("x", "2")]);
    assert_eq!(a.switch("use_fips_endpoint").unwrap(), Some(true));
    assert_eq!((a.get("aws_access_key_id").is_some(), a.text("aws_access_key_id")), (true, None));
    assert_eq!(a.place(), "~/.aws/config:1, [profile a]");
    assert_eq!(config.names(), ["a", "default", "only"]);

    let only = config.profile(&name("only")).unwrap();
    let error = only.region().unwrap_err();
    assert_eq!(error.message(), "~/.aws/credentials:6, [only]: `region` is `EU`, not a region");
    assert!(config.profile(&name("A")).is_none());
    assert_eq!(config.nearest("onyl").as_deref(), Some("only"));
    assert_eq!(config.nearest("something"), None);
}

#[test]
fn an_error_names_file_line_section_and_key() {
    let config = Config::test("\n\n[profile a]\nx = 1\r\r\nregion = 12 h\n", "");
    let error = config.profile(&name("a")).unwrap().region().unwrap_err();
    let message = "~/.aws/config:6, [profile a]: `region` is `12 h`, not a region";
    assert_eq!(error.message(), message);
    let flag = Config::test("[profile a]\nx = yes\n", "");
    let error = flag.profile(&name("a")).unwrap().switch("x").unwrap_err();
    assert_eq!(error.message(), "~/.aws/config:2, [profile a]: `x` is `yes`, neither `true` nor `false`");
}

/// Before and after names are listed, which makes the index.
#[test]
fn every_name_is_found_by_scan_and_by_index() {
    let names = [
        "default",
        "profile default",
        "a b",
        "a/b",
        "..",
        "-x",
        "🚀",
        "it's",
        "\\",
        "x y ",
        &"n".repeat(300),
    ];
    let mut text = String::new();
    for (i, name) in names.iter().enumerate() {
        let header = SectionId::profile(name).header(Which::Config).unwrap();
        let _ = write!(text, "[{header}]\ni = {i}\n");
    }
    let config = Config::test(text.clone(), text.replace("[profile ", "["));
    for _ in 0..2 {
        for (i, each) in names.iter().enumerate() {
            let profile = config.profile(&name(each)).expect(each);
            assert_eq!(profile.get("i").unwrap().value, i.to_string(), "{each}");
        }
        assert_eq!(config.names()[..names.len()], names);
    }
}

fn numbered(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

/// All in one pass or a few: none of these would end if time grew with the square.
#[test]
fn hostile_files_are_read_in_linear_time() {
    let many = 40_000;
    for text in [
        "x".repeat(500_000),
        format!("[profile a]\nk = {}\n", "x[".repeat(200_000)),
        format!("[profile a]\nk =\n{}", "  x = 1\n".repeat(many)),
        format!("[profile a]\n{}", numbered(many, |i| format!("k{i} = 1\n"))),
        "[profile a]\n".repeat(many),
        "[DEFAULT]\nx=1\n".repeat(many),
        numbered(many, |i| format!("[profile p{i}]\n")),
        format!("[profile a]\nk = 1\n{}", " [profile b]\n".repeat(many)),
        "[".repeat(100_000),
        "[profile a\n".repeat(many),
        "\0\n".repeat(many),
        "=\n".repeat(many),
        format!("[profile a]\nk = 1\n{}  x\n", "\n".repeat(200_000)),
        format!("[profile {}]\n", "\\'".repeat(500_000)),
        format!("{}[a]", "\u{3000}".repeat(100_000)),
    ] {
        let config = Config::test(text, "[a]\nz = 1\n");
        assert!(config.profile(&name("a")).is_some());
        assert!(config.names().len() <= many + 1);
        assert!(config.problems().len() <= 400);
    }
}

/// Bytes that mean something, in any order: nothing panics, and an edit is right or refused.
#[test]
fn any_bytes_can_be_read() {
    let alphabet: [&[u8]; 24] = [
        b"[",
        b"]",
        b"\n",
        b"\n",
        b"\r",
        b"\r\n",
        b"=",
        b":",
        b" ",
        b"\t",
        b"#",
        b";",
        b"a",
        b"profile ",
        b"profile a",
        b"[profile a]\n",
        b"DEFAULT",
        b"'",
        b"\"",
        b"\\",
        b"\0",
        b"\xff",
        "\u{3000}".as_bytes(),
        b"\xef\xbb\xbf",
    ];
    let mut dice = random::Dice(0x5eed_0004);
    for _ in 0..5_000 {
        let length = dice.below(60);
        let bytes: Vec<u8> = std::iter::repeat_with(|| alphabet[dice.below(alphabet.len())])
            .take(length)
            .flatten()
            .copied()
            .collect();
        for which in [Which::Config, Which::Credentials] {
            let document = Document::parse(which, bytes.clone());
            let flaws = document.flaws();
            for name in document.names(Family::Profile) {
                assert!(!document.find(&SectionId::profile(&name)).is_empty());
            }
            assert_eq!(
                document.line(document.text.len()),
                1 + lines::Rows::of_file(&document.text, &[]).count()
                    - usize::from(!document.text.is_empty() && !document.text.ends_with(['\n', '\r']))
            );
            if flaws.obstacle.is_none() {
                let change = edits::change(SectionId::profile("a"), "a", Some("b"));
                if let Ok(Some(text)) = rewrite::rewrite(&document, &[change]) {
                    let after = Document::parse(which, text.as_bytes().to_vec());
                    let section = after.find(&SectionId::profile("a"));
                    assert!(
                        after.items(&section).iter().any(|item| item.key == "a" && item.value == "b"),
                        "{bytes:?}"
                    );
                    assert_eq!(after.has_bom, document.has_bom);
                }
            }
        }
    }
}
