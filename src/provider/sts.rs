//! Where STS is asked for a profile: the region of the profile that was named, and its endpoints.

use super::step::Subject;
use crate::aws::Endpoint;
use crate::config::{Endpoints, Profile};
use crate::error::{Error, Kind, Result};
use crate::model::{Region, endpoints};

/// One STS, and the region that signs.
pub(super) struct Sts {
    pub(super) region: Region,
    pub(super) endpoint: Endpoint,
}

impl Sts {
    /// The STS of a subject: in `--region`, else the named profile's region, else the environment's, else
    /// us-east-1. `partition` is that of what is asked for (a role, a device): credentials do not leave it.
    ///
    /// # Errors
    /// [`Kind::Config`] if the region is in another partition, before anything is sent.
    ///
    /// Source: AWS CLI, which signs in the region of the named profile, not in that of its source.
    pub(super) fn of(subject: &Subject, partition: Option<&str>) -> Result<Sts> {
        let host = subject.host;
        let named = subject.config.profile(subject.named);
        let here = |region: &Region| {
            partition.is_none_or(|partition| endpoints::partition(region).name == partition)
        };
        let said = match &subject.ask.region {
            Some(region) => Some(region.clone()),
            None => named.as_ref().map(Profile::region).transpose()?.flatten(),
        };
        let region = match said {
            Some(region) if here(&region) => region,
            Some(region) => return Err(Sts::elsewhere(subject, partition, Some(&region))),
            None => {
                let shell = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter();
                let shell = shell.filter_map(|name| host.env.text(name)?.parse().ok());
                let home = "us-east-1".parse().ok();
                shell
                    .chain(home)
                    .find(|region| here(region))
                    .ok_or_else(|| Sts::elsewhere(subject, partition, None))?
            }
        };
        let endpoints = Endpoints::of(host, subject.config, named.as_ref())?;
        let endpoint =
            Endpoint { url: endpoints.sts(&region), ca_bundle: endpoints.ca_bundle.clone(), custom: false };
        Ok(Sts { region, endpoint })
    }

    fn elsewhere(subject: &Subject, partition: Option<&str>, region: Option<&Region>) -> Error {
        let partition = partition.unwrap_or_default();
        let place = subject.profile.place();
        let message = match region {
            Some(region) => format!(
                "{place}: `{}` leads into the partition {partition}, but region {region} is in {}",
                subject.name,
                endpoints::partition(region).name
            ),
            None => {
                format!("{place}: `{}` leads into the partition {partition}, and has no region", subject.name)
            }
        };
        Error::new(Kind::Config, message)
            .hint("name a region of that partition: `region` in the profile, or --region")
    }
}
