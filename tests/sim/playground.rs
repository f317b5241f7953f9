//! The playground: the simulator to play with.
//!
//! ```sh
//! cargo run --example playground [PORT]        # serve, and list what is asked
//! cargo run --example playground approve URL   # be the browser: continue as the first identity
//! ```

#[path = "mod.rs"]
#[expect(dead_code, reason = "the playground needs a part of what tests need")]
mod sim;

use sim::{Page, Person, Sim};
use std::io::{self, Write as _};
use std::time::Duration;

fn main() -> io::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["approve", url] => report(&Person::new().approve(url).map_err(io::Error::other)?),
        [] => serve(0),
        [port] => serve(port.parse().map_err(io::Error::other)?),
        _ => Err(io::Error::other("usage: playground [PORT | approve URL]")),
    }
}

fn report(page: &Page) -> io::Result<()> {
    writeln!(io::stdout(), "{}\n{}", page.status, page.body)
}

fn serve(port: u16) -> io::Result<()> {
    let sim = Sim::on_port(port);
    sim.identity("arn:aws:sts::123456789012:assumed-role/ReadOnly/alice");
    sim.identity("arn:aws:iam::210987654321:user/bob");
    let mut out = io::stdout();
    for (name, value) in sim.env() {
        writeln!(out, "export {name}={value}")?;
    }
    writeln!(out, "# Set these in another shell and sign in there. What is asked here is listed below.")?;

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
