//! Many real processes at once, what became of each, and the sign-in that they share.

use crate::world::{World, eventually};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The program itself.
pub(crate) const AWSENV: &str = env!("CARGO_BIN_EXE_awsenv");

/// A profile that signs in as Alice.
pub(crate) const DEV: &str =
    "[profile dev]\nlogin_session = arn:aws:sts::123456789012:assumed-role/Admin/alice\nregion = eu-west-1\n";

/// How one process ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; 128 and the signal if one ended it.
    pub(crate) code: i32,
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The access key id that an export printed.
    pub(crate) fn key_id(&self) -> &str {
        let after = self.stdout.split_once("AWS_ACCESS_KEY_ID='").map_or("", |(_, after)| after);
        after.split('\'').next().unwrap_or_default()
    }
}

/// Tests that start many processes, or measure time, take turns: two cores are not enough for two of them.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the long versions of tests are wanted.
pub(crate) fn long() -> bool {
    std::env::var("AWSENV_TEST_LONG").as_deref() == Ok("1")
}

/// A world whose `dev` is signed in.
pub(crate) fn signed_in() -> World {
    let world = World::new().config(DEV);
    let login = world.run("login dev");
    assert_eq!(login.code, 0, "{login}");
    world
}

/// What the one token file holds.
pub(crate) fn token_of(world: &World) -> String {
    std::fs::read_to_string(world.token_file()).unwrap_or_default()
}

/// Has the credentials in a token file end long ago.
pub(crate) fn expire(token: &Path) {
    let text = std::fs::read_to_string(token).expect("a token file");
    std::fs::write(token, expired(&text)).expect("a token file of the test's own");
}

/// The text of a token file whose credentials ended long ago.
pub(crate) fn expired(text: &str) -> String {
    ends(text, "2020-01-01T00:00:00Z")
}

/// The text of a token file whose credentials end at this moment.
pub(crate) fn ends(text: &str, at: &str) -> String {
    let mut token: serde_json::Value = serde_json::from_str(text).expect("JSON");
    token["accessToken"]["expiresAt"] = at.into();
    token.to_string()
}

/// Starts a process whose streams are kept.
pub(crate) fn start(command: &mut Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process is started")
}

/// Waits for its end.
pub(crate) fn end(child: Child) -> Ran {
    let done = child.wait_with_output().expect("a process ends");
    let signal = std::os::unix::process::ExitStatusExt::signal(&done.status);
    Ran {
        code: done.status.code().or(signal.map(|signal| 128 + signal)).unwrap_or(-1),
        signal,
        stdout: String::from_utf8_lossy(&done.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&done.stderr).into_owned(),
    }
}

/// awsenv with these arguments, started.
pub(crate) fn awsenv(world: &World, args: &[&str]) -> Child {
    start(world.command().args(args))
}

/// Sends a signal.
pub(crate) fn signal(child: &Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, signal).expect("the process is ours");
}

/// Runs `count` processes that pass one gate at the same moment. Also the time from there to the last one's end.
pub(crate) fn together(world: &World, count: usize, args: &[&str]) -> (Vec<Ran>, Duration) {
    let gate: PathBuf = world.path("gate");
    if !gate.exists() {
        let made = Command::new("mkfifo").arg(&gate).status().expect("mkfifo is there");
        assert!(made.success());
    }
    let wait = ": < \"$0\"; exec \"$@\"";
    let children: Vec<Child> = (0..count)
        .map(|_| {
            let mut shell = world.command_of(Path::new("/bin/sh"));
            start(shell.args(["-c", wait]).arg(&gate).arg(AWSENV).args(args))
        })
        .collect();
    std::thread::sleep(Duration::from_millis(300)); // all of them wait at the gate by now
    let started = Instant::now();
    let open = File::options().write(true).open(&gate).expect("somebody waits at the gate");
    let ran = children.into_iter().map(end).collect();
    drop(open); // until now, for one that came late
    (ran, started.elapsed())
}

/// Waits until the simulator has seen this many calls that begin so.
pub(crate) fn until_called(world: &World, call: &str, times: usize) {
    eventually(call, || world.sim.count(call) >= times);
}
