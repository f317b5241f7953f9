//! Which host serves what, by partition.

use super::Region;

/// One partition of AWS: its regions share a DNS suffix, and credentials never leave it.
///
/// Source: botocore's `partitions.json` and the endpoint rules of `signin` and `sts`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    pub(crate) name: &'static str,
    /// The regions that begin so belong here; `""` takes what is left.
    prefix: &'static str,
    dns_suffix: &'static str,
    dual_stack_suffix: &'static str,
    signin_suffix: &'static str,
}

#[rustfmt::skip]
const PARTITIONS: [Partition; 8] = [
    Partition { name: "aws-cn",     prefix: "cn-",      dns_suffix: "amazonaws.com.cn",     dual_stack_suffix: "api.amazonwebservices.com.cn",        signin_suffix: "signin.amazonaws.cn" },
    Partition { name: "aws-us-gov", prefix: "us-gov-",  dns_suffix: "amazonaws.com",        dual_stack_suffix: "api.aws",                              signin_suffix: "signin.amazonaws-us-gov.com" },
    Partition { name: "aws-iso",    prefix: "us-iso-",  dns_suffix: "c2s.ic.gov",           dual_stack_suffix: "api.aws.ic.gov",                       signin_suffix: "signin.c2shome.ic.gov" },
    Partition { name: "aws-iso-b",  prefix: "us-isob-", dns_suffix: "sc2s.sgov.gov",        dual_stack_suffix: "api.aws.scloud",                       signin_suffix: "signin.sc2shome.sgov.gov" },
    Partition { name: "aws-iso-e",  prefix: "eu-isoe-", dns_suffix: "cloud.adc-e.uk",       dual_stack_suffix: "api.cloud-aws.adc-e.uk",               signin_suffix: "signin.csphome.adc-e.uk" },
    Partition { name: "aws-iso-f",  prefix: "us-isof-", dns_suffix: "csp.hci.ic.gov",       dual_stack_suffix: "api.aws.hci.ic.gov",                   signin_suffix: "signin.csphome.hci.ic.gov" },
    Partition { name: "aws-eusc",   prefix: "eusc-",    dns_suffix: "amazonaws.eu",         dual_stack_suffix: "api.amazonwebservices.eu",             signin_suffix: "signin.amazonaws-eusc.eu" },
    Partition { name: "aws",        prefix: "",         dns_suffix: "amazonaws.com",        dual_stack_suffix: "api.aws",                              signin_suffix: "signin.aws.amazon.com" },
];

/// The partition of a region. An unknown region belongs to `aws`, as for the AWS CLI.
pub(crate) fn partition(region: &Region) -> &'static Partition {
    let found = PARTITIONS.iter().find(|p| region.as_str().starts_with(p.prefix));
    found.unwrap_or(&PARTITIONS[PARTITIONS.len() - 1])
}

/// The two switches that pick another host for the same service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Variant {
    pub(crate) fips: bool,
    pub(crate) dual_stack: bool,
}

/// The host of AWS Sign-In: the authorize page and the token endpoint of `aws login`.
pub(crate) fn signin(region: &Region, variant: Variant) -> String {
    let partition = partition(region);
    match variant {
        Variant { fips: false, dual_stack: false } => format!("{region}.{}", partition.signin_suffix),
        Variant { fips: true, dual_stack: false } if partition.name == "aws-us-gov" => {
            match region.as_str() {
                "us-gov-west-1" => "signin-fips.amazonaws-us-gov.com".into(),
                _ => format!("{region}.signin-fips.amazonaws-us-gov.com"),
            }
        }
        Variant { fips: true, dual_stack: false } => format!("signin-fips.{region}.{}", partition.dns_suffix),
        Variant { fips: false, dual_stack: true } => {
            format!("signin.{region}.{}", partition.dual_stack_suffix)
        }
        Variant { fips: true, dual_stack: true } => {
            format!("signin-fips.{region}.{}", partition.dual_stack_suffix)
        }
    }
}

/// The regional host of STS. `us-gov` has no `sts-fips`: its plain host is FIPS already.
pub(crate) fn sts(region: &Region, variant: Variant) -> String {
    let partition = partition(region);
    let name = if variant.fips && (partition.name != "aws-us-gov" || variant.dual_stack) {
        "sts-fips"
    } else {
        "sts"
    };
    let suffix = if variant.dual_stack { partition.dual_stack_suffix } else { partition.dns_suffix };
    format!("{name}.{region}.{suffix}")
}

