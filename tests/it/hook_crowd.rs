//! Many shells with the hook, and one renewal.

use crate::crowd::{signed_in, turn};
use crate::hook::{at_hand_for, held_for, key, loaded};
use crate::hook_refresh::{renewals, until_renewed};
use crate::seat::Seat;
use crate::seat_shells::{Shell, shells};
use crate::sim::{Fault, Op};
use std::time::Duration;

#[test]
fn twenty_shells_ask_once() {
    let _turn = turn();
    let world = signed_in();
    let mut seats: Vec<(&Shell, Seat)> = Vec::new();
    for shell in shells() {
        let many = if shell.name == "bash" { 8 } else { 6 };
        seats.extend((0..many).map(|_| (shell, loaded(shell, &world))));
    }
    if seats.len() < 20 {
        return;
    }
    let old = key(&mut seats[0].1);
    world.sim.fault(Op::Refresh, Fault::Slow(Duration::from_secs(3)));
    at_hand_for(&world, 300);
    for (shell, at) in &mut seats {
        held_for(shell, at, -5, 300);
    }
    let mut keys: Vec<String> = Vec::new();
    for (_, at) in &mut seats {
        until_renewed(at, &old);
        keys.push(key(at));
    }
    keys.dedup();
    assert_eq!((keys.len(), renewals(&world)), (1, 1), "{keys:?}");
    // and all of them, with a command each, after the end
    at_hand_for(&world, 0);
    for (shell, at) in &mut seats {
        held_for(shell, at, 0, 0);
        at.starts("true");
    }
    for (_, at) in &mut seats {
        at.prompt();
        assert_ne!(key(at), keys[0]);
    }
    assert_eq!(renewals(&world), 2);
}
