//! How a person proves who they are. One file for each method.

mod device_code;
mod here;
pub(crate) mod identity_center;
mod loopback;
mod page;
pub(crate) mod pkce;
pub(crate) mod sign_in;

pub(crate) use here::{PATIENCE, Way};
