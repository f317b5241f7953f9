//! awsenv

#![expect(dead_code, reason = "under construction")]
mod config;
mod error;
mod host;
mod model;
pub use host::{Fake, Host};
