//! A shell with awsenv's hook in its rc file.

use crate::crowd::{ends, token_of};
use crate::seat::Seat;
use crate::seat_shells::Shell;
use crate::world::World;
use chrono::{DateTime, TimeDelta, Utc};
use std::fs::File;
use std::time::{Duration, SystemTime};

/// The line of the rc file that loads the hook, in quotes for who has global aliases.
pub(crate) fn hook(shell: &Shell) -> String {
    shell.takes(&format!("'awsenv' 'init' '{}'", shell.name)) + "\n"
}

/// The shell with its hook, in which `dev` was loaded.
pub(crate) fn loaded(shell: &Shell, world: &World) -> Seat {
    let mut at = shell.start(world, &hook(shell));
    load(&mut at);
    at
}

/// Loads `dev`, as its user does.
pub(crate) fn load(at: &mut Seat) {
    at.types("awsenv login dev");
    at.sees("dev: Admin in 123456789012");
}

/// What is at hand for every shell was given 13 minutes ago, and ends in so many seconds.
pub(crate) fn at_hand_for(world: &World, seconds: i64) {
    let now = SystemTime::now();
    let end = DateTime::<Utc>::from(now) + TimeDelta::seconds(seconds);
    let text = ends(&token_of(world), &end.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    std::fs::write(world.token_file(), text).unwrap();
    let file = File::options().write(true).open(world.token_file()).unwrap();
    file.set_modified(now - Duration::from_secs(13 * 60)).unwrap();
}

/// What the shell holds is due, and ends, in so many seconds.
pub(crate) fn held_for(shell: &Shell, at: &mut Seat, due: i64, end: i64) {
    let moment = |seconds: i64| (Utc::now().timestamp() + seconds).to_string();
    // one line, so that no prompt comes between
    let lines = [("AWSENV_REFRESH_AT", due), ("AWSENV_EXPIRES_AT", end)];
    at.types(&lines.map(|(name, seconds)| shell.export(name, &moment(seconds))).join("; "));
}

/// The access key that programs get.
pub(crate) fn key(at: &mut Seat) -> String {
    at.env().remove("AWS_ACCESS_KEY_ID").unwrap_or_default()
}

/// What is at hand, and what the shell holds, end while the shell waits at its prompt: what comes next is a command.
pub(crate) fn end_while_it_waits(shell: &Shell, world: &World, at: &mut Seat) {
    // half a second, for the prompt to come
    let seconds = 1 + i64::from(Utc::now().timestamp_subsec_millis() > 500);
    at_hand_for(world, seconds);
    held_for(shell, at, seconds, seconds);
    let end = Utc::now().timestamp() + seconds;
    // a shell's clock goes by the ticks of the kernel, a little late
    while Utc::now().timestamp_millis() < end * 1000 + 50 {
        std::thread::sleep(Duration::from_millis(10));
    }
}
