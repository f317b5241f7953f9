//! Where a person signs in: what a plan's first step tells the login methods.

use super::ProfileName;

/// The session that a sign-in makes or renews.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LoginTarget {
    /// The AWS console (`aws login`): the profile at the root of the plan, and the ARN that it is tied to.
    Console { profile: ProfileName, session: String },
}
