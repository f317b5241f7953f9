//! What an edit makes of a text.

use crate::config::document::Document;
use crate::config::rewrite::{Change, rewrite};
use crate::config::{Family, SectionId, Which};
use zeroize::Zeroizing;

pub(super) fn change(section: SectionId<'_>, key: &str, value: Option<&str>) -> Change {
    let value = value.map(|value| Zeroizing::new(value.to_owned()));
    Change { section: section.into_owned(), key: key.into(), value }
}

fn edited(text: &str, changes: &[Change]) -> Result<String, String> {
    let document = Document::parse(Which::Config, text.as_bytes().to_vec());
    let after = rewrite(&document, changes)?;
    Ok(after.map_or_else(|| text.to_owned(), |after| after.to_string()))
}

/// The same edits as were put to the AWS CLI's `ConfigFileWriter`, in the same order. Where it is wrong we are
/// not: `!` marks those.
#[test]
fn edits_are_the_aws_clis_but_for_its_bugs() {
    let (region, output) = (("region", "y"), ("output", "json"));
    for (before, name, settings, after) in [
        ("", "a", &[("region", "r"), output][..], "[profile a]\nregion = r\noutput = json\n"),
        // a blank line before a new section
        ("[default]\nregion = x", "a", &[region], "[default]\nregion = x\n\n[profile a]\nregion = y\n"),
        ("[default]\nregion = x\n", "a", &[region], "[default]\nregion = x\n\n[profile a]\nregion = y\n"),
        ("[default]\nregion = x\n\n", "a", &[region], "[default]\nregion = x\n\n[profile a]\nregion = y\n"),
        (
            "# top\n[profile a]\n# c1\nregion=old ; tail\noutput : text\n\n[profile b]\nregion=z\n",
            "a",
            &[region, output],
            "# top\n[profile a]\n# c1\nregion = y\noutput = json\n\n[profile b]\nregion=z\n",
        ),
        (
            "[profile a]\nregion = x\n\n# about b\n[profile b]\nregion=z\n",
            "a",
            &[output],
            "[profile a]\nregion = x\noutput = json\n\n# about b\n[profile b]\nregion=z\n",
        ),
        // ! the AWS CLI puts it below the first blank line
        ("[profile a]\nregion = x\n\n\n", "a", &[output], "[profile a]\nregion = x\noutput = json\n\n\n"),
        ("[profile a]\nregion = x", "a", &[output], "[profile a]\nregion = x\noutput = json\n"),
        (
            "[profile a]\n[profile b]\nx = 1\n",
            "a",
            &[output],
            "[profile a]\noutput = json\n[profile b]\nx = 1\n",
        ),
        (
            "[profile a]\n#region = old\nx = 1\n",
            "a",
            &[region],
            "[profile a]\n#region = old\nx = 1\nregion = y\n",
        ),
        ("[profile \"a b\"]\nregion = x\n", "a b", &[region], "[profile \"a b\"]\nregion = y\n"),
        // ! each of the next four gets a second section from the AWS CLI, some of them unreadable
        ("[profile 'a b']\nregion = x\n", "a b", &[region], "[profile 'a b']\nregion = y\n"),
        ("[profile a\\ b]\nregion = x\n", "a b", &[region], "[profile a\\ b]\nregion = y\n"),
        ("[profile  a]\nregion = x\n", "a", &[region], "[profile  a]\nregion = y\n"),
        ("  [profile a]\nregion = x\n", "a", &[region], "  [profile a]\nregion = y\n"),
        ("[profile a] # c\nregion = x\n", "a", &[region], "[profile a] # c\nregion = y\n"),
        // ! a second `region`, unreadable
        ("[profile a]\nRegion = x\n", "a", &[region], "[profile a]\nRegion = y\n"),
        // ! the old continuation stays
        (
            "[profile a]\nregion = x\n  cont\noutput = t\n",
            "a",
            &[region],
            "[profile a]\nregion = y\noutput = t\n",
        ),
        // ! the nested key is overwritten
        (
            "[profile a]\ns3 =\n    region = inner\nregion = outer\n",
            "a",
            &[region],
            "[profile a]\ns3 =\n    region = inner\nregion = y\n",
        ),
        // ! LF throughout
        (
            "[profile a]\r\nregion = x\r\n[profile b]\r\nregion = z\r\n",
            "a",
            &[region, output],
            "[profile a]\r\nregion = y\r\noutput = json\r\n[profile b]\r\nregion = z\r\n",
        ),
        // ! a second section
        ("\u{feff}[profile a]\nregion = x\n", "a", &[region], "\u{feff}[profile a]\nregion = y\n"),
        // ! a new key between a key and its continuation
        (
            "[profile a]\ncredential_process = /opt/x\n  --flag\n\n[profile b]\n",
            "a",
            &[output],
            "[profile a]\ncredential_process = /opt/x\n  --flag\noutput = json\n\n[profile b]\n",
        ),
        // ! indentation lost
        (
            "[profile a]\n  x = 1\n  y = 2\n",
            "a",
            &[("x", "3"), output],
            "[profile a]\n  x = 3\n  y = 2\n  output = json\n",
        ),
        ("[profile a]\n\tx = 1\n", "a", &[output], "[profile a]\n\tx = 1\n\toutput = json\n"),
        (
            "[profile a]\n  [profile b]\n  x = 1\n",
            "a",
            &[output],
            "[profile a]\n  output = json\n  [profile b]\n  x = 1\n",
        ),
        ("[profile a]\nx =\n  y=1\n  # keep\n\n  z=2\n", "a", &[("x", "")], "[profile a]\nx =\n  # keep\n"),
        ("[profile a]\rregion = x\r", "a", &[output], "[profile a]\rregion = x\routput = json\r"),
        ("[profile a]\nregion  =  y\n", "a", &[region], "[profile a]\nregion  =  y\n"),
        ("# only\n", "it's", &[region], "# only\n\n[profile 'it'\"'\"'s']\nregion = y\n"),
        ("[profile default]\nx=1\n", "default", &[region], "[profile default]\nx=1\nregion = y\n"),
        ("", "default", &[region], "[default]\nregion = y\n"),
    ] {
        let changes: Vec<_> =
            settings.iter().map(|(key, value)| change(SectionId::profile(name), key, Some(value))).collect();
        assert_eq!(edited(before, &changes).as_deref(), Ok(after), "{before:?}");
    }
}

