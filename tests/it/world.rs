//! A world for one test: a home of its own, the simulator, a person, and runs of awsenv in it.

pub(crate) use crate::output::Output;
use crate::output::normal_line;
pub(crate) use crate::sim::ALICE;
use crate::sim::{Person, Sim};
use awsenv::{Fake, Host};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

type Typist = Arc<dyn Fn(usize, &str) -> Option<String> + Send + Sync>;

/// A world. Dropped, it leaves nothing.
pub(crate) struct World {
    pub(crate) sim: Sim,
    root: PathBuf,
    env: BTreeMap<String, String>,
    now: Option<i64>,
    typist: Option<Typist>,
    stdout_is_terminal: bool,
    browser: Option<Arc<dyn Fn(String) + Send + Sync>>,
    opened: Arc<AtomicUsize>,
}

impl World {
    /// An empty home, a simulator, a browser in which a person goes on as Alice, no terminal.
    pub(crate) fn new() -> World {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("awsenv-it-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        std::fs::create_dir_all(root.join("home")).expect("the temporary directory can be written");
        let sim = Sim::start();
        let mut env: BTreeMap<String, String> =
            sim.env().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        env.insert("HOME".into(), root.join("home").to_string_lossy().into_owned());
        env.insert("PATH".into(), std::env::var("PATH").unwrap_or_default());
        env.insert("AWSENV_SHELL".into(), "bash".into());
        env.insert("AWS_EC2_METADATA_DISABLED".into(), "true".into());
        let world = World {
            sim,
            root,
            env,
            now: None,
            typist: None,
            stdout_is_terminal: false,
            browser: None,
            opened: Arc::default(),
        };
        world.person(|person, url| drop(person.approve(&url)))
    }

    /// What the person does with a page that opens.
    pub(crate) fn person(mut self, does: impl Fn(&Person, String) + Send + Sync + 'static) -> World {
        self.browser = Some(Arc::new(move |url| does(&Person::new(), url)));
        self
    }

    /// A machine without a browser.
    pub(crate) fn no_browser(mut self) -> World {
        self.browser = None;
        self
    }

    /// `~/.aws/config`.
    pub(crate) fn config(self, text: &str) -> World {
        self.write("home/.aws/config", text);
        self
    }

    /// `~/.aws/credentials`.
    pub(crate) fn credentials(self, text: &str) -> World {
        self.write("home/.aws/credentials", text);
        self
    }

    /// A variable of the environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> World {
        self.env.insert(name.into(), value.into());
        self
    }

    /// A variable less.
    pub(crate) fn without(mut self, name: &str) -> World {
        self.env.remove(name);
        self
    }

    /// A clock that stands, for awsenv and for the simulator.
    pub(crate) fn at(mut self, now: i64) -> World {
        self.now = Some(now);
        self.sim.set_now(now);
        self
    }

    /// Only awsenv's clock: the simulator's stays.
    pub(crate) fn local_clock(mut self, now: i64) -> World {
        self.now = Some(now);
        self
    }

    /// A terminal, and what is typed on it, question by question.
    pub(crate) fn answers(self, answers: &[&str]) -> World {
        let answers: Vec<String> = answers.iter().map(ToString::to_string).collect();
        self.types(move |question, _| answers.get(question).cloned())
    }

    /// A terminal, and somebody who answers the question of that number, having read all that was said.
    pub(crate) fn types(
        mut self,
        types: impl Fn(usize, &str) -> Option<String> + Send + Sync + 'static,
    ) -> World {
        self.typist = Some(Arc::new(types));
        self
    }

    /// stdout is that terminal.
    pub(crate) fn on_a_terminal(mut self) -> World {
        self.stdout_is_terminal = true;
        if self.typist.is_none() { self.answers(&[]) } else { self }
    }

