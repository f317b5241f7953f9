//! Nouns. Pure: no I/O, no clock, no environment.

pub(crate) mod arn;
pub(crate) mod color;
pub(crate) mod credentials;
pub(crate) mod delta;
pub(crate) mod endpoints;
pub(crate) mod freshness;
pub(crate) mod login;
pub(crate) mod names;
pub(crate) mod object;
pub(crate) mod role;
pub(crate) mod secret;
pub(crate) mod sso;
pub(crate) mod template;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod words;

pub(crate) use arn::Arn;
pub(crate) use color::Color;
pub(crate) use credentials::Credentials;
pub(crate) use delta::{Change, EnvDelta};
pub(crate) use freshness::Hindrance;
pub(crate) use login::LoginTarget;
pub(crate) use names::{AccountId, ProfileName, Region};
pub(crate) use object::Object;
pub(crate) use role::RoleArn;
pub(crate) use secret::{Secret, same};
pub(crate) use sso::{SsoClient, SsoFlow, SsoRole, SsoSession};
pub(crate) use template::Template;
