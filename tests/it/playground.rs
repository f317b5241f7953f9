//! The playground: its story holds, each of its steps can fail, and every shell lets a newcomer in and out.

use crate::sim::{self, Sim, whoami};
use crate::world::ALICE;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The playground's program, if it was built: `cargo test` without a filter builds it.
fn program() -> Option<PathBuf> {
    let built = Path::new(env!("CARGO_BIN_EXE_awsenv")).parent()?.join("examples/playground");
    let found = built.is_file();
    if !found {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "the playground is needed in CI");
        println!("not run here: playground");
    }
    found.then_some(built)
}

/// A directory for the homes of playgrounds, which is to be empty afterwards.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let place = std::env::temp_dir().join(format!("awsenv-it-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&place);
        std::fs::create_dir(&place).expect("the temporary directory can be written");
        Place(place)
    }

    /// Homes that are left. (fish has a directory of its own here.)
    fn left(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.0).into_iter().flatten().flatten();
        let is_home = |name: &str| name.starts_with("awsenv-playground");
        entries.filter(|entry| is_home(&entry.file_name().to_string_lossy())).map(|e| e.path()).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run(program: &Path, place: &Place, args: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(args).env("TMPDIR", &place.0).stdin(Stdio::null());
    command.output().expect("the playground starts")
}

#[cfg(unix)]
#[test]
fn the_story_holds_and_each_step_of_it_can_fail() {
    let Some(program) = program() else { return };
    let place = Place::new("story");
    let list = run(&program, &place, &["--break", "list"]);
    let names = String::from_utf8_lossy(&list.stdout).into_owned();
    assert!(names.lines().count() >= 11, "{names}");

    std::thread::scope(|all| {
        let play = |args: Vec<&'static str>| run(&program, &place, &args);
        let whole = all.spawn(move || play(vec!["--demo"]));
        let broken: Vec<_> = names
            .lines()
            .map(|step| (step, all.spawn(|| run(&program, &place, &["--break", step]))))
            .collect();
        let whole = whole.join().unwrap();
        let told = String::from_utf8_lossy(&whole.stdout) + String::from_utf8_lossy(&whole.stderr);
        assert!(whole.status.success(), "{told}");
        for step in names.lines() {
            assert!(told.contains(&format!(". {step}: ")), "`{step}` is not told:\n{told}");
        }
        for (step, done) in broken {
            let done = done.join().unwrap();
            let told = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
            assert_eq!(done.status.code(), Some(1), "`{step}` was broken, and the story went on:\n{told}");
            assert!(told.contains(&format!("FAILED at {step}: ")), "`{step}` failed elsewhere:\n{told}");
        }
    });
    assert!(place.left().is_empty(), "{:?}", place.left());
}

#[cfg(unix)]
#[test]
fn a_newcomer_signs_in_looks_around_and_leaves_in_every_shell() {
    use crate::terminal::Terminal;
    use std::os::unix::process::CommandExt as _;
    let Some(program) = program() else { return };
    for (shell, login) in [
        ("bash", r#"eval "$(awsenv login dev --region us-east-1)""#),
        ("zsh", r#"eval "$(awsenv login dev --region us-east-1)""#),
        ("fish", "awsenv login dev --region us-east-1 | source"),
        ("sh", r#"eval "$(awsenv login dev --region us-east-1)""#),
    ] {
        if !crate::world::has(shell) {
            continue;
        }
        let place = Place::new(shell);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path).map(|dir| dir.join(shell)).find(|path| path.is_file());
        let mut enter = Command::new(&program);
        enter.arg0("in-terminal").env("TMPDIR", &place.0).env("SHELL", found.unwrap_or_default());
        enter.env("AWS_PROFILE", "mine").env("AWSENV_PROFILE", "mine").env("TERM", "dumb");
        let words = [&*program.to_string_lossy(), "--headless"];
        let mut terminal = Terminal::start(enter, &words, crate::world::flag()).unwrap();
        let mut after = |line: &str, mark: &str| {
            if !line.is_empty() {
                terminal.enter(line).unwrap();
            }
            terminal.until(mark).unwrap_or_else(|why| panic!("{shell}, after `{line}`: {why}"))
        };
        let greeting = after("", "Leave with `exit`");
        assert!(greeting.trim_start().lines().count() <= 5, "{shell}: {greeting}");
        let typed = login.replace(" --region us-east-1", "");
        assert!(greeting.contains(&typed), "{shell}: {greeting}");
        after("", "playground ");
        after(login, "dev: Admin in 123456789012 us-east-1 (15m left)");
        after("aws-whoami", ALICE);
        after("awsenv exec dev -- aws-whoami", ALICE);
        after("exit", "The playground's home is removed. AWS was asked 5 times:");
        after("", "sts GetCallerIdentity (3 times)");
        drop(terminal);
        assert!(place.left().is_empty(), "{shell}: {:?}", place.left());
    }
}

#[test]
fn without_a_terminal_it_is_said_what_to_do() {
    let Some(program) = program() else { return };
    let place = Place::new("no-terminal");
    for (args, words) in [
        (&[][..], "--demo"),
        (&["--headless"], "--demo"),
        (&["--nonsense"], "usage: playground"),
        (&["--break", "nothing"], "there is no step `nothing`"),
    ] {
        let done = run(&program, &place, args);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!((done.status.code(), said.contains(words)), (Some(2), true), "{args:?}: {said}");
    }
    assert!(place.left().is_empty());
}

#[test]
fn the_stand_in_for_a_tool_is_believed_only_with_good_keys() {
    let sim = Sim::start();
    sim.key("AKIAGOOD", "se/cr+et", "arn:aws:iam::123456789012:user/bob");
    let ask = |secret: &'static str| {
        let url = sim.url().to_owned();
        whoami::ask(move |name| match name {
            "AWS_ACCESS_KEY_ID" => Some("AKIAGOOD".to_owned()),
            "AWS_SECRET_ACCESS_KEY" => Some(secret.to_owned()),
            "AWS_ENDPOINT_URL_STS" => Some(url.clone()),
            _ => None,
        })
    };
    assert_eq!(ask("se/cr+et"), Ok("arn:aws:iam::123456789012:user/bob".to_owned()));
    assert_eq!(ask("other"), Err("STS says 403: SignatureDoesNotMatch".to_owned()));
    assert!(ask("").unwrap_err().starts_with("AWS_SECRET_ACCESS_KEY is not set"));
    assert_eq!(sim::words("<html><head>x</head><body class=a><h1>A  b</h1>\n&lt;c&gt;"), "A b <c>");
}

#[cfg(unix)]
#[test]
fn a_playground_that_is_interrupted_leaves_nothing() {
    use rustix::process::{Pid, Signal, kill_process};
    let Some(program) = program() else { return };
    let place = Place::new("interrupted");
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut command = Command::new(&program);
        command.arg("--demo").env("TMPDIR", &place.0).stdin(Stdio::null()).stdout(Stdio::null());
        let mut story = command.spawn().expect("the playground starts");
        crate::world::eventually("the home is made", || {
            place.left().iter().any(|home| home.join("home/.aws").is_dir())
        });
        kill_process(Pid::from_child(&story), signal).unwrap();
        assert_eq!(story.wait().unwrap().code(), Some(1), "{signal:?}");
        assert!(place.left().is_empty(), "{:?}", place.left());
    }
}