#[test]
fn a_setting_is_taken_away_with_all_its_lines() {
    for (before, after) in [
        ("[profile a]\nk = t\nx = 1\n", "[profile a]\nx = 1\n"),
        (
            "[profile a]\nx = 1\nK: t\n  more\n\n  more\n\n[profile b]\nk = 1\n",
            "[profile a]\nx = 1\n\n[profile b]\nk = 1\n",
        ),
        ("[profile a]\nk =\n  a=1\n# stays\n  b=2\ny=1\n", "[profile a]\n# stays\ny=1\n"),
        ("[profile a]\nx = 1\n", "[profile a]\nx = 1\n"),
        ("[profile b]\nk = 1\n", "[profile b]\nk = 1\n"),
    ] {
        assert_eq!(
            edited(before, &[change(SectionId::profile("a"), "k", None)]).as_deref(),
            Ok(after),
            "{before:?}"
        );
    }
}

#[test]
fn other_sections_are_edited_alike() {
    let session = SectionId { family: Family::SsoSession, name: "my sso".into() };
    let changes = [
        change(session.clone(), "sso_region", Some("r")),
        change(SectionId::profile("p"), "sso_session", Some("my sso")),
    ];
    let text = edited("", &changes).unwrap();
    assert_eq!(text, "[sso-session 'my sso']\nsso_region = r\n\n[profile p]\nsso_session = my sso\n");
    assert_eq!(edited(&text, &changes), Ok(text.clone()));
    assert_eq!(
        edited(&text, &[change(session, "sso_region", None)]).unwrap(),
        text.replace("sso_region = r\n", "")
    );
}

#[test]
fn what_would_not_come_back_is_refused() {
    let profile = SectionId::profile;
    for (change, why) in [
        (change(profile("a"), "k", Some("x\ny")), "the value for `k` holds a control character or a newline"),
        (change(profile("a"), "k", Some("x\r")), "the value for `k` holds a control character or a newline"),
        (change(profile("a"), "k", Some("\0")), "the value for `k` holds a control character or a newline"),
        (
            change(profile("a"), "k", Some(" [x]")),
            "the value for `k` begins or ends with a blank, which no reader would keep",
        ),
        (
            change(profile("a"), "k", Some("x\u{3000}")),
            "the value for `k` begins or ends with a blank, which no reader would keep",
        ),
        (change(profile("a\nb"), "k", Some("x")), "`a b` cannot be the name of a section"),
        (change(profile(""), "k", Some("x")), "`` cannot be the name of a section"),
        (change(profile("a"), "#k", Some("x")), "`#k` cannot be a key"),
        (change(profile("a"), "a=b", Some("x")), "`a=b` cannot be a key"),
        (change(profile("a"), "", Some("x")), "`` cannot be a key"),
        (
            change(profile("l"), "k", Some("x")),
            "the AWS CLI does not see `[ profile l]`, with its blanks inside the brackets",
        ),
    ] {
        assert_eq!(edited("[profile a]\n[ profile l]\n", &[change]), Err(why.into()));
    }
}
