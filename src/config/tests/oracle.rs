//! Random files, read by this room and by botocore: both must say the same.

use super::cases;
use super::random::{Dice, file};
use crate::config::document::Document;
use crate::config::rewrite::{self, Change};
use crate::config::{Config, Family, Problem, SectionId, Which};
use crate::host::random::hex;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::Stdio;
use zeroize::Zeroizing;

/// What botocore reads from pairs of files; `None` where there is no botocore.
fn ask(pairs: &[(Vec<u8>, Vec<u8>)]) -> Option<Vec<Value>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "which Python, and whether it may be missing, is the test run's"
    )]
    let var = |name| std::env::var(name).ok();
    let python = var("AWSENV_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    #[expect(clippy::disallowed_methods, reason = "the oracle is no part of the program")]
    let mut command = std::process::Command::new(&python);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/oracle/botocore_config.py");
    command
        .arg(script)
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let answer = command.spawn().ok().and_then(|mut child| {
        let mut stdin = child.stdin.take()?;
        let lines = pairs.iter().map(|(config, credentials)| {
            format!("{}\n", json!({ "config": hex(config), "credentials": hex(credentials) }))
        });
        let lines: String = lines.collect();
        let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
        let output = child.wait_with_output().ok()?;
        writer.join().ok()?.ok()?;
        output.status.success().then_some(output.stdout)
    });
    let Some(answer) = answer else {
        assert!(var("CI").is_none_or(|ci| ci != "true"), "{python} has no botocore");
        let _ = writeln!(std::io::stderr(), "not run here: botocore");
        return None;
    };
    let lines = std::str::from_utf8(&answer).unwrap().lines();
    let answers: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), pairs.len());
    Some(answers)
}

/// The same shape from this room.
fn ours(config: &Config) -> Value {
    if config.problems().iter().any(|problem| problem.fatal_for_aws_cli) {
        return json!({ "refused": "" });
    }
    let [profiles, sso_sessions, services] = config.as_json();
    json!({ "profiles": profiles, "sso_sessions": sso_sessions, "services": services })
}

/// How two readers agree.
#[derive(Debug, PartialEq)]
enum Verdict {
    Same,
    /// What we read on purpose and the AWS CLI does not.
    OnPurpose,
    Otherwise(String),
}

fn judge(config: &[u8], credentials: &[u8], mut theirs: Value) -> Verdict {
    if theirs.get("refused").is_some() {
        theirs = json!({ "refused": "" });
    }
    let read = Config::test(config, credentials);
    let ours = ours(&read);
    if ours == theirs {
        return Verdict::Same;
    }
    // a section that only we see; a value that we do not hand on; a bad block that every section overrides
    let inherits = [config, credentials].iter().any(|text| text.windows(9).any(|part| part == b"[DEFAULT]"));
    let on_purpose = |problem: &Problem| {
        let says = |words| problem.message.contains(words);
        says("blanks inside the brackets") || says("NUL") || inherits && says("nested block")
    };
    if read.problems().iter().any(on_purpose) {
        return Verdict::OnPurpose;
    }
    let texts = [config, credentials].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    Verdict::Otherwise(format!("{texts:#?}\nours:   {ours}\ntheirs: {theirs}\n"))
}

#[test]
fn the_written_cases_are_read_as_botocore_reads_them() {
    let pairs: Vec<_> = cases::cases().into_iter().map(|case| (case.config, case.credentials)).collect();
    for ((config, credentials), theirs) in pairs.iter().zip(ask(&pairs).unwrap_or_default()) {
        let verdict = judge(config, credentials, theirs);
        assert!(matches!(verdict, Verdict::Same | Verdict::OnPurpose), "{verdict:?}");
    }
}

#[test]
fn two_thousand_random_pairs_are_read_as_botocore_reads_them() {
    let mut dice = Dice(0x5eed_0001);
    let pair = |dice: &mut Dice| (file(dice, Which::Config, false), file(dice, Which::Credentials, false));
    let pairs: Vec<_> = std::iter::repeat_with(|| pair(&mut dice)).take(2_000).collect();
    let Some(answers) = ask(&pairs) else { return };
    let (mut on_purpose, mut refused, mut otherwise) = (0, 0, Vec::new());
    for ((config, credentials), theirs) in pairs.iter().zip(answers) {
        refused += usize::from(theirs.get("refused").is_some());
        match judge(config, credentials, theirs) {
            Verdict::Same => {}
            Verdict::OnPurpose => on_purpose += 1,
            Verdict::Otherwise(how) => otherwise.push(how),
        }
    }
    let counts = format!("2000 pairs: {refused} refused by botocore, {on_purpose} read otherwise on purpose");
    let _ = writeln!(std::io::stderr(), "{counts}, {} otherwise", otherwise.len());
    assert!(otherwise.is_empty(), "{counts}\n{}", otherwise[..otherwise.len().min(5)].join("\n"));
    assert!(on_purpose <= 20 && refused < 500, "{counts}");
}

