//! awsenv

#![expect(dead_code, reason = "under construction")]
mod aws;
mod cache;
mod error;
mod host;
mod login;
mod model;
mod shell;
pub use host::{Fake, Host};
