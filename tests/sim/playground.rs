//! The playground: the simulator to play with. `cargo run --example playground [PORT]`, then do as it says.

#[path = "mod.rs"]
#[expect(dead_code, reason = "the playground needs a part of what tests need")]
mod sim;

use std::io::{self, Write as _};
use std::time::Duration;

fn main() -> io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(0);
    let sim = sim::Sim::on_port(port);
    sim.identity("arn:aws:sts::123456789012:assumed-role/ReadOnly/alice");
    sim.identity("arn:aws:iam::210987654321:user/bob");
    let mut out = io::stdout();
    for (name, value) in sim.env() {
        writeln!(out, "export {name}={value}")?;
    }
    writeln!(
        out,
        "# Set these in another shell and sign in there. What is asked here will be listed below."
    )?;

    let (mut calls, mut refusals) = (0, 0);
    loop {
        std::thread::sleep(Duration::from_millis(200));
        for call in &sim.calls()[calls..] {
            writeln!(out, "{call}")?;
            calls += 1;
        }
        for refusal in &sim.refusals()[refusals..] {
            writeln!(out, "  refused: {refusal}")?;
            refusals += 1;
        }
    }
}
