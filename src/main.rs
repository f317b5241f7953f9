//! The `awsenv` program: hands the process to the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    let argv: Vec<_> = std::env::args_os().collect();
    ExitCode::from(awsenv::run(&awsenv::Host::real(), &argv))
}