    /// The path of a file of this world, such as `home/.aws/config`.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// Writes a file of this world.
    pub(crate) fn write(&self, below: &str, text: &str) {
        let path = self.path(below);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))
            .expect("a directory of the test's own");
        std::fs::write(path, text).expect("a file of the test's own");
    }

    /// Reads a file of this world; empty if there is none.
    pub(crate) fn read(&self, below: &str) -> String {
        std::fs::read_to_string(self.path(below)).unwrap_or_default()
    }

    /// The one token file of the login cache.
    pub(crate) fn token_file(&self) -> PathBuf {
        let dir = self.path("home/.aws/login/cache");
        let files = std::fs::read_dir(&dir).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut tokens: Vec<_> =
            files.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
        assert_eq!(tokens.len(), 1, "token files in {}", dir.display());
        tokens.remove(0)
    }

    /// Every file below the home, relative to it, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
                if entry.path().is_dir() {
                    walk(&entry.path(), found);
                } else {
                    found.push(entry.path());
                }
            }
        }
        let home = self.path("home");
        let mut found = Vec::new();
        walk(&home, &mut found);
        let mut names: Vec<_> = found
            .iter()
            .filter_map(|path| Some(path.strip_prefix(&home).ok()?.to_string_lossy().into_owned()))
            .collect();
        names.sort();
        names
    }

    /// How often a browser was opened.
    pub(crate) fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    /// Runs awsenv in this process, with the words of `line` as a POSIX shell would split them.
    pub(crate) fn run(&self, line: &str) -> Output {
        let words = shell_words::split(line).expect("words of the test's own");
        let mut argv = vec!["awsenv".into()];
        argv.extend(words.into_iter().map(Into::into));
        let opened = Arc::clone(&self.opened);
        let browser = self.browser.clone().map(|browser| {
            Box::new(move |url: String| {
                opened.fetch_add(1, Ordering::SeqCst);
                let browser = Arc::clone(&browser);
                std::thread::spawn(move || browser(url));
            }) as Box<dyn Fn(String)>
        });
        let host = Host::fake(Fake {
            env: self.env.clone().into_iter().collect(),
            now: self.now,
            person: self.typist.clone().map(|typist| {
                let mut question = 0;
                Box::new(move |said: &str| {
                    question += 1;
                    typist(question - 1, said)
                }) as awsenv::Person
            }),
            stdout_is_terminal: self.stdout_is_terminal,
            browser,
        });
        let code = awsenv::run(&host, &argv);
        let (stdout, stderr) = host.written();
        self.output(line, code.into(), &String::from_utf8_lossy(&stdout), &stderr)
    }

    /// The variables of a loaded shell, as the next run's environment: what `eval` would have done.
    pub(crate) fn eval(self, output: &Output) -> World {
        let mut world = self;
        for line in output.stdout.lines() {
            let statement = line.trim().trim_end_matches(';').replace("\\builtin ", "");
            if let Some(names) = statement.strip_prefix("unset -v ") {
                names.split(' ').for_each(|name| drop(world.env.remove(name)));
            } else if let Some((name, value)) =
                statement.strip_prefix("export ").and_then(|set| set.split_once('='))
            {
                let value = shell_words::split(value).expect("a quoted value").concat();
                world.env.insert(name.into(), value);
            }
        }
        world
    }

    /// A variable of the environment as it is now.
    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str)
    }

    /// awsenv as a real process in this world; `$BROWSER` is a program behind which the person stands.
    pub(crate) fn command(&self) -> Command {
        self.command_of(Path::new(env!("CARGO_BIN_EXE_awsenv")))
    }

    /// Any program in this world, with `awsenv` on its PATH.
    pub(crate) fn command_of(&self, program: &Path) -> Command {
        let bin = Path::new(env!("CARGO_BIN_EXE_awsenv")).parent().unwrap_or(Path::new("/"));
        let path = format!("{}:{}", bin.display(), self.env.get("PATH").map_or("", String::as_str));
        let mut command = Command::new(program);
        command.env_clear().envs(&self.env).env("PATH", path).env("BROWSER", self.browser_program());
        command
    }

    /// A script that hands each URL to the person of this world.
    fn browser_program(&self) -> PathBuf {
        let script = self.path("browser");
        if script.exists() {
            return script;
        }
        let pages = self.path("pages");
        std::fs::create_dir_all(&pages).expect("a directory of the test's own");
        let text = format!(
            "#!/bin/sh\nprintf %s \"$1\" > {0}/$$.new && mv {0}/$$.new {0}/$$.page\n",
            pages.display()
        );
        std::fs::write(&script, text).expect("a file of the test's own");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let _ = std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755));
        }
        let (browser, opened) = (self.browser.clone(), Arc::clone(&self.opened));
        std::thread::spawn(move || {
            while pages.exists() {
                for entry in std::fs::read_dir(&pages).into_iter().flatten().flatten() {
                    let path = entry.path();
                    if path.extension().is_some_and(|end| end == "page") {
                        let url = std::fs::read_to_string(&path).unwrap_or_default();
                        let _ = std::fs::remove_file(&path);
                        opened.fetch_add(1, Ordering::SeqCst);
                        if let Some(browser) = browser.clone() {
                            std::thread::spawn(move || browser(url));
                        }
                    }
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        script
    }

    /// Runs a prepared command to its end.
    pub(crate) fn finish(&self, what: &str, command: &mut Command) -> Output {
        let done = command.output().unwrap_or_else(|e| panic!("{what}: {e}"));
        #[cfg(unix)]
        let signal = std::os::unix::process::ExitStatusExt::signal(&done.status).map(|signal| 128 + signal);
        #[cfg(not(unix))]
        let signal = None;
        let code = done.status.code().or(signal).unwrap_or(-1);
        self.output(
            what,
            code,
            &String::from_utf8_lossy(&done.stdout),
            &String::from_utf8_lossy(&done.stderr),
        )
    }

    /// Makes the output of a run, and fails the test if a secret is where none may be.
    fn output(&self, line: &str, code: i32, stdout: &str, stderr: &str) -> Output {
        let printing = ["export", "login", "unset", "logout"].iter().any(|command| line.contains(command));
        for secret in self.sim.secrets() {
            assert!(!stderr.contains(&secret), "a secret is on stderr of `{line}`:\n{stderr}");
            assert!(printing || !stdout.contains(&secret), "a secret is on stdout of `{line}`:\n{stdout}");
        }
        let mut shown = self.normal(stdout);
        if !stderr.is_empty() {
            shown = format!("{shown}---\n{}", self.normal(stderr));
        }
        if !shown.is_empty() && !shown.ends_with('\n') {
            shown.push('\n');
        }
        shown += &format!("[exit {code}]");
        Output { code, stdout: stdout.to_owned(), stderr: stderr.to_owned(), shown }
    }

    fn normal(&self, text: &str) -> String {
        let mut text =
            text.replace(&*self.path("home").to_string_lossy(), "~").replace(self.sim.url(), "http://SIM");
        for secret in self.sim.secrets() {
            text = text.replace(&secret, "[SECRET]");
        }
        text.lines().map(normal_line).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// Whether a program that a test needs is here. Its lack is a failure with `CI=true`, else it is said.
pub(crate) fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|dir| dir.join(program).is_file());
    if !found {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "`{program}` is needed in CI");
        println!("not run here: {program}");
    }
    found
}

/// Waits until something holds, for at most ten seconds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("not within ten seconds: {what}");
}

/// A flag that threads share.
pub(crate) fn flag() -> Arc<AtomicBool> {
    Arc::default()
}
