//! What a command line asks of the steps, beside the profile.

use crate::model::{Region, RoleArn, Secret};
use chrono::TimeDelta;

/// Flags that shape what is fetched, and who may be asked on the way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ask {
    /// `--role`: assumed on top of the profile.
    pub(crate) role: Option<RoleArn>,
    /// `--duration`: of the last call of the plan.
    pub(crate) duration: Option<TimeDelta>,
    pub(crate) policy: Option<String>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) source_identity: Option<String>,
    /// `--region`: where STS is asked, instead of the profile's region.
    pub(crate) region: Option<Region>,
    pub(crate) mfa_code: Option<MfaCode>,
    /// Whether a person at the terminal may be asked.
    pub(crate) person: bool,
    /// What stdout gets if a signal ends us while a person is asked.
    pub(crate) parting: &'static str,
    /// Ask for new ones, although they are not needed.
    pub(crate) anew: bool,
    /// Leave nothing on disk.
    pub(crate) ephemeral: bool,
}

/// Where a code comes from that was named on the command line.
#[derive(Clone, Debug)]
pub(crate) enum MfaCode {
    /// `--mfa-code 123456`
    Typed(Secret),
    /// `--mfa-code -`: the first line of stdin.
    Stdin,
}

impl Ask {
    /// Whether a role's credentials are not those that the profile alone would give.
    pub(crate) fn shapes_role(&self) -> bool {
        self.role.is_some()
            || self.policy.is_some()
            || !self.tags.is_empty()
            || self.source_identity.is_some()
            || self.duration.is_some()
    }
}
