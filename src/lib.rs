//! awsenv

#![expect(dead_code, reason = "under construction")]
mod error;
mod host;
mod model;
pub use host::{Fake, Host};
