//! Edits of the config file, killed at every moment.

use crate::crowd::{awsenv, end, signal, turn};
use crate::world::World;
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// A file with what an edit must keep: comments, an odd order, a nested block, many others.
fn before() -> String {
    let others: String = (0..200).map(|n| format!("[profile team-{n}]\nregion = eu-west-1 \n\n")).collect();
    format!("# mine\n{others}[profile dev]\n; kept\ns3 =\n  a = 1\n# the end\n")
}

/// A sign-in up to its edit takes most of the time: kills fall in the last part, where the file is written.
#[test]
fn every_kill_leaves_the_old_config_or_the_new() {
    let _turn = turn();
    let rounds = if crate::crowd::long() { 1000 } else { 40 };
    let old = before();
    let world = World::new().config(&old);
    let login = ["login", "dev", "--region", "eu-west-1", "--force"];
    let mut whole = Duration::MAX;
    for _ in 0..3 {
        world.write("home/.aws/config", &old);
        let started = Instant::now();
        assert_eq!(end(awsenv(&world, &login)).code, 0);
        whole = whole.min(started.elapsed());
    }
    let new = world.read("home/.aws/config");
    assert!(
        new.starts_with("# mine\n") && new.contains("login_session = ") && new.contains("; kept\n"),
        "{new}"
    );
    let (mut edited, mut killed) = (0, 0);
    for round in 0..rounds {
        world.write("home/.aws/config", &old);
        let child = awsenv(&world, &login);
        let part = 0.3 + f64::from(round * 37 % 100) / 130.0;
        std::thread::sleep(whole.mul_f64(part).min(Duration::from_secs(2)));
        signal(&child, Signal::KILL);
        killed += u32::from(end(child).signal == Some(9));
        let now = world.read("home/.aws/config");
        assert!(now == old || now == new, "round {round}:\n{now}");
        edited += u32::from(now == new);
        let backup = world.read("home/.aws/config.awsenv-bak");
        assert!(backup.is_empty() || backup == old, "round {round}:\n{backup}");
    }
    println!("{killed} of {rounds} killed within {whole:.0?}: {edited} new, the rest old");
    // a few rounds may all fall before the edit; a thousand do not
    assert!(killed > 0 && (edited > 0 || rounds < 1000), "{killed} killed, {edited} edited of {rounds}");
    world.write("home/.aws/config", &old);
    assert_eq!(end(awsenv(&world, &login)).code, 0, "a killed edit holds nobody up");
    assert_eq!(world.read("home/.aws/config"), new);
}
