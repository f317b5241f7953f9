//! awsenv

#![expect(dead_code, reason = "under construction")]
mod aws;
mod cache;
mod commands;
mod config;
mod error;
mod host;
mod load;
mod login;
mod model;
mod plan;
mod provider;
mod resolve;
mod select;
mod shell;
pub use host::{Fake, Host};
