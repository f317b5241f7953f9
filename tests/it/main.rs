//! The one test binary: awsenv from outside. One module for each command, and the worlds that they run in.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::needless_raw_string_hashes,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "tests are outside the host: they make the world"
)]

/// Every AWS CLI of this machine, with the roles that awsenv keeps.
#[cfg(unix)]
mod aws_cli;
/// The same keys as botocore finds.
#[cfg(unix)]
mod botocore;
/// Sign-ins in a real browser.
mod browser;
/// What stands where a cache file should.
#[cfg(unix)]
mod cache_places;
/// The listener that a browser returns to, abused.
#[cfg(unix)]
mod callback;
/// The way from a profile to its credentials, and what is wrong with it.
mod chain;
/// The same ways as botocore's.
#[cfg(unix)]
mod chain_oracle;
/// The real browser.
mod chromium;
/// Real clients of AWS, with awsenv's files and without awsenv.
#[cfg(unix)]
mod clients;
/// TAB in real shells.
#[cfg(unix)]
mod completing;
/// Many real processes at once.
#[cfg(unix)]
mod crowd;
/// Token files that were damaged.
#[cfg(unix)]
mod damage;
/// `awsenv exec`, with real processes.
#[cfg(unix)]
mod exec;
/// `awsenv exec` among other programs.
#[cfg(target_os = "linux")]
mod exec_among;
/// `awsenv exec --server` beside its command.
#[cfg(target_os = "linux")]
mod exec_parent;
/// `awsenv exec` at a terminal.
#[cfg(target_os = "linux")]
mod exec_seat;
/// `awsenv exec --server` with real clients.
#[cfg(target_os = "linux")]
mod exec_server;
/// A machine with faults.
#[cfg(unix)]
mod faults;
/// One flight, with real processes.
#[cfg(unix)]
mod flight;
/// Imports go down; no room without a floor; no file too long.
mod floors;
/// Shells with the hook.
#[cfg(target_os = "linux")]
mod hook;
/// A sign-in that asks at the terminal.
#[cfg(target_os = "linux")]
mod hook_ask;
/// Many such shells, and one renewal.
#[cfg(target_os = "linux")]
mod hook_crowd;
/// What the hook's function changes, and where it cannot.
#[cfg(target_os = "linux")]
mod hook_function;
/// What such a shell lives through.
#[cfg(target_os = "linux")]
mod hook_life;
/// Nothing of the user's changes what the hook does, and the hook changes nothing of his.
#[cfg(target_os = "linux")]
mod hook_manners;
/// Shells whose clock goes on.
#[cfg(target_os = "linux")]
mod hook_night;
/// Older shells' ways, and odd ones.
#[cfg(target_os = "linux")]
mod hook_odd;
/// Shells in other places.
#[cfg(target_os = "linux")]
mod hook_places;
/// Credentials stay fresh.
#[cfg(target_os = "linux")]
mod hook_refresh;
/// The segment of the prompt.
#[cfg(target_os = "linux")]
mod hook_segment;
/// What others do with the sign-in.
#[cfg(target_os = "linux")]
mod hook_sign_in;
/// Beside other tools.
#[cfg(target_os = "linux")]
mod hook_tools;
/// Beside the user's own traps.
#[cfg(target_os = "linux")]
mod hook_traps;
/// Edits of the config file, killed at every moment.
#[cfg(unix)]
mod kills;
/// `awsenv login`, in process: every way to sign in, and every way for it to fail.
mod login;
/// The credentials of containers and instances.
mod metadata;
/// MFA codes: who is asked, and how often.
mod mfa;
/// MFA codes with real processes.
#[cfg(unix)]
mod mfa_crowd;
/// Real shells that are not of the family of `sh`.
#[cfg(unix)]
mod more_shells;
/// STS as others wrote it.
#[cfg(unix)]
mod moto;
/// The network at its worst.
#[cfg(unix)]
mod network;
/// What a run left.
mod output;
/// The playground as a newcomer meets it, and its demonstration.
mod playground;
/// `credential_process`, with real programs, and against botocore.
#[cfg(unix)]
mod process;
/// What the README promises and no other room tests.
mod promises;
/// `awsenv prompt`.
mod prompt;
/// Real shells take in what the real program prints.
#[cfg(unix)]
mod real_shells;
/// The recipes of the README.
mod recipes;
/// What roles endure.
#[cfg(unix)]
mod role_faults;
/// Roles and chains of roles.
mod roles;
/// Chains by their roots.
#[cfg(unix)]
mod roots;
/// A seat at a terminal, for tests of interactive shells.
#[cfg(target_os = "linux")]
mod seat;
/// The seat itself.
#[cfg(target_os = "linux")]
mod seat_self;
/// The shells of such a seat.
#[cfg(target_os = "linux")]
mod seat_shells;
/// What a shell starts.
#[cfg(target_os = "linux")]
mod seat_trace;
/// A hook's segment and `awsenv prompt`.
#[cfg(unix)]
mod segment;
/// `awsenv serve`: who gets what.
#[cfg(unix)]
mod serve;
/// Other credentials beside a sign-in.
mod shadow;
/// The shell that was loaded, and after.
mod shells;
/// The AWS simulator.
#[path = "../sim/mod.rs"]
mod sim;
/// The simulator's signatures and faults.
mod sim_faults;
/// The simulator's instance and container.
mod sim_metadata;
/// The simulator's IAM Identity Center gives tokens.
mod sim_oidc;
/// The simulator's IAM Identity Center takes tokens.
mod sim_portal;
/// The simulator refuses what AWS refuses.
#[path = "sim.rs"]
mod sim_self;
/// The simulator's roles, MFA devices and web identities.
mod sim_sts;
/// An ordinary user.
#[cfg(unix)]
mod someone;
/// Signing in to IAM Identity Center.
mod sso;
/// Real clients with such a sign-in, and awsenv with theirs.
#[cfg(unix)]
mod sso_clients;
/// What such a sign-in endures.
#[cfg(unix)]
mod sso_faults;
/// What comes of such a sign-in later.
mod sso_renewal;
/// A terminal of a test's own.
#[cfg(unix)]
#[path = "../sim/playground/terminal.rs"]
mod terminal;
/// Roles for who holds a token of another house.
mod web_identity;
/// The way to AWS: certificates, proxies, names.
#[cfg(unix)]
mod wires;
/// The world that a test runs in.
mod world;
