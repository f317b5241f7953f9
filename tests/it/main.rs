//! The one test binary: awsenv from outside. One module for each command, and the worlds that they run in.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "tests are outside the host: they make the world"
)]

/// Real clients of AWS, with awsenv's files and without awsenv.
#[cfg(unix)]
mod clients;
/// Many real processes at once.
#[cfg(unix)]
mod crowd;
/// One flight, with real processes.
#[cfg(unix)]
mod flight;
/// Imports go down; no room without a floor; no file too long.
mod floors;
/// `awsenv login`, in process: every way to sign in, and every way for it to fail.
mod login;
/// What a run left.
mod output;
/// What the README promises and no other room tests.
mod promises;
/// Other credentials beside a sign-in.
mod shadow;
/// The shell that was loaded, and after.
mod shells;
/// The AWS simulator.
#[path = "../sim/mod.rs"]
mod sim;
/// The simulator's signatures and faults.
mod sim_faults;
/// The simulator refuses what AWS refuses.
#[path = "sim.rs"]
mod sim_self;
/// The world that a test runs in.
mod world;
