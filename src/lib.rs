//! awsenv

#![expect(dead_code, reason = "under construction")]
mod error;
mod host;
mod model;
mod shell;
pub use host::{Fake, Host};
