//! `AssumeRoleWithWebIdentity`: a session of a role, for who holds a token of another house. It is not signed.

use super::assume_role::{policy, too_long};
use super::session::{self, Session};
use super::{Asked, Refusal, State, check};

pub(super) fn result(state: &mut State, asked: &Asked<'_>) -> Result<String, Refusal> {
    let names = [
        "RoleArn",
        "RoleSessionName",
        "WebIdentityToken",
        "ProviderId",
        "DurationSeconds",
        "Policy",
        "PolicyArns.member",
    ];
    check::only(asked, "AssumeRoleWithWebIdentity", &names)?;
    let arn = check::need(asked, &check::ROLE_ARN)?;
    let name = check::need(asked, &check::SESSION_NAME)?;
    let seconds = check::duration(asked, 43_200)?.unwrap_or(3600);
    policy(asked)?;
    check::role(arn)?;

    // the AWS CLI sends the file as it is, and a file mostly ends a line
    let token = asked.form.get("WebIdentityToken").map_or("", |token| token.trim_end());
    let Some(identity) = state.iam.web.get(token) else {
        let told =
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
        return Err(Refusal::new(400, "", "InvalidIdentityToken", told, "the token is unknown"));
    };
    if identity.expired {
        let told = "Token expired: current date/time must be before the expiration date/time";
        return Err(Refusal::new(400, "", "ExpiredTokenException", told, "the token has expired"));
    }
    if identity.role != arn {
        let told = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
        return Err(Refusal::new(
            403,
            "",
            "AccessDenied",
            told,
            format!("the token is good for {}", identity.role),
        ));
    }
    let most = state.iam.roles.get(arn).map_or(3600, |role| role.max_duration);
    if seconds > most {
        return Err(too_long(seconds, most));
    }
    let result = session::of_role(state, asked, &Session { arn, name, seconds })?;
    Ok(result
        + "    <SubjectFromWebIdentityToken>system:serviceaccount:sim:sim</SubjectFromWebIdentityToken>\n    \
           <Provider>https://oidc.example.com</Provider>\n    <Audience>sts.amazonaws.com</Audience>\n")
}