/// The host of Identity Center's OIDC service.
pub(crate) fn sso_oidc(region: &Region, variant: Variant) -> String {
    sso_host(region, variant, "oidc", "oidc-fips")
}

/// The host of Identity Center's portal, where tokens become role credentials.
pub(crate) fn sso_portal(region: &Region, variant: Variant) -> String {
    sso_host(region, variant, "portal.sso", "portal.sso-fips")
}

/// As for STS, the plain host of `us-gov` is FIPS already.
fn sso_host(region: &Region, variant: Variant, plain: &str, fips: &str) -> String {
    let partition = partition(region);
    let is_fips = variant.fips && (partition.name != "aws-us-gov" || variant.dual_stack);
    let suffix = if variant.dual_stack { partition.dual_stack_suffix } else { partition.dns_suffix };
    format!("{}.{region}.{suffix}", if is_fips { fips } else { plain })
}

/// The hosts of the page where a person approves a device.
pub(crate) fn device_pages(region: &Region) -> [String; 2] {
    let partition = partition(region);
    [partition.dns_suffix, partition.dual_stack_suffix].map(|suffix| format!("device.sso.{region}.{suffix}"))
}

/// Regions offered when one has to be typed; any other is taken too.
pub(crate) const REGIONS: [&str; 37] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "cn-north-1",
    "cn-northwest-1",
    "us-gov-west-1",
];

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Variant = Variant { fips: false, dual_stack: false };
    const FIPS: Variant = Variant { fips: true, dual_stack: false };
    const DUAL: Variant = Variant { fips: false, dual_stack: true };
    const BOTH: Variant = Variant { fips: true, dual_stack: true };

    /// Source: URLs printed by botocore 1.44.5 for the same settings.
    #[test]
    fn hosts_equal_the_aws_clis() {
        for (region, variant, signin_host, sts_host) in [
            ("us-east-1", PLAIN, "us-east-1.signin.aws.amazon.com", "sts.us-east-1.amazonaws.com"),
            ("mars-west-1", PLAIN, "mars-west-1.signin.aws.amazon.com", "sts.mars-west-1.amazonaws.com"),
            ("cn-north-1", PLAIN, "cn-north-1.signin.amazonaws.cn", "sts.cn-north-1.amazonaws.com.cn"),
            (
                "us-gov-east-1",
                PLAIN,
                "us-gov-east-1.signin.amazonaws-us-gov.com",
                "sts.us-gov-east-1.amazonaws.com",
            ),
            (
                "eusc-de-east-1",
                PLAIN,
                "eusc-de-east-1.signin.amazonaws-eusc.eu",
                "sts.eusc-de-east-1.amazonaws.eu",
            ),
            ("us-iso-east-1", PLAIN, "us-iso-east-1.signin.c2shome.ic.gov", "sts.us-iso-east-1.c2s.ic.gov"),
            ("us-east-1", FIPS, "signin-fips.us-east-1.amazonaws.com", "sts-fips.us-east-1.amazonaws.com"),
            ("us-gov-west-1", FIPS, "signin-fips.amazonaws-us-gov.com", "sts.us-gov-west-1.amazonaws.com"),
            (
                "us-gov-east-1",
                FIPS,
                "us-gov-east-1.signin-fips.amazonaws-us-gov.com",
                "sts.us-gov-east-1.amazonaws.com",
            ),
            ("us-east-1", DUAL, "signin.us-east-1.api.aws", "sts.us-east-1.api.aws"),
            ("us-east-1", BOTH, "signin-fips.us-east-1.api.aws", "sts-fips.us-east-1.api.aws"),
        ] {
            let region = region.parse().unwrap();
            assert_eq!(signin(&region, variant), signin_host);
            assert_eq!(sts(&region, variant), sts_host);
        }
    }

    /// Source: the same.
    #[test]
    fn hosts_of_identity_center_equal_the_aws_clis() {
        for (region, variant, oidc, portal) in [
            ("us-east-1", PLAIN, "oidc.us-east-1.amazonaws.com", "portal.sso.us-east-1.amazonaws.com"),
            (
                "cn-north-1",
                PLAIN,
                "oidc.cn-north-1.amazonaws.com.cn",
                "portal.sso.cn-north-1.amazonaws.com.cn",
            ),
            (
                "eusc-de-east-1",
                PLAIN,
                "oidc.eusc-de-east-1.amazonaws.eu",
                "portal.sso.eusc-de-east-1.amazonaws.eu",
            ),
            (
                "us-isob-east-1",
                PLAIN,
                "oidc.us-isob-east-1.sc2s.sgov.gov",
                "portal.sso.us-isob-east-1.sc2s.sgov.gov",
            ),
            (
                "us-east-1",
                FIPS,
                "oidc-fips.us-east-1.amazonaws.com",
                "portal.sso-fips.us-east-1.amazonaws.com",
            ),
            ("us-east-1", DUAL, "oidc.us-east-1.api.aws", "portal.sso.us-east-1.api.aws"),
            ("us-east-1", BOTH, "oidc-fips.us-east-1.api.aws", "portal.sso-fips.us-east-1.api.aws"),
            (
                "us-gov-west-1",
                FIPS,
                "oidc.us-gov-west-1.amazonaws.com",
                "portal.sso.us-gov-west-1.amazonaws.com",
            ),
            ("us-gov-west-1", DUAL, "oidc.us-gov-west-1.api.aws", "portal.sso.us-gov-west-1.api.aws"),
            (
                "us-gov-west-1",
                BOTH,
                "oidc-fips.us-gov-west-1.api.aws",
                "portal.sso-fips.us-gov-west-1.api.aws",
            ),
        ] {
            let region = region.parse().unwrap();
            assert_eq!(sso_oidc(&region, variant), oidc);
            assert_eq!(sso_portal(&region, variant), portal);
        }
    }

    /// Source: the same. Each suffix, as botocore printed it for that region.
    #[test]
    fn every_partition_has_its_hosts() {
        for (region, suffix, signin_suffix) in [
            ("us-east-1", "amazonaws.com", "signin.aws.amazon.com"),
            ("ap-northeast-1", "amazonaws.com", "signin.aws.amazon.com"),
            ("eu-central-2", "amazonaws.com", "signin.aws.amazon.com"),
            ("me-south-1", "amazonaws.com", "signin.aws.amazon.com"),
            ("cn-north-1", "amazonaws.com.cn", "signin.amazonaws.cn"),
            ("cn-northwest-1", "amazonaws.com.cn", "signin.amazonaws.cn"),
            ("us-gov-west-1", "amazonaws.com", "signin.amazonaws-us-gov.com"),
            ("us-gov-east-1", "amazonaws.com", "signin.amazonaws-us-gov.com"),
            ("eusc-de-east-1", "amazonaws.eu", "signin.amazonaws-eusc.eu"),
            ("us-iso-east-1", "c2s.ic.gov", "signin.c2shome.ic.gov"),
            ("us-isob-east-1", "sc2s.sgov.gov", "signin.sc2shome.sgov.gov"),
            ("eu-isoe-west-1", "cloud.adc-e.uk", "signin.csphome.adc-e.uk"),
            ("xx-unknown-1", "amazonaws.com", "signin.aws.amazon.com"),
        ] {
            let of = region.parse().unwrap();
            assert_eq!(sts(&of, PLAIN), format!("sts.{region}.{suffix}"));
            assert_eq!(sso_oidc(&of, PLAIN), format!("oidc.{region}.{suffix}"));
            assert_eq!(sso_portal(&of, PLAIN), format!("portal.sso.{region}.{suffix}"));
            assert_eq!(signin(&of, PLAIN), format!("{region}.{signin_suffix}"));
        }
    }

    /// Source: the same, for FIPS, for dual stack and for both.
    #[test]
    fn every_service_has_its_variants() {
        type Host = fn(&Region, Variant) -> String;
        let services: [(Host, &str); 3] = [(sts, "sts"), (sso_oidc, "oidc"), (sso_portal, "portal.sso")];
        for (region, fips, suffix, dual) in [
            ("us-east-1", "-fips", "amazonaws.com", "api.aws"),
            ("us-gov-west-1", "", "amazonaws.com", "api.aws"),
            ("cn-north-1", "-fips", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
        ] {
            let of = region.parse().unwrap();
            for (host, name) in services {
                assert_eq!(host(&of, FIPS), format!("{name}{fips}.{region}.{suffix}"));
                assert_eq!(host(&of, DUAL), format!("{name}.{region}.{dual}"));
                assert_eq!(host(&of, BOTH), format!("{name}-fips.{region}.{dual}"));
            }
        }
    }

    #[test]
    fn the_offered_regions_are_regions() {
        assert!(REGIONS.iter().all(|region| region.parse::<Region>().is_ok()));
    }
}