/// One random edit: the file, the change, the text before and after.
struct Edited {
    which: Which,
    change: Change,
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Edited {
    /// `None` if the file must not be edited or the change cannot be written.
    fn random(dice: &mut Dice) -> Option<Edited> {
        let which = if dice.once_in(3) { Which::Credentials } else { Which::Config };
        let before = file(dice, which, false);
        let document = Document::parse(which, before.clone());
        let inherits = document.sections.iter().any(|section| document.text[section.header()] == *"DEFAULT");
        let mut names = document.names(Family::Profile);
        names.extend(["new", "new name", "dev"].map(str::to_owned));
        let name = names.swap_remove(dice.below(names.len()));
        let key = dice.one(&["region", "output", "s3", "key with blank", "new_key"]).to_owned();
        let value = (!dice.once_in(4)).then(|| dice.one(&["new", "", "a = b", "# x", "[y]", "日本 語"]));
        let is_new = document.find(&SectionId::profile(&name)).is_empty();
        if document.flaws().obstacle.is_some() || document.has_bom || inherits && (is_new || value.is_none())
        {
            return None;
        }
        let value = value.map(|value| Zeroizing::new(value.to_owned()));
        let change = Change { section: SectionId::profile(&name).into_owned(), key, value };
        match rewrite::rewrite(&document, std::slice::from_ref(&change)) {
            Ok(after) => {
                let after = after.map_or(before.clone(), |after| after.as_bytes().to_vec());
                Some(Edited { which, change, before, after })
            }
            Err(why) => {
                let rightly = ["no header", "blanks inside", "cannot be the name"];
                assert!(rightly.iter().any(|why_not| why.contains(why_not)), "{why}\n{:?}", document.text);
                None
            }
        }
    }

    fn pair(&self, text: &[u8]) -> (Vec<u8>, Vec<u8>) {
        match self.which {
            Which::Config => (text.to_vec(), Vec::new()),
            Which::Credentials => (Vec::new(), text.to_vec()),
        }
    }

    /// What botocore should read after the edit, from what it read before.
    fn expected(&self, mut before: Value) -> Value {
        let (name, key) = (&*self.change.section.name, &self.change.key);
        let profiles = before["profiles"].as_array_mut().unwrap();
        let known = profiles.iter_mut().find(|profile| profile[0] == name);
        match (known, &self.change.value) {
            (Some(profile), Some(value)) => profile[1][key] = value.as_str().into(),
            (Some(profile), None) => drop(profile[1].as_object_mut().unwrap().shift_remove(key)),
            (None, Some(value)) => profiles.push(json!([name, { key: value.as_str() }])),
            (None, None) => {}
        }
        before
    }

    /// The lines that went and those that came, between what both texts begin and end with.
    fn difference(&self) -> (Vec<&[u8]>, Vec<&[u8]>) {
        let end = if self.before.contains(&b'\n') { b'\n' } else { b'\r' };
        let split = |text| <[u8]>::split_inclusive(text, |b| *b == end).collect::<Vec<_>>();
        let (before, after) = (split(&self.before), split(&self.after));
        let same = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
        let (before, after) = (&before[same..], &after[same..]);
        let same = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
        (before[..before.len() - same].to_vec(), after[..after.len() - same].to_vec())
    }
}

#[test]
fn four_hundred_random_edits_are_read_back_by_botocore() {
    let mut dice = Dice(0x5eed_0002);
    let edits: Vec<_> = std::iter::repeat_with(|| Edited::random(&mut dice)).flatten().take(400).collect();
    let pairs: Vec<_> =
        edits.iter().flat_map(|edit| [edit.pair(&edit.before), edit.pair(&edit.after)]).collect();
    let Some(answers) = ask(&pairs) else { return };
    let mut changed = 0;
    for (edit, answers) in edits.iter().zip(answers.chunks(2)) {
        let shown = || {
            let [before, after] =
                [&edit.before, &edit.after].map(|text| String::from_utf8_lossy(text).into_owned());
            format!(
                "{} {} {:?}\n{before:?}\n{after:?}",
                edit.change.section.name, edit.change.key, edit.change.value
            )
        };
        assert_eq!(answers[1], edit.expected(answers[0].clone()), "{}", shown());
        changed += usize::from(edit.before != edit.after);

        let (gone, come) = edit.difference();
        let keeps = |line: &&&[u8]| line.trim_ascii_start().starts_with(b"#");
        let kept = come.iter().filter(keeps).count();
        assert!(come.len() - kept <= 5, "{}", shown());
        for line in gone.iter().filter(|line| !keeps(line)) {
            let line = String::from_utf8_lossy(line).to_lowercase();
            let is_key = line.trim_start().starts_with(&edit.change.key);
            let is_later = line.starts_with([' ', '\t', '\u{3000}']) || line.trim().is_empty();
            let is_last = !line.ends_with(['\n', '\r']); // it got a line end
            assert!(is_key || is_later || is_last, "{line:?} of {}", shown());
        }
    }
    let _ = writeln!(std::io::stderr(), "400 edits, {changed} that changed the file: all right");
    assert!(changed > 250, "{changed}");
}

#[test]
fn a_thousand_simple_files_are_read_as_the_crate_configparser_reads_them() {
    let mut dice = Dice(0x5eed_0003);
    for _ in 0..1_000 {
        let text = String::from_utf8(file(&mut dice, Which::Credentials, true)).unwrap();
        let mut oracle = configparser::ini::Ini::new_cs();
        oracle.set_multiline(true);
        oracle.set_inline_comment_symbols(Some(&[]));
        oracle.set_default_section("\u{1}");
        let theirs = oracle.read(text.clone()).unwrap();
        let ours = Document::parse(Which::Credentials, text.clone().into_bytes());
        assert!(ours.flaws().obstacle.is_none(), "{text}");
        for at in 0..ours.sections.len() {
            let section = &theirs[ours.header(at)];
            let items = ours.items_of(at);
            assert_eq!(items.len(), section.len(), "{text}");
            for item in items {
                let value = section
                    .iter()
                    .find(|(key, _)| key.to_lowercase() == item.key)
                    .and_then(|(_, v)| v.as_deref());
                assert_eq!(value.map(str::trim), Some(item.value.trim()), "{}\n{text}", item.key);
            }
        }
        assert_eq!(theirs.len(), ours.sections.len(), "{text}");
    }
}
