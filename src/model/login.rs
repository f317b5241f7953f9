//! Where a person signs in: what a plan's first step tells the login methods.

/// The session that a sign-in makes or renews.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LoginTarget {
    /// The AWS console (`aws login`): the ARN that the profile is tied to.
    Console { session: String },
}
