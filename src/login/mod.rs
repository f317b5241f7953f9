//! How a person proves who they are. One file for each method.

mod loopback;
mod page;
pub(crate) mod pkce;
pub(crate) mod sign_in;
